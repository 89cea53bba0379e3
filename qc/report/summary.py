"""A stored run, collected for showing, from its JSON files and its findings.

Every renderer (screen, JSON, later documents) takes a :class:`Summary` and nothing else, so they
cannot tell different stories.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qc.checks.model import Outcome
from qc.errors import QcError
from qc.report import catalogue, findings
from qc.report.catalogue import KeptCheck
from qc.report.places import INSIDE
from qc.runs import disk
from qc.runs.folder import Run
from qc.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from qc.report.findings import Finding, Tally, Wanted


@dataclass(frozen=True, slots=True)
class Group:
    """A check with findings: its words, how it went, how many findings and the first of them."""

    words: KeptCheck
    outcome: Outcome
    #: Those that are not waived.
    findings: int
    waived: int
    files: int
    examples: tuple[Finding, ...]

    @property
    def share(self) -> float:
        """Wrong among those that were examined, 0..1."""
        if self.outcome.values_examined:
            return self.outcome.values_faulty / self.outcome.values_examined
        return self.outcome.wrong / self.outcome.examined if self.outcome.examined else 1.0


@dataclass(frozen=True, slots=True)
class Summary:
    """A finished run."""

    folder: Path
    name: str
    #: Version of the tool that made it.
    tool: str
    #: ``run.json``.
    run: Mapping[str, Any]
    verdict: Verdict
    outcomes: tuple[Outcome, ...]
    #: Checks with findings that are not waived, worst first.
    groups: tuple[Group, ...]
    #: Words of every check that was asked.
    words: Mapping[str, KeptCheck]
    #: Those that are not waived.
    findings: int
    waived: int
    #: Path of an archive -> its name, for archives whose name is the only one of its kind.
    archives: Mapping[str, str]

    def check(self, id_: str) -> KeptCheck:
        """The words of a check; bare ones if the run does not keep them."""
        return self.words.get(id_) or KeptCheck(id_)


def collect(folder: Path, each: int = 3, wanted: Wanted | None = None) -> Summary:
    """The summary of the run in ``folder`` with ``each`` examples a check.

    Raises ``QcError``: those of :meth:`qc.runs.folder.Run.open`, ``screen.error.run-unfinished`` if it has
    no verdict yet, ``errors.run-broken`` if its files cannot be read.
    """
    stored = Run.open(folder)
    if not stored.verdict.is_file():
        raise QcError("screen.error.run-unfinished", run=folder)
    try:
        verdict = Verdict.from_json(disk.read_json(stored.verdict))
        outcomes = tuple(map(Outcome.from_json, json.loads(stored.outcomes.read_text(encoding="utf-8"))))
        words = catalogue.read(folder)
        counts = findings.tallies(folder, wanted)
        shown = findings.examples(folder, each, wanted)
        archives = _archives(stored.files)
    except (OSError, KeyError, TypeError, ValueError, duckdb.Error) as error:
        raise QcError("errors.run-broken", path=str(folder)) from error
    run = stored.info
    return Summary(
        folder=folder,
        name=str(run.get("deliverable", {}).get("name") or folder.name),
        tool=str(run.get("tool", {}).get("version", "")),
        run=run,
        verdict=verdict,
        outcomes=outcomes,
        groups=_groups(outcomes, words, counts, shown),
        words=words,
        findings=sum(tally.findings for tally in counts.values()),
        waived=sum(tally.waived for tally in counts.values()),
        archives=archives,
    )


def worst_first(group: Group) -> tuple[int, int, int, float, int, str]:
    """Order of fixing: gates, then what counts for a rate, then notes; certain before suspected;
    errors before warnings; then by the share of wrong ones, their number and the check's id."""
    outcome = group.outcome
    effect = {"gate": 0, "measure": 1}.get(outcome.effect, 2)
    if outcome.subject == "dataset" and outcome.severity == "error":
        effect = 0  # what is wrong with the whole explains what is found in its parts
    certainty = 0 if outcome.certainty == "certain" else 1
    severity = {"error": 0, "warning": 1}.get(outcome.severity, 2)
    return effect, certainty, severity, -group.share, -group.findings, outcome.check


def _archives(files: Path) -> dict[str, str]:
    if not files.is_file():
        return {}
    paths = set(pc.unique(pq.read_table(files, columns=["container_path"]).column(0)).drop_null().to_pylist())
    outer = {path: _archive_around(path, paths) for path in paths}
    counts = Counter(path.rpartition("/")[2] for path, above in outer.items() if above is None)
    names: dict[str, str] = {}
    for path in sorted(paths):  # an archive comes before those in it
        above, name = outer[path], path.rpartition("/")[2]
        if above is not None:
            names[path] = f"{names.get(above, above)}{INSIDE}{path[len(above) + 1 :]}"
        elif counts[name] == 1:
            names[path] = name
    return names


def _archive_around(path: str, archives: set[str]) -> str | None:
    """The innermost archive that the archive ``path`` lies in."""
    above = path.rpartition("/")[0]
    while above and above not in archives:
        above = above.rpartition("/")[0]
    return above or None


def _groups(
    outcomes: tuple[Outcome, ...],
    words: Mapping[str, KeptCheck],
    counts: Mapping[str, Tally],
    shown: Mapping[str, list[Finding]],
) -> tuple[Group, ...]:
    groups = []
    for outcome in outcomes:
        tally = counts.get(outcome.check)
        if tally is not None and tally.findings:
            own = words.get(outcome.check) or KeptCheck(outcome.check)
            first = tuple(shown.get(outcome.check, ()))
            groups.append(Group(own, outcome, tally.findings, tally.waived, tally.files, first))
    return tuple(sorted(groups, key=worst_first))
