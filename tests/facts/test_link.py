"""Links of references, classes and items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from qc.facts.link import link
from tests.checks import support

if TYPE_CHECKING:
    from collections.abc import Iterator


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
