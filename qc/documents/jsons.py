"""Bytes to a JSON document: a fast lane, and a slow lane for what the fast one refuses or hides.

orjson is fast and strict. It refuses a whole file for one ``NaN``, a byte order mark or a lone
surrogate, and it silently merges keys that stand twice. For an inspection both are wrong: the
record is wanted *and* the fault. So a cheap proof shows that no key was merged, and where orjson
refuses or the proof fails, the standard library's parser reads the text and the faults get places.

Integers beyond 64 bits are read as floats in both lanes, as orjson does.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson

from qc.documents.document import Document, KeysMet, Problem
from qc.documents.locate import STRING, locate
from qc.documents.numbers import integer
from qc.documents.pointers import token
from qc.documents.text import decode, place

#: Levels of nesting that the slow lane reads; deeper ones would meet Python's recursion limit.
MAX_DEPTH = 500

_KEY_END = re.compile(rb'"\s*:')
_STRING_THEN = re.compile(rf"{STRING}(\s*:)?".encode(), re.DOTALL)
#: A string, the last one perhaps without its end, or one bracket.
_TOKEN = re.compile(rf"{STRING}?|[\[{{]|([\]}}])", re.DOTALL)
_DIGITS = re.compile(r"-?\d")
_CONTROL = re.compile(r"[\x00-\x1f]")
_HIGH_LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPES = re.compile(rf"({_HIGH_LOW})|(\\u[dD][89a-fA-F][0-9a-fA-F]{{2}})|\\.", re.DOTALL)


def read_json(data: bytes, keys_met: KeysMet | None = None) -> Document:
    """Read one JSON document. Never raises; what is wrong is in ``problems``, in order of place.

    Whoever walks the value anyway may say with ``keys_met`` how many keys were met in it. If they are all
    that the text has, none was merged, and no other walk is needed to prove it. It may be asked of a value
    that is then replaced, because a key of it was merged.

    Read in spite of a problem: byte order mark, CP949, UTF-16, broken UTF-8 bytes (as U+FFFD),
    ``NaN``/``Infinity``, ``1e999`` (as non-finite floats), keys that stand twice (the last wins),
    raw control characters in strings, lone surrogates (as U+FFFD). Not parsed: empty, truncated
    or ungrammatical text, no known encoding, too deep.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _slow(data)
    proven = keys_met is not None and are_all_keys(data, keys_met(value))
    if proven or keys_survive(data, value):
        return Document(value, True, "utf-8", "fast")
    return _slow(data)


def are_all_keys(data: bytes, keys: int) -> bool:
    """Whether the text ``data`` (valid UTF-8 JSON) has no more than ``keys`` keys; False if not sure.

    A text has no more keys than colons, nor than string ends before a colon; strings may add to both.
    """
    return keys == data.count(b":") or keys == len(_KEY_END.findall(data))


def keys_survive(data: bytes, value: Any) -> bool:
    """Whether ``value`` has as many keys as its text ``data`` (valid UTF-8 JSON): none was merged.

    Lists of numbers are the bulk of label files, so they are not walked: a list whose first leaf is
    no object is passed over. If as many objects were met as the text has ``{``, none was passed over,
    since the text can only have more (in strings, in merged values); likewise for keys and ``:``.
    Where strings spoil these counts, an exact one decides.
    """
    objects = keys = 0
    nodes = [value] if type(value) is dict or type(value) is list else []
    for node in nodes:  # grows while it is walked
        if type(node) is dict:
            objects += 1
            keys += len(node)
            children: Any = node.values()
        else:
            children = node
        for child in children:
            if type(child) is dict:
                nodes.append(child)
            elif type(child) is list and child:
                leaf = child[0]
                while type(leaf) is list and leaf:
                    leaf = leaf[0]
                if type(leaf) is dict:
                    nodes.append(child)
    if objects == data.count(b"{") and are_all_keys(data, keys):
        return True
    return _keys_in(value) == sum(1 for match in _STRING_THEN.finditer(data) if match.group(1))


def _keys_in(value: Any) -> int:
    keys = 0
    nodes = [value]
    for node in nodes:
        if type(node) is dict:
            keys += len(node)
            nodes.extend(child for child in node.values() if type(child) is dict or type(child) is list)
        elif type(node) is list:
            nodes.extend(child for child in node if type(child) is dict or type(child) is list)
    return keys


def _slow(data: bytes) -> Document:
    text, encoding, problems = decode(data)
    if text is None:
        return Document(None, False, None, "slow", problems)
    if not text.strip():
        return Document(None, False, encoding, "slow", (Problem("empty", line=1, col=1),))
    if problems:  # the encoding may be all that orjson minded
        utf8 = text.encode("utf-8", "replace")
        try:
            value = orjson.loads(utf8)
        except orjson.JSONDecodeError:
            pass
        else:
            if keys_survive(utf8, value):
                return Document(value, True, encoding, "fast", problems)
    value, parsed, more = _parse(text)
    ordered = sorted((*problems, *more), key=lambda p: (p.line or 0, p.col or 0, p.keyword, p.pointer))
    return Document(value, parsed, encoding, "slow", tuple(ordered))


def _parse(text: str) -> tuple[Any, bool, list[Problem]]:
    deep = _too_deep(text)
    if deep is not None:
        line, col = place(text, deep)
        found = json.dumps({"depth": MAX_DEPTH + 1})
        return None, False, [Problem("depth", "", line, col, str(MAX_DEPTH), found)]
    problems = _in_strings(text)
    text = _ESCAPES.sub(_paired, text)
    merged: dict[int, tuple[dict[str, Any], dict[str, int]]] = {}

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            counts = Counter(key for key, _ in pairs)
            # The dictionary is kept beside its address, so that the address is not used again.
            merged[id(made)] = (made, {key: n for key, n in counts.items() if n > 1})
        return made

    decoder = json.JSONDecoder(
        object_pairs_hook=members, parse_int=integer, parse_constant=float, strict=False
    )
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        return None, False, [*problems, _syntax(text, error.pos)]
    return value, True, [*problems, *_in_values(text, value, merged)]


