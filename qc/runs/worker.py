"""What runs in a worker: one chunk, from job to folder. Imports little: it is what starts."""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import mmap
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, overload

from qc.deliverable.locators import unpacked_before
from qc.errors import QcError
from qc.facts.producers import Job, Member, Members, Parts, Tables, function
from qc.lean import without_pandas
from qc.runs import disk
from qc.runs.journal import Note, Writer

#: In a chunk's temporary folder: where its reading is, and the trace of a hang.
AT, HANG = "at", "hang"
#: Number of the member that is being read, and bytes of the chunk that were read.
_WHERE = struct.Struct("<qq")
#: So many bytes before a member that is only reached by unpacking them give it more time, at this rate.
_MANY, _UNPACKED_A_SECOND = 64 << 20, 10e6
#: Parameters of glibc's ``mallopt``.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


@dataclass(frozen=True, slots=True)
class Failure:
    """A chunk that could not be read. ``reason`` is 'worker-died', 'time-limit' or the name of an
    exception of ours; ``at`` the member that was being read, if known; ``trace`` for the log."""

    status: str
    reason: str
    at: int | None = None
    trace: str = ""


def warm(producers: Sequence[str]) -> None:
    """Import producers before the first job."""
    _settle()
    for name in producers:
        function(name)


def temporary(folder: Path, key: str) -> Path:
    """Where a worker makes a chunk: a name of its own, so that two never share one."""
    return folder / f"{key}.{os.getpid()}.tmp"


@cache
def _settle() -> None:
    """Make memory cheap, once a process: it is the same few hundred megabytes, chunk after chunk.

    Documents are trees, so looking for cycles among millions of rows finds nothing and costs a third of the
    time. And glibc would give every large array back to the system, to fetch it page by page for the next.
    """
    gc.disable()
    without_pandas()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_MMAP_THRESHOLD, 1 << 28)
            mallopt(_M_TRIM_THRESHOLD, 1 << 29)


def run_chunk(job: Job, folder: str, seconds: float) -> Note | Failure:
    """Read a job's files into the chunk ``folder/KEY``; it appears whole or not at all.

    A file that takes longer than ``seconds`` ends this process. Raises ``QcError`` if the run
    folder cannot be written, or as the producer does for wrong configuration.
    """
    produce = function(job.producer)
    _settle()
    place = temporary(Path(folder), job.key)
    try:
        disk.remove(place)
        place.mkdir(parents=True)
        watch = _Watch(place, Members.of(job.members), seconds)
    except OSError as error:
        raise disk.unwritable(Path(folder), error) from error
    began = time.perf_counter()
    try:
        with Writer(job, place) as writer:
            failure = _write(_parts(produce, replace(job, members=watch, alive=watch.alive)), writer, watch)
            watch.close()
            made = failure or writer.finish(time.perf_counter() - began)
        if isinstance(made, Failure):
            disk.remove(place)
        else:
            disk.commit(place, Path(folder) / job.key)
    except OSError as error:
        raise disk.unwritable(Path(folder), error) from error
    finally:
        watch.close()
    return made


def _parts(produce: Callable[[Job], Tables | Parts], job: Job) -> Parts:
    made = produce(job)
    if isinstance(made, Mapping):
        yield made
    else:
        yield from made


def _write(parts: Parts, writer: Writer, watch: _Watch) -> Failure | None:
    """Write what a producer makes, as it makes it. Raises ``OSError`` if that cannot be written."""
    while True:
        try:
            tables = next(parts, None)
        except QcError:
            raise
        except Exception as error:  # noqa: BLE001 (ours, not the data's: the supervisor finds the file)
            return _failure(error, watch)
        if tables is None:
            return None
        writer.add(tables)


def read_so_far(folder: Path, key: str) -> int:
    """Bytes of a chunk that a worker has read, as far as it says."""
    return max((_where(place / AT)[1] for place in folder.glob(f"{key}.*.tmp")), default=0)


