"""A JSON Schema seen from its instances: one node for every place that a document may have.

``$ref``, ``allOf``, ``patternProperties``, ``prefixItems`` and branches are folded, so that whoever asks
"what may stand at ``/annotations/*/bbox``, what does it mean?" need not know how the schema was written.
Both the generated extractor (:mod:`qc.schemas.generate`) and the counting of attribute paths stand on it.

Branches (``oneOf``, ``anyOf``, ``if``) are told apart by ``const``, ``enum`` or JSON type alone, never by
validity: chosen by validity, a wrong box would fail its branch, lose its meaning and never be examined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin

from qc.documents.pointers import split
from qc.documents.pointers import token as escape
from qc.errors import QcError

#: Formats of JSON Schema that bound a string (RFC 3339 and the like): such a value is no free text.
BOUNDED_FORMATS = frozenset({"date", "time", "date-time", "duration", "uuid", "ipv4", "ipv6"})

_METASCHEMAS = "https://json-schema.org/draft/2020-12/"

#: How deep a schema may nest before it is taken for endless recursion.
MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Test:
    """``key``'s value is (or, ``negated``, is not) one of ``values``; without key, the JSON type is."""

    key: str | None
    values: tuple[Any, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """What holds in addition where all ``tests`` do."""

    tests: tuple[Test, ...]
    node: Node


#: Signs of which a text of a bounded format is made.
_OF_FORMAT = re.compile(r"[0-9A-Fa-fTZPYMWDHStz:.+-]{1,45}")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a text must be at a place that the schema bounds: an option, of patterns, of a format."""

    values: tuple[Any, ...] | None
    patterns: tuple[str, ...]
    formats: tuple[str, ...]

    def holds(self, text: str) -> bool:
        """Whether ``text`` keeps to it; False if that cannot be told."""
        if self.values is not None:
            return text in self.values
        try:
            matched = all(re.search(pattern, text) for pattern in self.patterns)
        except re.error:
            return False
        of_format = all(map(_OF_FORMAT.fullmatch, (text for _ in self.formats)))
        return matched and of_format and bool(self.patterns or self.formats)


_TYPE_OF = {
    str: "string", bool: "boolean", int: "number", float: "number", type(None): "null", list: "array",
}  # fmt: skip


@dataclass(slots=True)
class Node:
    """Everything that a schema says of one place. ``where`` is the schema's own pointer to it."""

    where: str
    roles: dict[str, Any] = field(default_factory=dict)
    types: frozenset[str] | None = None
    properties: dict[str, Node] = field(default_factory=dict)
    patterns: dict[str, Node] = field(default_factory=dict)
    additional: Node | None = None
    items: Node | None = None
    #: Items that an array has at least.
    least: int = 0
    prefix: list[Node] = field(default_factory=list)
    required: frozenset[str] = frozenset()
    branches: list[Branch] = field(default_factory=list)
    values: tuple[Any, ...] | None = None
    patterns_of_text: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    title: str | None = None
    #: Types of which ``oneOf`` or ``anyOf`` leaves the choice; None if they do not say.
    alternatives: frozenset[str] | None = None

    @property
    def said_types(self) -> frozenset[str]:
        """JSON types that may stand here, by type, by constants or by alternatives; none if nothing is
        said."""
        if self.types is not None:
            return self.types
        if self.values is not None:
            return frozenset(_TYPE_OF.get(type(value), "object") for value in self.values)
        return self.alternatives or frozenset()

    def children(self) -> Iterator[tuple[str, Node]]:
        """``(step of the generic path, child)``; the step of array items is ``*``."""
        yield from self.properties.items()
        for pattern, node in self.patterns.items():
            yield step_of_pattern(pattern, node), node
        if self.additional is not None:
            yield "{*}", self.additional
        for node in self.prefix:
            yield "*", node
        if self.items is not None:
            yield "*", self.items

    def child(self, key: str | int) -> tuple[str, Node | None]:
        """The generic step and the node for a property name or an array index of a document."""
        if isinstance(key, int):
            node = self.prefix[key] if key < len(self.prefix) else self.items
            if node is None:
                node = next((n for b in self.branches if (n := b.node.child(key)[1]) is not None), None)
            return "*", node
        if key in self.properties:
            return key, self.properties[key]
        for pattern, node in self.patterns.items():
            if re.search(pattern, key):
                return step_of_pattern(pattern, node), node
        for branch in self.branches:
            step, found = branch.node.child(key)
            if found is not None:
                return step, found
        return ("{*}", self.additional) if self.additional is not None else (key, None)

    @property
    def bound(self) -> Bound | None:
        """What bounds texts here; None if free text can stand here."""
        if self.values is None and not self.patterns_of_text and not self.formats:
            return Bound(None, (), ()) if self.types and "string" not in self.types else None
        return Bound(self.values, self.patterns_of_text, self.formats)

    def declares(self) -> bool:
        """Says anything about what is inside it."""
        return bool(
            self.properties or self.patterns or self.additional or self.items or self.prefix or self.branches
        )


def step_of_pattern(pattern: str, node: Node) -> str:
    """Name of a property in a generic path: the subschema's title, or its pattern in braces."""
    return node.title or "{" + pattern + "}"


def generic_path(root: Node, instance_path: Sequence[str | int], missing: str | None = None) -> str:
    """Path of an attribute over all documents: ``/annotations/*/bbox`` for ``/annotations/3/bbox``.

    Array items that are no objects belong to their array's attribute: an error at ``/bbox/2`` is one of
    ``/bbox``.
    """
    steps: list[str] = []
    node: Node | None = root
    keep = 0
    for key in [*instance_path, *([missing] if missing is not None else [])]:
        step, node = node.child(key) if node is not None else ("*" if isinstance(key, int) else key, None)
        steps.append(escape(step))
        if isinstance(key, str):
            keep = len(steps)
    # An array item that is an object is a place of its own; a bare number is part of its attribute.
    if keep < len(steps) and node is not None and (node.properties or node.patterns):
        keep = len(steps)
    return "".join("/" + s for s in steps[:keep])


def build(schema: Mapping[str, Any]) -> Node:
    """The tree of ``schema``.

    Raises ``QcError`` (``roles.*``) when roles stand where they cannot be found again:
    below recursion, or in branches that no constant tells apart.
    """
    return _Builder(schema).node(schema, "", ())


class _Builder:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root

    def node(self, schema: Any, where: str, refs: tuple[str, ...]) -> Node:
        node = Node(where)
        self.fold(node, schema, where, refs)
        return node

    def fold(self, node: Node, schema: Any, where: str, refs: tuple[str, ...]) -> None:
        """Add what ``schema`` says to ``node``."""
        if not isinstance(schema, Mapping):
            return
        if where.count("/") > MAX_DEPTH * 2:
            raise QcError("roles.too-deep", where=where)
        if (ref := schema.get("$ref")) is not None:
            self.fold_ref(node, ref, where, refs)
        self.fold_roles(node, schema, where)
        self.fold_values(node, schema)
        self.fold_properties(node, schema, where, refs)
        self.fold_items(node, schema, where, refs)
        node.required |= frozenset(schema.get("required", ()))
        self.fold_applicators(node, schema, where, refs)

    def fold_properties(
        self, node: Node, schema: Mapping[str, Any], where: str, refs: tuple[str, ...]
    ) -> None:
        """What stands inside an object: by name, by pattern, and the rest."""
        for name, sub in schema.get("properties", {}).items():
            self.fold_child(node.properties, name, sub, f"{where}/properties/{escape(name)}", refs)
        for pattern, sub in schema.get("patternProperties", {}).items():
            self.fold_child(node.patterns, pattern, sub, f"{where}/patternProperties/{escape(pattern)}", refs)
        additional = schema.get("additionalProperties")
        if isinstance(additional, Mapping):
            node.additional = node.additional or Node(f"{where}/additionalProperties")
            self.fold(node.additional, additional, f"{where}/additionalProperties", refs)

    def fold_items(self, node: Node, schema: Mapping[str, Any], where: str, refs: tuple[str, ...]) -> None:
        """What stands inside an array: the first items by position, then all others."""
        for index, sub in enumerate(schema.get("prefixItems", ())):
            if index == len(node.prefix):
                node.prefix.append(Node(f"{where}/prefixItems/{index}"))
            self.fold(node.prefix[index], sub, f"{where}/prefixItems/{index}", refs)
        node.least = max(node.least, schema.get("minItems", 0))
        if isinstance(items := schema.get("items"), Mapping):
            node.items = node.items or Node(f"{where}/items")
            self.fold(node.items, items, f"{where}/items", refs)

    def fold_applicators(
        self, node: Node, schema: Mapping[str, Any], where: str, refs: tuple[str, ...]
    ) -> None:
        """Schemas that say more of the same place: ``allOf`` always, the others as branches."""
        for index, sub in enumerate(schema.get("allOf", ())):
            self.fold(node, sub, f"{where}/allOf/{index}", refs)
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema:
                self.fold_alternatives(node, schema[keyword], f"{where}/{keyword}", refs)
        if "if" in schema:
            self.fold_condition(node, schema, where, refs)

    def fold_child(
        self, children: dict[str, Node], name: str, schema: Any, where: str, refs: tuple[str, ...]
    ) -> None:
        child = children.setdefault(name, Node(where))
        self.fold(child, schema, where, refs)

    def fold_ref(self, node: Node, ref: str, where: str, refs: tuple[str, ...]) -> None:
        target = self.resolve(ref, where)
        if ref in refs:
            # Recursion: the inner places stay open. Roles there could be found at any depth.
            if _carries_roles(target):
                raise QcError("roles.recursive", where=where)
            return
        self.fold(node, target, where, (*refs, ref))

    def resolve(self, ref: str, where: str) -> Any:
        base, _, fragment = ref.partition("#")
        if base and base.startswith(_METASCHEMAS):
            return {}  # known to every validator; no role stands there
        own = str(self.root.get("$id", ""))
        if base and (not own or urljoin(own, base) != own.rstrip("#")):
            raise QcError("errors.schema-ref", where=where, ref=ref)
        target: Any = self.root
        if fragment and not fragment.startswith("/"):
            target, fragment = _anchored(self.root, fragment), ""
            if target is None:
                raise QcError("errors.schema-ref", where=where, ref=ref)
        for key in split(unquote(fragment)):
            try:
                target = target[int(key)] if isinstance(target, list) else target[key]
            except (KeyError, ValueError, IndexError, TypeError):
                raise QcError("errors.schema-ref", where=where, ref=ref) from None
        return target

    def fold_roles(self, node: Node, schema: Mapping[str, Any], where: str) -> None:
        roles = schema.get("x-qc", {})
        if not isinstance(roles, Mapping):
            raise QcError("roles.malformed", where=where, role="x-qc")
        for name, value in roles.items():
            if node.roles.get(name, value) != value:
                raise QcError("roles.contradictory", where=where, role=name)
            node.roles[name] = value

    def fold_values(self, node: Node, schema: Mapping[str, Any]) -> None:
        if (types := schema.get("type")) is not None:
            found = frozenset([types] if isinstance(types, str) else types)
            node.types = found if node.types is None else node.types & found
        if "const" in schema:
            node.values = (schema["const"],)
        elif "enum" in schema:
            node.values = tuple(schema["enum"])
        if isinstance(pattern := schema.get("pattern"), str):
            node.patterns_of_text += (pattern,)
        if (name := schema.get("format")) in BOUNDED_FORMATS:
            node.formats += (name,)
        if isinstance(title := schema.get("title"), str):
            node.title = node.title or title

    def fold_alternatives(
        self, node: Node, alternatives: Sequence[Any], where: str, refs: tuple[str, ...]
    ) -> None:
        nodes = [self.node(alt, f"{where}/{i}", refs) for i, alt in enumerate(alternatives)]
        if all(types := [n.said_types for n in nodes]):
            union = frozenset[str]().union(*types)
            node.alternatives = union if node.alternatives is None else node.alternatives & union
        tests = [_constants(n) for n in nodes]
        distinct = len(set(map(repr, tests))) == len(tests)
        if not (distinct and all(tests)):
            if any(map(_has_roles, nodes)):
                raise QcError("roles.branches", where=where)
            # Without roles it does not matter which branch holds: their places are optional.
            tests = [() for _ in nodes]
        node.branches += [Branch(t, n) for t, n in zip(tests, nodes, strict=True) if n.declares() or n.roles]

    def fold_condition(
        self, node: Node, schema: Mapping[str, Any], where: str, refs: tuple[str, ...]
    ) -> None:
        tests = _constants(self.node(schema["if"], f"{where}/if", refs))
        for keyword, negated in (("then", False), ("else", True)):
            if keyword not in schema:
                continue
            branch = self.node(schema[keyword], f"{where}/{keyword}", refs)
            if not (branch.declares() or branch.roles):
                continue
            if (not tests or (negated and len(tests) > 1)) and _has_roles(branch):
                raise QcError("roles.branches", where=f"{where}/{keyword}")
            told = tuple(Test(t.key, t.values, t.negated != negated) for t in tests)
            node.branches.append(Branch(told if len(tests) == 1 or not negated else (), branch))


def _anchored(schema: Any, name: str) -> Any:
    """The subschema that calls itself ``name``."""
    if isinstance(schema, Mapping):
        if schema.get("$anchor") == name:
            return schema
        schema = list(schema.values())
    inner = schema if isinstance(schema, list) else ()
    return next((found for sub in inner if (found := _anchored(sub, name)) is not None), None)


def _constants(node: Node) -> tuple[Test, ...]:
    """What tells an alternative apart: constants of its own properties, else its JSON type."""
    tests = tuple(Test(k, child.values) for k, child in node.properties.items() if child.values is not None)
    if tests:
        return tests
    return (Test(None, tuple(sorted(node.types))),) if node.types else ()


def _has_roles(node: Node) -> bool:
    return bool(
        node.roles
        or any(_has_roles(child) for _, child in node.children())
        or any(_has_roles(branch.node) for branch in node.branches)
    )


def _carries_roles(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return "x-qc" in schema or any(map(_carries_roles, schema.values()))
    return isinstance(schema, list) and any(map(_carries_roles, schema))
