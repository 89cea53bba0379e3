"""Samples through the whole tool: what was planted is found where it is, and nothing else is."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from qc import content
from qc.checks.load import load
from qc.cli.running import run
from sample_datasets.generate import NAMES, make, write
from sample_datasets.planted import Expected, Sample

FAULTY = tuple(name for name in NAMES if name.endswith("faulty"))
PLANS = Path(__file__).resolve().parent.parent / "sample_datasets" / "plans"
ACCEPTED, REJECTED, INCONCLUSIVE = 0, 1, 3

#: Subjects whose place includes a pointer; of the others the file (or the name) is the place.
POINTED = frozenset({"annotation", "item", "path"})
#: Finds that one schema does not fit all labels: planted by binding the wrong one, not in a sample.
FITTING = "schema.does-not-fit"
#: Checks whose defects are not in the samples, and why.
ELSEWHERE = {
    FITTING: "planted below by binding the wrong schema",
    **dict.fromkeys(
        ("quantity.composition", "quantity.items", "quantity.per-class", "split.ratio"),
        "what a plan asks for: the samples' plans ask for no numbers, tests/test_planned_numbers.py does",
    ),
    **dict.fromkeys(
        (
            *("documents.broken-text", "documents.faulty-table", "documents.invalid-markup"),
            *("ids.gaps", "files.leftover-part", "files.part-missing"),
        ),
        "of broken quotes, long series and split archives, which the samples have not: "
        "tests/test_real_defects.py",
    ),
    **dict.fromkeys(
        ("shapes.incomplete-points", "spans.tag-sequence"),
        "of keypoints and tagged tokens, which the samples have not: tests/test_real_defects.py",
    ),
    "files.unsupported-archive": "such an archive may hold the other half of any pair: tests/deliverable",
    "items.name-without-extension": "told once for each schema: tests/test_real_defects.py",
}

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ran:
    """One ``qc check`` of a sample and what it left behind."""

    sample: Sample
    code: int
    run: Path

    def findings(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.run / "findings.parquet").to_pylist()
        return rows

    def outcomes(self) -> dict[str, dict[str, Any]]:
        rows = json.loads((self.run / "outcomes.json").read_text(encoding="utf-8"))
        return {row["check"]: row for row in rows}

    def verdict(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.run / "verdict.json").read_text(encoding="utf-8"))
        return found


Runner = Callable[..., Ran]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Checks a sample once and gives the same run to every test that asks for it."""
    done: dict[tuple[str, bool], Ran] = {}

    def check(name: str, *, gates: bool = True) -> Ran:
        if (name, gates) not in done:
            folder = tmp_path_factory.mktemp("run")
            sample = make(name, gates=gates)
            write(sample, folder)
            out = folder / "out"
            plan = PLANS / f"{name}.toml"
            code = run(["check", str(folder / name), "--plan", str(plan), "--out", str(out), "--quiet"])
            done[name, gates] = Ran(sample, code, out)
        return done[name, gates]

    return check


def expected_key(row: Expected) -> Key:
    if row.subject == "dataset":
        return (row.check,)
    if row.subject in ("class", "group") and row.name:
        return row.check, row.name
    if row.subject == "path" and not row.path:
        return row.check, row.name
    pointer = row.pointer if row.subject in POINTED else ""
    return row.check, row.container, row.path, pointer


def found_key(row: dict[str, Any], expected: Container[Key]) -> Key:
    kind = row["subject_kind"]
    # Where a whole sample has a defect, the place of a finding is but one example.
    if kind == "path" and (row["check"], path_of(row)) in expected:
        return row["check"], path_of(row)
    if kind == "dataset":
        return (row["check"],)
    if kind in ("class", "group") and row["class"]:
        return row["check"], row["class"]
    pointer = row["pointer"] or "" if kind in POINTED else ""
    return row["check"], row["container_path"] or "", row["path"] or "", pointer


