"""Derived tables: what SQL can make of the facts, made once and shared by the checks.

They are stored in the database of facts. What others wrote runs in the locked database first, and its
answer is loaded from the run's ``derived/`` folder. A table that is not unique by its key would multiply
what is joined to it, so it is refused.
"""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq

from qc import content
from qc.budget import Budget
from qc.checks.binding import levels
from qc.checks.load import first_line
from qc.checks.lock import TimeLimitError, open_locked, open_writable, time_limit
from qc.errors import QcError
from qc.sql import literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from qc.checks.model import DerivedTable, Library


#: Ids are hashes and measures seldom repeat: dictionaries and statistics cost more than they save.
_PLAIN: dict[str, Any] = {"use_dictionary": False, "write_statistics": False}


def write_plan(facts: Path, tables: Mapping[str, pa.Table]) -> None:
    """Stores the plan as schema ``plan`` in the database of facts, replacing what was there."""
    with duckdb.connect(str(facts)) as con:
        con.execute("DROP SCHEMA IF EXISTS plan CASCADE")
        con.execute("CREATE SCHEMA plan")
        for name, table in tables.items():
            con.register("planned", table)
            con.execute(f'CREATE TABLE plan."{name}" AS SELECT * FROM planned').fetchall()
            con.unregister("planned")


def derive(facts: Path, library: Library, folder: Path, budget: Budget | None = None) -> dict[str, float]:
    """Makes all derived tables of ``library`` in order of their dependence; returns seconds by table.

    Raises :class:`QcError` (``checks.table-*``) for a query that fails, a cycle, a name of a table of
    facts, and a table that is not unique by its key.
    """
    budget = budget or Budget()
    ordered = levels(library)
    ours = content.folder("checks").resolve()
    # A shipped query needs no table of a user.
    shipped = [t for level in ordered for t in level if t.source.resolve().is_relative_to(ours)]
    seconds = _in_place(shipped, facts, budget) if shipped else {}
    for level in ordered:
        if given := [table for table in level if table.id not in seconds]:
            seconds |= _locked(given, facts, folder, budget)
    return seconds


def _in_place(tables: Sequence[DerivedTable], facts: Path, budget: Budget) -> dict[str, float]:
    """Makes tables whose queries are our own where they are to be."""
    seconds = {}
    with closing(open_writable(facts, budget)) as con:
        for table in tables:
            started = time.perf_counter()
            with _told(table, budget), time_limit(con, budget.seconds):
                con.execute(f'CREATE OR REPLACE TABLE "{table.id}" AS {table.sql}')
            _demand_unique(table, con, budget)
            seconds[table.id] = round(time.perf_counter() - started, 4)
    return seconds


def _locked(tables: Sequence[DerivedTable], facts: Path, folder: Path, budget: Budget) -> dict[str, float]:
    """Makes tables by queries of others: these may only read, so their answers go by way of ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    seconds, made = {}, []
    for table in tables:
        started = time.perf_counter()
        made.append((table, _make(table, facts, folder, budget)))
        seconds[table.id] = time.perf_counter() - started
    with duckdb.connect(str(facts)) as con:
        con.execute("BEGIN")
        for table, path in made:
            started = time.perf_counter()
            source = f"read_parquet({literal(path)})"
            con.execute(f'CREATE OR REPLACE TABLE "{table.id}" AS SELECT * FROM {source}')
            _demand_unique(table, con, budget)
            seconds[table.id] = round(seconds[table.id] + time.perf_counter() - started, 4)
        con.execute("COMMIT")
    return seconds


@contextmanager
def _told(table: DerivedTable, budget: Budget) -> Iterator[None]:
    """Turns what can go wrong with a query into words about its file."""
    try:
        yield
    except TimeLimitError as error:
        raise QcError("checks.table-time", path=str(table.source), seconds=budget.seconds) from error
    except duckdb.Error as error:
        raise QcError("checks.sql", path=str(table.source), detail=first_line(error)) from error


def _make(table: DerivedTable, facts: Path, folder: Path, budget: Budget) -> Path:
    path = folder / f"{table.id}.parquet"
    temporary = path.with_suffix(".tmp")
    with (
        closing(open_locked(facts, budget)) as con,
        _told(table, budget),
        time_limit(con, budget.seconds),
    ):
        reader: Any = con.sql(table.sql).to_arrow_reader(131_072)
        with pq.ParquetWriter(temporary, reader.schema, compression="lz4", **_PLAIN) as writer:
            for batch in reader:
                writer.write_batch(batch)
        reader.close()
    temporary.replace(path)
    return path


def _demand_unique(table: DerivedTable, con: duckdb.DuckDBPyConnection, budget: Budget) -> None:
    key = ", ".join(f'"{k}"' for k in table.key)
    repeated = f'SELECT 1 FROM "{table.id}" GROUP BY {key} HAVING count(*) > 1'
    with _told(table, budget):
        ((twice,),) = con.execute(f"SELECT count(*) FROM ({repeated})").fetchall()
    if twice:
        raise QcError(
            "checks.table-not-unique", path=str(table.source), key=", ".join(table.key), count=twice
        )
