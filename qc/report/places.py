"""Where something is, as people read it: ``TL_1.zip › a/b.json › /annotations/3/bbox``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from qc.words import shown

#: Between an archive, its member and a place inside that.
INSIDE = " › "


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a deliverable; every part may be unknown."""

    container: str | None = None
    #: Path from the root, or inside the container.
    path: str | None = None
    #: RFC 6901 pointer inside the document.
    pointer: str | None = None
    #: 1-based.
    line: int | None = None
    #: 1-based, characters.
    col: int | None = None

    @property
    def file(self) -> str:
        """The file alone: ``TL_1.zip › a/b.json``; control signs escaped, "" if unknown."""
        return INSIDE.join(shown(part) for part in (self.container, self.path) if part)

    def short(self, archives: Mapping[str, str]) -> Place:
        """The same place with its archive called by the short name that ``archives`` has for it."""
        name = archives.get(self.container) if self.container else None
        return self if name is None else replace(self, container=name)

    @property
    def spot(self) -> str:
        """``line:col`` where it is known, else ""."""
        if self.line is None:
            return ""
        return f"{self.line}" if self.col is None else f"{self.line}:{self.col}"

    def __str__(self) -> str:
        return INSIDE.join(part for part in (self.file, shown(self.pointer) if self.pointer else "") if part)
