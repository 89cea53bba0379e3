"""Measures of shapes against shapely, one by one, and the reason of every kind of broken geometry."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.facts import masks, outlines
from qc.facts.geometry import Boxes, Collector, Outlines, collector
from qc.facts.keypoints import Keypoints
from qc.facts.masks import RunLengths
from qc.facts.measures import digests
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
        ({"type": "polygon", "order": "pairs"}, "0.00,0.00;4.00,0.00;4,4.", (0, 0, 4, 4)),
        ({"type": "polygon", "order": "pairs", "rings": True}, ["0,0;4,0;4,4", "9,0;9,1;8,1"], (0, 0, 9, 4)),
        ({"type": "polyline", "order": "pairs"}, " -1.5,2 ; 3e1, 4", (-1.5, 2, 30, 4)),
        ({"type": "point", "order": "pairs"}, "3,4", (3, 4, 3, 4)),
    ],
    ids=lambda v: v["order"] if isinstance(v, dict) else "",
)
def test_other_orders(role: dict[str, Any], value: Any, box: tuple[float, ...]) -> None:
    (row,) = measure(collector(role), value)
    assert row["valid"]
    assert tuple(row[k] for k in ("x0", "y0", "x1", "y1")) == box


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("0,0;1,x;2,2", "not-numbers"),
        ("0,0;1,;2,2", "not-numbers"),
        ("0,0;1;2,2", "odd-length"),
        ("0,0,0;1,1,1;2,2,0", "odd-length"),
        ("0,0;4,0;4,4;", "odd-length"),
        ("", "too-few-points"),
        ("0,0;4,4", "too-few-points"),
        ("0,0;4,0;nan,4", "not-finite"),
        ([[0, 0], [4, 0], [4, 4]], "not-numbers"),
        (7, "not-numbers"),
    ],
)
def test_pairs_that_are_no_outline(value: Any, reason: str) -> None:
    sound = "0,0;4,0;4,4"
    before, row, after = measure(Outlines("polygon", "pairs"), sound, value, sound)
    assert (row["reason"], row["valid"]) == (reason, False)
    assert before == after
    assert before["valid"]


KEYPOINTS = {
    "labelled and not": ("xyv", [4, 5, 2, 0, 0, 0, 1, 9, 1], (1, 5, 4, 9, 2), None),
    "none labelled": ("xyv", [0, 0, 0, 7, 7, 0], (None, None, None, None, 0), None),
    "no points": ("xyv", [], (None, None, None, None, 0), "too-few-points"),
    "a number too few": ("xyv", [1, 2, 2, 3, 4], (None, None, None, None, 0), "wrong-length"),
    "text inside": ("xyv", [1, "2", 2], (None, None, None, None, 0), "not-numbers"),
    "an object": ("xyv", {"x": 1}, (None, None, None, None, 0), "not-numbers"),
    "NaN": ("xyv", [1, NAN, 2, 3, 4, 2], (None, None, None, None, 2), "not-finite"),
    "NaN where nothing is labelled": ("xyv", [1, 1, 2, NAN, 4, 0], (None, None, None, None, 1), "not-finite"),
    "an integer too great for a double": ("xyv", [10**400, 1, 2], (None, None, None, None, 0), "not-numbers"),
    "pairs and triples": ("points", [[3, 4], [0, 0, 0], [1, 2, 1]], (1, 2, 3, 4, 2), None),
    "a point of one number": ("points", [[3, 4], [1]], (None, None, None, None, 0), "wrong-length"),
    "a point of four": ("points", [[3, 4, 2, 1]], (None, None, None, None, 0), "wrong-length"),
    "no point": ("points", [[3, 4], None], (None, None, None, None, 0), "not-numbers"),
}


@pytest.mark.parametrize(("order", "value", "expected", "reason"), KEYPOINTS.values(), ids=KEYPOINTS)
def test_keypoints(order: str, value: Any, expected: tuple[float | None, ...], reason: str | None) -> None:
    sound = [5, 6, 2, 7, 8, 1] if order == "xyv" else [[5, 6], [7, 8]]
    before, row, after = measure(collector({"type": "keypoints", "order": order}), sound, value, sound)
    assert tuple(row[k] for k in ("x0", "y0", "x1", "y1", "vertices")) == expected
    assert (row["reason"], row["valid"]) == (reason, reason is None)
    assert before == after
    assert before["valid"]


def test_a_keypoint_that_is_not_labelled_has_no_place() -> None:
    (row,) = measure(collector({"type": "keypoints", "order": "xyv"}), [4, 5, 2, 0, 0, 0, 1, 9, 1])
    assert row["coordinates"] == [4, 5, None, None, 1, 9]
    assert row["ring_sizes"] is None


def runs_of(mask: Any) -> list[int]:
    """Run lengths of a picture of 0 and 1, column by column, the first run of zeros."""
    pixels = [0, *mask.T.ravel().tolist()]
    changes = [n for n in range(1, len(pixels)) if pixels[n] != pixels[n - 1]]
    edges = [1, *changes, len(pixels)]
    return [b - a for a, b in pairwise(edges)]


def text_of(runs: list[int]) -> str:
    """Runs as a text: differences to the run two before, from the fourth on, in groups of five bits."""
    out = ""
    for n, run in enumerate(runs):
        left = run - runs[n - 2] if n > 2 else run
        more = True
        while more:
            group, left = left & 31, left >> 5
            more = left != (-1 if group & 16 else 0)
            out += chr(48 + (group | 32 if more else group))
    return out


MASK = {"size": [2, 3], "counts": [1, 2, 3]}
#: Extent and area, or the reason.
MASKS = {
    "over two columns": (MASK, (0, 0, 2, 2, 2), None),
    "as a text": (MASK | {"counts": "123"}, (0, 0, 2, 2, 2), None),
    "the whole picture": (MASK | {"counts": [0, 6]}, (0, 0, 3, 2, 6), None),
    "one pixel": (MASK | {"counts": [3, 1, 2]}, (1, 1, 2, 2, 1), None),
    "whole numbers as doubles": (MASK | {"counts": [3.0, 1, 2.0]}, (1, 1, 2, 2, 1), None),
    "no pixel": (MASK | {"counts": [6]}, (None,) * 4 + (0,), "zero-area"),
    "runs of a larger picture": (MASK | {"counts": [1, 2, 4]}, (None,) * 5, "wrong-sum"),
    "a run below zero": (MASK | {"counts": [1, -1, 6]}, (None,) * 5, "wrong-sum"),
    "a run beyond all pictures": (MASK | {"counts": [2**62, 2**62, 2**62]}, (None,) * 5, "wrong-sum"),
    "no runs": (MASK | {"counts": []}, (None,) * 5, "wrong-sum"),
    "no text": (MASK | {"counts": ""}, (None,) * 5, "wrong-sum"),
    "no picture": ({"size": [0, 0], "counts": []}, (None,) * 5, "wrong-sum"),
    "a text that breaks off": (MASK | {"counts": "12S"}, (None,) * 5, "broken-code"),
    "a text of other signs": (MASK | {"counts": "1 2"}, (None,) * 5, "broken-code"),
    "a text of letters": (MASK | {"counts": "가나"}, (None,) * 5, "broken-code"),
    "a number without end": (MASK | {"counts": "1" + "o" * 90 + "1"}, (None,) * 5, "broken-code"),
    "half a pixel": (MASK | {"counts": [1.5, 2, 3]}, (None,) * 5, "not-numbers"),
    "text inside": (MASK | {"counts": [1, "2", 3]}, (None,) * 5, "not-numbers"),
    "no size": ({"counts": [1]}, (None,) * 5, "not-numbers"),
    "three sizes": (MASK | {"size": [2, 3, 1]}, (None,) * 5, "not-numbers"),
    "an integer too great": (MASK | {"counts": [10**30, 1]}, (None,) * 5, "not-numbers"),
    "a list": ([1, 2], (None,) * 5, "not-numbers"),
}


@pytest.mark.parametrize("at_once", [1, masks.RUNS_WAITING])
@pytest.mark.parametrize(("value", "expected", "reason"), MASKS.values(), ids=MASKS)
def test_mask(
    value: Any, expected: Any, reason: str | None, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masks, "RUNS_WAITING", at_once)
    coded = MASK | {"counts": "123"}
    before, row, after, same = measure(RunLengths("mask", "rle"), MASK, value, MASK, coded)
    assert tuple(row[k] for k in ("x0", "y0", "x1", "y1", "area")) == expected
    assert (row["reason"], row["valid"]) == (reason, reason is None)
    assert before == after == same
    assert (before["valid"], before["v0"], before["v1"]) == (True, 2, 3)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_masks_are_as_their_pixels(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 7))
    pixels = data.draw(st.lists(st.integers(0, 1), min_size=height * width, max_size=height * width))
    picture = np.array(pixels).reshape(height, width)
    runs = runs_of(picture)
    listed = {"size": [height, width], "counts": runs}
    one, two = measure(RunLengths("mask", "rle"), listed, listed | {"counts": text_of(runs)})
    assert one == two
    rows, columns = np.nonzero(picture)
    assert one["area"] == len(rows)
    assert one["valid"] == (len(rows) > 0)
    if len(rows):
        extent = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert tuple(one[k] for k in ("x0", "y0", "x1", "y1")) == extent


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(min_codepoint=40, max_codepoint=120)), max_size=4))
def test_no_text_is_too_strange_for_a_mask(texts: list[str]) -> None:
    measure(RunLengths("mask", "rle"), *({"size": [5, 5], "counts": text} for text in texts))


@pytest.mark.parametrize(
    "made",
    [
        Boxes("box", "xywh"), Outlines("polygon", "flat", True), Outlines("ellipse", "circle"),
        Keypoints("keypoints", "xyv"), RunLengths("mask", "rle"),
    ],
)  # fmt: skip
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
    {"type": "ellipse", "order": "circle"}, {"type": "keypoints", "order": "xyv"},
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
    elif role["type"] == "keypoints":
        values = [v[: len(v) // 3 * 3] for v in values]
    else:
        values = [v[: len(v) // 2 * 2] for v in values]
    for row in measure(collector(role), *values):
        # Keypoints have no area; none may be labelled.
        names = () if role["type"] == "keypoints" else ("x0", "y0", "x1", "y1", "area", "length")
        measures = [row[k] for k in names]
        assert all(m is None or np.isfinite(m) for m in measures)
        assert None not in measures or row["reason"] == "not-finite"