def path_of(row: dict[str, Any]) -> str:
    """Path of the schema that a finding is about; its subject is ``SCHEMA PATH``."""
    return str(row["subject"]).partition(" ")[2]


@pytest.mark.parametrize("gates", [True, False], ids=["all", "without gates"])
@pytest.mark.parametrize("name", FAULTY)
def test_every_planted_defect_is_found_and_nothing_else(ran: Runner, name: str, gates: bool) -> None:
    result = ran(name, gates=gates)
    expected = Counter(map(expected_key, result.sample.expected))
    found = Counter(found_key(row, expected) for row in result.findings())
    assert sorted((expected - found).elements()) == [], "planted and not found"
    assert sorted((found - expected).elements()) == [], "found and not planted"


@pytest.mark.parametrize("gates", [True, False], ids=["all", "without gates"])
@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_sample_is_rejected(ran: Runner, name: str, gates: bool) -> None:
    result = ran(name, gates=gates)
    assert result.code == REJECTED
    assert result.verdict()["result"] == "rejected"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FAULTY])
def test_a_clean_sample_is_accepted_without_findings(ran: Runner, name: str) -> None:
    result = ran(name)
    assert [row for row in result.findings() if row["effect"] != "note"] == []
    assert result.code == ACCEPTED
    assert result.verdict()["result"] == "accepted"


@pytest.mark.parametrize("name", NAMES)
def test_no_check_crashes(ran: Runner, name: str) -> None:
    crashed = {
        check: row["error"] for check, row in ran(name).outcomes().items() if row["status"] == "crashed"
    }
    assert crashed == {}


@pytest.mark.parametrize("name", FAULTY)
def test_the_list_of_defects_knows_which_are_gates(name: str) -> None:
    checks = load([content.folder("checks")]).checks
    for row in make(name).expected:
        assert (row.gate == "yes") == (checks[row.check].effect == "gate"), row
        assert row.subject == checks[row.check].subject, row


def test_every_shipped_check_has_planted_defects() -> None:
    planted = {name: make(name).expected for name in FAULTY}
    for check in load([content.folder("checks")]).checks.values():
        if check.id in ELSEWHERE:
            assert not any(row.check == check.id for rows in planted.values() for row in rows), check.id
            continue
        defects = {
            name: {row.defect for row in rows if row.check == check.id} for name, rows in planted.items()
        }
        if check.subject == "dataset":
            assert sum(map(bool, defects.values())) >= 2, check.id
        else:
            assert sum(map(len, defects.values())) >= 2, check.id


@pytest.mark.parametrize("name", FAULTY)
def test_a_finding_says_where_in_the_schema_it_is(ran: Runner, name: str) -> None:
    result = ran(name)
    found = {(found_key(row, ()), path_of(row)) for row in result.findings()}
    rows = [row for row in result.sample.expected if row.subject == "path" and row.path]
    assert {(expected_key(row), row.name) for row in rows} <= found


def test_the_deliverable_is_left_as_it_was(ran: Runner) -> None:
    result = ran("s06-faulty")
    base = result.run.parent / "s06-faulty"
    there = {p.relative_to(base).as_posix(): digest(p.read_bytes()) for p in base.rglob("*") if p.is_file()}
    assert there == {path: digest(data) for path, data in result.sample.contents().items()}


def digest(data: bytes) -> str:
    return hashlib.blake2b(data).hexdigest()


def test_the_wrong_schema_is_one_finding_not_thousands(tmp_path: Path) -> None:
    write(make("s01-clean"), tmp_path)
    out = tmp_path / "out"
    run(
        ["check", str(tmp_path / "s01-clean"), "--schema", "aihub-s06-drawings", "--out", str(out), "--quiet"]
    )
    rows = pq.read_table(out / "findings.parquet").to_pylist()
    assert [row["check"] for row in rows if row["check"] == FITTING] == [FITTING]
