"""Rows of cells to records: what tables of every kind have in common."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qc.documents.document import Problem

#: Places of one kind of problem that are told one by one; the last of them stands for all further ones.
PLACES = 5


class Problems:
    """Collects problems of which there may be as many as there are rows: :data:`PLACES` of each kind are
    kept, and the last one of a kind stands for the rest (``times``)."""

    def __init__(self, problems: Sequence[Problem] = ()) -> None:
        self._kept: list[Problem] = []
        self._counts: Counter[tuple[str, str | None]] = Counter()
        self._places: Counter[tuple[str, str | None]] = Counter()
        self._last: dict[tuple[str, str | None], int] = {}
        for problem in problems:
            self.take(problem)

    def add(
        self,
        keyword: str,
        pointer: str = "",
        line: int | None = None,
        col: int | None = None,
        expected: Any = None,
        found: Any = None,
        detail: str | None = None,
    ) -> None:
        """One more problem; ``expected`` and ``found`` are values of JSON."""
        limit, shape = (None if value is None else json.dumps(value) for value in (expected, found))
        self.take(Problem(keyword, pointer, line, col, limit, shape, detail))

    def take(self, problem: Problem) -> None:
        """One more problem, or as many as it stands for."""
        kind = (problem.keyword, problem.detail)
        self._counts[kind] += problem.times
        if self._places[kind] < PLACES:
            self._places[kind] += 1
            self._last[kind] = len(self._kept)
            self._kept.append(replace(problem, times=1) if problem.times > 1 else problem)

    def all(self) -> tuple[Problem, ...]:
        """What was found, in order of place."""
        kept = self._kept.copy()
        for kind, at in self._last.items():
            if more := self._counts[kind] - self._places[kind]:
                kept[at] = replace(kept[at], times=1 + more)
        return tuple(sorted(kept, key=lambda p: (p.line or 0, p.col or 0, p.keyword, p.pointer)))


class Header:
    """Names of the columns of a table, in order; a column without a name has ``""``."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.count = len(self.names)
        self.nameless = "" in self.names

    def problems(self, problems: Problems, line: int | None = None) -> None:
        """What is wrong with the names themselves."""
        counts = Counter(self.names)
        if nameless := counts.pop("", 0):
            problems.add("unnamed-column", "", line, self.names.index("") + 1, found={"count": nameless})
        for name, times in counts.items():
            if times > 1:
                col = (self.column(name) or 0) + 1
                problems.add("duplicate-column", "", line, col, 1, {"times": times}, name)

    def column(self, name: str) -> int | None:
        """The number of the column that is read for a name; None if there is none."""
        return len(self.names) - 1 - self.names[::-1].index(name) if name in self.names else None

    def record(self, row: Sequence[Any]) -> dict[str, Any]:
        """A row as a record: of columns of one name the last counts; cells without a name are left out."""
        made = dict(zip(self.names, row, strict=False))
        if self.nameless:
            made.pop("", None)
        return made

    def odd(self, row: Sequence[Any], pointer: str, line: int, problems: Problems) -> bool:
        """Tell what is wrong with a row, if anything; whether it is a record all the same."""
        if not any(cell not in ("", None) for cell in row):
            problems.add("empty-row", "", line)
            return False
        if len(row) == self.count and all(map(_is_name, row, self.names)):
            problems.add("repeated-header", "", line)
            return False
        if len(row) != self.count:
            problems.add("ragged-row", pointer, line, None, self.count, {"cells": len(row)})
        return True


def _is_name(cell: Any, name: str) -> bool:
    """Whether a cell, of any type, is what a header made this name of."""
    return cell == name or (cell is None and not name) or str(cell) == name
