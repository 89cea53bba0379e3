"""A stored run as one JSON document, for other programs: the same as on the screen, in both languages."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from qc.report import findings
from qc.report.messages import message
from qc.words import LANGUAGES, Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qc.report.findings import Finding, Wanted
    from qc.report.summary import Summary

#: Raised when a field changes its meaning or goes; new fields do not raise it.
FORMAT = 1


def write_json(summary: Summary, file: IO[str], wanted: Wanted | None = None) -> None:
    """Writes the document; findings stream, one a line, so that memory does not grow with them."""
    head = {
        "format": FORMAT,
        "name": summary.name,
        "tool_version": summary.tool,
        "run": summary.folder.name,
        "verdict": summary.verdict.to_json(),
        "findings_total": summary.findings,
        "waived_total": summary.waived,
        "checks": [_check(summary, outcome.to_json()) for outcome in summary.outcomes],
    }
    text = json.dumps(head, ensure_ascii=False, indent=1)
    file.write(text.removesuffix("\n}") + ',\n "findings": [')
    before = "\n  "
    for line in _lines(summary, findings.stream(summary.folder, wanted)):
        file.write(before + line)
        before = ",\n  "
    file.write("\n ]\n}\n")


def _check(summary: Summary, outcome: dict[str, Any]) -> dict[str, Any]:
    return {**outcome, "title": dict(summary.check(outcome["check"]).title)}


def _lines(summary: Summary, found: Iterable[Finding]) -> Iterable[str]:
    spoken = [Words(lang) for lang in LANGUAGES]
    for finding in found:
        check = summary.check(finding.check)
        row = asdict(finding)
        row["class"] = row.pop("class_")
        row["message"] = {words.lang: message(finding, check, words) for words in spoken}
        yield json.dumps(row, ensure_ascii=False)
