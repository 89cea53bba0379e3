"""A schema, looked at before data is held against it: is it one, will it work, what will it overlook.

Errors: it cannot be used. Warnings: it can, but it says less than its author may think, or other
validators would read it differently (``tests/schemas/test_differential.py`` has the list).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import jsonschema
import jsonschema_rs
from jsonschema.exceptions import best_match

from qc.documents import options
from qc.documents.jsons import read_json
from qc.documents.pointers import pointer, split
from qc.errors import QcError
from qc.schemas.errors import MAX_DEPTH
from qc.schemas.generate import generate
from qc.schemas.limits import TEXT_LIMIT, shortened
from qc.schemas.messages import describe
from qc.schemas.tree import build

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_ONE = (
    "items additionalProperties unevaluatedProperties unevaluatedItems contains propertyNames not if "
    "then else contentSchema"
)
_MANY = "allOf anyOf oneOf prefixItems"
_NAMED = "properties patternProperties $defs definitions dependentSchemas"
#: Where a subschema stands under a keyword: itself, in a list, or by name (2020-12 core §10, §11).
_SUBSCHEMAS: Mapping[str, str] = {
    **dict.fromkeys(_ONE.split(), "one"),
    **dict.fromkeys(_MANY.split(), "many"),
    **dict.fromkeys(_NAMED.split(), "named"),
}
#: Under these a subschema adds to another; that it leaves keys open means nothing by itself.
_PARTIAL = frozenset({"allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas"})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to say about a schema: where (pointer into it), and the words with their values."""

    level: Literal["error", "warning"]
    pointer: str
    key: str
    values: Mapping[str, object] = field(default_factory=dict)


def review(data: bytes) -> list[Remark]:
    """What there is to say about the schema in ``data``, errors first. Never raises.

    A schema without an ``error`` compiles. Nothing is fetched: a reference must lie in the file.
    """
    document = read_json(data)
    level: Literal["error", "warning"] = "warning" if document.parsed else "error"
    remarks = []
    for problem in document.problems:
        key, values = describe(problem.keyword, problem.expected, problem.found, problem.detail)
        place = {"line": problem.line, "col": problem.col}
        remarks.append(Remark(level, problem.pointer, key, {**values, **place}))
    if document.parsed:
        remarks += review_schema(document.value)
    return sorted(remarks, key=lambda remark: remark.level)


def review_schema(schema: Any) -> list[Remark]:
    """As :func:`review`, for a schema that is read already; errors need not come first."""
    if not isinstance(schema, dict):  # true and false are schemas, but describe no format: nobody takes them
        name = {bool: "boolean", list: "array", str: "string", type(None): "null"}.get(type(schema), "number")
        return [Remark("error", "", "schema.review-not-a-schema", {"found": name})]
    draft = list(_draft(schema))
    faults = _grammar(schema)
    if faults:  # its parts cannot be trusted to be what they should
        return [*faults, *draft]
    nodes = list(_nodes(schema))
    if not _compiles(schema, every_format=False):
        named = [*_references(schema, nodes), *_bad_patterns(nodes)]
        faults = named or [Remark("error", "", "schema.review-compile")]
    faults = faults or [*_document(schema), *_roles(schema)]
    return [*faults, *draft, *_patterns(nodes), *_numbers(nodes), *_formats(nodes), *_slack(nodes)]


@dataclass(frozen=True, slots=True)
class _Node:
    """A subschema: its path, and whether it only adds to another one."""

    path: tuple[str | int, ...]
    schema: Mapping[str, Any]
    partial: bool


def _nodes(schema: Mapping[str, Any]) -> Iterator[_Node]:
    """Every subschema, itself included; never what stands in ``enum``, ``const`` or ``x-qc``."""
    stack = [_Node((), schema, partial=False)]
    while stack:
        node = stack.pop()
        yield node
        inner: list[_Node] = []
        for keyword, value in node.schema.items():
            form = _SUBSCHEMAS.get(keyword)
            members: Any = ()
            if form == "one":
                members = [((keyword,), value)]
            elif form == "many" and isinstance(value, list):
                members = [((keyword, number), member) for number, member in enumerate(value)]
            elif form == "named" and isinstance(value, dict):
                members = [((keyword, name), member) for name, member in value.items()]
            inner.extend(
                _Node((*node.path, *steps), member, partial=keyword in _PARTIAL)
                for steps, member in members
                if isinstance(member, dict)
            )
        stack.extend(reversed(inner))


def _grammar(schema: dict[str, Any]) -> list[Remark]:
    """Against the metaschema of 2020-12, by the reference implementation."""
    kind = jsonschema.Draft202012Validator
    try:
        errors = [best_match([error]) or error for error in kind(kind.META_SCHEMA).iter_errors(schema)]
    except RecursionError:
        return [Remark("error", "", "schema.depth", {"expected": MAX_DEPTH})]
    faults: dict[str, Remark] = {}
    for error in errors:
        path = list(error.absolute_path)
        keyword = next((part for part in reversed(path) if isinstance(part, str)), "")
        values = {"keyword": keyword, "rule": str(error.validator)}
        # The metaschema is made of parts that tell the same fault again: one remark a place.
        faults.setdefault(pointer(path), Remark("error", pointer(path), "schema.review-metaschema", values))
    return list(faults.values())


def _draft(schema: Mapping[str, Any]) -> Iterator[Remark]:
    declared = schema.get("$schema", DRAFT)
    if str(declared).rstrip("#") != DRAFT:
        values = {"found": shortened(str(declared))}
        yield Remark("warning", "/$schema", "schema.review-draft", values)


