"""A large document as facts: its shell first, then its long lists, a part at a time.

What comes out is what the document would give if it were read whole, in any order of rows. Only which of an
item's annotations meet, if they were read in several parts, is left to be told after linking
(``items_in_parts``).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from qc.documents.document import Problem
from qc.documents.pointers import pointer, replaced
from qc.documents.rows import Problems
from qc.documents.streaming import IN_STRINGS, Large, Piece, Where
from qc.facts import tables
from qc.facts.collecting import Collected, Rows
from qc.facts.producers import Parts, joined
from qc.facts.within import Within
from qc.schemas.errors import SchemaError, holds, member_errors, shell_errors
from qc.schemas.forms import Found
from qc.schemas.paths import Faults, count_any
from qc.schemas.sites import RowSite
from qc.schemas.splitting import List

#: Bytes of a document whose rows are made into tables together, and rows, about.
PART, ROWS = 8 << 20, 100_000

#: Spellings of keys that are counted in one document: of more, the keys are data.
_MOST_FORMS = 10_000

Place = tuple[int | None, int | None]


class _FileProblems:
    """FILE problems of a document that is read in pieces, as those of the whole."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self._kept = Problems()
        self._in_strings: dict[str, Problem] = {}
        for problem in problems:
            self.take(problem)

    def take(self, problem: Problem) -> None:
        """One more; those inside strings are told once, with their number."""
        detail = problem.detail or ""
        if detail not in IN_STRINGS:
            self._kept.take(problem)
        elif detail not in self._in_strings:
            self._in_strings[detail] = problem
        else:
            both = (self._in_strings[detail], problem)
            count = sum(json.loads(one.found or "{}").get("count", 0) for one in both)
            first = min(both, key=lambda one: (one.line or 0, one.col or 0))
            self._in_strings[detail] = replace(first, found=json.dumps({"count": count}))

    def all(self) -> tuple[Problem, ...]:
        """What was found, in order of place."""
        for problem in self._in_strings.values():
            self._kept.take(problem)
        self._in_strings.clear()
        return self._kept.all()


def problems_of(large: Large, alive: Callable[[int], None]) -> tuple[tuple[Problem, ...], bool]:
    """FILE problems of a document without a schema, and whether the fast parser refused any of it."""
    found, slow, done = _FileProblems(large.problems), large.slow, 0
    for where in large.counts:
        for piece in large.pieces(where, None):
            slow |= piece.slow
            done += piece.size
            alive(done)
            for problem in piece.problems:
                found.take(problem)
    return found.all(), slow


