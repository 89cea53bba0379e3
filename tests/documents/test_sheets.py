"""Workbooks: what is read of them, and that none can fill the memory or end the process."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.documents import sheets
from qc.documents.options import Options
from qc.documents.sheets import locate_xlsx, read_xlsx
from tests.documents.workbooks import number, placed, sheet, sheet_of, text, workbook

XLSX = Options(kind="xlsx")


def brief(data: bytes) -> tuple[Any, list[tuple[Any, ...]]]:
    document = read_xlsx(data, XLSX)
    assert document.parsed == (document.value is not None)
    return document.value, [(p.keyword, p.pointer, p.line, p.col) for p in document.problems]


def test_cells_have_types_and_sheets_their_names() -> None:
    rows = [
        [text("번호"), text("이름 "), text("날짜"), text("시각"), text("길이"), text("예")],
        [
            number(1),
            text("가 "),
            number(45293, 1),
            number(45293.5, 2),
            number(1.25, 3),
            '<c t="b"><v>1</v></c>',
        ],
        [number(2.5), "", "", "", "", '<c t="b"><v>0</v></c>'],
    ]
    value, problems = brief(workbook({" 시트 1 ": sheet(rows), "빈": sheet([]), "b": sheet([[number(1)]])}))
    first = {
        "번호": 1,
        "이름 ": "가 ",
        "날짜": "2024-01-02",
        "시각": "2024-01-02T12:00:00",
        "길이": "PT30H0M0S",
        "예": True,
    }
    second = {"번호": 2.5, "이름 ": None, "날짜": None, "시각": None, "길이": None, "예": False}
    # Order of keys and kinds of numbers, too: 1 is no 1.0, and True no 1.
    assert json.dumps(value) == json.dumps({" 시트 1 ": [first, second], "빈": [], "b": []})
    assert problems == []


def test_a_table_that_does_not_begin_in_the_corner_is_found_and_so_are_its_cells() -> None:
    rows = [[text("a"), text("b/c")], [number(1), text("x")], ["", ""], [number(2), ""]]
    data = workbook({"s": sheet(rows, first=4, left=2)})
    assert brief(data) == ({"s": [{"a": 1, "b/c": "x"}, {"a": 2, "b/c": None}]}, [("empty-row", "", 6, None)])
    wanted = ["", "/s", "/s/0", "/s/1/a", "/s/1/b~1c", "/s/2", "/t", "/s/0/z"]
    assert locate_xlsx(data, wanted, XLSX) == {
        "": (1, 1), "/s": (1, 1), "/s/0": (5, 3), "/s/1/a": (7, 3), "/s/1/b~1c": (7, 4),
    }  # fmt: skip


def test_what_makes_a_table_faulty_is_told_with_its_place() -> None:
    rows = [
        [text("a"), text("a"), "", text("d")],
        [number(1), '<c t="e"><v>#N/A</v></c>', "", "<c><f>A2+1</f></c>"],
        [text("a"), text("a"), "", text("d")],
        [number(1), '<c t="str"><f>A2</f><v></v></c>', "", "<c><f>A2+1</f><v>2</v></c>"],
    ]
    value, problems = brief(
        workbook({"s": sheet(rows, after='<mergeCells count="1"><mergeCell ref="B4:C5"/></mergeCells>')})
    )
    assert value == {"s": [{"a": None, "d": None}, {"a": None, "d": 2}]}
    assert problems == [
        ("duplicate-column", "", 1, 2),
        ("unnamed-column", "", 1, 3),
        ("error-value", "/s", 2, 2),
        ("no-result", "/s", 2, 4),
        ("repeated-header", "", 3, None),
        ("merged-cells", "/s", 4, 2),
    ]


COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
GOOD = workbook({"s": sheet([[text("a")], [number(1)]])})
ONE = sheet_of('<row r="1"><c r="A1"><v>1</v></c></row>')


def of(rows: str) -> bytes:
    return workbook({"s": sheet_of(rows)})


def understated(data: bytes, part: bytes) -> bytes:
    """The same archive, but a part of it says that it is one byte when unpacked."""
    at = data.rindex(part)  # the name in the directory; the size stands 22 bytes before it
    return data[: at - 22] + (1).to_bytes(4, "little") + data[at - 18 :]


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not-a-workbook"),
    "no archive": (b"a,b\n1,2", "not-a-workbook"),
    "an old workbook": (COMPOUND, "not-a-workbook"),
    "with a password": (COMPOUND + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
    "an archive of something else": (b"PK\x05\x06" + b"\0" * 18, "not-a-workbook"),
    "cut short": (GOOD[:-40], "damaged"),
    "cut at the start": (GOOD[100:], "damaged"),
    "an open document": (workbook({"s": ONE}, {"content.xml": "<a/>"}), "not-a-workbook"),
    "broken XML": (of('<row r="1"><c r="A1"><v>1</v>'), "damaged"),
    "a text that is not there": (of('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'), "damaged"),
    "cells at the ends of the world": (
        of('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "too-big",
    ),
    "a cell beyond the last column": (of('<row r="1"><c r="XFE1"><v>1</v></c></row>'), "damaged"),
    "a column of nine letters": (of('<row r="1"><c r="AAAAAAAAA1"><v>1</v></c></row>'), "damaged"),
    "a row number of nine digits": (of('<row r="999999999"><c r="A999999999"><v>1</v></c></row>'), "damaged"),
    "many cells without a place": (
        of("<row>" + "<c/>" * 16_000 + "</row>" + "<row/>" * 100_000 + "<row><c><v>1</v></c></row>"),
        "too-big",
    ),
    "more texts promised than there can be": (
        workbook(
            {"s": ONE}, {"xl/sharedStrings.xml": '<sst uniqueCount="4000000000"><si><t>a</t></si></sst>'}
        ),
        "damaged",
    ),
    "a part larger than it says": (understated(GOOD, b"xl/worksheets/s0.xml"), "damaged"),
    "entities": (
        workbook({"s": ONE}, {"xl/workbook.xml": '<!DOCTYPE a [<!ENTITY x "y">]><workbook/>'}),
        "damaged",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_told(case: tuple[bytes, str]) -> None:
    data, keyword = case
    assert brief(data) == (None, [(keyword, "", None, None)])
    assert locate_xlsx(data, ["/s/0"], XLSX) == {}


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "LARGEST", 1 << 20)
    data = workbook({"s": ONE}, {"xl/media/a.xml": b" " * (1 << 21)})
    assert len(data) < 1 << 14
    assert brief(data) == (None, [("too-big", "", None, None)])


def test_texts_that_stand_once_may_be_used_often() -> None:
    """The number of uses may exceed the bytes of the part by far: it is no promise of texts."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    shared = f'<sst xmlns="{main}" count="9000000" uniqueCount="1"><si><t>가</t></si></sst>'
    cells = "".join(placed('<c t="s"><v>0</v></c>', f"A{n}") for n in range(1, 4))
    value, problems = brief(
        workbook({"s": sheet_of(f'<row r="1">{cells}</row>')}, {"xl/sharedStrings.xml": shared})
    )
    assert value == {"s": []}  # the header again and again
    assert [keyword for keyword, *_ in problems] == ["repeated-header"] * 2


@given(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 3))
def test_nothing_raises_whatever_is_broken(where: float, put: bytes, cut: int) -> None:
    at = int(where * len(GOOD))
    document = read_xlsx(GOOD[:at] + put + GOOD[at + cut :], XLSX)
    assert document.parsed or document.problems


@given(st.floats(0, 1), st.binary(max_size=6), st.integers(0, 6))
def test_nothing_raises_whatever_a_sheet_says(where: float, put: bytes, cut: int) -> None:
    content = sheet([[text("a"), text("b")], [number(1), text("x")]]).encode()
    at = int(where * len(content))
    broken = content[:at] + put + content[at + cut :]
    document = read_xlsx(workbook({"s": ONE}, {"xl/worksheets/s0.xml": broken}), XLSX)
    assert document.parsed or document.problems


def test_a_workbook_is_an_archive_that_the_tests_make_well() -> None:
    with zipfile.ZipFile(BytesIO(GOOD)) as archive:
        assert archive.testzip() is None
    assert brief(GOOD) == ({"s": [{"a": 1}]}, [])
