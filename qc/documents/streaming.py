"""A JSON document that is too large to be read whole: as a shell, and its long lists piece by piece.

It is gone through once for its structure. That finds its encoding, the long lists, and the shell: the text
without the members of those lists. It also proves the grammar, so that nothing is taken from a document that
turns out not to be one. Then the lists are read, each from where it begins, in any order.

Borders between members are found in whole blocks at once (numpy): brackets outside of strings, summed up.
A piece is then read as the list that it is (:func:`qc.documents.jsons.read_json`), so what is wrong inside it
is told as it would be of the document.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from qc.documents.blocks import (
    START,
    At,
    Blocks,
    Encoding,
    NotInEncoding,
    by_beginning,
    decoded,
    fitting,
    resumed,
)
from qc.documents.document import Document, KeysMet, Problem
from qc.documents.jsons import read_json
from qc.documents.limits import too_large
from qc.documents.locate import locate
from qc.documents.pointers import pointer

#: Keys that lead to a list.
Where = tuple[str, ...]
#: Lines and columns of those of some pointers that lead into a part of a document.
Locate = Callable[[Collection[str]], Mapping[str, tuple[int | None, int | None]]]

#: Bytes of a piece, and opening brackets in it, about: it is parsed at once.
PIECE, BRACKETS = 2 << 20, 1 << 16
#: The shell is held in memory and gone through again with every few pieces: so large it may be, bytes.
LARGEST_SHELL = 16 << 20
#: A member may be as large as this, bytes.
LARGEST_MEMBER = 64 << 20
#: Without a schema to say which lists matter, those that so many keys lead to are taken.
_KEYS = 2

_TOKEN = re.compile(rb'("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|["\[\]{}]', re.DOTALL)
_BLANK = b" \t\n\r"
_QUOTE, _ESCAPE, _COMMA, _CLOSE = b'"\\,]'
#: By this bit ``[`` and ``]`` become ``{`` and ``}``.
_CASE, _OPENS, _CLOSES = 0x20, 0x7B, 0x7D

#: Problems inside strings, told of a text as a whole: the first place, and how many there are.
IN_STRINGS = frozenset({"control-character", "lone-surrogate"})

_grammar = msgspec.json.Decoder(list[msgspec.Raw])


class TooLargeError(Exception):
    """A document cannot be read in pieces: its shell, or one member of a list, is too large by itself."""


class ChangedError(Exception):
    """A document is another one than when its reading began."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive members of the list at ``where``, the first of them its number ``first``.

    ``problems`` have the pointers and lines of the document, ``locate`` finds those of further places in the
    piece. ``slow`` tells that the fast parser refused; ``size`` is in bytes.
    """

    where: Where
    first: int
    members: list[Any]
    problems: tuple[Problem, ...]
    slow: bool
    size: int
    locate: Locate


@dataclass(frozen=True, slots=True)
class Large:
    """A large document. ``value`` is its shell: the lists at ``counts`` (number of their members) are empty
    in it. ``problems`` are those of the encoding and of the shell.
    """

    value: Any
    counts: Mapping[Where, int]
    encoding: str
    slow: bool
    problems: tuple[Problem, ...]
    #: Places in the shell.
    locate: Locate
    pieces: Callable[[Where, KeysMet | None], Iterator[Piece]]
    """Members of the list at a key of ``counts``, in order. Raises :class:`ChangedError`."""


def read_large(blocks: Blocks, lists: Collection[Where] | None) -> Large | Document:
    """Go through a large document. ``lists`` are those that may be read in pieces; None: any.

    A :class:`Document` if it could not be parsed: its ``problems`` say why. Raises :class:`TooLargeError`,
    and what ``blocks`` raises. Whatever stands in the document, memory stays bounded.
    """
    encoding = by_beginning(blocks)
    try:
        return _read_large(blocks, lists, encoding)
    except NotInEncoding:
        found = fitting(blocks, encoding)
    if isinstance(found, Problem):
        marks = encoding.problems if encoding.mark else ()
        return Document(None, False, None, "slow", (*marks, found))
    return _read_large(blocks, lists, found)


def _read_large(blocks: Blocks, lists: Collection[Where] | None, encoding: Encoding) -> Large | Document:
    everything = decoded(blocks, encoding)
    survey = _Survey(Text(everything), lists)
    broken: list[Problem] = []
    try:
        survey.walk()
    except BrokenError as error:
        broken = error.problems
        deque(everything, maxlen=0)  # what is worse than bad grammar may come further down
    shell = survey.shell
    text = shell.text()
    if too_large(text):
        raise TooLargeError
    document = read_json(text)
    inner = [_placed(p, shell.of) for p in document.problems]
    if broken and all(p.detail == "end-of-data" or p.detail in IN_STRINGS for p in inner):
        inner = broken  # else the shell broke before
    told = tuple(sorted((*encoding.problems, *inner), key=_order))
    if broken or not document.parsed:
        return Document(None, False, encoding.name, "slow", told)
    value = [document.value]
    kept: dict[Where, list[Any]] = {}
    for where in lists or ():
        holder, key = _holder(value, where)
        if holder is not None and type(holder[key]) is list and where not in survey.lists:
            kept[where], holder[key] = holder[key], []
    counts = {where: len(members) for where, members in kept.items()}
    counts |= {where: found.count for where, found in survey.lists.items()}
    place = partial(_located, text, shell.of)

    def pieces(where: Where, keys_met: KeysMet | None) -> Iterator[Piece]:
        found = survey.lists.get(where)
        if found is None:
            yield Piece(where, 0, kept[where], (), False, 0, place)
        else:
            yield from _pieces(blocks, encoding, where, found, keys_met)

    return Large(value[0], counts, encoding.name, document.lane == "slow", told, place, pieces)


def _order(problem: Problem) -> tuple[Any, ...]:
    return problem.line or 0, problem.col or 0, problem.keyword, problem.pointer


def _holder(value: Any, where: Where) -> tuple[Any, Any]:
    """What holds the value at ``where`` (``value`` holds the root at 0), and under which key; else None."""
    key: Any = 0
    for step in where:
        value = value[key]
        if type(value) is not dict or step not in value:
            return None, None
        key = step
    return value, key


def _located(
    text: bytes, place: Placing, pointers: Collection[str]
) -> dict[str, tuple[int | None, int | None]]:
    return {one: place(*at) for one, at in locate(text.decode("utf-8"), pointers).items()}


Placing = Callable[[int | None, int | None], tuple[int | None, int | None]]


def _placed(problem: Problem, place: Placing, prefix: str | None = None, first: int = 0) -> Problem:
    """A problem of a part as one of the document: of members, they stand at ``prefix``, from ``first`` on."""
    line, col = place(problem.line, problem.col)
    if prefix is None or not problem.pointer:
        return replace(problem, line=line, col=col)
    index, slash, rest = problem.pointer[1:].partition("/")
    return replace(problem, pointer=f"{prefix}/{int(index) + first}{slash}{rest}", line=line, col=col)


# --- the text -------------------------------------------------------------------------------------


class Text:
    """A text that comes in blocks: ``data`` is what is there of it, from ``offset`` (bytes) and ``at`` on."""

    def __init__(self, blocks: Iterator[bytes], offset: int = 0, at: At = START) -> None:
        self._blocks = blocks
        self.data = b""
        self.offset, self.at = offset, at
        self.ended = False

    def fill(self, count: int) -> None:
        """Have ``count`` bytes, or all that are left."""
        parts, size = [self.data], len(self.data)
        while size < count and not self.ended:
            block = next(self._blocks, None)
            if block is None:
                self.ended = True
            else:
                parts.append(block)
                size += len(block)
        if len(parts) > 1:
            self.data = b"".join(parts)

    def drop(self, count: int) -> bytes:
        """Go on by ``count`` bytes, which are given back."""
        gone = self.data[:count]
        self.data = self.data[count:]
        self.offset += count
        self.at = self.at.after(gone)
        return gone

    def pass_over(self, count: int) -> None:
        """Go on by ``count`` bytes; on which line and column does not matter any more."""
        self.data = self.data[count:]
        self.offset += count

    def blank(self) -> bytes:
        """Go on over blanks, which are given back, to the next sign or the end."""
        gone = []
        while True:
            end = len(self.data) - len(self.data.lstrip(_BLANK))
            gone.append(self.drop(end))
            if self.data or self.ended:
                return b"".join(gone)
            self.fill(1)


class BrokenError(Exception):
    """What was met is no JSON; ``problems`` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def _broken(lead: bytes, data: bytes, at: At) -> BrokenError:
    """``data`` does not go on as it must after ``lead``, which was put before it."""
    # Cut to whole characters: it is only a part of the text.
    document = read_json((lead + data).decode("utf-8", "ignore").encode("utf-8"))
    place = At(at.line, at.col - len(lead)).of
    return BrokenError([_placed(p, place) for p in document.problems])


