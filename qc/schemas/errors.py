"""Schema violations as facts: which keyword, where, what was expected, what shape was found.

The validator's own message is never used: it is English and quotes the value. What is kept says
nothing about free text: types, lengths, counts, and a number only where the schema limits numbers.

Classes of errors follow the inspection desk of the AI training data programme, which files
structure errors and format errors apart:

* STRUCTURE: a key is missing, unknown or misnamed; an object or a list stands where something else
  should; a list of objects has too many or too few members;
* FORMAT: a value of the wrong scalar type, out of range, not in the list, not in the pattern or
  format, too long or short; a list of numbers of the wrong length.

A third, FILE, is of documents that could not be held against the schema: nothing is said of their data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

import jsonschema_rs
from jsonschema_rs import ValidationError, ValidationErrorKind

from qc.documents.pointers import pointer
from qc.schemas.branches import closest
from qc.schemas.limits import (
    limit,
    limits_numbers,
    options_in_short,
    resembling,
    shape,
    shortened,
    to_json,
    type_names,
)
from qc.schemas.splitting import SMALL, List, Unit, pieces, weight

ErrorClass = Literal["FILE", "STRUCTURE", "FORMAT"]
Path = tuple[str | int, ...]

#: Levels of nesting that the validator takes (its conversion from Python stops there).
MAX_DEPTH = 255

_STRUCTURE = frozenset(
    {"required", "dependentRequired", "additionalProperties", "unevaluatedProperties", "propertyNames"}
    | {"minProperties", "maxProperties", "additionalItems", "unevaluatedItems", "contains"}
    | {"minContains", "maxContains"}
)
#: Of these ``detail`` is a key of the document (or the number of a member), the last part of ``pointer``.
KEYS_AS_DETAIL = frozenset(
    {"additionalProperties", "unevaluatedProperties", "propertyNames", "patternProperties", "properties"}
)


class SchemaError(NamedTuple):
    """One violation.

    ``instance_path`` is the value that the keyword speaks of: of a missing or unexpected key, the
    object that lacks or has it. ``pointer`` is the most exact place that exists in the text: the
    unexpected value itself. ``keyword`` is the schema's. ``expected`` is JSON made from the schema
    alone; ``found`` is JSON ``{"type": ..., "length": ...}``, with ``"value"`` only for numbers and
    booleans that the keyword limits, and for ``NaN`` and the like.

    ``detail`` is the missing or unexpected key; for an ``enum`` the option that differs only in
    case, width or blanks; for ``oneOf`` with several matches their numbers, ``0,2``.
    """

    error_class: ErrorClass
    instance_path: Path
    pointer: str
    keyword: str
    expected: str | None = None
    found: str | None = None
    detail: str | None = None


def holds(validator: jsonschema_rs.Draft202012Validator, value: Any) -> bool:
    """Whether ``value`` (of :func:`qc.documents.jsons.read_json`) is valid. Never raises.

    A value nested too deep for the validator does not hold; :func:`schema_errors` says so.
    """
    try:
        return validator.is_valid(value)
    except ValueError:
        return False


def schema_errors(
    validator: jsonschema_rs.Draft202012Validator,
    value: Any,
    schema: Mapping[str, Any] | None = None,
) -> list[SchemaError]:
    """Every violation of ``value``, in order of place: all of :func:`iter_errors`, for a small value."""
    return sorted(iter_errors(Unit(schema or {}, validator), value), key=order)


def iter_errors(unit: Unit, value: Any) -> Iterator[SchemaError]:
    """Every violation of ``value``, once; a large value is validated in pieces, so that memory stays bounded
    however many there are.

    The unit's validator is built with ``validate_formats=True``. Of ``anyOf`` and ``oneOf`` the errors of the
    closest branch are given, not all of them. By the unit's schema (if it is not empty) an unknown key names
    the known key that it resembles (``expected``), and whether a list's length is structure or format follows
    its ``items``, not its members.

    Errors of one value come one after the other; all of them are in order of place only within a piece
    (:func:`order` tells). Not divided is what :mod:`qc.schemas.splitting` cannot divide, such as a list below
    ``oneOf``: of that all errors are in memory at once.
    """
    yield from _or_too_deep(_in_pieces(unit, value, ()), lambda: holds(unit.validator, value))


def shell_errors(unit: Unit, value: Any) -> Iterator[SchemaError]:
    """As :func:`iter_errors`, but of what the lists that can be divided hold: nothing of their members is
    looked at, only how many there are."""
    hollow = unit.hollow(value)
    yield from _or_too_deep(_of_shell(unit, value, ()), lambda: holds(unit.shell[1], hollow))


def member_errors(one: List, members: list[Any], first: int) -> Iterator[SchemaError]:
    """As :func:`iter_errors`, of consecutive members of a list, the first of which is number ``first``."""
    yield from _or_too_deep(_of_members(one, members, (), first), lambda: holds(one.members.row[1], members))


def _or_too_deep(errors: Iterator[SchemaError], hold: Callable[[], bool]) -> Iterator[SchemaError]:
    """The errors; if there are none though it does not ``hold``, it is nested deeper than can be told."""
    told = False
    try:
        for error in errors:
            told = True
            yield error
        too_deep = not told and not hold()
    except ValueError:
        too_deep = True
    if too_deep:
        yield SchemaError("FILE", (), "", "depth", to_json(MAX_DEPTH))


def _in_pieces(unit: Unit, value: Any, at: Path) -> Iterator[SchemaError]:
    """Errors of ``value``, which stands at ``at`` in the document."""
    if weight(value, SMALL) <= SMALL or not any(one.of(value) for one in unit.lists):
        yield from _told(unit.validator, value, _Context(value, unit.schema, at))
        return
    yield from _of_shell(unit, value, at)
    for one in unit.lists:
        yield from _of_members(one, one.of(value) or [], at, 0)


def _of_shell(unit: Unit, value: Any, at: Path) -> Iterator[SchemaError]:
    schema, validator = unit.shell
    yield from _told(validator, unit.hollow(value), _Context(value, schema, at))


def _of_members(one: List, members: list[Any], at: Path, first: int) -> Iterator[SchemaError]:
    for start, piece in pieces(members):
        number = first + start
        if len(piece) == 1:
            yield from _in_pieces(one.members, piece[0], (*at, *one.where, number))
        else:
            schema, validator = one.members.row
            yield from _told(validator, piece, _Context(piece, schema, (*at, *one.where), number))


def _told(
    validator: jsonschema_rs.Draft202012Validator, value: Any, context: _Context
) -> Iterator[SchemaError]:
    """The validator's errors of one piece, in order of place. Raises ``ValueError`` if it is too deep."""
    made = {error for told in validator.iter_errors(value) for error in _errors(context, told)}
    yield from sorted(made, key=order)


