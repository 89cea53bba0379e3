"""Chunks of an earlier run are taken over: only those that reading would make again, each whole or not."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qc.engines import ProcessEngine
from qc.errors import QcError
from qc.facts.producers import Job, not_read
from qc.facts.tables import COVERAGE
from qc.runs.chunks import Bounds, plan_chunks
from qc.runs.folder import Run
from qc.runs.journal import read_note, write_chunk
from qc.runs.since import earlier as to_follow
from qc.runs.since import follow, reading_with, remark, take_over
from qc.runs.supervisor import Done, run_jobs
from tests.runs import toy

FEW = Bounds(files=12)
ENGINE = ProcessEngine(1)


@pytest.fixture(scope="module", autouse=True)
def _worker() -> Iterator[None]:
    yield
    ENGINE.close()


def jobs_of(folder: Path, **options: Any) -> list[Job]:
    return plan_chunks(toy.relist(folder), toy.PRODUCER, options, FEW)


def begun(path: Path, given: Path) -> Run:
    return Run.create(path, "납품", given)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("given") / "in"
    toy.deliver(folder, {f"{number:03d}.txt": str(number % 4) for number in range(60)})
    return folder


@pytest.fixture(scope="module")
def earlier(given: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with all of its chunks, that has not come to its end."""
    with begun(tmp_path_factory.mktemp("earlier") / "run", given) as run:
        run_jobs(jobs_of(given), run.chunks, ENGINE)
        return run


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def no_links(source: Path, target: Path) -> None:
    raise OSError(errno.EXDEV, "another disk")


