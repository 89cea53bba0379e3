"""What reading one document gives: its value, and what was wrong with the way it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of the document itself (error class FILE), before any schema is asked.

    ``keyword`` is one of

    * ``empty``: no bytes, or nothing but blanks;
    * ``encoding``: not UTF-8; ``found`` names the encoding that was read, ``detail`` is
      ``damaged`` (UTF-8 with broken bytes) or ``unknown`` (no encoding fits);
    * ``bom``: a byte order mark before UTF-8 (RFC 8259 §8.1 forbids writing one);
    * ``syntax``: breaks the grammar; ``detail`` says how, see :data:`SYNTAX`;
    * ``nan``: ``NaN`` or ``Infinity``, which are no JSON numbers;
    * ``number-too-large``: a number in digits beyond what a double holds (``1e999``);
    * ``duplicate-key``: a key stands twice in one object; parsers keep only the last;
    * ``depth``: nested deeper than we read.

    ``pointer`` is the place (RFC 6901; empty for the whole document), ``line`` and ``col`` count
    from 1, ``col`` in characters. ``expected`` and ``found`` are JSON and never hold free text.
    """

    keyword: str
    pointer: str = ""
    line: int | None = None
    col: int | None = None
    expected: str | None = None
    found: str | None = None
    detail: str | None = None


#: How a text can break JSON's grammar: the ``detail`` of a ``syntax`` problem. The last two are
#: read all the same (the value is unambiguous); the others leave the document unparsed.
SYNTAX = (
    "end-of-data",
    "trailing-data",
    "trailing-comma",
    "missing-separator",
    "single-quote",
    "unquoted",
    "comment",
    "bad-escape",
    "unexpected",
    "control-character",
    "lone-surrogate",
)


@dataclass(slots=True)
class Document:
    """A document as read. ``value`` has a meaning only if ``parsed``.

    ``lane`` names the parser that made the value: ``fast`` (orjson) or ``slow`` (the standard
    library's, which reads what orjson refuses). ``encoding`` is a Python codec name, or None when
    no encoding fits; :func:`qc.documents.text.text_of` turns the same bytes into the same text.
    """

    value: Any
    parsed: bool
    encoding: str | None
    lane: str
    problems: tuple[Problem, ...] = ()
