"""Rates and the rule of the verdict."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qc import rates, verdict
from qc.checks.model import SUBJECT_KEYS, Outcome
from qc.facts.tables import COVERAGE, FILES
from qc.plan import plans
from qc.rates import Rate
from qc.words import LANGUAGES, Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Answers = dict[int, bool | None]


def outcome(check: str, **changes: Any) -> Outcome:
    values: dict[str, Any] = {
        "check": check,
        "subject": "annotation",
        "indicator": "annotation-consistency",
        "effect": "measure",
        "severity": "error",
        "certainty": "certain",
        "status": "ran",
    }
    return Outcome(**(values | changes))


# --- rates ----------------------------------------------------------------------------------


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def store(folder: Path, check: str, answers: Answers, waived: tuple[int, ...] = ()) -> None:
    columns = [
        pa.array(list(answers), pa.uint64()),
        pa.array(list(answers.values()), pa.bool_()),
        pa.array([s in waived for s in answers], pa.bool_()),
    ]
    pq.write_table(
        pa.Table.from_arrays(columns, names=["subject", "wrong", "waived"]), folder / f"{check}.parquet"
    )


BIG = 2**64 - 1

RATES: dict[str, tuple[dict[str, tuple[Answers, tuple[int, ...]]], Rate | None]] = {
    "one check": (
        {"a.a": ({1: True, 2: False, 3: None, BIG: False}, ())},
        Rate("annotation-consistency", "annotation", 3, 1, 1),
    ),
    "wrong in three checks is wrong once": (
        {c: ({1: True, 2: False}, ()) for c in ("a.a", "a.b", "a.c")},
        Rate("annotation-consistency", "annotation", 2, 1),
    ),
    "told by one of two is examined": (
        {"a.a": ({1: None, 2: None}, ()), "a.b": ({1: False, 3: True}, ())},
        Rate("annotation-consistency", "annotation", 2, 1, 1),
    ),
    "waived is examined, not wrong": (
        {"a.a": ({1: True, 2: True, 3: False}, (1,))},
        Rate("annotation-consistency", "annotation", 3, 1, 0, 1),
    ),
    "waived in one check, wrong in another": (
        {"a.a": ({1: True, 2: True}, (1, 2)), "a.b": ({1: True, 2: False}, ())},
        Rate("annotation-consistency", "annotation", 2, 1, 0, 1),
    ),
    "nothing told": (
        {"a.a": ({1: None}, ())},
        Rate("annotation-consistency", "annotation", 0, 0, 1),
    ),
    "no subjects": ({"a.a": ({}, ())}, None),
}


@pytest.mark.parametrize(("stored", "expected"), RATES.values(), ids=RATES.keys())
def test_rates(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, stored: dict[str, Any], expected: Rate | None
) -> None:
    for check, (answers, waived) in stored.items():
        store(tmp_path, check, answers, waived)
    found = rates.rates(con, tmp_path, [outcome(c) for c in stored])
    assert found == (() if expected is None else (expected,))


def test_what_enters_no_rate(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    others = [
        outcome("a.gate", effect="gate"),
        outcome("a.note", effect="note"),
        outcome("a.suspect", certainty="suspect"),
        outcome("a.crashed", status="crashed"),
        outcome("a.class", subject="class"),
    ]
    for each in others:
        store(tmp_path, each.check, {1: True})
    # Measures, but has left no answers.
    assert rates.rates(con, tmp_path, [*others, outcome("a.gone")]) == ()


def test_rates_by_indicator_and_unit(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    outcomes = [
        outcome("a.a"),
        outcome("a.item", subject="item"),
        outcome("f.f", subject="file", indicator="file-validity"),
    ]
    for each in outcomes:
        store(tmp_path, each.check, {1: True, 2: False})
    found = rates.rates(con, tmp_path, outcomes, reach=0.5)
    assert [(r.indicator, r.unit, r.coverage) for r in found] == [
        ("annotation-consistency", "annotation", 0.5),
        ("annotation-consistency", "item", 0.5),
        ("file-validity", "file", 1.0),
    ]


def test_values_of_path_checks_are_summed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = {"subject": "path", "indicator": "format-accuracy"}
    outcomes = [
        outcome("s.a", **path, values_examined=1000, values_faulty=4, wrong=1),
        outcome("s.b", **path, values_examined=500, values_faulty=1, wrong=1),
        outcome("s.c", **path, values_examined=100, values_faulty=7, wrong=2, waived=2, status="waived"),
    ]
    assert rates.rates(con, tmp_path, outcomes) == (Rate("format-accuracy", "value", 1600, 5, 0, 7),)


def test_reach(con: duckdb.DuckDBPyConnection) -> None:
    statuses = ["full", "sampled", "failed", "crashed", "timeout", "skipped", None]
    con.execute(FILES.ddl())
    con.execute(COVERAGE.ddl())
    assert rates.reach(con) == 1.0
    for number, status in enumerate(statuses):
        con.execute("INSERT INTO files (file, kind) VALUES (?, 'label')", [number])
        if status is not None:
            weight = 0.5 if status == "sampled" else None
            con.execute("INSERT INTO coverage VALUES ('labels', ?, ?, NULL, ?)", [number, status, weight])
    # A source file and another producer's row do not count.
    con.execute("INSERT INTO files (file, kind) VALUES (99, 'source')")
    con.execute("INSERT INTO coverage VALUES ('media', 3, 'full', NULL, 1)")
    assert rates.reach(con) == pytest.approx(2.5 / 7)


# --- the rule -------------------------------------------------------------------------------

#: Every rate that the default plan wants, without a fault.
CLEAN = (
    Rate("file-validity", "file", 1000, 0),
    Rate("structure-accuracy", "file", 1000, 0),
    Rate("format-accuracy", "value", 10_000, 0),
    Rate("annotation-consistency", "annotation", 1000, 0),
)


def with_rate(rate: Rate) -> list[Rate]:
    kept = [r for r in CLEAN if (r.indicator, r.unit) != (rate.indicator, rate.unit)]
    return [*kept, rate]


def judged(
    outcomes: tuple[Outcome, ...] = (), rate: Rate | None = None, base: plans.Plan | None = None
) -> verdict.Verdict:
    return verdict.judge(outcomes, with_rate(rate) if rate else CLEAN, base or plans.default())


BOX = ("annotation-consistency", "annotation")

RULE: dict[str, tuple[tuple[Outcome, ...], Rate | None, str, list[str]]] = {
    "all clean": ((), None, "accepted", []),
    "at the target": ((), Rate(*BOX, 1000, 10), "accepted", []),
    "one under the target": ((), Rate(*BOX, 1000, 11), "rejected", ["missed"]),
    "rounds to the target, and misses": ((), Rate(*BOX, 1_000_000, 10_001), "rejected", ["missed"]),
    "wrong and little examined": (
        (), Rate(*BOX, 100, 50, 900), "rejected", ["missed", "low-coverage"],
    ),
    "little examined": ((), Rate(*BOX, 900, 0, 100), "inconclusive", ["low-coverage"]),
    "enough examined": ((), Rate(*BOX, 950, 0, 50), "accepted", []),
    "files not read": ((), Rate(*BOX, 1000, 0, reach=0.9), "inconclusive", ["low-coverage-unread"]),
    "nothing told": ((), Rate(*BOX, 0, 0, 100), "inconclusive", ["not-measured"]),
    "gate": ((outcome("g.g", effect="gate", wrong=1),), None, "rejected", ["gate"]),
    "gate of the dataset": (
        (outcome("g.g", effect="gate", wrong=1, subject="dataset"),), None, "rejected", ["gate-dataset"],
    ),
    "gate, waived": (
        (outcome("g.g", effect="gate", wrong=2, waived=2, status="waived"),), None, "accepted", [],
    ),
    "gate, partly waived": ((outcome("g.g", effect="gate", wrong=2, waived=1),), None, "rejected", ["gate"]),
    "gate that could not tell": (
        (outcome("g.g", effect="gate", status="not-checked", unknown=1),), None, "accepted", [],
    ),
    "gate of suspects": (
        (outcome("g.g", effect="gate", wrong=1, certainty="suspect"),), None, "inconclusive",
        ["gate-suspects"],
    ),
    "gate out of scope": (
        (outcome("g.g", effect="gate", wrong=1, indicator="evidence"),), None, "accepted", [],
    ),
    "note": ((outcome("n.n", effect="note", wrong=9),), None, "accepted", []),
    "crash": ((outcome("c.c", status="crashed"),), None, "inconclusive", ["crashed"]),
    "crash of a note": ((outcome("c.c", status="crashed", effect="note"),), None, "accepted", []),
    "crash out of scope": (
        (outcome("c.c", status="crashed", indicator="evidence"),), None, "accepted", [],
    ),
    "crash beside a gate": (
        (outcome("c.c", status="crashed"), outcome("g.g", effect="gate", wrong=1)), None, "rejected",
        ["gate", "crashed"],
    ),
    "another unit has the same target": (
        (), Rate("annotation-consistency", "item", 100, 2), "rejected", ["missed"],
    ),
    "technical fitness counts when it is measured": (
        (), Rate("technical-fitness", "file", 100, 2), "rejected", ["missed"],
    ),
    "technical fitness may be partly measured": (
        (), Rate("technical-fitness", "file", 100, 0, 900), "accepted", [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("outcomes", "rate", "result", "kinds"), RULE.values(), ids=RULE.keys())
def test_rule(outcomes: tuple[Outcome, ...], rate: Rate | None, result: str, kinds: list[str]) -> None:
    found = judged(outcomes, rate)
    assert (found.result, [r.kind for r in found.reasons]) == (result, kinds)
    assert all(r.result == result for r in found.deciding)
    assert bool(found.deciding) == (result != "accepted")


def test_nothing_examined_is_never_accepted() -> None:
    found = verdict.judge((), (), plans.default())
    assert found.result == "inconclusive"
    assert {r.indicator for r in found.reasons} == {r.indicator for r in CLEAN}


def test_lines() -> None:
    gate = outcome("p.p", effect="gate", indicator="privacy", subject="file", examined=9, unknown=1, wrong=1)
    found = judged((gate,), Rate(*BOX, 1000, 11, 20, 3))
    lines = {(line.id, line.unit): line for line in found.indicators}
    box = lines[BOX]
    assert (box.status, box.rate, box.allowed, box.waived, box.target) == ("missed", 0.989, 10, 3, 0.99)
    assert box.coverage == pytest.approx(1000 / 1020)
    assert lines["file-validity", "file"].status == "met"
    assert lines["privacy", ""].status == "missed"
    assert lines["privacy", ""].gate_findings == 1
    assert lines["split-integrity", ""].status == "not-measured"
    assert lines["quantity", ""].status == "not-in-scope"
    assert [line.id for line in found.unchecked] == ["split-integrity", "technical-fitness"]


def test_result_does_not_depend_on_order() -> None:
    outcomes = [outcome("b.b", effect="gate", wrong=1), outcome("a.a", status="crashed"), outcome("c.c")]
    some = with_rate(Rate(*BOX, 10, 9, 90))
    base = plans.default()
    one = verdict.judge(outcomes, some, base)
    assert all(
        verdict.judge(a, b, base) == one
        for a, b in zip(itertools.permutations(outcomes), itertools.permutations(some), strict=False)
    )


def planned(tmp_path: Path, text: str) -> plans.Plan:
    path = tmp_path / "qc.toml"
    path.write_text(text, encoding="utf-8")
    return plans.load(path)


PLANS = {
    "only what is listed": ("[targets]\nfile-validity = 0.5", Rate(*BOX, 10, 10), "accepted"),
    "target of a unit only": (
        '[targets]\nannotation-consistency = {target = 0.9, unit = "item"}',
        Rate(*BOX, 10, 10),
        "inconclusive",
    ),
    "asked for, no check measures it": ("[targets]\nprivacy = true", None, "inconclusive"),
    "quantities that nobody counts": (
        '[targets]\nfile-validity = 0.9\n[[quantities]]\nname = "a"\ncounts = "item"\nmin = 1',
        None,
        "inconclusive",
    ),
    "full coverage wanted": (
        "[targets]\nannotation-consistency = {target = 0.9, min_coverage = 1}",
        Rate(*BOX, 999, 0, 1),
        "inconclusive",
    ),
    "sampled, estimate": (
        "[targets]\nannotation-consistency = 0.9",
        Rate(*BOX, 100, 8, sampled=True),
        "accepted",
    ),
    "sampled, lower bound": (
        '[targets]\nannotation-consistency = {target = 0.9, basis = "lower"}',
        Rate(*BOX, 100, 8, sampled=True),
        "rejected",
    ),
}


@pytest.mark.parametrize(("text", "rate", "result"), PLANS.values(), ids=PLANS.keys())
def test_plans(tmp_path: Path, text: str, rate: Rate | None, result: str) -> None:
    assert judged((), rate, planned(tmp_path, text)).result == result


def test_regraded_and_default_targets_are_said(tmp_path: Path) -> None:
    base = planned(
        tmp_path, '[checks."a.a"]\neffect = "note"\n[checks."a.b"]\nx = 1\n[checks."a.c"]\nenabled = false'
    )
    found = judged((outcome("a.d", wrong=3, waived=2),), None, base)
    assert (found.regraded, found.waived, found.default_targets) == (("a.a", "a.c"), 2, True)


def test_wilson_interval(tmp_path: Path) -> None:
    # 81 of 263: Newcombe (1998), table I, gives 0.2553 to 0.3662 for Wilson's method.
    found = judged((), Rate(*BOX, 263, 263 - 81, sampled=True))
    line = next(line for line in found.indicators if (line.id, line.unit) == BOX)
    assert line.low == pytest.approx(0.2553, abs=5e-5)
    assert line.high == pytest.approx(0.3662, abs=5e-5)


def test_stored_and_read_back() -> None:
    found = judged((outcome("g.g", effect="gate", wrong=1),), Rate(*BOX, 100, 50))
    stored = json.loads(json.dumps(found.to_json()))
    stored["from a later version"] = 1
    assert verdict.Verdict.from_json(stored) == found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_is_said(tmp_path: Path, lang: Any) -> None:
    words = Words(lang)
    lower = planned(
        tmp_path, '[targets]\nannotation-consistency = {target = 0.99, basis = "lower"}\nprivacy = true'
    )
    privacy = outcome("p.p", effect="gate", indicator="privacy", examined=1, unknown=9)
    cases = [judged(o, r) for o, r, _, _ in RULE.values()]
    cases += [judged((privacy,), Rate(*BOX, 100, 50, sampled=True), lower)]
    said = {r.kind: verdict.say(r, v, words) for v in cases for r in v.reasons}
    assert set(said) == {
        "missed",
        "missed-lower",
        "gate",
        "gate-dataset",
        "not-measured",
        "low-coverage",
        "low-coverage-unread",
        "gate-low-coverage",
        "crashed",
        "gate-suspects",
    }
    for text in said.values():
        assert "{" not in text
        assert "verdict." not in text
        assert "–" not in text
    line = verdict.say(cases[0].reasons[0], cases[0], words) if cases[0].reasons else said["missed"]
    assert "annotation-consistency" not in line


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_plan_without_indicators_accepts_nothing(tmp_path: Path, lang: Any) -> None:
    found = judged((), None, planned(tmp_path, "[targets]"))
    assert found.result == "inconclusive"
    assert [r.kind for r in found.reasons] == ["nothing-in-scope"]
    assert "[targets]" in verdict.say(found.reasons[0], found, Words(lang))


def test_title_of_a_check() -> None:
    found = judged((outcome("g.g", effect="gate", wrong=1),))
    said = verdict.say(found.reasons[0], found, Words("ko"), {"g.g": {"ko": "제목", "en": "title"}})
    assert said.startswith("제목")
    assert said.endswith("[g.g]")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_for_every_result_status_and_unit(lang: Any) -> None:
    words = Words(lang)
    keys = [
        f"verdict.{kind}.{r}"
        for r in ("accepted", "rejected", "inconclusive")
        for kind in ("result", "about")
    ]
    keys += [f"verdict.status.{s}" for s in ("met", "missed", "not-measured", "low-coverage", "not-in-scope")]
    keys += [f"verdict.unit.{u}" for u in (*SUBJECT_KEYS, "value", "none")]
    assert [key for key in keys if key not in words] == []