def left_by_death(folder: Path, key: str) -> Failure | None:
    """What a dead worker left of a chunk, tidied away; None if none had begun it."""
    found = None
    for place in folder.glob(f"{key}.*.tmp"):
        at = _where(place / AT)[0]
        found = Failure("crashed", "worker-died", at if at >= 0 else None)
        if _text(place / HANG):
            found = Failure("timeout", "time-limit", found.at, _text(place / HANG))
        disk.remove(place)
    return found


def _failure(error: Exception, watch: _Watch) -> Failure:
    import traceback  # noqa: PLC0415 (rare)

    # Frames only: the message may quote data.
    trace = "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
    return Failure("crashed", type(error).__name__, watch.at, trace)


class _Watch(Sequence[Member]):
    """A job's members; walking them notes where the walk is and keeps the clock.

    The clock is a C thread that ends the process also when Python hangs in a library that holds
    the interpreter. It is wound up again at most four times per limit, because that costs a thread:
    so a file, or a piece of a large one, gets between three quarters of the limit and the whole.
    """

    def __init__(self, place: Path, members: Sequence[Member], seconds: float) -> None:
        self._members = members
        self._seconds = seconds
        self._wound = 0.0
        self._read = 0  # bytes of the members before this one
        self.at: int | None = None
        self._paths = (place / AT, place / HANG)
        self._paths[0].write_bytes(_WHERE.pack(-1, 0))
        self._file = self._paths[0].open("r+b")
        self._map = mmap.mmap(self._file.fileno(), _WHERE.size)
        self._hang = self._paths[1].open("w", encoding="utf-8")
        self._wind()

    def __len__(self) -> int:
        return len(self._members)

    @overload
    def __getitem__(self, index: int) -> Member: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Member]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._members[index]

    def __iter__(self) -> Iterator[Member]:
        note, pack, clock = self._map, _WHERE.pack_into, time.monotonic
        quarter = self._seconds / 4
        before: tuple[str, int] | None = None
        for at, member in enumerate(self._members):
            self.at = at
            pack(note, 0, at, self._read)
            reached = unpacked_before(member.place.disk, member.place.offset or 0)
            if reached is not None and (gap := _gap(before, reached)):
                self._wind(self._seconds + gap / _UNPACKED_A_SECOND)
            elif clock() - self._wound > quarter:
                self._wind()
            before = reached
            yield member
            self._read += member.place.size
        # What remains is not one file's work.
        self.at = None
        pack(note, 0, -1, self._read)
        self._wind(self._seconds + 0.05 * len(self._members))

    def alive(self, done: int) -> None:
        """The member that is being read goes on: ``done`` bytes of it were read."""
        _WHERE.pack_into(self._map, 0, -1 if self.at is None else self.at, self._read + done)
        if time.monotonic() - self._wound > self._seconds / 4:
            self._wind()

    def _wind(self, seconds: float | None = None) -> None:
        self._wound = time.monotonic()
        faulthandler.dump_traceback_later(seconds or self._seconds, file=self._hang, exit=True)

    def close(self) -> None:
        if self._map.closed:
            return
        faulthandler.cancel_dump_traceback_later()
        self._map.close()
        self._file.close()
        self._hang.close()
        for path in self._paths:
            disk.remove(path)


def _gap(before: tuple[str, int] | None, at: tuple[str, int]) -> int:
    """Bytes that are unpacked and passed over on the way to a member, if they are many; else 0."""
    gap = at[1] - (before[1] if before is not None and before[0] == at[0] else 0)
    return gap if gap > _MANY else 0


def _where(path: Path) -> tuple[int, int]:
    """What :data:`AT` says; ``(-1, 0)`` if it says nothing."""
    try:
        at, read = _WHERE.unpack(path.read_bytes())
    except (OSError, struct.error):
        return -1, 0
    return int(at), int(read)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
