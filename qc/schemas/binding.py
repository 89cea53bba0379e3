"""Which schema holds for which label file: told by the plan, by the user, or found out from a sample."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qc.deliverable.reading import Reader, ReadError, places
from qc.documents.limits import LARGEST, too_large
from qc.documents.readers import READERS
from qc.plan.model import Plan
from qc.schemas import library
from qc.schemas.detect import Fit, Part, assign, detect, merged
from qc.schemas.library import Schema

#: Label files that are read to find out their format, spread evenly over the deliverable.
SAMPLE = 48
#: Least of them that are read of each part, if it has so many.
SAMPLE_OF_PART = 2
#: A file larger than this is not read for a sample if there is a smaller one, bytes.
SAMPLE_BYTES = 32 * 2**20
#: When so much was read, one file of each part has to do, bytes.
SAMPLE_ALL_BYTES = 256 * 2**20
#: Parts (folders, archives) whose formats are told apart; of more, the folders above them are taken.
PARTS = 48
#: How a schema came to be used.
GIVEN, PLANNED, DETECTED = "given", "planned", "detected"


@dataclass(frozen=True, slots=True)
class Bound:
    """A schema with the files that it holds for.

    Only of a detected one: ``fit``, and ``places``, the folders and archives in which its labels lie ("" for
    the deliverable itself). ``match`` is the plan's glob.
    """

    schema: Schema
    how: str
    files: int
    fit: Fit | None = None
    match: str | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that a byte of a sample took to be read and to be parsed, in one process."""

    reading: float
    parsing: float


@dataclass(frozen=True)
class Bindings:
    """``by_file`` maps a label file's id to its schema's id; files without one are absent.

    ``unread`` counts, by extension, the label files for which there is no reader: no schema helps them.
    ``unfit`` is the number of the others that no schema is bound to, ``closest`` the best fit to them, which
    was not good enough. ``cost`` is that of the sample, None without one.
    """

    bound: tuple[Bound, ...]
    by_file: Mapping[int, str]
    unfit: int = 0
    closest: Fit | None = None
    unread: Counter[str] = field(default_factory=Counter)
    cost: Cost | None = None
    schemas: Mapping[str, Schema] = field(default_factory=dict)


def bind(labels: pa.Table, plan: Plan, given: str | None) -> Bindings:
    """Bind the label files of a listing (rows of ``Deliverable.files``).

    ``given`` (``--schema``) wins over the plan; what neither names is detected among the shipped formats.
    Raises ``QcError`` for a schema that is unknown or cannot be compiled.
    """
    known = pc.is_in(labels.column("extension"), pa.array(READERS, pa.string()))
    unread = Counter(labels.filter(pc.invert(known)).column("extension").to_pylist())
    labels = labels.filter(known)
    ids: list[int] = labels.column("file").to_pylist()
    by_file: dict[int, str] = {}
    bound: list[Bound] = []
    loaded: dict[str, Schema] = {}
    if given is not None:
        schema = library.load(given)
        loaded[schema.id] = schema
        by_file = dict.fromkeys(ids, schema.id)
        bound.append(Bound(schema, GIVEN, len(ids)))
    elif plan.schemas:
        named: dict[int, list[int]] = {}
        for file, path in zip(ids, virtual_paths(labels), strict=True):
            if (number := plan.binding_of(path)) is not None:
                named.setdefault(number, []).append(file)
        for number, binding in enumerate(plan.schemas):
            schema = loaded[binding.schema] = library.load(binding.schema)
            files = named.get(number, [])
            by_file |= dict.fromkeys(files, schema.id)
            bound.append(Bound(schema, PLANNED, len(files), match=binding.match))
    rest = labels.filter(pc.invert(pc.is_in(labels.column("file"), pa.array(by_file, pa.uint64()))))
    sample = _sample(rest if len(rest) else labels)
    closest = None
    if len(rest):
        detected, closest = _detect(sample)
        for one, files in detected:
            loaded[one.schema.id] = one.schema
            by_file |= dict.fromkeys(files, one.schema.id)
            bound.append(one)
    return Bindings(
        bound=tuple(bound),
        by_file=by_file,
        unfit=len(ids) - len(by_file),
        closest=closest,
        unread=unread,
        cost=sample.cost,
        schemas={s.id: s for s in loaded.values()},
    )


