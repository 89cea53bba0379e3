"""The beginning of a large document tells what the document is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from qc.documents import records, streaming
from qc.documents.options import Options
from qc.documents.readers import KINDS
from qc.documents.sampling import read_beginning

COCO = {
    "info": {"year": 2026},
    "images": [{"id": n, "file_name": f"{n}.jpg"} for n in range(300)],
    "annotations": [{"id": n, "image_id": n} for n in range(300)],
    "categories": [{"id": 0, "name": "차량"}],
}


def blocks(data: bytes) -> Any:
    def walk(start: int) -> Iterator[bytes]:
        for at in range(start, len(data), 100):
            walk.seen = max(walk.seen, at)  # type: ignore[attr-defined]
            yield data[at : at + 100]

    walk.seen = 0  # type: ignore[attr-defined]
    return walk


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PIECE", 500)
    monkeypatch.setattr("qc.documents.sampling.BLOCK", 500)
    monkeypatch.setattr(records, "BLOCK", 500)


def test_all_keys_and_the_first_members() -> None:
    found = read_beginning(blocks(json.dumps(COCO).encode()), KINDS["json"], Options())
    assert found is not None
    assert found.parsed
    assert list(found.value) == list(COCO)
    assert found.value["categories"] == COCO["categories"]
    for name in ("images", "annotations"):
        members = found.value[name]
        assert 0 < len(members) < 100
        assert members == COCO[name][: len(members)]  # type: ignore[index]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("jsonl", b"".join(b'{"id": %d}\n' % n for n in range(900))),
        ("csv", b"id,name\n" + b"".join(b'%d,"a\nb"\n' % n for n in range(900))),
    ],
)
def test_of_records_no_more_is_read_than_the_first(kind: str, data: bytes) -> None:
    walk = blocks(data)
    found = read_beginning(walk, KINDS[kind], Options(kind))
    assert found is not None
    assert not found.problems
    assert 10 < len(found.value) < 100
    assert found.value == KINDS[kind].read(data, Options(kind)).value[: len(found.value)]
    assert walk.seen < 1_000


def test_what_is_read_whole_or_not_at_all_has_no_beginning() -> None:
    assert read_beginning(blocks(b"a: [1, 2]"), KINDS["yaml"], Options("yaml")) is None


def test_a_document_that_cannot_be_parsed_says_so() -> None:
    found = read_beginning(blocks(json.dumps(COCO).encode()[:-50]), KINDS["json"], Options())
    assert found is not None
    assert not found.parsed
    assert [problem.detail for problem in found.problems] == ["end-of-data"]