# --- the shell ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _List:
    """A list that was left out of the shell: where its members begin, and how many there are."""

    offset: int
    at: At
    count: int


@dataclass(slots=True)
class Shell:
    """The text without the members of long lists; ``cuts`` lead from places in it to those in the document.

    Raises :class:`TooLargeError` when it becomes too long.
    """

    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    cuts: list[tuple[At, At]] = field(default_factory=list)
    _at: At = START
    _placed: int = 0

    def add(self, data: bytes) -> None:
        """The text goes on."""
        self.parts.append(data)
        self.size += len(data)
        if self.size > LARGEST_SHELL:
            raise TooLargeError

    def cut(self, at: At) -> None:
        """What comes next stands at ``at`` in the document."""
        self._at = self._at.after(b"".join(self.parts[self._placed :]))
        self._placed = len(self.parts)
        self.cuts.append((self._at, at))

    def text(self) -> bytes:
        """The text so far."""
        return b"".join(self.parts)

    def of(self, line: int | None, col: int | None) -> tuple[int | None, int | None]:
        """The place in the document of a place in the shell."""
        if line is None:
            return None, None
        here = At(line, col or 1)
        for own, true in reversed(self.cuts):
            if own <= here:
                same = line == own.line
                return true.line + line - own.line, (col and true.col + col - own.col) if same else col
        return line, col


