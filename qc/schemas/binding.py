"""Which schema holds for which label file: told by the plan, by the user, or found out from a sample."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qc.deliverable.reading import Reader, ReadError, places
from qc.documents.jsons import read_json
from qc.plan.model import Plan
from qc.schemas import library
from qc.schemas.detect import Fit, detect
from qc.schemas.library import Schema

#: Label files that are read to find out their format, spread evenly over the deliverable.
SAMPLE = 48
#: A file larger than this is not read for a sample if there is a smaller one, bytes.
SAMPLE_BYTES = 32 * 2**20
#: How a schema came to be used.
GIVEN, PLANNED, DETECTED = "given", "planned", "detected"


@dataclass(frozen=True, slots=True)
class Bound:
    """A schema with the files that it holds for. ``fit`` only of a detected one."""

    schema: Schema
    how: str
    files: int
    fit: Fit | None = None
    match: str | None = None


@dataclass(frozen=True)
class Bindings:
    """``by_file`` maps a label file's id to its schema's id; files without one are absent.

    ``closest`` is the best fit that was not good enough, if nothing fitted; ``seconds_per_byte`` the cost
    of reading and validating the sample, None without one.
    """

    bound: tuple[Bound, ...]
    by_file: Mapping[int, str]
    unbound: int
    closest: Fit | None = None
    seconds_per_byte: float | None = None
    schemas: Mapping[str, Schema] = field(default_factory=dict)


def bind(labels: pa.Table, plan: Plan, given: str | None) -> Bindings:
    """Bind the label files of a listing (rows of ``Deliverable.files``).

    ``given`` (``--schema``) wins over the plan; what neither names is detected among the shipped formats.
    Raises ``QcError`` for a schema that is unknown or cannot be compiled.
    """
    ids: list[int] = labels.column("file").to_pylist()
    if given is not None:
        schema = library.load(given)
        return Bindings(
            (Bound(schema, GIVEN, len(ids)),), dict.fromkeys(ids, schema.id), 0, schemas={schema.id: schema},
            seconds_per_byte=_sample(labels)[1],
        )  # fmt: skip
    by_file: dict[int, str] = {}
    bound: list[Bound] = []
    loaded: dict[str, Schema] = {}
    if plan.schemas:
        named = [plan.schema_of(path) for path in virtual_paths(labels)]
        for binding in plan.schemas:
            schema = loaded[binding.schema] = library.load(binding.schema)
            files = [i for i, name in zip(ids, named, strict=True) if name == binding.schema]
            by_file |= dict.fromkeys(files, schema.id)
            bound.append(Bound(schema, PLANNED, len(files), match=binding.match))
    rest = labels.filter(pc.invert(pc.is_in(labels.column("file"), pa.array(by_file, pa.uint64()))))
    documents, cost = _sample(rest if len(rest) else labels)
    best, fits = detect(documents if len(rest) else [], library.shipped_schemas())
    if best is not None:
        schema = library.load(best.schema)
        loaded[schema.id] = schema
        files = rest.filter(pc.equal(rest.column("extension"), "json")).column("file").to_pylist()
        by_file |= dict.fromkeys(files, schema.id)
        bound.append(Bound(schema, DETECTED, len(files), fit=best))
    return Bindings(
        bound=tuple(bound),
        by_file=by_file,
        unbound=len(ids) - len(by_file),
        closest=None if best or not fits else fits[0],
        seconds_per_byte=cost,
        schemas={s.id: s for s in loaded.values()},
    )


def virtual_paths(files: pa.Table) -> list[str]:
    """Path of each file from the deliverable's root, an archive counting as a folder."""
    joined = pc.binary_join_element_wise(
        files.column("container_path"), files.column("path"), "/", null_handling="skip"
    )
    paths: list[str] = joined.to_pylist()
    return paths


def _sample(labels: pa.Table) -> tuple[list[Any], float | None]:
    """Parsed documents of an even sample, and what a byte of them cost to read, in seconds."""
    rows = labels.filter(pc.equal(labels.column("extension"), "json")) if len(labels) else labels
    small = rows.filter(pc.less_equal(rows.column("size"), SAMPLE_BYTES)) if len(rows) else rows
    rows = small if len(small) else rows.slice(0, 1)
    if not len(rows):
        return [], None
    step = max(len(rows) / SAMPLE, 1.0)
    chosen = rows.take([int(i * step) for i in range(min(len(rows), SAMPLE))])
    documents, size = [], 0
    started = time.perf_counter()
    with Reader() as reader:
        for place in places(chosen):
            try:
                data = reader.read(place)
            except ReadError:
                continue
            document = read_json(data)
            size += len(data)
            if document.parsed:
                documents.append(document.value)
    return documents, (time.perf_counter() - started) / size if size else None
