"""Texts whose lines are records: YOLO, detection results, lists of files. And texts that are one value."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from qc.documents.document import Document
from qc.documents.options import REST, Options
from qc.documents.rows import Problems
from qc.documents.text import decode_lines
from qc.documents.wanted import Places, by_member


def read_lines(data: bytes, options: Options) -> Document:
    """Read a text of lines. Never raises; what is wrong is in ``problems``, in order of place.

    The value is a list of objects, a text for each column (of the last, if it takes the rest, a list of
    texts), or of texts if the options name no columns. Blank lines are no records; an empty file is an empty
    list, since a picture without objects has such a label.
    """
    text, encoding, found = decode_lines(data)
    if text is None:
        return Document(None, False, None, "slow", found)
    if not options.columns:
        return Document([line for _, line in _lines(text, options)], True, encoding, _lane(found), found)
    names, rest = _columns(options)
    count, separator = len(names), options.separator
    problems = Problems(found)
    records: list[dict[str, Any]] = []
    for number, line in _lines(text, options):
        cells = line.split(separator)
        record: dict[str, Any] = dict(zip(names, cells, strict=False))
        if rest is not None and len(cells) >= count:
            record[rest] = cells[count:]
        elif len(cells) != count:
            problems.add("ragged-row", f"/{len(records)}", number, None, count, {"cells": len(cells)})
        records.append(record)
    told = problems.all()
    return Document(records, True, encoding, _lane(told), told)


def locate_lines(data: bytes, pointers: Collection[str], options: Options) -> Places:
    """Line and column of the lines, or of the cells, at pointers; one that leads nowhere is left out."""
    text, _, _ = decode_lines(data)
    names, rest = _columns(options)
    wanted, places = by_member(pointers)
    for record, (number, line) in enumerate(_lines(text or "", options)):
        if not wanted:
            break
        starts = list(_starts(line, options.separator)) if str(record) in wanted else []
        for steps, pointer in wanted.pop(str(record), ()):
            cell = 0
            if steps and steps[0] in names:
                cell = names.index(steps[0])
            elif steps and steps[0] == rest:
                cell = len(names) + (int(steps[1]) if len(steps) > 1 and steps[1].isdecimal() else 0)
            elif steps:
                continue
            if cell < len(starts) or len(steps) < 2:
                places[pointer] = (number, starts[cell] + 1 if cell < len(starts) else None)
    return places


def read_text(data: bytes, options: Options) -> Document:  # noqa: ARG001 - of the form of a reader
    """Read a text as one value. Never raises; ``problems`` are those of its encoding."""
    text, encoding, found = decode_lines(data)
    return Document(text, text is not None, encoding, _lane(found), found)


def locate_text(
    data: bytes,  # noqa: ARG001 - of the form of a locator
    pointers: Collection[str],
    options: Options,  # noqa: ARG001
) -> Places:
    """The beginning: a text is one value."""
    return {pointer: (1, 1) for pointer in pointers if not pointer}


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers, whatever system they were written on."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return enumerate(text.split("\n"), 1)


def _lines(text: str, options: Options) -> Iterator[tuple[int, str]]:
    """Lines that are records, with their numbers."""
    for number, line in numbered(text):
        if line and not line.isspace() and not (options.comment and line.startswith(options.comment)):
            yield number, line


def _columns(options: Options) -> tuple[tuple[str, ...], str | None]:
    """Names of the columns of one cell each, and of the one that takes the rest."""
    if options.columns and options.columns[-1].endswith(REST):
        return options.columns[:-1], options.columns[-1].removesuffix(REST)
    return options.columns, None


def _starts(line: str, separator: str | None) -> Iterator[int]:
    """Where in a line its cells start."""
    at = 0
    for cell in line.split(separator):
        at = line.index(cell, at)
        yield at
        at += len(cell) + len(separator or "")


def _lane(problems: Collection[object]) -> str:
    return "slow" if problems else "fast"
