"""A check file from someone else can do no harm."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import duckdb
import pytest

from qc.budget import Budget
from qc.checks.lock import TimeLimitError, fresh, open_locked, single_select, time_limit
from qc.errors import QcError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    path = tmp_path / "it's facts.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE files AS SELECT range AS file FROM range(3)")
        con.execute("CREATE SCHEMA plan")
        con.execute("CREATE TABLE plan.classes AS SELECT 'a' AS class")
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    return path


def test_facts_and_plan_can_be_asked(facts: Path) -> None:
    with open_locked(facts, reference=None) as con:
        assert con.execute("SELECT count(*) FROM files, plan.classes").fetchall() == [(3,)]


def test_a_reference_run_stands_beside(facts: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as con:
        con.execute("CREATE TABLE files AS SELECT 7 AS file")
    with open_locked(facts, reference=other) as con:
        rows = con.execute("SELECT (SELECT count(*) FROM files), file FROM ref.files").fetchall()
    assert rows == [(3, 7)]


@pytest.mark.parametrize(
    "sql",
    [
        "COPY files TO '{folder}/out.csv'",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM glob('{folder}/*')",
        "ATTACH '{folder}/other.db' AS other",
        "CREATE TABLE facts.main.x (a INTEGER)",
        "DROP TABLE files",
        "DELETE FROM files",
        "INSERT INTO files VALUES (1)",
        "UPDATE files SET file = 0",
        "WITH a AS (INSERT INTO files VALUES (9) RETURNING *) SELECT * FROM a",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET memory_limit = '100GB'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM here",
    ],
)
def test_nothing_else(facts: Path, tmp_path: Path, sql: str) -> None:
    here = [1, 2, 3]  # A variable of this name must not become a table.
    before = sorted(p.name for p in tmp_path.iterdir())
    with open_locked(facts) as con, pytest.raises(duckdb.Error):
        con.execute(sql.format(folder=tmp_path)).fetchall()
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    with duckdb.connect(str(facts), read_only=True) as con:
        assert con.execute("SELECT count(*), sum(file) FROM files").fetchall() == [(len(here), 3)]


@pytest.mark.parametrize(
    ("sql", "key"),
    [
        ("SELECT 1", None),
        ("FROM files", None),
        ("WITH a AS (SELECT 1) SELECT * FROM a;", None),
        ("SELECT 1; SELECT 2", "checks.query-not-one-select"),
        ("CREATE TEMP VIEW files AS SELECT 1", "checks.query-not-a-select"),
        ("ATTACH ':memory:' AS z", "checks.query-not-a-select"),
        ("DETACH facts", "checks.query-not-a-select"),
        ("", "checks.query-not-one-select"),
        ("SELEC 1", "checks.query-sql"),
        ("SELECT $a", "checks.query-parameter"),
    ],
)
def test_exactly_one_select(sql: str, key: str | None) -> None:
    if key is None:
        assert single_select(sql) == sql
        return
    with pytest.raises(QcError) as error:
        single_select(sql)
    assert error.value.key == key


def test_time_limit(facts: Path) -> None:
    started = time.perf_counter()
    with open_locked(facts) as con, pytest.raises(TimeLimitError), time_limit(con, 0.1):
        con.execute(
            "SELECT count(*) FROM range(10000000) a, range(1000000) b WHERE a.range + b.range > 5"
        ).fetchall()
    assert time.perf_counter() - started < 5


def test_errors_pass_through_the_time_limit(facts: Path) -> None:
    with open_locked(facts) as con, pytest.raises(duckdb.CatalogException), time_limit(con, 60):
        con.execute("SELECT * FROM nowhere")


def test_a_query_may_spill(facts: Path, tmp_path: Path) -> None:
    budget = Budget(memory_mib=100, threads=2, temp=tmp_path / "spill")
    with open_locked(facts, budget) as con:
        rows = con.execute(
            "SELECT count(*) FROM (SELECT range AS a, hash(range) AS h FROM range(3000000) ORDER BY h)"
        ).fetchall()
    assert rows == [(3_000_000,)]


def test_a_fresh_connection_sees_nothing_of_another(facts: Path) -> None:
    with open_locked(facts) as database:
        with fresh(database) as one:
            one.execute("CREATE TEMP VIEW files AS SELECT 7 AS file")
            assert one.execute("SELECT * FROM files").fetchall() == [(7,)]
            one.execute("USE memory")
        with fresh(database) as other:
            assert other.execute("SELECT count(*) FROM files").fetchall() == [(3,)]
            assert other.execute("SELECT class FROM plan.classes").fetchall() == [("a",)]
