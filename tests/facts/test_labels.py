"""From bytes on disk to tables: what the labels producer says of sound and of broken documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qc.deliverable.reading import Place
from qc.documents import jsons, limits
from qc.facts.labels import LOCATED_FILES, PLACES_PER_ERROR, read_labels
from qc.facts.producers import Job, Member, joined
from qc.facts.tables import TABLES

Rows = dict[str, list[dict[str, Any]]]
KEY = b"k" * 32


def read(
    folder: Path, *documents: Any, schema: str | None = "coco-instances", extension: str = "json"
) -> Rows:
    """Tables as rows. Documents are written as JSON, bytes as they are."""
    members = []
    for number, document in enumerate(documents):
        data = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
        path = folder / f"{number}.json"
        path.write_bytes(data)
        place = Place(str(path), None, len(data), len(data), 0, 0, 0)
        members.append(Member(number, place, schema, extension, path.stem))
    schemas = {schema: schema} if schema else {}
    tables = joined(read_labels(Job("labels", "key", tuple(members), {"schemas": schemas, "text_key": KEY})))
    for name, table in tables.items():
        assert table.schema.equals(TABLES[name].schema), name
    return {name: table.to_pylist() for name, table in tables.items()}


def coco(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "장면/a.jpg", "width": 100, "height": 50}],
        "categories": [{"id": 4, "name": "출입문", "supercategory": "구조"}],
        "annotations": [annotation()],
    }
    return document | changes


def annotation(**changes: Any) -> dict[str, Any]:
    return {
        "id": 9, "image_id": 1, "category_id": 4, "bbox": [1, 2, 3, 4],
        "segmentation": [[1, 2, 4, 2, 4, 6]], "iscrowd": 0,
    } | changes  # fmt: skip


def test_a_sound_document(tmp_path: Path) -> None:
    rows = read(tmp_path, coco())
    (item,), (found,), (klass,) = rows["items"], rows["annotations"], rows["classes"]
    assert (item["declared_id"], item["file_name"], item["key"], item["width"]) == (
        "1",
        "장면/a.jpg",
        "장면/a",
        100,
    )
    assert (found["item_ref"], found["class_ref"], found["crowd"], found["layer"]) == (
        "1",
        "4",
        False,
        "delivered",
    )
    assert (klass["class"], klass["normal"], klass["parent"]) == ("출입문", "출입문", "구조")
    box, polygon = rows["shapes"]
    assert (box["kind"], box["x1"], box["pointer"]) == ("box", 4, "/annotations/0/bbox")
    assert (polygon["kind"], polygon["area"], polygon["annotation"]) == ("polygon", 6, found["annotation"])
    assert {(r["space"], r["value"], r["pointer"]) for r in rows["ids"]} == {
        ("image", "1", "/images/0/id"),
        ("category", "4", "/categories/0/id"),
        ("annotation", "9", "/annotations/0/id"),
    }  # fmt: skip
    assert "refs" not in rows  # both references of the annotation are resolved: it has its item and its class
    assert rows["documents"][0] | {"bytes": 0} == {
        "file": 0, "format": "json", "schema": "coco-instances", "encoding": "utf-8", "lane": "fast",
        "status": "ok", "valid": True, "records": 1, "bytes": 0,
    }  # fmt: skip
    assert "schema_errors" not in rows


def test_references_inside_the_file_are_resolved(tmp_path: Path) -> None:
    lost = annotation(id=2, image_id=7, category_id=8)
    rows = read(tmp_path, coco(annotations=[annotation(), lost]), coco(images=[], categories=[]))
    found, dangling, blind = rows["annotations"]
    assert (found["item"], found["class"]) == (rows["items"][0]["item"], "출입문")
    assert (dangling["item"], dangling["class"], blind["item"]) == (None, None, None)
    told = {(r["file"], r["space"], r["value"]): (r["resolves"], r["target"]) for r in rows["refs"]}
    assert (0, "image", "1") not in told
    assert told[0, "image", "7"] == (False, None)
    assert told[0, "category", "8"] == (False, None)
    assert told[1, "image", "1"] == (None, None)  # nothing of that space is declared there
    boxes = {s["annotation"]: s["item"] for s in rows["shapes"] if s["kind"] == "box"}
    assert boxes[found["annotation"]] == found["item"]
    assert boxes[dangling["annotation"]] is None


def test_row_ids_do_not_depend_on_the_chunk(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    together = read(tmp_path, coco(), coco())["annotations"]
    alone = read(tmp_path / "a", coco())["annotations"]
    assert alone[0]["annotation"] == together[0]["annotation"] != together[1]["annotation"]
    assert together[0]["content"] == together[1]["content"]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"id": 10}, True),  # the id is another identity
        ({"bbox": [1, 2, 3, 5]}, False),
        ({"category_id": 5}, False),
        ({"segmentation": [[1, 2, 4, 2, 4, 7]]}, False),
    ],
)
def test_content_is_class_and_geometry(tmp_path: Path, change: dict[str, Any], same: bool) -> None:
    a, b = read(tmp_path, coco(), coco(annotations=[annotation(**change)]))["annotations"]
    assert (a["content"] == b["content"]) == same


def test_counts_and_places_of_errors(tmp_path: Path) -> None:
    """Every error counts, places are capped, missing keys are examined values that are wrong."""
    broken = [annotation(bbox=[1, 2, "3", 4]) for _ in range(PLACES_PER_ERROR + 2)]
    missing = annotation()
    del missing["image_id"]
    rows = read(tmp_path, coco(annotations=[*broken, missing, annotation()]))
    errors = rows["schema_errors"]
    types = [e for e in errors if e["keyword"] == "type"]
    assert len(types) == PLACES_PER_ERROR
    assert {(e["error_class"], e["path"], e["total"]) for e in types} == {
        ("FORMAT", "/annotations/*/bbox", PLACES_PER_ERROR + 2)
    }
    assert [e["ordinal"] for e in types] == list(range(PLACES_PER_ERROR))
    assert types[2]["pointer"] == "/annotations/2/bbox/2"
    assert all(e["line"] == 1 and e["col"] > 1 for e in types)
    assert "3" not in str(types[0]["found"]).replace("length", "")  # never the words themselves
    (required,) = (e for e in errors if e["keyword"] == "required")
    assert (required["error_class"], required["detail"]) == ("STRUCTURE", "image_id")
    paths = {p["path"]: p for p in rows["schema_paths"]}
    total = PLACES_PER_ERROR + 4
    assert paths["/annotations/*/bbox"] | {"files": 0} == {
        "schema": "coco-instances", "path": "/annotations/*/bbox", "required": True, "files": 0,
        "examined": total, "structure": 0, "format": PLACES_PER_ERROR + 2,
    }  # fmt: skip
    assert (paths["/annotations/*/image_id"]["examined"], paths["/annotations/*/image_id"]["structure"]) == (
        total,
        1,
    )
    # What could be read was read: a wrong box is a shape that says why.
    assert sum(s["reason"] == "not-numbers" for s in rows["shapes"]) == PLACES_PER_ERROR + 2
    assert len(rows["annotations"]) == total


def test_lines_are_looked_up_in_a_bounded_number_of_files(tmp_path: Path) -> None:
    rows = read(tmp_path, *[coco(images="none")] * (LOCATED_FILES + 3))
    lines = [e["line"] for e in rows["schema_errors"] if e["path"] == "/images"]
    assert lines.count(None) == 3
    assert len(lines) == LOCATED_FILES + 3


@pytest.mark.parametrize(
    ("data", "status", "keywords"),
    [
        (b'{"images": [', "unparsed", {"syntax"}),
        (b"", "unparsed", {"empty"}),
        (b'\xef\xbb\xbf{"images": [], "annotations": [], "categories": []}', "ok", {"bom"}),
        (b'{"images": [], "images": [], "annotations": [], "categories": []}', "ok", {"duplicate-key"}),
        (
            '{"images": [], "annotations": [], "categories": [], "info": {"제목": 1}}'.encode("cp949"),
            "ok",
            {"encoding"},
        ),
        (json.dumps(coco(annotations=[annotation(bbox=[float("nan"), 1, 1, 1])])).encode(), "ok", {"nan"}),
    ],
    ids=["truncated", "empty", "bom", "duplicate key", "cp949", "NaN"],
)
def test_faults_of_the_file_itself(tmp_path: Path, data: bytes, status: str, keywords: set[str]) -> None:
    rows = read(tmp_path, data, coco())
    assert [d["status"] for d in rows["documents"]] == [status, "ok"]
    file_errors = {e["keyword"] for e in rows["schema_errors"] if e["error_class"] == "FILE"}
    assert file_errors == keywords
    assert len(rows["annotations"]) >= 1  # the sound one is read all the same


def test_a_key_twice_in_a_valid_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = json.dumps(coco(annotations=[annotation(attributes={"구조_출입문": "여닫이"})])).encode()
    walked: list[bytes] = []
    walk = jsons.keys_survive

    def noted(data: bytes, value: Any) -> bool:
        walked.append(data)
        return walk(data, value)

    monkeypatch.setattr(jsons, "keys_survive", noted)
    twice = sound.replace(b'"id": 9', b'"id": 8, "id": 9')
    rows = read(tmp_path, sound, twice, schema="aihub-s06-drawings")
    assert walked == [twice]  # counting the sound one's values was proof enough
    assert [(d["valid"], d["lane"]) for d in rows["documents"]] == [(True, "fast"), (True, "slow")]
    (error,) = rows["schema_errors"]
    assert (error["file"], error["keyword"], error["pointer"]) == (1, "duplicate-key", "/annotations/0/id")
    assert [p["examined"] for p in rows["schema_paths"] if p["path"] == "/annotations/*/id"] == [2]


def test_too_deep_for_the_validator_is_not_told(tmp_path: Path) -> None:
    deep: Any = 0
    for _ in range(300):
        deep = [deep]
    rows = read(tmp_path, coco(info=deep))
    assert [(d["status"], d["valid"]) for d in rows["documents"]] == [("ok", None)]
    assert [(e["error_class"], e["keyword"], e["expected"]) for e in rows["schema_errors"]] == [
        ("FILE", "depth", "255")
    ]
    assert {p["examined"] for p in rows["schema_paths"]} == {0}
    assert len(rows["annotations"]) == 1  # what roles point at is read all the same


def test_a_nan_box_is_still_a_row(tmp_path: Path) -> None:
    rows = read(tmp_path, json.dumps(coco(annotations=[annotation(bbox=[float("nan"), 1, 1, 1])])).encode())
    assert [(s["kind"], s["reason"]) for s in rows["shapes"]] == [("box", "not-finite"), ("polygon", None)]


def test_a_document_too_large_is_not_examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is our limit, no fault of the file: by its size, or by what it would take once parsed."""
    dense = b'{"shapes": [' + b",".join([b"{}"] * 10_000) + b"]}"
    assert not limits.too_large(dense)
    assert limits.memory(dense * 1000) > limits.MOST_MEMORY
    monkeypatch.setattr(limits, "MOST_MEMORY", limits.memory(dense) - 1)
    monkeypatch.setattr(limits, "LARGEST", 40_000)
    rows = read(tmp_path, dense, b"[" + b"1" * 39_999, b"[" + b"1" * 40_000, coco())
    assert [(c["status"], c["reason"]) for c in rows["coverage"]] == [
        ("skipped", "too-big"), ("full", None), ("skipped", "too-big"), ("full", None),
    ]  # fmt: skip
    assert [d["status"] for d in rows["documents"]] == ["too-big", "unparsed", "too-big", "ok"]
    assert not any(e["file"] in (0, 2) for e in rows["schema_errors"])