def order(error: SchemaError) -> tuple[Any, ...]:
    """Key by which errors are sorted: by place, an index before a name."""
    place = tuple((type(part) is str, part) for part in error.instance_path)
    return place, error.pointer, error.keyword, error.detail or "", error.expected or ""


@dataclass(frozen=True, slots=True)
class _Context:
    """A piece of a document: ``value`` stands at ``prefix``; if it is a part of a list, from ``start`` on."""

    value: Any
    schema: Mapping[str, Any]
    prefix: Path = ()
    start: int = 0
    numbered: dict[int, dict[int, str]] = field(default_factory=dict)

    def at(self, error: ValidationError, *, exact: bool = True) -> tuple[Path, Any]:
        """Path and value that ``error`` speaks of: not ``error.instance``, where NaN has become None.

        ``exact`` is off where ``error.instance`` is not the value at its path.
        The library's paths are not quite the document's (0.60.3): a key ``"0"`` comes as the number
        0, and an empty key is left out. Both are put right by walking the value.
        """
        path: list[str | int] = []
        node = self.value
        for part in error.instance_path:
            key = _member(node, part, self.numbered)
            while key is None and isinstance(node, dict) and "" in node:
                path.append("")
                node = node[""]
                key = _member(node, part, self.numbered)
            if key is None:  # an empty key and its namesake beside it: the nearest place that exists
                return self.whole(path), node
            path.append(key)
            node = node[key]
        while exact and isinstance(node, dict) and "" in node and not _same_keys(node, error.instance):
            path.append("")
            node = node[""]
        return self.whole(path), node

    def whole(self, path: list[str | int]) -> Path:
        """The path in the document of a path in the piece."""
        if self.start and path and isinstance(path[0], int):
            path[0] += self.start
        return (*self.prefix, *path)

    def siblings(self, schema_path: Sequence[str | int]) -> Mapping[str, Any]:
        """The subschema that holds the keyword at ``schema_path``; empty when not known."""
        node: Any = self.schema
        holder = node
        for part in schema_path:
            key = _member(node, part, self.numbered)
            while key is None and isinstance(node, Mapping) and "" in node:  # left out of the path here too
                node = node[""]
                key = _member(node, part, self.numbered)
            if key is None:
                return {}
            holder, node = node, node[key]
        return holder if isinstance(holder, Mapping) else {}


