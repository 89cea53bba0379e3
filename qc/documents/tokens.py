"""Texts of one token a line, as for CoNLL: blank lines between records, comments before them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from qc.documents.document import Document
from qc.documents.lines import numbered
from qc.documents.options import Options
from qc.documents.pointers import token
from qc.documents.rows import Problems
from qc.documents.text import decode_lines
from qc.documents.wanted import Places, by_member

#: The key of a record that holds its comments.
COMMENTS = "comments"


def read_tokens(data: bytes, options: Options) -> Document:
    """Read a text of tokens. Never raises; what is wrong is in ``problems``, in order of place.

    The value is a list of records: ``comments``, a list of texts without their sign, and for each column a
    list of texts, as many as there are tokens; a cell that a token's line lacks is null. Blank lines part
    records; comments between records belong to the next one, and those that no token follows to no record.
    """
    text, encoding, found = decode_lines(data)
    if text is None:
        return Document(None, False, None, "slow", found)
    problems = Problems(found)
    count = len(options.columns)
    records: list[dict[str, Any]] = []
    for comments, tokens in _records(text, options):
        record: dict[str, Any] = {COMMENTS: [comment for _, comment in comments]}
        rows: list[Sequence[str | None]] = [cells for _, cells in tokens]
        for position, (number, cells) in enumerate(tokens):
            if len(cells) != count:
                at = f"/{len(records)}/{token(options.columns[0])}/{position}"
                problems.add("ragged-row", at, number, None, count, {"cells": len(cells)})
                rows[position] = [*cells, *[None] * count][:count]
        record.update(zip(options.columns, map(list, zip(*rows, strict=True)), strict=True))
        records.append(record)
    told = problems.all()
    return Document(records, True, encoding, "slow" if told else "fast", told)


def locate_tokens(data: bytes, pointers: Collection[str], options: Options) -> Places:
    """Line and column of records, comments and cells at pointers; one that leads nowhere is left out."""
    text, _, _ = decode_lines(data)
    wanted, places = by_member(pointers)
    for record, (comments, tokens) in enumerate(_records(text or "", options)):
        if not wanted:
            break
        for steps, pointer in wanted.pop(str(record), ()):
            if (at := _place(steps, comments, tokens, options)) is not None:
                places[pointer] = at
    return places


_Comments = list[tuple[int, str]]
_Tokens = list[tuple[int, list[str]]]


def _records(text: str, options: Options) -> Iterator[tuple[_Comments, _Tokens]]:
    """Comments and tokens of each record, with the numbers of their lines."""
    comments: _Comments = []
    tokens: _Tokens = []
    sign, separator = options.comment, options.separator
    for number, line in numbered(text):
        if sign and line.startswith(sign):
            if tokens:
                yield comments, tokens
                comments, tokens = [], []
            comments.append((number, line[len(sign) :].strip()))
        # A blank may be a token: only what holds no separator either is a blank line.
        elif line and (not line.isspace() or (separator is not None and separator in line)):
            tokens.append((number, line.split(separator)))
        elif tokens:
            yield comments, tokens
            comments, tokens = [], []
    if tokens:
        yield comments, tokens


def _place(
    steps: list[str], comments: _Comments, tokens: _Tokens, options: Options
) -> tuple[int, int | None] | None:
    first = min([number for number, _ in (*comments[:1], *tokens[:1])])
    if not steps:
        return first, 1
    index = int(steps[1]) if len(steps) > 1 and steps[1].isdecimal() else 0
    if steps[0] == COMMENTS:
        return (comments[index][0], 1) if index < len(comments) else (first, 1)
    if steps[0] not in options.columns or index >= len(tokens):
        return None
    number, cells = tokens[index]
    column = options.columns.index(steps[0])
    if options.separator is None or column > len(cells):
        return number, None
    return number, 1 + sum(len(cell) + len(options.separator) for cell in cells[:column])