class _Survey:
    """Goes through a document: ``shell`` is what it holds besides ``lists``."""

    def __init__(self, text: Text, wanted: Collection[Where] | None) -> None:
        self.text, self.wanted = text, wanted
        self.shell = Shell()
        self.lists: dict[Where, _List] = {}
        #: The key that was met last of each object that is open, None for a list.
        self._open: list[str | None] = []

    def walk(self) -> None:
        """Go to the end. Raises :class:`BrokenError` for what is no JSON outside of the shell."""
        text = self.text
        text.fill(1)
        at = 0
        while True:
            match = _TOKEN.search(text.data, at)
            cut_off = match is None or match.end() == len(text.data) or match[0] == b'"'
            if cut_off and not text.ended:
                # A string may go on, or a colon follow.
                at = match.start() if match is not None else len(text.data)
                self.shell.add(text.drop(at))
                text.fill(len(text.data) + 1)
                at = 0
                if self.shell.size + len(text.data) > LARGEST_SHELL + LARGEST_MEMBER:
                    raise TooLargeError
                continue
            if match is None:
                break
            at = match.end()
            if self._token(match):
                self.shell.add(text.drop(at))
                self._list(tuple(key for key in self._open if key is not None))
                self._open.append(None)  # its closing bracket comes next
                at = 0
        self.shell.add(text.drop(len(text.data)))

    def _token(self, match: re.Match[bytes]) -> bool:
        """Whether a list begins that may be read in pieces."""
        sign, opened = match[0][:1], self._open
        if sign == b'"':
            if match[2] and opened and None not in opened:
                opened[-1] = _string(match[1])
                # What stood here before is not there any more: the last of equal keys counts.
                here = tuple(key or "" for key in opened)
                for where in [one for one in self.lists if one[: len(here)] == here]:
                    del self.lists[where]
        elif sign == b"{":
            opened.append("")
        elif sign == b"[":
            where = tuple(key for key in opened if key is not None)
            if len(where) == len(opened) and self._is_wanted(where):
                return True
            opened.append(None)
        elif opened:
            opened.pop()
        return False

    def _is_wanted(self, where: Where) -> bool:
        return len(where) <= _KEYS if self.wanted is None else where in self.wanted

    def _list(self, where: Where) -> None:
        """Go through a list; one of a single piece stays in the shell."""
        text = self.text
        offset, at, count = text.offset, text.at, 0
        for raw in _raw_pieces(text):
            if raw.last and not count:
                self.shell.add(raw.data)
                return
            count += _members_in(raw, text)
        self.shell.cut(text.at)
        self.lists[where] = _List(offset, at, count)


