"""Derived tables: what SQL can make of the facts, made once and shared by the checks.

Each query runs in the locked database and its answer is stored twice: in the run's ``derived/`` folder
and, for the checks, in the database of facts. A table that is not unique by its key would multiply what
is joined to it, so it is refused.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq

from qc.budget import Budget
from qc.checks.binding import levels
from qc.checks.load import first_line
from qc.checks.lock import TimeLimitError, open_locked, time_limit
from qc.errors import QcError
from qc.sql import literal

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    folder.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    for level in levels(library):
        made: list[tuple[DerivedTable, Path]] = []
        for table in level:
            started = time.perf_counter()
            made.append((table, _make(table, facts, folder, budget)))
            seconds[table.id] = time.perf_counter() - started
        with duckdb.connect(str(facts)) as con:
            con.execute("BEGIN")
            for table, path in made:
                started = time.perf_counter()
                source = f"read_parquet({literal(path)})"
                con.execute(f'CREATE OR REPLACE TABLE "{table.id}" AS SELECT * FROM {source}')
                _demand_unique(table, con)
                seconds[table.id] = round(seconds[table.id] + time.perf_counter() - started, 4)
            con.execute("COMMIT")
    return seconds


def _make(table: DerivedTable, facts: Path, folder: Path, budget: Budget) -> Path:
    path = folder / f"{table.id}.parquet"
    temporary = path.with_suffix(".tmp")
    con = open_locked(facts, budget)
    try:
        with time_limit(con, budget.seconds):
            reader: Any = con.sql(table.sql).to_arrow_reader(131_072)
            with pq.ParquetWriter(temporary, reader.schema, compression="lz4", **_PLAIN) as writer:
                for batch in reader:
                    writer.write_batch(batch)
            reader.close()
    except TimeLimitError as error:
        raise QcError("checks.table-time", path=str(table.source), seconds=budget.seconds) from error
    except duckdb.Error as error:
        raise QcError("checks.sql", path=str(table.source), detail=first_line(error)) from error
    finally:
        con.close()
    temporary.replace(path)
    return path


def _demand_unique(table: DerivedTable, con: duckdb.DuckDBPyConnection) -> None:
    key = ", ".join(f'"{k}"' for k in table.key)
    try:
        ((twice,),) = con.execute(
            f'SELECT count(*) FROM (SELECT 1 FROM "{table.id}" GROUP BY {key} HAVING count(*) > 1)'
        ).fetchall()
    except duckdb.Error as error:
        raise QcError("checks.sql", path=str(table.source), detail=first_line(error)) from error
    if twice:
        raise QcError(
            "checks.table-not-unique", path=str(table.source), key=", ".join(table.key), count=twice
        )
