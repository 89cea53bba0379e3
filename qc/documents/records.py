"""Texts of records that are too large to be read whole: JSON Lines, tables, lines, tokens, a block at a time.

A block holds whole records and is read by the reader of its kind, as if it were the document (a table's
header is put before it); what that tells is moved to where the block stands. The text is gone through twice:
once for its encoding and the number of its records, so that nothing is taken from what cannot be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from qc.documents import limits
from qc.documents.blocks import Blocks, Encoding, decoded
from qc.documents.delimited import settled
from qc.documents.document import Document, KeysMet, Problem
from qc.documents.jsons import read_json
from qc.documents.limits import Costs
from qc.documents.options import Options
from qc.documents.streaming import ChangedError, Large, Piece, TooLargeError, Where, read_large
from qc.documents.text import decode_lines
from qc.documents.wanted import Places

#: Bytes of a block, about, and what reading it may take in memory (:func:`qc.documents.limits.memory`).
BLOCK, MEMORY = 2 << 20, 96 << 20
#: A block without a border between records may grow so large, bytes; then it ends with some line.
LARGEST_BLOCK = 16 << 20
#: Bytes at the start by which the encoding of wide characters and the first line are told.
_HEAD = 1 << 16
#: Problems that are told once, of the whole text.
_OF_TEXT = frozenset({"encoding", "bom", "nul"})

_BLANK_LINE = re.compile(rb"\n\r?\n")


def after_line(data: bytes) -> int:
    """Where the last whole line ends."""
    return data.rfind(b"\n") + 1


def after_row(data: bytes) -> int:
    """Where the last whole row of a table ends: at a line's end with as many quotes before it as close."""
    signs = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(signs == ord("\n"))
    quotes = np.flatnonzero(signs == ord('"'))
    outside = ends[np.searchsorted(quotes, ends) & 1 == 0] if len(quotes) else ends
    return int(outside[-1]) + 1 if len(outside) else 0


def after_blank_line(data: bytes) -> int:
    """Where the last blank line ends."""
    last = 0
    for match in _BLANK_LINE.finditer(data):
        last = match.end()
    return last


@dataclass(frozen=True, slots=True)
class Form:
    """How texts of one kind are read in blocks: the reader and the locator of whole ones, their costs in
    memory, where a block may end, whether rows need the header before them, whether each line is JSON."""

    read: Callable[[bytes, Options], Document]
    locate: Callable[[bytes, Collection[str], Options], Places]
    costs: Costs
    border: Callable[[bytes], int]
    header: bool = False
    json: bool = False


class _Block(NamedTuple):
    """Whole records: ``data`` begins with ``lead`` lines that stand elsewhere, the next is ``line`` of the
    text."""

    data: bytes
    options: Options
    lead: int
    line: int

    def of(self, line: int) -> int:
        """The line of the text that is ``line`` of the block."""
        return line - self.lead + self.line - 1


def read_large_records(blocks: Blocks, form: Form, options: Options) -> Large | Document:
    """Go through a large text of records: a list at the root, read in pieces.

    A :class:`Document` if nothing could be read: its ``problems`` say why. Raises
    :class:`~qc.documents.streaming.TooLargeError`, and what ``blocks`` raises. A block in which a quote is
    not closed ends with one of its lines, so that what follows is read all the same.
    """
    head = b""
    for data in blocks(0):
        head += data
        if len(head) >= _HEAD:
            break
    if form.json and (one := _one_value(blocks, head)) is not None:
        return one
    name = decode_lines(head[:_HEAD])[1] or ""
    wide = Encoding(name, name, "replace") if name.startswith(("utf-16", "utf-32")) else None
    count, parsed = 0, False
    seen = _Seen()
    broken: list[Problem] = []
    for block in _blocks(blocks, wide, form, options):
        document = form.read(block.data, block.options)
        if document.encoding is None:
            return Document(None, False, None, "slow", document.problems)
        seen.look(block, document)
        parsed |= document.parsed
        count += len(document.value) if document.parsed else 0
        if not parsed:
            broken += [] if broken else _placed(document.problems, block, 0)
    problems = seen.problems()
    if wide is not None:
        found = Problem("encoding", line=1, col=1, expected='"utf-8"', found=json.dumps(name))
        problems = (found, *problems)
    encoding = name if wide is not None else seen.encoding
    if not parsed:
        empty = Problem("empty", line=1, col=1)
        return Document(None, False, encoding, "slow", (*problems, *(broken or [empty])))
    pieces = partial(_pieces, blocks, wide, form, options, count)
    return Large([], {(): count}, encoding, seen.slow or bool(problems), problems, _nowhere, pieces)


