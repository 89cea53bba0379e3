"""A stored run on the screen: the verdict, what decided it, what to fix first. Data in, renderables out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group as Lines
from rich.padding import Padding
from rich.text import Text

from qc.report.blocks import MARGIN, Hanging, columns, limit, nearby, share_right, typed, unit_name
from qc.report.fixes import FULL_GROUPS, fix_first
from qc.report.unchecked import checks_line, unchecked
from qc.verdict import say, unit_in_full
from qc.words import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType

    from qc.report.summary import Summary
    from qc.verdict import IndicatorResult
    from qc.words import Words

#: An empty cell. Longer dashes are two columns wide in some consoles.
NONE = "-"

_RESULT_STYLE = {"accepted": "green", "rejected": "red", "inconclusive": "yellow"}
_BAND = {
    "accepted": "bold black on green",
    "rejected": "bold bright_white on red",
    "inconclusive": "bold black on yellow",
}
_RESULT_SIGN = {"accepted": "✓", "rejected": "✗", "inconclusive": "?"}
_STATUS_STYLE = {"met": "green", "missed": "bold red", "low-coverage": "yellow", "not-measured": "yellow"}


def result_view(summary: Summary, words: Words, *, full: int = FULL_GROUPS) -> RenderableType:
    """The verdict, what decided it, what to fix first, what could not be told, and where the rest is."""
    parts = [
        verdict_view(summary, words),
        Text(),
        indicators_view(summary, words),
        Text(),
        *checks_line(summary, words),
        *fix_first(summary, words, full),
        *unchecked(summary, words),
        footer(summary, words),
    ]
    return Lines(*parts)


def verdict_line(summary: Summary, words: Words) -> Text:
    """The verdict in one line, for ``--quiet``."""
    style = _RESULT_STYLE.get(summary.verdict.result, "")
    result = words.text(f"verdict.result.{summary.verdict.result}")
    return Text.assemble((result, f"bold {style}"), "  ", summary.name, "  ", (nearby(summary.folder), "dim"))


def verdict_view(summary: Summary, words: Words) -> RenderableType:
    """The verdict as a band of colour, below it what decided it, then what else stands open.

    No frame: Korean consoles of Windows 10 draw the signs of frames two columns wide and break them.
    """
    titles = {check: own.title for check, own in summary.words.items()}
    result = summary.verdict.result
    reasons = [say(why, summary.verdict, words, titles) for why in summary.verdict.deciding]
    reasons = reasons or [words.text(f"verdict.about.{result}")]
    remarks = (
        Text(remark, style="dim") for remark in (*_open(summary, words, titles), *_remarks(summary, words))
    )
    name, verdict = words.text("screen.result.verdict"), words.text(f"verdict.result.{result}")
    band = Padding(Text(f"{name}  {_RESULT_SIGN[result]} {verdict}"), (0, MARGIN), style=_BAND[result])
    return Lines(
        band,
        Text(),
        *(Hanging(reason, MARGIN + 2, "  - ") for reason in reasons),
        *(Hanging(remark, MARGIN) for remark in remarks),
    )


def _open(summary: Summary, words: Words, titles: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """What did not decide, but was not examined either."""
    verdict = summary.verdict
    for why in verdict.reasons:
        if why.result != verdict.result and why.kind != "not-measured":
            yield words.text("verdict.note.also", reason=say(why, verdict, words, titles))
    told = {(why.indicator, why.values.get("unit")) for why in verdict.deciding if why.kind == "not-measured"}
    names = []
    for line in verdict.unchecked:
        if (line.id, line.unit) not in told:
            name = words.choice(line.name) or line.id
            several = sum(other.id == line.id for other in verdict.indicators) > 1
            names.append(f"{name} [{unit_in_full(line.unit, words)}]" if several else name)
    if names:
        yield words.text("verdict.note.unchecked", indicators=names)


def _remarks(summary: Summary, words: Words) -> list[str]:
    """What bears on the verdict without deciding it."""
    verdict, said = summary.verdict, []
    if verdict.default_targets:
        said.append(words.text("verdict.note.default-targets"))
    if verdict.regraded:
        said.append(words.text("verdict.note.regraded", checks=verdict.regraded))
    if verdict.waived:
        said.append(words.text("verdict.note.waived", waived=verdict.waived))
    for outcome in summary.outcomes:
        if outcome.waiver and outcome.waiver.get("expired"):
            title = summary.check(outcome.check).called(words)
            said.append(words.text("verdict.note.lapsed", **{**outcome.waiver, "check": title}))
    return said


def indicators_view(summary: Summary, words: Words) -> RenderableType:
    """The indicators in scope as a table; the others by name."""
    table = columns()
    table.add_column(words.text("screen.result.indicator"), overflow="fold", min_width=14)
    for name in ("unit", "examined", "wrong", "right", "target", "status"):
        text = name in ("unit", "status")
        table.add_column(
            words.text(f"screen.result.{name}"), justify="left" if text else "right", overflow="fold"
        )
    outside = []
    for line in summary.verdict.indicators:
        if line.status == "not-in-scope":
            outside.append(words.choice(line.name) or line.id)
        else:
            table.add_row(*_indicator_row(line, words))
    parts: list[RenderableType] = [Padding(table, (0, 0, 0, MARGIN))]
    if outside:
        names = ", ".join(dict.fromkeys(outside))
        parts.append(
            Hanging(Text(words.text("screen.result.not-in-scope", names=names), style="dim"), MARGIN)
        )
    return Lines(*parts)


def _indicator_row(line: IndicatorResult, words: Words) -> list[Text]:
    status = words.text(f"verdict.status.{line.status}")
    if line.status == "low-coverage" and line.coverage is not None:
        status = f"{status} {percent(line.coverage, 0)}"
    known = bool(line.examined)
    target = NONE if line.target is None else words.text("screen.result.at-least", share=limit(line.target))
    if not line.unit:
        target = words.text("screen.result.no-finding")
    return [
        Text(words.choice(line.name) or line.id),
        Text(unit_name(line.unit, words) if line.unit else NONE),
        Text(f"{line.examined:,}" if known else NONE),
        Text(f"{line.wrong:,}" if known else NONE, style="red" if line.wrong else ""),
        Text(share_right(line.examined, line.wrong, line.target) if known and line.unit else NONE),
        Text(target),
        Text(status, style=_STATUS_STYLE.get(line.status, "")),
    ]


def footer(summary: Summary, words: Words) -> RenderableType:
    """Where the full list is and how to look further. Paths and commands, to be copied, stay whole."""
    rows: list[tuple[str, Text]] = []
    if summary.groups:  # The band has scrolled out of sight by now.
        result = summary.verdict.result
        again = f"{_RESULT_SIGN[result]} {words.text(f'verdict.result.{result}')}"
        rows.append((words.text("screen.result.verdict"), Text(again, style=f"bold {_RESULT_STYLE[result]}")))
    if summary.findings or summary.waived:
        listed = words.text("screen.footer.listed", count=summary.findings + summary.waived)
        path = Text.assemble(nearby(summary.folder / "findings.csv"), (f"  {listed}", "dim"))
        rows.append((words.text("screen.footer.list"), path))
    command = f"qc show {typed(summary.folder)}"
    rows.append((words.text("screen.footer.again"), Text(command)))
    if summary.groups:
        one = f"{command} --check {summary.groups[0].outcome.check}"
        rows.append((words.text("screen.footer.one"), Text(one)))
    indent = MARGIN + max(cell_len(name) for name, _ in rows) + 2
    return Lines(
        *(
            Hanging(text, indent, Text.assemble(" " * MARGIN, (name, "dim")), copied=True)
            for name, text in rows
        )
    )
