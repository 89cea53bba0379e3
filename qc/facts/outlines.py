"""Measures of outlines, vectorised over all shapes of a chunk: extent, area, length, and what is wrong.

An outline is a ring of points, not closed by repeating its first (some formats do: tolerated). Shapes are
made of rings. Everywhere ``points`` is (n, 2), ``sizes`` the points of each ring, ``starts`` where each
begins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Points without which a shape is none, by kind.
FEWEST = {"polygon": 3, "ellipse": 3, "polyline": 2, "point": 1, "keypoints": 1}

#: Reasons of a ring that is not simple: its edges cross, or they only touch.
CROSSING, TOUCHING = "self-intersection", "self-touching"
#: Relative difference of two areas that is rounding alone.
ROUNDING = 1e-9
#: Relative error of a 2 x 2 determinant of differences: (3 + 16 eps) eps of Shewchuk 1997, section 4.
SIGN_BOUND = (3 + 16 * 2**-53) * 2**-53
#: Pairs of edges that are compared at once: bounds the memory for a ring of many points.
PAIRS_AT_ONCE = 1 << 20


class Faults:
    """Why shapes are no valid geometry: the first reason that is marked holds."""

    def __init__(self, shapes: int) -> None:
        self.codes = np.zeros(shapes, dtype=np.int16)
        self.names = [""]
        self.x, self.y = np.full(shapes, np.nan), np.full(shapes, np.nan)

    @property
    def none(self) -> Mask:
        """Shapes without a fault so far."""
        return np.asarray(self.codes == 0)

    def mark(self, where: Mask | Ints | int, reason: str) -> None:
        """Mark the shapes ``where`` (mask or indices) that have no reason yet."""
        if reason not in self.names:
            self.names.append(reason)
        code = self.names.index(reason)
        chosen = np.zeros(len(self.codes), dtype=bool)
        chosen[where] = True
        self.codes[chosen & (self.codes == 0)] = code

    def columns(self) -> dict[str, pa.Array]:
        """The columns ``valid`` and ``reason``."""
        reasons = pa.DictionaryArray.from_arrays(
            pa.array(self.codes), pa.array([None, *self.names[1:]], pa.string())
        )
        return {"valid": pa.array(self.none), "reason": reasons.cast(pa.string())}


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def measure_outlines(
    points: Floats, sizes: Ints, shape_of_ring: Ints, kind: str, faults: Faults
) -> dict[str, Floats]:
    """``x0 y0 x1 y1 area length vertices`` of each shape; what is wrong is marked in ``faults``.

    ``shape_of_ring`` is the shape (0-based, ascending) of each ring, ``kind`` as in the table ``shapes``.
    Area is the sum over rings by the shoelace formula, 0 for lines; a length is closed but for lines.
    Measures of a shape without points, or with a number or a measure that is not finite, are NaN.
    """
    shapes = len(faults.codes)
    starts = np.concatenate(([0], np.cumsum(sizes)))[:-1]
    used = sizes > 0
    first, last = starts[used], (starts + sizes - 1)[used]
    ring = shape_of_ring[used]
    vertices = _sums(sizes, shape_of_ring, shapes)
    box = np.full((4, shapes), np.nan)
    area, length = np.zeros(shapes), np.zeros(shapes)
    few = np.zeros(len(sizes), dtype=bool)
    if len(points):
        x, y = np.ascontiguousarray(points.T)
        some = vertices > 0
        begin = np.concatenate(([0], np.cumsum(vertices.astype(np.int64))))[:-1][some]
        for row, (axis, extreme) in enumerate(
            ((x, np.minimum), (y, np.minimum), (x, np.maximum), (y, np.maximum))
        ):
            box[row, some] = extreme.reduceat(axis, begin)
        if not np.isfinite(box[:, some]).all():
            wrong = np.zeros(shapes, dtype=bool)
            wrong[some] = ~np.isfinite(box[:, some]).all(axis=0)
            faults.mark(wrong, "not-finite")
            box[:, wrong] = np.nan
        after = following(sizes, starts)
        dx, dy = x[after] - x, y[after] - y
        steps = np.sqrt(dx * dx + dy * dy)
        if kind == "polyline":
            steps[last] = 0.0
        else:
            area = _sums(np.abs(np.add.reduceat(x * dy - dx * y, first)) / 2, ring, shapes)
        length = _sums(np.add.reduceat(steps, first), ring, shapes)
        # Numbers so large that nothing can be computed of them.
        beyond = ~(np.isfinite(area) & np.isfinite(length))
        faults.mark(beyond, "not-finite")
        box[:, beyond] = np.nan
        # The closing point that some formats repeat is no vertex of its own.
        repeated = (sizes[used] > 1) & (x[first] == x[last]) & (y[first] == y[last])
        vertices = vertices - _sums(repeated, ring, shapes)
        few[used] = sizes[used] - repeated < FEWEST[kind]
    faults.mark(shape_of_ring[few | ~used], "too-few-points")
    if kind in ("polygon", "ellipse"):
        faults.mark((box[0] == box[2]) | (box[1] == box[3]), "zero-area")
        _judge(points, sizes, starts, shape_of_ring, faults)
    return {"x0": box[0], "y0": box[1], "x1": box[2], "y1": box[3], "area": area, "length": length,
            "vertices": vertices}  # fmt: skip


def star_shaped(points: Floats, sizes: Ints, starts: Ints) -> Mask:
    """Rings that are certainly simple, because they turn once and one way around their mean point.

    All triangles (mean point, vertex, next vertex) have the same orientation, and the ring passes once from
    below to above that point: then no two sides can meet. Many outlines of things are such; it costs a small
    part of asking shapely.
    """
    if not len(points):
        return np.zeros(len(sizes), dtype=bool)
    count = len(sizes)
    after = following(sizes, starts)
    ring = np.repeat(np.arange(count), sizes)
    with np.errstate(invalid="ignore", over="ignore"):
        middle = [_sums(axis, ring, count) / np.maximum(sizes, 1) for axis in points.T]
        dx, dy = (axis - centre[ring] for axis, centre in zip(points.T, middle, strict=True))
        turn = dx * dy[after] - dx[after] * dy
        rises = (dy < 0) & (dy[after] >= 0)
    one_way = (_sums(turn > 0, ring, count) == sizes) | (_sums(turn < 0, ring, count) == sizes)
    return np.asarray(one_way & (_sums(rises, ring, count) == 1) & (sizes > 2))


def following(sizes: Ints, starts: Ints) -> Ints:
    """Index of the next point around each ring."""
    after = np.arange(1, int(sizes.sum()) + 1)
    used = sizes > 0
    after[(starts + sizes - 1)[used]] = starts[used]
    return after


def _judge(points: Floats, sizes: Ints, starts: Ints, shape_of_ring: Ints, faults: Faults) -> None:
    """Mark shapes with a ring that is not simple (OGC simple features, by shapely), and where it is not."""
    judged = np.flatnonzero(faults.none[shape_of_ring] & ~star_shaped(points, sizes, starts))
    if not len(judged):
        return
    # Each ring is closed (its first point again at the end) and taken as a polygon of its own.
    closed = sizes[judged] + 1
    offsets = np.concatenate(([0], np.cumsum(closed)))
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], closed)
    index = np.repeat(starts[judged], closed) + np.where(
        within == np.repeat(sizes[judged], closed), 0, within
    )
    polygons = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, points[index], (offsets, np.arange(len(judged) + 1))
    )
    broken = np.flatnonzero(~shapely.is_valid(polygons))
    verdicts = []
    for number in broken:
        ring = int(judged[number])
        outline = points[starts[ring] : starts[ring] + sizes[ring]]
        verdicts.append((int(shape_of_ring[ring]), *_fault(polygons[number], outline)))
    # Of several rings of a shape the worst speaks: one that crosses itself before one that touches itself.
    for shape, reason, x, y in sorted(verdicts, key=lambda v: v[1] == TOUCHING):
        if faults.codes[shape] == 0:
            faults.mark(shape, reason)
            faults.x[shape], faults.y[shape] = x, y


def _fault(polygon: shapely.Polygon, outline: Floats) -> tuple[str, float, float]:
    """Why a ring is not simple, and where (NaN if that is no point).

    Where edges cross, a part is covered twice or the wrong way round: the signed area (shoelace) then differs
    from that of the points inside by the even-odd rule, which ``make_valid`` keeps. Where edges only touch
    (a point passed twice, a bridge to a hole, an edge walked there and back), both rules agree, to the
    rounding of the sums (:data:`ROUNDING`), and inside and area are the same in every program: that is
    ``self-touching``. A ring that is nothing but edges walked there and back has no inside: ``zero-area``.
    """
    words, _, place = str(shapely.is_valid_reason(polygon)).partition("[")
    reason = words.strip().lower().replace(" ", "-")
    x, _, y = place.rstrip("]").partition(" ")
    at = (float(x), float(y)) if y else (np.nan, np.nan)
    try:
        inside = shapely.make_valid(polygon).area
    except shapely.GEOSException:  # numbers so large that nothing can be computed of them
        return reason, *at
    if inside == 0:
        return "zero-area", *at
    if abs(polygon.area - inside) <= ROUNDING * inside:
        return TOUCHING, *at
    if reason.endswith(CROSSING):
        return CROSSING, *(crossing(outline) or at)
    return reason, *at


def crossing(outline: Floats) -> tuple[float, float] | None:
    """A point where two edges of a ring certainly cross: the first by the order of edges, None without one.

    Each edge lies on both sides of the other, told by determinants that are larger than what rounding can
    make of them (Shewchuk's bound), so that a mere touch is never taken for a crossing. A crossing exactly
    through a point of the outline is not found.
    """
    ends = np.roll(outline, -1, axis=0)
    count = len(outline)
    block = max(1, PAIRS_AT_ONCE // max(count, 1))
    for first in range(0, count, block):
        rows = slice(first, first + block)
        a, b = outline[rows, None], ends[rows, None]
        met = _sides(a, b, outline) * _sides(a, b, ends) < 0
        met &= _sides(outline, ends, a) * _sides(outline, ends, b) < 0
        if met.any():
            i, j = (int(k[0]) for k in np.nonzero(met))
            start, step = outline[first + i], ends[first + i] - outline[first + i]
            other, along = outline[j], ends[j] - outline[j]
            share = _cross(other - start, along) / _cross(step, along)
            x, y = start + share * step
            return float(x), float(y)
    return None


def _sides(a: Floats, b: Floats, c: Floats) -> Floats:
    """On which side of the line a b each point c certainly lies: 1, -1, or 0 if rounding could decide."""
    with np.errstate(invalid="ignore", over="ignore"):
        left = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1])
        right = (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
        sure = np.abs(left - right) > SIGN_BOUND * (np.abs(left) + np.abs(right))
        return np.where(sure, np.sign(left - right), 0.0)


def _cross(u: Floats, v: Floats) -> float:
    return float(u[0] * v[1] - u[1] * v[0])


def _sums(values: npt.NDArray[np.generic], group: Ints, groups: int) -> Floats:
    """Sum of ``values`` by group."""
    return np.bincount(group, weights=values, minlength=groups).astype(np.float64, copy=False)