def _string(raw: bytes) -> str:
    try:
        return str(json.loads(raw.decode("utf-8", "replace"), strict=False))
    except ValueError:  # the shell's reader will say so
        return ""


def _members_in(raw: _Raw, text: Text) -> int:
    """How many members a piece has, ``text`` going on behind it. Raises :class:`BrokenError`."""
    wrapped = b"[%b]" % raw.data
    try:
        return len(_grammar.decode(wrapped))
    except (msgspec.DecodeError, RecursionError):
        document = read_json(wrapped)
    if not document.parsed:
        raise _broken(b"[", raw.data + text.data[:PIECE], raw.at)
    return len(document.value)


# --- lists ----------------------------------------------------------------------------------------


class _Raw(NamedTuple):
    """Members of a list as they are written, with what stands between them; the last piece of it?"""

    data: bytes
    at: At
    last: bool

    @property
    def place(self) -> Placing:
        """From places in the piece as a list, in brackets, to places in the document."""
        return At(self.at.line, self.at.col - 1).of


def _pieces(
    blocks: Blocks, encoding: Encoding, where: Where, found: _List, keys_met: KeysMet | None
) -> Iterator[Piece]:
    """Members of a list that was met before."""
    first, prefix = 0, pointer(where)
    text = Text(resumed(blocks, encoding, found.offset), found.offset, found.at)
    try:
        for raw in _raw_pieces(text):
            wrapped = b"[%b]" % raw.data
            document = read_json(wrapped, keys_met)
            if not document.parsed:
                break
            problems = tuple(_placed(p, raw.place, prefix, first) for p in document.problems)
            inner = partial(_located_in, wrapped, raw.place, prefix, first, len(document.value))
            slow = document.lane == "slow"
            yield Piece(where, first, document.value, problems, slow, len(raw.data), inner)
            first += len(document.value)
    except (BrokenError, NotInEncoding) as error:
        raise ChangedError from error
    if first != found.count:
        raise ChangedError


def _located_in(
    text: bytes, place: Placing, prefix: str, first: int, count: int, pointers: Collection[str]
) -> dict[str, tuple[int | None, int | None]]:
    """Places of those pointers that lead to one of ``count`` members."""
    inner = members_at(prefix, "", first, count, pointers)
    return {inner[own]: at for own, at in _located(text, place, inner).items()} if inner else {}


def members_at(prefix: str, own: str, first: int, count: int, pointers: Collection[str]) -> dict[str, str]:
    """Those of ``pointers`` that lead to one of ``count`` members, from ``first`` on, of the list at
    ``prefix``, by the pointers to them in a part of it, where the list stands at ``own``."""
    inner: dict[str, str] = {}
    for one in pointers:
        start, slash, rest = one[len(prefix) + 1 :].partition("/")
        if one.startswith(f"{prefix}/") and start.isdecimal() and 0 <= int(start) - first < count:
            inner[f"{own}/{int(start) - first}{slash}{rest}"] = one
    return inner