def test_what_is_not_there_or_not_known(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "gone.json"), None, 1, 1, 0, 0, 0)
    members = (Member(1, place, None, "json", "gone"), Member(2, place, None, "hwp", "gone"))
    tables = joined(read_labels(Job("labels", "key", members, {"schemas": {}, "text_key": KEY})))
    covered = {(r["file"], r["status"], r["reason"]) for r in tables["coverage"].to_pylist()}
    assert covered == {(1, "failed", "missing"), (2, "skipped", "no-reader")}


def test_without_a_schema_only_the_file_is_examined(tmp_path: Path) -> None:
    rows = read(tmp_path, {"anything": 1}, schema=None)
    assert set(rows) == {"documents", "coverage"}
    assert rows["documents"][0]["valid"] is None


def test_free_text_is_digested_with_the_key(tmp_path: Path) -> None:
    """A value that no schema bounds never enters a table; two equal ones are told equal."""
    schema = {
        "type": "object",
        "x-qc": {"row": "item"},
        "properties": {"memo": {"type": "string", "x-qc": {"col": "attrs.memo"}},
                       "day": {"type": "string", "format": "date", "x-qc": {"col": "attrs.day"}}},
    }  # fmt: skip
    path = tmp_path / "own.schema.json"
    path.write_text(json.dumps(schema), encoding="utf-8")
    documents = [{"memo": "010-1234-5678", "day": "2022-07-01"}, {"memo": "010-1234-5678"}]
    members = []
    for number, document in enumerate(documents):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        members.append(
            Member(number, Place(str(file), None, 9, file.stat().st_size, 0, 0, 0), "own", "json", "s")
        )
    digests = []
    for key in (KEY, b"other" * 8):
        options = {"schemas": {"own": str(path)}, "text_key": key}
        tables = joined(read_labels(Job("labels", "k", tuple(members), options)))
        first, second = (dict(item["attrs"]) for item in tables["items"].to_pylist())
        assert first["day"] == "2022-07-01"
        assert first["memo"] == second["memo"]
        assert "1234" not in first["memo"]
        digests.append(first["memo"])
    assert digests[0] != digests[1]
