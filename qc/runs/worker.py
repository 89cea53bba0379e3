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
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, overload

from qc.errors import QcError
from qc.facts.producers import Job, Member, Tables, function
from qc.lean import without_pandas
from qc.runs import disk
from qc.runs.journal import Note, write_chunk

#: In a chunk's temporary folder: number of the member that is being read, and the trace of a hang.
AT, HANG = "at", "hang"
_NUMBER = struct.Struct("<q")
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
        watch = _Watch(place, job.members, seconds)
    except OSError as error:
        raise disk.unwritable(Path(folder), error) from error
    began = time.perf_counter()
    try:
        tables: Tables | Failure = produce(replace(job, members=watch))
    except QcError:
        raise
    except Exception as error:  # noqa: BLE001 (ours, not the data's: the supervisor finds the file)
        tables = _failure(error, watch)
    finally:
        watch.close()
    try:
        if isinstance(tables, Failure):
            disk.remove(place)
            return tables
        note = write_chunk(job, tables, place, time.perf_counter() - began)
        disk.commit(place, Path(folder) / job.key)
    except OSError as error:
        raise disk.unwritable(Path(folder), error) from error
    return note


def left_by_death(folder: Path, key: str) -> Failure | None:
    """What a dead worker left of a chunk, tidied away; None if none had begun it."""
    found = None
    for place in folder.glob(f"{key}.*.tmp"):
        found = Failure("crashed", "worker-died", _read_number(place / AT))
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
    so a file gets between three quarters of the limit and the whole.
    """

    def __init__(self, place: Path, members: Sequence[Member], seconds: float) -> None:
        self._members = members
        self._seconds = seconds
        self._wound = 0.0
        self.at: int | None = None
        self._paths = (place / AT, place / HANG)
        self._paths[0].write_bytes(_NUMBER.pack(-1))
        self._file = self._paths[0].open("r+b")
        self._map = mmap.mmap(self._file.fileno(), _NUMBER.size)
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
        note, pack, clock = self._map, _NUMBER.pack_into, time.monotonic
        quarter = self._seconds / 4
        for at, member in enumerate(self._members):
            self.at = at
            pack(note, 0, at)
            if clock() - self._wound > quarter:
                self._wind()
            yield member
        # What remains is not one file's work.
        self.at = None
        pack(note, 0, -1)
        self._wind(self._seconds + 0.05 * len(self._members))

    def _wind(self, seconds: float | None = None) -> None:
        self._wound = time.monotonic()
        faulthandler.dump_traceback_later(seconds or self._seconds, file=self._hang, exit=True)

    def close(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        self._map.close()
        self._file.close()
        self._hang.close()
        for path in self._paths:
            disk.remove(path)


def _read_number(path: Path) -> int | None:
    try:
        number = int(_NUMBER.unpack(path.read_bytes())[0])
    except (OSError, struct.error):
        return None
    return number if number >= 0 else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
