"""Neighbours: all items at once, the same pairs as one by one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.deliverable.reading import Place
from qc.facts import link, meeting, neighbours
from qc.facts.labels import read_labels
from qc.facts.producers import Job, Member, joined
from qc.facts.tables import TABLES
from tests.checks import support

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        support.create(con)
        yield con


def reduced(
    con: duckdb.DuckDBPyConnection, shapes: Sequence[support.Row], **classes: str
) -> list[dict[str, Any]]:
    support.clear(con)
    seen = sorted({s["annotation"] for s in shapes})
    rows = [{"annotation": a, "file": 1, "class": classes.get(f"a{a}", "개")} for a in seen]
    support.insert(
        con, {"annotations": rows, "shapes": [{"item": 1, "shape": n, **s} for n, s in enumerate(shapes)]}
    )
    reduce(con)
    table = con.sql("SELECT * FROM neighbours ORDER BY a, b").to_arrow_table()
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def reduce(con: duckdb.DuckDBPyConnection) -> None:
    """As if all shapes had come to their items by links, and all classes."""
    for name, column, table in (
        ("linked_items", "item", "shapes"),
        ("linked_classes", "annotation", "annotations"),
    ):
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT DISTINCT {column} FROM {table}")
    neighbours.reduce(con)


def pairs(found: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(row["a"], row["b"]) for row in found]


def test_two_boxes(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = reduced(con, [{"annotation": 2, "box": [0, 0, 10, 10]}, {"annotation": 1, "box": [5, 0, 10, 5]}])
    assert row == {
        "a": 1, "b": 2, "item": 1, "kind": "box", "box_iou": pytest.approx(0.2), "iou": pytest.approx(0.2),
        "a_in_b": 0.5, "b_in_a": 0.25, "same_class": True, "capped": 0,
    }  # fmt: skip


BOX = [0, 0, 10, 10]


@pytest.mark.parametrize(
    ("first", "second", "met"),
    [
        pytest.param({"box": BOX}, {"box": BOX}, True, id="equal"),
        pytest.param({"box": BOX}, {"box": [10, 0, 5, 5]}, False, id="edges only"),
        pytest.param({"box": BOX}, {"box": BOX, "item": 2}, False, id="another item"),
        pytest.param({"box": BOX}, {"box": BOX, "item": None}, False, id="not linked"),
        pytest.param({"box": BOX, "frame": 1}, {"box": BOX, "frame": 2}, False, id="another frame"),
        pytest.param({"box": BOX, "part": 1}, {"box": BOX, "part": 2}, False, id="another part"),
        pytest.param({"box": BOX}, {"box": BOX, "layer": "truth"}, False, id="another layer"),
        pytest.param({"box": BOX}, {"box": [5, 5, -5, -5]}, False, id="inverted"),
        pytest.param({"box": BOX}, {"box": [5, 5, 0, 3]}, False, id="no area"),
        pytest.param({"box": BOX}, {"box": BOX, "kind": "point"}, False, id="a point"),
        pytest.param(
            {"box": [1e6, 1e6, 1e-3, 1e-3]}, {"box": [1e6, 1e6, 1e-3, 1e-3]}, True, id="small and far away"
        ),
        pytest.param({"box": [127.1, 37.5, 1e-6, 1e-6]}, {"box": [128, 38, 1, 1]}, False, id="degrees"),
    ],
)
def test_who_meets(
    con: duckdb.DuckDBPyConnection, first: support.Row, second: support.Row, met: bool
) -> None:
    assert bool(reduced(con, [{"annotation": 1, **first}, {"annotation": 2, **second}])) == met


def test_class(con: duckdb.DuckDBPyConnection) -> None:
    shapes = [{"annotation": n, "box": BOX} for n in (1, 2, 3)]
    found = reduced(con, shapes, a3="말")
    assert [(r["a"], r["b"], r["same_class"]) for r in found] == [(1, 2, True), (1, 3, False), (2, 3, False)]


def test_outlines_are_compared_exactly(con: duckdb.DuckDBPyConnection) -> None:
    lower, upper = [[0, 0], [10, 0], [10, 10]], [[0, 0], [0, 10], [10, 10]]
    shapes: list[support.Row] = [
        {"annotation": 1, "points": lower}, {"annotation": 2, "points": upper},
        {"annotation": 3, "points": lower}, {"annotation": 4, "box": BOX},
        {"annotation": 5, "points": [[9, 9], [12, 9], [12, 12]]},
    ]  # fmt: skip
    found = {(r["a"], r["b"]): r for r in reduced(con, shapes)}
    assert found[1, 2]["box_iou"] == 1.0
    assert found[1, 2]["iou"] == 0.0
    assert found[1, 3]["iou"] == 1.0
    assert found[1, 4]["iou"] == pytest.approx(0.5)
    assert (found[1, 3]["kind"], found[1, 4]["kind"]) == ("polygon", "box")
    assert found[1, 5]["iou"] is None  # Their boxes hardly overlap.


def test_outline_counts_before_the_box_of_the_same_annotation(con: duckdb.DuckDBPyConnection) -> None:
    shapes: list[support.Row] = []
    for number, points in ((1, [[0, 0], [10, 0], [10, 10]]), (2, [[0, 0], [0, 10], [10, 10]])):
        shapes += [{"annotation": number, "box": BOX}, {"annotation": number, "points": points}]
    (row,) = reduced(con, shapes)
    assert (row["kind"], row["box_iou"], row["iou"]) == ("polygon", 1.0, 0.0)


def test_crossing_outlines_and_several_rings(con: duckdb.DuckDBPyConnection) -> None:
    crossing = [[0, 0], [10, 10], [10, 0], [0, 10]]
    rings = {
        "kind": "polygon", "x0": 0.0, "y0": 0.0, "x1": 10.0, "y1": 10.0, "area": 80.0,
        "ring_sizes": [4.0, 4.0],
        "coordinates": [0.0, 0, 4, 0, 4, 10, 0, 10, 6, 0, 10, 0, 10, 10, 6, 10],
    }  # fmt: skip
    shapes: list[support.Row] = [
        {"annotation": 1, "points": crossing},
        {"annotation": 2, "points": crossing},
        {"annotation": 3, **rings},
        {"annotation": 4, "box": BOX},
    ]
    found = {(r["a"], r["b"]): r["iou"] for r in reduced(con, shapes)}
    assert found[1, 2] == pytest.approx(1.0)
    assert found[3, 4] == pytest.approx(0.8)
    assert found[1, 4] == pytest.approx(0.5)


def test_the_cap_keeps_those_that_overlap_most(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meeting, "CAP", 2)
    # Each later box is a little smaller; all meet.
    shapes = [{"annotation": n, "box": [0, 0, 100 - n, 100]} for n in range(1, 8)]
    found = reduced(con, shapes)
    assert {(1, 2), (2, 3), (6, 7)} <= set(pairs(found))
    assert (1, 7) not in pairs(found)
    kept = {n: sum(n in pair for pair in pairs(found)) for n in range(1, 8)}
    assert all(row["capped"] == 6 - kept[row["a"]] for row in found)
    assert all(kept[n] >= 2 for n in kept)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            *(st.integers(0, 30) for _ in range(2)),
            *(st.integers(1, 12) for _ in range(2)),
        ),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([1, 2, 20_000]),
    st.sampled_from([1, 50, 4_000_000]),
)
def test_same_pairs_as_one_by_one(
    con: duckdb.DuckDBPyConnection, boxes: list[tuple[int, ...]], cells: int, limit: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meeting, "_CELLS", cells)
        patch.setattr(meeting, "_PAIRS", limit)
        patch.setattr(neighbours, "_SHAPES", cells)
        found = reduced(
            con, [{"annotation": n, "item": b[0], "box": list(b[1:])} for n, b in enumerate(boxes)]
        )
    shapes = [shapely.box(x, y, x + w, y + h) for _, x, y, w, h in boxes]
    expected = {
        (a, b): shapes[a].intersection(shapes[b]).area / shapes[a].union(shapes[b]).area
        for a in range(len(boxes))
        for b in range(a + 1, len(boxes))
        if boxes[a][0] == boxes[b][0] and shapes[a].intersection(shapes[b]).area > 0
    }
    assert pairs(found) == sorted(expected)
    assert np.allclose([r["iou"] for r in found], [expected[p] for p in pairs(found)])


def test_again_replaces(con: duckdb.DuckDBPyConnection) -> None:
    reduced(con, [{"annotation": 1, "box": BOX}, {"annotation": 2, "box": BOX}])
    reduce(con)
    assert con.execute("SELECT count(*) FROM neighbours").fetchall() == [(1,)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [3, 2 * meeting.CAP])
def test_boxes_of_the_largest_numbers(con: duckdb.DuckDBPyConnection, count: int) -> None:
    """Those without a finite area are left out; the others are told as ever."""
    sound = [{"annotation": n, "box": [0, 0, 10, 10 + n]} for n in range(count)]
    huge = [[-1e308, -1e308, 1e308, 1e308], [0, 0, 1e200, 1e200], [-8e307, 0, 8e307, 1e-300]]
    strange = [
        {"annotation": 900 + n, "ordering": "xyxy", "box": box, "reason": "not-finite" if n < 2 else None}
        for n, box in enumerate(huge)
    ]
    assert (
        pairs(reduced(con, sound))[:20]
        == [p for p in pairs(reduced(con, [*sound, *strange])) if p[1] < 900][:20]
    )


def annotations_of(*image: dict[str, Any]) -> dict[str, Any]:
    """A list of annotations; ``image`` is how they refer to an image, if they do not stand in it."""
    anywhere = {"space": "class", "scope": "dataset"}
    columns = {
        "box": {"x-qc": {"shape": {"type": "box", "order": "xywh"}}},
        "other": {"x-qc": {"shape": {"type": "box", "order": "xywh"}}},
        "outline": {"x-qc": {"shape": {"type": "polygon", "order": "flat"}}},
        "class": {"x-qc": {"col": "class"}},
        "class_id": {"x-qc": {"ref": anywhere}},
        "frame": {"x-qc": {"col": "frame"}},
        "part": {"x-qc": {"col": "part"}},
    }  # fmt: skip
    for ref in image:
        columns["image"] = {"x-qc": {"ref": ref}}
    return {"type": "array", "items": {"x-qc": {"row": "annotation"}, "properties": columns}}


FORMAT: dict[str, Any] = {
    "properties": {
        "images": {
            "type": "array",
            "items": {
                "x-qc": {"row": "item"},
                "properties": {
                    "id": {"x-qc": {"id": {"space": "image", "scope": "dataset"}}},
                    "inside": annotations_of(),
                },
            },
        },
        "classes": {
            "type": "array",
            "items": {
                "x-qc": {"row": "class"},
                "properties": {
                    "id": {"x-qc": {"id": {"space": "class", "scope": "dataset"}}},
                    "name": {"x-qc": {"col": "name"}},
                },
            },
        },
        "beside": annotations_of({"space": "image", "scope": "dataset"}),
    }
}


def drawn(random: np.random.Generator, count: int, room: int, **more: Any) -> list[dict[str, Any]]:
    """Boxes, outlines, both or several of them; with a class, with the id of one, or with none."""
    made = []
    for _ in range(count):
        x, y, w, h = (int(n) for n in random.integers([0, 0, 1, 1], [room, room, 12, 12]))
        one: dict[str, Any] = dict(more)
        if random.random() < 0.7:
            one["box"] = [x, y, w, h]
        if random.random() < 0.2:
            one["other"] = [x + 1, y, w, h + int(random.integers(2))]
        if random.random() < 0.5:
            one["outline"] = [x, y, x + w, y, x + w, y + h, x, y + h][: 8 - 2 * int(random.integers(2))]
        if random.random() < 0.3:
            one["frame"] = int(random.integers(2))
        if random.random() < 0.3:
            one["part"] = "ab"[random.integers(2)]
        said: list[dict[str, Any]] = [{"class": "개"}, {"class_id": 1}, {"class_id": 2}, {"class_id": 9}, {}]
        made.append(one | said[random.integers(5)])
    return made


def documents(random: np.random.Generator) -> list[dict[str, Any]]:
    """Files whose annotations stand in their image, or name an image of the same file or of another."""
    found = []
    for number in range(8):
        images = [
            {"id": 3 * number + n, "inside": drawn(random, int(random.integers(6)), 20)} for n in range(3)
        ]
        beside = [
            a
            for _ in range(int(random.integers(3)))
            for a in drawn(random, 3, 20, image=int(random.integers(30)))
        ]
        found.append({"images": images, "beside": beside})
    found[0]["images"][0]["inside"] += drawn(random, 2 * meeting.CAP, 10)
    found[1]["images"][0]["inside"] += drawn(random, 2 * meeting.CAP, 10)
    found[2]["beside"] += drawn(random, 2 * meeting.CAP, 10, image=3)
    found[7]["classes"] = [{"id": 1, "name": "개"}, {"id": 2, "name": "말"}]
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [1, 3, 8])
def test_in_chunks_and_after_linking_as_all_at_once(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, size: int
) -> None:
    monkeypatch.setattr(neighbours, "_SHAPES", 10)
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(FORMAT), encoding="utf-8")
    members = []
    for number, document in enumerate(documents(np.random.default_rng(seed))):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        length = path.stat().st_size
        place = Place(str(path), None, length, length, 0, 0, 0)
        members.append(Member(number, place, "own", "json", path.stem))
    support.clear(con)
    options = {"schemas": {"own": str(schema)}, "text_key": b"k" * 32}
    for first in range(0, len(members), size):
        chunk = tuple(members[first : first + size])
        for name, table in joined(read_labels(Job("labels", "key", chunk, options))).items():
            con.register("read", table)
            con.execute(f"INSERT INTO {name} SELECT * FROM read")
            con.unregister("read")
    before = con.sql("SELECT * FROM neighbours").fetchall()
    link.link(con)
    came = con.sql("SELECT DISTINCT item FROM linked_items").fetchall()
    neighbours.reduce(con)
    found = con.sql("SELECT * FROM neighbours ORDER BY a, b").to_arrow_table()

    shapes = con.sql(
        "SELECT s.*, a.class FROM shapes s JOIN annotations a USING (annotation)"
    ).to_arrow_table()
    outlines = con.sql("SELECT * FROM outlines").to_arrow_table()
    at_once = meeting.neighbours(
        shapes,
        lambda wanted: outlines.take(pa.compute.index_in(wanted, value_set=outlines["shape"])),
    )
    expected = at_once.sort_by([("a", "ascending"), ("b", "ascending")])
    assert found.to_pylist() == expected.to_pylist()
    assert before and came and found.schema == TABLES["neighbours"].schema
    assert {True, False} == set(found["same_class"].to_pylist())
    assert max(found["capped"].to_pylist()) > 0
    assert {"box", "polygon"} == set(found["kind"].to_pylist())
