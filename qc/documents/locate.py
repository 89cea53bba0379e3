"""Where in the text a value stands: line and column for the pointers of faulty places.

Used only for documents in which something is wrong, so it may cost what parsing costs, but not
more: what no pointer leads into is skipped with one regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from qc.documents.wanted import Wanted, tree

#: A JSON string, escapes and all; with ``re.DOTALL``.
STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'

_STRING = re.compile(STRING, re.DOTALL)
_SCALAR = re.compile(r'[^\s,:"{}\[\]]+')
_BLANK = re.compile(r"\s*")
_AFTER_KEY = re.compile(r"\s*:\s*")
#: A whole string, or one bracket: all that matters when a value is skipped.
_NESTING = re.compile(rf"{STRING}|[\[{{]|([\]}}])", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def locate(text: str, pointers: Collection[str]) -> dict[str, tuple[int, int]]:
    """Line and column (from 1, columns in characters) of the value at each pointer.

    A pointer that leads nowhere is left out. Of a key that stands twice, the later value counts,
    as parsers do. Nothing raises: in text that is no JSON, what stands before the fault is found.
    """
    offsets = _offsets(text, tree(pointers))
    places: dict[str, tuple[int, int]] = {}
    line, seen = 1, 0
    for pointer, offset in sorted(offsets.items(), key=lambda item: item[1]):
        line += text.count("\n", seen, offset)
        seen = offset
        places[pointer] = (line, offset - text.rfind("\n", 0, offset))
    return places


@dataclass(slots=True)
class _Open:
    """A container that is being walked: its wanted node, the next index (-1 for an object)."""

    wanted: Wanted
    index: int
    seen: set[str] = field(default_factory=set)


def _offsets(text: str, root: Wanted) -> dict[str, int]:
    """Offset of the value at each wanted pointer that the text has."""
    found: dict[str, int] = {}
    stack: list[_Open] = []
    value: tuple[int, Wanted | None] | None = (_blank(text, 0), root)
    while value is not None:
        at, wanted = value
        end = -1
        if wanted is not None:
            found.update(dict.fromkeys(wanted.pointers, at))
            if wanted.inner and text[at : at + 1] in ("{", "["):
                stack.append(_Open(wanted, -1 if text[at] == "{" else 0))
                end = at + 1
        if end < 0:
            end = _skip(text, at)
        value = _next(text, end, stack, found) if end >= 0 else None
    return found


def _next(text: str, end: int, stack: list[_Open], found: dict[str, int]) -> tuple[int, Wanted | None] | None:
    """The value after offset ``end``, out of what closes there: its offset, its node if wanted."""
    at = _blank(text, end)
    while stack and text[at : at + 1] in ("}", "]"):
        stack.pop()
        at = _blank(text, at + 1)
    if not stack:
        return None
    if text[at : at + 1] == ",":
        at = _blank(text, at + 1)
    top = stack[-1]
    if top.index >= 0:
        top.index += 1
        return at, top.wanted.inner.get(str(top.index - 1))
    key = _STRING.match(text, at)
    colon = _AFTER_KEY.match(text, key.end()) if key else None
    if key is None or colon is None:
        return None
    name = _unescaped(key.group()[1:-1])
    wanted = top.wanted.inner.get(name)
    if wanted is not None and name in top.seen:
        for pointer in wanted.below():
            found.pop(pointer, None)
    top.seen.add(name)
    return colon.end(), wanted


def _blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _skip(text: str, at: int) -> int:
    """End of the value at ``at``; -1 when the text ends or breaks before."""
    first = text[at : at + 1]
    if not first or first not in "{[":
        match = (_STRING if first == '"' else _SCALAR).match(text, at)
        return match.end() if match else -1
    depth = 0
    for match in _NESTING.finditer(text, at):
        if match.group(1):
            depth -= 1
            if not depth:
                return match.end()
        elif text[match.start()] != '"':
            depth += 1
    return -1


def _unescaped(body: str) -> str:
    if "\\" not in body:
        return body
    text = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _SHORT.get(m[2], m[2]), body)
    # Two escapes of a pair are one character; what stays alone is U+FFFD, as the reader has it.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
