"""Places of a schema where something is collected: rows, shapes, attributes; and its attribute paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qc.schemas.roles import Link


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
    """

    kind: str
    path: str
    columns: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    around: tuple[tuple[str, int], ...] = ()
    ids: tuple[LinkSite, ...] = ()
    refs: tuple[LinkSite, ...] = ()


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
    ``bounded`` names those that the schema bounds, None means all of them.
    """

    row: int
    column: str
    name: str | None
    bounded: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class PathSite:
    """An attribute path; ``required`` where its parent is present."""

    path: str
    required: bool