class LargeDocument:
    """Takes the rows out of one document; what is known of it as a whole is complete after :meth:`parts`.

    ``valid`` is None if the document is nested too deep to tell. ``lines`` are places of the errors in
    ``faults``, ``records`` rows of items.
    """

    def __init__(self, large: Large, collected: Collected, file: int, stem: str, kept: int) -> None:
        self.large, self.collected = large, collected
        self.file, self.stems = file, {file: stem}
        self.valid: bool | None = True
        self.slow = large.slow
        self.records = 0
        self.faults = Faults(collected.schema.tree, collected.index, kept)
        self.lines: dict[str, Place] = {}
        self._problems = _FileProblems(large.problems)
        self._counts = np.zeros(len(collected.index), dtype=np.int64)
        self._forms: Found = defaultdict(int)
        self._within: Within | None = None
        #: Items of which shapes were met, and those of them that were met in several parts.
        self._items = self._again = np.zeros(0, dtype=np.uint64)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """FILE problems of the document."""
        return self._problems.all()

    def parts(self, alive: Callable[[int], None]) -> Parts:
        """Tables of the document, part after part; ``alive`` is told the bytes that were gone through."""
        lists = _in_order(self.collected, self.large.counts)
        shell = _Shell(self.collected, self.large.value)
        self._add(shell.slow, shell.forms)
        rows = self._rows()
        rows.take(shell.value, self.file, valid=shell.valid)
        unread = {one.where for one in lists}
        yield from self._made(rows, lambda site: not _in_any(unread, site), unread)
        done, members = 0, dict.fromkeys(unread, 0)
        for one in lists:
            rows, size = self._rows(), 0
            look = _Look(shell, one)
            for piece in self.large.pieces(one.where, look.keys_met):
                self._take(piece, look, one, rows)
                members[one.where] += len(piece.members)
                size += piece.size
                done += piece.size
                alive(done)
                if size >= PART or rows.count >= ROWS:
                    yield from self._made(rows, partial(_in_any, {one.where}), unread)
                    rows, size = self._rows(), 0
            yield from self._made(rows, partial(_in_any, {one.where}), unread)
            unread.discard(one.where)
        if not shell.holds(members):
            self._failed(shell_errors(self.collected.unit, shell.filled(members)), self.large.locate)
        self._finish()

    def _rows(self) -> Rows:
        return Rows(self.collected.schema, self.collected.names)

    def _take(self, piece: Piece, look: _Look, one: List, rows: Rows) -> None:
        """Take the rows of a piece, and what is told of it."""
        value, valid, counts, forms = look.at(piece.members)
        self.slow |= piece.slow
        for problem in piece.problems:
            self._problems.take(problem)
        if not valid:
            self._failed(member_errors(one, one.of(value) or [], piece.first), piece.locate)
        self._add(counts, forms)
        rows.take(value, self.file, valid=valid, first=piece.first)
        rows.digest_waiting()

    def _failed(
        self, errors: Iterator[SchemaError], locate: Callable[[Collection[str]], Mapping[str, Place]]
    ) -> None:
        """Count errors, and find the lines of those that are kept so far."""
        for error in errors:
            if error.error_class == "FILE":
                if self.valid is not None:
                    self._problems.take(Problem(error.keyword, error.pointer, expected=error.expected))
                self.valid = None
                return
            if self.valid is not None:
                self.valid = False
                self.faults.add(error)
        if self.valid is False:
            kept = {error.pointer for error, _, _ in self.faults.kept_places()}
            self.lines.update(locate(kept - self.lines.keys()))

    def _add(self, counts: Sequence[int], forms: Found) -> None:
        self._counts += np.asarray(counts, dtype=np.int64)
        for place, times in forms.items():
            if place in self._forms or len(self._forms) < _MOST_FORMS:
                self._forms[place] += times

    def _finish(self) -> None:
        collected = self.collected
        collected.forms.add({place: times for place, times in self._forms.items() if times}, self.file)
        if self.valid is None:
            collected.counted([0] * len(collected.index))
        else:
            collected.counted(self._counts.tolist())
            collected.faulty(self.faults)

    def _made(self, rows: Rows, wanted: Callable[[RowSite], bool], unread: Collection[Where]) -> Parts:
        """Tables of the rows at the sites ``wanted``."""
        later = {
            link.link.space
            for site in self.collected.schema.extractor.rows
            if _in_any(unread, site)
            for link in site.ids
        }
        made = rows.tables(self.stems, wanted, self._within, later)
        if not made:
            return
        self._within = rows.within
        whole = joined({name: table} for name, table in made)
        if "items" in whole:
            self.records += whole["items"].num_rows
        if "shapes" in whole:
            items = np.unique(whole["shapes"]["item"].drop_null().to_numpy())
            again = items[np.isin(items, self._items, assume_unique=True)]
            again = again[np.isin(again, self._again, assume_unique=True, invert=True)]
            self._items, self._again = np.union1d(self._items, items), np.union1d(self._again, again)
            whole["items_in_parts"] = tables.ITEMS_IN_PARTS.arrow({"item": again})
        yield whole


