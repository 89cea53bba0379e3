"""An XML document that is too large to be read whole: as a shell, and its lists of elements piece by piece.

Lists are children of one element that have the same name (``/annotations/image``). expat goes through the
document once: it proves that it is well-formed and tells where such children begin. What stands besides them
is the shell. Pieces are then cut out of the text and read as :func:`qc.documents.xmls.read_xml` does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape

from qc.documents.blocks import At, Blocks, Encoding, NotInEncoding, by_beginning, decoded, fitting, resumed
from qc.documents.document import Document, Problem
from qc.documents.limits import too_large
from qc.documents.options import Options
from qc.documents.pointers import pointer
from qc.documents.streaming import (
    LARGEST_MEMBER,
    PIECE,
    ChangedError,
    Large,
    Piece,
    Shell,
    Text,
    TooLargeError,
    Where,
    members_at,
)
from qc.documents.xmls import (
    MAX_DEPTH,
    TEXT,
    broken,
    declared,
    is_named,
    locate_xml,
    read_xml,
    told_of,
    undeclared,
)

_OPTIONS = Options("xml")
#: What a piece is put into, to be a document; its name is no element's.
_LEAD, _TRAIL, _NAME = b"<_>", b"</_>", "_"
_COSTS = {b"<": 300}
#: Bytes at the start in which the encoding is named.
_HEAD = 1 << 10
#: Elements of a piece, about.
ELEMENTS = 1 << 16
#: What a part of a document cannot know: the prefixes that its root declares.
_PREFIX = "xml-unbound-prefix"


def read_large_xml(blocks: Blocks, lists: Collection[Where] | None) -> Large | Document:
    """As :func:`qc.documents.streaming.read_large`, of an XML document.

    A list begins with the name of the root. Without ``lists`` the children of the root are.
    """
    head = b""
    for block in blocks(0):
        head += block
        if len(head) >= _HEAD:
            break
    codec = declared(head)
    tried = Encoding(codec, codec) if codec is not None and is_named(codec) else by_beginning(blocks)
    try:
        return _read(blocks, lists, _told(head, tried))
    except NotInEncoding:
        pass
    if tried.codec == codec and codec != "utf-8":
        tried = by_beginning(blocks)
        try:
            return _read(blocks, lists, _told(head, tried))
        except NotInEncoding:
            pass
    found = fitting(blocks, tried)
    if isinstance(found, Problem):
        return Document(None, False, None, "slow", told_of(head, None, (found,)))
    return _read(blocks, lists, _told(head, found))


def _told(head: bytes, encoding: Encoding) -> Encoding:
    if not encoding.problems and is_named(encoding.name):
        return encoding
    return replace(encoding, problems=told_of(head, encoding.name, encoding.problems))


def _read(blocks: Blocks, lists: Collection[Where] | None, encoding: Encoding) -> Large | Document:
    survey = _Survey(lists)
    survey.walk(decoded(blocks, encoding))
    text = undeclared(survey.shell.text())
    if too_large(text, _COSTS):
        raise TooLargeError
    if survey.problem is not None:
        problem = survey.problem if text.strip() else Problem("empty", line=1, col=1)
        return Document(None, False, encoding.name, "slow", (*encoding.problems, problem))
    document = read_xml(text, _OPTIONS)
    # As of a whole document: where something else is wrong, a prefix is not minded.
    minded = not encoding.problems and b"xmlns" not in text
    prefixes = tuple(p for p in document.problems if p.detail == _PREFIX) if minded else ()
    problems = (*encoding.problems, *prefixes)
    survey.prefix_told = bool(prefixes) or not minded
    place = partial(_located, text, survey.shell)

    def pieces(where: Where, keys_met: object) -> Iterator[Piece]:  # noqa: ARG001 - of no use in XML
        return _pieces(blocks, encoding, survey, where)

    value: Any = document.value
    counts = survey.counts.copy()
    for where, count in survey.counts.items():
        members: Any = []
        if lists is None and count == 1:  # no schema says that it is a list
            ((members,),) = (piece.members for piece in pieces(where, None))
            del counts[where]
        value = _with(value, where, members)
    slow = bool(problems) or document.lane == "slow"
    return Large(value, counts, encoding.name, slow, problems, place, pieces)


def _with(value: Any, where: Where, member: Any) -> Any:
    """``value`` with what was cut out of it at ``where``: an element that held it alone is a text now."""
    if not where:
        return member
    made = dict(value) if isinstance(value, dict) else {TEXT: value} if value and value.strip() else {}
    if TEXT in made:
        made[TEXT] = made[TEXT].strip()  # as beside children
    made[where[0]] = _with(made.get(where[0], ""), where[1:], member)
    return made


def _located(
    text: bytes, shell: Shell, pointers: Collection[str]
) -> dict[str, tuple[int | None, int | None]]:
    return {one: shell.of(*at) for one, at in locate_xml(text, pointers, _OPTIONS).items()}


# --- going through --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Part:
    """Where a piece begins and ends (bytes), and the numbers of the next member of each list there."""

    start: int
    at: At
    first: dict[Where, int]
    end: int = -1


class _Refused(Exception):  # noqa: N818 - never leaves this module
    pass


class _Survey:
    """Goes through a document with expat."""

    def __init__(self, lists: Collection[Where] | None) -> None:
        self.shell = Shell()
        self.counts: dict[Where, int] = {}
        self.parts: list[_Part] = []
        self.problem: Problem | None = None
        #: That a prefix stands for nothing was told already, or is not true.
        self.prefix_told = False
        self._lists = None if lists is None else frozenset(lists)
        self._above = {where[:length] for where in lists or () for length in range(1, len(where))}
        self._depth = self._elements = 0
        #: Names of the elements that are open on the way to lists, and ways that were gone before.
        self._way: list[str] = []
        self._gone: set[Where] = set()
        #: Whether the text that comes is that of a piece.
        self._inside = False
        #: Text that was neither put into the shell nor passed over yet, and where it begins.
        self._waiting: list[bytes] = []
        self._offset = self._size = 0
        parser = self._parser = expat.ParserCreate("utf-8")
        parser.specified_attributes = parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._entity
        parser.ExternalEntityRefHandler = self._entity

    def walk(self, blocks: Iterator[bytes]) -> None:
        """Go to the end of the document, of its text too where the grammar breaks."""
        for block in blocks:
            if self.problem is None:
                self._waiting.append(block)
                self._size += len(block)
                self._parse(block, final=False)
                self._flush(self._parser.CurrentByteIndex)
                if self._size > LARGEST_MEMBER:
                    raise TooLargeError
        if self.problem is None:
            self._parse(b"", final=True)
        self._flush(self._offset + self._size)

    def _parse(self, block: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(block, final)
        except expat.ExpatError as error:
            self.problem = broken(error)
        except _Refused:
            pass

    def _flush(self, end: int) -> None:
        """Put the text up to byte ``end`` where it belongs."""
        count = end - self._offset
        if count > 0:
            text = b"".join(self._waiting)
            if not self._inside:
                self.shell.add(text[:count])
            self._waiting = [text[count:]]
            self._offset, self._size = end, self._size - count

    def _start(self, name: str, attributes: object) -> None:  # noqa: ARG002 - of the form of a handler
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH + 1:
            self._refuse("depth", str(MAX_DEPTH), f'{{"depth": {MAX_DEPTH + 1}}}')
        if self._depth != len(self._way) + 1:
            return
        where = (*self._way, name)
        if where in self._lists if self._lists is not None else len(where) == 2:
            self._member(where)
            return
        self._leave()
        if where in self._above or (self._lists is None and len(where) == 1):
            if where in self._gone:
                raise TooLargeError  # the lists are not in one place: what the value is, is not known before
            self._gone.add(where)
            self._way.append(name)

    def _end(self, name: str) -> None:  # noqa: ARG002 - of the form of a handler
        if self._inside and self._depth == len(self._way) + 1:
            self._parser.CharacterDataHandler = self._between
        elif self._way and self._depth == len(self._way):
            self._leave()
            self._way.pop()
        self._depth -= 1

    def _between(self, text: str) -> None:
        """Text between members: it is their parent's, and stays in the shell."""
        if not text.isspace():
            self.shell.add(escape(text).encode("utf-8"))

    def _member(self, where: Where) -> None:
        """A member of a list begins."""
        self._parser.CharacterDataHandler = None
        index = self._parser.CurrentByteIndex
        part = self.parts[-1] if self._inside else None
        if part is None or index - part.start >= PIECE or self._elements > ELEMENTS:
            if part is None:
                self._flush(index)
                self._inside = True
            else:
                part.end = index
            self.parts.append(_Part(index, self._at(), self.counts.copy()))
            self._elements = 0
        self.counts[where] = self.counts.get(where, 0) + 1

    def _leave(self) -> None:
        """What begins or ends here is no member."""
        if self._inside:
            index = self._parser.CurrentByteIndex
            self.parts[-1].end = index
            self._flush(index)
            self._inside = False
            self._parser.CharacterDataHandler = None
            self.shell.cut(self._at())

    def _at(self) -> At:
        return At(self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1)

    def _refuse(self, keyword: str, expected: str | None = None, found: str | None = None) -> NoReturn:
        self.problem = Problem(keyword, "", *self._at(), expected, found)
        raise _Refused

    def _entity(self, *_: object) -> int:
        self._refuse("entity")


