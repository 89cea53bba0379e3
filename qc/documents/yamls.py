"""YAML to a JSON-like value, safely: no objects of programs, references bounded, dates stay text.

Scalars mean what they mean to the parsers that data is read with (YAML 1.1: ``no`` is false, ``012`` is ten),
so that a class called ``no`` is seen to be none. Read event by event: nothing here recurses.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from qc.documents.document import Document
from qc.documents.numbers import integer
from qc.documents.options import Options
from qc.documents.pointers import token
from qc.documents.rows import Problems
from qc.documents.text import decode_lines, place
from qc.documents.wanted import Places, Wanted, tree

#: Levels of nesting that are read.
MAX_DEPTH = 200
#: Values that a document may have when its references are followed: so many, and more for each sign of it.
_ALWAYS, _GROWTH = 1_000_000, 4

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_TEXT, _MERGE = f"{_TAG}str", f"{_TAG}merge"
_PLAIN = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
#: What starts a scalar that may be more than a text.
_RESOLVERS: Mapping[str | None, list[tuple[str, re.Pattern[str]]]] = {
    first: [(tag, pattern) for tag, pattern in known if tag != f"{_TAG}timestamp"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_CONSTRUCT = yaml.constructor.SafeConstructor()


def read_yaml(data: bytes, options: Options) -> Document:  # noqa: ARG001 - of the form of a reader
    """Read one YAML document. Never raises; what is wrong is in ``problems``, in order of place.

    Keys become texts, as JSON has them. Of a key that stands twice the last counts. Of several documents in
    one file the first is read. Not parsed: empty, ill-formed, too deep, references without end
    (``alias-bomb``).
    """
    text, encoding, found = decode_lines(data)
    if text is None:
        return Document(None, False, None, "slow", found)
    reader = _Reader(text, Problems(found))
    reader.read()
    told = reader.problems.all()
    return Document(reader.value, reader.parsed, encoding, "slow" if told else "fast", told)


def locate_yaml(
    data: bytes,
    pointers: Collection[str],
    options: Options,  # noqa: ARG001 - of the form of a locator
) -> Places:
    """Line and column of the values at pointers; of what a reference brings, of the reference."""
    text, _, _ = decode_lines(data)
    if text is None:
        return {}
    reader = _Reader(text, Problems(), tree(pointers))
    reader.read()
    return reader.places


class _Refused(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, keyword: str, mark: Any, detail: str | None = None) -> None:
        super().__init__(keyword)
        self.keyword, self.mark, self.detail = keyword, mark, detail


@dataclass(slots=True)
class _Open:
    """A list or an object that is being read."""

    made: Any
    anchor: str | None
    wanted: Wanted | None
    key: str | None = None
    merged: list[Any] = field(default_factory=list)
    merging: bool = False
    twice: dict[str, int] = field(default_factory=dict)
    #: Values inside, references followed; and levels of them.
    weight: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A value that can be referred to; ``height`` 0 is that of one that is still open."""

    value: Any
    weight: int
    height: int


