"""Schemas by name or file: loaded, checked, compiled once per process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NoReturn

import jsonschema_rs

from qc import content
from qc.documents.jsons import read_json
from qc.documents.options import Options, faults, options_of
from qc.documents.readers import KINDS, extensions_of
from qc.errors import QcError, Said, refusal
from qc.schemas.coercion import Coerce, coercion
from qc.schemas.forms import Forms, forms
from qc.schemas.generate import Extractor, generate
from qc.schemas.messages import describe
from qc.schemas.tree import Node, build


@dataclass(frozen=True)
class Schema:
    """One label format: a JSON Schema (2020-12) with roles.

    ``id`` is the file's name without ending, ``digest`` of its bytes (``sha256:HEX``), ``shipped`` whether
    it comes with the tool.
    """

    id: str
    path: Path
    digest: str
    shipped: bool
    document: Mapping[str, Any]

    def title(self, language: str) -> str:
        """The format's name in ``language`` (``ko``, ``en``), else in English, else its title or id."""
        titles = self.document.get("x-qc", {}).get("title", {})
        return str(titles.get(language) or titles.get("en") or self.document.get("title") or self.id)

    @cached_property
    def options(self) -> Options:
        """How its documents are read; ``QcError`` (``errors.schema-document``) if that cannot be
        understood."""
        raw = _root_roles(self.document).get("document", {})
        for fault in faults(raw):
            values = {"option": fault.option, "known": ", ".join(fault.known)}
            problem = Said(f"schema.document-{fault.reason}", values)
            raise QcError("errors.schema-document", path=str(self.path), problem=problem)
        return options_of(raw)

    @property
    def extensions(self) -> frozenset[str]:
        """Extensions of the files that it holds for (lower case, without dot)."""
        return extensions_of(self.options)

    @cached_property
    def coerce(self) -> Coerce | None:
        """Gives the values of a document the types that the schema declares; None if they have theirs."""
        options = self.options
        if not (KINDS[options.kind].texts or options.coerce):
            return None
        return coercion(self.tree, xml=options.kind == "xml")

    @cached_property
    def tree(self) -> Node:
        """Every place that a document may have, roles included; may raise ``QcError`` (``roles.*``)."""
        return build(self.document)

    @cached_property
    def extractor(self) -> Extractor:
        """Compiled code that takes rows and shapes out of a document and counts its attribute paths."""
        return generate(self.tree)

    @property
    def lists_classes(self) -> bool:
        """Its documents hold classes alone."""
        return {row.kind for row in self.extractor.rows} == {"class"}

    @cached_property
    def forms(self) -> Forms:
        """Compiled code that counts in which forms values and keys come."""
        return forms(self.tree)

    @cached_property
    def validator(self) -> jsonschema_rs.Draft202012Validator:
        """Asserts formats (2020-12 does not by itself); refuses references to elsewhere, never fetches."""
        try:
            return jsonschema_rs.Draft202012Validator(
                dict(self.document), validate_formats=True, retriever=_refuse
            )
        except (ValueError, jsonschema_rs.ValidationError) as error:
            problem = str(error).partition("\n")[0]
            raise QcError("errors.schema-invalid", path=str(self.path), problem=problem) from None


def load(reference: str | Path) -> Schema:
    """A schema by its shipped id or by path.

    Raises ``QcError``: ``errors.schema-unknown`` (no such id or file), ``errors.schema-unreadable`` (no
    JSON), ``errors.schema-not-an-object``, ``errors.schema-invalid`` (no valid JSON Schema), ``roles.*`` (a
    role that cannot hold).
    """
    shipped = _folder() / f"{reference}.json"
    if isinstance(reference, str) and "/" not in reference and "\\" not in reference and shipped.is_file():
        return _load(shipped, True)
    path = Path(reference)
    if not path.is_file():
        raise QcError(
            "errors.schema-unknown", schema=str(reference), known=", ".join(s.id for s in shipped_schemas())
        )
    return _load(path.resolve(), False)


@cache
def shipped_schemas() -> tuple[Schema, ...]:
    """The formats that come with the tool, by id."""
    return tuple(_load(path, True) for path in sorted(_folder().glob("*.json")))


def _folder() -> Path:
    return content.folder("schemas") / "formats"


@cache
def _load(path: Path, shipped: bool) -> Schema:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise QcError("errors.file-unreadable", path=str(path), reason=refusal(error)) from None
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise _no_json(path, data) from None
    if not isinstance(document, dict):
        raise QcError("errors.schema-not-an-object", path=str(path))
    schema = Schema(path.stem, path, "sha256:" + hashlib.sha256(data).hexdigest(), shipped, document)
    # Compiled at once: a schema that cannot work is told before the deliverable is read.
    _ = schema.validator, schema.options
    try:
        _ = schema.extractor.extract, schema.extractor.count, schema.coerce, schema.forms.read
    except QcError as error:  # a role that cannot hold: the file is told with the place in it
        error.values["where"] = f"{path} {error.values.get('where') or '/'}"
        raise
    return schema


def _root_roles(document: Mapping[str, Any]) -> Mapping[str, Any]:
    roles = document.get("x-qc")
    return roles if isinstance(roles, Mapping) else {}


def _no_json(path: Path, data: bytes) -> QcError:
    """What is wrong with a file that the standard parser refuses, in words of ours and with its line."""
    problem = read_json(data).problems[0]
    key, values = describe(problem.keyword, problem.expected, problem.found, problem.detail)
    place = f"{path}:{problem.line}" if problem.line else str(path)
    return QcError("errors.schema-unreadable", path=place, problem=Said(key, values))


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"reference to {uri}: references outside the file are not followed")
