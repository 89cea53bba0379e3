"""Links of references, classes, items and media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from qc.facts.link import link, listed_media
from tests.checks import support

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        support.create(con)
        yield con


@pytest.fixture
def con(database: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    support.clear(database)
    return database


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


COCO: dict[str, list[support.Row]] = {
    "files": [{"file": 1, "path": "a.json", "kind": "label"}, {"file": 2, "path": "b.json", "kind": "label"}],
    "items": [
        {"item": 11, "file": 1, "declared_id": "1", "pointer": "/images/0"},
        {"item": 12, "file": 1, "declared_id": "2", "pointer": "/images/1"},
        {"item": 21, "file": 2, "declared_id": "1", "pointer": "/images/0"},
    ],
    "classes": [
        {"file": 1, "declared_id": "3", "class": "개", "class_row": 31, "pointer": "/categories/0"},
        {"file": 2, "declared_id": "3", "class": "말", "class_row": 32, "pointer": "/categories/0"},
    ],
    "annotations": [
        {"annotation": 101, "file": 1, "item_ref": "1", "class_ref": "3"},
        {"annotation": 102, "file": 1, "item_ref": "2", "class_ref": "9"},
        {"annotation": 103, "file": 1, "item_ref": "7", "class_ref": "3"},
        {"annotation": 201, "file": 2, "item_ref": "1", "class_ref": "3"},
        {"annotation": 202, "file": 2, "item": 21, "class": "소"},
    ],
    "shapes": [{"annotation": 101}, {"annotation": 103}, {"annotation": 202, "item": 21}],
}


def test_items_and_classes_of_annotations(con: duckdb.DuckDBPyConnection) -> None:
    support.insert(con, COCO)
    link(con)
    assert rows(con, "SELECT annotation, item, class FROM annotations ORDER BY 1") == [
        (101, 11, "개"), (102, 12, None), (103, None, "개"), (201, 21, "말"), (202, 21, "소"),
    ]  # fmt: skip
    assert rows(con, "SELECT annotation, item FROM shapes ORDER BY 1") == [(101, 11), (103, None), (202, 21)]


def test_media_that_lists_name_and_those_that_are_there(con: duckdb.DuckDBPyConnection) -> None:
    support.insert(con, COCO)
    assert listed_media(con) is None
    con.execute("UPDATE items SET file_name = item || '.jpg'")
    con.execute("INSERT INTO item_media (item, file, rule) VALUES (12, 9, 'P8'), (21, 8, 'P3')")
    assert listed_media(con) == (2, 1)  # the item of the other file is alone there


def test_columns_stay_as_they_are_defined(con: duckdb.DuckDBPyConnection) -> None:
    before = rows(
        con, "SELECT table_name, column_name, data_type FROM duckdb_columns() ORDER BY 1, column_index"
    )
    support.insert(con, {**COCO, "refs": [{"file": 1, "subject": 101, "space": "image", "value": "1"}]})
    link(con)
    after = rows(
        con, "SELECT table_name, column_name, data_type FROM duckdb_columns() ORDER BY 1, column_index"
    )
    assert after == before


def test_of_ids_declared_twice_the_first_place_counts(con: duckdb.DuckDBPyConnection) -> None:
    again = [
        {"item": 5, "file": 1, "declared_id": "1", "pointer": "/images/10"},
        {"item": 9, "file": 1, "declared_id": "1", "pointer": "/images/9"},
    ]
    support.insert(con, {**COCO, "items": again})
    link(con)
    assert rows(con, "SELECT item FROM annotations WHERE annotation = 101") == [(9,)]
    assert rows(con, "SELECT count(*) FROM annotations") == [(5,)]


@pytest.mark.parametrize(
    ("scope", "other", "expected"),
    [
        pytest.param("file", {"file": 1}, (50, True), id="found in its file"),
        pytest.param("file", {"file": 2}, (None, None), id="nothing declared in its file"),
        pytest.param("file", {"file": 1, "value": "8"}, (None, False), id="not found in its file"),
        pytest.param("dataset", {"file": 2}, (50, True), id="found in another file"),
        pytest.param("dataset", {"file": 2, "space": "other"}, (None, None), id="another space"),
        pytest.param("group", {"file": 2}, (50, True), id="same group"),
        pytest.param("group", {"file": 3}, (None, None), id="another group"),
    ],
)
def test_references(
    con: duckdb.DuckDBPyConnection, scope: str, other: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    support.insert(
        con,
        {
            "files": [
                {"file": 1, "group_key": "g"},
                {"file": 2, "group_key": "g"},
                {"file": 3, "group_key": "h"},
            ],
            "ids": [
                {"subject": 50, "pointer": "/i", "space": "image", "value": "7", "scope": scope, **other}
            ],
            "refs": [
                {"file": 1, "pointer": "/r", "subject": 9, "space": "image", "value": "7", "scope": scope}
            ],
        },
    )
    link(con)
    assert rows(con, "SELECT target, resolves FROM refs") == [expected]


def test_items_and_classes_of_other_files(con: duckdb.DuckDBPyConnection) -> None:
    everywhere = {"scope": "dataset", "pointer": "/x"}
    tables: dict[str, list[support.Row]] = {
        "files": [{"file": 1}, {"file": 2}],
        "items": [{"item": 5, "file": 1, "declared_id": "1"}],
        "classes": [{"file": 1, "class": "개", "class_row": 6, "declared_id": "3", "pointer": "/c"}],
        "annotations": [{"annotation": 9, "file": 2, "item_ref": "1", "class_ref": "3"}],
        "ids": [
            {"file": 1, "kind": "item", "subject": 5, "space": "image", "value": "1", **everywhere},
            {"file": 1, "kind": "class", "subject": 6, "space": "class", "value": "3", **everywhere},
        ],
        "refs": [
            {"file": 2, "subject": 9, "space": "image", "value": "1", "scope": "dataset"},
            {"file": 2, "subject": 9, "space": "class", "value": "3", "scope": "dataset"},
        ],
    }  # fmt: skip
    support.insert(con, tables)
    link(con)
    assert rows(con, "SELECT item, class FROM annotations") == [(5, "개")]


LABEL = {"file": 9, "path": "L/9.json", "kind": "label"}


def media(
    con: duckdb.DuckDBPyConnection,
    files: Sequence[support.Row],
    items: Sequence[support.Row],
    pairs: Sequence[support.Row] = (),
    label: Mapping[str, Any] = LABEL,
) -> list[tuple[Any, ...]]:
    support.insert(
        con, {"files": [dict(label), *files], "items": [{"file": 9, **i} for i in items], "pairs": pairs}
    )
    link(con)
    return rows(con, "SELECT item, file, rule FROM item_media ORDER BY item, file")


@pytest.mark.parametrize(
    ("declared", "files", "expected"),
    [
        pytest.param("1.jpg", {1: "a/1.jpg", 2: "a/2.jpg"}, 1, id="name"),
        pytest.param("1.jpg", {1: "a/1.JPG"}, None, id="case counts"),
        pytest.param("1.jpg", {1: "a/1.png"}, None, id="extension counts"),
        pytest.param("1", {1: "a/1.png"}, 1, id="stem when no extension is declared"),
        pytest.param("a.b", {1: "x/a.b", 2: "x/a.b.png"}, 1, id="whole name before stem"),
        pytest.param("1", {1: "a/1.png", 2: "b/1.png"}, None, id="several stems"),
        pytest.param("b/1.jpg", {1: "a/1.jpg", 2: "b/1.jpg"}, 2, id="by its folder"),
        pytest.param("x\\b\\1.jpg", {1: "a/1.jpg", 2: "b/1.jpg"}, 2, id="folder with backslashes"),
        pytest.param("c/b/1.jpg", {1: "a/b/1.jpg", 2: "c/b/1.jpg"}, 2, id="longest equal end"),
        pytest.param("1.jpg", {1: "a/1.jpg", 2: "b/1.jpg"}, None, id="ambiguous stays unlinked"),
        pytest.param("/가/가.jpg".replace("가", "\u1100\u1161"), {1: "가/가.jpg"}, 1, id="NFD"),
        pytest.param(None, {1: "9.jpg"}, None, id="no name and no pair"),
    ],
)
def test_media_by_declared_name(
    con: duckdb.DuckDBPyConnection, declared: str | None, files: dict[int, str], expected: int | None
) -> None:
    found = media(
        con, [{"file": f, "path": p} for f, p in files.items()], [{"item": 5, "file_name": declared}]
    )
    assert found == ([] if expected is None else [(5, expected, "P3")])
    assert rows(con, "SELECT label, source, rule FROM pairs") == [(9, f, r) for _, f, r in found]


def test_list_of_many(con: duckdb.DuckDBPyConnection) -> None:
    files = [{"file": n, "path": f"batch/{n}.jpg"} for n in (1, 2)]
    items = [
        {"item": 5, "file_name": "batch/1.jpg"},
        {"item": 6, "file_name": "2.jpg"},
        {"item": 7, "file_name": "3.jpg"},
    ]
    assert media(con, files, items) == [(5, 1, "P8"), (6, 2, "P8")]
    assert rows(con, "SELECT label, source, rule FROM pairs ORDER BY source") == [(9, 1, "P8"), (9, 2, "P8")]


@pytest.mark.parametrize(
    ("names", "files", "expected"),
    [
        pytest.param(
            ["b1/6.jpg", "b8/6.jpg", "b10/6.jpg"],
            {1: "pictures/b8/6.jpg"},
            [(6, 1)],
            id="the one that agrees best",
        ),
        pytest.param(["b1/6.jpg", "b8/6.jpg"], {1: "6.jpg"}, [], id="nobody knows whose it is"),
        pytest.param(["b1/6.jpg", "b1/6.jpg"], {1: "6.jpg"}, [(5, 1), (6, 1)], id="listed twice"),
        pytest.param(
            ["b1/6.jpg", "b1/7.jpg"], {1: "6.jpg", 2: "7.jpg"}, [(5, 1), (6, 2)], id="folders not kept"
        ),
    ],
)
def test_a_picture_serves_the_item_whose_path_it_has(
    con: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    files: Mapping[int, str],
    expected: list[tuple[int, int]],
) -> None:
    sources = [{"file": file, "path": path} for file, path in files.items()]
    items = [{"item": 5 + n, "file_name": name} for n, name in enumerate(names)]
    assert [(item, file) for item, file, _ in media(con, sources, items)] == expected


def test_own_pair_where_no_name_is_declared(con: duckdb.DuckDBPyConnection) -> None:
    pairs = [{"label": 9, "source": 1, "rule": "P2"}]
    assert media(con, [{"file": 1}], [{"item": 5}], pairs) == [(5, 1, "P2")]
    assert rows(con, "SELECT count(*) FROM pairs") == [(1,)]


def test_own_pair_goes_before_the_name_of_another_picture(con: duckdb.DuckDBPyConnection) -> None:
    files = [{"file": 1, "path": "S/9.jpg"}, {"file": 2, "path": "S/8.jpg"}]
    pairs = [{"label": 9, "source": 1}]
    assert media(con, files, [{"item": 5, "file_name": "8.jpg"}], pairs) == [(5, 1, "P1")]


def test_one_pair_does_not_serve_a_list(con: duckdb.DuckDBPyConnection) -> None:
    assert media(con, [{"file": 1}], [{"item": 5}, {"item": 6}], [{"label": 9, "source": 1}]) == []


@pytest.mark.parametrize(
    ("label", "source", "linked"),
    [
        ({"split": "training"}, {"split": "validation"}, False),
        ({"split": "training"}, {"split": "training"}, True),
        ({"split": "training"}, {}, True),
        ({"group_key": "개"}, {"group_key": "말"}, False),
        ({"group_key": "개"}, {"group_key": "개"}, True),
    ],
)
def test_never_across_splits_or_groups(
    con: duckdb.DuckDBPyConnection, label: dict[str, str], source: dict[str, str], linked: bool
) -> None:
    found = media(
        con,
        [{"file": 1, "path": "1.jpg", **source}],
        [{"item": 5, "file_name": "1.jpg"}],
        label={**LABEL, **label},
    )
    assert bool(found) == linked


def test_again_adds_nothing(con: duckdb.DuckDBPyConnection) -> None:
    media(con, [{"file": 1, "path": "1.jpg"}], [{"item": 5, "file_name": "1.jpg"}])
    before = rows(con, "SELECT * FROM item_media"), rows(con, "SELECT * FROM pairs")
    link(con)
    assert (rows(con, "SELECT * FROM item_media"), rows(con, "SELECT * FROM pairs")) == before
    assert len(before[0]) == 1
