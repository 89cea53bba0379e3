"""XML to a JSON-like value, safely: no entities but the five of XML itself, nothing from elsewhere.

The value is ``{name of the root: element}``. An element is an object: ``@name`` for attributes, the names of
its children (a list if a name comes more than once), ``#text`` for text beside attributes or children. An
element of text alone is that text, an empty one ``""``. Names keep their prefixes, as written.

Two lanes: where the text declares nothing, the standard library's tree builder (fast); else, or where that
one refuses, expat with handlers of ours, which refuse what is not safe and know the lines.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat

from qc.documents.document import Document, Problem
from qc.documents.options import Options
from qc.documents.text import decode
from qc.documents.wanted import Places, Wanted, tree

#: Levels of nesting that are read.
MAX_DEPTH = 200

TEXT = "#text"
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']""")
#: What only the slow lane reads rightly: document types, entities, and prefixes that stand for something.
_SLOW = re.compile(r"<!DOCTYPE|xmlns")
#: Names by which Windows and old programs call what Python calls cp949, a superset of euc-kr.
_KOREAN = frozenset(
    {"euc-kr", "euckr", "euc_kr", "ks_c_5601-1987", "ksc5601", "ksc_5601", "ks_c_5601", "ms949"}
    | {"windows-949", "cp949", "uhc", "x-windows-949"}
)
#: Encodings that a document may name, by the names that Python gives them; of others it is found out.
_NAMED = re.compile(
    r"ascii|cp949|johab|euc_jp|shift_jis|gb2312|gbk|gb18030|big5|koi8-[ru]|iso8859-\d+|cp125\d"
)


def read_xml(data: bytes, options: Options) -> Document:  # noqa: ARG001 - of the form of a reader
    """Read one XML document. Never raises; what is wrong is in ``problems``, in order of place.

    Not parsed: empty, ill-formed, or with entities of its own (``entity``); a document type without any is
    passed over. Comments and processing instructions are no data.
    """
    text, encoding, problems = _decoded(data)
    if text is None:
        return Document(None, False, None, "slow", problems)
    if not text.strip():
        return Document(None, False, encoding, "slow", (*problems, Problem("empty", line=1, col=1)))
    plain = text.encode("utf-8", "replace")
    slow = bool(problems) or _SLOW.search(text) is not None
    if not slow:
        try:
            root = _tree(plain)
            return Document({root.tag: _value(root, MAX_DEPTH)}, True, encoding, "fast", ())
        except (ParseError, _TooDeep):
            pass
    reader = _Reader()
    reader.read(plain)
    found = reader.problem
    if found is None and not slow:  # the fast lane minds a prefix that stands for nothing; so do most readers
        found = Problem("syntax", "", 1, 1, detail="xml-unbound-prefix")
    told = (*problems, found) if found is not None else problems
    return Document(reader.value, reader.parsed, encoding, "slow" if told else "fast", told)


def locate_xml(
    data: bytes,
    pointers: Collection[str],
    options: Options,  # noqa: ARG001 - of the form of a locator
) -> Places:
    """Line and column of the elements at pointers (of an attribute or a text: of its element)."""
    text, _, _ = _decoded(data)
    places: Places = {pointer: (1, 1) for pointer in pointers if not pointer}
    if text is not None:
        reader = _Reader(tree(pointers))
        reader.read(text.encode("utf-8", "replace"))
        places.update(reader.places)
    return places


def _decoded(data: bytes) -> tuple[str | None, str | None, tuple[Problem, ...]]:
    """The text in the encoding that the document names, or, if it is in another one, in that.

    An encoding that is named is no fault, nor is a byte order mark (XML 1.0 §4.3.3).
    """
    codec = declared(data)
    if codec is not None and is_named(codec):
        try:
            return data.decode(codec), codec, ()
        except UnicodeDecodeError:
            pass
    text, encoding, problems = decode(data)
    return text, encoding, told_of(data, encoding, problems)


def declared(data: bytes) -> str | None:
    """The encoding that a document names at its beginning, as Python calls it; None if there is no such."""
    match = _DECLARED.match(data)
    return _codec(match[1].decode("ascii")) if match else "utf-8"


def undeclared(data: bytes) -> bytes:
    """A text in UTF-8, of which the document may have named another encoding: no longer does it."""
    match = _DECLARED.match(data)
    if match is None:
        return data
    start, stop = match.span(1)
    return b"".join((data[:start], b"utf-8", data[stop : stop + 1].ljust(stop - start - 4), data[stop + 1 :]))


def is_named(codec: str | None) -> bool:
    """Whether a document that names this encoding is read in it; others are found out."""
    return codec is not None and _NAMED.fullmatch(codec) is not None


