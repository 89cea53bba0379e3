"""Which annotations of an item meet: made once, so that no check joins shapes with shapes.

Pure: columns of shapes in, rows of ``neighbours`` out. In cells (item, layer, part, frame) of few objects
every pair is looked at, vectorised over all cells; boxes of crowded cells are scaled into a unit cell of
their own and set side by side, so that one tree serves many cells at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from qc.facts.tables import NEIGHBOURS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Columns of ``shapes`` that are asked for. The class of their annotation stands beside them.
COLUMNS = (
    "shape", "annotation", "item", "layer", "part", "frame", "kind", "x0", "y0", "x1", "y1", "area", "reason",
)  # fmt: skip

#: Ids of shapes to their ``coordinates`` and ``ring_sizes``, in that order; NULL for one that has none.
Outlines = Callable[[pa.Array], pa.Table]

#: Exact overlap of outlines is measured from this overlap of their bounding boxes on (a reading parameter).
EXACT_FROM = 0.5
#: Neighbours kept for each annotation: those that overlap most (a reading parameter).
CAP = 50

#: Cells in one tree, and pairs that one query may return: they bound memory and keep coordinates precise.
_CELLS = 20_000
_PAIRS = 4_000_000

#: Kinds of shapes that have an area. Of several of one annotation the first kind counts, else the largest.
_OUTLINED = "polygon"
_KINDS = pa.array([_OUTLINED, "box", "ellipse", "mask"])
_RANKS = np.array([0, 1, 2, 2])
_SIDES = ("x0", "y0", "x1", "y1")
_TAKEN = ("shape", "annotation", "item", "layer", "part", "frame", "area", "class")


@dataclass(frozen=True, slots=True)
class _Objects:
    """One geometry of each annotation, sorted by cell and then by annotation."""

    shape: pa.Array
    annotation: pa.Array
    item: pa.Array
    klass: pa.Array
    boxes: Floats
    polygon: Mask
    cells: Ints


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs by index into the objects, ``a`` before ``b``."""

    a: Ints
    b: Ints
    iou: Floats


@np.errstate(over="ignore", invalid="ignore")
def neighbours(shapes: pa.Table, outlines: Outlines) -> pa.Table:
    """Rows of ``neighbours`` among ``shapes`` (:data:`COLUMNS` and ``class``), which hold items whole.

    Declared crowds and absent objects are among them: what they mean is for checks to say.
    """
    objects = _objects(shapes)
    if not len(objects.cells):
        return NEIGHBOURS.schema.empty_table()
    boxes, polygon = objects.boxes, objects.polygon
    found, total = _meeting(boxes, objects.cells)
    exact = _exact(objects, found, outlines)
    kept = np.bincount(found.a, minlength=len(boxes)) + np.bincount(found.b, minlength=len(boxes))
    left, right = pa.array(found.a), pa.array(found.b)
    classes = objects.klass.take(pa.array(np.concatenate((found.a, found.b))))
    intersection = _intersection(boxes, found.a, found.b)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return NEIGHBOURS.arrow(
        {
            "a": objects.annotation.take(left),
            "b": objects.annotation.take(right),
            "item": objects.item.take(left),
            "kind": np.where(polygon[found.a] & polygon[found.b], "polygon", "box"),
            "box_iou": found.iou,
            "iou": pa.array(exact, mask=np.isnan(exact)),
            "a_in_b": intersection / area[found.a],
            "b_in_a": intersection / area[found.b],
            "same_class": np.equal(*np.split(_codes(classes), 2)),
            "capped": (total - kept)[found.a],
        }
    )


def _objects(shapes: pa.Table) -> _Objects:
    """The best geometry of each annotation in its cell: its outline, else its box; of several the largest."""
    kind = pc.index_in(shapes["kind"], value_set=_KINDS)
    boxes = np.stack([shapes[side].to_numpy() for side in _SIDES], axis=1)
    sound = np.isfinite(boxes).all(axis=1) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    for said in (kind, shapes["item"], shapes["annotation"]):
        sound &= said.is_valid().to_numpy()
    sound &= ~pc.fill_null(pc.equal(shapes["reason"], "not-finite"), False).to_numpy()
    rows = np.flatnonzero(sound)
    ranks = _RANKS[kind.filter(pa.array(sound)).to_numpy()]
    table = shapes.select(_TAKEN)
    if len(rows) < len(sound):
        table = table.filter(pa.array(sound))
    views = _views(table)
    order = pc.sort_indices(
        pa.table(
            {
                "item": table["item"], "view": views, "annotation": table["annotation"], "rank": ranks,
                "area": table["area"], "shape": table["shape"],
            }
        ),
        sort_keys=[
            ("item", "ascending"), ("view", "ascending"), ("annotation", "ascending"), ("rank", "ascending"),
            ("area", "descending"), ("shape", "ascending"),
        ],
    )  # fmt: skip
    place = order.to_numpy()
    item, annotation = (table[name].to_numpy()[place] for name in ("item", "annotation"))
    views = views[place]
    change = np.ones((2, len(place)), dtype=bool)
    change[0, 1:] = (item[1:] != item[:-1]) | (views[1:] != views[:-1])
    change[1, 1:] = change[0, 1:] | (annotation[1:] != annotation[:-1])
    cells, best = np.cumsum(change[0]) - 1, change[1]
    place = place[best]
    return _Objects(
        shape=_whole(table["shape"]).take(pa.array(place)),
        annotation=pa.array(annotation[best]),
        item=pa.array(item[best]),
        klass=_whole(table["class"]).take(pa.array(place)),
        boxes=boxes[rows[place]],
        polygon=ranks[place] == 0,
        cells=cells[best],
    )


