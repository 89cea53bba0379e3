"""Which annotations of an item meet: made once, so that no check joins shapes with shapes.

All items are taken together. In cells (item, layer, part, frame) of few objects every pair is looked at,
vectorised over all cells; boxes of crowded cells are scaled into a unit cell of their own and set side by
side, so that one tree serves many cells at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from qc.facts.tables import NEIGHBOURS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

#: Exact overlap of outlines is measured from this overlap of their bounding boxes on (a reading parameter).
EXACT_FROM = 0.5
#: Neighbours kept for each annotation: those that overlap most (a reading parameter).
CAP = 50

#: Cells in one tree, and pairs that one query may return: they bound memory and keep coordinates precise.
_CELLS = 20_000
_PAIRS = 4_000_000

#: Geometries by cell (item, layer, part, frame), of one annotation the best first: its outline if it has one,
#: else its box; of several the largest. One sort; the rest is said by neighbouring rows.
_OBJECTS = """
SELECT s.annotation, s.item, hash(s.layer, s.part, s.frame) AS view, s.kind, s.x0, s.y0, s.x1, s.y1, s.shape
FROM shapes s
WHERE s.item IS NOT NULL AND s.annotation IS NOT NULL AND s.kind IN ('box', 'polygon', 'ellipse', 'mask')
    AND isfinite(s.x0) AND isfinite(s.y0) AND isfinite(s.x1) AND isfinite(s.y1)
    AND s.x1 > s.x0 AND s.y1 > s.y0 AND s.reason IS DISTINCT FROM 'not-finite'
ORDER BY s.item, view, s.annotation, s.kind = 'polygon' DESC, s.kind = 'box' DESC, s.area DESC, s.shape
"""


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs by index into the objects, ``a`` before ``b``."""

    a: Ints
    b: Ints
    iou: Floats


@np.errstate(over="ignore", invalid="ignore")
def reduce(con: duckdb.DuckDBPyConnection) -> None:
    """Fills the table ``neighbours``; annotations must be linked to their items and classes.

    Declared crowds and absent objects are among them: what they mean is for checks to say.
    """
    con.execute("DELETE FROM neighbours")
    objects, cells = _objects(con)
    if not objects.num_rows:
        return
    boxes = np.stack([_numbers(objects, name) for name in ("x0", "y0", "x1", "y1")], axis=1)
    found, total = _meeting(boxes, cells)
    polygon = _is_polygon(objects)
    exact = _exact(con, objects, boxes, polygon, found)
    kept = np.bincount(found.a, minlength=len(boxes)) + np.bincount(found.b, minlength=len(boxes))
    annotation, item = objects["annotation"], objects["item"]
    left, right = pa.array(found.a), pa.array(found.b)
    intersection = _intersection(boxes, found.a, found.b)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    rows = NEIGHBOURS.arrow(
        {
            "a": annotation.take(left),
            "b": annotation.take(right),
            "item": item.take(left),
            "kind": np.where(polygon[found.a] & polygon[found.b], "polygon", "box"),
            "box_iou": found.iou,
            "iou": pa.array(exact, mask=np.isnan(exact)),
            "a_in_b": intersection / area[found.a],
            "b_in_a": intersection / area[found.b],
            "capped": (total - kept)[found.a],
        }
    )
    if not rows.num_rows:
        return
    con.register("met", rows)
    con.execute(
        """
        INSERT INTO neighbours
        SELECT m.* REPLACE (a.class IS NOT DISTINCT FROM b.class AS same_class)
        FROM met m JOIN annotations a ON a.annotation = m.a JOIN annotations b ON b.annotation = m.b
        ORDER BY m.a, m.b
        """
    )
    con.unregister("met")


def _objects(con: duckdb.DuckDBPyConnection) -> tuple[pa.Table, Ints]:
    """One geometry of each annotation, sorted by cell, and the number of its cell."""
    rows: Any = con.sql(_OBJECTS).to_arrow_table()
    if not rows.num_rows:
        return rows, np.zeros(0, dtype=np.int64)
    annotation, item, view = (rows[name].to_numpy() for name in ("annotation", "item", "view"))
    change = np.ones((2, len(annotation)), dtype=bool)
    change[0, 1:] = (item[1:] != item[:-1]) | (view[1:] != view[:-1])
    change[1, 1:] = change[0, 1:] | (annotation[1:] != annotation[:-1])
    cells = np.cumsum(change[0]) - 1
    best = change[1]
    return (rows, cells) if best.all() else (rows.filter(pa.array(best)), cells[best])


