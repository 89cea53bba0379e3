"""Every check against its cases: tables in, subjects out. ``cases/CHECK.toml`` holds them as data."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from qc import words as wording
from qc.checks.binding import levels
from qc.checks.load import placeholders, shipped
from qc.checks.model import MANY_ROWS, UNITS
from tests.checks import support

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARY = shipped()
CASES = Path(__file__).parent / "cases"


def _cases() -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.toml"))
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
    ]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        support.create(con)
        yield con


@pytest.mark.parametrize(("check_id", "case"), _cases())
def test_case(con: duckdb.DuckDBPyConnection, check_id: str, case: dict[str, Any]) -> None:
    check = LIBRARY.checks[check_id]
    support.clear(con)
    support.insert(con, case.get("tables", {}))
    for table in (t for level in levels(LIBRARY) for t in level):
        con.execute(f'CREATE OR REPLACE TABLE "{table.id}" AS {table.sql}')
        key = ", ".join(table.key)
        assert con.execute(f"SELECT 1 FROM {table.id} GROUP BY {key} HAVING count(*) > 1").fetchall() == []
    values = {name: p.default for name, p in check.params.items()} | case.get("parameters", {})
    answer = con.sql(check.sql, params=values).to_arrow_table().to_pylist()

    subjects: dict[str, Any] = {}
    for row in answer:
        subject = " ".join(str(row[k]) for k in check.key)
        if check.subject == "group":
            # A group without members in files (what a plan asks for) is known by its id alone.
            subject = str(row["file"] or row["group_id"])
        if check.subject not in MANY_ROWS:
            assert subject not in subjects, f"{subject} is returned twice"
        subjects[subject] = row["wrong"]
    got = {
        "wrong": sorted(s for s, wrong in subjects.items() if wrong),
        "right": sorted(s for s, wrong in subjects.items() if wrong is False),
        "unknown": sorted(s for s, wrong in subjects.items() if wrong is None),
    }
    assert got == {key: sorted(map(str, case.get(key, []))) for key in got}

    wrong = [row for row in answer if row["wrong"]]
    for number, wanted in enumerate(case.get("values", [])):
        row = (
            next(r for r in wrong if str(r[check.key[-1]]) == str(wanted["of"]))
            if "of" in wanted
            else wrong[number]
        )
        assert {k: row[k] for k in wanted if k != "of"} == {k: v for k, v in wanted.items() if k != "of"}
    for row in wrong:
        _says_all(check_id, row | values)


def _says_all(check_id: str, values: dict[str, Any]) -> None:
    """Both messages of a finding are complete: no placeholder is left over, no reason is without words."""
    for words in LIBRARY.checks[check_id].words.values():
        given = {"file": "f", "group": "g", "problem": "p", **values}
        if words.reasons:
            assert values["reason"] in words.reasons
            given["reason"] = words.reasons[values["reason"]]
        for name in placeholders(words.message):
            assert given.get(name) is not None, f"{check_id}: {name} is NULL in a finding"
        text = wording.format(words.message, given)
        assert "{" not in text


@pytest.mark.parametrize("check_id", LIBRARY.checks)
def test_has_cases_that_pass_and_fail(check_id: str) -> None:
    path = CASES / f"{check_id}.toml"
    cases = tomllib.loads(path.read_text(encoding="utf-8"))["case"]
    assert len({case["name"] for case in cases}) == len(cases)
    assert any(case.get("wrong") for case in cases), "no failing case"
    assert any(not case.get("wrong") and case.get("right") for case in cases), "no passing case"


def test_no_case_without_check() -> None:
    assert {path.stem for path in CASES.glob("*.toml")} == set(LIBRARY.checks)


@pytest.mark.parametrize("check", LIBRARY.checks.values(), ids=LIBRARY.checks)
def test_words(check: Any) -> None:
    for words in check.words.values():
        for text in (words.title, words.message, words.why, words.fix, words.needs, *words.reasons.values()):
            assert wording.faults(text or "") == []
            assert (text or "x").strip() == (text or "x")
            assert "please" not in (text or "").lower()
        assert len(words.title) <= 60
    assert re.search("[가-힣]", check.words["ko"].title)
    assert not re.search("[가-힣]", check.words["en"].message)


@pytest.mark.parametrize("content", [*LIBRARY.checks.values(), *LIBRARY.tables.values()], ids=lambda c: c.id)
def test_house_rules_of_sql(content: Any) -> None:
    sql = re.sub(r"--[^\n]*", "", content.sql).replace("EXISTS (SELECT 1 FROM shapes", "")
    # Overlap is asked of `neighbours`: joining shapes with shapes is not bounded.
    assert len(re.findall(r"(?:FROM|JOIN)\s+shapes\b", sql)) <= 1
    # Sums of reals in an order that depends on threads differ in their last digits.
    assert not re.search(r"\bavg\(", sql)
    assert not re.search(r"\b(first|last)\(", sql)
    # Whatever is cut off needs an order.
    for cut in re.finditer(r"\bLIMIT\b", sql):
        assert "ORDER BY" in sql[: cut.start()]
    for match in re.finditer(r"any_value\(([^)]*)\)", sql):
        assert "ORDER BY" in match[1]


def test_units_are_counted() -> None:
    measuring = {c.subject for c in LIBRARY.checks.values() if c.effect == "measure"}
    assert measuring <= UNITS | {"path"}
