"""``findings.csv``: every finding as a row that people sort and filter in a spreadsheet.

UTF-8 with byte order mark, because Excel takes a file without one for the system's code page. No cell can
begin a formula: file names come from outside, and a spreadsheet would run them.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from qc.errors import QcError
from qc.report import catalogue, findings
from qc.report.messages import message
from qc.words import Words, shown

if TYPE_CHECKING:
    from qc.report.catalogue import KeptCheck
    from qc.report.findings import Finding, Wanted
    from qc.words import Language

FILE = "findings.csv"
#: Columns; ``screen.csv.NAME`` is the header.
COLUMNS = (
    "number", "severity", "effect", "certainty", "check", "title", "message", "archive", "path", "item",
    "pointer", "line", "col", "class", "group", "indicator", "fix", "waived", "fingerprint",
)  # fmt: skip

#: What spreadsheets take for the beginning of a formula, full-width forms among them.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def write_findings_csv(run: Path, lang: Language, indicators: dict[str, str] | None = None) -> Path:
    """Writes ``findings.csv`` into the run, in place of an older one; memory does not grow with the findings.

    ``indicators`` names the indicators (``id -> name``). Raises ``QcError("screen.error.csv-unwritable")``
    if the file cannot be written or replaced: Windows refuses while a spreadsheet has it open.
    """
    path = run / FILE
    temporary = run / f"{FILE}.{os.getpid()}.tmp"
    try:
        with temporary.open("w", encoding="utf-8-sig", newline="") as file:
            write_rows(file, findings.stream(run), catalogue.read(run), Words(lang), indicators)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if not isinstance(error, PermissionError | IsADirectoryError | FileExistsError | NotADirectoryError):
            raise
        raise QcError("screen.error.csv-unwritable", path=path) from error
    return path


def write_csv(
    run: Path, file: IO[str], words: Words, wanted: Wanted | None, indicators: dict[str, str] | None = None
) -> None:
    """The same table for chosen findings, to an open text file; the mark is written too."""
    file.write("\ufeff")
    write_rows(file, findings.stream(run, wanted), catalogue.read(run), words, indicators)


def write_rows(
    file: IO[str],
    found: Iterable[Finding],
    checks: dict[str, KeptCheck],
    words: Words,
    indicators: dict[str, str] | None = None,
) -> None:
    """Header and rows; lines end in CR LF, as RFC 4180 has it."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(words.text(f"screen.csv.{name}") for name in COLUMNS)
    writer.writerows(_rows(found, checks, words, indicators or {}))


def _rows(
    found: Iterable[Finding], checks: dict[str, KeptCheck], words: Words, indicators: dict[str, str]
) -> Iterator[list[str | int]]:
    said = {
        f"{kind}.{value}": words.text(f"screen.{kind}.{value}")
        for kind, values in (
            ("severity", ("error", "warning", "info")),
            ("effect", ("gate", "measure", "note")),
            ("certainty", ("certain", "suspect")),
        )
        for value in values
    }
    yes = words.text("screen.csv.yes")

    @cache
    def spoken(id_: str) -> tuple[KeptCheck, str, str]:
        check = checks.get(id_) or catalogue.KeptCheck(id_)
        return check, cell(check.called(words)), cell(words.choice(check.fix))

    for number, finding in enumerate(found, 1):
        check, title, fix = spoken(finding.check)
        place = finding.place
        yield [
            number,
            said.get(f"severity.{finding.severity}", finding.severity),
            said.get(f"effect.{finding.effect}", finding.effect),
            said.get(f"certainty.{finding.certainty}", finding.certainty),
            finding.check,
            title,
            cell(message(finding, check, words)),
            cell(place.container),
            cell(place.path),
            cell(finding.item),
            cell(place.pointer),
            place.line if place.line is not None else "",
            place.col if place.col is not None else "",
            cell(finding.class_),
            cell(finding.group),
            cell(indicators.get(finding.indicator, finding.indicator)),
            fix,
            yes if finding.waived else "",
            cell(finding.fingerprint),
        ]


@lru_cache(maxsize=4096)  # archives, paths, classes and many messages come again and again
def cell(text: str | None) -> str:
    """``text`` as a cell that stays text: control signs escaped, an apostrophe before a formula's sign."""
    if not text:
        return ""
    safe = shown(text)
    return f"'{safe}" if safe.lstrip().startswith(_FORMULA) else safe
