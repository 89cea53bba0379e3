"""Texts become what the schema declares, where they have the form of it, and nothing else."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.schemas.coercion import coercion
from qc.schemas.tree import build


def coerced(schema: dict[str, Any], value: Any, *, xml: bool = False) -> Any:
    coerce = coercion(build(schema), xml=xml)
    return value if coerce is None else coerce(copy.deepcopy(value))


def as_text(value: Any) -> str:
    """Told apart by type, too: 1 is no 1.0, and True no 1."""
    return json.dumps(value, ensure_ascii=False)


INTEGER, NUMBER, FLAG, TEXT = ({"type": name} for name in ("integer", "number", "boolean", "string"))

#: schema, text, what becomes of it
SCALARS: list[tuple[dict[str, Any], str, Any]] = [
    (INTEGER, "12", 12),
    (INTEGER, "-12", -12),
    (INTEGER, "+12", 12),
    (INTEGER, " 12\n", 12),
    (INTEGER, "007", 7),
    (INTEGER, "12.0", 12.0),
    (INTEGER, "12.5", 12.5),
    (INTEGER, "9" * 30, float("9" * 30)),
    (NUMBER, "1.5", 1.5),
    (NUMBER, ".5", 0.5),
    (NUMBER, "5.", 5.0),
    (NUMBER, "-1e-3", -0.001),
    (NUMBER, "0", 0),
    # What some parsers take and others do not, and what does not mean the same to everybody, stays a text.
    *[
        (NUMBER, text, text)
        for text in ("", " ", "-", "1_000", "1,000", "1,5", "0x10", "NaN", "inf", "1e999", "1 2")
    ],
    *[
        (NUMBER, text, text)
        for text in ("9" * 400, "１２", "٣", "½", "②", "일", "1.2.3", "--1", "1e", "true")
    ],
    (FLAG, "true", True),
    (FLAG, "True", True),
    (FLAG, "FALSE", False),
    (FLAG, "0", False),
    (FLAG, " 1 ", True),
    *[(FLAG, text, text) for text in ("yes", "Y", "예", "2", "", "tRue")],
    ({"type": ["boolean", "integer"]}, "1", 1),
    ({"type": ["boolean", "integer"]}, "true", True),
    ({"type": ["number", "null"]}, "", None),
    ({"type": ["number", "null"]}, " ", " "),
    ({"type": ["number", "null"]}, "null", "null"),
    ({"type": ["boolean", "null"]}, "", None),
    ({"type": "null"}, "", None),
    ({"type": ["string", "null"]}, "", None),
    ({"type": ["string", "null"]}, "a", "a"),
    # A text is allowed: it is one.
    (TEXT, "12", "12"),
    ({"type": ["string", "integer"]}, "12", "12"),
    ({}, "12", "12"),
    # Declared in other words.
    ({"enum": [0, 1]}, "1", 1),
    ({"const": 2}, "2", 2),
    ({"enum": [1, "1"]}, "1", "1"),
    ({"enum": [1, None]}, "", None),
    ({"anyOf": [INTEGER, {"type": "null"}]}, "", None),
    ({"oneOf": [INTEGER, FLAG]}, "true", True),
    ({"anyOf": [INTEGER, TEXT]}, "1", "1"),
    ({"anyOf": [INTEGER, {"minimum": 1}]}, "1", "1"),
    ({"allOf": [{"minimum": 1}, INTEGER]}, "1", 1),
    ({"$ref": "#/$defs/n", "$defs": {"n": INTEGER}}, "1", 1),
]


@pytest.mark.parametrize(("schema", "text", "value"), SCALARS, ids=str)
def test_a_text_becomes_what_is_declared_if_it_has_the_form(
    schema: dict[str, Any], text: str, value: Any
) -> None:
    assert as_text(coerced(schema, text)) == as_text(value)
    record = {
        "type": "array",
        "items": {"properties": {"a": {k: v for k, v in schema.items() if k != "$defs"}}},
    }
    if "$defs" in schema:
        record["$defs"] = schema["$defs"]
    assert as_text(coerced(record, [{"a": text}])) == as_text([{"a": value}])


#: schema, value, what becomes of it
PLACES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "lists of numbers, and lists of them": (
        {"properties": {"a": {"items": NUMBER}, "b": {"items": {"items": INTEGER}}}},
        {"a": ["1", "x", 2, None], "b": [["1"], "2", ["x", "3"]]},
        {"a": [1, "x", 2, None], "b": [[1], "2", ["x", 3]]},
    ),
    "the first items of a list": (
        {"prefixItems": [INTEGER, TEXT], "items": FLAG},
        ["1", "1", "1", "0"],
        [1, "1", True, False],
    ),
    "a list shorter than promised": ({"prefixItems": [INTEGER, INTEGER]}, ["1"], [1]),
    "keys that are data": (
        {
            "properties": {"a": TEXT},
            "patternProperties": {"^n_": INTEGER, "^t_": TEXT},
            "additionalProperties": FLAG,
        },
        {"a": "1", "n_x": "1", "t_x": "1", "z": "1"},
        {"a": "1", "n_x": 1, "t_x": "1", "z": True},
    ),
    "branches, told apart by a text": (
        {
            "oneOf": [
                {"properties": {"kind": {"const": "box"}, "v": INTEGER}},
                {"properties": {"kind": {"const": "name"}, "v": TEXT}},
            ]
        },
        {"kind": "box", "v": "1"},
        {"kind": "box", "v": 1},
    ),
    "branches, told apart by a number that is a text": (
        {
            "oneOf": [
                {"properties": {"kind": {"const": 1}, "v": INTEGER}},
                {"properties": {"kind": {"const": 2}, "v": TEXT}},
            ]
        },
        {"kind": "2", "v": "1"},
        {"kind": 2, "v": "1"},
    ),
    "what is no object, no list": (
        {"properties": {"a": {"properties": {"b": INTEGER}}, "c": {"items": INTEGER}}},
        {"a": "1", "c": "2"},
        {"a": "1", "c": "2"},
    ),
    "another document altogether": ({"items": {"properties": {"a": INTEGER}}}, {"a": "1"}, {"a": "1"}),
}


@pytest.mark.parametrize("case", PLACES.values(), ids=PLACES.keys())
def test_wherever_it_stands(case: tuple[dict[str, Any], Any, Any]) -> None:
    schema, value, expected = case
    assert as_text(coerced(schema, value)) == as_text(expected)


ELEMENTS: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "one child where there may be many": (
        {"properties": {"a": {"type": "array", "items": {"properties": {"n": INTEGER}}}}},
        {"a": {"n": "1"}},
        {"a": [{"n": 1}]},
    ),
    "many children": (
        {"properties": {"a": {"type": "array", "items": INTEGER}}},
        {"a": ["1", "2"]},
        {"a": [1, 2]},
    ),
    "an empty child is a child": (
        {"properties": {"a": {"type": "array", "items": {"type": "object"}}}},
        {"a": ""},
        {"a": [{}]},
    ),
    "an element without children": (
        {"properties": {"a": {"type": "object", "properties": {"b": INTEGER}}}},
        {"a": ""},
        {"a": {}},
    ),
    "text with attributes that are not there": (
        {"properties": {"a": {"type": "object", "properties": {"@x": INTEGER, "#text": NUMBER}}}},
        {"a": "1.5"},
        {"a": {"#text": 1.5}},
    ),
    "attributes": (
        {"properties": {"a": {"type": "object", "properties": {"@x": INTEGER, "#text": NUMBER}}}},
        {"a": {"@x": "1", "#text": "x"}},
        {"a": {"@x": 1, "#text": "x"}},
    ),
    "text where an object should be": (
        {"properties": {"a": {"type": "object"}}},
        {"a": "text"},
        {"a": "text"},
    ),
    "a text may be a text": ({"properties": {"a": {"type": ["object", "string"]}}}, {"a": ""}, {"a": ""}),
    "the root": ({"type": "object", "required": ["a"]}, "", {}),
}


@pytest.mark.parametrize("case", ELEMENTS.values(), ids=ELEMENTS.keys())
def test_elements_become_lists_and_objects(case: tuple[dict[str, Any], Any, Any]) -> None:
    schema, value, expected = case
    assert as_text(coerced(schema, value, xml=True)) == as_text(expected)
    plain = coerced(schema, value)
    assert type(plain) is type(value)


def test_nothing_is_made_where_there_is_nothing_to_do() -> None:
    assert coercion(build({"type": "array", "items": {"properties": {"a": TEXT, "b": {}}}})) is None
    assert coercion(build({})) is None


JSON = st.recursive(
    st.sampled_from(["1", "x", "", "true", "1.5"]) | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
SCHEMAS = st.recursive(
    st.sampled_from([INTEGER, NUMBER, FLAG, TEXT, {}, {"type": ["number", "null"]}, {"enum": [1, 2]}]),
    lambda inner: st.one_of(
        st.builds(lambda s: {"type": "array", "items": s}, inner),
        st.builds(lambda s: {"prefixItems": [s], "items": s}, inner),
        st.builds(lambda a, b: {"type": "object", "properties": {"a": a, "b": b}}, inner, inner),
        st.builds(lambda a, b: {"properties": {"a": a}, "additionalProperties": b}, inner, inner),
        st.builds(lambda a, b: {"patternProperties": {"a": a, "b|c": b}}, inner, inner),
        st.builds(lambda a, b: {"anyOf": [a, b]}, inner, inner),
    ),
    max_leaves=6,
)


@given(SCHEMAS, JSON, st.booleans())
def test_whatever_the_document_nothing_raises_and_what_was_valid_stays_valid(
    schema: dict[str, Any], value: Any, xml: bool
) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    made = coerced(schema, value, xml=xml)
    # XML has no null and no numbers: only documents of texts come from it.
    if validator.is_valid(value) and not xml and "anyOf" not in str(schema):
        assert validator.is_valid(made)
    assert as_text(coerced(schema, made, xml=xml)) == as_text(made)
