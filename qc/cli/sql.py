"""``qc sql``: a question to the tables of a run; nothing can be changed."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import duckdb
from rich.cells import cell_len
from rich.text import Text

from qc.budget import Budget
from qc.checks.lock import TimeLimitError, open_locked, single_select, time_limit
from qc.cli.app import PATH, App, current, everywhere
from qc.cli.speaking import Speaking
from qc.errors import QcError
from qc.report.blocks import columns
from qc.runs.folder import Run
from qc.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 100
_BATCH = 10_000
#: A column of a table on the screen is cut here; ``--format csv`` has all of it.
_WIDEST = 60


@click.command(cls=Speaking, name="sql", help="screen.command.sql")
@click.argument("run", metavar="RUN", type=PATH)
@click.argument("query", metavar="QUERY")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    help="screen.option.format",
)
@click.option("--limit", type=click.IntRange(min=0), default=LIMIT, metavar="N", help="screen.option.rows")
@everywhere
def sql(*, run: Path, query: str, format_: Literal["table", "csv", "json"], limit: int) -> int:
    """Asks and prints the answer."""
    app = current()
    facts = Run.open(run).facts
    if not facts.is_file():
        raise QcError("screen.error.run-unfinished", run=run)
    budget = Budget()
    try:
        con = open_locked(facts, budget)
    except duckdb.Error as error:
        raise QcError("errors.run-broken", path=run) from error
    try:
        with time_limit(con, budget.seconds):
            cursor = con.execute(single_select(query))
            _print(cursor, format_, limit, app)
    except TimeLimitError as error:
        raise QcError("screen.error.sql-slow", seconds=round(budget.seconds)) from error
    except duckdb.Error as error:
        raise QcError("screen.error.sql-wrong", reason=str(error).strip().splitlines()[0]) from error
    finally:
        con.close()
    return 0


def _print(cursor: duckdb.DuckDBPyConnection, format_: str, limit: int, app: App) -> None:
    names = [column[0] for column in cursor.description or ()]
    if format_ == "csv":
        writer = csv.writer(app.out.file, lineterminator="\n")
        writer.writerow(names)
        for row in _rows(cursor):
            writer.writerow(["" if value is None else _plain(value) for value in row])
    elif format_ == "json":
        before = "[\n"
        for row in _rows(cursor):
            values = map(_finite, row)
            line = json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False, default=str)
            app.out.file.write(before + line)
            before = ",\n"
        app.out.file.write("\n]\n" if before == ",\n" else "[]\n")
    else:
        _table(names, cursor.fetchmany(limit + 1) if limit else cursor.fetchall(), limit, app)


def _rows(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(_BATCH):
        yield from rows


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity; they are null, as missing values are."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return list(map(_finite, value)) if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value


def _table(names: list[str], rows: list[tuple[Any, ...]], limit: int, app: App) -> None:
    cut = bool(limit) and len(rows) > limit
    rows = rows[:limit] if cut else rows
    table = columns()
    for place, name in enumerate(names):
        numbers = all(isinstance(row[place], (int, float)) or row[place] is None for row in rows)
        table.add_column(Text(name), justify="right" if numbers and rows else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_short(value)) for value in row))
    if not app.out.is_terminal:
        app.out.width = max(app.out.width, sum(2 + _width(names, rows, place) for place in range(len(names))))
    app.show(table)
    app.note(app.say("screen.sql.cut", shown=limit) if cut else app.say("screen.sql.rows", rows=len(rows)))


def _width(names: list[str], rows: list[tuple[Any, ...]], place: int) -> int:
    return max([cell_len(names[place]), *(cell_len(_short(row[place])) for row in rows)])


def _short(value: Any) -> str:
    text = "NULL" if value is None else shown(_plain(value))
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
