"""A chunk on disk: a folder of Parquet tables with a ``chunk.json``.

It appears by a rename, so a folder named by a chunk's key is whole. The chunks of a run are its
journal: to resume is to skip the keys that are there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow.parquet as pq

from qc.facts.producers import Job, Tables
from qc.facts.tables import TABLES
from qc.runs import disk

#: What describes a chunk, inside its folder.
NOTE = "chunk.json"


#: Tables of incompressible numbers: packing them costs more than writing them.
RAW = frozenset({"outlines"})


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of a chunk that is done. ``seconds`` of its worker; ``rows`` per table."""

    key: str
    producer: str
    files: int
    bytes: int
    seconds: float
    rows: Mapping[str, int]
    sizes: Mapping[str, int]
    failed: int = 0


class Writer:
    """Fills ``folder`` (there already) with a chunk's tables, part after part, so that memory holds one part.

    LZ4, dictionaries for words only and no statistics is the fastest to write and to load; nobody asks a
    chunk a question. Raises ``OSError``, also when it is closed.
    """

    def __init__(self, job: Job, folder: Path) -> None:
        self._job, self._folder = job, folder
        self._open: dict[str, pq.ParquetWriter] = {}
        self._rows: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def add(self, tables: Tables) -> None:
        """Append rows. Raises ``TypeError`` for a table that does not have its columns."""
        for name, table in tables.items():
            if not table.schema.equals(TABLES[name].schema):
                raise TypeError(f"{self._job.producer}: rows of {name} do not have its columns")
            if table.num_rows:
                if name not in self._open:
                    self._open[name] = self._writer(name)
                self._open[name].write_table(table)
                self._rows[name] = self._rows.get(name, 0) + table.num_rows

    def finish(self, seconds: float, failed: int = 0) -> Note:
        """Write the note, which makes the chunk whole; tables without rows are not there."""
        self._close()
        sizes = {name: self._path(name).stat().st_size for name in self._rows}
        job = self._job
        rounded = round(seconds, 4)
        note = Note(job.key, job.producer, len(job.members), job.bytes, rounded, self._rows, sizes, failed)
        fields = {name: getattr(note, name) for name in Note.__slots__}
        (self._folder / NOTE).write_text(json.dumps(fields, default=dict), encoding="utf-8")
        return note

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"

    def _writer(self, name: str) -> pq.ParquetWriter:
        return pq.ParquetWriter(
            self._path(name),
            TABLES[name].schema,
            compression="none" if name in RAW else "lz4",
            use_dictionary=[column.name for column in TABLES[name].columns if column.type == "word"],
            write_statistics=False,
        )

    def _close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()


def write_chunk(job: Job, parts: Iterable[Tables], folder: Path, seconds: float, failed: int = 0) -> Note:
    """Fill ``folder`` (there already) with the parts of a chunk and its note.

    They took ``seconds``, and the time that this takes. Raises ``OSError``.
    """
    began = time.perf_counter()
    with Writer(job, folder) as writer:
        for tables in parts:
            writer.add(tables)
        return writer.finish(seconds + time.perf_counter() - began, failed)


def read_note(folder: Path) -> Note | None:
    """The note of a chunk that is there and whole, else None.

    Sizes are compared: after a power cut a renamed folder can hold files that were never flushed.
    """
    try:
        note = Note(**disk.read_json(folder / NOTE))
        whole = all((folder / f"{n}.parquet").stat().st_size == size for n, size in note.sizes.items())
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return note if whole else None


def read_notes(folder: Path, keys: Sequence[str]) -> list[Note]:
    """Notes of the chunks with these keys; raises ``LookupError`` naming one that is not there."""
    notes = []
    for key in keys:
        note = read_note(folder / key)
        if note is None:
            raise LookupError(key)
        notes.append(note)
    return notes
