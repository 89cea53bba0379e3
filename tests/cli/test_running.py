"""Everything that can go wrong is one line and an exit code."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from qc import pipeline
from qc.errors import QcError
from tests.cli.conftest import Command


def raising(error: BaseException) -> Any:
    def check(*_: object) -> None:
        raise error

    return check


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["frobnicate"], "'frobnicate' 명령은 없습니다", id="no such command"),
        pytest.param(["check"], "PATH가 빠졌습니다", id="path missing"),
        pytest.param(
            ["check", "x", "--shema", "a"], "'--shema' 옵션은 없습니다. 비슷한 것: --schema", id="misspelt"
        ),
        pytest.param(["check", "x", "--zzz"], "'--zzz' 옵션은 없습니다", id="unknown option"),
        pytest.param(["check", "x", "--media", "all"], "쓸 수 있는 값: none, headers", id="not a choice"),
        pytest.param(["check", "x", "--jobs", "0"], "1 이상의 정수", id="out of range"),
        pytest.param(["check", "x", "--jobs", "two"], "1 이상의 정수", id="not a number"),
        pytest.param(["check", "x", "--plan"], "--plan 뒤에 값이 필요합니다", id="option without value"),
        pytest.param(["--lang", "fr", "checks", "list"], "쓸 수 있는 값: ko, en", id="unknown language"),
        pytest.param(["checks", "show", "no.such"], "'no.such' 검사가 없습니다.", id="unknown check"),
        pytest.param(["show", "nowhere"], "nowhere", id="no run"),
        pytest.param(["schema", "check", "nowhere.json"], "nowhere.json", id="no schema file"),
        pytest.param(["check", "nowhere"], "nowhere", id="no deliverable"),
        pytest.param(["init", "nowhere"], "nowhere", id="no deliverable to look at"),
        pytest.param(["check", "x", "y"], "남는 인자가 있습니다: y", id="too many arguments"),
    ],
)
def test_wrong_use_is_one_line(qc: Command, arguments: list[str], said: str) -> None:
    ran = qc(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("qc: ") and ran.err.count("\n") == 1
    assert said in ran.err


def test_usage_errors_speak_english(qc: Command) -> None:
    ran = qc("check", "--lang", "en")
    assert ran.err == "qc: PATH is missing. See 'qc check --help'.\n"


def test_language_may_stand_before_or_after_the_command(qc: Command) -> None:
    before, after = qc("--lang", "en", "show", "x"), qc("show", "x", "--lang=en")
    assert before == after
    assert "run" in before.err


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_errors_have_words(qc: Command, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    monkeypatch.setattr(
        pipeline, "check", raising(QcError("screen.error.csv-unwritable", path="a/findings.csv"))
    )
    ran = qc("check", "x", "--lang", lang)
    assert ran.code == 2
    assert "a/findings.csv" in ran.err and "screen.error" not in ran.err


def test_our_own_failure_is_logged_without_data(
    qc: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(pipeline, "check", raising(ValueError("010-1234-5678")))
    ran = qc("check", "x")
    (log,) = tmp_path.glob("qc-*.log")
    text = log.read_text(encoding="utf-8")
    assert ran.code == 4
    assert "ValueError" in ran.err and str(log) in ran.err and "Traceback" not in ran.err
    assert ran.err.count("\n") == 1
    assert "ValueError" in text and "test_running.py" in text
    assert "010-1234-5678" not in text + ran.err


def test_our_own_failure_is_logged_into_the_run(
    qc: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(pipeline, "check", raising(KeyError("k")))
    ran = qc("check", "x", "--out", tmp_path / "run")
    assert ran.code == 4
    assert (tmp_path / "run" / "qc.log").is_file()


def test_debug_shows_all(qc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "check", raising(ValueError("what happened")))
    ran = qc("check", "x", "--debug")
    assert ran.code == 4
    assert "Traceback" in ran.err and "what happened" in ran.err


def test_full_disk_is_said(qc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "check", raising(OSError(28, "No space left on device")))
    ran = qc("check", "x")
    assert (ran.code, ran.err) == (4, "qc: 디스크에 남은 공간이 없습니다. 공간을 비우고 다시 실행하십시오.\n")


def test_interrupt_says_how_to_go_on(qc: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(pipeline, "check", raising(KeyboardInterrupt()))
    ran = qc("check", "x", "--out", tmp_path / "run")
    assert ran.code == 130
    assert f"--out {tmp_path / 'run'}" in ran.err


def test_help_is_in_the_readers_language(qc: Command) -> None:
    korean, english = qc("check", "--help"), qc("check", "--help", "--lang", "en")
    assert korean.code == english.code == 0
    assert "사용법: qc check" in korean.out and "검수 계획 파일" in korean.out
    assert "Usage: qc check" in english.out and "plan file" in english.out
    assert "screen." not in korean.out + english.out


@pytest.mark.parametrize(
    "page",
    [
        "",
        "check",
        "show",
        "init",
        "demo",
        "checks",
        "checks list",
        "checks show",
        "schema",
        "schema check",
        "sql",
    ],
)
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_help_page_has_all_its_words(qc: Command, page: str, lang: str) -> None:
    ran = qc("--lang", lang, *page.split(), "--help")
    assert ran.code == 0
    assert "screen." not in ran.out and "--no-progress" in ran.out


def test_no_command_shows_help(qc: Command) -> None:
    ran = qc()
    assert ran.code == 2
    assert "qc demo" in ran.err


def test_version(qc: Command) -> None:
    ran = qc("--version")
    assert ran.code == 0
    assert ran.out.startswith("qc ")


def test_duckdb_hides_an_interrupt(qc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "check", raising(RuntimeError("Query interrupted")))
    assert qc("check", "x") == (130, "", "qc: 중단했습니다.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows says that such a path is not there")
@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("option", ["", "--out", "--since", "--schema", "--checks", "--plan"])
def test_a_name_that_no_system_takes(qc: Command, tmp_path: Path, option: str, lang: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    given = ["check", data, option, "x" * 300] if option else ["check", "x" * 300]
    ran = qc(*given, "--lang", lang)
    assert ran.code == 2, ran.err
    assert ran.err.count("\n") == 1 and "xxx" in ran.err


@pytest.mark.parametrize(
    ("arguments", "ko", "en"),
    [
        (["check", ""], "파일이나 폴더의 경로", "the path of a file or folder"),
        (["check", "a", "b c", "d"], "남는 인자가 있습니다: b c d.", "arguments too many: b c d."),
        (["checks"], "명령이 빠졌습니다.", "The command is missing."),
    ],
)
def test_usage_errors_are_told_in_one_language(qc: Command, arguments: list[str], ko: str, en: str) -> None:
    for lang, said in (("ko", ko), ("en", en)):
        ran = qc(*arguments, "--lang", lang)
        assert ran.code == 2
        assert said in ran.err and ran.err.count("\n") == 1