@pytest.mark.parametrize("links", [True, False], ids=["linked", "copied"])
def test_what_is_taken_over_is_not_read(
    links: bool, given: Path, earlier: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    jobs = jobs_of(given)
    done: list[Done] = []
    with begun(tmp_path / "run", given) as run:
        followed = follow(earlier, run, jobs)
        assert (followed.keys, followed.files) == (frozenset(job.key for job in jobs), 60)
        assert take_over(followed, run) == followed.keys
        assert bytes_of(run.chunks) == bytes_of(earlier.chunks)
        some = next(run.chunks.glob("*/coverage.parquet"))
        assert some.samefile(earlier.chunks / some.parent.name / some.name) is links
        run_jobs(jobs, run.chunks, ENGINE, done.append)
        assert all(one.resumed for one in done)
        assert remark(followed, run) is None
        # Gone on with, it has them already.
        again = follow(earlier, run, jobs)
        assert (again.keys, again.wanted, remark(again, run)) == (frozenset(), 0, None)


def test_only_what_did_not_change_is_taken_over(given: Path, earlier: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    toy.deliver(folder, {path.name: path.read_text(encoding="utf-8") for path in given.iterdir()})
    (folder / "007.txt").write_text("11", encoding="utf-8")
    jobs = jobs_of(folder)
    with begun(tmp_path / "run", folder) as run:
        followed = follow(earlier, run, jobs)
        (changed,) = [job for job in jobs if job.key not in followed.keys]
        assert followed.files == 60 - len(changed.members)
        take_over(followed, run)
        assert read_note(run.chunks / changed.key) is None


def _cut(chunk: Path) -> None:
    (chunk / "annotations.parquet").write_bytes(b"")


def _garble(chunk: Path) -> None:
    path = chunk / "coverage.parquet"
    path.write_bytes(b"?" * path.stat().st_size)


def _crashed(chunk: Path) -> None:
    """A worker was killed on one of its files."""
    _made_again(chunk, "crashed", "worker-died", failed=1)


def _unreadable(chunk: Path) -> None:
    """The disk refused."""
    _made_again(chunk, "failed", "unreadable")


def _missing(chunk: Path) -> None:
    """A folder of the network was gone for a moment."""
    _made_again(chunk, "failed", "missing")


def _of_other_files(chunk: Path) -> None:
    note = (chunk / "chunk.json").read_text(encoding="utf-8")
    (chunk / "chunk.json").write_text(note.replace('"files": ', '"files": 1'), encoding="utf-8")


def _made_again(chunk: Path, status: str, reason: str, failed: int = 0) -> None:
    note = read_note(chunk)
    assert note is not None
    job = Job(note.producer, note.key, plan_chunks(toy.many(note.files), note.producer, {})[0].members)
    for path in chunk.iterdir():
        path.unlink()
    write_chunk(job, [{"coverage": not_read(job, status, reason)["coverage"]}], chunk, 0.0, failed)


@pytest.mark.parametrize(
    "harm", [_cut, _garble, _crashed, _unreadable, _missing, _of_other_files], ids=lambda f: f.__name__
)
def test_what_could_not_be_read_or_is_not_whole_is_read_again(
    harm: Callable[[Path], None], given: Path, tmp_path: Path
) -> None:
    jobs = jobs_of(given)
    with begun(tmp_path / "earlier", given) as before:
        run_jobs(jobs, before.chunks, ENGINE)
    harm(before.chunks / jobs[0].key)
    with begun(tmp_path / "run", given) as run:
        assert follow(before, run, jobs).keys == {job.key for job in jobs[1:]}


@pytest.mark.parametrize("reason", ["not-an-image", "damaged"])
def test_what_is_wrong_with_the_data_is_taken_over(reason: str, given: Path, tmp_path: Path) -> None:
    """A picture that is none stays none, and what is damaged so, as long as the bytes are the same."""
    (job,) = plan_chunks(toy.relist(given), toy.PRODUCER, {})
    files = [member.file for member in job.members]
    rows: dict[str, Any] = {"producer": ["toy"] * 60, "file": files, "status": ["failed"] * 60}
    coverage = COVERAGE.arrow(rows | {"reason": [reason] * 60, "weight": [0.0] * 60})
    with begun(tmp_path / "earlier", given) as before:
        (before.chunks / job.key).mkdir()
        write_chunk(job, [{"coverage": coverage}], before.chunks / job.key, 0.0)
    with begun(tmp_path / "run", given) as run:
        assert follow(before, run, [job]).keys == {job.key}


def test_a_chunk_that_goes_meanwhile_is_left_to_be_read(given: Path, tmp_path: Path) -> None:
    jobs = jobs_of(given)
    with begun(tmp_path / "earlier", given) as before:
        run_jobs(jobs, before.chunks, ENGINE)
    with begun(tmp_path / "run", given) as run:
        followed = follow(before, run, jobs)
        for path in (before.chunks / jobs[0].key).iterdir():
            path.unlink()
        assert take_over(followed, run) == followed.keys - {jobs[0].key}
        assert sorted(path.name for path in run.chunks.iterdir()) == sorted(job.key for job in jobs[1:])


def test_a_disk_that_is_full_is_said(
    given: Path, earlier: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(shutil, "copyfile", full)
    with begun(tmp_path / "run", given) as run:
        followed = follow(earlier, run, jobs_of(given))
        with pytest.raises(QcError) as caught:
            take_over(followed, run)
        assert caught.value.key == "errors.run-unwritable"
        assert [path for path in run.chunks.iterdir() if path.suffix != ".tmp"] == []


def test_a_run_does_not_follow_itself_nor_what_is_no_run(given: Path, tmp_path: Path) -> None:
    with begun(tmp_path / "run", given) as run:
        assert to_follow(run.path, tmp_path / "other").path == run.path
        assert to_follow(run.path, None).path == run.path
        for path, key in ((run.path, "since-itself"), (tmp_path, "run-missing")):
            with pytest.raises(QcError) as caught:
                to_follow(path, tmp_path / "run" / "." / "")
            assert caught.value.key == f"errors.{key}"


WITH = reading_with({"coco": "a"}, b"1" * 32)
OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "the version": ({"producers": {"labels": 0}}, "since.other-producers"),
    "the key": (reading_with({"coco": "a"}, b"2" * 32), "since.other-text-key"),
    "the schemas": (reading_with({"coco": "b"}, b"1" * 32), "since.other-schemas"),
    "the files": (WITH, "since.other-files"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_why_nothing_is_taken_over_is_said(other: str, given: Path, earlier: Run, tmp_path: Path) -> None:
    told, key = OTHERS[other]
    with begun(tmp_path / "run", given) as run:
        before = Run(earlier.path, {**earlier.info, "reading_with": WITH | told})
        followed = follow(before, run, jobs_of(given, cap=1))
        run.update(reading_with=WITH)
        said = remark(followed, run)
        assert said is not None
        assert said.key == key


def test_a_run_that_has_read_nothing_yet(given: Path, tmp_path: Path) -> None:
    with begun(tmp_path / "earlier", given) as before, begun(tmp_path / "run", given) as run:
        said = remark(follow(before, run, jobs_of(given)), run)
        assert said is not None
        assert said.key == "since.nothing-read"


def test_the_key_of_the_project_is_not_in_what_is_kept() -> None:
    secret = b"\x07" * 32
    assert secret.hex() not in str(reading_with({}, secret))
