"""Measures of shapes against shapely, one by one, and the reason of every kind of broken geometry."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.facts import outlines
from qc.facts.geometry import Boxes, Collector, Outlines, collector, digests
from qc.facts.outlines import star_shaped

NAN = float("nan")


def measure(made: Collector, *values: Any) -> list[dict[str, Any]]:
    # One by one and all at once must be the same, whatever stands beside a shape.
    single = deepcopy(made)
    for owner, value in enumerate(values):
        single.take([value], [owner])
    made.take(values, range(len(values)))
    columns = made.measure()
    for name, column in single.measure().items():
        assert repr(pa.array(column).to_pylist()) == repr(pa.array(columns[name]).to_pylist()), name
    assert made.owners == list(range(len(values)))
    table = pa.table({k: v if isinstance(v, pa.Array) else pa.array(v) for k, v in columns.items()})
    assert table.num_rows == len(values)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


BOXES = {
    "xywh": ("xywh", [1, 2, 3, 4], (1, 2, 4, 6, 12), None),
    "xyxy": ("xyxy", [1, 2, 3, 4], (1, 2, 3, 4, 4), None),
    "cxcywh": ("cxcywh", [2, 2, 2, 4], (1, 0, 3, 4, 8), None),
    "corners in any order": ("corners", [[3, 4], [1, 2]], (1, 2, 3, 4, 4), None),
    "inverted": ("xyxy", [3, 2, 1, 4], (3, 2, 1, 4, -4), "inverted"),
    "inverted twice is still negative": ("xyxy", [3, 4, 1, 2], (3, 4, 1, 2, -4), "inverted"),
    "no area": ("xywh", [1, 2, 0, 4], (1, 2, 1, 6, 0), "zero-area"),
    "a number as text": ("xywh", [1, "2", 3, 4], (None,) * 5, "not-numbers"),
    "null inside": ("xywh", [1, None, 3, 4], (None,) * 5, "not-numbers"),
    "three numbers": ("xywh", [1, 2, 3], (None,) * 5, "wrong-length"),
    "an object": ("xywh", {"x": 1}, (None,) * 5, "not-numbers"),
    "a point too many": ("corners", [[1, 2], [3, 4, 5]], (None,) * 5, "wrong-length"),
    "NaN": ("xywh", [1, NAN, 3, 4], (None,) * 5, "not-finite"),
    "infinite": ("xywh", [1, 2, float("inf"), 4], (None,) * 5, "not-finite"),
    "an edge beyond all numbers": ("xywh", [1e308, 2, 1e308, 4], (None,) * 5, "not-finite"),
    "an area beyond all numbers": ("xyxy", [0, 0, 1e200, 1e200], (None,) * 5, "not-finite"),
    "a width beyond all numbers": ("xyxy", [1e308, 0, -1e308, 1], (None,) * 5, "not-finite"),
    "large but real": ("xyxy", [0, 0, 1e100, 1e100], (0, 0, 1e100, 1e100, 1e200), None),
    "an integer too great for a double": ("xywh", [1, 2, 10**400, 4], (None,) * 5, "not-numbers"),
}


@pytest.mark.parametrize(("order", "value", "expected", "reason"), BOXES.values(), ids=BOXES)
def test_box(order: str, value: Any, expected: tuple[float | None, ...], reason: str | None) -> None:
    # Between two sound ones: a broken box must not shift its neighbours.
    sound = [[5, 5], [6, 7]] if order == "corners" else [5, 5, 6, 7]
    before, row, after = measure(Boxes("box", order), sound, value, sound)
    assert tuple(row[k] for k in ("x0", "y0", "x1", "y1", "area")) == expected
    assert (row["reason"], row["valid"]) == (reason, reason is None)
    assert before == after
    assert before["valid"]


def test_box_of_named_values() -> None:
    row, bad = measure(Boxes("box", "xywh", ("x", "y", "w", "h")), {"x": 1, "y": 2, "w": 3, "h": 4}, {"x": 1})
    assert (row["x1"], row["y1"], row["valid"]) == (4, 6, True)
    assert bad["reason"] == "not-numbers"


SQUARE = [0, 0, 10, 0, 10, 10, 0, 10]
PINCHED = [0, 0, 5, 5, 10, 0, 10, 10, 5, 5, 0, 10]
OUTLINES = {
    "square": ([SQUARE], (100, 40, 4, 1), None),
    "closed by its first point again": ([[*SQUARE, 0, 0]], (100, 40, 4, 1), None),
    "two parts": ([SQUARE, [20, 20, 30, 20, 30, 30]], (150, 40 + 20 + 200**0.5, 7, 2), None),
    "bow tie": ([[0, 0, 10, 10, 10, 0, 0, 10]], (0, 20 + 2 * 200**0.5, 4, 1), "self-intersection"),
    "second part broken": ([SQUARE, [0, 0, 10, 10, 10, 0, 0, 10]], (100, None, 8, 2), "self-intersection"),
    "two edges that cross at a point drawn": (
        [[0, 0, 5, 5, 10, 10, 10, 0, 5, 5, 0, 10]],
        (0, None, 6, 1),
        "self-intersection",
    ),
    "one part touches itself, another crosses": (
        [PINCHED, [0, 0, 10, 10, 10, 0, 0, 10]],
        (50, None, 10, 2),
        "self-intersection",
    ),
    "pinched to a point": ([PINCHED], (50, 20 + 4 * 50**0.5, 6, 1), "self-touching"),
    "hole with a bridge": (
        [[*SQUARE, 0, 0, 4, 4, 4, 6, 6, 6, 6, 4, 4, 4]],
        (96, None, 10, 1),
        "self-touching",
    ),
    "an edge there and back": ([[*SQUARE, 0, 5, -5, 5, 0, 5]], (100, 50, 7, 1), "self-touching"),
    "a slanted line there and back": ([[0, 0, 3, 3, 9, 9, 5, 5]], (0, None, 4, 1), "zero-area"),
    "two points": ([[0, 0, 1, 1]], (0, None, 2, 1), "too-few-points"),
    "a line there and back": ([[0, 0, 5, 0, 10, 0]], (0, 20, 3, 1), "zero-area"),
    "no ring": ([], (None, None, 0, 0), "too-few-points"),
    "an empty ring": ([[]], (None, None, 0, 1), "too-few-points"),
    "odd": ([[0, 0, 1]], (None, None, 0, 0), "odd-length"),
    "text inside": ([[0, 0, 1, "a", 2, 2]], (None, None, 0, 0), "not-numbers"),
    "not nested": (SQUARE, (None, None, 0, 0), "not-numbers"),
    "NaN": ([[0, 0, 1, 0, NAN, 2]], (None, None, 3, 1), "not-finite"),
    "an area beyond all numbers": ([[0, 0, 1e308, 0, 1e308, 1e308]], (None, None, 3, 1), "not-finite"),
    "a bow tie beyond all numbers": (
        [[-1e308, 0, 1e308, 1e308, 1e308, 0, -1e308, 1e308]],
        (None, None, 4, 1),
        "not-finite",
    ),
}


@pytest.mark.parametrize(("value", "expected", "reason"), OUTLINES.values(), ids=OUTLINES)
def test_polygon(value: Any, expected: tuple[float | None, ...], reason: str | None) -> None:
    before, row, after = measure(Outlines("polygon", "flat", True), [SQUARE], value, [SQUARE])
    assert (row["reason"], row["valid"]) == (reason, reason is None)
    area, length, vertices, rings = expected
    assert (row["vertices"], row["rings"]) == (vertices, rings)
    assert row["area"] == (None if area is None else pytest.approx(area))
    assert length is None or row["length"] == pytest.approx(length)
    assert before == after
    assert before["valid"]


def test_ring_sizes_stand_where_there_are_several_rings() -> None:
    two = [SQUARE, [20, 20, 30, 20, 30, 30]]
    rows = measure(Outlines("polygon", "flat", True), [SQUARE], two, [SQUARE], two, two, [SQUARE])
    assert [row["ring_sizes"] for row in rows] == [None, [4, 3], None, [4, 3], [4, 3], None]
    assert [len(row["coordinates"]) for row in rows] == [8, 14, 8, 14, 14, 8]


def test_where_a_polygon_crosses_itself() -> None:
    (row,) = measure(Outlines("polygon", "flat", True), [[0, 0, 10, 10, 10, 0, 0, 10]])
    assert (row["bad_x"], row["bad_y"]) == (5, 5)


def test_of_a_touch_and_a_crossing_the_crossing_is_shown() -> None:
    """The outline passes (2, 2) twice, harmlessly, and crosses itself at (22.5, 7.5)."""
    ring = [0, 0, 2, 2, 4, 0, 20, 0, 20, 10, 25, 5, 25, 10, 20, 5, 20, 20, 4, 4, 2, 2, 0, 4]
    (row,) = measure(Outlines("polygon", "flat", True), [ring])
    assert row["reason"] == "self-intersection"
    assert (row["bad_x"], row["bad_y"]) == (22.5, 7.5)


@pytest.mark.parametrize("points", [3, 40, 3000])
def test_a_crossing_is_found_by_exact_signs(points: int) -> None:
    angles = np.arange(points) * (2 * np.pi / points)
    ring = 100 * np.column_stack([np.cos(angles), np.sin(angles)])
    assert outlines.crossing(ring) is None
    if points > 3:
        ring[[points // 2, points // 2 + 1]] = ring[[points // 2 + 1, points // 2]]
        assert outlines.crossing(ring) is not None
    touching = np.array([[0.1, 0.1], [0.3, 0.3], [0.5, 0.1], [0.5, 0.5], [0.3, 0.3], [0.1, 0.5]])
    assert outlines.crossing(touching) is None


@pytest.mark.parametrize(
    ("role", "value", "box"),
    [
        ({"type": "polygon", "order": "points"}, [[0, 0], [4, 0], [4, 4]], (0, 0, 4, 4)),
        (
            {"type": "polygon", "order": "objects"},
            [{"x": 0, "y": 0}, {"x": 4, "y": 0}, {"x": 4, "y": 4}],
            (0, 0, 4, 4),
        ),
        ({"type": "ellipse", "order": "circle"}, [[5, 5], [5, 8]], (2, 2, 8, 8)),
        ({"type": "polyline", "order": "points"}, [[0, 0], [4, 4], [4, 0], [0, 4]], (0, 0, 4, 4)),
        ({"type": "point", "order": "points"}, [[3, 4]], (3, 4, 3, 4)),
    ],
    ids=lambda v: v["order"] if isinstance(v, dict) else "",
)
def test_other_orders(role: dict[str, Any], value: Any, box: tuple[float, ...]) -> None:
    (row,) = measure(collector(role), value)
    assert row["valid"]
    assert tuple(row[k] for k in ("x0", "y0", "x1", "y1")) == box


@pytest.mark.parametrize(
    "made", [Boxes("box", "xywh"), Outlines("polygon", "flat", True), Outlines("ellipse", "circle")]
)
def test_nothing_collected(made: Collector) -> None:
    assert all(len(column) == 0 for column in made.measure().values())


POINTS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=3, max_size=9)


@settings(max_examples=150, deadline=None)
@given(st.lists(POINTS, min_size=1, max_size=4))
def test_validity_area_and_perimeter_are_shapelys(rings: list[list[tuple[int, int]]]) -> None:
    rows = measure(Outlines("polygon", "points"), *(list(map(list, ring)) for ring in rings))
    for ring, row in zip(rings, rows, strict=True):
        polygon = shapely.Polygon(ring)
        flat = len({x for x, _ in ring}) == 1 or len({y for _, y in ring}) == 1
        few = len(ring) - (ring[0] == ring[-1]) < 3
        assert row["valid"] == (polygon.is_valid and not flat and not few)
        assert row["length"] == pytest.approx(polygon.length)
        if row["valid"]:
            assert row["area"] == pytest.approx(polygon.area)


def test_star_shaped_is_never_wrong() -> None:
    """It may miss a simple ring, it never calls a crossing one simple; and it is worth having."""
    rng = np.random.default_rng(3)
    sizes = rng.integers(3, 9, 3000)
    starts = np.concatenate(([0], np.cumsum(sizes)))[:-1]
    points = rng.integers(0, 12, (int(sizes.sum()), 2)).astype(float)
    certain = star_shaped(points, sizes, starts)
    valid = [shapely.Polygon(points[a : a + n]).is_valid for a, n in zip(starts, sizes, strict=True)]
    assert not (certain & ~np.array(valid)).any()
    assert certain.sum() > 0.5 * sum(valid)


def test_digests_tell_order_kind_and_length_apart() -> None:
    values = np.array([1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 0.0, -0.0])
    a, b, c, zero, minus_zero, both = digests(values, np.array([0, 2, 4, 6, 7, 8, 8]), "box")
    assert a == c
    assert zero == minus_zero
    assert len({a, b, zero, both}) == 4
    assert digests(values[:2], np.array([0, 2]), "polygon")[0] != a


NUMBERS = st.floats() | st.sampled_from([1e308, -1e308, 1e200, 1e160, 5e-324, 0.0, 1.0])
ROLES = [
    {"type": "box", "order": "xywh"}, {"type": "box", "order": "xyxy"}, {"type": "box", "order": "cxcywh"},
    {"type": "box", "order": "corners"}, {"type": "polygon", "order": "flat"},
    {"type": "polyline", "order": "flat"}, {"type": "point", "order": "flat"},
    {"type": "ellipse", "order": "circle"},
]  # fmt: skip


@pytest.mark.filterwarnings("error")
@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ROLES), st.lists(st.lists(NUMBERS, min_size=4, max_size=8), min_size=1, max_size=3))
def test_no_number_is_too_large_to_be_told(role: dict[str, Any], values: list[Any]) -> None:
    """No warning, no measure that is no number; what has none says why."""
    if role["order"] == "circle":
        values = [[v[:2], v[2:4]] for v in values]
    elif role["type"] == "box":
        values = [v[:4] for v in values]
    else:
        values = [v[: len(v) // 2 * 2] for v in values]
    for row in measure(collector(role), *values):
        measures = [row[k] for k in ("x0", "y0", "x1", "y1", "area", "length")]
        assert all(m is None or np.isfinite(m) for m in measures)
        assert None not in measures or row["reason"] == "not-finite"
