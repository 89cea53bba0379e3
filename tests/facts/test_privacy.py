"""Free text and identifiers of people never enter a table, wherever in a document they stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from qc.deliverable.reading import Place
from qc.facts.labels import read_labels
from qc.facts.producers import Job, Member, joined

SENTENCE = "어제 저녁에 민수는 친구와 함께 시장에 가서 과일을 샀다"
PLANTED = {
    "mobile": "010-1234-5678",
    "mobile without hyphens": "01012345678",
    "land line": "02-345-6789",
    "registration number": "900101-1234567",
    "registration number without hyphen": "9001011234567",
    "e-mail": "minsu.kim@example.co.kr",
    "in a name": "minsu_010-1234-5678",
    "in full width": "０１０－１２３４－５６７８",
    "sentence": SENTENCE,
    "one long word": "가나다라마바사아자차" * 9,
    "lines": "줄\n바꿈",
}

TEXT: dict[str, Any] = {"type": "string"}
OWN: dict[str, Any] = {
    "type": "object",
    "x-qc": {"row": "item"},
    "required": ["id"],
    "properties": {
        "id": {**TEXT, "x-qc": {"id": "image"}},
        "split": {**TEXT, "x-qc": {"col": "split"}},
        "batch": {**TEXT, "x-qc": {"col": "batch"}},
        "worker": {"enum": ["W1", "W2"], "x-qc": {"col": "worker"}},
        "place": {**TEXT, "x-qc": {"col": "groups.place"}},
        "more": {"type": "object", "x-qc": {"key": "attribute"}},
        "kinds": {
            "type": "array",
            "items": {
                "type": "object",
                "x-qc": {"row": "class"},
                "properties": {
                    "id": {**TEXT, "x-qc": {"id": "category"}},
                    "name": {**TEXT, "x-qc": {"col": "name"}},
                    "parent": {**TEXT, "x-qc": {"col": "parent"}},
                },
            },
        },
        "things": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "x-qc": {"row": "annotation"},
                "properties": {
                    "id": {**TEXT, "x-qc": {"id": "thing"}},
                    "image": {**TEXT, "x-qc": {"ref": "image"}},
                    "kind": {**TEXT, "x-qc": {"ref": "category"}},
                    "far": {**TEXT, "x-qc": {"ref": {"space": "thing", "scope": "dataset"}}},
                    "class": {**TEXT, "x-qc": {"col": "class"}},
                    "track": {**TEXT, "x-qc": {"col": "track"}},
                    "colour": {"enum": ["red"], "x-qc": {"col": "attrs.colour"}},
                    "age": {"type": "integer", "x-qc": {"col": "attrs.age"}},
                    "code": {**TEXT, "pattern": "^A[0-9]+$", "x-qc": {"col": "attrs.code"}},
                    "box": {"type": "array", "x-qc": {"shape": {"type": "box", "order": "xywh"}}},
                },
            },
        },
    },
}


def read(folder: Path, text: str, schema: dict[str, Any] | None = None) -> dict[str, pa.Table]:
    (folder / "own.schema.json").write_text(json.dumps(schema or OWN), encoding="utf-8")
    (folder / "1.json").write_text(text, encoding="utf-8")
    place = Place(str(folder / "1.json"), None, 0, (folder / "1.json").stat().st_size, 0, 0, 0)
    members = (Member(1, place, "own", "json", "1"),)
    options = {"schemas": {"own": str(folder / "own.schema.json")}, "text_key": b"k" * 32}
    return joined(read_labels(Job("labels", "k", members, options)))


def written(tables: dict[str, pa.Table]) -> bytes:
    sink = pa.BufferOutputStream()
    for table in tables.values():
        # Without its buffers as they happen to be: a slice would carry what was filtered away.
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(pa.table({n: table[n].to_pylist() for n in table.column_names}, table.schema))
    return bytes(sink.getvalue().to_pybytes())


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_nothing_of_it_is_in_any_table(tmp_path: Path, planted: str) -> None:
    thing = dict.fromkeys(OWN["properties"]["things"]["additionalProperties"]["properties"], planted)
    document = {
        "id": planted, "split": planted, "batch": planted, "worker": planted, "place": planted,
        "more": {planted: planted, "memo": planted},
        "kinds": [{"id": planted, "name": planted, "parent": planted}],
        "things": {planted: {**thing, planted: planted, "far": f"{planted}!"}},
    }  # fmt: skip
    twice = json.dumps(planted)
    text = json.dumps(document, ensure_ascii=False)[:-1] + f", {twice}: 1, {twice}: NaN}}"
    tables = read(tmp_path, text)
    data = written(tables)
    for part in {planted, json.dumps(planted)[1:-1], planted.replace("/", "~1"), planted[:40]}:
        assert part.encode() not in data
    rows = {name: table.to_pylist() for name, table in tables.items()}
    # References resolve all the same.
    (item,), (found,), (kind,) = rows["items"], rows["annotations"], rows["classes"]
    assert found["item"] == item["item"]
    assert found["item_ref"] == item["declared_id"] == kind["declared_id"]
    assert [r["space"] for r in rows["refs"]] == ["thing"]
    assert {e["keyword"] for e in rows["schema_errors"]} >= {
        "duplicate-key", "nan", "additionalProperties", "enum", "type", "pattern",
    }  # fmt: skip


def test_names_stay_as_they_are(tmp_path: Path) -> None:
    thing = {
        "id": "scene_0001-20220701_000123", "image": "1656633600000", "class": "사람/보행자 (성인 남성)",
        "track": "1588-12", "colour": "red", "age": 31, "code": "A900101",
    }  # fmt: skip
    names = {"id": "1656633600000", "split": "train", "things": {"thing 1": {**thing, "unknown": 1}}}
    rows = {name: table.to_pylist() for name, table in read(tmp_path, json.dumps(names)).items()}
    (found,) = rows["annotations"]
    assert found["pointer"] == "/things/thing 1"
    assert [found[n] for n in ("declared_id", "item_ref", "class", "track")] == [
        thing[n] for n in ("id", "image", "class", "track")
    ]
    assert dict(found["attrs"]) == {"colour": "red", "age": "31", "code": "A900101"}
    (error,) = rows["schema_errors"]
    assert (error["pointer"], error["detail"]) == ("/things/thing 1/unknown", "unknown")


def test_what_the_schema_bounds_stays(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "x-qc": {"row": "item"},
        "properties": {
            SENTENCE: {"enum": [SENTENCE, "010-1234-5678"], "x-qc": {"col": "split"}},
            "batch": {"type": "string", "pattern": "^[0-9-]+$", "x-qc": {"col": "batch"}},
        },
    }
    document = {SENTENCE: SENTENCE, "batch": "02-345-6789"}
    (item,) = read(tmp_path, json.dumps(document), schema)["items"].to_pylist()
    assert (item["split"], item["batch"]) == (SENTENCE, "02-345-6789")
    wrong = read(tmp_path, json.dumps({SENTENCE: 1}), schema)["schema_errors"].to_pylist()
    assert wrong[0]["pointer"] == f"/{SENTENCE}"
