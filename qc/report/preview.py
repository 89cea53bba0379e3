"""What the pipeline is asked, and what it tells while it works.

Shared by the command line, which fills :class:`CheckOptions` and draws what a :class:`Listener`
hears, and by the pipeline, which does the opposite. Words never stand here: a :class:`qc.errors.Said`
carries their key and values, and the reader's language is chosen where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qc.errors import Said

#: How much of the media is opened: nothing, the first bytes, or all of it.
MediaDepth = Literal["none", "headers"]

#: What identifies content: size, time and the archive's CRC-32, or a digest of every byte.
DigestDepth = Literal["crc", "full"]

#: The phases in the order in which they come; ``screen.phase.NAME`` has their words.
PHASES = ("list", "labels", "load", "link", "derive", "checks", "verdict")


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Everything that ``qc check`` may be told. ``None`` means *not said*; the pipeline decides."""

    path: Path
    #: A plan file; without it ``./qc.toml`` is read if it is there.
    plan: Path | None = None
    #: One schema for all label files: a shipped id or a file.
    schema: str | None = None
    #: A shipped layout id or a layout file.
    layout: str | None = None
    #: Worker processes; ``None`` is one for each core.
    jobs: int | None = None
    #: The run folder; ``None`` is ``./qc-runs/NAME-TIME``. An unfinished one is resumed.
    out: Path | None = None
    media: MediaDepth = "headers"
    digest: DigestDepth = "crc"
    #: Only these checks: ids, families (``shapes``) or globs (``shapes.*``).
    select: tuple[str, ...] = ()
    #: All but these.
    ignore: tuple[str, ...] = ()
    #: A folder with the user's own checks.
    checks_dir: Path | None = None
    #: An earlier run: what did not change since is taken over from it instead of read.
    since: Path | None = None
    #: Language of what is written for people into the run (``findings.csv``).
    lang: Literal["ko", "en"] = "ko"


@dataclass(frozen=True, slots=True)
class LayoutSeen:
    """The layout that is used and why."""

    id: str
    #: Name by language: ``{"ko": …, "en": …}``.
    title: Mapping[str, str]
    reason: Said
    #: Further signs that were seen for it.
    further: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class SchemaSeen:
    """A schema that is used for some label files and why."""

    id: str
    #: Name by language.
    title: Mapping[str, str]
    #: Label files that are bound to it.
    files: int
    #: Of the files that were tried, how many fit and how many were tried; 0 of 0 if it was given.
    matched: int
    sampled: int
    reason: Said
    #: Top-level properties of the files that were tried which the schema does not know, most frequent first.
    unread: tuple[str, ...] = ()
    #: Folders and archives with its labels, if it was detected; "" for the deliverable itself.
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What the deliverable looks like before its labels are read."""

    name: str
    path: Path
    #: Files and archive members, without the archives themselves.
    files: int
    archives: int
    #: Bytes as they are read (members unpacked).
    bytes: int
    layout: LayoutSeen
    schemas: tuple[SchemaSeen, ...]
    #: Label and source files that belong together, by name.
    pairs: int
    orphan_sources: int
    orphan_labels: int
    #: Label files that can be read and that no schema is bound to.
    unknown_labels: int
    #: Seconds that reading and checking will take; ``None`` if it could not be estimated.
    estimate_s: float | None
    #: The plan file; ``None`` means that the default targets hold.
    plan: Path | None
    #: Label and source files in all; ``None`` if the layout does not tell them apart.
    labels: int | None = None
    sources: int | None = None
    #: Label files to which no medium belongs: lists of classes, texts that are the data themselves.
    alone: int = 0
    #: Pairs that only the names of folders tell.
    by_folder: int = 0
    #: Where the run is written.
    run: Path | None = None
    #: Files that were read already (an unfinished run goes on).
    resumed_files: int = 0
    #: The earlier run that is followed, how many files are taken over from it, and how many are read.
    since: Path | None = None
    taken_files: int = 0
    read_files: int = 0
    #: Label files that nothing can read yet, by extension.
    unread_labels: Mapping[str, int] = field(default_factory=dict)


def kinds_of(counts: Mapping[str, int]) -> str:
    """Extensions with their numbers, the most frequent first: ``xml 12, txt 3``; "-" for none."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{extension or '-'} {count:,}" for extension, count in ordered)


class Listener(Protocol):
    """Hears how a check goes on. The pipeline calls these from one thread, in this order:
    ``phase("list")``, ``preview`` once, then for each further phase ``phase``, ``total`` and
    ``advance`` as work is done. ``note`` may come at any time.
    """

    def preview(self, preview: Preview) -> None:
        """The deliverable was listed and looked at."""

    def phase(self, name: str) -> None:
        """A phase begins: one of :data:`PHASES`."""

    def total(self, files: int, work: float) -> None:
        """How much the phase has to do; not called when that is not known. ``work`` is about how long it
        takes, in a unit of its own: files differ in size and kind."""

    def advance(self, files: int, work: float) -> None:
        """So much more of it is done."""

    def note(self, key: str, **values: object) -> None:
        """Something worth saying: words ``key`` with ``values``."""


class Silent:
    """A listener that hears nothing: for use as a library and in tests."""

    def preview(self, preview: Preview) -> None:
        """Ignored."""

    def phase(self, name: str) -> None:
        """Ignored."""

    def total(self, files: int, work: float) -> None:
        """Ignored."""

    def advance(self, files: int, work: float) -> None:
        """Ignored."""

    def note(self, key: str, **values: object) -> None:
        """Ignored."""
