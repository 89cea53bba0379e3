"""Which schema holds for which label file: told by the plan, by the user, or found out from a sample."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qc.deliverable.forward import in_order
from qc.deliverable.reading import Place, Reader, ReadError, places
from qc.documents.document import Document
from qc.documents.limits import LARGEST
from qc.documents.options import Options
from qc.documents.readers import KINDS, UNBOUND, Kind, kind_of
from qc.documents.sampling import read_beginning
from qc.plan.model import Plan
from qc.schemas import library
from qc.schemas.detect import IMPOSED, Fit, Part, assign, detect, merged
from qc.schemas.library import Schema

#: Label files that are read to find out their format, spread evenly over the deliverable.
SAMPLE = 48
#: Least of them that are read of each part, if it has so many.
SAMPLE_OF_PART = 2
#: A file larger than this is not read for a sample if there is a smaller one, bytes.
SAMPLE_BYTES = 32 * 2**20
#: When so much was read, one file of each part has to do, bytes.
SAMPLE_ALL_BYTES = 256 * 2**20
#: Seconds that a byte of an archive takes at most, from a slow disk.
SLOWEST = 50e-9
#: Parts (folders, archives) whose formats are told apart; of more, the folders above them are taken.
PARTS = 48
#: Names of tables, digits apart, up to which each is a part of its own.
TABLES = 16
#: Paths that are held against the plan's globs at once.
_BATCH = 1 << 16
#: How a schema came to be used.
GIVEN, PLANNED, DETECTED = "given", "planned", "detected"


#: Numbers of rows of a listing.
Rows = npt.NDArray[np.int64]


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
    """``by_file`` has the columns ``file`` and ``schema`` (its id); label files without one are absent.

    ``unread`` counts, by extension, the label files for which there is no reader: no schema helps them.
    ``unfit`` is the number of the others that no schema is bound to, ``closest`` the best fit to them, which
    was not good enough. ``cost`` is that of the sample, None without one.
    """

    bound: tuple[Bound, ...]
    by_file: pa.Table
    unfit: int = 0
    closest: Fit | None = None
    unread: Counter[str] = field(default_factory=Counter)
    cost: Cost | None = None
    schemas: Mapping[str, Schema] = field(default_factory=dict)

    def schema_of(self, files: pa.ChunkedArray) -> pa.ChunkedArray:
        """Ids of the schemas of ``files`` (ids of files), in their order; NULL for a file without one."""
        return self.by_file.column("schema").take(pc.index_in(files, self.by_file.column("file")))


def bind(files: pa.Table, plan: Plan, given: str | None) -> Bindings:
    """Bind the label files of a listing (``Deliverable.files`` or rows of it).

    ``given`` (``--schema``) wins over the plan; what neither names is detected among the shipped formats.
    Raises ``QcError`` for a schema that is unknown or cannot be compiled.
    """
    labels = np.flatnonzero(pc.equal(files.column("kind"), "label"))
    extensions = files.column("extension").combine_chunks().dictionary_encode()
    # The number in ``bound`` of every file: there are millions of files, and few formats.
    owner = np.full(len(files), -1, dtype=np.int32)
    bound: list[Bound] = []
    loaded: dict[str, Schema] = {}
    if given is not None:
        schema = library.load(given)
        loaded[schema.id] = schema
        mine = labels[_are(extensions, schema.extensions)[labels]]
        owner[mine] = 0
        bound.append(Bound(schema, GIVEN, len(mine)))
    elif plan.schemas:
        planned = [library.load(binding.schema) for binding in plan.schemas]
        owner[labels] = _planned(files, labels, plan, planned)
        for number, (binding, schema) in enumerate(zip(plan.schemas, planned, strict=True)):
            loaded[binding.schema] = schema
            count = int(np.count_nonzero(owner == number))
            bound.append(Bound(schema, PLANNED, count, match=binding.match))
    shipped = library.shipped_schemas()
    # What nothing can read without a schema, and no shipped schema is of, no detection helps.
    known = frozenset(UNBOUND).union(*(schema.extensions for schema in shipped))
    readable = _are(extensions, known)[labels]
    nobody = owner[labels] < 0
    unread = Counter(files.column("extension").take(labels[nobody & ~readable]).to_pylist())
    left = labels[nobody & readable]
    sample = _sample(files, left, shipped) if len(left) else _sample(files, labels, loaded.values())
    closest = None
    if len(left):
        detected, closest = _detect(sample)
        for one, rows in detected:
            loaded[one.schema.id] = one.schema
            owner[rows] = len(bound)
            bound.append(one)
    have = pa.array(owner >= 0)
    numbers = pa.array(owner).filter(have)
    names = pa.array([one.schema.id for one in bound], pa.string())
    return Bindings(
        bound=tuple(bound),
        by_file=pa.table(
            {
                "file": files.column("file").filter(have),
                "schema": pa.DictionaryArray.from_arrays(numbers, names),
            }
        ),
        unfit=len(labels) - len(numbers) - unread.total(),
        closest=closest,
        unread=unread,
        cost=sample.cost,
        schemas={s.id: s for s in loaded.values()},
    )


def named_labels(files: pa.Table, plan: Plan) -> pa.Table:
    """The listing with those files as labels that the layout can make nothing of (kind ``other``) and that
    the plan binds a schema to: somebody has said what they are. Without any source they are the data
    themselves (P10).

    Raises ``QcError`` for a schema that is unknown or cannot be compiled.
    """
    planned = [library.load(binding.schema) for binding in plan.schemas]
    other = np.flatnonzero(pc.equal(files.column("kind"), "other")) if planned else ()
    if not len(other):
        return files
    extensions = files.column("extension").combine_chunks().dictionary_encode()
    wanted = frozenset[str]().union(*(schema.extensions for schema in planned))
    other = other[_are(extensions, wanted)[other]]
    named = np.zeros(len(files), dtype=bool)
    named[other[_planned(files, other, plan, planned) >= 0]] = True
    values: dict[str, str | bool] = {"kind": "label"}
    if not pc.any(pc.equal(files.column("kind"), "source")).as_py():
        values["alone"] = True
    for name, value in values.items():
        column = pc.if_else(pa.array(named), value, files.column(name))
        files = files.set_column(files.schema.get_field_index(name), files.schema.field(name), column)
    return files


def _are(extensions: pa.DictionaryArray, wanted: Collection[str]) -> npt.NDArray[np.bool_]:
    """Whether each of the files has one of the extensions."""
    known = np.array([one in wanted for one in extensions.dictionary.to_pylist()] or [False], dtype=bool)
    of_each: npt.NDArray[np.bool_] = known[extensions.indices.to_numpy()]
    return of_each


def _planned(files: pa.Table, labels: Rows, plan: Plan, schemas: Sequence[Schema]) -> Rows:
    """The number of the plan's binding for each label, -1 for none: the first that matches, of those whose
    schema is of its extension."""
    found = np.full(len(labels), -1, dtype=np.int64)
    among: dict[str, tuple[int, ...]] = {}
    at = 0
    for rows, paths in _virtual_paths(files, labels):
        for path, extension in zip(paths, files.column("extension").take(rows).to_pylist(), strict=True):
            numbers = among.get(extension)
            if numbers is None:
                numbers = tuple(n for n, schema in enumerate(schemas) if extension in schema.extensions)
                among[extension] = numbers
            number = plan.binding_of(path, numbers)
            found[at] = -1 if number is None else number
            at += 1
    return found


def _detect(sample: _Sample) -> tuple[list[tuple[Bound, Rows]], Fit | None]:
    """Formats with their rows, and the closest format of the largest part that fits none."""
    shipped = {schema.id: schema for schema in library.shipped_schemas()}
    rows_of: dict[int, Rows] = {}
    foreign: list[Part] = []
    found: dict[str, list[Part]] = {}
    silent: list[tuple[str, Part]] = []
    by_extension: dict[tuple[str, bool], list[Part]] = {}
    for one in sample.parts:
        part = Part(one.place, len(one.rows), {fit.schema: fit for fit in detect(one.documents, shipped)[1]})
        rows_of[id(part)] = one.rows
        by_extension.setdefault((one.extension, one.alone), []).append(part)
    for (extension, _), parts in by_extension.items():  # only they can be of the same schemas
        mine = assign(parts)
        fitting = {id(part) for all_ in mine.values() for part in all_}
        foreign += [part for part in parts if part.fits and id(part) not in fitting]
        silent += [(extension, part) for part in parts if not part.fits]
        for schema, fit in mine.items():
            found.setdefault(schema, []).extend(fit)
    if len(found) == 1 and not foreign:  # what could not be parsed will be of the only format there is
        ((only, all_),) = found.items()
        all_ += [part for extension, part in silent if extension in shipped[only].extensions]
    detected = []
    for schema, all_ in found.items():
        whole = merged([part.fits[schema] for part in all_ if part.fits])
        places = tuple(dict.fromkeys(part.place for part in all_))
        rows = np.concatenate([rows_of[id(part)] for part in all_])
        detected.append((Bound(shipped[schema], DETECTED, len(rows), fit=whole, places=places), rows))
    detected.sort(key=lambda one: (-one[0].files, one[0].schema.id))
    closest = None
    if foreign:
        largest = max(foreign, key=lambda part: part.files)
        closest = max(largest.fits.values(), key=lambda fit: fit.score)
    return detected, closest


def _virtual_paths(files: pa.Table, rows: Rows) -> Iterator[tuple[Rows, list[str]]]:
    """Path of each file from the deliverable's root, an archive counting as a folder; some rows at a time."""
    named = files.select(["container_path", "path"])
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        paths = pc.binary_join_element_wise(*named.take(some).columns, "/", null_handling="skip")
        yield some, paths.to_pylist()