def _raw_pieces(text: Text) -> Iterator[_Raw]:
    """The pieces of the list whose members begin where ``text`` stands; at last it stands at the list's end.

    Raises :class:`BrokenError` where the list does not go on, and :class:`TooLargeError`.
    """
    lead = b"["
    window = PIECE
    while True:
        text.fill(window)
        cut = _cut(text.data[:window])
        if cut is None:
            if len(text.data) <= window and text.ended:
                raise _broken(lead, text.data, text.at)
            window *= 2
            if window > LARGEST_MEMBER:
                raise TooLargeError
            continue
        end, closed = cut
        at = text.at
        if closed and text.data[end] != _CLOSE:
            raise _broken(lead, text.data[: end + 1], at)
        data = text.drop(end) + text.blank()
        if too_large(data):
            raise TooLargeError
        sign = text.data[:1]
        if not data.strip() and (lead != b"[" or sign != b"]"):  # a comma, and nothing beside it
            raise _broken(lead, data + text.data[:PIECE], at)
        yield _Raw(data, at, sign == b"]")
        if sign == b"]":
            return
        if sign != b",":
            raise _broken(b"[null", text.data[:PIECE], text.at)
        text.drop(1)
        lead, window = b"[null,", PIECE


def _cut(data: bytes) -> tuple[int, bool] | None:
    """Where a piece of a list may end, and whether the list ends there; None if no member ends in ``data``,
    which begins outside of strings and between members."""
    signs = np.frombuffer(data, np.uint8)
    quotes = _quotes(data, signs)
    folded = signs | _CASE
    brackets = np.flatnonzero((folded == _OPENS) | (folded == _CLOSES))
    brackets = brackets[np.searchsorted(quotes, brackets) & 1 == 0]
    steps = np.int32(_OPENS + 1) - folded[brackets]
    depths = np.cumsum(steps, dtype=np.int32)
    below = np.flatnonzero(depths < 0)
    last = int(below[0]) if len(below) else len(brackets)
    opened = np.cumsum(steps[:last] > 0)
    if len(below) and (not last or int(opened[-1]) <= BRACKETS):
        return int(brackets[last]), True
    ends = np.flatnonzero(depths[:last] == 0)
    ends = ends[steps[ends] < 0]
    few = np.searchsorted(opened[ends], BRACKETS, side="right")
    if len(ends):
        return int(brackets[ends[max(0, int(few) - 1)]]) + 1, False
    commas = _commas(signs, quotes, brackets, depths)
    if len(commas):
        return int(commas[-1]), False
    return None if not len(below) else (int(brackets[last]), True)


def _quotes(data: bytes, signs: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Where strings begin and end, by turns."""
    quotes = np.flatnonzero(signs == _QUOTE)
    if b"\\" not in data:
        return quotes
    escapes = np.flatnonzero(signs == _ESCAPE)
    begins = np.flatnonzero(np.diff(escapes, prepend=-2) != 1)
    lengths = np.diff(begins, append=len(escapes))
    behind = (escapes[begins] + lengths)[lengths & 1 == 1]
    return quotes[np.isin(quotes, behind, assume_unique=True, invert=True)]


def _commas(
    signs: npt.NDArray[np.uint8],
    quotes: npt.NDArray[np.int64],
    brackets: npt.NDArray[np.int64],
    depths: npt.NDArray[np.int32],
) -> npt.NDArray[np.int64]:
    """Commas between members."""
    commas = np.flatnonzero(signs == _COMMA)
    commas = commas[np.searchsorted(quotes, commas) & 1 == 0]
    around = np.concatenate((np.zeros(1, np.int32), depths))[np.searchsorted(brackets, commas)]
    outside: npt.NDArray[np.int64] = commas[around == 0]
    return outside