def _one_value(blocks: Blocks, head: bytes) -> Large | None:
    """The list of a text that is one JSON value over many lines, and not one on each of them."""
    lines = [line for line in head[:_HEAD].splitlines(keepends=True) if line.strip()]
    first = lines[0] if lines else b"{}"
    if not first.endswith((b"\n", b"\r")) or read_json(first).parsed:
        return None
    whole = read_large(blocks, ((),))
    if isinstance(whole, Document) or () not in whole.counts:
        return None
    problem = Problem("syntax", "", 1, 1, None, None, "not-lines")
    return replace(whole, slow=True, problems=(problem, *whole.problems))


def _nowhere(pointers: Collection[str]) -> dict[str, tuple[int | None, int | None]]:
    return {pointer: (1, 1) for pointer in pointers if not pointer}


def _pieces(
    blocks: Blocks, wide: Encoding | None, form: Form, options: Options, count: int,
    where: Where, keys_met: KeysMet | None,  # noqa: ARG001 - of the form of a document's pieces
) -> Iterator[Piece]:  # fmt: skip
    first = 0
    for block in _blocks(blocks, wide, form, options):
        document = form.read(block.data, block.options)
        if not document.parsed:
            continue
        problems = tuple(p for p in _placed(document.problems, block, first) if p.keyword not in _OF_TEXT)
        members = document.value
        locate = partial(_located, block, form, first, len(members))
        slow = document.lane == "slow"
        yield Piece(where, first, members, problems, slow, len(block.data), locate)
        first += len(members)
    if first != count:
        raise ChangedError


def _placed(problems: Collection[Problem], block: _Block, first: int) -> list[Problem]:
    """Problems of a block as those of the text: those of its lead were told before."""
    placed = []
    for problem in problems:
        if problem.keyword == "empty" or (problem.line is not None and problem.line <= block.lead):
            continue
        pointer = problem.pointer
        if pointer:
            index, slash, rest = pointer[1:].partition("/")
            pointer = f"/{int(index) + first}{slash}{rest}"
        line = None if problem.line is None else block.of(problem.line)
        placed.append(replace(problem, pointer=pointer, line=line))
    return placed


def _located(
    block: _Block, form: Form, first: int, count: int, pointers: Collection[str]
) -> dict[str, tuple[int | None, int | None]]:
    """Places of those pointers that lead to one of ``count`` records."""
    inner = {}
    for pointer in pointers:
        index, slash, rest = pointer[1:].partition("/")
        if index.isdecimal() and 0 <= int(index) - first < count:
            inner[f"/{int(index) - first}{slash}{rest}"] = pointer
    found = form.locate(block.data, inner, block.options) if inner else {}
    return {inner[own]: (block.of(line), col) for own, (line, col) in found.items() if line > block.lead}


# --- blocks ---------------------------------------------------------------------------------------


def _blocks(blocks: Blocks, wide: Encoding | None, form: Form, options: Options) -> Iterator[_Block]:
    text = blocks(0) if wide is None else decoded(blocks, wide)
    line, header, lead = 1, b"", 0
    for data in _cut(text, form):
        yield _Block(header + data, options, lead, line)
        if line == 1 and form.header and options.header:
            header = _first_row(data)
            lead = _lines(header)
        if line == 1 and form.header:
            options = settled(data, options)
        line += _lines(data)


