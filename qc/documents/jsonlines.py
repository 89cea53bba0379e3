"""JSON Lines (jsonlines.org): one JSON value on each line, read as one list."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import orjson

from qc.documents.document import Document, Problem
from qc.documents.jsons import keys_survive, read_json
from qc.documents.lines import numbered
from qc.documents.locate import locate
from qc.documents.options import Options
from qc.documents.rows import Problems
from qc.documents.text import decode_lines, text_of
from qc.documents.wanted import Places, by_member


def read_jsonlines(data: bytes, options: Options) -> Document:  # noqa: ARG001 - of the form of a reader
    """Read one value from each line. Never raises; what is wrong is in ``problems``, in order of place.

    The value is the list of them. A blank line is passed over; a line that is no JSON is told and is no
    record. A text that is one JSON value over many lines is read as that value (``not-lines``), of a list its
    members.
    """
    lines = data.splitlines()  # of bytes: at \n, \r and \r\n only
    try:
        values = [orjson.loads(line) for line in lines if line and not line.isspace()]
    except orjson.JSONDecodeError:
        return _slow(data)
    if values and keys_survive(data, values):
        return Document(values, True, "utf-8", "fast")
    return _slow(data)


def locate_jsonlines(
    data: bytes,
    pointers: Collection[str],
    options: Options,  # noqa: ARG001 - of the form of a locator
) -> Places:
    """Line and column of the values at pointers; one that leads nowhere is left out."""
    wanted, places = by_member(pointers)
    record = 0
    first = True
    text, _, _ = decode_lines(data)
    for number, line in numbered(text or ""):
        if not wanted:
            break
        if not line.strip():
            continue
        is_record = read_json(line.encode("utf-8", "replace")).parsed
        if first and not is_record and (whole := read_json(data)).parsed:
            return places | _in_one(text_of(data, whole.encoding), whole.value, wanted)
        first = False
        if not is_record:
            continue
        inner = {pointer[len(str(record)) + 1 :]: pointer for _, pointer in wanted.pop(str(record), ())}
        for pointer, (row, col) in locate(line, inner).items():
            places[inner[pointer]] = number + row - 1, col
        record += 1
    return places


def _in_one(text: str, value: Any, wanted: Mapping[str, list[tuple[list[str], str]]]) -> Places:
    """Places in a text that is one value over many lines."""
    member = "" if isinstance(value, list) else "/0"
    inner = {p[len(member) :]: p for all_ in wanted.values() for _, p in all_ if p.startswith(member)}
    return {inner[pointer]: place for pointer, place in locate(text, inner).items()}


def _slow(data: bytes) -> Document:
    text, encoding, found = decode_lines(data)
    if text is None:
        return Document(None, False, None, "slow", found)
    problems = Problems(found)
    if encoding == "utf-8-sig":
        problems.add("bom", "", 1, 1, "utf-8", "utf-8-sig")
    values: list[Any] = []
    first = True
    for number, line in numbered(text):
        if not line.strip():
            continue
        document = read_json(line.encode("utf-8", "surrogatepass"))
        if first and not document.parsed and (whole := _whole(data)) is not None:
            return whole
        first = False
        for problem in document.problems:
            problems.take(_moved(problem, len(values), number))
        if document.parsed:
            values.append(document.value)
    if first:
        problems.add("empty", "", 1, 1)
    return Document(values, bool(values), encoding, "slow", problems.all())


def _whole(data: bytes) -> Document | None:
    """The document of a text that is one JSON value over many lines."""
    document = read_json(data)
    if not document.parsed:
        return None
    value = document.value if isinstance(document.value, list) else [document.value]
    problem = Problem("syntax", "", 1, 1, None, None, "not-lines")
    return Document(value, True, document.encoding, "slow", (problem, *document.problems))


def _moved(problem: Problem, record: int, line: int) -> Problem:
    """A problem of a line as one of the document."""
    return replace(problem, pointer=f"/{record}{problem.pointer}", line=line)
