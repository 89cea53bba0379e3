"""In which forms values and keys come: types where several may stand, spellings, unknown keys."""

from __future__ import annotations

from typing import Any

import pytest

from qc.facts.tables import PATH_FORMS
from qc.schemas.forms import MOST_FORMS, FormCounts, forms
from qc.schemas.naming import Names
from qc.schemas.tree import build

Counted = dict[tuple[str, str, str], tuple[int, int]]


def counted(schema: dict[str, Any], *documents: Any) -> Counted:
    """(path, what, form) -> (files, occurrences) of documents that are files 1, 2 …"""
    counts = FormCounts(forms(build(schema)), Names(lambda text: f"~{len(text)}", schema))
    for file, document in enumerate(documents, 1):
        counts.take(document, file)
    columns = counts.columns("s")
    assert list(columns) == list(PATH_FORMS.names)
    rows = zip(*columns.values(), strict=True)
    return {(path, what, form): (files, times) for _, path, what, form, files, times, _ in rows}


UNION = {"type": ["string", "array"]}

CASES: dict[str, tuple[dict[str, Any], tuple[Any, ...], Counted]] = {
    "sometimes a string, sometimes a list": (
        {"properties": {"status": UNION}},
        ({"status": "a"}, {"status": ["a"]}, {"status": "b"}, {}),
        {("/status", "type", "string"): (2, 2), ("/status", "type", "array"): (1, 1)},
    ),
    "one type alone is not counted": (
        {"properties": {"n": {"type": "integer"}, "m": {"type": ["integer", "number", "null"]}}},
        ({"n": 1, "m": 2.5},),
        {},
    ),
    "nothing said of the type": (
        {"properties": {"any": {}}},
        ({"any": 1}, {"any": True}, {"any": None}),
        {
            ("/any", "type", "number"): (1, 1),
            ("/any", "type", "boolean"): (1, 1),
            ("/any", "type", "null"): (1, 1),
        },
    ),
    "in lists and in lists of lists": (
        {"properties": {"a": {"items": {"properties": {"id": {"type": ["integer", "string"]}}}},
                        "b": {"type": "array", "items": UNION}}},
        ({"a": [{"id": 1}, {"id": "1"}, {"id": 2}], "b": ["x", ["x"]]},),
        {
            ("/a/*/id", "type", "number"): (1, 2), ("/a/*/id", "type", "string"): (1, 1),
            ("/b/*", "type", "string"): (1, 1), ("/b/*", "type", "array"): (1, 1),
        },
    ),
    "alternatives": (
        {"properties": {"s": {"oneOf": [{"type": "array"}, {"type": "object", "properties": {"c": UNION}}]}}},
        ({"s": []}, {"s": {"c": "x"}}),
        {
            ("/s", "type", "array"): (1, 1), ("/s", "type", "object"): (1, 1),
            ("/s/c", "type", "string"): (1, 1),
        },
    ),
    "a property of an object and of a branch is counted once": (
        {
            "properties": {"t": {"type": "string"}, "v": UNION},
            "if": {"properties": {"t": {"const": "x"}}, "required": ["t"]},
            "then": {"properties": {"v": {"minItems": 1}, "w": UNION}},
        },
        ({"t": "x", "v": "a", "w": "b"}, {"t": "y", "v": "a"}),
        {("/v", "type", "string"): (2, 2), ("/w", "type", "string"): (1, 1)},
    ),
    "keys under a pattern, by its title": (
        {"patternProperties": {r"^Raw\.?$": {"title": "Raw", "type": "object", "properties": {"x": UNION}}}},
        ({"Raw.": {"x": "1"}}, {"Raw": {"x": "1"}}, {"Raw": {}}),
        {
            ("/Raw", "key", "Raw"): (2, 2), ("/Raw", "key", "Raw."): (1, 1),
            ("/Raw/x", "type", "string"): (2, 2),
        },
    ),
    "keys that nobody declared": (
        {"properties": {"a": {"type": "object", "properties": {"en_inside": {"type": "string"}}}},
         "patternProperties": {"^x-": {"type": "string"}}},
        ({"a": {"en_insdie": "1"}, "x-y": "", "b": 1}, {"a": {"en_inside": "1"}}),
        {
            ("/a", "unknown-key", "en_insdie"): (1, 1), ("", "unknown-key", "b"): (1, 1),
            ("/{^x-}", "key", "x-y"): (1, 1),
        },
    ),
    "keys that are data": (
        {"properties": {"a": {"type": "object", "additionalProperties": {"type": "string"}},
                        "b": {"type": "object"},
                        "c": {"x-qc": {"key": "attribute"}, "patternProperties": {".": {"type": "string"}}}}},
        ({"a": {"1": ""}, "b": {"2": 1}, "c": {"3": ""}},),
        {},
    ),
    "a key that looks like no name": (
        {"properties": {"a": {"type": "string"}}},
        ({"hong@example.com": 1},),
        {("", "unknown-key", "~16"): (1, 1)},
    ),
    "documents that are nothing of what was expected": (
        {"properties": {"a": {"type": "array", "items": {"properties": {"b": UNION}}}}},
        (3, None, [], {"a": 3}, {"a": [3, {"b": {}}]}),
        {("/a/*/b", "type", "object"): (1, 1)},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("schema", "documents", "expected"), CASES.values(), ids=CASES)
def test_counts(schema: dict[str, Any], documents: tuple[Any, ...], expected: Counted) -> None:
    assert counted(schema, *documents) == expected


def test_keys_without_end_are_not_kept() -> None:
    found = counted({"properties": {"a": {"type": "string"}}}, {f"k{n}": n for n in range(10 * MOST_FORMS)})
    assert len(found) == MOST_FORMS
