"""What could not be told, and what to hand in or switch on so that it can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from qc.report.blocks import MARGIN, Hanging, heading, unit_name
from qc.report.catalogue import CheckWords

if TYPE_CHECKING:
    from rich.console import RenderableType

    from qc.checks.model import Outcome
    from qc.report.summary import Summary
    from qc.words import Words


def unchecked(summary: Summary, words: Words) -> list[RenderableType]:
    """Checks that crashed, could not be made at all, or only in part; empty if there are none.

    Those that lack the same thing stand together: one remedy, one line.
    """
    lines = [*_crashed(summary, words), *_lacking(summary, words), *_partly(summary, words)]
    if not lines:
        return []
    return [heading(words.text("screen.unchecked.title")), Text(), *lines, Text()]


def _with(summary: Summary, status: str) -> list[Outcome]:
    return [outcome for outcome in summary.outcomes if outcome.status == status]


def _words(summary: Summary, outcome: Outcome) -> CheckWords:
    return summary.words.get(outcome.check, CheckWords(outcome.check))


def _crashed(summary: Summary, words: Words) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for outcome in _with(summary, "crashed"):
        name = _words(summary, outcome).called(words)
        said = words.text(
            "screen.unchecked.crashed", name=name, check=outcome.check, reason=outcome.error or "?"
        )
        lines.append(Hanging(Text(said, style="red"), MARGIN + 2, "  · "))
    return lines


def _lacking(summary: Summary, words: Words) -> list[RenderableType]:
    by_need: dict[str, list[str]] = {}
    for outcome in _with(summary, "not-checked"):
        check = _words(summary, outcome)
        need = words.choice(check.needs) or words.text("screen.unchecked.unknown-need")
        by_need.setdefault(need, []).append(check.called(words))
    return [
        Hanging(Text.assemble(need, "\n", (", ".join(names), "dim")), MARGIN + 2, "  · ")
        for need, names in by_need.items()
    ]


def _partly(summary: Summary, words: Words) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for outcome in _with(summary, "partly-checked"):
        check = _words(summary, outcome)
        whole = outcome.examined + outcome.unknown
        unit = unit_name(outcome.subject, words)
        name = check.called(words)
        said = words.text(
            "screen.unchecked.partly", name=name, unit=unit, whole=whole, unknown=outcome.unknown
        )
        need = words.choice(check.needs)
        lines.append(Hanging(Text.assemble(said, "\n" if need else "", (need, "dim")), MARGIN + 2, "  · "))
    return lines