def _detect(sample: _Sample) -> tuple[list[tuple[Bound, list[int]]], Fit | None]:
    """Formats with their files, and the closest format of the largest part that fits none."""
    shipped = {schema.id: schema for schema in library.shipped_schemas()}
    parts = []
    for place, files, documents in sample.parts:
        _, fits = detect(documents, shipped.values())
        parts.append(Part(place, len(files), {fit.schema: fit for fit in fits}))
    found = assign(parts)
    files_of = {place: files for place, files, _ in sample.parts}
    silent = [part for part in parts if not part.fits]
    fitting = {id(part) for mine in found.values() for part in mine}
    foreign = [part for part in parts if part.fits and id(part) not in fitting]
    if len(found) == 1 and not foreign:  # what could not be parsed will be of the only format there is
        next(iter(found.values())).extend(silent)
    detected = []
    for schema, mine in found.items():
        fit = merged([part.fits[schema] for part in mine if part.fits])
        places = tuple(part.place for part in mine)
        files = [file for place in places for file in files_of[place]]
        detected.append((Bound(shipped[schema], DETECTED, len(files), fit=fit, places=places), files))
    detected.sort(key=lambda one: (-one[0].files, one[0].schema.id))
    closest = None
    if foreign:
        largest = max(foreign, key=lambda part: part.files)
        closest = max(largest.fits.values(), key=lambda fit: fit.score)
    return detected, closest


def virtual_paths(files: pa.Table) -> list[str]:
    """Path of each file from the deliverable's root, an archive counting as a folder."""
    joined = pc.binary_join_element_wise(
        files.column("container_path"), files.column("path"), "/", null_handling="skip"
    )
    paths: list[str] = joined.to_pylist()
    return paths


@dataclass(frozen=True, slots=True)
class _Sample:
    """Of each part: its place, the ids of its files, and some of their documents, parsed."""

    parts: list[tuple[str, list[int], list[Any]]]
    cost: Cost | None


def _sample(labels: pa.Table) -> _Sample:
    """Documents of an even sample of every part, and what a byte of them cost."""
    if not len(labels):
        return _Sample([], None)
    parts = _parts(labels)
    sizes = labels.column("size").to_numpy()
    chosen = []
    for number, (_, rows) in enumerate(parts):
        small = rows[sizes[rows] <= SAMPLE_BYTES]
        small = small if len(small) else rows[:1]
        count = min(len(small), max(SAMPLE_OF_PART, round(SAMPLE * len(rows) / len(labels))))
        chosen += [(turn, number, int(small[turn * len(small) // count])) for turn in range(count)]
    chosen.sort()  # the first of each part come first
    taken = labels.take([row for _, _, row in chosen])
    kinds = taken.column("extension").to_pylist()
    documents: list[list[Any]] = [[] for _ in parts]
    costs: list[tuple[float, float, int]] = []
    with Reader() as reader:
        for (turn, number, _), place, kind in zip(chosen, places(taken), kinds, strict=True):
            if turn and sum(size for *_, size in costs) > SAMPLE_ALL_BYTES:
                break
            started = time.perf_counter()
            try:
                data = reader.read(place, LARGEST)
            except ReadError:
                continue
            if too_large(data):
                continue
            read = time.perf_counter()
            document = READERS[kind](data)
            costs.append((read - started, time.perf_counter() - read, len(data)))
            if document.parsed:
                documents[number].append(document.value)
    files = labels.column("file").to_numpy()
    return _Sample(
        [(place, files[rows].tolist(), documents[number]) for number, (place, rows) in enumerate(parts)],
        _cost(costs),
    )


def _cost(costs: Sequence[tuple[float, float, int]]) -> Cost | None:
    """The cost of a byte. The first file is left out where there are others: it also pays for opening."""
    counted = costs[1:] or costs
    reading, parsing, size = map(sum, zip(*counted, strict=True)) if counted else (0.0, 0.0, 0)
    return Cost(reading / size, parsing / size) if size else None


def _parts(labels: pa.Table) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Rows of the labels by where they lie: an archive, or a folder outside of archives."""
    lying = pc.coalesce(labels.column("container_path"), labels.column("folder"))
    encoded = lying.combine_chunks().dictionary_encode()
    ways = [place.split("/") for place in encoded.dictionary.to_pylist()]
    depth = max(map(len, ways), default=0)
    while depth and len({tuple(way[:depth]) for way in ways}) > PARTS:
        depth -= 1
    places = ["/".join(way[:depth]) for way in ways]
    names = sorted(set(places))
    number = {name: n for n, name in enumerate(names)}
    owner = np.array([number[place] for place in places], dtype=np.int64)[encoded.indices.to_numpy()]
    order = np.argsort(owner, kind="stable")
    return list(zip(names, np.split(order, np.searchsorted(owner[order], range(1, len(names)))), strict=True))