@dataclass(frozen=True, slots=True)
class _SampleOf:
    """Of one part: where it lies, the extension of its labels, whether they describe the whole (lists of
    classes), their rows in the listing, and the values of some of them, as each schema reads them."""

    place: str
    extension: str
    alone: bool
    rows: Rows
    documents: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class _Sample:
    parts: list[_SampleOf]
    cost: Cost | None


def _sample(files: pa.Table, labels: Rows, schemas: Collection[Schema]) -> _Sample:
    """Documents of an even sample of every part, and what a byte of them cost."""
    if not len(labels):
        return _Sample([], None)
    parts = [_SampleOf(*part, {}) for part in _parts(files, labels)]
    sizes = files.column("size").to_numpy()
    chosen = []
    for number, part in enumerate(parts):
        small = in_order(files, part.rows[sizes[part.rows] <= SAMPLE_BYTES])
        small = small if len(small) else part.rows[:1]
        count = min(len(small), max(SAMPLE_OF_PART, round(SAMPLE * len(part.rows) / len(labels))))
        chosen += [(turn, number, int(small[turn * len(small) // count])) for turn in range(count)]
    chosen.sort()  # the first of each part come first
    costs: list[tuple[float, float, int]] = []
    with Reader() as reader:
        taken = places(files.take([row for _, _, row in chosen]))
        for (turn, number, _), place in zip(chosen, taken, strict=True):
            if turn and sum(size for *_, size in costs) > SAMPLE_ALL_BYTES:
                break
            try:
                if place.size > SAMPLE_BYTES:
                    _take(parts[number], partial(_beginning, reader, place), schemas)
                    continue
                started = time.perf_counter()
                data = reader.read(place, SAMPLE_BYTES)
            except ReadError:
                continue
            read = _at_most(time.perf_counter() - started, place)
            took = _take(parts[number], partial(_whole, data), schemas)
            if took is not None:
                costs.append((read, took, len(data)))
    return _Sample(parts, _cost(costs))


def _at_most(seconds: float, place: Place) -> float:
    """What reading a file takes when all are read: those of an archive lie one behind the other, and a slow
    disk is not waited for at each."""
    return seconds if place.offset is None else min(seconds, place.size * SLOWEST)


def _beginning(reader: Reader, place: Place, kind: Kind, options: Options) -> Document | None:
    if kind.in_pieces(None):
        return read_beginning(partial(reader.blocks, place), kind, options)
    return _whole(reader.read(place, LARGEST), kind, options)


def _whole(data: bytes, kind: Kind, options: Options) -> Document | None:
    return None if kind.too_large(data) else kind.parse(data, options)


def _take(
    part: _SampleOf, read: Callable[[Kind, Options], Document | None], schemas: Collection[Schema]
) -> float | None:
    """Read a document as every schema would; the seconds that one reading took, None if it is too large."""
    took: float | None = None
    known: dict[Options, Document] = {}
    for schema in [one for one in schemas if part.extension in one.extensions and _may_hold(part, one)]:
        options = schema.options
        document = None if schema.coerce else known.get(options)
        if document is None:
            started = time.thread_time()
            document = read(KINDS[options.kind], options)
            if document is None:
                continue
            took = max(took or 0.0, time.thread_time() - started)
        if schema.coerce is None:
            known[options] = document  # a value of which texts become numbers is one schema's own
        if document.parsed:
            value = None if options.kind in IMPOSED and _misread(document) else document.value
            value = schema.coerce(value) if schema.coerce else value
            part.documents.setdefault(schema.id, []).append(value)
    if took is None and (plain := kind_of(part.extension, None)) is not None:
        started = time.thread_time()
        if read(plain, Options(plain.name)) is not None:
            took = time.thread_time() - started
    return took


def _may_hold(part: _SampleOf, schema: Schema) -> bool:
    """Any text could be a list of classes: only files that the layout knows as such are held against one."""
    return part.alone or schema.options.kind not in IMPOSED or not schema.lists_classes


def _misread(document: Document) -> bool:
    """Most lines do not have the schema's columns: its names stand for something else."""
    ragged = sum(problem.times for problem in document.problems if problem.keyword == "ragged-row")
    return type(document.value) is list and 2 * ragged > len(document.value)


def _cost(costs: Sequence[tuple[float, float, int]]) -> Cost | None:
    """The cost of a byte: of most files, for the first of an archive also pays for opening it."""
    reading, parsing = ([took[at] / took[2] for took in costs if took[2]] for at in (0, 1))
    return Cost(median(reading), median(parsing)) if reading else None


def _parts(files: pa.Table, labels: Rows) -> Iterator[tuple[str, str, bool, Rows]]:
    """Rows of the labels by where they lie (an archive, or a folder outside of archives), extension, and
    whether they describe the whole. Tables of different names are parts of their own: a folder may hold one
    of each kind."""
    lying = pc.coalesce(files.column("container_path"), files.column("folder")).take(labels)
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
    borders = np.searchsorted(owner[order], range(1, len(names)))
    alone = pc.fill_null(files.column("alone"), False).to_numpy()
    if alone[np.flatnonzero(pc.equal(files.column("kind"), "label"))].all():
        alone = np.zeros(len(files), dtype=bool)  # all are the data themselves (P10): no lists beside it
    tables = _tables(files, labels)
    for name, rows in zip(names, np.split(labels[order], borders), strict=True):
        extensions = files.column("extension").take(rows).combine_chunks().dictionary_encode()
        kinds = (extensions.indices.to_numpy() * 2 + alone[rows]) * TABLES + tables[rows]
        for kind in np.flatnonzero(np.bincount(kinds)):
            own, whole = divmod(int(kind) // TABLES, 2)
            yield name, extensions.dictionary[own].as_py(), bool(whole), rows[kinds == kind]


def _tables(files: pa.Table, labels: Rows) -> Rows:
    """A number for each file: that of its name without digits if it is a table and such names are few, else 0
    (a table for each recording is one of many alike)."""
    found = np.zeros(len(files), dtype=np.int64)
    mine = labels[pc.equal(files.column("media").take(labels), "table").to_numpy(zero_copy_only=False)]
    stems = pc.replace_substring_regex(files.column("stem").take(mine), r"\d+", "#").combine_chunks()
    encoded = stems.dictionary_encode()
    if len(encoded.dictionary) <= TABLES:
        found[mine] = encoded.indices.to_numpy()
    return found
