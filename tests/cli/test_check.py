from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qc import pipeline
from qc.report.preview import CheckOptions, Listener
from tests.cli import made
from tests.cli.conftest import Command


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[CheckOptions]:
    """Replaces the pipeline by one that writes a finished run at once; what it was asked."""
    seen: list[CheckOptions] = []

    def check(options: CheckOptions, listener: Listener) -> Any:
        seen.append(options)
        result = options.schema or "rejected"
        path = tmp_path / "run"
        listener.phase("list")
        listener.preview(made.preview(run=path))
        listener.phase("labels")
        listener.total(599, 5_000_000)
        listener.advance(599, 5_000_000)
        listener.note("verdict.note.waived", waived=2)
        made.run(path, result=replace(made.verdict(), result=result))  # type: ignore[arg-type]
        return SimpleNamespace(path=path)

    monkeypatch.setattr(pipeline, "check", check)
    return seen


@pytest.mark.parametrize(
    ("result", "code", "word"),
    [("accepted", 0, "적합"), ("rejected", 1, "부적합"), ("inconclusive", 3, "판정 보류")],
)
def test_exit_code_tells_the_verdict(
    qc: Command, asked: list[CheckOptions], result: str, code: int, word: str
) -> None:
    ran = qc("check", "data", "--schema", result)
    assert ran.code == code
    assert f" {word}\n" in ran.out


def test_screen_goes_from_what_is_seen_to_where_the_rest_is(qc: Command, asked: list[CheckOptions]) -> None:
    ran = qc("check", "data")
    places = [
        ran.out.index(text)
        for text in (
            *("028.저조도_환경_데이터", "폴더 구조", "598쌍", "판정  ✗ 부적합", "품질지표"),
            *("먼저 고칠 것", "검사하지 못한 항목", "findings.csv", "다시 보기"),
        )
    ]
    assert places == sorted(places)
    assert "라벨 읽기  599개" in ran.err and "라벨 읽기  599개" not in ran.out


def test_paths_and_commands_to_be_copied_are_whole(
    qc: Command, asked: list[CheckOptions], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = qc("check", "data").out.splitlines()
    run = tmp_path / "run"
    assert any(line.startswith(f"  전체 목록  {run}/findings.csv  ") for line in lines)
    assert f"  다시 보기  qc show {run}" in lines


def test_quiet_is_one_line(qc: Command, asked: list[CheckOptions]) -> None:
    ran = qc("check", "data", "--quiet")
    assert ran.out.count("\n") == 1 and ran.out.startswith("부적합")
    assert ran.err == ""


def test_no_progress_keeps_notes(qc: Command, asked: list[CheckOptions]) -> None:
    ran = qc("check", "data", "--no-progress")
    assert "라벨 읽기" not in ran.err
    assert "예외로 인정되어" in ran.err


def test_options_reach_the_pipeline(qc: Command, asked: list[CheckOptions]) -> None:
    line = (
        "check data --plan p.toml --layout flat --jobs 3 --out r --since earlier --media none --digest full "
        "--select shapes,files.* --select items --ignore shapes.duplicate --checks mine --lang en"
    )
    qc(*line.split())
    assert asked == [
        CheckOptions(
            path=Path("data"),
            plan=Path("p.toml"),
            layout="flat",
            jobs=3,
            out=Path("r"),
            since=Path("earlier"),
            media="none",
            digest="full",
            select=("shapes", "files.*", "items"),
            ignore=("shapes.duplicate",),
            checks_dir=Path("mine"),
            lang="en",
        )
    ]


def test_lines_in_a_pipe_keep_places_whole(qc: Command, asked: list[CheckOptions]) -> None:
    ran = qc("check", "data")
    place = "TL_실내.zip › 거실/SN_0000_2022-11-04_야간_실내_LED_스탠드.json › /annotations/0/bbox"
    assert any(place in line for line in ran.out.splitlines())
    assert "\x1b" not in ran.out + ran.err
