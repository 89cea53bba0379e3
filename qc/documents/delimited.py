"""CSV and its like (RFC 4180, and what spreadsheets and programs really write): a list of records."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from qc.documents.document import Document, Problem
from qc.documents.options import Options
from qc.documents.rows import Header, Problems
from qc.documents.text import decode_lines
from qc.documents.wanted import Places, by_member

#: Signs that separate cells, the likeliest first.
DELIMITERS = (",", "\t", ";", "|")
#: Delimiters as a message can show them.
_SHOWN = {"\t": "\\t"}
#: Characters, and rows of them, by which the delimiter is told.
_SNIFFED, _SNIFFED_ROWS = 1 << 16, 20
_BREAK = re.compile(r"\r\n|\r|\n")
#: A cell may hold as much as the document; the largest number that every platform takes.
csv.field_size_limit(2**31 - 1)


def read_csv(data: bytes, options: Options) -> Document:
    """Read one table. Never raises; what is wrong is in ``problems``, in order of place.

    The value is a list of objects, a text for each column; a cell that a row lacks is absent. Not records:
    blank lines, rows of empty cells, and the header when it comes again.
    """
    text, encoding, found = decode_lines(data)
    if text is None:
        return Document(None, False, None, "slow", found)
    if not text.strip():
        return Document(None, False, encoding, "slow", (*found, Problem("empty", line=1, col=1)))
    problems = Problems(found)
    delimiter = _delimiter(text, options, problems)
    records = []
    rows = _Rows(text, delimiter)
    header = _header(rows, options, problems)
    count, names, plain = header.count, header.names, not header.nameless
    for row in rows:
        if len(row) == count and plain and any(row) and row != names:
            records.append(dict(zip(names, row, strict=True)))
        elif row and header.odd(row, f"/{len(records)}", rows.first, problems):
            records.append(header.record(row))
    if rows.fault:
        problems.add("syntax", "", rows.fault_line, detail=rows.fault)
    told = problems.all()
    return Document(records, True, encoding, "slow" if told else "fast", told)


def settled(data: bytes, options: Options) -> Options:
    """Options for the further rows of a table that begins with ``data``: its delimiter is told."""
    text = decode_lines(data)[0] or ""
    return replace(options, delimiter=_delimiter(text, options, Problems()))


def locate_csv(data: bytes, pointers: Collection[str], options: Options) -> Places:
    """Line and column of the cells, or of the rows, at pointers; one that leads nowhere is left out."""
    text, _, _ = decode_lines(data)
    wanted, places = by_member(pointers)
    if text is None or not wanted:
        return places
    problems = Problems()
    delimiter = _delimiter(text, options, problems)
    rows = _Rows(text, delimiter, keep=True)
    header = _header(rows, options, problems)
    record = 0
    for row in rows:
        if not wanted:
            break
        if not row or not header.odd(row, "", 0, problems):
            continue
        for steps, pointer in wanted.pop(str(record), ()):
            column = header.column(steps[0]) if steps else 0
            if column is not None and column < len(row):
                before = _BREAK.split(rows.raw[: rows.offset(column)])
                places[pointer] = (rows.first + len(before) - 1, len(before[-1]) + 1)
        record += 1
    return places


def _delimiter(text: str, options: Options, problems: Problems) -> str:
    """The delimiter of a text: the promised one, unless the text is plainly divided by another."""
    sample = text[:_SNIFFED]
    if len(sample) < len(text):
        sample = sample[: sample.rfind("\n") + 1] or sample
    promised = options.delimiter
    if promised is not None and _divides(sample, promised)[1] > 1:
        return promised
    found = max(DELIMITERS, key=lambda sign: _divides(sample, sign))
    if promised is None or len(options.columns) == 1 or _divides(sample, found)[1] < 2:
        return promised or found
    problems.add("delimiter", "", 1, 1, _SHOWN.get(promised, promised), _SHOWN.get(found, found))
    return found


def _divides(sample: str, sign: str) -> tuple[float, int]:
    """How well a sign divides the first rows: the share of them that are as wide as the first, and its
    width."""
    rows = csv.reader(io.StringIO(sample, newline=""), delimiter=sign)
    widths = [len(row) for row, _ in zip((row for row in rows if row), range(_SNIFFED_ROWS), strict=False)]
    if not widths or widths[0] < 2:
        return 0.0, 1
    return widths.count(widths[0]) / len(widths), widths[0]


def _header(rows: _Rows, options: Options, problems: Problems) -> Header:
    """The names of the columns, from the first row that is not blank or from the options."""
    if not options.header:
        return Header(options.columns)
    header = Header(next((row for row in rows if row), []))
    header.problems(problems, rows.first)
    return header


class _Rows:
    """Rows of a text: first as the standard says, and if it breaks that, as well as can be.

    ``first`` is the line on which the last row starts, ``raw`` (if it is kept) its text. ``fault`` is
    ``unclosed-quote`` or ``text-after-quote``: where quotes are wrong, all that follows may be read wrong.
    """

    def __init__(self, text: str, delimiter: str, *, keep: bool = False) -> None:
        self.text, self.delimiter = text, delimiter
        self.fault: str | None = None
        self.fault_line = self.first = 1
        self._lines: list[str] | None = [] if keep else None
        self._ended = False
        self._rows = self._walk()

    def __iter__(self) -> Iterator[list[str]]:
        return self._rows

    @property
    def raw(self) -> str:
        """The text of the last row."""
        return "".join(self._lines or ())

    def offset(self, column: int) -> int:
        """Where in ``raw`` a cell starts."""
        sign = re.escape(self.delimiter)
        cell = re.compile(rf'(?:"(?:[^"]|"")*"?)?[^{sign}]*{sign}')
        at = 0
        for _ in range(column):
            match = cell.match(self.raw, at)
            at = match.end() if match else at
        return at

    def _walk(self) -> Iterator[list[str]]:
        done = 0
        try:
            for row in self._read(strict=True):
                yield row
                done += 1
        except csv.Error:
            self.fault_line = self.first
            # At the end of the text the reader still waited for a quote.
            self.fault = "unclosed-quote" if self._ended else "text-after-quote"
        if self.fault:
            for number, row in enumerate(self._read(strict=False)):
                if number >= done:
                    yield row

    def _read(self, *, strict: bool) -> Iterator[list[str]]:
        reader = csv.reader(self._source(), delimiter=self.delimiter, strict=strict)
        self.first = 1
        if self._lines is not None:
            self._lines.clear()
        for row in reader:
            yield row
            if self._lines is not None:
                self._lines.clear()
            self.first = reader.line_num + 1

    def _source(self) -> Iterator[str]:
        self._ended = False
        for line in io.StringIO(self.text, newline=""):
            if self._lines is not None:
                self._lines.append(line)
            yield line
        self._ended = True