def told_of(data: bytes, encoding: str | None, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """What is to be told of the ``encoding`` that was found for a document that begins with ``data``."""
    codec = declared(data)
    told = tuple(problem for problem in problems if problem.keyword != "bom")
    if encoding in ("utf-8", "utf-8-sig") and not told and codec != "utf-8":
        found = '{"encoding": "utf-8"}'
        return (Problem("encoding", "", 1, 1, f'"{codec}"' if codec else None, found, "declared"),)
    return () if encoding is not None and data.startswith((b"\xff\xfe", b"\xfe\xff")) else told


def _codec(name: str) -> str | None:
    """Python's name of an encoding; None if there is no such."""
    if name.lower() in _KOREAN:
        return "cp949"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


class _TooDeep(Exception):  # noqa: N818 - never leaves this module
    pass


def _tree(data: bytes) -> Element:
    # Of a str the parser would believe the declaration, which speaks of the bytes as they were.
    parser = XMLParser(encoding="utf-8")
    parser.feed(data)
    root: Element = parser.close()
    return root


def _value(element: Element, left: int) -> Any:
    """An element as a JSON-like value; ``left`` more levels are read."""
    text, attributes = element.text, element.attrib
    if not len(element):
        if not attributes:
            return "" if text is None or text.isspace() else text
        made: dict[str, Any] = {f"@{name}": value for name, value in attributes.items()}
        if text is not None and not text.isspace():
            made[TEXT] = text
        return made
    if not left:
        raise _TooDeep
    made = {f"@{name}": value for name, value in attributes.items()} if attributes else {}
    has_text = text is not None and not text.isspace()
    for child in element:
        name = child.tag
        value = _value(child, left - 1)
        if name not in made:
            made[name] = value
        else:
            _again(made, name, value)
        if child.tail is not None and not child.tail.isspace():
            has_text = True
    if has_text:
        made[TEXT] = "".join([text or "", *(child.tail or "" for child in element)]).strip()
    return made


def _again(made: dict[str, Any], name: str, value: Any) -> None:
    """One more child of a name; a value is no list itself."""
    before = made[name]
    if type(before) is list:
        before.append(value)
    else:
        made[name] = [before, value]


@dataclass(slots=True)
class _Open:
    """An element that is being read: what it holds so far, its pieces of text, what is wanted of it."""

    name: str
    made: dict[str, Any]
    texts: list[str]
    wanted: list[Wanted]
    counts: dict[str, int] = field(default_factory=dict)
    children: bool = False


class _Refused(Exception):  # noqa: N818 - never leaves this module
    pass


class _Reader:
    """Reads with expat. ``wanted`` are the elements whose ``places`` are to be found."""

    def __init__(self, wanted: Wanted | None = None) -> None:
        self.value: Any = None
        self.parsed = False
        self.problem: Problem | None = None
        self.places: Places = {}
        self._stack = [_Open("", {}, [], [wanted] if wanted else [])]
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.specified_attributes = True  # defaults that a document type gives are not read
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._entity
        parser.ExternalEntityRefHandler = self._entity

    def read(self, data: bytes) -> None:
        """Read a document in UTF-8; ``value``, ``parsed`` and ``problem`` tell how it went."""
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            self.problem = broken(error)
        except _Refused:
            pass
        else:
            self.value, self.parsed = self._stack[0].made, True

    def _at(self) -> tuple[int, int]:
        return self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        around = self._stack[-1]
        around.children = True
        if len(self._stack) > MAX_DEPTH + 1:
            line, col = self._at()
            found = f'{{"depth": {MAX_DEPTH + 1}}}'
            self.problem = Problem("depth", "", line, col, str(MAX_DEPTH), found)
            raise _Refused
        wanted: list[Wanted] = []
        if around.wanted:
            number = around.counts.get(name, 0)
            around.counts[name] = number + 1
            for node in around.wanted:
                # Alone it may be a list of one all the same: what its schema says is not known here.
                same = node.inner.get(name)
                if same is not None:
                    wanted += [same] if not number else []
                    wanted += [same.inner[str(number)]] if str(number) in same.inner else []
            self._found(wanted)
        made: dict[str, Any] = {f"@{key}": value for key, value in attributes.items()}
        self._stack.append(_Open(name, made, [], wanted))

    def _found(self, wanted: list[Wanted]) -> None:
        """The element that starts here is what ``wanted`` lead to; so are its attributes and its text."""
        here = self._at()
        for node in wanted:
            own = [inner for key, inner in node.inner.items() if key.startswith(("@", "#"))]
            for one in (node, *own):
                for pointer in one.pointers:
                    self.places.setdefault(pointer, here)

    def _end(self, _: str) -> None:
        closed = self._stack.pop()
        text = "".join(closed.texts)
        value: Any = closed.made
        if not value and not closed.children:
            value = "" if text.isspace() else text
        elif text and not text.isspace():
            value[TEXT] = text.strip() if closed.children else text
        around = self._stack[-1].made
        if closed.name in around:
            _again(around, closed.name, value)
        else:
            around[closed.name] = value

    def _text(self, text: str) -> None:
        self._stack[-1].texts.append(text)

    def _entity(self, *_: Any) -> int:
        line, col = self._at()
        self.problem = Problem("entity", "", line, col)
        raise _Refused


def broken(error: expat.ExpatError) -> Problem:
    """What expat found wrong with a text."""
    return Problem("syntax", "", error.lineno, error.offset + 1, detail=_HOW.get(error.code, "xml"))


#: How a text breaks the grammar, by expat's codes; of the others no more can be said.
_HOW = {
    expat.errors.codes[message]: detail
    for message, detail in {
        expat.errors.XML_ERROR_NO_ELEMENTS: "xml-end-of-data",
        expat.errors.XML_ERROR_UNCLOSED_TOKEN: "xml-end-of-data",
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION: "xml-end-of-data",
        expat.errors.XML_ERROR_TAG_MISMATCH: "xml-mismatched-tag",
        expat.errors.XML_ERROR_INVALID_TOKEN: "xml-unescaped",
        expat.errors.XML_ERROR_UNDEFINED_ENTITY: "xml-unescaped",
        expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "xml-trailing-data",
    }.items()
}
