"""Chunk producers: what a job is, and which function answers it.

A producer is a pure function ``Job -> {table name: rows}`` over the tables of
:mod:`qc.facts.tables`, or one that gives them in parts, so that it need not hold them all. It
repairs nothing, judges nothing and does not raise for bad data. It
walks ``job.members`` *once, while it works*: the walk tells the supervisor which file it is at, so
that a file on which the reader dies or hangs is found at once. What it compiles it caches per
process; the job itself stays small and picklable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, overload

import pyarrow as pa
import pyarrow.compute as pc

from qc.deliverable.reading import Place
from qc.facts.tables import COVERAGE, DOCUMENTS

Tables = dict[str, pa.Table]
#: Tables part after part: together they are what the job gives.
Parts = Iterator[Tables]

#: name -> (version, ``module:function``). The version is part of every chunk's key: raise it
#: whenever the rows of an unchanged file change.
PRODUCERS: dict[str, tuple[int, str]] = {
    "labels": (7, "qc.facts.labels:read_labels"),
    "media": (1, "qc.facts.media:read_headers"),
    "digests": (1, "qc.facts.digests:read_digests"),
}

#: Columns of a member: those of ``Place`` and those of ``Member``.
MEMBER_SCHEMA = pa.schema(
    [
        pa.field("file", pa.uint64(), nullable=False),
        pa.field("disk", pa.string(), nullable=False),
        pa.field("offset", pa.int64()),
        pa.field("packed", pa.int64(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("crc", pa.int64(), nullable=False),
        pa.field("method", pa.int64(), nullable=False),
        pa.field("flags", pa.int64(), nullable=False),
        pa.field("schema", pa.string()),
        pa.field("extension", pa.string(), nullable=False),
        pa.field("stem", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a job: its id, where its bytes are, the id of its schema, its name's parts."""

    file: int
    place: Place
    schema: str | None
    extension: str
    stem: str


class Members(Sequence[Member]):
    """Members kept as columns (:data:`MEMBER_SCHEMA`) and made one by one, when walked.

    A driver may plan millions of files; as objects they would cost ten times the memory and,
    pickled, more time than reading them.
    """

    __slots__ = ("table",)

    def __init__(self, table: pa.Table) -> None:
        self.table = table.cast(MEMBER_SCHEMA) if table.schema != MEMBER_SCHEMA else table

    @classmethod
    def of(cls, members: Sequence[Member]) -> Members:
        """The same members as columns."""
        if isinstance(members, Members):
            return members
        if isinstance(members, Kept):
            return members.load()
        names = [name for name in MEMBER_SCHEMA.names if name not in Member.__slots__]
        columns = {name: [getattr(m.place, name) for m in members] for name in names}
        columns |= {n: [getattr(m, n) for m in members] for n in ("file", "schema", "extension", "stem")}
        return cls(pa.table(columns, schema=MEMBER_SCHEMA))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[Member]:
        columns = [self.table.column(i).to_pylist() for i in range(self.table.num_columns)]
        for file, disk, offset, packed, size, crc, method, flags, schema, extension, stem in zip(
            *columns, strict=True
        ):
            place = Place(disk, offset, packed, size, crc, method, flags)
            yield Member(file, place, schema, extension, stem)

    @overload
    def __getitem__(self, index: int) -> Member: ...
    @overload
    def __getitem__(self, index: slice) -> Members: ...
    def __getitem__(self, index: int | slice) -> Member | Members:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                raise ValueError("members are sliced in steps of 1")
            return Members(self.table.slice(start, max(0, stop - start)))
        position = range(len(self))[index]
        return next(iter(Members(self.table.slice(position, 1))))

    @property
    def total_bytes(self) -> int:
        """Sum of the sizes, when read."""
        return int(pc.sum(self.table.column("size")).as_py() or 0)

    def __reduce__(self) -> tuple[Callable[[bytes], Members], tuple[bytes]]:
        # Arrow's own pickle carries the whole buffers behind a slice; its stream format does not.
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, MEMBER_SCHEMA) as stream:
            stream.write_table(self.table)
        return _members, (sink.getvalue().to_pybytes(),)