def _same_keys(left: dict[str, Any], right: Any) -> bool:
    # Not equality: a NaN inside would break it.
    return isinstance(right, dict) and left.keys() == right.keys()


def _member(node: Any, part: str | int, numbered: dict[int, dict[int, str]]) -> str | int | None:
    """The key or index of ``node`` that the library calls ``part``; None if there is none.

    ``numbered`` remembers, by address of an object, its keys that are written with zeros (``"0007"``).
    """
    if isinstance(node, Mapping):
        if str(part) in node:
            return str(part)
        if isinstance(part, str):
            return None
        if id(node) not in numbered:
            numbered[id(node)] = {int(key): key for key in node if key.isascii() and key.isdigit()}
        return numbered[id(node)].get(part)
    is_index = isinstance(node, list) and isinstance(part, int) and part < len(node)
    return part if is_index else None


def _errors(context: _Context, error: ValidationError) -> Iterator[SchemaError]:
    match error.kind:
        case ValidationErrorKind.AnyOf(branches) | ValidationErrorKind.OneOfNotValid(branches):
            yield from _branch(context, error, branches)
        case ValidationErrorKind.AdditionalProperties(keys) | ValidationErrorKind.UnevaluatedProperties(keys):
            known = _known(context.siblings(error.schema_path))
            for key in keys:
                near = get_close_matches(key, known, n=1, cutoff=0.75)
                yield _unexpected(context, error, key, near[0] if near else None)
        case ValidationErrorKind.PropertyNames(inner):
            yield _unexpected(context, error, str(inner.instance), {inner.kind.name: limit(inner.kind)})
        case ValidationErrorKind.FalseSchema():
            yield from _forbidden(context, error)
        case _:
            yield _plain(context, error)


def _plain(context: _Context, error: ValidationError) -> SchemaError:
    kind, keyword = error.kind, _keyword(error)
    path, found = context.at(error)
    expected = limit(kind)
    detail = None
    match kind:
        case ValidationErrorKind.Required(key):
            detail = shortened(key)
        case ValidationErrorKind.Enum(options):
            detail = resembling(found, options)
        case ValidationErrorKind.Constant(value):
            detail = resembling(found, [value])
        case ValidationErrorKind.OneOfMultipleValid(branches):
            expected = 1
            detail = ",".join(str(number) for number, errors in enumerate(branches) if not errors)
        case ValidationErrorKind.Contains():
            expected = context.siblings(error.schema_path).get(keyword) if keyword != "contains" else 1
        case ValidationErrorKind.BacktrackLimitExceeded() | ValidationErrorKind.RegexEngineFailure():
            detail = "undecided"
    return SchemaError(
        _class(context, error, keyword, found),
        path,
        pointer(path),
        keyword,
        None if expected is None else to_json(expected),
        to_json(shape(found, reveal=limits_numbers(kind))),
        detail,
    )


def _unexpected(
    context: _Context, error: ValidationError, key: str, expected: Any, keyword: str | None = None
) -> SchemaError:
    """A key that must not be there, or not so spelled: told of its object, placed at its value."""
    path, parent = context.at(error, exact=keyword is None)
    return SchemaError(
        "STRUCTURE",
        path,
        pointer((*path, key)),
        keyword or _keyword(error),
        None if expected is None else to_json(expected),
        to_json(shape(parent.get(key) if isinstance(parent, dict) else None)),
        shortened(key),
    )


