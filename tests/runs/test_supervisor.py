"""All chunks are made, whatever the workers do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qc.engines import EngineError, ProcessEngine
from qc.errors import QcError
from qc.facts.ids import file_id
from qc.facts.producers import Job, not_read
from qc.runs import disk
from qc.runs.chunks import Bounds, plan_chunks
from qc.runs.journal import read_note, read_notes
from qc.runs.supervisor import Done, Limits, Summary, run_jobs
from tests.runs import toy

FEW = Bounds(files=12)
GOOD = {f"{number:03d}.txt": str(number % 4) for number in range(60)}
QUICK = Limits(file_s=0.4)


def plan(folder: Path, contents: dict[str, str], producer: str = toy.PRODUCER, **options: Any) -> list[Job]:
    return plan_chunks(toy.deliver(folder, contents), producer, options, FEW)


ENGINE = ProcessEngine(2)


@pytest.fixture(scope="module", autouse=True)
def _workers() -> Iterator[None]:
    """Workers for the whole module: starting them is most of the time."""
    yield
    ENGINE.close()


def run(
    jobs: list[Job], out: Path, engine: ProcessEngine = ENGINE, limits: Limits | None = None
) -> tuple[Summary, list[Done]]:
    done: list[Done] = []
    return run_jobs(jobs, out, engine, done.append, limits), done


def rows(out: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table over all chunks, in an order of their own."""
    tables = [pq.ParquetFile(path).read() for path in out.glob(f"*/{table}.parquet")]
    listed: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist() if tables else []
    return sorted(listed, key=repr)


