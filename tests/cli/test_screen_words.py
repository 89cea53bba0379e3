"""Every word of the screen is used, and every one that is used is there."""

from __future__ import annotations

import re
from pathlib import Path

import qc
from qc import words
from qc.checks import model
from qc.report import findings_csv, preview, unchecked

PACKAGE = Path(qc.__file__).parent
KEYS = frozenset(
    key for key in words._shipped() if key.startswith("screen.")
)  # fmt: skip
#: Keys that are put together from a value.
MADE = {
    *(f"screen.csv.{name}" for name in findings_csv.COLUMNS),
    *(f"screen.phase.{name}" for name in (*preview.PHASES, "read")),
    *(f"screen.effect.{name}" for name in model.EFFECTS),
    *(f"screen.severity.{name}" for name in model.SEVERITIES),
    *(f"screen.certainty.{name}" for name in model.CERTAINTIES),
    *(f"screen.argument.{name}" for name in ("path", "run", "query", "file", "check")),
    *(f"screen.option.{name}" for name in ("debug", "no-progress", "quiet", "lang")),
    *(f"screen.demo.{name}" for name in ("accepted", "rejected", "as-expected", "unexpected")),
    *(f"screen.result.{name}" for name in ("unit", "examined", "wrong", "right", "target", "status")),
    *(f"screen.ran.{name}" for name in unchecked._WENT.values()),
    *(f"screen.unchecked.{name}" for name in ("partly", "whole", "none")),
    *(f"screen.preview.orphan-{name}" for name in ("sources", "labels")),
    *(
        f"screen.checks.{name}"
        for name in ("message", "why", "fix", "needs", "subject", "indicator", "effect")
    ),
    *(f"screen.checks.{name}" for name in ("severity", "certainty", "parameters", "source")),
}
WRITTEN = {
    found
    for folder in ("cli", "report")
    for path in (PACKAGE / folder).glob("*.py")
    for found in re.findall(r"screen\.[a-z-]+(?:\.[a-z-]+)*(?=[\"'])", path.read_text(encoding="utf-8"))
}


def test_what_is_said_has_words() -> None:
    assert sorted((WRITTEN | MADE) - KEYS) == []


def test_no_words_lie_idle() -> None:
    assert sorted(KEYS - WRITTEN - MADE) == []
