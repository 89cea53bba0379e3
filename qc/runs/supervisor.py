"""Runs a run's chunks to the end, whatever the workers do.

When a worker dies or hangs, its chunk is taken apart until the file is known on which our reader
does so. That file's coverage says it, and the run goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq

from qc.engines import Engine, EngineError, WorkerDied
from qc.facts.producers import Job, Members, Parts, not_read
from qc.runs import disk
from qc.runs.journal import Note, read_note, write_chunk
from qc.runs.worker import Failure, left_by_death, read_so_far, run_chunk, temporary

#: Seconds after which those that wait are told how far the chunks are that are being read.
LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """``file_s``: seconds that one file may take. ``ahead``: chunks in flight per worker.

    ``deaths`` and ``hangs``: so many files in a row on which a worker dies or hangs, and the rest of
    a chunk is given up without trying each. ``starts``: so many workers in a row that end before they
    begin a chunk end the run.
    """

    file_s: float = 120.0
    ahead: int = 2
    deaths: int = 20
    hangs: int = 3
    starts: int = 3


@dataclass(frozen=True, slots=True)
class Done:
    """A chunk that is done. ``seconds`` of its worker, 0 if an earlier command had done it;
    ``failed`` files on which our reader died or hung."""

    key: str
    files: int
    bytes: int
    seconds: float
    resumed: bool = False
    failed: int = 0


@dataclass(frozen=True, slots=True)
class FileFailure:
    """A file on which our reader failed, for the log: its id, not its name."""

    file: int
    producer: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Summary:
    """All chunks of a call. ``seconds`` is the workers' time together."""

    keys: tuple[str, ...]
    chunks: int
    resumed: int
    files: int
    seconds: float
    failures: tuple[FileFailure, ...]


def run_jobs(
    jobs: Sequence[Job],
    out: Path,
    engine: Engine,
    on_done: Callable[[Done], None] = lambda _: None,
    limits: Limits | None = None,
    on_the_way: Callable[[str, int], None] = lambda _key, _bytes: None,
) -> Summary:
    """Make the chunk ``out/KEY`` of every job; those that are there and whole are skipped.

    ``on_done`` is called here, in the order in which chunks end; ``on_the_way`` now and then with the key of
    a chunk that has not ended, and bytes of it that were read. Whatever is raised, by a key press
    too, leaves ``out`` such that the same call goes on from there; workers are killed then.

    Raises ``QcError`` (``errors.run-unwritable`` or a producer's own) and :class:`EngineError`.
    """
    try:
        return _Supervisor(out, engine, on_done, limits or Limits(), on_the_way).run(jobs)
    except BaseException:
        engine.close(kill=True)
        raise


