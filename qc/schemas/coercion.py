"""Texts to the types that a schema declares, before documents of formats without types are held against it.

XML, CSV and their like hold texts only. Where the schema says that a number, a boolean or nothing stands
there, and the text has that form, it becomes one; what does not stays a text, and fails as FORMAT. Nothing is
guessed: the forms are those that any parser takes for a number (a sign, digits, a fraction, an exponent;
blanks around), and ``true``, ``false``, ``1`` and ``0`` where a boolean is declared.

Where a text is allowed it stays one, but for an empty text where null is allowed: there is no other way to
write null.

XML knows neither lists nor empty objects: where the schema says array, an element alone becomes a list of
one; where it says object, an element without anything becomes an empty object, and one of text alone an
object with ``#text``.

A function is generated for each schema, as for extraction: a walk over the tree costs ten times as much.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite
from typing import Any, Final

from qc.documents.numbers import integer
from qc.schemas.source import Source
from qc.schemas.tree import Node

Coerce = Callable[[Any], Any]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_FLAGS: Final = {
    "true": True, "True": True, "TRUE": True, "1": True,
    "false": False, "False": False, "FALSE": False, "0": False,
}  # fmt: skip
_NUMBERS = frozenset({"integer", "number"})
#: XML's name for the text of an element beside its attributes.
_TEXT = "#text"


def coercion(tree: Node, *, xml: bool = False) -> Coerce | None:
    """The function that coerces documents of a schema, in place, and returns what became of the document.

    None if nothing can be coerced. It never raises for a document.
    """
    source = _Coercion(xml=xml)
    source.root(tree)
    if not source.lines:
        return None
    space: dict[str, Any] = {**_FUNCTIONS, **source.constants, "listed": _listed, "opened": _opened}
    text = "\n".join(["def coerce(v0):", *source.lines, "    return v0"])
    exec(compile(text, "<coercion>", "exec"), space)
    function: Coerce = space["coerce"]
    return function


# --- scalars ----------------------------------------------------------------------------------------


def _number(text: str) -> Any:
    if text.isdigit() and len(text) < 19 and text.isascii():
        return int(text)
    stripped = text.strip()
    if _NUMBER.fullmatch(stripped) is None:
        return text
    whole = "." not in stripped and "e" not in stripped and "E" not in stripped
    number = integer(stripped) if whole else float(stripped)
    return number if isfinite(number) else text  # beyond what a number holds: it stays as it was


def _flag(text: str) -> Any:
    return _FLAGS.get(text.strip(), text)


def _number_or_flag(text: str) -> Any:
    number = _number(text)
    return _flag(text) if number is text else number


def _or_null(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: convert(text) if text else None


def _null(text: str) -> Any:
    return text if text else None


#: By what may stand there: numbers, booleans, null.
_FUNCTIONS: dict[str, Callable[[str], Any]] = {
    "number": _number,
    "flag": _flag,
    "number_flag": _number_or_flag,
    "number_null": _or_null(_number),
    "flag_null": _or_null(_flag),
    "number_flag_null": _or_null(_number_or_flag),
    "null": _null,
}


def _converter(types: frozenset[str]) -> str | None:
    """Name of the function that makes of a text what may stand there; None if it stays one."""
    if "string" in types:
        return "null" if "null" in types else None
    names = [
        name
        for name, wanted in (("number", _NUMBERS), ("flag", {"boolean"}), ("null", {"null"}))
        if types & wanted
    ]
    return "_".join(names) or None


# --- XML --------------------------------------------------------------------------------------------


def _listed(value: Any) -> Any:
    """An element alone as a list of one."""
    return value if type(value) is list else [value]


def _opened(value: Any) -> Any:
    """An element without attributes and children as an object."""
    return {_TEXT: value} if value and not value.isspace() else {}


# --- source -----------------------------------------------------------------------------------------


class _Coercion(Source):
    def __init__(self, *, xml: bool) -> None:
        super().__init__()
        self.xml = xml

    def root(self, tree: Node) -> None:
        self.value(tree, "v0", "v0")

    def value(self, node: Node, var: str, target: str) -> None:
        """Coerce what stands at ``target``, of which ``var`` holds the value."""
        types = node.said_types
        if self.xml:
            self.containers(node, types, var, target)
        if (name := _converter(types)) is not None:
            with self.block(f"if type({var}) is str:"):
                self.line(f"{target} = {name}({var})")
        self.inside(node, var)

    def containers(self, node: Node, types: frozenset[str], var: str, target: str) -> None:
        """Lists and objects of XML that look like something else."""
        holds_text = _TEXT in node.properties
        if types & {"array", "object", "string"} == {"array"}:
            with self.block(f"if type({var}) is not list:"):
                self.line(f"{target} = {var} = listed({var})")
        elif types & {"array", "object", "string"} == {"object"}:
            test = f"type({var}) is str" if holds_text else f"type({var}) is str and not {var}.strip()"
            with self.block(f"if {test}:"):
                self.line(f"{target} = {var} = opened({var})")

    def inside(self, node: Node, var: str) -> None:
        """Coerce what is inside the object or the list ``var``."""
        told = self.told(node)
        if node.properties or node.patterns or node.additional is not None or told:
            with self.object(var):
                for name, child in node.properties.items():
                    self.member(child, var, name)
                if node.patterns or node.additional is not None:
                    self.others(node, var)
                for key, child in told.items():
                    self.member(child, var, key)
        if node.items is not None or node.prefix:
            with self.block(f"if type({var}) is list:"):
                self.elements(node, var)
        for branch in node.branches:
            with self.block(f"if {self.condition(branch.tests, var) or 'True'}:"):
                self.inside(branch.node, var)

    def told(self, node: Node) -> dict[str, Node]:
        """The constants by which branches are told apart: values, too, that must be made before they are
        asked."""
        found: dict[str, tuple[Any, ...]] = {}
        for test in (test for branch in node.branches for test in branch.tests):
            known = node.properties.get(test.key or "")
            if test.key is not None and (known is None or not known.said_types):
                found[test.key] = (*found.get(test.key, ()), *test.values)
        return {key: Node("", values=values) for key, values in sorted(found.items())}

    def member(self, child: Node, var: str, name: str) -> None:
        """Coerce one property."""
        value = self.fresh("v")
        with self.block(f"if {name!r} in {var}:"):
            before = len(self.lines)
            self.line(f"{value} = {var}[{name!r}]")
            self.value(child, value, f"{var}[{name!r}]")
            if len(self.lines) == before + 1:
                del self.lines[before:]

    def others(self, node: Node, var: str) -> None:
        """Coerce the properties that have no name in the schema."""
        key, value = self.fresh("k"), self.fresh("v")
        known = self.constant("K", frozenset(node.properties))
        with self.block(f"for {key}, {value} in {var}.items():"), self.block(f"if {key} not in {known}:"):
            for number, (pattern, child) in enumerate(node.patterns.items()):
                regex = self.constant("P", re.compile(pattern))
                with self.block(f"{'el' if number else ''}if {regex}.search({key}):"):
                    before = len(self.lines)
                    self.value(child, value, f"{var}[{key}]")
                    if len(self.lines) == before:
                        self.line("pass")
            if node.additional is not None:
                with self.block("else:" if node.patterns else "if True:"):
                    self.value(node.additional, value, f"{var}[{key}]")

    def elements(self, node: Node, var: str) -> None:
        """Coerce the items of the list ``var``."""
        for index, child in enumerate(node.prefix):
            value = self.fresh("v")
            with self.block(f"if len({var}) > {index}:"):
                before = len(self.lines)
                self.line(f"{value} = {var}[{index}]")
                self.value(child, value, f"{var}[{index}]")
                if len(self.lines) == before + 1:
                    del self.lines[before:]
        items, start = node.items, len(node.prefix)
        if items is None:
            return
        name = _converter(items.said_types)
        value, place = self.fresh("v"), self.fresh("i")
        if name is not None and not start and not items.declares():
            # A list of numbers, such as a polygon: at once.
            made = f"{name}({value}) if type({value}) is str else {value}"
            self.line(f"{var}[:] = [{made} for {value} in {var}]")
            return
        rest = f"{var}[{start}:]" if start else var
        head = f"for {value} in {rest}:"
        if name is not None or self.xml:
            head = f"for {place}, {value} in enumerate({rest}, {start}):"
        with self.block(head):
            self.value(items, value, f"{var}[{place}]")