class _Reader:
    def __init__(self, text: str, problems: Problems, wanted: Wanted | None = None) -> None:
        self.text, self.problems, self.wanted = text, problems, wanted
        self.value: Any = None
        self.parsed = False
        self.places: Places = {}
        self._most = _ALWAYS + _GROWTH * len(text)
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}

    def read(self) -> None:
        """Read the text; ``value``, ``parsed`` and ``problems`` tell how it went."""
        try:
            self._read()
        except _Refused as refused:
            mark = refused.mark
            at = (mark.line + 1, mark.column + 1)
            if refused.keyword == "depth":
                self.problems.add("depth", "", *at, MAX_DEPTH, {"depth": MAX_DEPTH + 1})
            else:
                self.problems.add(refused.keyword, "", *at, detail=refused.detail)
        except yaml.reader.ReaderError as error:
            at = place(self.text, min(error.position, len(self.text)))
            self.problems.add("syntax", "", *at, detail="yaml-control-character")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, col = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self.problems.add("syntax", "", line, col, detail=self._how(line, col))

    def _how(self, line: int, col: int) -> str:
        rows = self.text.splitlines()[line - 1 : line]
        return "yaml-tab" if rows and rows[0][:col].strip(" ").startswith("\t") else "yaml"

    def _read(self) -> None:
        loader = _Base(self.text)
        try:
            documents = 0
            while loader.check_event():
                event = loader.get_event()
                match event:
                    case yaml.ScalarEvent():
                        self._scalar(event)
                    case yaml.MappingStartEvent():
                        self._open(event, {})
                    case yaml.SequenceStartEvent():
                        self._open(event, [])
                    case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                        self._close(event)
                    case yaml.AliasEvent():
                        self._alias(event)
                    case yaml.DocumentStartEvent():
                        documents += 1
                        if documents > 1:
                            raise _Refused("syntax", event.start_mark, "yaml-several-documents")
                    case yaml.DocumentEndEvent():
                        self.parsed = True
            if not documents:
                self.problems.add("empty", "", 1, 1)
        finally:
            loader.dispose()

    # --- values -----------------------------------------------------------------------------------

    def _scalar(self, event: Any) -> None:
        text = event.value
        tag = event.tag
        if tag is None or tag == "!":
            tag = _meant(text) if event.implicit[0] and tag is None else _TEXT
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is None and type(top.made) is dict:
            self._key(top, text, tag, event)
            return
        try:
            value = _value(text, tag)
        except ValueError:  # no type of data, or not of the form of its type
            value = text
            self.problems.add("tag", self._pointer(), event.start_mark.line + 1, event.start_mark.column + 1)
        wanted = self._wanted()
        self._found(wanted.pointers if wanted else (), event)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1, 0)
        self._put(value, 1, 0, event)

    def _key(self, top: _Open, text: str, tag: str, event: Any) -> None:
        if tag == _MERGE:
            top.key, top.merging = "", True
            return
        try:
            value = _value(text, tag)
        except ValueError:
            value = text
        key = value if isinstance(value, str) else _as_key(value)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1, 0)
        if key in top.made:
            top.twice[key] = top.twice.get(key, 1) + 1
            mark = event.start_mark
            found = {"times": top.twice[key]}
            at = f"{self._pointer(self._stack[:-1])}/{token(key)}"
            self.problems.add("duplicate-key", at, mark.line + 1, mark.column + 1, 1, found, key)
        top.key = key

    def _open(self, event: Any, made: Any) -> None:
        mark = event.start_mark
        if len(self._stack) >= MAX_DEPTH:
            raise _Refused("depth", mark)
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is None and type(top.made) is dict:
            raise _Refused("syntax", mark, "yaml-key")
        if event.tag not in (None, "!", f"{_TAG}map", f"{_TAG}seq"):
            self.problems.add("tag", self._pointer(), mark.line + 1, mark.column + 1)
        wanted = self._wanted()
        self._found(wanted.pointers if wanted else (), event)
        self._stack.append(_Open(made, event.anchor, wanted))
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(made, 0, 0)

    def _close(self, event: Any) -> None:
        closed = self._stack.pop()
        for merged in closed.merged:
            for key, value in merged.items():
                closed.made.setdefault(key, value)
        if closed.anchor is not None:
            self._anchors[closed.anchor] = _Anchored(closed.made, closed.weight, closed.height)
        self._put(closed.made, closed.weight, closed.height, event)

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            raise _Refused("syntax", event.start_mark, "yaml")
        if not known.weight:
            raise _Refused("alias-bomb", event.start_mark)  # it holds itself
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is None and type(top.made) is dict:
            if isinstance(known.value, dict | list):
                raise _Refused("syntax", event.start_mark, "yaml-key")
            top.key = known.value if isinstance(known.value, str) else _as_key(known.value)
            return
        if len(self._stack) + known.height > MAX_DEPTH + (top is not None and top.merging):
            raise _Refused("depth", event.start_mark)
        wanted = self._wanted()
        self._found(wanted.below() if wanted else (), event)
        self._put(known.value, known.weight, known.height, event)

    def _put(self, value: Any, weight: int, height: int, event: Any) -> None:
        """A value that is complete goes where it belongs."""
        if not self._stack:
            self.value = value
            return
        top = self._stack[-1]
        top.weight += weight
        top.height = max(top.height, height if top.merging else height + 1)
        if top.weight > self._most:
            raise _Refused("alias-bomb", event.start_mark)
        if type(top.made) is list:
            top.made.append(value)
        elif top.merging:
            top.key, top.merging = None, False
            merged = value if isinstance(value, list) else [value]
            if not all(isinstance(one, dict) for one in merged):
                raise _Refused("syntax", event.start_mark, "yaml-merge")
            top.merged += merged
        else:
            top.made[top.key] = value
            top.key = None

    # --- places -----------------------------------------------------------------------------------

    def _step(self, top: _Open) -> str:
        return str(len(top.made)) if type(top.made) is list else top.key or ""

    def _pointer(self, opened: Sequence[_Open] | None = None) -> str:
        """Pointer of the value that comes next in the last of ``opened`` (by default: here)."""
        around = self._stack if opened is None else opened
        return "".join(f"/{token(self._step(one))}" for one in around)

    def _wanted(self) -> Wanted | None:
        """What is wanted of the value that comes next."""
        if not self._stack:
            return self.wanted
        top = self._stack[-1]
        return None if top.wanted is None or top.merging else top.wanted.inner.get(self._step(top))

    def _found(self, pointers: Iterable[str], event: Any) -> None:
        at = (event.start_mark.line + 1, event.start_mark.column + 1)
        for pointer in pointers:
            self.places[pointer] = at


@lru_cache(maxsize=4096)
def _meant(text: str) -> str:
    """The tag of a plain scalar."""
    for tag, pattern in _RESOLVERS.get(text[:1], []):
        if pattern.match(text):
            return tag
    return _TEXT


def _value(text: str, tag: str) -> Any:
    """The value of a scalar; raises ``ValueError`` for one of no type that data has."""
    match tag.removeprefix(_TAG):
        case "str" | "timestamp" | "value" | "merge":
            return text
        case "int" if _PLAIN.fullmatch(text):
            return integer(text)
        case "int":
            number = _CONSTRUCT.construct_yaml_int(yaml.ScalarNode(tag, text))
            return number if -(2**63) <= number < 2**64 else float(number)
        case "float":
            return _CONSTRUCT.construct_yaml_float(yaml.ScalarNode(tag, text))
        case "bool" if text.lower() in yaml.SafeLoader.bool_values:
            return yaml.SafeLoader.bool_values[text.lower()]
        case "null":
            return None
    raise ValueError(tag)


def _as_key(value: Any) -> str:
    """A key that is no text, as JSON writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
