"""Binds queries to empty tables before anything is read.

An unknown column in a user's check is a line at the start, not a crash at the end of an inspection.
"""

from __future__ import annotations

import graphlib
import re
from typing import TYPE_CHECKING

import duckdb

from qc.checks import model
from qc.checks.load import first_line, near, placeholders
from qc.errors import QcError
from qc.facts.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import pyarrow as pa

    from qc.checks.model import DerivedTable, Library, Value

_WORD = re.compile(r"[a-z][a-z0-9_]*")
_COMMENT = re.compile(r"--[^\n]*")


def levels(library: Library) -> list[list[DerivedTable]]:
    """The derived tables in groups: each needs only facts and tables of earlier groups.

    What a query needs is told by the words in it: DuckDB's own listing of tables binds without them.

    Raises :class:`QcError` for a table that has the name of a table of facts, and for a cycle.
    """
    order: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    for table in library.tables.values():
        if table.id in TABLES:
            raise QcError("checks.table-shadows", path=str(table.source), id=table.id)
        words = set(_WORD.findall(_COMMENT.sub("", table.sql)))
        used = (words & set(library.tables)) - {table.id}
        order.add(table.id, *sorted(used))
    groups = []
    try:
        order.prepare()
    except graphlib.CycleError as error:
        raise QcError("checks.table-cycle", tables=", ".join(error.args[1])) from error
    while order.is_active():
        ready = sorted(order.get_ready())
        groups.append([library.tables[name] for name in ready])
        order.done(*ready)
    return groups


def verify(
    library: Library, plan: Mapping[str, pa.Schema], indicators: Collection[str] | None = None
) -> None:
    """Binds all of ``library`` to empty tables; ``plan`` holds the schemas of the plan's tables.

    Raises :class:`QcError` when a query does not bind, lacks a column of its subject or ``wrong``, a
    message names what neither the query nor the parameters give, or the indicator is unknown.
    """
    with duckdb.connect() as con:
        for fact in filter(lambda table: table.loaded, TABLES.values()):
            con.execute(fact.ddl())
        con.execute("CREATE SCHEMA plan")
        for name, schema in plan.items():
            con.register("planned", schema.empty_table())
            con.execute(f'CREATE TABLE plan."{name}" AS SELECT * FROM planned')
            con.unregister("planned")
        # Binding a query already reads the file that it names: from here on there are tables only.
        con.execute("SET python_enable_replacements = false")
        con.execute("SET enable_external_access = false")
        for table in (t for level in levels(library) for t in level):
            columns = _describe(table.sql, {}, table.source, con)
            for key in table.key:
                if key not in columns:
                    raise QcError("checks.column-missing", path=str(table.source), name=key)
            con.execute(f'CREATE TABLE "{table.id}" AS {table.sql}')
        _verify_checks(library, con, indicators)


def _verify_checks(
    library: Library, con: duckdb.DuckDBPyConnection, indicators: Collection[str] | None
) -> None:
    for check in library.checks.values():
        if indicators is not None and check.indicator not in indicators:
            raise QcError(
                "checks.unknown-indicator",
                path=str(check.source),
                id=check.indicator,
                near=near(check.indicator, indicators),
            )
        values = {name: p.default for name, p in check.params.items()}
        columns = _describe(check.sql, values, check.source, con)
        wanted = [*check.key, "wrong", *(["examined", "faulty"] if check.subject == "path" else [])]
        for name in wanted:
            if name not in columns:
                raise QcError("checks.column-missing", path=str(check.source), name=name)
        if columns["wrong"] not in {"BOOLEAN", "NULL", '"NULL"'}:
            raise QcError("checks.wrong-not-boolean", path=str(check.source), type=columns["wrong"])
        given = {*columns, *check.params, *model.PLACE_COLUMNS, "group"}
        if "keyword" in columns:
            given.add("problem")  # The words of a broken rule of a schema, built by the report.
        for words in check.words.values():
            for template in (words.message, *words.reasons.values()):
                if missing := sorted(placeholders(template) - given):
                    raise QcError("checks.placeholder-unknown", path=str(check.source), name=missing[0])


def _describe(
    sql: str, values: Mapping[str, Value], source: Path, con: duckdb.DuckDBPyConnection
) -> dict[str, str]:
    """Names and types of the columns of a query."""
    try:
        rows = con.execute(f"DESCRIBE {sql}", dict(values)).fetchall()
    except duckdb.Error as error:
        raise QcError("checks.sql", path=str(source), detail=first_line(error)) from error
    return {row[0]: row[1] for row in rows}
