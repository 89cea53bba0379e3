"""Single findings and timings of a stored run, for ``qc show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group as Lines
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qc.report.blocks import MARGIN, Hanging, heading
from qc.report.fixes import subject_place
from qc.report.messages import message
from qc.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from qc.report.findings import Finding
    from qc.report.summary import Summary
    from qc.words import Words


def findings_view(found: Iterable[Finding], summary: Summary, words: Words) -> Iterator[RenderableType]:
    """Findings one below the other, under the check that made them."""
    last = None
    for finding in found:
        check = summary.check(finding.check)
        if finding.check != last:
            yield from (Text(), heading(check.called(words), finding.check))
            last = finding.check
        place = Text(subject_place(finding, summary), style="cyan")
        if place and finding.item:
            place.append(f"  {shown(finding.item)}", style="dim")
        if spot := finding.place.spot:
            place.append(f"  {spot}", style="dim")
        if finding.waived:
            place.append(" ").append(words.text("screen.show.waived"), style="yellow")
        said = message(finding, check, words)
        if place:
            yield Hanging(place, MARGIN + 2, "  · ", whole=True)
            yield Hanging(said, MARGIN + 4)
        else:
            yield Hanging(said, MARGIN + 2, "  · ")


def timings_view(summary: Summary, words: Words) -> RenderableType:
    """How long each phase and each check took, in seconds."""
    phases = _phases(summary.run.get("timings"))
    rows = [(_phase(name, words), seconds) for name, seconds in phases]
    rows.append((words.text("screen.show.total"), sum(seconds for _, seconds in phases)))
    slow = sorted(summary.outcomes, key=lambda outcome: (-outcome.seconds, outcome.check))
    return Lines(
        heading(words.text("screen.show.phases")),
        _seconds(rows),
        heading(words.text("screen.show.slowest")),
        _seconds([(outcome.check, outcome.seconds) for outcome in slow]),
    )


def _phase(name: str, words: Words) -> str:
    key = f"screen.phase.{name}"
    return words.text(key) if key in words else name


def _phases(timings: Any) -> list[tuple[str, float]]:
    if not isinstance(timings, dict):
        return []
    return [(str(name), float(took)) for name, took in timings.items() if isinstance(took, (int, float))]


def _seconds(rows: Sequence[tuple[str, float]]) -> Padding:
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for name, seconds in rows:
        table.add_row(Text(name), f"{seconds:,.3f} s")
    return Padding(table, (0, 0, 0, MARGIN))