def _cut(text: Iterator[bytes], form: Form) -> Iterator[bytes]:
    """Whole records, so many that they are about a block."""
    waiting = b""
    for more in text:
        waiting += more
        if len(waiting) < BLOCK:
            continue
        end = form.border(waiting)
        if not end and len(waiting) > LARGEST_BLOCK:
            end = after_line(waiting)
            if not end:
                raise TooLargeError
        if end:
            yield from _light(waiting[:end], form)
            waiting = waiting[end:]
    if waiting:
        yield from _light(waiting, form)


def _light(data: bytes, form: Form) -> Iterator[bytes]:
    """The same in smaller blocks, if it would take too much memory."""
    if limits.memory(data, form.costs) > MEMORY:
        end = form.border(data[: len(data) // 2])
        if end:
            yield from _light(data[:end], form)
            yield from _light(data[end:], form)
            return
        if limits.too_large(data, form.costs):
            raise TooLargeError
    yield data


def _first_row(data: bytes) -> bytes:
    """The first row of a table that is not blank, with its line's end."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        while data.count(b'"', start, end) & 1 and end < len(data):
            end = data.find(b"\n", end) + 1 or len(data)
        if row := data[start:end].removeprefix(b"\xef\xbb\xbf").strip(b"\r\n"):
            return row + b"\n"
        start = end
    return b""


def _lines(data: bytes) -> int:
    """Ends of lines, whatever system they were written on."""
    returns = data.count(b"\r")
    return data.count(b"\n") + (returns - data.count(b"\r\n") if returns else 0)


# --- encoding -------------------------------------------------------------------------------------


class _Seen:
    """What is told of a text as a whole, from its blocks."""

    def __init__(self) -> None:
        self.slow = False
        self._mark = self._utf8 = False
        self._first: dict[str, Problem] = {}
        self._counts: dict[str, int] = {}
        self._korean_lines = 0
        self._korean_at: int | None = None

    def look(self, block: _Block, document: Document) -> None:
        """The next block, and what became of it."""
        self.slow |= document.lane == "slow"
        self._mark |= document.encoding == "utf-8-sig"
        told = [p for p in document.problems if p.keyword in _OF_TEXT]
        if not told:
            self._utf8 = self._utf8 or (
                not block.data.isascii() and any(c > "\u07ff" for c in block.data.decode("utf-8", "replace"))
            )
        for problem in told:
            kind = problem.detail or problem.keyword
            found = json.loads(problem.found or "null")
            line = block.of(max(problem.line or 0, block.lead + 1))
            if kind in ("encoding", "mixed"):
                lines = block.data.split(b"\n")[block.lead :]
                korean = [n for n, one in enumerate(lines) if not one.isascii()]
                self._utf8 |= kind == "mixed"
                self._korean_lines += found["lines"] if kind == "mixed" else len(korean)
                if self._korean_at is None:
                    self._korean_at = line if kind == "mixed" else block.line + (korean[0] if korean else 0)
                continue
            self._first.setdefault(kind, replace(problem, line=line))
            times = int(found.get("invalid") or found.get("count") or 0) if isinstance(found, dict) else 0
            self._counts[kind] = self._counts.get(kind, 0) + times

    @property
    def encoding(self) -> str:
        """The encoding of most of it."""
        if self._korean_lines and not self._utf8:
            return "cp949"
        return "utf-8-sig" if self._mark else "utf-8"

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the encoding, in order of place."""
        problems = []
        if self._korean_lines:
            shape = {"encoding": "cp949", "lines": self._korean_lines}
            mixed = self._utf8
            problems.append(
                Problem("encoding", "", self._korean_at if mixed else 1, 1, '"utf-8"',
                        json.dumps(shape if mixed else "cp949"), "mixed" if mixed else None)
            )  # fmt: skip
        for kind, problem in self._first.items():
            found = json.loads(problem.found or "null")
            if kind == "damaged":
                encoding = "cp949" if self.encoding == "cp949" else "utf-8"
                found = {"encoding": encoding, "invalid": self._counts[kind]}
            elif kind == "nul":
                found = {"count": self._counts[kind]}
            problems.append(replace(problem, found=json.dumps(found)))
        return tuple(sorted(problems, key=lambda p: (p.line or 0, p.col or 0, p.keyword)))