def _references(schema: Mapping[str, Any], nodes: list[_Node]) -> Iterator[Remark]:
    named: set[object] = {node.schema.get("$anchor") for node in nodes}
    named |= {node.schema.get("$dynamicAnchor") for node in nodes}
    known: set[object] = {node.schema.get("$id") for node in nodes} | {DRAFT}
    for node in nodes:
        for keyword in ("$ref", "$dynamicRef"):
            reference = node.schema.get(keyword)
            if not isinstance(reference, str):
                continue
            base, _, fragment = reference.partition("#")
            if base:
                found = base in known
            else:
                found = fragment in named or (fragment[:1] in ("", "/") and _leads(schema, fragment))
            if not found:
                values = {"reference": shortened(reference)}
                yield Remark("error", pointer((*node.path, keyword)), "schema.review-reference", values)


def _leads(schema: Any, fragment: str) -> bool:
    for part in split(fragment):
        if isinstance(schema, list) and part.isdecimal() and int(part) < len(schema):
            schema = schema[int(part)]
        elif isinstance(schema, dict) and part in schema:
            schema = schema[part]
        else:
            return False
    return True


def _roles(schema: Mapping[str, Any]) -> Iterator[Remark]:
    """Roles that cannot hold: what would stop an inspection at its start."""
    try:
        extractor = generate(build(schema))
        _ = extractor.extract, extractor.count
    except QcError as error:
        place = str(error.values.get("where") or "")
        yield Remark("error", place, error.key, {**error.values, "where": place or "/"})


#: What a document of a kind is read as; of the others anything may come.
_ROOTS: Mapping[str, str] = {
    "jsonl": "array", "csv": "array", "lines": "array", "tokens": "array",
    "xml": "object", "xlsx": "object", "text": "string",
}  # fmt: skip


def _document(schema: Mapping[str, Any]) -> Iterator[Remark]:
    """How its documents are to be read."""
    roles = schema.get("x-qc")
    if not isinstance(roles, Mapping) or "document" not in roles:
        return
    raw = roles["document"]
    found = list(options.faults(raw))
    for fault in found:
        place = ("x-qc", "document", *([fault.option] if fault.option != "document" else []))
        values = {"option": shortened(fault.option), "known": ", ".join(fault.known)}
        yield Remark("error", pointer(place), f"schema.document-{fault.reason}", values)
    kind = raw.get("kind", "json") if not found else ""
    wanted, types = _ROOTS.get(kind), schema.get("type")
    types = types if isinstance(types, list) else [types]
    if wanted is not None and types != [None] and wanted not in types:
        yield Remark("warning", "/type", "schema.review-document-root", {"kind": kind, "expected": wanted})


def _expressions(nodes: list[_Node]) -> Iterator[tuple[str, str]]:
    """Pointer and text of every regular expression."""
    for node in nodes:
        if "pattern" in node.schema:
            yield pointer((*node.path, "pattern")), node.schema["pattern"]
        for text in node.schema.get("patternProperties", ()):
            yield pointer((*node.path, "patternProperties", text)), text


def _bad_patterns(nodes: list[_Node]) -> Iterator[Remark]:
    for place, text in _expressions(nodes):
        if not _compiles({"pattern": text}):
            yield Remark("error", place, "schema.review-regex", {"pattern": shortened(text, TEXT_LIMIT)})


def _patterns(nodes: list[_Node]) -> Iterator[Remark]:
    ending: list[str] = []
    for place, text in _expressions(nodes):
        letters = dict.fromkeys(_ESCAPE.findall(text))
        classes = ", ".join(f"\\{letter}" for letter in letters if letter in "wWdD")
        if classes:
            yield Remark("warning", place, "schema.review-ascii-class", {"classes": classes})
        if _ESCAPE.sub("", text).endswith("$"):
            ending.append(place)
    if ending:
        yield Remark("warning", ending[0], "schema.review-dollar", {"count": len(ending)})


def _numbers(nodes: list[_Node]) -> Iterator[Remark]:
    for node in nodes:
        number = node.schema.get("multipleOf")
        # 0.5 is exact in binary, 0.01 is not: 0.07 is seven of them on paper only.
        if isinstance(number, float) and Fraction(number) != Fraction(str(number)):
            place = pointer((*node.path, "multipleOf"))
            yield Remark("warning", place, "schema.review-multiple-of", {"number": number})


def _formats(nodes: list[_Node]) -> Iterator[Remark]:
    for node in nodes:
        name = node.schema.get("format")
        if isinstance(name, str) and not _compiles({"format": name}):
            place = pointer((*node.path, "format"))
            yield Remark("warning", place, "schema.review-unknown-format", {"format": shortened(name)})


def _compiles(schema: dict[str, Any], *, every_format: bool = True) -> bool:
    """Whether the validator takes it, offline; with ``every_format`` it must know each ``format``."""
    try:
        jsonschema_rs.Draft202012Validator(
            schema, validate_formats=True, ignore_unknown_formats=not every_format, offline=True
        )
    except (ValueError, jsonschema_rs.ReferencingError):
        return False
    return True


def _slack(nodes: list[_Node]) -> Iterator[Remark]:
    """What passes although it hardly should."""
    if not any(node.schema.get("required") for node in nodes):
        yield Remark("warning", "", "schema.review-nothing-required")
    closing = {"additionalProperties", "unevaluatedProperties"}
    open_ = [
        node
        for node in nodes
        if "properties" in node.schema and not node.partial and closing.isdisjoint(node.schema)
    ]
    if open_:
        values = {"count": len(open_)}
        yield Remark("warning", pointer(open_[0].path), "schema.review-open-object", values)
    roles = (node.schema.get("x-qc") for node in nodes)
    if not any(isinstance(role, Mapping) and "row" in role for role in roles):
        yield Remark("warning", "", "schema.review-no-rows")
