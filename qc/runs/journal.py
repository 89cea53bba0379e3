"""A chunk on disk: a folder of Parquet tables with a ``chunk.json``.

It appears by a rename, so a folder named by a chunk's key is whole. The chunks of a run are its
journal: to resume is to skip the keys that are there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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


def write_chunk(job: Job, tables: Tables, folder: Path, seconds: float, failed: int = 0) -> Note:
    """Fill ``folder`` (there already) with a chunk's tables and its note. Raises ``OSError``.

    Tables without rows are not written. LZ4, dictionaries for words only and no statistics is the fastest
    to write and to load; nobody asks a chunk a question.
    """
    began = time.perf_counter()
    rows, sizes = {}, {}
    for name, table in tables.items():
        if not table.schema.equals(TABLES[name].schema):
            raise TypeError(f"{job.producer}: rows of {name} do not have its columns")
        if not table.num_rows:
            continue
        path = folder / f"{name}.parquet"
        words = [column.name for column in TABLES[name].columns if column.type == "word"]
        pq.write_table(
            table,
            path,
            compression="none" if name in RAW else "lz4",
            use_dictionary=words,
            write_statistics=False,
        )
        rows[name], sizes[name] = table.num_rows, path.stat().st_size
    seconds += time.perf_counter() - began
    note = Note(job.key, job.producer, len(job.members), job.bytes, round(seconds, 4), rows, sizes, failed)
    fields = {name: getattr(note, name) for name in Note.__slots__}
    (folder / NOTE).write_text(json.dumps(fields, default=dict), encoding="utf-8")
    return note


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
