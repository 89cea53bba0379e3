"""A schema taken apart at its long lists, so that a large document is validated piece by piece.

The validator makes all errors of a value before it gives the first: some 2 kB each, for every record of a
document that fails. Where nothing in the schema looks at several members of a list at once, the errors of the
whole are those of its shell (each such list but a row of nulls) and those of the members: exactly, and a few
thousand values at a time.

Lists that are walked together, tags and their tokens, are not divided.

Such a list stands at the root, or below ``properties`` alone; conditions beside it may ask for its length and
for what stands beside it. Lists below ``oneOf`` and the like are never divided: their errors depend on all of
their members.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jsonschema_rs

from qc.documents.pointers import replaced

Path = tuple[str | int, ...]

#: Values that a piece holds, about: errors of some ten megabytes at worst.
PIECE = 2_000
#: A document of fewer values than this is validated whole.
SMALL = 20_000
#: A list whose length is limited to more than this is not divided: its shell would be as long.
_LONGEST = 10_000

_SILENT = frozenset(
    {"$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples"}
    | {"deprecated", "readOnly", "writeOnly", "x-qc"}
)
_LENGTHS = _SILENT | {"type", "minItems", "maxItems"}
_LIST = _LENGTHS | {"items"}
#: Keywords of an object that say nothing of what is inside a property named in ``properties``.
_OBJECT = _SILENT | {
    "type", "required", "dependentRequired", "properties", "additionalProperties", "propertyNames",
    "minProperties", "maxProperties",
}  # fmt: skip
_CONDITIONS = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
_BESIDE = (_OBJECT - {"additionalProperties"}) | frozenset(_CONDITIONS)


@dataclass(frozen=True, slots=True)
class List:
    """A list that can be divided: the keys that lead to it, and the unit of its members."""

    where: tuple[str, ...]
    members: Unit

    def of(self, value: Any) -> list[Any] | None:
        """The list itself in ``value``; None if there is none."""
        for key in self.where:
            value = value.get(key) if type(value) is dict else None
        return value if type(value) is list else None


@dataclass
class Unit:
    """A schema with its validator, and its lists that can be divided."""

    schema: Mapping[str, Any]
    given: jsonschema_rs.Draft202012Validator | None = None
    root: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def validator(self) -> jsonschema_rs.Draft202012Validator:
        """Of one value."""
        return self.given or _compiled(self.schema)

    @cached_property
    def row(self) -> tuple[Mapping[str, Any], jsonschema_rs.Draft202012Validator]:
        """Schema and validator of a list of such values."""
        inner = {name: said for name, said in self.schema.items() if name not in ("$defs", "definitions")}
        schema = {**_definitions(self.schema), "items": inner}
        return schema, _compiled(schema)

    @cached_property
    def lists(self) -> tuple[List, ...]:
        """The lists that can be divided."""
        if not _plain_references(self.schema) or self._longest > _LONGEST:
            return ()
        together = set(_together(self.schema, self.schema))
        return tuple(
            List(where, Unit({**_resolved(self.schema, items), **_definitions(self.schema)}))
            for where, items in _lists(self.schema, self.schema, ())
            if together.isdisjoint(where[-1:])
        )

    @cached_property
    def shell(self) -> tuple[Mapping[str, Any], jsonschema_rs.Draft202012Validator]:
        """The schema with its references on the way to the lists resolved, and a validator of all but their
        members."""
        whole, hollow = self.schema, self.schema
        for one in self.lists:
            whole = _with(self.schema, whole, one.where, hollow=False)
            hollow = _with(self.schema, hollow, one.where, hollow=True)
        return whole, _compiled(hollow)

    def hollow(self, value: Any) -> Any:
        """``value`` with nulls for the members of its lists: as many as its limits of length can tell."""
        for one in self.lists:
            if (found := one.of(value)) is not None:
                value = replaced(value, one.where, [None] * min(len(found), self._longest + 1))
        return value

    @cached_property
    def _longest(self) -> int:
        return max(_limits(self.schema), default=0)


def weight(value: Any, most: int) -> int:
    """How many values are in ``value``, itself included; when more than ``most``, not counted to the end."""
    if type(value) is not dict and type(value) is not list:
        return 1
    total = 1
    nodes = [value]
    for node in nodes:  # grows while it is walked
        total += len(node)
        if total > most:
            break
        inner = node.values() if type(node) is dict else node
        nodes.extend(child for child in inner if type(child) is dict or type(child) is list)
    return total


def pieces(members: list[Any]) -> Iterator[tuple[int, list[Any]]]:
    """``(index of the first, members)`` of consecutive pieces; a member that is large stands alone."""
    start = total = 0
    for index, member in enumerate(members):
        own = weight(member, PIECE)
        if total + own > PIECE and index > start:
            yield start, members[start:index]
            start, total = index, 0
        total += own
    if start < len(members):
        yield start, members[start:]


def _compiled(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True, offline=True)


def _definitions(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: schema[name] for name in ("$defs", "definitions") if name in schema}


def _plain_references(schema: Any) -> bool:
    """Every reference leads to a definition at the root, so that a part may be taken out."""
    if isinstance(schema, list):
        return all(map(_plain_references, schema))
    if not isinstance(schema, Mapping):
        return True
    ref = schema.get("$ref", "#/$defs/")
    plain = isinstance(ref, str) and ref.startswith(("#/$defs/", "#/definitions/")) and ref.count("/") == 2
    strange = {"$anchor", "$dynamicAnchor", "$dynamicRef"} & schema.keys()
    return plain and not strange and all(map(_plain_references, schema.values()))


def _limits(schema: Any) -> Iterator[int]:
    if isinstance(schema, Mapping):
        for name, value in schema.items():
            if name in ("minItems", "maxItems") and isinstance(value, (int, float)):
                yield int(value) + 1
            yield from _limits(value)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _limits(inner)


def _resolved(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """``schema``, or what it refers to if it is a reference and nothing else."""
    seen: set[str] = set()
    while "$ref" in schema and schema.keys() <= _SILENT | {"$ref"} and schema["$ref"] not in seen:
        seen.add(schema["$ref"])
        _, kind, name = schema["$ref"].split("/")
        target = root.get(kind, {}).get(name.replace("~1", "/").replace("~0", "~"))
        if not isinstance(target, Mapping):
            break
        schema = target
    return schema


def _lists(
    root: Mapping[str, Any], schema: Mapping[str, Any], where: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """``(keys, schema of the members)`` of each list that can be divided."""
    schema = _resolved(root, schema)
    items = schema.get("items")
    if isinstance(items, Mapping) and schema.keys() <= _LIST:
        yield where, items
    conditions = [sub for name in _CONDITIONS for sub in _subschemas(schema.get(name))]
    if schema.keys() - _OBJECT - set(_CONDITIONS):
        return
    for name, sub in schema.get("properties", {}).items():
        if isinstance(sub, Mapping) and all(_blind(inner, name) for inner in conditions):
            yield from _lists(root, sub, (*where, name))


def _together(root: Mapping[str, Any], schema: Any) -> Iterator[str]:
    """Names of properties that are walked together with another, wherever the schema says so."""
    if isinstance(schema, list):
        for inner in schema:
            yield from _together(root, inner)
    if not isinstance(schema, Mapping):
        return
    properties = schema.get("properties")
    for name, sub in properties.items() if isinstance(properties, Mapping) else ():
        roles = _resolved(root, sub).get("x-qc") if isinstance(sub, Mapping) else None
        decode = roles.get("decode") if isinstance(roles, Mapping) else None
        if isinstance(decode, Mapping):
            yield from (name, str(decode.get("tokens")))
    for inner in schema.values():
        yield from _together(root, inner)


def _subschemas(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [] if said is None else [said]


def _blind(schema: Any, name: str) -> bool:
    """``schema`` does not look into the property ``name``: at most it asks for its length."""
    if not isinstance(schema, Mapping):
        return True
    own = schema.get("properties", {}).get(name, True)
    return (
        schema.keys() <= _BESIDE
        and (not isinstance(own, Mapping) or own.keys() <= _LENGTHS)
        and all(_blind(sub, name) for key in _CONDITIONS for sub in _subschemas(schema.get(key)))
    )


def _with(
    root: Mapping[str, Any], schema: Mapping[str, Any], where: tuple[str, ...], *, hollow: bool
) -> Mapping[str, Any]:
    """``schema`` with references on the way resolved and, if ``hollow``, without the items of that list."""
    found = _resolved(root, schema)
    own = {**_definitions(schema), **found} if schema is not found else dict(found)
    if not where:
        if hollow:
            own.pop("items", None)
        return own
    inner = _with(root, own["properties"][where[0]], where[1:], hollow=hollow)
    own["properties"] = {**own["properties"], where[0]: inner}
    return own
