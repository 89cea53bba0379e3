"""What reading one document gives: its value, and what was wrong with the way it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: How many keys of objects somebody who knows the document met in its value: each at most once, so never more
#: than there are.
KeysMet = Callable[[Any], int]


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of the document itself (error class FILE), before any schema is asked.

    ``keyword`` is one of

    * ``empty``: no bytes, or nothing but blanks;
    * ``encoding``: not UTF-8; ``found`` names the encoding that was read, ``detail`` is
      ``damaged`` (UTF-8 with broken bytes), ``mixed`` (some lines are CP949), ``declared`` (not the one that
      the document names) or ``unknown`` (no encoding fits);
    * ``nul``: zero bytes in a text;
    * ``bom``: a byte order mark before UTF-8 (RFC 8259 §8.1 forbids writing one);
    * ``syntax``: breaks the grammar; ``detail`` says how, see :data:`SYNTAX`;
    * ``nan``: ``NaN`` or ``Infinity``, which are no JSON numbers;
    * ``number-too-large``: a number in digits beyond what a double holds (``1e999``);
    * ``duplicate-key``: a key stands twice in one object; parsers keep only the last;
    * ``depth``: nested deeper than we read.

    Of tables (CSV, workbooks, lines of cells, tokens):

    * ``repeated-header``: the names of the columns once more, further down;
    * ``ragged-row``: a row with too few or too many cells;
    * ``empty-row``: a row of nothing but empty cells;
    * ``duplicate-column``, ``unnamed-column``: names of columns that stand twice (the last one is read), or
      are empty (the column is not read);
    * ``delimiter``: cells are not separated by the sign that was promised.

    Of XML and YAML:

    * ``entity``: defines or uses entities, which a safe reader does not follow;
    * ``alias-bomb``: repeats itself by references until no memory is left, or without end;
    * ``tag``: a value of a type that data files do not have (objects of a program).

    Of workbooks: ``encrypted``, ``not-a-workbook``, ``damaged``; ``error-value`` (``#N/A`` and the like),
    ``no-result`` (a formula whose result was not stored), ``merged-cells`` (all but the first are empty).
    ``too-big`` is no fault but a limit of ours: unpacked it would fill memory.

    ``pointer`` is the place (RFC 6901; empty for the whole document), ``line`` and ``col`` count from 1,
    ``col`` in characters; in a workbook they are row and column of the sheet. ``expected`` and ``found`` are
    JSON and never hold free text. ``times`` is how many places it stands for: this one, and further ones that
    are not told one by one.
    """

    keyword: str
    pointer: str = ""
    line: int | None = None
    col: int | None = None
    expected: str | None = None
    found: str | None = None
    detail: str | None = None
    times: int = 1


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
#: The same of other formats: JSON Lines, CSV, XML, YAML.
FURTHER_SYNTAX = (
    "not-lines",
    "unclosed-quote",
    "text-after-quote",
    "xml",
    "xml-end-of-data",
    "xml-mismatched-tag",
    "xml-unescaped",
    "xml-trailing-data",
    "xml-unbound-prefix",
    "yaml",
    "yaml-tab",
    "yaml-key",
    "yaml-merge",
    "yaml-control-character",
    "yaml-several-documents",
)


@dataclass(slots=True)
class Document:
    """A document as read. ``value`` has a meaning only if ``parsed``.

    ``lane`` names the parser that made the value: ``fast`` (orjson), or ``slow`` (the standard
    library's, which reads what orjson refuses); of other formats, ``slow`` where something was wrong.
    ``encoding`` is a Python codec name, or None when
    no encoding fits; :func:`qc.documents.text.text_of` turns the same bytes into the same text.
    """

    value: Any
    parsed: bool
    encoding: str | None
    lane: str
    problems: tuple[Problem, ...] = ()
