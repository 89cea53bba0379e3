"""Reads a TOML file that people write: every value typed, every mistake told with its line.

A :class:`Table` hands out its values by kind (``text``, ``number``, ``share`` …) and knows what
was asked for, so that :meth:`Table.close` can name a key that nobody reads: a misspelt key that
is silently ignored would be a setting that people believe in.
"""

from __future__ import annotations

import datetime
import difflib
import math
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qc.errors import QcError, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: The way to a value: keys, and positions in arrays.
Way = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A TOML file as read: its path, its text (for line numbers) and its top table."""

    path: Path
    text: str
    data: dict[str, Any]

    def place(self, way: Way) -> str:
        """``qc.toml:12``: file name and, as well as it can be found, the line of ``way``."""
        line = line_of(self.text, way)
        return f"{self.path.name}:{line}" if line else self.path.name

    def top(self) -> Table:
        """The file as a table."""
        return Table(self, (), self.data)


def read(path: Path) -> Source:
    """Reads ``path`` (UTF-8, a BOM is passed over).

    Raises ``QcError``: ``errors.file-missing``, ``errors.file-unreadable``, ``errors.toml-encoding``,
    ``errors.toml-syntax``.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise QcError("errors.file-missing", path=path) from None
    except UnicodeDecodeError:
        raise QcError("errors.toml-encoding", path=path) from None
    except OSError as error:
        raise QcError("errors.file-unreadable", path=path, reason=refusal(error)) from None
    text = text.replace("\r\n", "\n")
    try:
        return Source(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+), column (\d+)", str(error))
        # Without a number the parser means the end of the file.
        line, column = map(int, found.groups()) if found else (text.count("\n") + 1, 1)
        raise QcError("errors.toml-syntax", where=f"{path.name}:{line}", column=column) from None


