from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli import made
from tests.cli.conftest import Command


def test_shows_the_screen_of_the_check_again_and_ends_with_0(qc: Command, stored: Path) -> None:
    ran = qc("show", stored)
    assert ran.code == 0
    assert "판정  ✗ 부적합" in ran.out and "먼저 고칠 것" in ran.out
    assert ran.err == ""


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        pytest.param(["--check", "shapes.outside-image"], 132, id="check by id"),
        pytest.param(["--check", "shapes"], 133, id="family"),
        pytest.param(["--check", "*.unpaired-*"], 2, id="glob"),
        pytest.param(["--check", "shape*.none"], 0, id="glob that matches nothing"),
        pytest.param(["--check", "schema", "--check", "files"], 6, id="either"),
        pytest.param(["--file", "주방/SN_0031"], 1, id="part of a path"),
        pytest.param(["--file", "Validation/**"], 2, id="glob over archives"),
        pytest.param(["--file", "SN_00[37]*.jpg"], 2, id="glob over names"),
        pytest.param(["--file", "VS_실내.zip › 주방/SN_0031.jpg"], 1, id="a place as it is printed"),
        pytest.param(["--class", "의자"], 66, id="class"),
        pytest.param(["--class", "의자", "--file", "SN_0001_"], 2, id="both"),
        pytest.param(["--class", "%"], 0, id="no SQL wildcards"),
        pytest.param(["--file", "'"], 0, id="quote"),
    ],
)
def test_conditions_choose_findings(qc: Command, stored: Path, conditions: list[str], count: int) -> None:
    ran = qc("show", stored, "--format", "json", *conditions)
    assert len(json.loads(ran.out)["findings"]) == count
    ran = qc("show", stored, *conditions, "--limit", "0")
    assert ran.out.count("  · ") == count
    assert (f"결함 {count}건" if count else "결함이 없습니다") in ran.out


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("shape", " (비슷한 이름: shapes)"),
        ("shapes.outside-imag", " (비슷한 이름: shapes.outside-image)"),
        ("zzz", ""),
    ],
)
def test_a_check_that_is_not_there_names_the_nearest(qc: Command, stored: Path, name: str, near: str) -> None:
    ran = qc("show", stored, "--check", name)
    assert (ran.code, ran.out) == (2, "")
    assert f"'{name}' 검사가 없습니다{near}." in ran.err


def test_a_long_list_is_cut_and_says_so(qc: Command, stored: Path) -> None:
    ran = qc("show", stored, "--check", "shapes", "--limit", "5")
    assert ran.out.count("  · ") == 5
    assert "그 밖에 128건" in ran.out


@pytest.mark.parametrize(("limit", "shown"), [(0, len(made.findings())), (7, 7)])
def test_a_limit_alone_lists_findings(qc: Command, stored: Path, limit: int, shown: int) -> None:
    ran = qc("show", stored, "--limit", limit)
    assert ran.code == 0
    assert ran.out.count("  · ") == shown
    assert f"결함 {len(made.findings())}건" in ran.out and "판정" not in ran.out
    assert ("그 밖에" in ran.out) == bool(limit)


def test_the_screen_names_the_command_that_lists_the_rest(qc: Command, stored: Path) -> None:
    assert f"그 밖에 127건: qc show {stored} --check shapes.outside-image" in qc("show", stored).out


def test_waived_findings_are_marked(qc: Command, stored: Path) -> None:
    ran = qc("show", stored, "--check", "shapes", "--limit", "0")
    assert ran.out.count("[예외]") == 2


def test_json_is_one_document_in_both_languages(qc: Command, stored: Path) -> None:
    document = json.loads(qc("show", stored, "--format", "json").out)
    assert document["verdict"]["result"] == "rejected"
    assert (
        len(document["findings"])
        == len(made.findings())
        == document["findings_total"] + document["waived_total"]
    )
    last = document["findings"][-1]
    assert last["class"] == "의자" and last["place"]["pointer"] == "/annotations/131/bbox"
    assert set(last["message"]) == {"ko", "en"} and "143.0px" in last["message"]["en"]
    titles = {check["check"]: check["title"] for check in document["checks"]}
    assert titles["documents.encoding"]["en"] == "Label file not in UTF-8"


def test_json_without_findings(qc: Command, tmp_path: Path) -> None:
    ran = qc("show", made.run(tmp_path / "run", rows=[]), "--format", "json")
    assert json.loads(ran.out)["findings"] == []


def test_csv_is_that_of_the_run(qc: Command, stored: Path) -> None:
    ran = qc("show", stored, "--format", "csv", "--check", "files")
    assert ran.out.startswith("\ufeff번호,")
    table = list(csv.DictReader(io.StringIO(ran.out.removeprefix("\ufeff"))))
    assert [row["품질지표"] for row in table] == ["파일 유효성"] * 2


def test_timings(qc: Command, stored: Path) -> None:
    ran = qc("show", stored, "--timings")
    assert "라벨 읽기" in ran.out and "3.250 s" in ran.out and "4.550 s" in ran.out
    assert ran.out.index("shapes.outside-image") < ran.out.index("documents.encoding")


@pytest.mark.parametrize("name", ["verdict.json", "outcomes.json", "checks.json"])
def test_a_damaged_run_is_one_line(qc: Command, tmp_path: Path, name: str) -> None:
    run = made.run(tmp_path / "run")
    (run / name).write_text("{", encoding="utf-8")
    ran = qc("show", run)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert str(run) in ran.err


@pytest.mark.parametrize("name", ["verdict.json", "findings.parquet"])
def test_an_unfinished_run_says_how_to_go_on(qc: Command, tmp_path: Path, name: str) -> None:
    run = made.run(tmp_path / "run")
    (run / name).unlink()
    ran = qc("show", run)
    assert ran.code == 2 and f"--out {run}" in ran.err
