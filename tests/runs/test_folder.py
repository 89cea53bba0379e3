"""Run folders: made, gone on with, refused, read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from qc.errors import QcError
from qc.runs import disk
from qc.runs.folder import FINISHED, FORMAT, UNFINISHED, Run
from qc.runs.lock import Lock
from qc.words import Words

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """The deliverable."""
    folder = tmp_path / "납품"
    folder.mkdir()
    return folder


def refused(key: str, action: Callable[[], object]) -> QcError:
    with pytest.raises(QcError) as caught:
        action()
    assert caught.value.key == f"errors.{key}"
    return caught.value


def test_a_new_run(tmp_path: Path, given: Path) -> None:
    with Run.create(tmp_path / "deep" / "run", "납품", given, {"plan": "a"}) as run:
        assert run.path == tmp_path / "deep" / "run"
        assert {p.name for p in run.path.iterdir()} == {
            "run.json",
            "lock",
            "chunks",
            "derived",
            "results",
            "work",
        }
        assert run.info["state"] == UNFINISHED
        assert run.info["format"] == FORMAT
        assert run.info["inputs"] == {"deliverable": str(given), "plan": "a"}
        assert run.resumed == 0
    assert Run.open(run.path).info == run.info
    assert not list(given.iterdir())


def test_the_default_place_is_named_by_deliverable_and_time(
    tmp_path: Path, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = []
    for _ in range(3):
        with Run.create(None, unicodedata.normalize("NFD", '납품: 1차/"최종"?'), given) as run:
            assert run.path.parent == tmp_path / "qc-runs"
            names.append(run.path.name)
    assert len(set(names)) == 3
    assert all(name.startswith("납품_ 1차_최종_-2") for name in names)


def test_an_unfinished_run_goes_on(tmp_path: Path, given: Path) -> None:
    with Run.create(tmp_path / "run", "a", given, {"plan": "a", "schemas": {"coco": "1"}}) as run:
        with run.phase("list"):
            pass
        run.update(layout={"id": "flat"})
        (run.chunks / "k").mkdir()
        run.work.rmdir()
        for name in ("run.json.7.tmp", "files.parquet.7.tmp", "facts.duckdb.tmp", "facts.duckdb.tmp.wal"):
            (run.path / name).touch()
    with Run.create(tmp_path / "run", "a", given, {"plan": "a", "schemas": {"coco": "1"}}) as again:
        assert again.resumed == 1
        assert again.info["layout"] == {"id": "flat"}
        assert (again.chunks / "k").is_dir()
        assert again.work.is_dir()
        assert not [path for path in again.path.iterdir() if ".tmp" in path.name]
        before = again.info["timings"]["list"]
        with again.phase("list"):
            sum(range(100_000))
        assert again.info["timings"]["list"] > before


def test_with_other_inputs_it_does_not(tmp_path: Path, given: Path) -> None:
    Run.create(tmp_path / "run", "a", given, {"plan": "a", "media": "none"}).close()
    other = {"plan": "b", "media": "none", "layout": "flat"}
    error = refused("run-other-inputs", lambda: Run.create(tmp_path / "run", "a", given, other))
    assert error.values["differ"] == "layout, plan"
    refused("run-other-inputs", lambda: Run.create(tmp_path / "run", "a", given / "x", {"plan": "a"}))
    Run.create(tmp_path / "run", "a", given, {"plan": "a", "media": "none"}).close()  # the lock is free


def test_a_finished_run_is_not_overwritten(tmp_path: Path, given: Path) -> None:
    with Run.create(tmp_path / "run", "a", given) as run:
        (run.work / "scratch").touch()
        run.finish()
    assert not run.work.exists()
    assert Run.open(run.path).finished
    assert Run.open(run.path).info["state"] == FINISHED
    refused("run-finished", lambda: Run.create(tmp_path / "run", "a", given))


@pytest.mark.parametrize("out", ["납품", "납품/a/run", "납품/../납품/run", "link/run"])
def test_nothing_is_written_into_the_deliverable(out: str, tmp_path: Path, given: Path) -> None:
    if out.startswith("link"):
        try:
            (tmp_path / "link").symlink_to(given, target_is_directory=True)
        except OSError:
            pytest.skip("no symbolic links here")
    refused("run-inside-deliverable", lambda: Run.create(tmp_path / out, "a", given))
    assert not list(given.iterdir())


def test_nor_by_default(given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(given)
    refused("run-inside-deliverable", lambda: Run.create(None, "a", "."))
    assert not list(given.iterdir())


def test_beside_is_not_inside(tmp_path: Path, given: Path) -> None:
    Run.create(tmp_path / "납품2", "a", given).close()


def test_somebody_elses_folder_stays_as_it_is(tmp_path: Path, given: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.docx").touch()
    refused("run-not-a-run", lambda: Run.create(tmp_path / "theirs", "a", given))
    assert [p.name for p in (tmp_path / "theirs").iterdir()] == ["thesis.docx"]
    refused("run-not-a-folder", lambda: Run.create(tmp_path / "theirs" / "thesis.docx", "a", given))


def test_killed_before_it_had_begun(tmp_path: Path, given: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "lock").write_text("99999", encoding="utf-8")
    (folder / "run.json.99999.tmp").write_text("{", encoding="utf-8")
    with Run.create(folder, "a", given) as run:
        assert run.info["state"] == UNFINISHED


def test_one_writer_at_a_time(tmp_path: Path, given: Path) -> None:
    with Run.create(tmp_path / "run", "a", given):
        error = refused("run-busy", lambda: Run.create(tmp_path / "run", "a", given))
        assert error.values["pid"] in {os.getpid(), "?"}
        assert Run.open(tmp_path / "run").info["state"] == UNFINISHED  # readers are welcome
    Run.create(tmp_path / "run", "a", given).close()


def test_the_lock_dies_with_its_holder(tmp_path: Path, given: Path) -> None:
    script = (
        "import sys, time\nfrom qc.runs.folder import Run\n"
        f"run = Run.create({str(tmp_path / 'run')!r}, 'a', {str(given)!r})\n"
        "print('ok', flush=True)\ntime.sleep(600)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ok\n"
    error = refused("run-busy", lambda: Run.create(tmp_path / "run", "a", given))
    assert error.values["pid"] == holder.pid
    holder.kill()
    holder.communicate()
    with Run.create(tmp_path / "run", "a", given) as run:
        assert run.resumed == 1


def test_a_file_system_without_locks_lets_everybody_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(file: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr("qc.runs.lock._lock", unsupported)
    lock = Lock(tmp_path / "lock")
    assert lock.take()
    assert lock.holder() == os.getpid()
    lock.release()
    lock.release()


def test_unwritable_places(tmp_path: Path, given: Path) -> None:
    (tmp_path / "file").touch()
    error = refused("run-unwritable", lambda: Run.create(tmp_path / "file" / "run", "a", given))
    assert error.values["path"] == str(tmp_path / "file" / "run")
    assert error.values["reason"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_without_permission(tmp_path: Path, given: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    refused("run-unwritable", lambda: Run.create(tmp_path / "closed" / "run", "a", given))


def test_what_cannot_be_written_later(tmp_path: Path, given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Run.create(tmp_path / "run", "a", given) as run:
        before = run.json.read_bytes()

        def full(source: object, target: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        error = refused("run-unwritable", lambda: run.update(layout={}))
        assert Words("ko").error(error).count("(디스크에 남은 공간이 없음)") == 1
        assert run.json.read_bytes() == before
        assert "layout" not in run.info
        assert not list(run.path.glob("*.tmp"))


BROKEN = {
    "missing": (None, "run-missing"),
    "cut": ('{"format": 1', "run-broken"),
    "list": ("[]", "run-broken"),
    "no format": ('{"state": "finished"}', "run-broken"),
    "odd format": ('{"format": "one"}', "run-broken"),
    "a folder": (None, "file-unreadable"),
    "newer": (json.dumps({"format": FORMAT + 1}), "run-newer"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_run(case: str, tmp_path: Path) -> None:
    text, key = BROKEN[case]
    if text is not None:
        (tmp_path / "run.json").write_text(text, encoding="utf-8")
    elif case == "a folder":
        (tmp_path / "run.json").mkdir()
    refused(key, lambda: Run.open(tmp_path))


def test_json_is_readable_and_never_nan(tmp_path: Path) -> None:
    disk.write_json(tmp_path / "a.json", {"이름": "납품"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "이름": "납품"\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        disk.write_json(tmp_path / "a.json", {"rate": float("nan")})
    assert disk.read_json(tmp_path / "a.json") == {"이름": "납품"}


def test_names_that_are_no_utf_8_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "납품\udcff"  # the byte FF, as the system's names have it
    disk.write_json(tmp_path / "a.json", {"path": name})
    assert disk.read_json(tmp_path / "a.json") == {"path": name}
    monkeypatch.chdir(tmp_path)
    with Run.create(None, name, tmp_path / "given") as run:
        assert run.path.name.startswith("납품_-")
    refused("run-not-utf-8", lambda: Run.create(tmp_path / name, "a", tmp_path / "given"))


def test_windows_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(time, "sleep", pauses.append)
    calls = iter([PermissionError, PermissionError, None])

    def action() -> None:
        error = next(calls)
        if error:
            raise error

    disk.patiently(action)
    assert len(pauses) == 2

    def never() -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        disk.patiently(never)
    assert sum(pauses) < 5