def number(name: str) -> int:
    return file_id("deliverable", None, name)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chunks of the good files, made by one worker."""
    folder = tmp_path_factory.mktemp("truth")
    with ProcessEngine(1) as alone:
        run(plan(folder / "in", GOOD), folder / "out", alone)
    return folder / "out"


def test_as_many_jobs_as_you_like(truth: Path, tmp_path: Path) -> None:
    jobs = plan(tmp_path / "in", GOOD)
    summary, done = run(jobs, tmp_path / "out")
    assert summary.keys == tuple(job.key for job in jobs)
    assert (summary.chunks, summary.resumed, summary.files, summary.failures) == (len(jobs), 0, 60, ())
    assert sum(one.files for one in done) == 60
    assert sum(one.bytes for one in done) == 60
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        p.name for p in truth.iterdir()
    )
    for table in ("annotations", "coverage", "schema_paths"):
        assert rows(tmp_path / "out", table) == rows(truth, table)
    assert len(rows(truth, "annotations")) == 90


def test_what_is_there_is_not_read_again(truth: Path, tmp_path: Path) -> None:
    jobs = plan(tmp_path / "in", GOOD)
    run(jobs[:3], tmp_path / "out")
    stamps = {job.key: (tmp_path / "out" / job.key).stat().st_mtime_ns for job in jobs[:3]}
    for path in (tmp_path / "in").iterdir():  # nothing could be read now
        if file_id("deliverable", None, path.name) in {m.file for job in jobs[:3] for m in job.members}:
            path.unlink()
    summary, done = run(jobs, tmp_path / "out")
    assert summary.resumed == 3
    assert [(one.resumed, one.seconds) for one in done[:3]] == [(True, 0.0)] * 3
    assert {key: (tmp_path / "out" / key).stat().st_mtime_ns for key in stamps} == stamps
    assert rows(tmp_path / "out", "annotations") == rows(truth, "annotations")


def _cut(chunk: Path) -> None:
    (chunk / "annotations.parquet").write_bytes(b"")


def _unlink(chunk: Path) -> None:
    (chunk / "coverage.parquet").unlink()


def _scramble(chunk: Path) -> None:
    (chunk / "chunk.json").write_text('{"key":', encoding="utf-8")


def _leave(chunk: Path) -> None:
    for name in ("x.123.tmp", f"{chunk.name}.77.tmp", "y.parts.tmp/inner"):
        (chunk.parent / name).mkdir(parents=True)


@pytest.mark.parametrize("harm", [_cut, _unlink, _scramble, _leave], ids=lambda f: f.__name__)
def test_a_chunk_that_is_not_whole_is_made_again(
    harm: Callable[[Path], None], truth: Path, tmp_path: Path
) -> None:
    """A power cut can leave a renamed folder whose files were never flushed."""
    jobs = plan(tmp_path / "in", GOOD)
    run(jobs, tmp_path / "out")
    harm(tmp_path / "out" / jobs[2].key)
    summary, _ = run(jobs, tmp_path / "out")
    assert summary.resumed == len(jobs) - (harm is not _leave)
    assert rows(tmp_path / "out", "annotations") == rows(truth, "annotations")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(summary.keys)


BAD: dict[str, tuple[str, str]] = {
    "die": ("crashed", "worker-died"),
    "hang": ("timeout", "time-limit"),
    "raise": ("crashed", "RecursionError"),
}


@pytest.mark.parametrize("producer", [toy.PRODUCER, toy.GREEDY], ids=["walks", "reads ahead"])
@pytest.mark.parametrize("deed", BAD)
def test_a_file_on_which_the_reader_fails_is_found(
    deed: str, producer: str, truth: Path, tmp_path: Path
) -> None:
    bad = "017.txt"
    jobs = plan(tmp_path / "in", GOOD | {bad: deed}, producer)
    summary, done = run(jobs, tmp_path / "out", limits=QUICK)
    status, reason = BAD[deed]
    assert [(f.file, f.failure.status, f.failure.reason) for f in summary.failures] == [
        (number(bad), status, reason)
    ]
    assert sum(one.failed for one in done) == 1
    covered = {row["file"]: row for row in rows(tmp_path / "out", "coverage")}
    assert len(covered) == 60
    assert covered[number(bad)] == {
        "producer": producer, "file": number(bad), "status": status, "reason": reason, "weight": 0.0,
    }  # fmt: skip
    others = [row for row in rows(truth, "annotations") if row["file"] != number(bad)]
    assert rows(tmp_path / "out", "annotations") == others
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(summary.keys)
    again, _ = run(jobs, tmp_path / "out")
    assert again.resumed == len(jobs)


def test_several_bad_files_in_one_chunk(tmp_path: Path) -> None:
    bad = {"000.txt": "die", "001.txt": "raise", "005.txt": "die", "011.txt": "hang"}
    contents = {name: GOOD[name] for name in list(GOOD)[:12]} | bad
    summary, _ = run(plan(tmp_path / "in", contents), tmp_path / "out", limits=QUICK)
    assert {f.file for f in summary.failures} == set(map(number, bad))
    assert len(rows(tmp_path / "out", "coverage")) == 12
    assert len(rows(tmp_path / "out", "annotations")) == sum(
        int(text) for name, text in contents.items() if name not in bad
    )


def test_a_reader_that_always_dies_is_given_up(tmp_path: Path) -> None:
    contents = dict.fromkeys(list(GOOD)[:24], "die")
    summary, _ = run(plan(tmp_path / "in", contents), tmp_path / "out", limits=Limits(deaths=2))
    assert len(summary.failures) == 24
    reasons = [f.failure.reason for f in summary.failures]
    assert reasons.count("worker-died") < 5
    assert {row["reason"] for row in rows(tmp_path / "out", "coverage")} == {"worker-died", "gave-up"}


def test_wrong_configuration_ends_the_run(tmp_path: Path) -> None:
    jobs = plan(tmp_path / "in", GOOD | {"030.txt": "misuse"})
    with pytest.raises(QcError) as caught:
        run(jobs, tmp_path / "out")
    assert caught.value.key == "errors.schema-broken"


def test_a_producer_that_is_not_there_is_our_failure(tmp_path: Path) -> None:
    with pytest.raises(ModuleNotFoundError):
        run(plan(tmp_path / "in", GOOD, "tests.runs.nowhere:produce"), tmp_path / "out")


def test_workers_that_cannot_begin_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = plan(tmp_path / "in", GOOD)
    monkeypatch.setattr("qc.runs.supervisor.run_chunk", _exit)
    with pytest.raises(EngineError):
        run(jobs, tmp_path / "out")


def _exit(*_: object) -> None:
    os._exit(4)


def test_a_key_press_leaves_a_run_that_goes_on(truth: Path, tmp_path: Path) -> None:
    jobs = plan(tmp_path / "in", GOOD)

    def press(done: Done) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs(jobs, tmp_path / "out", ENGINE, press)
    summary = run_jobs(jobs, tmp_path / "out", ENGINE)
    assert 1 <= summary.resumed < len(jobs)
    assert rows(tmp_path / "out", "annotations") == rows(truth, "annotations")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(QcError) as caught:
        run(plan(tmp_path / "in", GOOD), tmp_path / "file" / "out")
    assert caught.value.key == "errors.run-unwritable"
    assert caught.value.values["reason"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits sizes as POSIX does")
def test_a_disk_that_is_full_is_not_a_bad_file(tmp_path: Path) -> None:
    jobs = plan(tmp_path / "in", dict.fromkeys(GOOD, "300"))
    with ProcessEngine(1) as engine:
        engine.submit(_no_more_than, 2000).result(20)
        with pytest.raises(QcError) as caught:
            run_jobs(jobs, tmp_path / "out", engine)
    assert caught.value.key == "errors.run-unwritable"
    assert "large" in str(caught.value.values["reason"]).lower()


def _no_more_than(size: int) -> None:
    import resource  # noqa: PLC0415 (POSIX)
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_equal_jobs_are_done_once(tmp_path: Path) -> None:
    jobs = plan(tmp_path / "in", GOOD)
    summary, done = run([*jobs, jobs[0]], tmp_path / "out")
    assert len(done) == summary.chunks == len(jobs)


def test_notes(truth: Path, tmp_path: Path) -> None:
    key = next(truth.iterdir()).name
    note = read_note(truth / key)
    assert note is not None
    assert note.rows.keys() == note.sizes.keys() == {"annotations", "coverage", "schema_paths"}
    assert read_notes(truth, [key]) == [note]
    assert read_note(tmp_path) is None
    with pytest.raises(LookupError):
        read_notes(truth, [key, "none"])


def test_a_label_on_which_we_die_is_a_document(tmp_path: Path) -> None:
    job = plan(tmp_path / "in", {"a.json": "1"})[0]
    tables = not_read(Job("labels", "k", job.members, {}), "timeout", "time-limit")
    (row,) = tables["documents"].to_pylist()
    assert (row["status"], row["valid"], row["bytes"], row["format"]) == ("crashed", None, 1, "json")
    assert set(not_read(Job("media", "k", job.members, {}), "crashed", "x")) == {"coverage"}


def test_commit_after_somebody_else(tmp_path: Path) -> None:
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert not disk.commit(tmp_path / "mine", tmp_path / "theirs")
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]
    with pytest.raises(FileNotFoundError):
        disk.commit(tmp_path / "mine", tmp_path / "new")


def test_a_long_file_that_gets_on_is_not_taken_for_hung(tmp_path: Path) -> None:
    """Two seconds, and one is allowed without a sign of life."""
    jobs = plan(tmp_path / "in", {"long.txt": "20", "short.txt": "1"}, toy.IN_PARTS, pause_s=0.1)
    summary, _ = run(jobs, tmp_path / "out", limits=Limits(file_s=1.0))
    assert summary.failures == ()
    pointers = [row["pointer"] for row in rows(tmp_path / "out", "annotations")]
    assert len(pointers) == 21
    (note,) = read_notes(tmp_path / "out", summary.keys)
    assert note.rows == {"annotations": 21, "coverage": 2}


@pytest.mark.parametrize("event", ["raise", "die", "hang"])
def test_of_a_file_that_fails_after_some_of_its_parts_nothing_stays(tmp_path: Path, event: str) -> None:
    jobs = plan(tmp_path / "in", {"a.txt": "2", "b.txt": f"3 {event}", "c.txt": "4"}, toy.IN_PARTS)
    summary, _ = run(jobs, tmp_path / "out", limits=Limits(file_s=1.0))
    assert [failure.file for failure in summary.failures] == [number("b.txt")]
    counts = dict.fromkeys("abc", 0)
    for row in rows(tmp_path / "out", "annotations"):
        counts[next(name for name in counts if number(f"{name}.txt") == row["file"])] += 1
    assert counts == {"a": 2, "b": 0, "c": 4}