class _Shell:
    """A document without the members of its lists: what every piece of it has around it."""

    def __init__(self, collected: Collected, value: Any) -> None:
        self.collected = collected
        self.value = self.typed(value)
        self.keys, self.counts = collected.count(self.value)
        self.slow = count_any(collected.schema.tree, self.value, collected.index)
        self.forms: Found = defaultdict(int)
        collected.schema.forms.read(self.value, self.forms)
        self.valid = holds(collected.unit.shell[1], collected.unit.hollow(self.value))

    def typed(self, value: Any) -> Any:
        """``value`` with the types that the schema declares."""
        coerce = self.collected.schema.coerce
        return value if coerce is None else coerce(value)

    def around(self, where: Where, members: list[Any]) -> Any:
        """A document of the shell and members of one list."""
        return self.typed(replaced(self.value, where, members))

    def filled(self, counts: Mapping[Where, int]) -> Any:
        """The shell with as many nulls in its lists as they have members."""
        value = self.value
        for where, count in counts.items():
            value = replaced(value, where, [None] * count)
        return value

    def holds(self, counts: Mapping[Where, int]) -> bool:
        """Whether it is valid, its lists being so long."""
        unit = self.collected.unit
        return holds(unit.shell[1], unit.hollow(self.filled(counts)))


class _Look:
    """What the schema says of a piece of a list: asked once, though its reader asks first."""

    def __init__(self, shell: _Shell, one: List) -> None:
        self.shell, self.one = shell, one
        self._members: list[Any] | None = None
        self._at: tuple[Any, bool, Sequence[int], int] = (None, False, (), 0)

    def keys_met(self, members: list[Any]) -> int:
        """Keys known to be in members."""
        return self._look(members)[3]

    def at(self, members: list[Any]) -> tuple[Any, bool, Sequence[int], Found]:
        """The document around members, whether they are valid, values at the attribute paths and forms."""
        value, valid, counts, _ = self._look(members)
        self._members = None
        shell, collected = self.shell, self.shell.collected
        if not valid:
            own = count_any(collected.schema.tree, value, collected.index)
            counts = [count - before for count, before in zip(own, shell.slow, strict=True)]
        forms: Found = defaultdict(int)
        collected.schema.forms.read(value, forms)
        for place, times in shell.forms.items():
            forms[place] -= times
        return value, valid, counts, forms

    def _look(self, members: list[Any]) -> tuple[Any, bool, Sequence[int], int]:
        if self._members is not members:
            shell, one = self.shell, self.one
            value = shell.around(one.where, members)
            valid = holds(one.members.row[1], one.of(value))
            counts, keys = [], 0
            if valid:
                keys, own = shell.collected.count(value)
                keys -= shell.keys
                counts = [count - before for count, before in zip(own, shell.counts, strict=True)]
            self._members, self._at = members, (value, valid, counts, keys)
        return self._at


def _in_any(lists: Collection[Where], site: RowSite) -> bool:
    """Whether the rows of a site stand in members of one of ``lists``."""
    for where in lists:
        start = f"{pointer(where)}/*"
        if site.path == start or site.path.startswith(f"{start}/"):
            return True
    return False


def _in_order(collected: Collected, there: Collection[Where]) -> list[List]:
    """The lists of a document, each behind those whose ids its members refer to, as far as that can be."""
    left = [one for one in collected.unit.lists if one.where in there]
    declared, asked = {}, {}
    for one in left:
        sites = [site for site in collected.schema.extractor.rows if _in_any({one.where}, site)]
        declared[one.where] = {link.link.space for site in sites for link in site.ids}
        asked[one.where] = {
            link.link.space for site in sites for link in site.refs if link.link.scope == "file"
        }
    ordered: list[List] = []
    while left:
        free = (
            one for one in left
            if not any(asked[one.where] & declared[o.where] for o in left if o is not one)
        )  # fmt: skip
        ordered.append(next(free, left[0]))
        left.remove(ordered[-1])
    return ordered
