"""A check that is killed at any moment goes on with the same command, and what was read is not read again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sample_datasets.generate import make, write

SAMPLE = "s06-faulty"
PLAN = Path(__file__).resolve().parent.parent / "sample_datasets" / "plans" / f"{SAMPLE}.toml"
QC = "import sys; from qc.cli.running import run; sys.exit(run(sys.argv[1:]))"
REJECTED = 1
#: Seconds after which a moment is taken for missed.
PATIENCE = 60.0


def exists(pattern: str, count: int = 1) -> Callable[[Path], bool]:
    """At least ``count`` paths of this pattern are in the run folder."""
    return lambda out: len(list(out.glob(pattern))) >= count


def timed(phase: str) -> Callable[[Path], bool]:
    """``run.json`` says how long this phase took: the next one has begun."""
    return lambda out: exists("run.json")(out) and f'"{phase}":' in (out / "run.json").read_text("utf-8")


#: Ten moments of a check, from its first file to its last but one: it is killed as soon as one has come.
MOMENTS: dict[str, Callable[[Path], bool]] = {
    "the run has begun": exists("run.json"),
    "a chunk is begun": exists("chunks/*.tmp"),
    "a chunk is done": exists("chunks/*/chunk.json"),
    "several chunks are done": exists("chunks/*/chunk.json", 3),
    "files are listed": exists("files.parquet"),
    "facts are loaded": exists("facts.duckdb"),
    "tables are being derived": timed("link"),
    "a check has answered": exists("results/*.parquet"),
    "several checks have answered": exists("results/*.parquet", 6),
    "findings are written": exists("findings.parquet"),
}


@dataclass(frozen=True, slots=True)
class Undisturbed:
    findings: list[dict[str, Any]]
    outcomes: list[dict[str, Any]]


def start(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-c",
        QC,
        "check",
        str(folder / SAMPLE),
        "--plan",
        str(PLAN),
        "--out",
        str(out),
    ]
    return subprocess.Popen(
        [*command, "--quiet", "--jobs", "2"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == REJECTED, errors.decode(errors="replace")


def findings(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(out / "findings.parquet").to_pylist()
    return rows


def outcomes(out: Path) -> list[dict[str, Any]]:
    """What became of each check, without how long it took."""
    rows = json.loads((out / "outcomes.json").read_text(encoding="utf-8"))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def state(out: Path) -> str | None:
    try:
        found: str = json.loads((out / "run.json").read_text(encoding="utf-8"))["state"]
    except FileNotFoundError:
        return None
    return found


def finished_chunks(out: Path) -> dict[str, tuple[int, int]]:
    """Every file of a finished chunk with its identity: written again, it would have another."""
    return {
        path.relative_to(out).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted((out / "chunks").glob("*/*"))
        if path.parent.suffix != ".tmp" and path.is_file()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("resume")
    write(make(SAMPLE), base)
    return base


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> Undisturbed:
    out = folder / "undisturbed"
    finish(start(folder, out))
    return Undisturbed(findings(out), outcomes(out))


@dataclass(frozen=True, slots=True)
class Killed:
    out: Path
    finished: bool
    chunks: dict[str, tuple[int, int]]


def kill(folder: Path, moment: str) -> Killed:
    """Start a check, kill it at a moment (SIGKILL; no handler can run), and look at what is there."""
    out = folder / moment.replace(" ", "-")
    process = start(folder, out)
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and not MOMENTS[moment](out):
        assert time.monotonic() < deadline, f"{moment}: has not come"
        time.sleep(0.001)
    process.kill()
    process.communicate(timeout=60)
    return Killed(out, state(out) == "finished", finished_chunks(out))


def test_a_killed_check_resumes_to_the_same_findings(folder: Path, undisturbed: Undisturbed) -> None:
    killed = [kill(folder, moment) for moment in MOMENTS]
    unfinished = [run for run in killed if not run.finished]
    assert len(unfinished) >= len(MOMENTS) - 1, "kills must come before the end"
    assert any(run.chunks for run in unfinished), "some kills must come after a chunk was finished"

    def resume(run: Killed) -> None:
        finish(start(folder, run.out))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(resume, unfinished))
    for run in killed:
        assert state(run.out) == "finished"
        assert findings(run.out) == undisturbed.findings
        assert outcomes(run.out) == undisturbed.outcomes
        now = finished_chunks(run.out)
        assert {path: now[path] for path in run.chunks} == run.chunks, "a finished chunk was read again"
