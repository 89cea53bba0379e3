"""The store: ``facts.duckdb``, built from the manifest and the chunks, and built again when missing.

One native file is asked many questions at 5 ms each; a thousand Parquet files would take 85.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from qc.budget import Budget
from qc.errors import QcError, refusal_in
from qc.facts.tables import TABLES, Table
from qc.runs import disk
from qc.runs.folder import Run
from qc.runs.journal import read_notes
from qc.sql import literal

#: Tables of which each chunk counts a part: how the parts become one row a key.
SUMS = {
    "schema_paths": {
        "required": "bool_or",
        "files": "sum",
        "examined": "sum",
        "structure": "sum",
        "format": "sum",
    }
}


def _config(budget: Budget | None, temp: Path) -> dict[str, str | bool | int | float | list[str]]:
    """Settings of the store: what does not fit into memory spills into ``temp``; rows have no order."""
    return {**replace(budget or Budget(), temp=temp).config(), "preserve_insertion_order": False}


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file, whole or not at all. Raises ``QcError`` ``errors.run-unwritable``."""
    try:
        with disk.whole(path) as temporary:
            pq.write_table(table, temporary, compression="zstd")
    except OSError as error:
        raise disk.unwritable(path, error) from error


def write_files(run: Run, files: pa.Table) -> None:
    """Keep the manifest: the columns of FILES, without where the bytes lie on this machine."""
    write_table(run.files, files.select(TABLES["files"].names))


def build(run: Run, keys: Sequence[str], budget: Budget | None = None) -> None:
    """Make ``facts.duckdb`` anew from ``files.parquet`` and the chunks ``keys``.

    It has every table of :data:`qc.facts.tables.TABLES` that is to be loaded, and appears whole or not at
    all. What link and derive had added to an earlier one is gone: they run again after this.

    Raises ``LookupError`` for a chunk that is not there, ``QcError`` ``errors.run-unwritable``.
    """
    made = run.facts.with_name(f"{run.facts.name}.tmp")
    try:
        _forget(made)
        sources = _sources(run, keys)
        with duckdb.connect(made, config=_config(budget, run.work / "spill")) as con:
            for name, table in TABLES.items():
                if not table.loaded:
                    continue
                con.execute(table.ddl())
                if sources[name]:
                    con.execute(_insert(table), {"paths": sources[name]})
            con.execute("CHECKPOINT")
        _forget(run.facts)
        disk.replace(made, run.facts)
    except OSError as error:
        raise disk.unwritable(run.facts, error) from error
    except duckdb.IOException as error:
        reason = refusal_in(str(error))
        raise QcError("errors.run-unwritable", path=str(run.facts), reason=reason) from error


def connect(run: Run, *, read_only: bool = True, budget: Budget | None = None) -> duckdb.DuckDBPyConnection:
    """Open the store. Raises ``FileNotFoundError`` if it has not been built."""
    if not run.facts.exists():
        raise FileNotFoundError(run.facts)
    # A finished run has no scratch folder, and two commands that ask it must not share one.
    temp = run.work / "spill" if run.work.is_dir() else Path(tempfile.gettempdir(), f"qc-spill-{os.getpid()}")
    return duckdb.connect(run.facts, read_only=read_only, config=_config(budget, temp))


def show_bulk(con: duckdb.DuckDBPyConnection, run: Run, keys: Sequence[str]) -> None:
    """Temporary views, for reducers on ``con``, of the tables that stay in the chunks ``keys``."""
    sources = _sources(run, keys)
    for name, table in TABLES.items():
        if not table.loaded and sources[name]:
            paths = ", ".join(map(literal, sources[name]))
            con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM read_parquet([{paths}])")
        elif not table.loaded:
            con.execute(table.ddl().replace("CREATE TABLE", "CREATE OR REPLACE TEMP TABLE", 1))


def _sources(run: Run, keys: Sequence[str]) -> dict[str, list[str]]:
    """Parquet files of each table."""
    sources: dict[str, list[str]] = {name: [] for name in TABLES}
    sources["files"].append(str(run.files))
    for note in read_notes(run.chunks, keys):
        for name in note.rows:
            sources[name].append(str(run.chunks / note.key / f"{name}.parquet"))
    return sources


def _insert(table: Table) -> str:
    names = ", ".join(f'"{name}"' for name in table.names)
    chosen, grouped = names, ""
    if sums := SUMS.get(table.name):
        chosen = ", ".join(f'{sums[n]}("{n}")' if n in sums else f'"{n}"' for n in table.names)
        grouped = f" GROUP BY {', '.join(n for n in table.names if n not in sums)}"
    return f'INSERT INTO "{table.name}" ({names}) SELECT {chosen} FROM read_parquet($paths){grouped}'


def _forget(path: Path) -> None:
    disk.remove(path)
    disk.remove(path.with_name(f"{path.name}.wal"))