def _meeting(boxes: Floats, cells: Ints) -> tuple[_Pairs, Ints]:
    """Pairs whose bounding boxes overlap, capped, and how many neighbours every object has in all."""
    sizes = np.bincount(cells)[cells]
    # Among CAP + 1 objects none can have more than CAP neighbours: nothing to be capped.
    crowded = np.flatnonzero(sizes > CAP + 1)
    few, total = _among_few(boxes, cells, sizes)
    if not len(crowded):
        return few, total
    number = np.unique(cells[crowded], return_inverse=True)[1]
    many, counted = _among_many(boxes[crowded], number)
    total[crowded] = counted
    return _Pairs(
        np.concatenate((few.a, crowded[many.a])),
        np.concatenate((few.b, crowded[many.b])),
        np.concatenate((few.iou, many.iou)),
    ), total


def _among_few(boxes: Floats, cells: Ints, sizes: Ints) -> tuple[_Pairs, Ints]:
    """Pairs of cells with few objects: each object with the next, the one after it, and so on."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(cells)) + 1))
    rank = np.arange(len(cells)) - np.repeat(starts, np.diff(np.append(starts, len(cells))))
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = np.flatnonzero((sizes <= CAP + 1) & (rank + 1 < sizes))
    found: list[tuple[Ints, Ints, Floats]] = []
    step = 1
    while len(left):
        shared = _intersection(boxes, left, left + step)
        real = shared > 0
        a, shared = left[real], shared[real]
        found.append((a, a + step, shared / (area[a] + area[a + step] - shared)))
        step += 1
        left = left[rank[left] + step < sizes[left]]
    if not found:
        empty = np.zeros(0, dtype=np.int64)
        return _Pairs(empty, empty, np.zeros(0)), np.zeros(len(boxes), dtype=np.int64)
    a, b, iou = (np.concatenate(column) for column in zip(*found, strict=True))
    total = np.bincount(a, minlength=len(boxes)) + np.bincount(b, minlength=len(boxes))
    return _Pairs(a, b, iou), total


def _among_many(boxes: Floats, cells: Ints) -> tuple[_Pairs, Ints]:
    """Pairs of crowded cells (numbered from 0 without gaps), by a tree; capped."""
    total = np.zeros(len(boxes), dtype=np.int64)
    kept: list[tuple[Ints, Ints, Floats]] = []
    for start, stop in _batches(cells, _CELLS):
        part, own = boxes[start:stop], cells[start:stop] - cells[start]
        shapes: Any = shapely.box(*_side_by_side(part, own).T)
        tree = shapely.STRtree(shapes)
        sizes = np.bincount(own)[own]
        for low, high in _slices(sizes):
            left, right = tree.query(shapes[low:high])
            left = left + low
            other = left != right
            left, right = left[other], right[other]
            shared = _intersection(part, left, right)
            real = (shared > 0) & (own[left] == own[right])
            left, right, shared = left[real], right[real], shared[real]
            area = (part[:, 2] - part[:, 0]) * (part[:, 3] - part[:, 1])
            iou = shared / (area[left] + area[right] - shared)
            total[start : start + len(part)] += np.bincount(left, minlength=len(part))
            left, right, iou = _most(left, right, iou)
            kept.append((np.minimum(left, right) + start, np.maximum(left, right) + start, iou))
    a, b, iou = (np.concatenate(column) for column in zip(*kept, strict=True))
    # A pair is found from both ends; it stays if either end keeps it.
    _, first = np.unique(a.astype(np.int64) * len(boxes) + b, return_index=True)
    return _Pairs(a[first], b[first], iou[first]), total


def _batches(cells: Ints, size: int) -> Iterator[tuple[int, int]]:
    """Slices of the objects (sorted by cell) that hold whole cells, ``size`` of them."""
    edges = np.searchsorted(cells, np.arange(0, int(cells[-1]) + size + 1, size))
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if stop > start:
            yield start, stop


def _slices(sizes: Ints) -> Iterator[tuple[int, int]]:
    """Slices of queries that can return at most about ``_PAIRS`` pairs: at most all of one cell."""
    ends = np.cumsum(sizes)
    low = 0
    while low < len(sizes):
        before = int(ends[low - 1]) if low else 0
        high = max(low + 1, int(np.searchsorted(ends, before + _PAIRS, side="right")))
        yield low, high
        low = high


def _side_by_side(boxes: Floats, cells: Ints) -> Floats:
    """Boxes scaled into [0, 1] by their cell and moved to x = 2 * cell, a hair wider than they are."""
    count = int(cells[-1]) + 1
    edges = np.searchsorted(cells, np.arange(count))
    low = np.minimum.reduceat(boxes[:, :2], edges, axis=0)
    high = np.maximum.reduceat(boxes[:, 2:], edges, axis=0)
    scale = 1 / np.maximum((high - low).max(axis=1), np.finfo(np.float64).tiny)
    scaled: Floats = (boxes - np.tile(low, 2)[cells]) * scale[cells, None]
    scaled[:, [0, 2]] += 2.0 * cells[:, None]
    # What the shift rounds off must not lose a pair; those that do not really overlap are dropped later.
    scaled += np.array([-1e-9, -1e-9, 1e-9, 1e-9])
    return scaled


def _intersection(boxes: Floats, left: Ints, right: Ints) -> Floats:
    a, b = boxes[left], boxes[right]
    width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    overlap: Floats = np.maximum(width, 0) * np.maximum(height, 0)
    return overlap


def _most(left: Ints, right: Ints, iou: Floats) -> tuple[Ints, Ints, Floats]:
    """For each object on the left the :data:`CAP` neighbours that overlap it most."""
    counts = np.bincount(left) if len(left) else np.zeros(1, dtype=np.int64)
    if counts.max() <= CAP:
        return left, right, iou
    order = np.lexsort((right, -iou, left))
    left, right, iou = left[order], right[order], iou[order]
    starts = np.searchsorted(left, left)
    keep = np.arange(len(left)) - starts < CAP
    return left[keep], right[keep], iou[keep]


def _numbers(table: pa.Table, name: str) -> Floats:
    numbers: Floats = table[name].to_numpy().astype(np.float64)
    return numbers


def _is_polygon(objects: pa.Table) -> npt.NDArray[np.bool_]:
    polygon: npt.NDArray[np.bool_] = np.equal(objects["kind"].to_numpy(zero_copy_only=False), "polygon")
    return polygon


def _exact(
    con: duckdb.DuckDBPyConnection,
    objects: pa.Table,
    boxes: Floats,
    polygon: npt.NDArray[np.bool_],
    pairs: _Pairs,
) -> Floats:
    """IoU of the geometries: of boxes at once; with an outline, where the boxes overlap enough; else NaN."""
    plain = ~(polygon[pairs.a] | polygon[pairs.b])
    iou = np.where(plain, pairs.iou, np.nan)
    close = np.flatnonzero(~plain & (pairs.iou >= EXACT_FROM))
    if len(close):
        needed = np.unique(np.concatenate((pairs.a[close], pairs.b[close])))
        shapes = _geometries(con, objects, boxes, polygon, needed)
        first = shapes[np.searchsorted(needed, pairs.a[close])]
        second = shapes[np.searchsorted(needed, pairs.b[close])]
        shared = shapely.area(shapely.intersection(first, second))
        union = shapely.area(first) + shapely.area(second) - shared
        with np.errstate(invalid="ignore", divide="ignore"):
            iou[close] = shared / union
    return iou


def _geometries(
    con: duckdb.DuckDBPyConnection,
    objects: pa.Table,
    boxes: Floats,
    polygon: npt.NDArray[np.bool_],
    needed: Ints,
) -> npt.NDArray[np.object_]:
    """Geometries of the objects ``needed`` (sorted): outlines as one area each, boxes as rectangles."""
    shapes = np.empty(len(needed), dtype=object)
    outlined = polygon[needed]
    shapes[~outlined] = shapely.box(*boxes[needed[~outlined]].T)
    if outlined.any():
        con.register(
            "wanted",
            pa.table(
                {"shape": objects["shape"].take(pa.array(needed[outlined])), "n": np.flatnonzero(outlined)}
            ),
        )
        rows: Any = con.sql(
            "SELECT n, coordinates, coalesce(ring_sizes, [len(coordinates) / 2]) AS rings "
            "FROM wanted JOIN outlines USING (shape) ORDER BY n"
        ).to_arrow_table()
        con.unregister("wanted")
        shapes[rows["n"].to_numpy()] = _areas(rows)
    # A crossing outline has no area of its own: it is measured as its even-odd parts.
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes


def _areas(rows: pa.Table) -> npt.NDArray[np.object_]:
    """Multipolygons from flat coordinates and ring sizes, without rings of less than 3 points."""
    points = rows["coordinates"].combine_chunks().flatten().to_numpy().reshape(-1, 2)
    lists = rows["rings"].combine_chunks()
    sizes = lists.flatten().to_numpy().astype(np.int64)
    owner = np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    good = sizes >= 3
    closed = sizes[good] + 1
    offsets = np.concatenate(([0], np.cumsum(closed)))
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], closed)
    index = np.repeat(starts[good], closed) + np.where(within == np.repeat(sizes[good], closed), 0, within)
    counts = np.bincount(owner[good], minlength=len(lists))
    return shapely.from_ragged_array(
        shapely.GeometryType.MULTIPOLYGON,
        points[index],
        (offsets, np.arange(len(closed) + 1), np.concatenate(([0], np.cumsum(counts)))),
    )
