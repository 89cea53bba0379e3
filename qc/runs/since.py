"""``--since``: chunks of an earlier run that hold for this one too are taken over, not read again.

A chunk's key says all that its rows depend on, so a chunk of that name is the one that reading would make,
but for one thing: what a reader could not do then, it may be able to do now (a disk refused, a worker was
killed). Such chunks are read again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qc.errors import QcError, Said
from qc.facts.producers import PRODUCERS, Job
from qc.runs import disk
from qc.runs.folder import Run
from qc.runs.journal import NOTE, Note, read_note
from qc.runs.worker import temporary

#: ``coverage.reason`` of files that the system did not give: trying again may end otherwise.
TRY_AGAIN = ("missing", "unreadable")


@dataclass(frozen=True, slots=True)
class Followed:
    """The run that this one follows; ``keys`` of its chunks that hold for this one, of so many ``files``.

    ``wanted`` chunks were looked for: those that this run has already (it goes on) are not among them.
    """

    run: Run
    keys: frozenset[str]
    files: int
    wanted: int


def earlier(path: Path, out: Path | None) -> Run:
    """The run in ``path``, finished or not, to be followed by one in ``out``.

    Raises ``QcError``: ``errors.since-itself`` if they are one folder, and those of
    :meth:`qc.runs.folder.Run.open`.
    """
    run = Run.open(path)
    if out is not None and out.expanduser().exists() and run.path.samefile(out.expanduser()):
        raise QcError("errors.since-itself", path=str(path))
    return run


def follow(earlier: Run, run: Run, jobs: Iterable[Job]) -> Followed:
    """Which chunks of ``jobs`` that ``run`` lacks ``earlier`` has."""
    wanted = [job for job in jobs if read_note(run.chunks / job.key) is None]
    found = [job for job in wanted if _holds(earlier.chunks / job.key, job)]
    return Followed(
        earlier, frozenset(job.key for job in found), sum(len(job.members) for job in found), len(wanted)
    )


def take_over(followed: Followed, run: Run) -> frozenset[str]:
    """Put the chunks into ``run``, each whole or not at all; their keys.

    They are linked where the system can and copied elsewhere: a chunk is never changed once it is there. One
    that has gone meanwhile is left out, and will be read. Raises ``QcError`` ``errors.run-unwritable``.
    """
    taken = set()
    for key in sorted(followed.keys):
        source, place = followed.run.chunks / key, temporary(run.chunks, key)
        try:
            disk.remove(place)
            place.mkdir(parents=True)
            note = read_note(source)
            if note is not None and _bring(note, source, place):
                disk.commit(place, run.chunks / key)
                taken.add(key)
            else:
                disk.remove(place)
        except OSError as error:
            raise disk.unwritable(run.chunks, error) from error
    return frozenset(taken)


def remark(followed: Followed, run: Run) -> Said | None:
    """Why nothing is taken over, as far as both ``run.json`` tell; None if something is, or need not be."""
    if followed.keys or not followed.wanted:
        return None
    if not any(followed.run.chunks.glob(f"*/{NOTE}")):
        return Said("since.nothing-read", {"run": followed.run.path})
    before, now = followed.run.info.get("reading_with", {}), run.info.get("reading_with", {})
    for what in ("producers", "text_key", "schemas"):
        if before.get(what) != now.get(what):
            return Said(f"since.other-{what.replace('_', '-')}", {"run": followed.run.path})
    return Said("since.other-files", {"run": followed.run.path})


def reading_with(schemas: Mapping[str, str], text_key: bytes) -> dict[str, object]:
    """What ``run.json`` keeps of what all chunks depend on, so that a later run can say what differs.

    The key itself is a secret of the project; of a random one a digest tells nothing.
    """
    secret = blake2b(b"text key", key=text_key[:64], digest_size=8).hexdigest()
    versions = {name: version for name, (version, _) in PRODUCERS.items()}
    return {"producers": versions, "text_key": secret, "schemas": dict(schemas)}


def _holds(chunk: Path, job: Job) -> bool:
    """Whether a chunk is what reading ``job`` would make."""
    note = read_note(chunk)
    if note is None or (note.key, note.producer, note.files) != (job.key, job.producer, len(job.members)):
        return False
    return not note.failed and not _to_be_tried_again(chunk / "coverage.parquet", note)


def _to_be_tried_again(coverage: Path, note: Note) -> bool:
    if coverage.stem not in note.rows:
        return False
    try:
        with pq.ParquetFile(coverage) as file:
            reasons = file.read(columns=["reason"]).column("reason")
    except (OSError, pa.ArrowException):  # it is not what its note promises
        return True
    return bool(pc.any(pc.is_in(reasons, pa.array(TRY_AGAIN))).as_py())


def _bring(note: Note, source: Path, place: Path) -> bool:
    """Link or copy the files of a chunk; whether all of them came."""
    for name in (*(f"{table}.parquet" for table in note.sizes), NOTE):
        try:
            _link(source / name, place / name)
        except OSError:
            if (source / name).exists():
                raise
            return False
    return read_note(place) == note


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, a system that has no links, or that refuses them for others' files
        shutil.copyfile(source, target)
