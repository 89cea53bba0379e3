"""Pairs from files to findings: what labels name is read, linked, and asked by the checks of pairs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from qc import pipeline
from qc.report.preview import CheckOptions, Preview, Silent
from tests.deliverable import zips


class Seen(Silent):
    """Keeps the first screen."""

    def preview(self, preview: Preview) -> None:
        self.first = preview


def text(**roles: Any) -> dict[str, Any]:
    return {"type": "string", "x-qc": roles}


def record(**properties: Any) -> dict[str, Any]:
    """An item that is an object with these properties."""
    return {"type": "object", "x-qc": {"row": "item"}, "properties": properties}


def records(kind: str = "json", **properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": record(**properties), "x-qc": {"document": {"kind": kind}}}


NAMED = text(col="file_name")
SPOKEN = json.dumps([{"sentences": [{"voice": {"filename": f"a_{n}.wav"}} for n in (1, 2)]}])
SPEECH = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "sentences": {
                "type": "array",
                "items": record(voice={"type": "object", "properties": {"filename": NAMED}}),
            }
        },
    },
}
COCO = {
    "type": "object",
    "properties": {
        "images": {
            "type": "array",
            "items": record(id={"type": "integer", "x-qc": {"id": "image"}}, file_name=NAMED),
        }
    },
}
MEDIA = {"type": "string", "x-qc": {"row": "media", "col": "file_name"}}

#: Files, schemas by glob, pairs as (label, source, rule), labels and sources without one.
CASES: dict[str, tuple[dict[str, str], dict[str, Any], set[tuple[str, str, str]], list[str]]] = {
    "P3 the name inside": (
        {
            "img/a.jpg": "x", "img/b.jpg": "x",
            "json/1.json": '{"f": "a.jpg"}', "json/2.json": '{"f": "c.jpg"}',
        },
        {"**/*.json": record(f=NAMED)},
        {("1.json", "a.jpg", "P3")},
        ["2.json", "b.jpg"],
    ),
    "P4 one label, many sounds": (
        {"src/a_1.wav": "x", "src/a_2.wav": "x", "src/a_3.wav": "x", "lab/a.json": SPOKEN},
        {"**/*.json": SPEECH},
        {("a.json", "a_1.wav", "P4"), ("a.json", "a_2.wav", "P4")},
        ["a_3.wav"],
    ),
    "P4 one item, several media": (
        {
            "src/p1.jpg": "x", "src/p1.pdf": "x", "src/p2.jpg": "x",
            "lab/1.json": '{"jpg": "p1.jpg", "pages": ["p2.jpg"]}',
        },
        {"**/*.json": record(jpg=MEDIA, pages={"type": "array", "items": MEDIA})},
        {("1.json", "p1.jpg", "P4"), ("1.json", "p2.jpg", "P4")},
        [],
    ),
    "P8 a list of images": (
        {
            "train/a.jpg": "x", "train/c.jpg": "x",
            "annotations/instances_train.json": json.dumps(
                {"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
                 "annotations": [], "categories": []}
            ),
        },
        {"**/*.json": COCO},
        {("instances_train.json", "a.jpg", "P8")},
        ["c.jpg"],
    ),
    "P9 rows of a table name photos": (
        {
            "photo/a.jpg": "x", "photo/b.jpg": "x",
            "csv/tn_tour_photo.csv": "PHOTO_FILE_NM,TRAVEL_ID\na.jpg,t1\na.jpg,t2\n",
            "csv/tn_visit_area_info.csv": "TRAVEL_ID,VISIT_AREA_ID\nt1,3\n",
        },
        {
            "**/*photo.csv": records("csv", PHOTO_FILE_NM=NAMED, TRAVEL_ID={"type": "string"}),
            "**/*info.csv": records("csv", TRAVEL_ID={"type": "string"}, VISIT_AREA_ID={"type": "integer"}),
        },
        {("tn_tour_photo.csv", "a.jpg", "P9")},
        ["b.jpg"],
    ),
    "P7 takes": (
        {
            **{f"src/take_{t}/cam_{c}/0{i}.jpg": "x" for t in (1, 2) for c in (1, 2) for i in (1, 2)},
            **{f"lab/take_{t}/normal_0{t}.json": '{"start": 1}' for t in (1, 2)},
        },
        {"**/*.json": record(start={"type": "integer"})},
        {(f"normal_0{t}.json", f"0{i}.jpg", "P7") for t in (1, 2) for i in (1, 2)},
        [],
    ),
    "P10 texts are the data": (
        {
            "a/1.json": '{"q": "발코니에서 잠시 쉴 수 있습니까?"}',
            "a/2.json": '{"q": "예 물론 쉴 수 있습니다."}',
        },
        {"**/*.json": record(q={"type": "string"})},
        set(),
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_pairs_from_files_to_findings(tmp_path: Path, name: str) -> None:
    files, schemas, pairs, lost = CASES[name]
    zips.tree(tmp_path / "data", files)
    plan = ""
    for number, (glob, schema) in enumerate(schemas.items()):
        (tmp_path / f"{number}.json").write_text(json.dumps(schema), encoding="utf-8")
        plan += f'[[schemas]]\nmatch = "{glob}"\nschema = "{number}.json"\n'
    (tmp_path / "qc.toml").write_text(plan, encoding="utf-8")
    options = CheckOptions(
        tmp_path / "data", plan=tmp_path / "qc.toml", out=tmp_path / "run", jobs=1, select=("files",)
    )
    run = pipeline.check(options, Seen())
    with duckdb.connect(run.facts, read_only=True) as con:
        found = con.execute(
            "SELECT l.name, s.name, rule FROM pairs "
            "JOIN files l ON l.file = label JOIN files s ON s.file = source"
        ).fetchall()
        items = con.execute("SELECT DISTINCT rule FROM item_media").fetchall()
        unpaired = con.execute(
            "SELECT f.name FROM read_parquet(?) r JOIN files f ON f.file = r.subject WHERE r.wrong",
            [[str(path) for path in sorted(run.results.glob("files.unpaired-*.parquet"))]],
        ).fetchall()
    assert set(found) == pairs
    assert {rule for (rule,) in items} == {rule for *_, rule in pairs}
    assert sorted(name for (name,) in unpaired) == sorted(lost)


def test_text_data_have_no_counterpart_to_miss(tmp_path: Path) -> None:
    zips.tree(tmp_path / "data", CASES["P10 texts are the data"][0])
    seen = Seen()
    options = CheckOptions(tmp_path / "data", out=tmp_path / "run", jobs=1, select=("files",))
    run = pipeline.check(options, seen)
    outcomes = {o["check"]: o["status"] for o in json.loads(run.outcomes.read_text(encoding="utf-8"))}
    assert outcomes["files.unpaired-label"] == outcomes["files.unpaired-source"] == "not-applicable"
    assert (seen.first.layout.id, seen.first.alone, seen.first.labels) == ("text", 2, 2)
