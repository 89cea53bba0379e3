"""How many checks ran, which could not, and what to hand in or switch on so that they can."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Group as Lines
from rich.text import Text

from qc.report.blocks import MARGIN, Hanging, heading, unit_name
from qc.report.catalogue import KeptCheck

if TYPE_CHECKING:
    from rich.console import RenderableType

    from qc.checks.model import Outcome
    from qc.report.summary import Summary
    from qc.words import Words


#: How a check went -> the last part of the key of its words, in the order in which they are told.
_WENT = {
    "found": "found",
    "ran": "clean",
    "partly-checked": "partly",
    "waived": "waived",
    "not-checked": "not-checked",
    "crashed": "crashed",
    "not-applicable": "not-applicable",
}


def checks_line(summary: Summary, words: Words) -> list[RenderableType]:
    """How many checks there are and how they went, each counted once, and how many listed media are there."""
    lines: list[RenderableType] = []
    if listed := summary.run.get("listed"):
        lines.append(Hanging(words.text("screen.result.listed", **listed), MARGIN))
    if not summary.outcomes:
        return lines
    found = {group.outcome.check for group in summary.groups}
    went = Counter("found" if outcome.check in found else outcome.status for outcome in summary.outcomes)
    parts = [
        words.text(f"screen.ran.{_WENT[status]}", count=went[status])
        for status in _WENT
        if went[status] or status == "found"
    ]
    line = words.text("screen.ran.title", count=len(summary.outcomes), parts=" · ".join(parts))
    return [*lines, Hanging(Text(line), MARGIN), Text()]


def unchecked(summary: Summary, words: Words) -> list[RenderableType]:
    """Checks that crashed, could not be made at all, or only in part, each with its id, how many subjects
    were not checked and what is needed; empty if there are none."""
    lines = [
        _line(outcome, summary, words)
        for status in ("crashed", "not-checked", "partly-checked")
        for outcome in summary.outcomes
        if outcome.status == status
    ]
    if not lines:
        return []
    return [heading(words.text("screen.unchecked.title")), Text(), *lines, Text()]


def _line(outcome: Outcome, summary: Summary, words: Words) -> RenderableType:
    check = summary.words.get(outcome.check, KeptCheck(outcome.check))
    text = Text.assemble((outcome.check, "dim"), f" · {check.called(words)}: ")
    if outcome.status == "crashed":
        text.append(words.text("screen.unchecked.crashed", reason=outcome.error or "?"), style="red")
        return Hanging(text, MARGIN + 2, "  · ")
    values = {
        "unit": unit_name(outcome.subject, words),
        "unknown": outcome.unknown,
        "whole": outcome.examined + outcome.unknown,
    }
    key = "partly" if outcome.examined else "whole" if outcome.subject == "dataset" else "none"
    text.append(words.text(f"screen.unchecked.{key}", **values))
    need = words.choice(check.needs)
    if not need and not outcome.examined:
        need = words.text("screen.unchecked.unknown-need")
    said = Hanging(text, MARGIN + 2, "  · ")
    return (
        Lines(said, Hanging(Text(need, style="dim"), MARGIN + 4, Text("    → ", "green"))) if need else said
    )