# --- pieces ---------------------------------------------------------------------------------------


def _pieces(blocks: Blocks, encoding: Encoding, survey: _Survey, where: Where) -> Iterator[Piece]:
    """Members of one list."""
    parts = survey.parts
    text: Text | None = None
    for number, part in enumerate(parts):
        first = part.first.get(where, 0)
        behind = parts[number + 1].first if number + 1 < len(parts) else survey.counts
        count = behind.get(where, 0) - first
        if not count:
            continue
        if text is None:
            try:
                text = Text(resumed(blocks, encoding, part.start), part.start)
            except NotInEncoding as error:
                raise ChangedError from error
        _skip(text, part.start)
        size = part.end - part.start
        text.fill(size)
        wrapped = _LEAD + text.data[:size] + _TRAIL
        document = read_xml(wrapped, _OPTIONS)
        inner = document.value[_NAME] if document.parsed else None
        members = inner.get(where[-1]) if isinstance(inner, dict) else None
        members = members if type(members) is list else [] if members is None else [members]
        if len(members) != count:
            raise ChangedError
        problems: tuple[Problem, ...] = ()
        if document.problems and not survey.prefix_told:
            survey.prefix_told, problems = True, document.problems
        place = partial(_located_in, wrapped, At(part.at.line, part.at.col - len(_LEAD)), where, first, count)
        yield Piece(where, first, members, problems, bool(problems), size, place)


def _skip(text: Text, offset: int) -> None:
    """Go on to byte ``offset``."""
    while text.offset < offset and not text.ended:
        text.fill(1)
        text.pass_over(min(len(text.data), offset - text.offset))


def _located_in(
    text: bytes, at: At, where: Where, first: int, count: int, pointers: Collection[str]
) -> dict[str, tuple[int | None, int | None]]:
    """Places of those pointers that lead to one of ``count`` members."""
    inner = members_at(pointer(where), pointer((_NAME, where[-1])), first, count, pointers)
    found = locate_xml(text, inner, _OPTIONS) if inner else {}
    return {inner[own]: at.of(*place) for own, place in found.items()}
