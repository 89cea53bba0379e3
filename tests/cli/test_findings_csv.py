from __future__ import annotations

import csv
from pathlib import Path

import pytest

from qc.errors import QcError
from qc.report.findings_csv import COLUMNS, cell, write_findings_csv
from qc.words import Language
from tests.cli import made


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(("lang", "head"), [("ko", "번호"), ("en", "No.")])
def test_has_mark_header_and_every_finding(tmp_path: Path, lang: Language, head: str) -> None:
    path = write_findings_csv(made.run(tmp_path), lang, {"file-validity": "파일 유효성"})
    table = rows(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert table[0][0] == head
    assert len(table) == 1 + len(made.findings())
    assert {len(row) for row in table} == {len(COLUMNS)}
    assert [row[0] for row in table[1:]] == [str(n) for n in range(1, len(table))]
    assert not list(tmp_path.glob("*.tmp"))


def test_rows_say_what_and_where(tmp_path: Path) -> None:
    table = rows(write_findings_csv(made.run(tmp_path), "ko"))
    last = dict(zip(COLUMNS, table[-1], strict=True))
    assert last["archive"].endswith("TL_실내.zip") and last["path"].startswith("거실/")
    assert (last["pointer"], last["line"], last["col"]) == ("/annotations/131/bbox", "154", "15")
    assert last["message"] == "도형이 이미지 경계를 143.0px 벗어났습니다 (이미지 1920×1080px)"
    assert (last["severity"], last["effect"], last["class"], last["waived"]) == ("오류", "측정", "의자", "예")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("\t=1", "\\x09=1"),
        ("a\r\n=1", "a\\x0d\\x0a=1"),
        ("a=1", "a=1"),
        ("사진-1.jpg", "사진-1.jpg"),
        (None, ""),
    ],
)
def test_no_cell_begins_a_formula(text: str | None, said: str) -> None:
    assert cell(text) == said


def test_names_that_are_formulas_stay_text(tmp_path: Path) -> None:
    found = [made.finding("files.unpaired-source", container_path="@a.zip", path="=cmd|' /C calc'!A0.jpg")]
    table = rows(write_findings_csv(made.run(tmp_path, rows=found), "ko"))
    assert not any(value.startswith(("=", "+", "-", "@")) for value in table[1])


def test_file_that_cannot_be_replaced_is_an_error_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.run(tmp_path)
    (tmp_path / "findings.csv").write_text("open in a spreadsheet", encoding="utf-8")

    def refuse(self: Path, target: object) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(QcError) as error:
        write_findings_csv(tmp_path, "ko")
    assert error.value.key == "screen.error.csv-unwritable"
    assert (tmp_path / "findings.csv").read_text(encoding="utf-8") == "open in a spreadsheet"
    assert not list(tmp_path.glob("*.tmp"))


def test_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    (made.run(tmp_path) / "findings.csv").mkdir()
    with pytest.raises(QcError) as error:
        write_findings_csv(tmp_path, "ko")
    assert error.value.key == "screen.error.csv-unwritable"


def test_an_older_file_is_replaced(tmp_path: Path) -> None:
    made.run(tmp_path)
    first = write_findings_csv(tmp_path, "ko").read_bytes()
    write_findings_csv(tmp_path, "en")
    assert write_findings_csv(tmp_path, "ko").read_bytes() == first