class _Supervisor:
    def __init__(
        self,
        out: Path,
        engine: Engine,
        on_done: Callable[[Done], None],
        limits: Limits,
        on_the_way: Callable[[str, int], None],
    ) -> None:
        self.out, self.engine, self.on_done, self.limits = out, engine, on_done, limits
        self.on_the_way = on_the_way
        self.done: dict[str, Done] = {}
        self.failures: list[FileFailure] = []
        self.idle_starts = 0
        self.deaths_in_a_row = 0
        self.hangs_in_a_row = 0

    def run(self, jobs: Sequence[Job]) -> Summary:
        self._tidy()
        pending = self._pending(jobs)
        running: dict[Future[Note | Failure], Job] = {}
        while pending or running:
            while pending and len(running) < self.engine.jobs * self.limits.ahead:
                job = pending.popleft()
                running[self._submit(job, self.out)] = job
            ended, going = wait(running, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            if not ended:
                for key in {running[future].key for future in going}:
                    self.on_the_way(key, read_so_far(self.out, key))
            for future in ended:
                job = running.pop(future)
                result = self._result(future, job, self.out)
                if result is None:
                    pending.appendleft(job)
                elif isinstance(result, Failure):
                    self._report(self._take_apart(job, result))
                else:
                    self._report(result)
        return self._summary(jobs)

    def _pending(self, jobs: Sequence[Job]) -> deque[Job]:
        pending: deque[Job] = deque()
        for job in {job.key: job for job in jobs}.values():
            note = read_note(self.out / job.key)
            if note is None:
                self._forget(self.out / job.key)  # there, but not whole: it would be in the way
                pending.append(job)
            else:
                self._report(note, resumed=True)
        return pending

    def _submit(self, job: Job, folder: Path) -> Future[Note | Failure]:
        return self.engine.submit(run_chunk, job, str(folder), self.limits.file_s)

    def _result(self, future: Future[Note | Failure], job: Job, folder: Path) -> Note | Failure | None:
        """What came of a job; None if its worker died before it had begun, and it must be sent again."""
        try:
            result: Note | Failure | None = future.result()
        except WorkerDied:
            result = left_by_death(folder, job.key)
            if result is None:
                self.idle_starts += 1
                if self.idle_starts >= self.limits.starts:
                    raise EngineError("workers end before they begin") from None
                return None
        self.idle_starts = 0
        if isinstance(result, Note):
            self.deaths_in_a_row = self.hangs_in_a_row = 0
        return result

    def _attempt(self, job: Job, folder: Path) -> Note | Failure:
        while True:
            result = self._result(self._submit(job, folder), job, folder)
            if result is not None:
                return result

    def _take_apart(self, job: Job, failure: Failure) -> Note:
        """Make the chunk of a job that failed from pieces of it that do not."""
        parts = self.out / f"{job.key}.parts.tmp"
        try:
            disk.remove(parts)
            parts.mkdir()
            notes = self._pieces(job, failure, parts)
            seconds, failed = sum(note.seconds for note in notes), sum(note.failed for note in notes)
            whole = self._write(job, _rows(parts, notes), self.out, seconds, failed)
            disk.remove(parts)
        except OSError as error:
            raise disk.unwritable(self.out, error) from error
        return whole

    def _pieces(self, job: Job, failure: Failure, folder: Path) -> list[Note]:
        """Chunks in ``folder`` that together have all files of a job that failed as a whole."""
        notes: list[Note] = []
        stack: list[tuple[Job, Failure | None]] = [(_piece(job, 0, len(job.members)), failure)]
        while stack:
            piece, failed = stack.pop()
            result = failed or self._attempt(piece, folder)
            if isinstance(result, Note):
                notes.append(result)
            elif len(piece.members) == 1 or self._gives_up():
                notes.append(self._give_up(piece, result, folder))
            else:
                stack += _split(piece, result)
        return notes

    def _gives_up(self) -> bool:
        return self.deaths_in_a_row >= self.limits.deaths or self.hangs_in_a_row >= self.limits.hangs

    def _give_up(self, job: Job, failure: Failure, folder: Path) -> Note:
        """A chunk that says of its files that our reader failed on them."""
        if len(job.members) > 1:
            failure = replace(failure, reason="gave-up")
        elif failure.status == "timeout":
            self.hangs_in_a_row += 1
        elif failure.reason == "worker-died":  # an exception costs nothing: each file is tried
            self.deaths_in_a_row += 1
        self.failures += [FileFailure(member.file, job.producer, failure) for member in job.members]
        tables = not_read(job, failure.status, failure.reason)
        return self._write(job, iter([tables]), folder, 0.0, len(job.members))

    def _write(self, job: Job, parts: Parts, folder: Path, seconds: float, failed: int) -> Note:
        place = temporary(folder, job.key)
        place.mkdir()
        note = write_chunk(job, parts, place, seconds, failed)
        disk.commit(place, folder / job.key)
        return note

    def _report(self, note: Note, *, resumed: bool = False) -> None:
        seconds = 0.0 if resumed else note.seconds
        done = Done(note.key, note.files, note.bytes, seconds, resumed, note.failed)
        self.done[note.key] = done
        self.on_done(done)

    def _tidy(self) -> None:
        """Make the folder and delete what killed workers left."""
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk.unwritable(self.out, error) from error
        for left in self.out.glob("*.tmp"):
            self._forget(left)

    def _forget(self, path: Path) -> None:
        try:
            disk.remove(path)
        except OSError as error:
            raise disk.unwritable(self.out, error) from error

    def _summary(self, jobs: Sequence[Job]) -> Summary:
        keys = tuple(dict.fromkeys(job.key for job in jobs))
        done = [self.done[key] for key in keys]
        return Summary(
            keys,
            len(done),
            sum(one.resumed for one in done),
            sum(one.files for one in done),
            round(sum(one.seconds for one in done), 3),
            tuple(self.failures),
        )


def _rows(folder: Path, notes: Sequence[Note]) -> Parts:
    """All rows of some chunks, as they were written: never all of a table at once."""
    for note in notes:
        for name in note.rows:
            with pq.ParquetFile(folder / note.key / f"{name}.parquet") as file:
                for group in range(file.num_row_groups):
                    yield {name: file.read_row_group(group)}


def _piece(job: Job, start: int, stop: int) -> Job:
    """Some members of a job; the key is unique among the pieces of one job."""
    members = Members.of(job.members)[start:stop]
    return replace(job, key=f"{members[0].file:016x}-{stop - start}", members=members)


def _split(job: Job, failure: Failure) -> list[tuple[Job, Failure | None]]:
    """Pieces to try, the first last: the file at which the failure was noticed, alone, then the
    halves of what is before and after. Without such a file, halves."""
    count = len(job.members)
    at = failure.at
    borders = [0, count // 2, count] if at is None else [0, at, at + 1, count]
    pieces: list[tuple[Job, Failure | None]] = [
        (_piece(job, start, stop), None) for start, stop in pairwise(borders) if start < stop
    ]
    return pieces[::-1]
