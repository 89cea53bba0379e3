"""A run folder: where it is, who may write it, and what ``run.json`` says of it.

::

    run.json          tool, versions and digests, options, deliverable, timings; state
    lock              held while a command writes here
    files.parquet     the manifest
    chunks/KEY/       what producers read, the journal
    derived/          tables of reducers
    facts.duckdb      all tables, built from the above
    results/          one Parquet a check
    checks.json       the words of the checks that were asked
    findings.parquet  findings.csv  outcomes.json  verdict.json
    qc.log            where a failure of ours arose, if there was one
    work/             scratch, gone when a run is finished
"""

from __future__ import annotations

import os
import platform
import re
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from qc import __version__
from qc.errors import QcError, refusal
from qc.runs import disk
from qc.runs.lock import Lock

#: Version of what a run folder holds. Raised when an older tool could no longer read it.
FORMAT = 1
UNFINISHED, FINISHED = "unfinished", "finished"
RUNS = "qc-runs"

_LOCK, _JSON = "lock", "run.json"


class Run:
    """A run folder and the places in it, absolute; ``info`` is what ``run.json`` says.

    Made by :meth:`create`, to be written by one process, or :meth:`open`, to be read.
    """

    def __init__(self, path: Path, info: dict[str, Any], lock: Lock | None = None) -> None:
        self.path = path
        self.info = info
        self.json = path / _JSON
        self.files = path / "files.parquet"
        self.chunks = path / "chunks"
        self.derived = path / "derived"
        self.facts = path / "facts.duckdb"
        self.results = path / "results"
        self.findings = path / "findings.parquet"
        self.findings_csv = path / "findings.csv"
        self.outcomes = path / "outcomes.json"
        self.verdict = path / "verdict.json"
        self.work = path / "work"
        self._lock = lock

    # Making and opening.

    @classmethod
    def create(
        cls,
        out: str | Path | None,
        name: str,
        deliverable: str | Path,
        inputs: Mapping[str, Any] | None = None,
    ) -> Run:
        """A new run folder, or an unfinished one made with the same ``inputs``, to be gone on with.

        ``out`` None means ``./qc-runs/NAME-YYYYmmdd-HHMMSS``. ``inputs`` are plain JSON values: what
        the command was told that decides the results. The folder is locked until :meth:`close`.

        Raises ``QcError``: ``errors.run-inside-deliverable``, ``errors.run-finished``,
        ``errors.run-other-inputs``, ``errors.run-not-a-run``, ``errors.run-not-a-folder``,
        ``errors.run-busy``, ``errors.run-unwritable``, ``errors.run-not-utf-8`` and those of :meth:`open`.
        """
        path = _absolute(out) if out is not None else _default(name)
        _outside(path, _absolute(deliverable))
        if any("\ud800" <= char <= "\udfff" for char in str(path)):  # DuckDB opens UTF-8 paths only
            raise QcError("errors.run-not-utf-8", path=str(path))
        told = {"deliverable": str(_absolute(deliverable)), **(inputs or {})}
        _made(path)
        lock = Lock(path / _LOCK)
        try:
            if not lock.take():
                raise QcError("errors.run-busy", path=str(path), pid=lock.holder() or "?")
            return cls._begun(path, told, lock)
        except OSError as error:
            lock.release()
            raise disk.unwritable(path, error) from error
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _begun(cls, path: Path, told: dict[str, Any], lock: Lock) -> Run:
        if (path / _JSON).exists():
            run = cls(path, _read(path), lock)
            if run.finished:
                raise QcError("errors.run-finished", path=str(path))
            before = run.info.get("inputs", {})
            differ = [key for key in sorted({*before, *told}) if before.get(key) != told.get(key)]
            if differ:
                raise QcError("errors.run-other-inputs", path=str(path), differ=", ".join(differ))
            run.update(resumed=run.info.get("resumed", 0) + 1)
        else:
            run = cls(path, {}, lock)
            run.update(
                format=FORMAT,
                state=UNFINISHED,
                tool={"name": "qc", "version": __version__},
                started=now(),
                python=platform.python_version(),
                system=platform.platform(),
                inputs=told,
                timings={},
            )
        for left in (*path.glob("*.tmp"), *path.glob("*.tmp.wal")):  # of a command that was killed
            disk.remove(left)
        for folder in (run.chunks, run.derived, run.results, run.work):
            folder.mkdir(exist_ok=True)
        return run

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """An existing run, to be read.

        Raises ``QcError``: ``errors.run-missing``, ``errors.run-broken``, ``errors.run-newer``,
        ``errors.file-unreadable``.
        """
        place = _absolute(path)
        return cls(place, _read(place))

    def close(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What is known of it.

    @property
    def finished(self) -> bool:
        """It has come to its end and is never written again."""
        return self.info.get("state") == FINISHED

    @property
    def resumed(self) -> int:
        """How often it was gone on with."""
        return int(self.info.get("resumed", 0))

    def update(self, **sections: Any) -> None:
        """Set sections of ``run.json`` and write it, whole. Values are plain JSON.

        Raises ``QcError`` ``errors.run-unwritable``.
        """
        info = {**self.info, **sections}
        try:
            disk.write_json(self.json, info)
        except OSError as error:
            raise disk.unwritable(self.path, error) from error
        self.info = info

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what is done inside into ``timings`` (s); what a resumed run spent is added up."""
        began = time.perf_counter()
        yield
        self.spent(name, time.perf_counter() - began)

    def spent(self, name: str, seconds: float) -> None:
        """Add to ``timings`` what was spent on something (s)."""
        timings = dict(self.info.get("timings", {}))
        timings[name] = round(timings.get(name, 0.0) + seconds, 4)
        self.update(timings=timings)

    def finish(self) -> None:
        """Delete the scratch folder and mark the run as finished; it is never written again."""
        try:
            disk.remove(self.work)
        except OSError as error:
            raise disk.unwritable(self.work, error) from error
        self.update(state=FINISHED, ended=now())


def now() -> str:
    """Local time with its offset from UTC, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _read(path: Path) -> dict[str, Any]:
    try:
        info = disk.read_json(path / _JSON)
        version = int(info["format"])
    except (FileNotFoundError, NotADirectoryError) as error:
        raise QcError("errors.run-missing", path=str(path)) from error
    except OSError as error:
        raise QcError("errors.file-unreadable", path=str(path / _JSON), reason=refusal(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise QcError("errors.run-broken", path=str(path)) from error
    if version > FORMAT:
        raise QcError("errors.run-newer", path=str(path), format=version, known=FORMAT)
    return info


def _absolute(path: str | Path) -> Path:
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 (links are not followed)


def _default(name: str) -> Path:
    """``./qc-runs/NAME-TIME``; a second run in the same second gets a number."""
    # Windows takes none of these signs; lone surrogates stand for bytes that are no UTF-8.
    kept = re.sub(r'[\x00-\x1f<>:"/\\|?*\ud800-\udfff]+', "_", unicodedata.normalize("NFC", name))
    safe = kept.strip(" .")[:80]
    stem = f"{safe or 'run'}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    base = _absolute(RUNS)
    for number in range(1, 1000):
        path = base / (stem if number == 1 else f"{stem}-{number}")
        if not path.exists():
            return path
    raise QcError("errors.run-finished", path=str(base / stem))


def _made(path: Path) -> None:
    """Make the folder, unless it is there and is empty or holds a run."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        foreign = any(not _ours(entry.name) for entry in path.iterdir())
    except OSError as error:
        if path.exists() and not path.is_dir():
            raise QcError("errors.run-not-a-folder", path=str(path)) from error
        raise disk.unwritable(path, error) from error
    if foreign and not (path / _JSON).is_file():
        raise QcError("errors.run-not-a-run", path=str(path))


def _ours(name: str) -> bool:
    """What a command killed in its first moments leaves."""
    return name == _LOCK or (name.startswith(f"{_JSON}.") and name.endswith(".tmp"))


def _outside(path: Path, deliverable: Path) -> None:
    """Nothing is ever written into what was handed in."""
    out, given = _real(path), _real(deliverable)
    if out == given or given in out.parents:
        raise QcError("errors.run-inside-deliverable", path=str(path), deliverable=str(deliverable))


def _real(path: Path) -> Path:
    real = os.path.normcase(os.path.realpath(path))
    # macOS: names that differ in case or Unicode form are one folder.
    return Path(unicodedata.normalize("NFC", real).casefold() if sys.platform == "darwin" else real)
