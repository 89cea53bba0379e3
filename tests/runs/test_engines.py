"""Worker processes: what they answer, and what happens when they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qc.engines import EngineError, ProcessEngine, WorkerDied
from qc.errors import QcError

ROOT = Path(__file__).resolve().parents[2]


class OddError(Exception):
    """Pickles, but does not come back."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


def give(value: object) -> object:
    return value


def pid() -> int:
    return os.getpid()


def die() -> None:
    os._exit(3)


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def fail(kind: str) -> None:
    if kind == "qc":
        raise QcError("errors.path-missing", path="x")
    if kind == "odd":
        raise OddError("a", "b")
    raise ValueError(kind)


def main_file() -> object:
    return getattr(sys.modules["__main__"], "__file__", None)


def interrupt_disposition() -> object:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.fixture(scope="module")
def engine() -> Iterator[ProcessEngine]:
    with ProcessEngine(2) as engine:
        yield engine


def test_answers(engine: ProcessEngine) -> None:
    big = b"x" * 3_000_000  # more than a pipe holds
    futures = [engine.submit(give, (number, big)) for number in range(6)]
    assert [future.result(20) for future in futures] == [(number, big) for number in range(6)]


def test_work_is_elsewhere_and_spread(engine: ProcessEngine) -> None:
    slow = [engine.submit(sleep, 0.2) for _ in range(2)]
    began = time.monotonic()
    assert [future.result(20) for future in slow] == [0.2, 0.2]
    assert time.monotonic() - began < 0.39
    assert engine.submit(pid).result(20) != os.getpid()


def test_errors_come_back(engine: ProcessEngine) -> None:
    with pytest.raises(ValueError, match="bad"):
        engine.submit(fail, "bad").result(20)
    with pytest.raises(QcError) as caught:
        engine.submit(fail, "qc").result(20)
    assert caught.value.key == "errors.path-missing"
    with pytest.raises(EngineError, match="OddError"):
        engine.submit(fail, "odd").result(20)


def test_a_death_is_told_to_who_caused_it_alone(engine: ProcessEngine) -> None:
    other = engine.submit(sleep, 0.3)
    deaths = [engine.submit(die) for _ in range(3)]
    later = engine.submit(give, 7)
    for death in deaths:
        with pytest.raises(WorkerDied):
            death.result(20)
    assert other.result(20) == 0.3
    assert later.result(20) == 7


def test_a_worker_killed_while_it_waits_is_replaced() -> None:
    with ProcessEngine(1) as engine:
        idle = engine.submit(pid).result(20)
        assert isinstance(idle, int)
        os.kill(idle, signal.SIGTERM)
        time.sleep(0.2)
        assert engine.submit(give, 1).result(20) == 1


def test_closing_lets_finish_and_cancels_what_waits() -> None:
    engine = ProcessEngine(1)
    running = engine.submit(sleep, 0.3)
    while not running.running():
        time.sleep(0.01)
    waiting = engine.submit(sleep, 0.3)
    engine.close()
    assert running.result(0) == 0.3
    assert waiting.cancelled()
    assert engine.submit(give, 2).result(20) == 2  # it can be used again
    engine.close()


def test_killing_does_not_wait() -> None:
    engine = ProcessEngine(2)
    futures = [engine.submit(sleep, 60.0) for _ in range(2)]
    while not all(future.running() for future in futures):
        time.sleep(0.01)
    time.sleep(0.1)
    began = time.monotonic()
    engine.close(kill=True)
    assert time.monotonic() - began < 5
    for future in futures:
        assert isinstance(future.exception(0), (WorkerDied, EngineError))


def test_workers_do_not_run_the_main_script_and_ignore_the_keyboard(engine: ProcessEngine) -> None:
    assert engine.submit(main_file).result(20) is None
    assert engine.submit(interrupt_disposition).result(20) is True


def test_warming_starts_all_workers() -> None:
    with ProcessEngine(2) as engine:
        engine.warm(give, 1)
        pids = {engine.submit(pid).result(20) for _ in range(8)}
        slow = [engine.submit(sleep, 0.1) for _ in range(2)]
        assert all(future.result(20) == 0.1 for future in slow)
        assert len(pids) <= 2


def test_at_least_one_job() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ProcessEngine(0)


@pytest.mark.skipif(sys.platform == "win32", reason="asks about processes as POSIX does")
@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
def test_workers_do_not_outlive_their_driver(busy: bool) -> None:
    script = (
        "from qc.engines import ProcessEngine\nfrom tests.runs.test_engines import pid, sleep\n"
        "engine = ProcessEngine(1)\nprint(engine.submit(pid).result(), flush=True)\n"
        + ("engine.submit(sleep, 600.0)\n" if busy else "")
        + "import time; time.sleep(600)\n"
    )
    driver = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert driver.stdout is not None
    worker = int(driver.stdout.readline())
    time.sleep(0.2)
    driver.kill()
    driver.communicate()
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{worker}/stat").exists() and ") Z" in Path(f"/proc/{worker}/stat").read_text(
            encoding="utf-8"
        ):
            return  # dead; nobody here collects it
        time.sleep(0.05)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker lives on")
