"""jsonschema-rs, whose verdict counts, held against the reference implementation.

Where the two differ, the difference is in ``EXCEPTIONS``: a committed list, each with a case that
still shows it. ``qc schema check`` warns of those that a schema can avoid. A difference that no
exception explains fails the test: then one of the two has changed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.schemas.errors import holds, schema_errors

Schema = dict[str, Any]


def ours(schema: Schema, value: Any) -> bool:
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
    verdict = holds(validator, value)
    # The list of errors and the verdict are two calls of the library: they must agree.
    assert verdict == (not schema_errors(validator, value, schema))
    return verdict


def reference(schema: Schema, value: Any) -> bool | None:
    """The reference's verdict; None if it gives up (a pattern, arithmetic with NaN)."""
    try:
        return bool(jsonschema.Draft202012Validator(schema).is_valid(value))
    except (re.error, ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class Difference:
    """Why the two may differ; a case (``ours`` first) that shows it."""

    name: str
    schema: Schema
    value: Any
    ours: bool
    reference: bool | None
    explains: Callable[[Schema, Any], bool]


def parts(value: Any) -> Iterator[Any]:
    """The value and everything inside it, keys included."""
    yield value
    if isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from parts(member)
    elif isinstance(value, list):
        for member in value:
            yield from parts(member)


def patterns(schema: Schema) -> Iterator[str]:
    for part in parts(schema):
        if isinstance(part, dict):
            pattern = part.get("pattern")
            yield from (pattern,) if isinstance(pattern, str) else ()
            yield from part.get("patternProperties", {})


def says(letters: str) -> Callable[[Schema, Any], bool]:
    """A pattern uses one of these classes, and a text holds something beyond ASCII."""

    def explains(schema: Schema, value: Any) -> bool:
        used = any(re.search(rf"\\[{letters}]", pattern) for pattern in patterns(schema))
        return used and any(isinstance(part, str) and not part.isascii() for part in parts(value))

    return explains


def ends_with_break(schema: Schema, value: Any) -> bool:
    texts = [part for part in parts(value) if isinstance(part, str)]
    return any("$" in p for p in patterns(schema)) and any(text.endswith("\n") for text in texts)


def divides_fractions(schema: Schema, value: Any) -> bool:
    return any(
        isinstance(part, dict) and isinstance(part.get("multipleOf"), float) for part in parts(schema)
    ) and any(isinstance(part, (int, float)) for part in parts(value))


def not_finite(schema: Schema, value: Any) -> bool:
    return any(isinstance(part, float) and not math.isfinite(part) for part in parts(value))


EXCEPTIONS = (
    Difference(r"\w and Hangul", {"pattern": r"^\w+$"}, "가", False, True, says("wW")),
    Difference(r"\d and fullwidth digits", {"pattern": r"^\d+$"}, "１２", False, True, says("dD")),
    Difference(r"\s and U+FEFF", {"pattern": r"^\s$"}, "\ufeff", True, False, says("sS")),
    Difference(r"\p is ECMA's only", {"pattern": r"^\p{L}+$"}, "가", True, None, says("p")),
    Difference("$ before a line break", {"pattern": r"\.jpg$"}, "a.jpg\n", False, True, ends_with_break),
    Difference("fractional multipleOf", {"multipleOf": 0.01}, 0.07, True, False, divides_fractions),
    Difference("NaN as a number", {"type": "number"}, math.nan, False, True, not_finite),
    Difference("Infinity and maximum", {"maximum": 0}, math.inf, True, False, not_finite),
    Difference("Infinity and multipleOf", {"multipleOf": 2}, math.inf, True, False, not_finite),
)


@pytest.mark.parametrize("case", EXCEPTIONS, ids=lambda case: case.name)
def test_the_listed_differences_are_still_there(case: Difference) -> None:
    assert (ours(case.schema, case.value), reference(case.schema, case.value)) == (case.ours, case.reference)
    assert case.ours != case.reference
    assert case.explains(case.schema, case.value)


# --- cases made by hypothesis -------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "bbox", "클래스", "a.", "", "0"])
TEXTS = st.sampled_from(
    ["", "a", "ab", "가", "가나", "１２", "12", "a.jpg", "a.jpg\n", "😀", "2022-01-01", "\ufeff"]
)
NUMBERS = st.one_of(
    st.integers(-3, 12),
    st.sampled_from([0.07, 0.5, 1.0, -0.0, 2.5, 1e20, 2**53 + 1, math.nan, math.inf, -math.inf]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
LIMITS = st.integers(0, 4)
FINITE = st.one_of(st.integers(-2, 10), st.sampled_from([0.5, 2.5, 0.07]))
TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
PATTERNS = st.sampled_from(
    ["^a", "a$", r"\.jpg$", "^[가-힣]+$", r"^\w+$", r"^\d+$", r"\s", "^.$", "", "^[0-9]{4}-[0-9]{2}"]
)
CONSTANTS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 3), TEXTS, st.lists(st.integers(0, 1), max_size=2)
)


def schemas(inner: st.SearchStrategy[Schema | bool]) -> st.SearchStrategy[Schema]:
    """Schemas whose subschemas are ``inner``."""
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "required": st.lists(KEYS, max_size=2, unique=True),
            "properties": st.dictionaries(KEYS, inner, max_size=3),
            "patternProperties": st.dictionaries(PATTERNS, inner, max_size=1),
            "additionalProperties": inner,
            "propertyNames": inner,
            "dependentRequired": st.dictionaries(KEYS, st.lists(KEYS, max_size=2, unique=True), max_size=1),
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=3),
            "contains": inner,
            "minItems": LIMITS,
            "maxItems": LIMITS,
            "uniqueItems": st.booleans(),
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "oneOf": st.lists(inner, min_size=1, max_size=3),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "unevaluatedProperties": st.just(False),
        },
    )


LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "enum": st.lists(CONSTANTS, min_size=1, max_size=3, unique_by=repr),
        "const": CONSTANTS,
        "minimum": FINITE,
        "maximum": FINITE,
        "exclusiveMinimum": FINITE,
        "multipleOf": st.sampled_from([1, 2, 3, 0.5, 0.01]),
        "minLength": LIMITS,
        "maxLength": LIMITS,
        "pattern": PATTERNS,
    },
)
SCHEMAS = schemas(st.recursive(LEAVES | st.booleans(), schemas, max_leaves=3))


@settings(max_examples=250, deadline=None, derandomize=True)
@given(schema=SCHEMAS, value=VALUES)
def test_both_validators_agree_but_for_the_exceptions(schema: Schema, value: Any) -> None:
    if ours(schema, value) != reference(schema, value):
        reasons = [case.name for case in EXCEPTIONS if case.explains(schema, value)]
        assert reasons, json.dumps([schema, value], ensure_ascii=False)
