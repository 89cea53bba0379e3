from __future__ import annotations

import json
import math
import tomllib
from typing import Any

import jsonschema_rs
import pytest

from qc import content, words
from qc.documents.document import FURTHER_SYNTAX, SYNTAX
from qc.schemas.errors import MAX_DEPTH, SchemaError, holds, schema_errors
from qc.schemas.messages import KEYWORDS, describe

Schema = dict[str, Any]


def errors(schema: Schema, value: Any, *, known: bool = True) -> list[SchemaError]:
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
    found = schema_errors(validator, value, schema if known else None)
    assert holds(validator, value) == (not found)
    return found


BOX = {
    "type": "object",
    "required": ["type", "bbox"],
    "properties": {
        "type": {"const": "box"},
        "bbox": {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}},
    },
}
POLYGON = {
    "type": "object",
    "required": ["type", "points"],
    "properties": {"type": {"const": "polygon"}, "points": {"type": "array", "minItems": 3}},
}
OF_NUMBERS = {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}}
OF_OBJECTS = {"type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "object"}}
MANY = [f"class {n}" for n in range(30)]
S, F = "STRUCTURE", "FORMAT"
TEXT2 = {"type": "string", "length": 2}
OBJECT1 = {"type": "object", "length": 1}

#: schema, value, then of each error: class, pointer, keyword, expected, found, detail
CASES: dict[str, tuple[Schema, Any, list[tuple[Any, ...]]]] = {
    "valid": ({"type": "integer"}, 3, []),
    "type": ({"type": "integer"}, "ab", [(F, "", "type", "integer", TEXT2, None)]),
    "one of several types": (
        {"type": ["number", "null", "integer"]},
        True,
        [(F, "", "type", ["integer", "number", "null"], {"type": "boolean"}, None)],
    ),
    "list for a scalar": (
        {"properties": {"a": {"type": "number"}}},
        {"a": [1]},
        [(S, "/a", "type", "number", {"type": "array", "length": 1}, None)],
    ),
    "scalar for an object": ({"type": "object"}, 7, [(S, "", "type", "object", {"type": "integer"}, None)]),
    "null for a list": ({"type": "array"}, None, [(S, "", "type", "array", {"type": "null"}, None)]),
    "NaN": (
        {"items": {"type": "number"}},
        [1, math.nan, -math.inf],
        [
            (F, "/1", "type", "number", {"type": "number", "value": "NaN"}, None),
            (F, "/2", "type", "number", {"type": "number", "value": "-Infinity"}, None),
        ],
    ),
    "missing keys": (
        {"items": {"required": ["id", "이름"]}},
        [{"id": 1}, {}],
        [
            (S, "/0", "required", None, OBJECT1, "이름"),
            (S, "/1", "required", None, {"type": "object", "length": 0}, "id"),
            (S, "/1", "required", None, {"type": "object", "length": 0}, "이름"),
        ],
    ),
    "missing by another": (
        {"dependentRequired": {"a": ["b"]}},
        {"a": 1},
        [(S, "", "dependentRequired", None, OBJECT1, "b")],
    ),
    "missing by a condition": (
        {"if": {"properties": {"t": {"const": 1}}}, "then": {"required": ["q"]}},
        {"t": 1},
        [(S, "", "required", None, OBJECT1, "q")],
    ),
    "unknown key, and one misspelt": (
        {"properties": {"annotations": {}}, "additionalProperties": False},
        {"anotations": [], "x/y": "ab"},
        [
            (
                S,
                "/anotations",
                "additionalProperties",
                "annotations",
                {"type": "array", "length": 0},
                "anotations",
            ),
            (S, "/x~1y", "additionalProperties", None, TEXT2, "x/y"),
        ],
    ),
    "unevaluated key": (
        {"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False},
        {"a": 1, "b": 2},
        [(S, "/b", "unevaluatedProperties", None, {"type": "integer"}, "b")],
    ),
    "key name": (
        {"propertyNames": {"pattern": "^[a-z]+$"}},
        {"키": 1},
        [(S, "/키", "propertyNames", {"pattern": "^[a-z]+$"}, {"type": "integer"}, "키")],
    ),
    "forbidden key": (
        {"properties": {"a": False}},
        {"a": 1},
        [(S, "/a", "properties", None, {"type": "integer"}, "a")],
    ),
    "forbidden keys by pattern": (
        {"patternProperties": {"^x": False}},
        {"xy": "ab"},
        [(S, "/xy", "patternProperties", None, TEXT2, "xy")],
    ),
    "no key is known": (
        {"items": {"additionalProperties": False}},
        [{"a": 1, "": "ab"}],
        [
            (S, "/0/", "additionalProperties", None, TEXT2, ""),
            (S, "/0/a", "additionalProperties", None, {"type": "integer"}, "a"),
        ],
    ),
    "false by a reference": (
        {"properties": {"a": {"$ref": "#/$defs/items"}}, "$defs": {"items": False}},
        {"a": 1},
        [(S, "/a", "false", None, {"type": "integer"}, None)],
    ),
    "forbidden altogether": ({"not": {}}, 1, [(F, "", "not", None, {"type": "integer"}, None)]),
    "number of keys": (
        {"minProperties": 2},
        {"a": 1},
        [(S, "", "minProperties", 2, OBJECT1, None)],
    ),
    "numbers in a list": (OF_NUMBERS, [1, 2], [(F, "", "minItems", 4, {"type": "array", "length": 2}, None)]),
    "an empty list of numbers": (
        OF_NUMBERS,
        [],
        [(F, "", "minItems", 4, {"type": "array", "length": 0}, None)],
    ),
    "too many numbers": (OF_NUMBERS, [1] * 5, [(F, "", "maxItems", 4, {"type": "array", "length": 5}, None)]),
    "objects in a list": (OF_OBJECTS, [{}], [(S, "", "minItems", 2, {"type": "array", "length": 1}, None)]),
    "an empty list of objects": (
        OF_OBJECTS,
        [],
        [(S, "", "minItems", 2, {"type": "array", "length": 0}, None)],
    ),
    "more than a tuple": (
        {"prefixItems": [{}, {}], "items": False},
        [1, 2, 3],
        [(F, "/2", "items", None, {"type": "integer"}, "2")],
    ),
    "unevaluated items": (
        {"prefixItems": [{}], "unevaluatedItems": False},
        [1, 2],
        [(S, "", "unevaluatedItems", None, {"type": "array", "length": 2}, None)],
    ),
    "same value twice": (
        {"uniqueItems": True},
        [1, 1],
        [(F, "", "uniqueItems", None, {"type": "array", "length": 2}, None)],
    ),
    "contains nothing of it": (
        {"contains": {"const": 1}},
        [2],
        [(S, "", "contains", 1, {"type": "array", "length": 1}, None)],
    ),
    "contains too few": (
        {"contains": {"const": 1}, "minContains": 2},
        [1],
        [(S, "", "minContains", 2, {"type": "array", "length": 1}, None)],
    ),
    "contains too many": (
        {"contains": {"const": 1}, "maxContains": 1},
        [1, 1],
        [(S, "", "maxContains", 1, {"type": "array", "length": 2}, None)],
    ),
    "range": (
        {"minimum": 0.5, "multipleOf": 2},
        -1.5,
        [
            (F, "", "minimum", 0.5, {"type": "number", "value": -1.5}, None),
            (F, "", "multipleOf", 2, {"type": "number", "value": -1.5}, None),
        ],
    ),
    "open range": (
        {"items": {"exclusiveMinimum": 0, "exclusiveMaximum": 1}},
        [0, 1],
        [
            (F, "/0", "exclusiveMinimum", 0, {"type": "integer", "value": 0}, None),
            (F, "/1", "exclusiveMaximum", 1, {"type": "integer", "value": 1}, None),
        ],
    ),
    "length": ({"maxLength": 1}, "가나", [(F, "", "maxLength", 1, TEXT2, None)]),
    "pattern": ({"pattern": "^[0-9]$"}, "가나", [(F, "", "pattern", "^[0-9]$", TEXT2, None)]),
    "format": ({"format": "date"}, "가나", [(F, "", "format", "date", TEXT2, None)]),
    "enum of texts": ({"enum": ["car", "bus"]}, "가나", [(F, "", "enum", ["car", "bus"], TEXT2, None)]),
    "enum, misspelt": (
        {"enum": ["Traffic Light"]},
        "traffic　light",
        [(F, "", "enum", ["Traffic Light"], {"type": "string", "length": 13}, "Traffic Light")],
    ),
    "enum of numbers": (
        {"enum": [1, 2]},
        9,
        [(F, "", "enum", [1, 2], {"type": "integer", "value": 9}, None)],
    ),
    "number among texts": ({"enum": ["1"]}, 9, [(F, "", "enum", ["1"], {"type": "integer"}, None)]),
    "long enum": ({"enum": MANY}, "가나", [(F, "", "enum", {"count": 30, "first": MANY[:10]}, TEXT2, None)]),
    "const": ({"const": 1}, 2, [(F, "", "const", 1, {"type": "integer", "value": 2}, None)]),
    "const object": (
        {"const": {"a": 1}},
        {"b": 1},
        [(S, "", "const", {"type": "object", "length": 1}, OBJECT1, None)],
    ),
    "the branch of the right constant, though it has more errors": (
        {"oneOf": [POLYGON, BOX]},
        {"type": "box", "bbox": ["a", "b", 3]},
        [
            (F, "/bbox", "minItems", 4, {"type": "array", "length": 3}, None),
            (F, "/bbox/0", "type", "number", {"type": "string", "length": 1}, None),
            (F, "/bbox/1", "type", "number", {"type": "string", "length": 1}, None),
        ],
    ),
    "the branch with fewer errors when no constant holds": (
        {"oneOf": [POLYGON, BOX]},
        {"type": "bx", "bbox": [1, 2, 3, 4]},
        [(F, "/type", "const", "box", TEXT2, None)],
    ),
    "the branch of the value's type": (
        {"anyOf": [{"type": "integer"}, POLYGON]},
        {"type": "polygon"},
        [(S, "", "required", None, OBJECT1, "points")],
    ),
    "branches of types are one demand": (
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "가나",
        [(F, "", "type", ["integer", "null"], TEXT2, None)],
    ),
    "branches of constants are one demand": (
        {"oneOf": [{"const": "box"}, {"enum": ["line"]}]},
        "BOX",
        [(F, "", "enum", ["box", "line"], {"type": "string", "length": 3}, "box")],
    ),
    "a branch within a branch": (
        {"anyOf": [{"type": "null"}, {"anyOf": [BOX, POLYGON]}]},
        {"type": "polygon", "points": 3},
        [(S, "/points", "type", "array", {"type": "integer"}, None)],
    ),
    "two branches at once": (
        {"oneOf": [{"type": "null"}, {"type": "object"}, {"required": ["a"]}]},
        {"a": 1},
        [(S, "", "oneOf", 1, OBJECT1, "1,2")],
    ),
    "the same demand by two ways is one error": (
        {"allOf": [{"type": "string"}, {"type": "string"}]},
        1,
        [(F, "", "type", "string", {"type": "integer"}, None)],
    ),
    "through references": (
        {"items": {"$ref": "#/$defs/box"}, "$defs": {"box": BOX}},
        [{"type": "box", "bbox": []}],
        [(F, "/0/bbox", "minItems", 4, {"type": "array", "length": 0}, None)],
    ),
    "keys that look like indexes": (
        {"additionalProperties": {"items": {"type": "string"}}},
        {"0": [1], "007": [1], "": ["a", 2]},
        [
            (F, "//1", "type", "string", {"type": "integer"}, None),
            (F, "/0/0", "type", "string", {"type": "integer"}, None),
            (F, "/007/0", "type", "string", {"type": "integer"}, None),
        ],
    ),
    "an empty key": (
        {"additionalProperties": {"additionalProperties": {"type": "string"}}},
        {"": {"a": 1}, "b": {"": 1}},
        [
            (F, "//a", "type", "string", {"type": "integer"}, None),
            (F, "/b/", "type", "string", {"type": "integer"}, None),
        ],
    ),
    "an empty key beside NaN": (
        {"properties": {"a": {}}, "unevaluatedProperties": False},
        {"": "ab", "a": math.nan},
        [(S, "/", "unevaluatedProperties", None, TEXT2, "")],
    ),
    "very large numbers": (
        {"maximum": 5},
        10**30,
        [(F, "", "maximum", 5, {"type": "integer", "value": 10**30}, None)],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_errors_are_told_by_class_place_and_limit(case: tuple[Schema, Any, list[tuple[Any, ...]]]) -> None:
    schema, value, wanted = case
    found = [
        (e.error_class, e.pointer, e.keyword, loaded(e.expected), loaded(e.found), e.detail)
        for e in errors(schema, value)
    ]
    assert found == wanted


def loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


@pytest.mark.parametrize(
    ("value", "error_class"),
    [([1], F), ([[1, 2]], F), ([{}], S), (["a"], S), ([], F)],
    ids=["numbers", "points", "objects", "texts", "empty"],
)
def test_without_the_schema_the_members_tell_what_a_list_is(value: Any, error_class: str) -> None:
    assert [e.error_class for e in errors({"minItems": 4}, value, known=False)] == [error_class]


def test_an_unexpected_key_is_told_of_its_object() -> None:
    (error,) = errors({"items": {"additionalProperties": False}}, [{"a": 1}])
    assert (error.instance_path, error.pointer) == ((0,), "/0/a")


def test_too_deep_for_the_validator_is_neither_structure_nor_a_crash() -> None:
    value: Any = 0
    for _ in range(MAX_DEPTH + 10):
        value = [value]
    found = errors({"type": "object"}, value)
    assert [(e.error_class, e.keyword, e.expected) for e in found] == [("FILE", "depth", str(MAX_DEPTH))]


def test_nothing_that_the_schema_does_not_bound_comes_out() -> None:
    secret = "홍길동 010-1234-5678"
    schema = {
        "properties": {
            "text": {"type": "integer"},
            "number": {"type": "string"},
            "enum": {"enum": ["a"]},
            "const": {"const": "a"},
            "pattern": {"pattern": "^a$"},
            "format": {"format": "date"},
            "short": {"maxLength": 1},
            "branch": {"oneOf": [{"const": 1}, {"type": "object", "required": ["x"]}]},
            "not": {"not": {"type": "string"}},
            "list": {"contains": {"const": 1}, "uniqueItems": True},
        }
    }
    value: dict[str, Any] = dict.fromkeys(schema["properties"], secret)
    value.update({"number": 8801011234567, "list": [secret, secret]})
    found = errors(schema, value)
    assert {e.pointer[1:] for e in found} == set(value)
    assert not any(part in repr(found) for part in (secret, "홍길동", "1234", "8801011"))


def test_a_long_key_and_a_long_constant_are_shortened() -> None:
    schema = {"additionalProperties": False, "required": ["k" * 500]}
    for error in errors(schema, {"x" * 500: 1}):
        assert error.detail is not None
        assert len(error.detail) == 80
        assert error.detail.endswith("…")
    (error,) = errors({"const": "c" * 5000}, 1)
    assert error.expected is not None
    assert len(error.expected) < 300


def test_errors_come_in_order_of_place_whatever_the_schema_says_first() -> None:
    schema = {"properties": {"b": {"type": "null"}, "a": {"items": {"type": "null"}}}}
    pointers = [e.pointer for e in errors(schema, {"b": 1, "a": [1] * 12})]
    assert pointers == [*(f"/a/{n}" for n in range(12)), "/b"]


# --- words --------------------------------------------------------------------------------------

AREA = content.folder("reports") / "words" / "schema.toml"


def test_every_keyword_has_words() -> None:
    told = set(tomllib.loads(AREA.read_text(encoding="utf-8"))["schema"])
    missing = {name for name in KEYWORDS - {"syntax"} if name not in told}
    missing |= {f"syntax-{detail}" for detail in (*SYNTAX, *FURTHER_SYNTAX)} - told
    assert not missing


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_error_can_be_said(case: tuple[Schema, Any, list[Any]], language: words.Language) -> None:
    for error in errors(case[0], case[1]):
        key, values = describe(error.keyword, error.expected, error.found, error.detail)
        said = words.Words(language).text(key, **values)
        assert said != key
        assert "{" not in said.replace("{pattern}", "")
        assert "None" not in said


#: schema, value, what is said in Korean, in English
SAID: dict[str, tuple[Schema, Any, str, str]] = {
    "required": (
        {"required": ["이름"]},
        {},
        "필수 키 이름이 없습니다",
        "required key 이름 is missing",
    ),
    "near": (
        {"properties": {"bbox": {}}, "additionalProperties": False},
        {"bboxs": 1},
        "스키마에 없는 키 bboxs가 있습니다. 비슷한 키: bbox",
        "key bboxs is not in the schema; a similar one is: bbox",
    ),
    "type": (
        {"type": ["integer", "null"]},
        "가",
        "integer, null 값이어야 하는데 string 값이 있습니다",
        "expected integer, null, found string",
    ),
    "items": (
        OF_NUMBERS,
        [1],
        "배열의 항목이 1개입니다. 4개 이상이어야 합니다",
        "the array has 1 item; at least 4 needed",
    ),
    "range": (
        {"maximum": 1},
        1.5,
        "값이 1.5입니다. 1 이하여야 합니다",
        "the value is 1.5; it must be at most 1",
    ),
    "enum": (
        {"enum": ["차", "사람"]},
        "나무",
        "허용된 값이 아닙니다(문자열, 2자). 허용: 차, 사람",
        "not an allowed value (a string of 2); allowed: 차, 사람",
    ),
    "position": (
        {"prefixItems": [{}], "items": False},
        [1, 2],
        "배열의 2번째 항목은 스키마에 없습니다",
        "item 2 of the array is not in the schema",
    ),
}


@pytest.mark.parametrize("case", SAID.values(), ids=SAID.keys())
def test_what_is_said(case: tuple[Schema, Any, str, str]) -> None:
    schema, value, *wanted = case
    (error,) = errors(schema, value)
    key, values = describe(error.keyword, error.expected, error.found, error.detail)
    assert [words.Words(language).text(key, **values) for language in ("ko", "en")] == wanted


def test_a_keyword_without_words_is_still_named() -> None:
    key, values = describe("contentEncoding", None, None, None)
    assert "contentEncoding" in words.Words("en").text(key, **values)
