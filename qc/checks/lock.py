"""The locked database: facts can be asked, nothing can be changed, nothing outside can be reached.

Facts are attached read-only, access to files and the network is off, the configuration is locked. What
a statement could still do (attach an empty database, make a temporary view that shadows a table) is
shut out by running exactly one SELECT on a connection that is thrown away.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

import duckdb

from qc.budget import Budget
from qc.errors import QcError
from qc.sql import literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The attached facts' name, and that of a reference run.
FACTS = "facts"
REFERENCE = "ref"


def open_locked(
    facts: Path, budget: Budget | None = None, reference: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection on which only reading ``facts`` (and ``ref.*``) is possible. Close it after one query."""
    budget = budget or Budget()
    con = duckdb.connect(
        ":memory:",
        config={**budget.config(), "python_enable_replacements": False},
    )
    try:
        con.execute(f"ATTACH {literal(facts)} AS {FACTS} (READ_ONLY)")
        if reference is not None:
            con.execute(f"ATTACH {literal(reference)} AS {REFERENCE} (READ_ONLY)")
        con.execute(f"USE {FACTS}")
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
    except BaseException:
        con.close()
        raise
    return con


def open_writable(facts: Path, budget: Budget) -> duckdb.DuckDBPyConnection:
    """A connection on which nothing but ``facts`` can be reached, but changed. For queries of our own."""
    con = duckdb.connect(str(facts), config={**budget.config(), "python_enable_replacements": False})
    try:
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
    except BaseException:
        con.close()
        raise
    return con


def fresh(database: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A connection of its own to a database of :func:`open_locked`, at a tenth of the cost of another one.

    Views and tables that a statement made for itself, and what it chose to ``USE``, end with its connection.
    """
    con = database.cursor()
    con.execute(f"USE {FACTS}")
    return con


def single_select(sql: str) -> str:
    """``sql`` if it is exactly one SELECT without parameters; raises :class:`QcError` otherwise."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise QcError("checks.query-sql", detail=str(error).strip().partition("\n")[0]) from error
    if len(statements) == 1 and statements[0].type != duckdb.StatementType.SELECT:
        raise QcError("checks.query-not-a-select")
    if len(statements) != 1:
        raise QcError("checks.query-not-one-select", count=len(statements))
    if statements[0].named_parameters:
        raise QcError("checks.query-parameter", name=min(statements[0].named_parameters))
    return sql


class TimeLimitError(Exception):
    """A query took longer than it may."""


@contextmanager
def time_limit(con: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupts what runs on ``con`` after ``seconds``; raises :class:`TimeLimitError` then."""
    expired = False

    def stop() -> None:
        nonlocal expired
        expired = True
        con.interrupt()

    timer = Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.Error as error:
        if expired:
            raise TimeLimitError(seconds) from error
        raise
    finally:
        timer.cancel()
    if expired:
        raise TimeLimitError(seconds)
