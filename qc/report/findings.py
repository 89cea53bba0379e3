"""Findings of a stored run, filtered and streamed from ``findings.parquet``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import orjson

from qc import globs
from qc.errors import QcError
from qc.report.places import INSIDE, Place

COLUMNS = (
    "finding", "check", "severity", "effect", "certainty", "indicator", "subject_kind", "subject",
    "container_path", "path", "pointer", "line", "col", "item_name", "class", "group_id", "values",
    "fingerprint", "waived",
)  # fmt: skip

_BATCH = 20_000
#: The path under which globs know a file: an archive counts as a folder.
_VIRTUAL = "concat_ws('/', container_path, path)"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of ``findings.parquet``."""

    finding: str
    check: str
    severity: str
    effect: str
    certainty: str
    indicator: str
    subject_kind: str
    subject: str
    place: Place
    #: Which of several items of its file; None if the file has but one.
    item: str | None
    class_: str | None
    group: str | None
    #: What the check's message may speak of.
    values: Mapping[str, Any]
    fingerprint: str | None
    waived: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings: all of a field's alternatives are joined by *or*, the fields by *and*."""

    #: Ids, families (``shapes``) or globs (``shapes.*``).
    checks: tuple[str, ...] = ()
    #: Parts of a path, or globs over the virtual path.
    files: tuple[str, ...] = ()
    #: Class names or globs.
    classes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.checks or self.files or self.classes)


@dataclass(frozen=True, slots=True)
class Tally:
    """Findings of one check."""

    check: str
    #: Waived ones are not among them.
    findings: int
    waived: int
    #: Different files with a finding that is not waived.
    files: int


@dataclass(slots=True)
class _Query:
    """A condition with its parameters, put together piece by piece."""

    pieces: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def any_of(self, pieces: list[tuple[str, str]]) -> None:
        if pieces:
            self.pieces.append("(" + " OR ".join(sql for sql, _ in pieces) + ")")
            self.values += [value for _, value in pieces]

    @property
    def sql(self) -> str:
        return " AND ".join(self.pieces) or "true"


def path_of(run: Path) -> Path:
    """``findings.parquet`` of a run; raises ``QcError`` if the run did not get so far."""
    path = run / "findings.parquet"
    if not path.is_file():
        raise QcError("screen.error.run-unfinished", run=run)
    return path


def tallies(run: Path, wanted: Wanted | None = None) -> dict[str, Tally]:
    """Counts by check, for checks with a finding, waived or not."""
    condition = _condition(wanted)
    with duckdb.connect() as con:
        rows = con.execute(
            f"""SELECT "check", count(*) FILTER (NOT waived), count(*) FILTER (waived),
                       count(DISTINCT file) FILTER (NOT waived)
                FROM read_parquet(?) WHERE {condition.sql} GROUP BY "check" ORDER BY "check" """,
            [str(path_of(run)), *condition.values],
        ).fetchall()
    return {row[0]: Tally(*row) for row in rows}


def stream(run: Path, wanted: Wanted | None = None, limit: int | None = None) -> Iterator[Finding]:
    """Findings in stored order; memory does not grow with their number."""
    condition = _condition(wanted)
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    stop = "" if limit is None else f"LIMIT {int(limit)}"
    with duckdb.connect() as con:
        # Without ORDER BY the rows stream; DuckDB keeps the order of a scan unless told otherwise.
        con.execute("SET preserve_insertion_order = true")
        cursor = con.execute(
            f"SELECT {columns} FROM read_parquet(?) WHERE {condition.sql} {stop}",
            [str(path_of(run)), *condition.values],
        )
        while rows := cursor.fetchmany(_BATCH):
            yield from map(_finding, rows)


def examples(run: Path, each: int = 3, wanted: Wanted | None = None) -> dict[str, list[Finding]]:
    """The first ``each`` findings of every check that are not waived, from as many files as possible."""
    condition = _condition(wanted)
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    with duckdb.connect() as con:
        rows = con.execute(
            f"""
            WITH firsts AS (
                SELECT "check", min(file_row_number, {int(each)}) AS places
                FROM read_parquet($1, file_row_number = true)
                WHERE NOT waived AND {_numbered(condition.sql)} GROUP BY "check", file
            ), spread AS (
                SELECT "check", unnest(places) AS n, unnest(range(len(places))) AS turn FROM firsts
            ), chosen AS (
                SELECT n, row_number() OVER (PARTITION BY "check" ORDER BY turn, n) AS place FROM spread
                QUALIFY place <= {int(each)}
            )
            SELECT {columns} FROM read_parquet($1, file_row_number = true) AS f
            JOIN chosen ON chosen.n = f.file_row_number ORDER BY "check", place
            """,
            [str(path_of(run)), *condition.values],
        ).fetchall()
    found: dict[str, list[Finding]] = {}
    for finding in map(_finding, rows):
        found.setdefault(finding.check, []).append(finding)
    return found


def _numbered(sql: str) -> str:
    # $1 is the file; the condition's own parameters follow it.
    out, count = [], 1
    for piece in sql.split("?"):
        out.append(piece)
        count += 1
        out.append(f"${count}")
    return "".join(out[:-1])


def _condition(wanted: Wanted | None) -> _Query:
    query = _Query()
    if wanted is None:
        return query
    checks: list[tuple[str, str]] = []
    for pattern in wanted.checks:
        checks.append(('"check" GLOB ?', pattern))
        checks.append(('starts_with("check", ?)', f"{pattern}."))
    query.any_of(checks)
    files: list[tuple[str, str]] = []
    for text in wanted.files:
        path = text.replace(INSIDE, "/").replace("\\", "/").strip()
        if any(sign in path for sign in "*?["):
            files.append((f"regexp_matches({_VIRTUAL}, ?)", globs.regex(path)))
        # A name may itself hold brackets: as plain text it counts too.
        files.append((f"contains({_VIRTUAL}, ?)", path))
    query.any_of(files)
    query.any_of([('"class" GLOB ?', name) for name in wanted.classes])
    return query


def _finding(row: tuple[Any, ...]) -> Finding:
    """A row of :data:`COLUMNS`, in that order."""
    finding, check, severity, effect, certainty, indicator, kind, subject = row[:8]
    container, path, pointer, line, col, item, class_, group, values, fingerprint, waived = row[8:]
    return Finding(
        finding,
        check,
        severity,
        effect,
        certainty,
        indicator,
        kind,
        subject,
        Place(container, path, pointer, line, col),
        item,
        class_,
        group,
        orjson.loads(values) if values else {},
        fingerprint,
        bool(waived),
    )
