"""Workbooks (Office Open XML, ``.xlsx``) to ``{sheet name: records}``.

The cells are read by calamine, which is fast and trusts what it reads: one cell at the far end of a sheet
makes it reserve memory for all cells before. So a workbook is looked through first: what it unpacks to, how
far its sheets reach, what its parts promise.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as Tree

import python_calamine as calamine

from qc.documents.document import Document, Problem
from qc.documents.limits import LARGEST, MOST_MEMORY
from qc.documents.options import Options
from qc.documents.pointers import token
from qc.documents.rows import Header, Problems
from qc.documents.wanted import Places, by_member

#: Bytes that a cell of a sheet's rectangle takes while it is read, filled or not (measured: 32, and 60 in
#: Python).
_CELL = 120
#: Parts that a workbook has at most.
_PARTS = 10_000
#: Last column and row of a sheet (ECMA-376 part 1, 18.3.1.4, as Excel has it: XFD1048576).
_LAST_COLUMN, _LAST_ROW = 16_384, 1_048_576

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_WORKBOOK, _LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
#: Parts of other kinds of workbooks, which are not read.
_OTHER = ("xl/workbook.bin", "content.xml")
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]*)([0-9]*)""")
_ROW, _CELL_TAG = re.compile(rb"<(?:\w+:)?row[\s/>]"), re.compile(rb"<(?:\w+:)?c[\s/>]")
#: For so many texts calamine reserves memory.
_COUNTED = re.compile(rb"""\buniqueCount\s*=\s*["']\s*([0-9]+)""")
_ERROR = re.compile(rb"""<(?:\w+:)?c\b([^>]*\bt=["']e["'][^>]*)>""")
_NO_RESULT = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_OF_TEXT = re.compile(rb"""\bt=["']str["']""")
#: Bytes of a sheet that are looked through at once.
_PIECE = 1 << 22


def read_xlsx(data: bytes, options: Options) -> Document:  # noqa: ARG001 - of the form of a reader
    """Read one workbook. Never raises for what it holds; what is wrong is in ``problems``.

    The value is an object with a list of records for each sheet of cells, hidden ones too, by its name
    exactly. The first row that is not empty names the columns; empty cells are null, whole numbers integers,
    dates and times texts of ISO 8601; of a formula the value that was stored with it; empty rows are no
    records. Not parsed: what is encrypted, no workbook or damaged (``encrypted``, ``not-a-workbook``,
    ``damaged``); ``too-big`` is a limit of ours.
    """
    problems = Problems()
    try:
        parts = _parts(data)
        for name, content in _sheets(parts, data):
            _odd_cells(content, name, problems)
        value: dict[str, Any] = {}
        for sheet in _cells(data):
            value[sheet.name] = [record for _, _, record in _records(sheet, problems)]
    except _Refused as refused:
        return Document(None, False, None, "slow", (Problem(refused.keyword),))
    told = problems.all()
    return Document(value, True, None, "slow" if told else "fast", told)


def locate_xlsx(
    data: bytes,
    pointers: Collection[str],
    options: Options,  # noqa: ARG001 - of the form of a locator
) -> Places:
    """Row and column of the cells, or of the rows, at pointers (from 1); one that leads nowhere is left
    out."""
    sheets, places = by_member(pointers)
    try:
        _parts(data)
        for sheet in _cells(data):
            wanted: dict[str, list[tuple[str | None, str]]] = {}
            for steps, pointer in sheets.pop(sheet.name, ()):
                record, name, *_ = [*steps, None, None]
                wanted.setdefault(record or "", []).append((name, pointer))
            places.update((pointer, (1, 1)) for _, pointer in wanted.pop("", ()))
            left = (sheet.start or (0, 0))[1] + 1
            for number, (row, header, _) in enumerate(_records(sheet, Problems()) if wanted else ()):
                for name, pointer in wanted.pop(str(number), ()):
                    column = 0 if name is None else header.column(name)
                    if column is not None:
                        places[pointer] = (row, left + column)
    except _Refused:
        pass
    return places


