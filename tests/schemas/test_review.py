from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from qc import words
from qc.documents.options import faults
from qc.schemas.review import review, review_schema

ROW = {"x-qc": {"row": "item"}}
#: What a schema needs so that nothing is to be said about it.
QUIET: dict[str, Any] = {**ROW, "type": "object", "required": ["a"], "additionalProperties": False}


def quiet(**more: Any) -> dict[str, Any]:
    return {**QUIET, "properties": {"a": more}}


#: schema, then of each remark: level, pointer, the last part of its key
CASES: dict[str, tuple[Any, list[tuple[str, str, str]]]] = {
    "nothing to say": (
        quiet(multipleOf=0.5, format="date", pattern="^[가-힣]+$", type="string"),
        [
            ("warning", "/properties/a/pattern", "review-dollar"),
        ],
    ),
    "a kind of document that there is none of": (
        {**QUIET, "x-qc": {"row": "item", "document": {"kind": "avro"}}},
        [("error", "/x-qc/document/kind", "document-unknown-kind")],
    ),
    "an option of another kind, and one that is malformed": (
        {**QUIET, "x-qc": {"row": "item", "document": {"kind": "csv", "separator": " ", "header": 1}}},
        [
            ("error", "/x-qc/document/separator", "document-unknown-option"),
            ("error", "/x-qc/document/header", "document-malformed"),
        ],
    ),
    "no names for columns": (
        {**QUIET, "x-qc": {"row": "item", "document": {"kind": "csv", "header": False}}},
        [("error", "/x-qc/document/columns", "document-missing")],
    ),
    "names for columns that have names": (
        {"x-qc": {"row": "item", "document": {"kind": "csv", "columns": ["a"]}}, "required": ["a"]},
        [("error", "/x-qc/document/columns", "document-contradictory")],
    ),
    "document that is no object": (
        {**QUIET, "x-qc": {"row": "item", "document": "csv"}},
        [("error", "/x-qc/document", "document-malformed")],
    ),
    "a table is a list, whatever its schema says": (
        {**QUIET, "x-qc": {"row": "item", "document": {"kind": "csv"}}},
        [("warning", "/type", "review-document-root")],
    ),
    "a table that may be a list": (
        {**QUIET, "type": ["array", "null"], "x-qc": {"row": "item", "document": {"kind": "csv"}}},
        [],
    ),
    "true, which says nothing of a format": (True, [("error", "", "review-not-a-schema")]),
    "false": (False, [("error", "", "review-not-a-schema")]),
    "a list": ([], [("error", "", "review-not-a-schema")]),
    "unknown type": (quiet(type="text"), [("error", "/properties/a/type", "review-metaschema")]),
    "limit that is no number": (
        quiet(minimum="0"),
        [("error", "/properties/a/minimum", "review-metaschema")],
    ),
    "an older draft": (
        {**quiet(items=[{"type": "string"}]), "$schema": "http://json-schema.org/draft-07/schema#"},
        [("error", "/properties/a/items", "review-metaschema"), ("warning", "/$schema", "review-draft")],
    ),
    "reference to nothing": (
        quiet(anyOf=[{"$ref": "#/$defs/box"}]),
        [("error", "/properties/a/anyOf/0/$ref", "review-reference")],
    ),
    "reference to the network": (
        quiet(**{"$ref": "https://example.invalid/box.json"}),
        [("error", "/properties/a/$ref", "review-reference")],
    ),
    "references that lead somewhere": (
        {
            **QUIET,
            "$id": "https://example.invalid/a.json",
            "properties": {
                "a": {"$ref": "#/$defs/x~1y"},
                "b": {"$ref": "#here"},
                "c": {"$ref": "a.json#/$defs/x~1y"},
                "d": {"$ref": "https://json-schema.org/draft/2020-12/schema"},
            },
            "$defs": {"x/y": {"$anchor": "here"}},
        },
        [],
    ),
    "bad expression": (quiet(pattern="(a"), [("error", "/properties/a/pattern", "review-regex")]),
    "bad expression for keys": (
        {**QUIET, "patternProperties": {"[": {}}},
        [("error", "/patternProperties/[", "review-regex")],
    ),
    "ASCII classes": (
        quiet(pattern=r"^\w+ \d$"),
        [
            ("warning", "/properties/a/pattern", "review-ascii-class"),
            ("warning", "/properties/a/pattern", "review-dollar"),
        ],
    ),
    "an escaped backslash, bracket and dollar are none": (quiet(pattern=r"\\w\$"), []),
    "dollars are counted, not repeated": (
        {**QUIET, "patternProperties": {"a$": {"pattern": "b$"}}},
        [("warning", "/patternProperties/a$", "review-dollar")],
    ),
    "fraction": (quiet(multipleOf=0.01), [("warning", "/properties/a/multipleOf", "review-multiple-of")]),
    "unknown format": (quiet(format="phone"), [("warning", "/properties/a/format", "review-unknown-format")]),
    "nothing required": (
        {**ROW, "additionalProperties": False},
        [("warning", "", "review-nothing-required")],
    ),
    "open objects": (
        {**QUIET, "properties": {"a": {"properties": {}}, "b": {"properties": {}}}},
        [("warning", "/properties/a", "review-open-object")],
    ),
    "what only adds is not open": ({**QUIET, "allOf": [{"properties": {"a": {}}}]}, []),
    "no roles": ({"required": ["a"]}, [("warning", "", "review-no-rows")]),
    "values are no schemas": (quiet(enum=[{"pattern": "(", "properties": {}}], default={"$ref": "#/x"}), []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_remarks(case: tuple[Any, list[tuple[str, str, str]]]) -> None:
    schema, wanted = case
    remarks = review(json.dumps(schema).encode())
    assert [(r.level, r.pointer, r.key.removeprefix("schema.")) for r in remarks] == wanted


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_schema_without_an_error_compiles_and_no_other_does(case: tuple[Any, Any]) -> None:
    schema = case[0]
    try:
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
    except (ValueError, TypeError):
        compiles = False
    else:
        # No boolean: it describes no format. Nor one whose documents nobody can read.
        compiles = isinstance(schema, dict) and not list(faults(schema.get("x-qc", {}).get("document", {})))
    assert compiles == (not any(remark.level == "error" for remark in review_schema(schema)))


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize(
    ("role", "key"),
    [({"rwo": "item"}, "roles.unknown"), ("row", "roles.malformed"), ({"shape": "blob"}, "roles.malformed")],
)
def test_a_role_that_cannot_hold_is_an_error(role: Any, key: str, language: words.Language) -> None:
    (remark,) = [r for r in review(json.dumps(quiet(**{"x-qc": role})).encode()) if r.level == "error"]
    assert (remark.pointer, remark.key) == ("/properties/a", key)
    assert "{" not in words.Words(language).text(remark.key, **remark.values)


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_remark_can_be_said(case: tuple[Any, Any], language: words.Language) -> None:
    for remark in review(json.dumps(case[0]).encode()):
        said = words.Words(language).text(remark.key, **remark.values)
        assert said != remark.key
        assert "{" not in said


def test_a_file_that_is_no_json_says_where() -> None:
    (remark,) = review(b'{"type": "object",\n}')
    assert (remark.level, remark.key) == ("error", "schema.syntax-trailing-comma")
    assert (remark.values["line"], remark.values["col"]) == (2, 1)


def test_a_key_that_stands_twice_is_a_warning_and_the_rest_is_reviewed() -> None:
    text = json.dumps(quiet(type="text")).replace('"type": "text"', '"type": "string", "type": "text"')
    assert [(r.level, r.key) for r in review(text.encode())] == [
        ("error", "schema.review-metaschema"),
        ("warning", "schema.duplicate-key"),
    ]


def test_endless_nesting_is_an_error_not_a_crash() -> None:
    schema: dict[str, Any] = {}
    for _ in range(490):
        schema = {"not": schema}
    assert {remark.level for remark in review_schema(schema)} >= {"error"}
