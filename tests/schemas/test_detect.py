"""Formats are recognised, faulty ones too; what fits nothing is not forced."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from qc.documents.readers import KINDS
from qc.schemas.detect import Fit, detect, fit
from qc.schemas.library import load, shipped_schemas
from tests.schemas.test_generate import VALID

#: Formats whose documents are objects; of lists, such as tables, tests/schemas/test_formats.py.
OBJECTS = [name for name, document in VALID.items() if isinstance(document, dict)]


def among_shipped(documents: list[Any], kind: str = "json") -> tuple[Fit | None, list[Fit]]:
    """Documents against every shipped format of their kind."""
    schemas = {one.id: one for one in shipped_schemas() if one.options.kind == kind}
    return detect(dict.fromkeys(schemas, documents), schemas)


@pytest.mark.parametrize("name", OBJECTS)
def test_its_own(name: str) -> None:
    best, fits = among_shipped([VALID[name]] * 3, load(name).options.kind)
    assert best is not None
    assert best.schema == name
    assert (best.valid, best.sampled) == (3, 3)
    assert [f.score for f in fits] == sorted((f.score for f in fits), reverse=True)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_faulty_document_is_still_recognised(name: str) -> None:
    """One required key gone, one unknown: nothing is valid, the format is plain all the same."""
    document = copy.deepcopy(VALID[name])
    part = document
    while isinstance(part, dict) and not any(not isinstance(v, (dict, list)) for v in part.values()):
        part = next(iter(part.values()))
        part = part[0] if isinstance(part, list) else part
    part.pop(next(k for k, v in part.items() if not isinstance(v, (dict, list))))
    document["unknown"] = 1
    best, _ = among_shipped([document], load(name).options.kind)
    assert best is not None
    assert best.schema == name


def test_top_level_properties_that_nothing_reads_are_named() -> None:
    """Most frequent first; deeper ones are not named, and of many only some."""
    extra = {"scene_annotations": [], "rights": 1}
    document = copy.deepcopy(VALID["coco-instances"])
    document["images"][0]["inner"] = 1
    best, _ = among_shipped([{**document, **extra}, {**document, "scene_annotations": []}])
    assert best is not None
    assert best.unread == ("scene_annotations", "rights")
    best, _ = among_shipped([{**document, **dict.fromkeys("abcdefg", 1)}] * 2)
    assert best is None or len(best.unread) == 5


@pytest.mark.parametrize("document", [{"a": 1, "b": [1]}, [], 3, {"data": [{"text": "t", "label": 1}]}, {}])
def test_nothing_fits(document: Any) -> None:
    assert among_shipped([document])[0] is None


def test_no_documents() -> None:
    assert among_shipped([]) == (None, [])


def test_only_names_of_unread_properties_are_told() -> None:
    document = {**VALID["coco-instances"], "scene_annotations": [], "010-1234-5678": 1, "a@example.com": 2}
    (coco,) = (s for s in shipped_schemas() if s.id == "coco-instances")
    assert fit(coco, [document]).unread == ("scene_annotations",)


def test_lines_of_words_are_not_taken_for_numbers(tmp_path: Path) -> None:
    """Any text has the columns that a schema of lines names: what stands in them tells."""
    columns = ["class", "x", "y"]
    numbers = {"type": "number"}
    schema = tmp_path / "yolo.json"
    document = {
        "x-qc": {"document": {"kind": "lines", "columns": columns}},
        "type": "array",
        "items": {"required": columns, "properties": dict.fromkeys(columns, numbers)},
    }
    schema.write_text(json.dumps(document), encoding="utf-8")
    loaded = load(schema)
    assert loaded.coerce is not None

    def score(text: str) -> float:
        value = KINDS["lines"].parse(text.encode(), loaded.options).value
        assert loaded.coerce is not None
        return fit(loaded, [loaded.coerce(value)]).score

    assert score("0 0.5 0.5\n1 0.25 -1\n") == 1
    assert score("가 나 다\n라 마 바\n") == 0
    assert score("") == 0
