"""A schema as the tool takes it: how its documents are read is part of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qc import words
from qc.documents.readers import KINDS
from qc.errors import QcError
from qc.schemas.library import load, shipped_schemas


def saved(folder: Path, document: Any, **more: Any) -> Path:
    path = folder / "format.json"
    schema = {"x-qc": {"document": document}, "properties": {"a": {"type": "integer"}}, **more}
    path.write_text(json.dumps(schema), encoding="utf-8")
    return path


@pytest.mark.parametrize(("kind", "coerces"), [(name, kind.texts) for name, kind in KINDS.items()])
def test_only_texts_are_given_types(tmp_path: Path, kind: str, coerces: bool) -> None:
    columns = {"columns": ["a"]} if kind in ("lines", "tokens") else {}
    schema = load(saved(tmp_path, {"kind": kind, **columns}))
    assert (schema.options.kind, schema.extensions) == (kind, KINDS[kind].extensions)
    assert (schema.coerce is not None) == coerces


def test_json_whose_numbers_are_texts_says_so(tmp_path: Path) -> None:
    schema = load(saved(tmp_path, {"kind": "json", "coerce": True}))
    assert schema.coerce is not None
    assert schema.coerce({"a": "1"}) == {"a": 1}


def test_a_schema_that_says_nothing_is_of_json(tmp_path: Path) -> None:
    path = tmp_path / "format.json"
    path.write_text("{}", encoding="utf-8")
    assert load(path).extensions == {"json", "geojson"}
    assert load(path).coerce is None


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize(
    "document",
    [
        {"kind": "avro"},
        {"kind": "csv", "separator": " "},
        {"kind": "tokens"},
        {"kind": "json", "coerce": 1},
        3,
    ],
)
def test_how_its_documents_are_read_must_be_understood(
    tmp_path: Path, document: Any, language: words.Language
) -> None:
    path = saved(tmp_path, document)
    with pytest.raises(QcError) as caught:
        load(path)
    assert caught.value.key == "errors.schema-document"
    said = words.Words(language).text(caught.value.key, **caught.value.values)
    assert "x-qc.document" in said
    assert "{" not in said


def test_every_shipped_format_can_be_read() -> None:
    assert all(schema.options.kind in KINDS for schema in shipped_schemas())
