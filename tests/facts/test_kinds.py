"""From files of every kind to tables: coerced, validated, extracted, placed; nothing of their texts kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from qc.deliverable.reading import Place
from qc.facts.labels import read_labels
from qc.facts.link import link
from qc.facts.producers import Job, Member, joined
from qc.facts.tables import TABLES
from tests.checks import support
from tests.documents.workbooks import number, sheet, text, workbook

BOX = {"shape": {"type": "box", "order": "xyxy", "of": ["x1", "y1", "x2", "y2"]}}
ROW = {
    "type": "object",
    "required": ["class", "x1", "y1", "x2", "y2"],
    "additionalProperties": False,
    "x-qc": {"row": "annotation", **BOX},
    "properties": {
        "class": {"enum": ["차", "사람"], "x-qc": {"col": "class"}},
        "note": {"type": ["string", "null"], "x-qc": {"col": "attrs.note"}},
        **{name: {"type": "number", "minimum": 0} for name in ("x1", "y1")},
        **{name: {"type": "number"} for name in ("x2", "y2")},
    },
}
LIST = {"type": "array", "items": ROW}
VOC = {
    "type": "object",
    "required": ["a"],
    "properties": {
        "a": {"type": "object", "x-qc": {"row": "item"}, "properties": {"o": {"type": "array", "items": ROW}}}
    },
}
COLUMNS = ["class", "x1", "y1", "x2", "y2"]
SOUND = "차 1 2 3.5 4", "사람 0 0 9 9"


def element(row: str) -> str:
    return "<o>" + "".join(f"<{k}>{v}</{k}>" for k, v in zip(COLUMNS, row.split(), strict=True)) + "</o>"


def as_json(row: str) -> str:
    return json.dumps(dict(zip(COLUMNS, row.split(), strict=True)), ensure_ascii=False)


def table(*rows: str) -> str:
    return "\n".join([",".join(COLUMNS), *(row.replace(" ", ",") for row in rows)])


def book(*rows: str) -> bytes:
    cells = [[text(k) for k in COLUMNS]]
    for row in rows:
        name, *numbers = row.split()
        cells.append([text(name), *(text(n) if n == "넓다" else number(float(n)) for n in numbers)])
    return workbook({"s": sheet(cells)})


#: options, schema, extension, how rows are written
KINDS: dict[str, tuple[Mapping[str, Any], Any, str, Any]] = {
    "csv": ({"kind": "csv"}, LIST, "csv", table),
    "lines": ({"kind": "lines", "columns": COLUMNS}, LIST, "txt", lambda *rows: "\n".join(rows)),
    "xml": ({"kind": "xml"}, VOC, "xml", lambda *rows: f"<a>\n{chr(10).join(map(element, rows))}\n</a>"),
    "xlsx": ({"kind": "xlsx"}, {"type": "object", "properties": {"s": LIST}}, "xlsx", book),
    "jsonl, numbers as texts": (
        {"kind": "jsonl", "coerce": True},
        LIST,
        "jsonl",
        lambda *rows: "\n".join(map(as_json, rows)),
    ),
    "json, numbers as texts": (
        {"kind": "json", "coerce": True},
        LIST,
        "json",
        lambda *rows: "[" + ",\n".join(map(as_json, rows)) + "]",
    ),
    "yaml": (
        {"kind": "yaml"},
        LIST,
        "yaml",
        lambda *rows: "\n".join(f"- {as_json(row)}".replace('"', "") for row in rows),
    ),
}  # fmt: skip


def read(
    folder: Path,
    options: Mapping[str, Any],
    schema: Any,
    extension: str,
    *files: str | bytes,
    bound: bool = True,
) -> dict[str, Any]:
    path = folder / "format.json"
    path.write_text(json.dumps({"x-qc": {"document": options}, **schema}), encoding="utf-8")
    members = []
    for at, content in enumerate(files):
        data = content.encode() if isinstance(content, str) else content
        (folder / f"{at}.{extension}").write_bytes(data)
        place = Place(str(folder / f"{at}.{extension}"), None, len(data), len(data), 0, 0, 0)
        members.append(Member(at, place, "format" if bound else None, extension, str(at)))
    job = Job("labels", "key", tuple(members), {"schemas": {"format": str(path)}, "text_key": b"k" * 32})
    return {name: rows.to_pylist() for name, rows in joined(read_labels(job)).items()}


@pytest.mark.parametrize("case", KINDS.values(), ids=KINDS.keys())
def test_one_schema_reads_every_kind_and_the_facts_are_the_same(
    tmp_path: Path, case: tuple[Mapping[str, Any], Any, str, Any]
) -> None:
    options, schema, extension, write = case
    rows = read(tmp_path, options, schema, extension, write(*SOUND))
    (document,) = rows["documents"]
    assert (document["format"], document["status"], document["valid"]) == (options["kind"], "ok", True)
    assert [one["class"] for one in rows["annotations"]] == ["차", "사람"]
    assert [[one[f"v{n}"] for n in range(4)] for one in rows["shapes"]] == [
        [1, 2, 3.5, 4],
        [0, 0, 9, 9],
    ]
    assert "schema_errors" not in rows


@pytest.mark.parametrize("case", KINDS.values(), ids=KINDS.keys())
def test_what_breaks_the_schema_is_placed_in_the_file(
    tmp_path: Path, case: tuple[Mapping[str, Any], Any, str, Any]
) -> None:
    options, schema, extension, write = case
    rows = read(tmp_path, options, schema, extension, write(SOUND[0], "사람 -1 넓다 9 9"), write(SOUND[1]))
    assert [one["valid"] for one in rows["documents"]] == [False, True]
    errors = [one for one in rows["schema_errors"] if one["error_class"] == "FORMAT"]
    assert {one["line"] for one in errors} == {{"csv": 3, "xml": 3, "xlsx": 3}.get(extension, 2)}
    assert {one["pointer"].rpartition("/")[2] for one in errors} == {"x1", "y1"}
    assert {one["keyword"] for one in errors} == {"minimum", "type"}
    assert "넓다" not in str(rows)


def test_free_text_of_a_table_is_kept_as_a_digest(tmp_path: Path) -> None:
    content = "class,x1,y1,x2,y2,note\n차,1,2,3,4,홍길동이 운전함\n차,1,2,3,4,\n차,1,2,3,넓음,홍길동이 운전함"
    rows = read(tmp_path, {"kind": "csv"}, LIST, "csv", content)
    notes = [dict(one["attrs"]) for one in rows["annotations"]]
    assert notes[0] == notes[2] != {}
    assert "홍길동" not in str(rows) and "넓음" not in str(rows)


CATEGORY = {"space": "category", "scope": "dataset"}
NAME = {"row": "class", "col": "name"}
BY_INDEX = {"type": ["string", "integer"], "x-qc": {**NAME, "id": {**CATEGORY, "from": "index"}}}
BY_KEY = {"type": ["string", "integer"], "x-qc": {**NAME, "id": {**CATEGORY, "from": "key"}}}
#: A list of classes as data.yaml and classes.txt have it: options, schema, extension, content.
CLASS_LISTS: dict[str, tuple[Mapping[str, Any], Any, str, str]] = {
    "a list": ({"kind": "yaml"}, {"items": BY_INDEX}, "yaml", "names: [차, 신호등 빨강]"),
    "an object": (
        {"kind": "yaml"},
        {"additionalProperties": BY_KEY},
        "yaml",
        "names:\n  0: 차\n  1: 신호등 빨강",
    ),
    "lines": ({"kind": "lines"}, {"items": BY_INDEX}, "txt", "차\n신호등 빨강\n"),
}


@pytest.mark.parametrize("case", CLASS_LISTS.values(), ids=CLASS_LISTS)
def test_classes_that_another_file_lists_are_linked(
    tmp_path: Path, case: tuple[Mapping[str, Any], Any, str, str]
) -> None:
    """YOLO: a label names its class by the place that it has in a list of another file."""
    options, names, extension, content = case
    schema = names if extension == "txt" else {"properties": {"names": names}}
    labels = {
        "type": "array",
        "items": {
            "type": "object",
            "x-qc": {"row": "annotation"},
            "properties": {"class": {"type": "integer", "x-qc": {"ref": CATEGORY | {"row": "class"}}}},
        },
    }
    (tmp_path / "names").mkdir()
    found = read(tmp_path / "names", options, schema, extension, content)
    lines = {"kind": "lines", "columns": ["class", "box..."]}
    made = read(tmp_path, lines, labels, "txt", "", "", "1 .5 .5 .1 .1\n0 .5 .5 .1 .1\n7 .5 .5 .1 .1")
    listed = [(one["declared_id"], one["name"]) for one in found["classes"]]
    assert listed == [("0", "차"), ("1", "신호등 빨강")]
    with duckdb.connect() as con:
        support.create(con)
        for tables in (found, made):
            for name, rows in tables.items():
                con.register("read", pa.Table.from_pylist(rows, schema=TABLES[name].schema))
                con.execute(f"INSERT INTO {name} SELECT * FROM read")
        link(con)
        assert con.execute("SELECT pointer, class FROM annotations ORDER BY 1").fetchall() == [
            ("/0", "신호등 빨강"), ("/1", "차"), ("/2", None),
        ]  # fmt: skip
        assert con.execute("SELECT value FROM refs WHERE NOT resolves").fetchall() == [("7",)]


def test_faults_of_a_table_are_facts_and_the_rest_of_it_is_read(tmp_path: Path) -> None:
    content = "\n".join([table(SOUND[0]), table(SOUND[1]), "차,1", *["사람,1,2,3,4,5"] * 9, "차,1,2,3,4"])
    (tmp_path / "a").mkdir()
    rows = read(tmp_path / "a", {"kind": "csv"}, LIST, "csv", content)
    files = [
        (one["keyword"], one["line"], one["total"])
        for one in rows["schema_errors"]
        if one["error_class"] == "FILE"
    ]
    assert files == [("repeated-header", 3, 1), *[("ragged-row", line, 10) for line in range(5, 10)]]
    assert len(rows["annotations"]) == 13
    (document,) = rows["documents"]
    assert (document["status"], document["lane"], document["valid"]) == ("ok", "slow", False)


def test_column_names_that_are_no_names_are_not_kept(tmp_path: Path) -> None:
    rows = read(tmp_path, {"kind": "csv"}, LIST, "csv", "010-1234-5678,010-1234-5678\n1,2")
    assert "010-1234-5678" not in str(rows)
    (error,) = (one for one in rows["schema_errors"] if one["keyword"] == "duplicate-column")
    assert error["detail"].startswith("~")


@pytest.mark.parametrize("bound", [True, False])
def test_a_forgotten_header_gives_no_name_away(tmp_path: Path, bound: bool) -> None:
    """The first row of such a table is somebody's data; columns that the schema knows are still named."""
    rows = read(tmp_path, {"kind": "csv"}, LIST, "csv", "홍길동,class,홍길동,class\n1,2,3,4", bound=bound)
    assert "홍길동" not in str(rows)
    name, known = (one["detail"] for one in rows["schema_errors"] if one["keyword"] == "duplicate-column")
    assert name.startswith("~")
    assert known == "class" or not bound


def test_a_workbook_that_would_fill_memory_is_a_limit_of_ours(tmp_path: Path) -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    data = workbook({"s": sheet([]).replace("<sheetData>", "<sheetData>" + far)})
    rows = read(tmp_path, {"kind": "xlsx"}, {"type": "object"}, "xlsx", data, b"no workbook")
    assert [one["status"] for one in rows["documents"]] == ["too-big", "unparsed"]
    assert [(one["status"], one["reason"]) for one in rows["coverage"]] == [
        ("skipped", "too-big"),
        ("full", None),
    ]
    assert [one["keyword"] for one in rows["schema_errors"]] == ["not-a-workbook"]


def test_a_picture_without_objects_has_an_empty_label(tmp_path: Path) -> None:
    rows = read(tmp_path, {"kind": "lines", "columns": COLUMNS}, LIST, "txt", "", SOUND[0])
    assert [(one["status"], one["valid"]) for one in rows["documents"]] == [("ok", True), ("ok", True)]
    assert len(rows["annotations"]) == 1
