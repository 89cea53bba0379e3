"""The words of the checks that a run was made with.

They are kept in the run (``checks.json``, what ``qc.checks.model.catalogue`` makes of each check): a run
is read on other machines and by later versions, and users' own checks are known nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qc.runs import disk

if TYPE_CHECKING:
    from pathlib import Path

    from qc.words import Words

FILE = "checks.json"


@dataclass(frozen=True, slots=True)
class KeptCheck:
    """A check as reports speak of it. Words are by language: ``{"ko": …, "en": …}``."""

    id: str
    subject: str = ""
    indicator: str = ""
    effect: str = "measure"
    severity: str = "error"
    certainty: str = "certain"
    #: Template of one finding.
    message: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    fix: Mapping[str, str] = field(default_factory=dict)
    #: What to hand in or switch on if the check could not tell.
    needs: Mapping[str, str] = field(default_factory=dict)
    #: Words for the codes that a finding's ``reason`` may hold, by code, then by language.
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    title: Mapping[str, str] = field(default_factory=dict)

    def called(self, words: Words) -> str:
        """Its title; its id if its words are not there."""
        return words.choice(self.title) or self.id

    def reason(self, code: str, words: Words) -> str:
        """Words for a code of ``reason``; the code itself if there are none."""
        return words.choice(self.reasons.get(code, {})) or code


def write(run: Path, checks: Iterable[Mapping[str, Any]]) -> None:
    """Keeps the words of ``checks`` (what ``qc.checks.model.catalogue`` makes of each) in the run folder."""
    text = json.dumps(list(checks), ensure_ascii=False, indent=1)
    disk.write_bytes(run / FILE, text.encode("utf-8"))


def read(run: Path) -> dict[str, KeptCheck]:
    """The run's checks by id; empty when the run does not keep them."""
    path = run / FILE
    if not path.is_file():
        return {}
    known = KeptCheck.__dataclass_fields__
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return {row["id"]: KeptCheck(**{k: v for k, v in row.items() if k in known}) for row in rows}
