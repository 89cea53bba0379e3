"""Errors of a document in pieces are those of the whole document."""

from __future__ import annotations

import tracemalloc
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.documents.pointers import pointer
from qc.schemas import errors, library, splitting
from qc.schemas.errors import SchemaError, iter_errors, order
from qc.schemas.paths import Faults
from qc.schemas.splitting import Unit

#: Divided at the root's list, at lists in objects, in lists, through references and beside conditions.
SCHEMAS: dict[str, Any] = {
    "labelme": library.load("labelme").document,
    "coco": library.load("coco-instances").document,
    "lists": {
        "items": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"items": {"type": "integer"}}},
        "minItems": 2,
        "maxItems": 6,
    },
    "references": {
        "$defs": {
            "all": {"type": "array", "items": {"$ref": "#/$defs/one"}},
            "one": {
                "required": ["a"],
                "properties": {"a": {"$ref": "#/$defs/numbers"}},
                "additionalProperties": False,
            },
            "numbers": {"items": {"type": "number"}, "minItems": 1},
        },
        "properties": {"many": {"$ref": "#/$defs/all"}, "": {"$ref": "#/$defs/numbers"}},
    },
    "conditions": {
        "if": {"properties": {"kind": {"const": 1}}},
        "then": {"properties": {"many": {"minItems": 3}}, "required": ["kind"]},
        "properties": {"many": {"items": {"enum": [1, 2]}}, "kind": {"type": "integer"}},
    },
}  # fmt: skip
#: Not divided: members are looked at together, or from elsewhere.
WHOLE: dict[str, Any] = {
    "unique": {"items": {"type": "integer"}, "uniqueItems": True},
    "first": {"prefixItems": [{"type": "string"}], "items": {"type": "integer"}},
    "contains": {"properties": {"many": {"contains": {"const": 1}, "items": {"type": "integer"}}}},
    "branches": {
        "anyOf": [{"properties": {"many": {"items": {"const": 1}}}}, {"required": ["x"]}],
        "properties": {"many": {"items": {"type": "integer"}}},
    },
    "patterns": {
        "properties": {"many": {"items": {"type": "integer"}}},
        "patternProperties": {"^m": {"items": {"minimum": 2}}},
    },
    "tags and their tokens": {
        "x-qc": {"row": "item"},
        "allOf": [{"properties": {"tag": {"x-qc": {"decode": {"scheme": "BIO", "tokens": "form"}}}}}],
        "properties": {
            "form": {"type": "array", "items": {"type": "string"}},
            "tag": {"type": "array", "items": {"type": "string"}},
        },
    },
    "reference into the schema": {
        "properties": {"many": {"items": {"$ref": "#/properties/one"}}, "one": {"type": "integer"}}
    },
    "long": {"properties": {"many": {"items": {"type": "integer"}, "maxItems": 1_000_000}}},
    "recursive": {"properties": {"many": {"items": {"$ref": "#"}}}},
}

LEAF = st.none() | st.booleans() | st.integers(0, 3) | st.just("ab") | st.just(float("nan"))
KEYS = st.sampled_from(
    [
        "",
        "a",
        "many",
        "kind",
        "x",
        "shapes",
        "points",
        "shape_type",
        "label",
        "annotations",
        "images",
        "bbox",
    ]
)
VALUES = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS, inner, max_size=5)
)


def unit(schema: dict[str, Any]) -> Unit:
    return Unit(schema, jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True))


def sorted_errors(unit: Unit, value: Any) -> list[SchemaError]:
    return sorted(iter_errors(unit, value), key=order)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is a large document, and a piece has hardly anything in it."""
    monkeypatch.setattr(errors, "SMALL", 0)
    monkeypatch.setattr(splitting, "PIECE", 3)


@pytest.mark.parametrize("name", [*SCHEMAS, *WHOLE])
@pytest.mark.usefixtures("tiny")
def test_pieces_tell_what_the_whole_tells(name: str) -> None:
    schema = (SCHEMAS | WHOLE)[name]
    whole = unit(schema)
    whole.__dict__["lists"] = ()  # never divided
    parts = unit(schema)
    assert bool(parts.lists) == (name in SCHEMAS)

    @settings(max_examples=50, deadline=None)
    @given(
        VALUES
        | st.fixed_dictionaries({"many": st.lists(VALUES), "shapes": st.lists(VALUES)})
        | st.lists(VALUES)
    )
    def same(value: Any) -> None:
        assert sorted_errors(parts, value) == sorted_errors(whole, value)

    same()


@pytest.mark.usefixtures("tiny")
def test_places_and_classes_of_a_divided_document() -> None:
    of_numbers = {"type": "array", "minItems": 2, "items": {"type": "number"}}
    schema = {"properties": {"many": {"items": {"properties": {"box": of_numbers}}, "minItems": 9}}}
    found = sorted_errors(unit(schema), {"many": [{}, {"box": [1]}, {}, {"box": [1, 2, "a"]}, {"box": [1]}]})
    assert [(e.error_class, e.pointer, e.keyword) for e in found] == [
        ("STRUCTURE", "/many", "minItems"),
        ("FORMAT", "/many/1/box", "minItems"),
        ("FORMAT", "/many/3/box/2", "type"),
        ("FORMAT", "/many/4/box", "minItems"),
    ]


@pytest.mark.usefixtures("tiny")
def test_an_empty_key_on_the_way_to_a_list_does_not_change_the_class() -> None:
    """The library leaves empty keys out of paths, those into the schema too."""
    value: Any = {"": [], "many": [None]}
    (found,) = iter_errors(unit(SCHEMAS["references"]), value)
    assert (found.error_class, found.instance_path, found.keyword) == ("FORMAT", ("",), "minItems")


@pytest.mark.usefixtures("tiny")
def test_too_deep_in_a_piece() -> None:
    deep: Any = 0
    for _ in range(300):
        deep = [deep]
    found = list(iter_errors(unit({"items": {"type": "object"}}), [{}, deep, {}]))
    assert [(e.error_class, e.keyword) for e in found] == [("FILE", "depth")]


def test_memory_does_not_grow_with_the_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """30,000 errors: all at once they would take 45 MB."""
    monkeypatch.setattr(errors, "SMALL", 1_000)
    schema = library.load("labelme")
    value = {"shapes": [{}] * 10_000, "imagePath": "a", "imageHeight": 1, "imageWidth": 1}
    faults = Faults(schema.tree, {site.path: i for i, site in enumerate(schema.extractor.paths)}, 5)
    one = Unit(schema.document, schema.validator)
    most = 0
    tracemalloc.start()
    for number, error in enumerate(iter_errors(one, value)):
        if not number % 500:
            most = max(most, tracemalloc.get_traced_memory()[0])
        faults.add(error)
    tracemalloc.stop()
    assert most < 15e6
    assert faults.totals == {("/shapes/*", "required"): 30_000}
    assert [sum(counts.values()) for counts in faults.values.values()] == [30_000]
    kept = [(pointer(e.instance_path), e.detail, number) for e, _, number in faults.kept_places()]
    assert kept == [
        ("/shapes/0", "label", 0), ("/shapes/0", "points", 1), ("/shapes/0", "shape_type", 2),
        ("/shapes/1", "label", 3), ("/shapes/1", "points", 4),
    ]  # fmt: skip