def _views(shapes: pa.Table) -> Ints:
    """A number for each layer, part and frame: shapes of different ones do not meet."""
    numbers = np.zeros(shapes.num_rows, dtype=np.int64)
    for name in ("layer", "part", "frame"):
        codes = _codes(_whole(shapes[name]))
        numbers = numbers * (codes.max(initial=0) + 1) + codes
    return numbers


def _codes(column: pa.Array) -> Ints:
    """A number for each value of a column, NULL being one."""
    encoded = column.dictionary_encode(null_encoding="encode")
    codes: Ints = encoded.indices.to_numpy().astype(np.int64)
    return codes


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()


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


def _exact(objects: _Objects, pairs: _Pairs, outlines: Outlines) -> Floats:
    """IoU of the geometries: of boxes at once; with an outline, where the boxes overlap enough; else NaN."""
    plain = ~(objects.polygon[pairs.a] | objects.polygon[pairs.b])
    iou = np.where(plain, pairs.iou, np.nan)
    close = np.flatnonzero(~plain & (pairs.iou >= EXACT_FROM))
    if len(close):
        needed = np.unique(np.concatenate((pairs.a[close], pairs.b[close])))
        shapes = _geometries(objects, needed, outlines)
        first = shapes[np.searchsorted(needed, pairs.a[close])]
        second = shapes[np.searchsorted(needed, pairs.b[close])]
        shared = shapely.area(shapely.intersection(first, second))
        union = shapely.area(first) + shapely.area(second) - shared
        with np.errstate(invalid="ignore", divide="ignore"):
            iou[close] = shared / union
    return iou


def _geometries(objects: _Objects, needed: Ints, outlines: Outlines) -> npt.NDArray[np.object_]:
    """Geometries of the objects ``needed`` (sorted): outlines as one area each, boxes as rectangles."""
    shapes = np.empty(len(needed), dtype=object)
    outlined = objects.polygon[needed]
    shapes[~outlined] = shapely.box(*objects.boxes[needed[~outlined]].T)
    if outlined.any():
        rows = outlines(objects.shape.take(pa.array(needed[outlined])))
        there = rows["coordinates"].is_valid()
        at = np.flatnonzero(outlined)[there.to_numpy()]
        shapes[at] = _areas(*(_whole(rows[name].filter(there)) for name in ("coordinates", "ring_sizes")))
    # A crossing outline has no area of its own: it is measured as its even-odd parts.
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes


def _areas(coordinates: pa.ListArray[Any], rings: pa.ListArray[Any]) -> npt.NDArray[np.object_]:
    """Multipolygons from flat coordinates and ring sizes, without rings of less than 3 points."""
    points = coordinates.flatten().to_numpy().reshape(-1, 2)
    owner, sizes = _sizes(coordinates, rings)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    good = sizes >= 3
    closed = sizes[good] + 1
    offsets = np.concatenate(([0], np.cumsum(closed)))
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], closed)
    index = np.repeat(starts[good], closed) + np.where(within == np.repeat(sizes[good], closed), 0, within)
    counts = np.bincount(owner[good], minlength=len(rings))
    return shapely.from_ragged_array(
        shapely.GeometryType.MULTIPOLYGON,
        points[index],
        (offsets, np.arange(len(closed) + 1), np.concatenate(([0], np.cumsum(counts)))),
    )


def _sizes(coordinates: pa.ListArray[Any], rings: pa.ListArray[Any]) -> tuple[Ints, Ints]:
    """Owner and points of each ring; without ring sizes all points are one ring."""
    counts = pc.fill_null(pc.list_value_length(rings), 1).to_numpy()
    owner = np.repeat(np.arange(len(rings)), counts)
    single = rings.is_null().to_numpy(zero_copy_only=False)
    sizes = np.empty(len(owner), dtype=np.int64)
    sizes[single[owner]] = pc.list_value_length(coordinates).to_numpy()[single] // 2
    sizes[~single[owner]] = rings.flatten().to_numpy()
    return owner, sizes