def _forbidden(context: _Context, error: ValidationError) -> Iterator[SchemaError]:
    """A value where the schema is ``false``: a key, or a member of a list, that must not be there."""
    steps = error.schema_path
    last, within = steps[-1] if steps else "", steps[-2] if len(steps) > 1 else ""
    if last == "additionalProperties" and within not in _NAMED:
        # No keys are known at all: the library tells of the first one only, and not its name.
        path, parent = context.at(error, exact=False)
        if isinstance(parent, dict):
            for key in parent:
                yield _unexpected(context, error, key, None, "additionalProperties")
            return
    path, found = context.at(error)
    keyword = "false"
    member: str | int | None = None
    if path and last == "items" and within not in _NAMED and isinstance(path[-1], int):
        keyword, member = "items", path[-1]
    elif path and within in ("properties", "patternProperties"):
        keyword, member = str(within), path[-1]
    of_scalars = isinstance(member, int) and not isinstance(found, (dict, list))
    yield SchemaError(
        "FORMAT" if of_scalars else "STRUCTURE",
        path if member is None else path[:-1],
        pointer(path),
        keyword,
        None,
        to_json(shape(found)),
        None if member is None else shortened(str(member)),
    )


#: Keywords whose members are named by the schema's author: a name there is no keyword.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})


def _branch(
    context: _Context, error: ValidationError, branches: Sequence[Sequence[ValidationError]]
) -> Iterator[SchemaError]:
    chosen = closest(error, branches)
    if isinstance(chosen, int):
        for inner in branches[chosen]:
            yield from _errors(context, inner)
        return
    keyword, limits = chosen
    path, found = context.at(error)
    if keyword == "type":
        expected: Any = type_names(limits)
        error_class = _type_class(found, limits)
    else:
        expected = options_in_short(limits)
        error_class = "STRUCTURE" if isinstance(found, (dict, list)) else "FORMAT"
    reveal = keyword == "enum" and any(type(option) in (int, float) for option in limits)
    yield SchemaError(
        error_class,
        path,
        pointer(path),
        keyword,
        to_json(expected),
        to_json(shape(found, reveal=reveal)),
        resembling(found, limits) if keyword == "enum" else None,
    )


def _keyword(error: ValidationError) -> str:
    # The library names these by their kind; the schema's own word stands last in the path.
    last = error.schema_path[-1] if error.schema_path else None
    return str(last) if last in ("dependentRequired", "minContains", "maxContains") else error.kind.name


def _known(siblings: Mapping[str, Any]) -> list[str]:
    properties = siblings.get("properties")
    return list(properties) if isinstance(properties, Mapping) else []


# --- classes ------------------------------------------------------------------------------------


def _class(context: _Context, error: ValidationError, keyword: str, found: Any) -> ErrorClass:
    if keyword in _STRUCTURE:
        return "STRUCTURE"
    if isinstance(error.kind, ValidationErrorKind.Type):
        return _type_class(found, error.kind.types)
    if keyword in ("minItems", "maxItems"):
        return _length_class(context.siblings(error.schema_path), error.kind, found)
    if isinstance(found, (dict, list)) and keyword in ("const", "enum", "not", "oneOf", "anyOf", "false"):
        return "STRUCTURE"
    return "FORMAT"


def _type_class(found: Any, types: Sequence[Any]) -> ErrorClass:
    containers = {"object", "array"}
    if isinstance(found, (dict, list)) or containers.issuperset(types):
        return "STRUCTURE"
    return "FORMAT"


def _length_class(siblings: Mapping[str, Any], kind: ValidationErrorKind, found: Sequence[Any]) -> ErrorClass:
    items = siblings.get("items")
    if "prefixItems" in siblings or _of_numbers(items):
        return "FORMAT"
    if isinstance(items, Mapping) and items.get("type") == "object":
        return "STRUCTURE"
    if found:
        leaf = found[0]
        while isinstance(leaf, list) and leaf:
            leaf = leaf[0]
        return "FORMAT" if isinstance(leaf, (int, float)) else "STRUCTURE"
    # An empty list: more than one wanted means a geometry or a tuple, one means "something".
    return "FORMAT" if getattr(kind, "limit", 0) > 1 else "STRUCTURE"


def _of_numbers(items: Any) -> bool:
    while isinstance(items, Mapping):
        if items.get("type") in ("number", "integer"):
            return True
        items = items.get("items")
    return False
