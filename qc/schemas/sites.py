"""Places of a schema where something is collected: rows, shapes, attributes; and its attribute paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qc.schemas.roles import Link
from qc.schemas.tree import Bound


@dataclass(frozen=True, slots=True)
class LinkSite:
    """A column that holds an identity or a reference; ``suffix`` leads from the row's pointer to it."""

    column: str
    suffix: str
    link: Link


@dataclass(frozen=True, slots=True)
class RowSite:
    """A place of the schema where rows stand: the tuples collected there have these columns.

    ``kinds`` gives for each column how its values are made clean (:func:`qc.schemas.values.column`). A
    column of ``around`` holds the number of the row around it at that site (one of a smaller number).
    A column ``NAME@`` is the place of ``NAME`` below the row, where that differs between documents.
    ``bounds`` are those that the schema sets to the texts of a column. ``open``: keys that no schema bounds
    stand in the pointers of the rows.
    """

    kind: str
    path: str
    columns: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    around: tuple[tuple[str, int], ...] = ()
    ids: tuple[LinkSite, ...] = ()
    refs: tuple[LinkSite, ...] = ()
    bounds: Mapping[str, tuple[Bound, ...]] = field(default_factory=dict)
    open: bool = False


@dataclass(frozen=True, slots=True)
class ShapeSite:
    """A place where shapes stand, in the rows of ``RowSite`` number ``row``."""

    row: int
    suffix: str
    shape: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AttributeSite:
    """A place where attributes of rows of ``RowSite`` number ``row`` stand, for its map ``column``.

    With a ``name`` the value is that attribute; without, it is an object whose properties are attributes.
    ``bounds`` says of those that the schema names what bounds their texts, ``rest`` of all others; None is
    free text.
    """

    row: int
    column: str
    name: str | None
    bounds: Mapping[str, Bound | None]
    rest: Bound | None

    def bound(self, name: str) -> Bound | None:
        """What bounds the texts of an attribute."""
        return self.bounds.get(name, self.rest)

    @property
    def bounded(self) -> bool:
        """No free text can stand here."""
        return self.rest is not None and None not in self.bounds.values()


@dataclass(frozen=True, slots=True)
class PathSite:
    """An attribute path; ``required`` where its parent is present."""

    path: str
    required: bool
