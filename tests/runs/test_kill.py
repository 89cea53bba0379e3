"""Killed at any moment, a run goes on with the same call and comes to the same rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from qc.budget import Budget
from qc.engines import ProcessEngine
from qc.runs import store
from qc.runs.chunks import Bounds, plan_chunks
from qc.runs.folder import Run
from qc.runs.supervisor import run_jobs
from tests.runs import toy

ROOT = Path(__file__).resolve().parents[2]
CONTENTS = {f"{number:03d}.txt": str(number % 5) for number in range(120)}
#: A chunk of about five files takes long enough for kills to fall into it.
OPTIONS = {"pause_s": 0.03}
BOUNDS = Bounds(files=8)
BUDGET = Budget(threads=1, memory_mib=256)
#: When to kill: after this share of the chunks, and so many seconds.
MOMENTS = [
    (0, 0), (0, 0.2), (0.04, 0), (0.1, 0.02), (0.25, 0.01),
    (0.4, 0.03), (0.6, 0), (1, 0), (1, 0.03), (1, 0.06),
]  # fmt: skip


def inspect(given: Path, out: Path) -> int:
    """A small pipeline; the number of chunks that it did not have to read again."""
    files = toy.relist(given)
    jobs = plan_chunks(files, toy.PRODUCER, OPTIONS, BOUNDS)
    with Run.create(out, "a", given, {"plan": "x"}) as run, ProcessEngine(2) as engine:
        with run.phase("labels"):
            summary = run_jobs(jobs, run.chunks, engine, lambda done: print(done.key, flush=True))
        store.write_files(run, files)
        store.build(run, summary.keys, BUDGET)
        print("built", flush=True)
        run.finish()
    return summary.resumed


def start(given: Path, out: Path, **options: Any) -> subprocess.Popen[str]:
    # Whoever runs the tests in the background has them started with the key press ignored.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    work = f"from tests.runs.test_kill import *; inspect(Path({str(given)!r}), Path({str(out)!r}))"
    script = listen + work
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def facts(out: Path) -> dict[str, list[Any]]:
    run = Run.open(out)
    assert run.finished
    with store.connect(run, budget=BUDGET) as con:
        return {
            name: con.execute(f"FROM {name} ORDER BY ALL").fetchall()
            for name in ("files", "annotations", "coverage", "schema_paths")
        }


def test_killed_at_ten_moments(tmp_path: Path) -> None:
    given, out = tmp_path / "in", tmp_path / "run"
    toy.deliver(given, CONTENTS)
    assert inspect(given, tmp_path / "whole") == 0
    whole = facts(tmp_path / "whole")
    chunks = len(list((tmp_path / "whole" / "chunks").iterdir()))
    assert len(whole["coverage"]) == len(CONTENTS)

    survived = [0]
    for share, pause in MOMENTS:
        driver = start(given, out)
        assert driver.stdout is not None
        seen = [driver.stdout.readline() for _ in range(round(share * chunks))]
        assert all(seen)
        time.sleep(pause)
        driver.kill()
        driver.communicate()
        survived.append(len([path for path in (out / "chunks").glob("*") if path.suffix != ".tmp"]))
        assert survived[-1] >= max(survived[-2], len(seen))  # nothing that was done is lost
    assert 0 < survived[4] < chunks

    if not Run.open(out).finished:  # the last kill may have come too late
        assert inspect(given, out) == chunks
    assert facts(out) == whole
    assert Run.open(out).resumed >= len(MOMENTS) - 3
    assert not list(out.rglob("*.tmp"))


@pytest.mark.skipif(sys.platform == "win32", reason="sends a key press as POSIX terminals do")
def test_a_key_press_reaches_all_and_ends_quietly(tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to the workers, too; only the driver may say something."""
    given, out = tmp_path / "in", tmp_path / "run"
    contents = {f"{number:03d}.txt": "x" for number in range(2 * len(CONTENTS))}
    toy.deliver(given, contents)
    driver = start(given, out, start_new_session=True)
    assert driver.stdout is not None
    driver.stdout.readline()
    os.killpg(driver.pid, signal.SIGINT)
    _, errors = driver.communicate(timeout=30)
    assert driver.returncode == -signal.SIGINT, f"ended with {driver.returncode}: {errors}"
    # One story is told; where the press fell into the handling of an error, it has two parts.
    assert errors.count("Traceback") == 1 + errors.count("During handling of the above exception")
    assert errors.rstrip().endswith("KeyboardInterrupt")
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.killpg(driver.pid, 0)  # nobody of its group is left
            time.sleep(0.05)
    assert inspect(given, out) >= 1
    assert len(facts(out)["coverage"]) == len(contents)


def test_two_at_once_is_one_too_many(tmp_path: Path) -> None:
    given, out = tmp_path / "in", tmp_path / "run"
    toy.deliver(given, CONTENTS)
    drivers = [start(given, out) for _ in range(2)]
    errors = [driver.communicate(timeout=60)[1] for driver in drivers]
    assert sorted(driver.returncode for driver in drivers) == [0, 1]
    assert any("errors.run-busy" in error for error in errors)
    assert len(facts(out)["coverage"]) == 120
