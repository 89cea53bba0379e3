"""Formats are recognised, faulty ones too; what fits nothing is not forced."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from qc.schemas.detect import detect, fit
from qc.schemas.library import shipped_schemas
from tests.schemas.test_generate import VALID


@pytest.mark.parametrize("name", VALID)
def test_its_own(name: str) -> None:
    best, fits = detect([VALID[name]] * 3, shipped_schemas())
    assert best is not None
    assert best.schema == name
    assert (best.valid, best.sampled) == (3, 3)
    assert [f.score for f in fits] == sorted((f.score for f in fits), reverse=True)


@pytest.mark.parametrize("name", VALID)
def test_a_faulty_document_is_still_recognised(name: str) -> None:
    """One required key gone, one unknown: nothing is valid, the format is plain all the same."""
    document = copy.deepcopy(VALID[name])
    part = document
    while isinstance(part, dict) and not any(not isinstance(v, (dict, list)) for v in part.values()):
        part = next(iter(part.values()))
        part = part[0] if isinstance(part, list) else part
    part.pop(next(k for k, v in part.items() if not isinstance(v, (dict, list))))
    document["unknown"] = 1
    best, _ = detect([document], shipped_schemas())
    assert best is not None
    assert best.schema == name


def test_top_level_properties_that_nothing_reads_are_named() -> None:
    """Most frequent first; deeper ones are not named, and of many only some."""
    extra = {"scene_annotations": [], "rights": 1}
    document = copy.deepcopy(VALID["coco-instances"])
    document["images"][0]["inner"] = 1
    best, _ = detect([{**document, **extra}, {**document, "scene_annotations": []}], shipped_schemas())
    assert best is not None
    assert best.unread == ("scene_annotations", "rights")
    best, _ = detect([{**document, **dict.fromkeys("abcdefg", 1)}] * 2, shipped_schemas())
    assert best is None or len(best.unread) == 5


@pytest.mark.parametrize("document", [{"a": 1, "b": [1]}, [], 3, {"data": [{"text": "t", "label": 1}]}, {}])
def test_nothing_fits(document: Any) -> None:
    assert detect([document], shipped_schemas())[0] is None


def test_no_documents() -> None:
    assert detect([], shipped_schemas()) == (None, [])


def test_only_names_of_unread_properties_are_told() -> None:
    document = {**VALID["coco-instances"], "scene_annotations": [], "010-1234-5678": 1, "a@example.com": 2}
    (coco,) = (s for s in shipped_schemas() if s.id == "coco-instances")
    assert fit(coco, [document]).unread == ("scene_annotations",)