@dataclass(slots=True)
class Table:
    """A table of a source. Each method takes the value of a key, or ``None`` where it is absent."""

    source: Source
    way: Way
    data: dict[str, Any]
    asked: set[str] = field(default_factory=set)

    def place(self, *keys: str | int) -> str:
        """Where a key of this table stands: ``qc.toml:12``."""
        return self.source.place((*self.way, *keys))

    def name(self, *keys: str | int) -> str:
        """The dotted name of a key, as a person would write it."""
        name = ""
        for part in (*self.way, *keys):
            if isinstance(part, int):
                name += f"[{part + 1}]"
            else:
                bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
                name += ("." if name else "") + (part if bare else f'"{part}"')
        return name

    def take(self, key: str, *, required: bool = False) -> Any:
        """The value as it is; ``required`` makes its absence an error."""
        self.asked.add(key)
        if required and key not in self.data:
            raise QcError("errors.plan-required", where=self.place(), name=self.name(key))
        return self.data.get(key)

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A string with something in it."""
        value = self.take(key, required=required)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise QcError("errors.plan-not-text", where=self.place(key), name=self.name(key))
        return value.strip()

    def choice(self, key: str, known: Sequence[str], *, required: bool = False) -> str | None:
        """One of the ``known`` words."""
        value = self.text(key, required=required)
        if value is not None and value not in known:
            raise QcError(
                "errors.plan-choice", where=self.place(key), name=self.name(key), value=value, known=known
            )
        return value

    def flag(self, key: str) -> bool | None:
        """``true`` or ``false``."""
        value = self.take(key)
        if value is not None and not isinstance(value, bool):
            raise QcError("errors.plan-not-flag", where=self.place(key), name=self.name(key))
        return value

    def number(self, key: str, low: float | None = None, *, required: bool = False) -> float | None:
        """A number, not below ``low``."""
        value = self.take(key, required=required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise QcError("errors.plan-not-number", where=self.place(key), name=self.name(key))
        if low is not None and value < low:
            raise QcError(
                "errors.plan-too-small", where=self.place(key), name=self.name(key), value=value, low=low
            )
        return float(value)

    def whole(self, key: str, low: int = 0) -> int | None:
        """A whole number, not below ``low``."""
        value = self.number(key, low)
        if value is not None and value != int(value):
            raise QcError("errors.plan-not-whole", where=self.place(key), name=self.name(key))
        return None if value is None else int(value)

    def share(self, key: str, *, required: bool = False) -> float | None:
        """A share: ``0.995`` or ``"99.5 %"``."""
        value = self.take(key, required=required)
        return None if value is None else self.as_share(key, value)

    def as_share(self, key: str, value: Any) -> float:
        """``value``, which stands at ``key``, as a share between 0 and 1."""
        share = value
        if isinstance(value, str) and (found := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[%％]\s*", value)):
            # Through the decimal text: 99.5 / 100 would not be the double nearest to 0.995.
            share = float(f"{found[1]}e-2")
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise QcError("errors.plan-not-share", where=self.place(key), name=self.name(key), value=value)
        return float(share)

    def date(self, key: str, *, required: bool = False) -> datetime.date | None:
        """A day: ``2026-12-31``, quoted or not."""
        value = self.take(key, required=required)
        if isinstance(value, str):
            try:
                value = datetime.date.fromisoformat(value.strip())
            except ValueError:
                value = False
        if isinstance(value, datetime.datetime):
            value = value.date()
        if value is not None and not isinstance(value, datetime.date):
            raise QcError("errors.plan-not-date", where=self.place(key), name=self.name(key))
        return value

    def table(self, key: str) -> Table:
        """An inner table; an empty one where it is absent."""
        value = self.take(key)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise QcError("errors.plan-not-table", where=self.place(key), name=self.name(key))
        return Table(self.source, (*self.way, key), value)

    def tables(self) -> Iterable[tuple[str, Table]]:
        """Every inner table by its key: for tables whose keys are ids."""
        for key in self.data:
            yield key, self.table(key)

    def rows(self, key: str) -> list[Table] | None:
        """An array of tables."""
        value = self.take(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise QcError("errors.plan-not-rows", where=self.place(key), name=self.name(key))
        return [Table(self.source, (*self.way, key, number), row) for number, row in enumerate(value)]

    def close(self) -> None:
        """Raises for the first key that nobody asked for, naming the nearest that is known."""
        for key in self.data:
            if key not in self.asked:
                raise QcError(
                    "errors.plan-unknown-key",
                    where=self.place(key),
                    name=self.name(key),
                    known=nearest(key, self.asked),
                )


def nearest(name: str, known: Iterable[str], limit: int = 8) -> tuple[str, ...]:
    """The known names that ``name`` may have meant; where none is like it, the first ``limit``."""
    ordered = sorted(known)
    close = difflib.get_close_matches(name.lower(), ordered, n=3, cutoff=0.6)
    return tuple(close or ordered[:limit])


# --- line numbers ---------------------------------------------------------------------------

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_NAME = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")
_PART = re.compile(_NAME)


def line_of(text: str, way: Way) -> int | None:
    """1-based line on which ``way`` stands: of its own key, else of the nearest table above it.

    A search through the lines, no second parser: good enough for a message, and ``None`` where
    nothing is found.
    """
    best: tuple[int, int] | None = None
    header: Way = ()
    seen: dict[Way, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _HEADER.match(line):
            header = _parts(found[2])
            if found[1] == "[[":
                seen[header] = seen.get(header, -1) + 1
            here = _numbered(header, seen)
        elif found := _KEY.match(line):
            here = (*_numbered(header, seen), *_parts(found[1]))
        else:
            continue
        if way[: len(here)] == here and (best is None or len(here) > best[0]):
            best = (len(here), number)
    return best[1] if best else None


def _parts(dotted: str) -> Way:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _numbered(header: Way, seen: dict[Way, int]) -> Way:
    way: list[str | int] = []
    for depth, part in enumerate(header, start=1):
        way.append(part)
        if (count := seen.get(header[:depth])) is not None:
            way.append(count)
    return tuple(way)