def _in_values(
    text: str, value: Any, merged: dict[int, tuple[dict[str, Any], dict[str, int]]]
) -> list[Problem]:
    """Problems that the value shows, with their places: non-finite numbers and merged keys."""
    problems: list[Problem] = []
    nodes: list[tuple[str, Any]] = [("", value)]
    if type(value) is float:
        problems.extend(_not_finite("", value))
    for pointer, node in nodes:
        if type(node) is dict:
            repeated = merged[id(node)][1] if id(node) in merged else {}
            for key, times in repeated.items():
                at, found = f"{pointer}/{token(key)}", json.dumps({"times": times})
                problems.append(Problem("duplicate-key", at, expected="1", found=found, detail=_name(key)))
        elif type(node) is not list:
            continue
        # Only what is a container or faulty gets a pointer: most of a label file is numbers.
        for step, child in node.items() if type(node) is dict else enumerate(node):
            if type(child) is dict or type(child) is list:
                nodes.append((f"{pointer}/{token(step)}", child))
            elif type(child) is float and not math.isfinite(child):
                problems.extend(_not_finite(f"{pointer}/{token(step)}", child))
    places = locate(text, {problem.pointer for problem in problems})
    starts = [0, *(match.end() for match in re.finditer("\n", text))] if problems else []
    placed = []
    for problem in problems:
        line, col = places.get(problem.pointer, (None, None))
        if problem.keyword == "nan" and line and col and _DIGITS.match(text, starts[line - 1] + col - 1):
            # Written in digits: JSON, but no number that anybody has.
            problem = replace(problem, keyword="number-too-large", found=None)  # noqa: PLW2901
        placed.append(replace(problem, line=line, col=col))
    return placed


def _not_finite(pointer: str, number: float) -> Iterator[Problem]:
    if not math.isfinite(number):
        name = "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
        yield Problem("nan", pointer, expected='"number"', found=json.dumps(name))


def _name(key: str) -> str:
    """A key fit for a message: at most 80 characters."""
    return key if len(key) <= 80 else key[:79] + "…"


def _paired(match: re.Match[str]) -> str:
    return "\\ufffd" if match[2] else match[0]


def _in_strings(text: str) -> list[Problem]:
    """Faults inside strings that do not hinder reading: the first place of each kind, and how many."""
    # Backslashes stand in strings only, or the text is no JSON.
    lone = [match.start() for match in _ESCAPES.finditer(text) if match[2]]
    controls: list[int] = []
    for string in _TOKEN.finditer(text):
        start, stop = string.span()
        if text[start] == '"' and _CONTROL.search(text, start, stop):
            controls.extend(match.start() for match in _CONTROL.finditer(text, start, stop))
    problems = []
    for detail, offsets in (("control-character", controls), ("lone-surrogate", lone)):
        if offsets:
            line, col = place(text, offsets[0])
            found = json.dumps({"count": len(offsets)})
            problems.append(Problem("syntax", "", line, col, None, found, detail))
    return problems


def _too_deep(text: str) -> int | None:
    """Offset of the bracket that opens one level too many."""
    depth = 0
    for match in _TOKEN.finditer(text):
        if match.group(1):
            depth -= 1
        elif text[match.start()] != '"':
            depth += 1
            if depth > MAX_DEPTH:
                return match.start()
    return None


def _syntax(text: str, at: int) -> Problem:
    """The problem at offset ``at``, where the parser gave up."""
    detail, at = _how(text, at)
    line, col = place(text, min(at, len(text)))
    return Problem("syntax", "", line, col, None, _sign(text[at : at + 1]), detail)


def _how(text: str, at: int) -> tuple[str, int]:
    # Judged by the characters, not by the parser's message: messages differ between Pythons.
    before = text[:at].rstrip()
    here = text[at:].lstrip()
    at = len(text) - len(here)
    sign = here[:1]
    string = _TOKEN.match(text, at) if sign == '"' else None
    unterminated = string is not None and (len(string[0]) < 2 or string[0][-1] != '"')
    after = here[1:].lstrip()[:1]
    if not here or unterminated:
        detail, at = "end-of-data", len(text)
    elif _is_complete(before):
        detail = "trailing-data"
    elif (sign and sign in "}]" and before.endswith(",")) or (sign == "," and after and after in "}]"):
        detail = "trailing-comma"
    elif sign == "'":
        detail = "single-quote"
    elif sign == "\\" or before.endswith("\\"):
        detail = "bad-escape"
    elif sign == "#" or here.startswith(("//", "/*")):
        detail = "comment"
    elif before and before[-1] in ",:{[" and (sign.isalpha() or sign in "_+.-"):
        detail = "unquoted"
    elif before and before[-1] not in ",:{[" and (sign.isalnum() or sign in '"{[-'):
        detail = "missing-separator"
    else:
        detail = "unexpected"
    return detail, at


def _is_complete(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except ValueError:
        return False
    return True


def _sign(character: str) -> str:
    """The character at a fault, as JSON: itself if it is punctuation, else only its type."""
    if not character:
        return '{"type": "end"}'
    if character.isascii() and character.isprintable() and not character.isalnum():
        return json.dumps(character)
    kind = "letter" if character.isalpha() else "digit" if character.isdigit() else "other"
    return json.dumps({"type": kind})
