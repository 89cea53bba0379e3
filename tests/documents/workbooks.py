"""Workbooks made part by part, so that any fault can be put into them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

#: Number formats: 1 a date, 2 a moment, 3 hours beyond a day.
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy-mm-dd hh:mm:ss"/><numFmt numFmtId="166" formatCode="[h]:mm:ss"/>'
    '</numFmts><cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/>'
    '<xf numFmtId="166"/></cellXfs></styleSheet>'
)


def text(value: str) -> str:
    """A cell of text, without its place."""
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def number(value: float, style: int = 0) -> str:
    """A cell of a number, without its place."""
    return f'<c s="{style}"><v>{value}</v></c>'


def placed(cell: str, place: str) -> str:
    """A cell at a place."""
    return cell.replace("<c", f'<c r="{place}"', 1)


def sheet(rows: Sequence[Sequence[str]], first: int = 1, left: int = 0, after: str = "") -> str:
    """A sheet of cells from a row and a column (from 0) on; an empty string is no cell."""
    made = "".join(
        f'<row r="{y}">'
        + "".join(placed(cell, f"{chr(65 + x)}{y}") for x, cell in enumerate(row, left) if cell)
        + "</row>"
        for y, row in enumerate(rows, first)
    )
    return sheet_of(made, after)


def sheet_of(rows: str, after: str = "") -> str:
    """A sheet of rows as they are written."""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'


def workbook(sheets: Mapping[str, str], parts: Mapping[str, bytes | str] | None = None) -> bytes:
    """A workbook of sheets by name, and of further parts or others in their place."""
    names = list(sheets)
    links = [
        f'<Relationship Id="r{n}" Type="{_LINKS}/worksheet" Target="worksheets/s{n}.xml"/>'
        for n in range(len(names))
    ]
    all_: dict[str, bytes | str] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" '
        f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{n + 1}" r:id="r{n}"/>' for n, name in enumerate(names)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(links)}'
        f'<Relationship Id="s" Type="{_LINKS}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="t" Type="{_LINKS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
        **{f"xl/worksheets/s{n}.xml": sheets[name] for n, name in enumerate(names)},
        **(parts or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in all_.items():
            archive.writestr(name, content)
    return out.getvalue()