def _members(data: bytes) -> Members:
    with pa.ipc.open_stream(data) as stream:
        return Members(stream.read_all())


@dataclass(frozen=True, slots=True)
class Kept(Sequence[Member]):
    """Members in a file, read when they are walked: who plans millions of files holds none of them.

    ``path`` is an Arrow file of batches (:data:`MEMBER_SCHEMA`), of which these are batch ``number``;
    ``length`` and ``total_bytes`` are known without reading it. Whoever walks them gets its ``OSError``.
    """

    path: str
    number: int
    length: int
    total_bytes: int

    def load(self) -> Members:
        """The members in memory. Raises ``OSError``."""
        with pa.OSFile(self.path) as file, pa.ipc.open_file(file) as batches:
            return Members(pa.Table.from_batches([batches.get_batch(self.number)]))

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Member]:
        return iter(self.load())

    @overload
    def __getitem__(self, index: int) -> Member: ...
    @overload
    def __getitem__(self, index: slice) -> Members: ...
    def __getitem__(self, index: int | slice) -> Member | Members:
        return self.load()[index]


def _nobody_waits(done: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker gets: a producer, the files, and what steers reading.

    ``producer`` is a name in :data:`PRODUCERS` or a ``module:function`` of one's own. ``key`` names
    the chunk (:func:`qc.runs.chunks.plan_chunks`). ``options`` are plain values: paths and digests
    of schemas, the text key, caps. While a producer is long at one member it says to ``alive`` now
    and then how many bytes of it are done, or its worker is taken for hung.
    """

    producer: str
    key: str
    members: Sequence[Member]
    options: Mapping[str, Any] = field(default_factory=dict)
    alive: Callable[[int], None] = _nobody_waits

    @property
    def bytes(self) -> int:
        """Sum of the members' sizes, when read; much cheaper than walking them."""
        if isinstance(self.members, Kept):
            return self.members.total_bytes
        return Members.of(self.members).total_bytes


def version(producer: str) -> int:
    """Version of a producer; 0 for one that is named by ``module:function``."""
    return 0 if ":" in producer else PRODUCERS[producer][0]


@cache
def function(producer: str) -> Callable[[Job], Tables | Parts]:
    """The producer's function; its module is imported here, so that a worker loads no other's."""
    entry = producer if ":" in producer else PRODUCERS[producer][1]
    module, _, name = entry.partition(":")
    found: Callable[[Job], Tables | Parts] = getattr(import_module(module), name)
    return found


def joined(parts: Iterable[Tables]) -> Tables:
    """All rows of some parts; tables without rows are left out."""
    rows: dict[str, list[pa.Table]] = {}
    for part in parts:
        for name, table in part.items():
            if table.num_rows:
                rows.setdefault(name, []).append(table)
    return {name: pa.concat_tables(same) for name, same in rows.items()}


def not_read(job: Job, status: str, reason: str) -> Tables:
    """Rows for files that our reader did not survive: ``status`` is 'crashed' or 'timeout'."""
    members = job.members
    files = [m.file for m in members]
    coverage = {
        "producer": [job.producer] * len(files),
        "file": files,
        "status": [status] * len(files),
        "reason": [reason] * len(files),
        "weight": [0.0] * len(files),
    }
    tables = {"coverage": COVERAGE.arrow(coverage)}
    if job.producer == "labels":
        documents = {
            "file": files,
            "format": [m.extension for m in members],
            "schema": [m.schema for m in members],
            "status": ["crashed"] * len(files),
            "bytes": [m.place.size for m in members],
        }
        tables["documents"] = DOCUMENTS.arrow(documents)
    return tables