class _Refused(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


# --- looking through --------------------------------------------------------------------------------


def _parts(data: bytes) -> list[zipfile.ZipInfo]:
    """The parts of a workbook whose sizes are as they say, and not too large altogether."""
    if data.startswith(_COMPOUND):
        raise _Refused("encrypted" if _ENCRYPTED in data else "not-a-workbook")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        raise _Refused("damaged" if data.startswith(b"PK\x03\x04") else "not-a-workbook") from None
    names = {part.filename for part in parts}
    if _WORKBOOK not in names or not names.isdisjoint(_OTHER):
        raise _Refused("not-a-workbook")
    if any(part.flag_bits & 1 for part in parts):
        raise _Refused("encrypted")
    if len(parts) > _PARTS or sum(part.file_size for part in parts) > LARGEST:
        raise _Refused("too-big")
    cells = 0
    for part in parts:
        content = _content(part, data)
        if max(map(int, _COUNTED.findall(content)), default=0) > len(content):
            raise _Refused("damaged")  # counts more than there can be
        if b"sheetData" in content:
            cells += _rectangle(content)
    if cells * _CELL > MOST_MEMORY:
        raise _Refused("too-big")
    return parts


def _content(part: zipfile.ZipInfo, data: bytes) -> bytes:
    """The bytes of a part: as many as it says, and not one more."""
    start = part.header_offset + 30
    head = data[part.header_offset : start]
    if len(head) < 30:
        raise _Refused("damaged")
    start += int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    packed = data[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        content, ended = packed, True
    elif part.compress_type == zipfile.ZIP_DEFLATED:
        inflater = zlib.decompressobj(-15)
        try:
            content = inflater.decompress(packed, part.file_size + 1)
        except zlib.error:
            raise _Refused("damaged") from None
        ended = inflater.eof
    else:
        raise _Refused("not-a-workbook")  # ECMA-376 part 2, B.4: no other method
    if not ended or len(content) != part.file_size or zlib.crc32(content) != part.CRC:
        raise _Refused("damaged")
    return content


def _rectangle(sheet: bytes) -> int:
    """Cells of the rectangle that a sheet reaches over, at most."""
    last_row = last_column = places = 0
    columns: set[bytes] = set()
    for start in range(0, len(sheet), _PIECE):
        # Pieces overlap by more than the longest place; one that is seen twice does no harm.
        found = _PLACE.findall(sheet, start, start + _PIECE + 64)
        places += len(found)
        columns.update(column for column, _ in found)
        numbers = {row for _, row in found if row}
        if any(len(row) > 7 for row in numbers) or any(len(column) > 3 for column in columns):
            raise _Refused("damaged")
        last_row = max([last_row, *map(int, numbers)])
    last_column = max((_number(column) for column in columns), default=0)
    rows, cells = len(_ROW.findall(sheet)), len(_CELL_TAG.findall(sheet))
    if places < rows + cells:  # without places they follow one another
        last_row += rows
        last_column += max(len(_CELL_TAG.findall(row)) for row in _ROW.split(sheet))
    if last_row > _LAST_ROW or last_column > _LAST_COLUMN:
        raise _Refused("damaged")
    return last_row * last_column


def _number(column: bytes) -> int:
    """Number of a column: A is 1."""
    number = 0
    for letter in column.upper():
        number = number * 26 + letter - 64
    return number


def _sheets(parts: Sequence[zipfile.ZipInfo], data: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and XML of each sheet, as far as the workbook says where it is."""
    by_name = {part.filename: part for part in parts}
    try:
        roots = [Tree.fromstring(_small(by_name, name, data)) for name in (_LINKS, _WORKBOOK)]
    except (Tree.ParseError, KeyError):
        return
    targets = {link.get("Id"): link.get("Target", "") for link in roots[0]}
    for element in roots[1].iter():
        if element.tag.endswith("}sheet"):
            link = next((value for key, value in element.items() if key.endswith("}id")), None)
            target = targets.get(link, "")
            part = by_name.get(target.removeprefix("/") if target.startswith("/") else f"xl/{target}")
            if part is not None:
                yield element.get("name", ""), _content(part, data)


def _small(parts: dict[str, zipfile.ZipInfo], name: str, data: bytes) -> bytes:
    content = _content(parts[name], data)
    if b"<!DOCTYPE" in content:
        raise _Refused("damaged")
    return content


def _odd_cells(sheet: bytes, name: str, problems: Problems) -> None:
    """Cells with an error for a value, formulas without one, and merged cells."""
    pointer = f"/{token(name)}"
    for match in _ERROR.finditer(sheet):
        problems.add("error-value", pointer, *_at(match[1]))
    for match in _NO_RESULT.finditer(sheet):
        if not _OF_TEXT.search(match[1]):
            problems.add("no-result", pointer, *_at(match[1]))


def _at(attributes: bytes) -> tuple[int | None, int | None]:
    """Row and column of a cell, from its attributes."""
    match = _PLACE.search(attributes)
    return (int(match[2]), _number(match[1])) if match and match[1] and match[2] else (None, None)


# --- cells ------------------------------------------------------------------------------------------


def _cells(data: bytes) -> Iterator[calamine.CalamineSheet]:
    """The sheets that hold cells."""
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            for about in workbook.sheets_metadata:
                if about.typ == calamine.SheetTypeEnum.WorkSheet:
                    yield workbook.get_sheet_by_name(about.name)
    except calamine.CalamineError:
        raise _Refused("damaged") from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of the Rust library: it is no Exception
            raise _Refused("damaged") from None
        raise


def _records(
    sheet: calamine.CalamineSheet, problems: Problems
) -> Iterator[tuple[int, Header, dict[str, Any]]]:
    """The number of each row that is a record, the header, and the record."""
    pointer = f"/{token(sheet.name)}"
    first = (sheet.start or (0, 0))[0] + 1
    for top, left, *_ in _merged(sheet):
        problems.add("merged-cells", pointer, top + 1, left + 1)
    header: Header | None = None
    records = 0
    for number, cells in enumerate(sheet.to_python(skip_empty_area=True), first):
        row = list(map(_value, cells))
        if header is None:
            if any(cell is not None for cell in row):
                header = Header(["" if cell is None else str(cell) for cell in row])
                header.problems(problems, number)
        elif header.odd(row, f"{pointer}/{records}", number, problems):
            yield number, header, header.record(row)
            records += 1


def _merged(sheet: calamine.CalamineSheet) -> list[tuple[int, int, int, int]]:
    return [(*first, *last) for first, last in sheet.merged_cell_ranges or ()]


def _value(cell: Any) -> Any:
    """A cell as JSON has it."""
    match cell:
        case "":
            return None
        case float() if cell.is_integer() and abs(cell) < 2**53:
            return int(cell)  # a workbook knows no integers
        case dt.timedelta():
            minutes, seconds = divmod(round(cell.total_seconds()), 60)
            return f"PT{minutes // 60}H{minutes % 60}M{seconds}S"
        case dt.date() | dt.time():  # a moment is a date, too
            return cell.isoformat()
    return cell
