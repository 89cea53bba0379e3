"""A text of records that is read in blocks tells what it tells when it is read whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from qc.documents import records
from qc.documents.document import Document
from qc.documents.options import Options
from qc.documents.readers import KINDS
from qc.documents.rows import Problems
from qc.documents.streaming import Large, TooLargeError

TOKENS = Options("tokens", columns=("form", "tag"), separator="\t", comment="##")
LINES = Options("lines", columns=("class", "x", "y"))
ROWS = "".join(f"{n},이름 {n},{n * 2}\n" for n in range(40))
RECORDS = [json.dumps({"id": n, "name": f"이름 {n}", "box": [n, n]}, ensure_ascii=False) for n in range(40)]
JSONL = "\n".join(RECORDS)

#: Kind or options, and the text.
CASES: dict[str, tuple[Options, bytes]] = {
    "csv": (Options("csv"), f"id,name,size\n{ROWS}".encode()),
    "csv with a mark": (Options("csv"), b"\xef\xbb\xbf" + f"\r\nid,name,size\n{ROWS}".encode()),
    "csv without a header": (Options("csv", header=False, columns=("a", "b", "c")), ROWS.encode()),
    "csv in cp949": (Options("csv"), f"id,name,size\n{ROWS}".encode("cp949")),
    "csv in utf-16": (Options("csv"), f"id,name,size\n{ROWS}".encode("utf-16")),
    "csv in two encodings": (Options("csv"), f"id,name,size\n{ROWS}".encode() + ROWS.encode("cp949")),
    "csv with faulty rows": (
        Options("csv"),
        f"id,name,size,id\n{ROWS}1,2\n1,2,3,4,5\n,,,\nid,name,size,id\n{ROWS}".encode(),
    ),
    "csv with lines in cells": (Options("csv"), b"id;name\n" + b'1;"a\n""b""\n;c"\n' * 30),
    "csv of another delimiter": (Options("csv", delimiter="\t"), f"id,name,size\n{ROWS}".encode()),
    "csv of a header alone": (Options("csv"), b"id,name,size\n"),
    "jsonl": (Options("jsonl"), JSONL.encode()),
    "jsonl, Windows": (Options("jsonl"), JSONL.replace("\n", "\r\n").encode()),
    "jsonl with faults": (
        Options("jsonl"),
        (JSONL + '\n\n{"a": NaN}\n{"a": 1, "a": 2}\n{"a": \n' + JSONL + '\n{"b": [1, Infinity]}').encode(),
    ),
    "jsonl in cp949": (Options("jsonl"), JSONL.encode("cp949")),
    "jsonl with a mark": (Options("jsonl"), b"\xef\xbb\xbf" + JSONL.encode()),
    "one list over many lines": (
        Options("jsonl"),
        json.dumps([json.loads(one) for one in RECORDS], indent=1).encode(),
    ),
    "lines": (LINES, "".join(f"{n % 3} 0.5 0.{n}\n" for n in range(40)).encode() + b"1 2\n" + b"1 2 3\n" * 9),
    "tokens": (
        TOKENS,
        ("".join(f"## {n}\n나는\tNP\n간다\tVV\n\n" for n in range(30)) + "a\n\nb\tc\n").encode(),
    ),
}  # fmt: skip


def read_large(data: bytes, options: Options) -> Large | Document:
    return KINDS[options.kind].read_large(blocks(data), ((),), options)


def blocks(data: bytes, size: int = 7) -> Any:
    def walk(start: int) -> Iterator[bytes]:
        for at in range(start, len(data), size):
            yield data[at : min(at + size, len(data))]

    return walk


@pytest.fixture(params=[60, 300])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few records."""
    monkeypatch.setattr(records, "BLOCK", request.param)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", CASES)
def test_blocks_tell_what_the_whole_tells(name: str) -> None:
    options, data = CASES[name]
    whole = KINDS[options.kind].read(data, options)
    large = read_large(data, options)
    assert isinstance(large, Large)
    pieces = list(large.pieces((), None))
    assert len(pieces) > 1 or name in ("csv of a header alone", "one list over many lines")
    sizes = [len(piece.members) for piece in pieces]
    assert [piece.first for piece in pieces] == [sum(sizes[:n]) for n in range(len(pieces))]
    assert repr([member for piece in pieces for member in piece.members]) == repr(whole.value)
    assert large.counts == {(): len(whole.value)}
    assert large.encoding == whole.encoding
    problems = Problems(large.problems)
    for piece in pieces:
        for problem in piece.problems:
            problems.take(problem)
    assert problems.all() == whole.problems
    assert (large.slow or any(piece.slow for piece in pieces)) == (whole.lane == "slow")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("name", "pointers"),
    [
        ("csv", ["/0", "/17/name", "/39/size"]),
        ("csv with lines in cells", ["/3/name", "/29/id", "/29/name"]),
        ("jsonl with faults", ["/5/box/1", "/40/a", "/82/b/1"]),
        ("lines", ["/12/y", "/41"]),
        ("tokens", ["/2/form/1", "/29/tag/0", "/31/tag/0"]),
    ],
)
def test_places_in_blocks_are_those_of_the_text(name: str, pointers: list[str]) -> None:
    options, data = CASES[name]
    large = read_large(data, options)
    assert isinstance(large, Large)
    found: dict[str, Any] = {}
    for piece in large.pieces((), None):
        found |= piece.locate(pointers)
    expected = KINDS[options.kind].locate(data, pointers, options)
    assert len(expected) == len(pointers)
    assert found == expected


@pytest.mark.usefixtures("small")
def test_a_quote_that_is_never_closed_does_not_swallow_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LARGEST_BLOCK", 400)
    options, data = Options("csv"), f'id,name,size\n{ROWS}1,"a,3\n{ROWS * 3}'.encode()
    large = read_large(data, options)
    assert isinstance(large, Large)
    pieces = list(large.pieces((), None))
    problems = [p for piece in pieces for p in piece.problems if p.keyword == "syntax"]
    assert [(p.detail, p.line) for p in problems] == [("unclosed-quote", 42)]
    members = [member for piece in pieces for member in piece.members]
    assert members[-1] == {"id": "39", "name": "이름 39", "size": "78"}
    assert len(members) > 100


@pytest.mark.usefixtures("small")
def test_nothing_to_read_is_a_document_with_its_problem() -> None:
    options = Options("jsonl")
    for data in (b"\n" * 500, b"{no\n" * 100, bytes(range(128, 256)) * 20):
        whole = KINDS["jsonl"].read(data, options)
        found = read_large(data, options)
        assert isinstance(found, Document)
        assert not found.parsed
        assert [p.keyword for p in found.problems][:1] == [p.keyword for p in whole.problems][:1]


@pytest.mark.usefixtures("small")
def test_one_record_larger_than_a_block_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LARGEST_BLOCK", 1_000)
    data = b'{"a": 1}\n{"a": "' + b"x" * 5_000 + b'"}\n'
    with pytest.raises(TooLargeError):
        read_large(data, Options("jsonl"))
