"""What to fix first: findings by check, worst first, three examples each, the rest counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group as Lines
from rich.text import Text

from qc.report.blocks import MARGIN, Hanging, heading, typed, unit_name
from qc.report.messages import message
from qc.words import percent, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from qc.report.findings import Finding
    from qc.report.summary import Group, Summary
    from qc.words import Words

#: Groups that are shown with examples; the others get one line.
FULL_GROUPS = 6

_SEVERITY_STYLE = {"error": "red", "warning": "yellow"}


def fix_first(summary: Summary, words: Words, full: int) -> list[RenderableType]:
    """Groups of findings, worst first; after the first ``full`` of them one line each."""
    if not summary.groups:
        waived = words.text("screen.fix.only-waived", waived=summary.waived) if summary.waived else ""
        return [Hanging(Text(waived or words.text("screen.fix.nothing"), style="green"), MARGIN), Text()]
    remark = words.text("screen.fix.count", groups=len(summary.groups), findings=summary.findings)
    if summary.waived:
        remark += words.text("screen.fix.waived", waived=summary.waived)
    parts: list[RenderableType] = [heading(words.text("screen.fix.title"), remark), Text()]
    for number, group in enumerate(summary.groups[:full], 1):
        parts += [group_view(number, group, summary, words), Text()]
    if rest := summary.groups[full:]:
        parts += [*_rest(rest, full, words), Text()]
    return parts


def group_view(number: int, group: Group, summary: Summary, words: Words) -> RenderableType:
    """One group: what it is, how many, three places with what is wrong there, and what to do."""
    indent = MARGIN + 4
    lines: list[RenderableType] = [
        Hanging(_group_title(group, words), indent, _number(number, group)),
        Hanging(Text(_group_counts(group, summary, words), style="dim"), indent),
    ]
    lines += example_lines(group, summary, words, indent)
    left = group.findings - len(group.examples)
    if left > 0 and group.examples:
        command = f"qc show {typed(summary.folder)} --check {group.outcome.check}"
        more = words.text("screen.fix.more", count=left, command=command)
        lines.append(Hanging(Text(more, style="dim"), indent + 2, copied=True))
    if fix := words.choice(group.words.fix):
        lines.append(Hanging(fix, indent + 2, Text.assemble(" " * indent, ("→ ", "green"))))
    return Lines(*lines)


def example_lines(group: Group, summary: Summary, words: Words, indent: int) -> list[RenderableType]:
    """Places, each with its message; a message that all of them share is said once."""
    found = group.examples
    said = [message(finding, group.words, words) for finding in found]
    alike = len(set(said)) == 1 and (len(said) > 1 or not found[0].place.file)
    lines: list[RenderableType] = [Hanging(said[0], indent)] if alike else []
    for finding, sentence in zip(found, said, strict=True):
        if where := subject_place(finding, summary):
            place = Text(where, style="cyan")
            if finding.item:
                place.append(f"  {shown(finding.item)}", style="dim")
            if alike and finding.place.spot:
                place.append(f"  {finding.place.spot}", style="dim")
            lines.append(Hanging(place, indent + 2, Text.assemble(" " * indent, ("· ", "dim")), whole=True))
        if not alike:
            spot = f"  {finding.place.spot}" if finding.place.spot else ""
            lines.append(Hanging(Text.assemble(sentence, (spot, "dim")), indent + 4))
    return lines


def subject_place(finding: Finding, summary: Summary) -> str:
    """Where it is; what it is about if that has no place; "" for the data set as a whole."""
    if finding.place.file:
        return str(finding.place.short(summary.archives))
    return shown(finding.class_ or ("" if finding.subject_kind == "dataset" else finding.subject))


def _number(number: int, group: Group) -> Text:
    style = "red" if group.outcome.effect == "gate" else _SEVERITY_STYLE.get(group.outcome.severity, "blue")
    return Text.assemble(" " * MARGIN, (f"{number:>2}", f"bold {style}"))


def _group_title(group: Group, words: Words) -> Text:
    text = Text()
    if group.outcome.effect == "gate":
        text.append(words.text("screen.fix.gate"), style="bold red").append(" ")
    if group.outcome.certainty == "suspect":
        text.append(words.text("screen.fix.suspect"), style="bold yellow").append(" ")
    return text.append(group.words.called(words), style="bold").append(
        f"  {group.outcome.check}", style="dim"
    )


def _group_counts(group: Group, summary: Summary, words: Words) -> str:
    outcome = group.outcome
    unit, examined, wrong = outcome.subject, outcome.examined, outcome.wrong
    if outcome.values_examined:
        unit, examined, wrong = "value", outcome.values_examined, outcome.values_faulty
    parts = []
    if examined > 1:
        share, unit = percent(wrong / examined, 2), unit_name(unit, words)
        parts.append(words.text("screen.fix.share", unit=unit, examined=examined, wrong=wrong, share=share))
    if group.files > 1 and outcome.subject != "file":
        parts.append(words.text("screen.fix.files", files=group.files))
    if outcome.effect == "note":
        parts.append(words.text("screen.fix.note"))
    else:
        parts += [words.choice(i.name) for i in summary.verdict.indicators if i.id == outcome.indicator][:1]
    return " · ".join(parts)


def _rest(groups: Sequence[Group], full: int, words: Words) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for number, group in enumerate(groups, full + 1):
        text = _group_title(group, words)
        text.append("  ").append(words.text("screen.fix.findings", count=group.findings))
        lines.append(Hanging(text, MARGIN + 4, _number(number, group)))
    return lines
