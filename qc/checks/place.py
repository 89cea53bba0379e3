"""Where a finding is, and what it is called over rounds.

Findings of all checks are collected on one desk: an in-memory database of our own beside the facts
(read-only). Places are joined once, for all checks together.

A fingerprint is the *identity* of its subject, not its place: an annotation's declared id if that is
unique in its file and layer, else the digest of its content and its ordinal among equals; an item's
media digest, else its key; a file's normalised path. Deleting annotations so leaves all others what
they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from qc import globs
from qc.checks.load import placeholders
from qc.checks.model import SUBJECT_KEYS
from qc.sql import literal

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from qc.budget import Budget
    from qc.checks.grade import Task

#: Columns of ``findings.parquet``, in order.
COLUMNS: dict[str, str] = {
    "finding": "VARCHAR",
    "check": "VARCHAR",
    "severity": "VARCHAR",
    "effect": "VARCHAR",
    "certainty": "VARCHAR",
    "indicator": "VARCHAR",
    "subject_kind": "VARCHAR",
    "subject": "VARCHAR",
    "file": "UBIGINT",
    "container_path": "VARCHAR",
    "path": "VARCHAR",
    "pointer": "VARCHAR",
    "line": "BIGINT",
    "col": "BIGINT",
    "item": "UBIGINT",
    "item_name": "VARCHAR",
    "class": "VARCHAR",
    "group_id": "VARCHAR",
    "values": "VARCHAR",
    "fingerprint": "VARCHAR",
    "waived": "BOOLEAN",
}

_FOUND = """
CREATE TABLE found (
    "check" VARCHAR, severity VARCHAR, effect VARCHAR, certainty VARCHAR, indicator VARCHAR,
    subject_kind VARCHAR,
    subject VARCHAR, id UBIGINT, file UBIGINT, pointer VARCHAR, line BIGINT, col BIGINT, item UBIGINT,
    "class" VARCHAR, group_id VARCHAR, detail VARCHAR, "values" VARCHAR, waived BOOLEAN
)
"""

#: Names of annotations that do not depend on where they stand, for files with findings.
_ANNOTATION_NAMES = """
CREATE TABLE annotation_names AS
SELECT annotation, CASE
    WHEN declared_id IS NOT NULL AND count(*) OVER (PARTITION BY file, layer, declared_id) = 1
        THEN 'id:' || declared_id
    ELSE 'content:' || coalesce(content, 0) || ':' || row_number() OVER (
        PARTITION BY file, layer, item, frame, content ORDER BY length(pointer), pointer)
    END AS name
FROM facts.annotations
WHERE file IN (
    SELECT DISTINCT a.file FROM facts.annotations a JOIN found_places g ON g.id = a.annotation
    WHERE g.subject_kind = 'annotation')
"""

_ITEM_NAMES = """
CREATE TABLE item_names AS
SELECT i.item, coalesce(i.layer, '') || chr(31)
    || coalesce(m.digest, i.key, f.path || chr(31) || i.pointer) AS name
FROM facts.items i JOIN facts.files f USING (file)
LEFT JOIN (
    SELECT m.item, min(f.digest) AS digest FROM facts.item_media m JOIN facts.files f USING (file)
    WHERE f.digest IS NOT NULL GROUP BY m.item HAVING count(*) = 1
) m ON m.item = i.item
WHERE i.item IN (SELECT item FROM found_places WHERE item IS NOT NULL)
"""

#: What an item is called, where a file has several and the file alone does not say which.
_CALLED = """
CREATE TABLE called AS
SELECT i.item, coalesce(i.file_name, i.key, i.declared_id) AS item_name
FROM facts.items i
WHERE i.item IN (SELECT item FROM found_places WHERE item IS NOT NULL)
    AND i.file IN (SELECT file FROM facts.items GROUP BY file HAVING count(*) > 1)
"""

_PLACED = """
CREATE TABLE placed AS
SELECT g.*, c.item_name, f.container_path, f.path, concat_ws('/', f.container_path, f.path) AS virtual_path,
    md5(concat_ws(chr(31), g."check", CASE g.subject_kind
        WHEN 'annotation' THEN coalesce(i.name, concat_ws('/', f.container_path, f.path)) || chr(31) || n.name
        WHEN 'item' THEN i.name
        WHEN 'track' THEN coalesce(i.name, f.path) || chr(31) || coalesce(g.detail, g.pointer)
        WHEN 'file' THEN concat_ws('/', f.container_path, f.path)
        WHEN 'group' THEN concat_ws(chr(31), g.subject, f.container_path, f.path, n.name, g.detail)
        WHEN 'path' THEN concat_ws(chr(31), g.subject, f.container_path, f.path, g.detail)
        ELSE g.subject END)) AS identity
FROM found_places g
LEFT JOIN facts.files f ON f.file = g.file
LEFT JOIN item_names i ON i.item = g.item
LEFT JOIN called c ON c.item = g.item
LEFT JOIN annotation_names n ON n.annotation = g.id AND g.subject_kind = 'annotation'
"""

#: Where the subjects of a kind stand, by their ids.
_SUBJECTS = {"file": "files", "item": "items", "annotation": "annotations", "track": "tracks"}

#: Natural order of pointers: /annotations/2 before /annotations/10.
_ORDER = (
    '"check", container_path NULLS FIRST, path NULLS FIRST, line, '
    'length(pointer), pointer, subject, detail, "values"'
)


class Desk:
    """Collects findings and gives them places, fingerprints and waivers. A context manager."""

    def __init__(self, facts: Path, budget: Budget, today: datetime.date) -> None:
        self.today = today
        self._tasks: list[Task] = []
        self._con = duckdb.connect(
            ":memory:",
            config={**budget.config(), "python_enable_replacements": False},
        )
        self._con.execute(f"ATTACH {literal(facts)} AS facts (READ_ONLY)")
        self._run(_FOUND)

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._con.close()

    def bounds(self, tables: Mapping[str, str]) -> dict[str, int]:
        """Rows of each table, by subject kind."""
        return {kind: self._one(f"SELECT count(*) FROM facts.{table}")[0] for kind, table in tables.items()}

    def strangers(self, kind: str, answer: pa.Table | Path) -> tuple[int, int]:
        """How many rows of an answer (or of the file that holds it) are about subjects of ``kind`` that do
        not exist, and about one that another row is about; 0 for kinds without a table."""
        if kind not in _SUBJECTS:
            return 0, 0
        stored = not isinstance(answer, pa.Table)
        rows = f"read_parquet({literal(answer)})" if stored else "answer"
        subject = "subject" if stored else f'CAST("{kind}" AS UBIGINT)'
        if not stored:
            self._con.register("answer", answer)
        try:
            strangers, repeated = self._one(
                f"SELECT count(*) FILTER (s.known IS NULL), count(*) - count(DISTINCT a.subject) "
                f"FROM (SELECT {subject} AS subject FROM {rows}) a "
                f'LEFT JOIN (SELECT "{kind}" AS known FROM facts.{_SUBJECTS[kind]}) s ON s.known = a.subject'
            )
        finally:
            if not stored:
                self._con.unregister("answer")
        return int(strangers), int(repeated)

    def count(self, table: pa.Table, key: Sequence[str], *, values: bool) -> tuple[int, int, int, int, int]:
        """Subjects (examined, wrong, unknown) and values (examined, faulty) of an answer with many rows."""
        self._con.register("answer", table)
        try:
            keys = ", ".join(f'"{k}"' for k in key)
            sums = "coalesce(sum(e), 0), coalesce(sum(f), 0)" if values else "0, 0"
            inner = "max(examined) AS e, max(faulty) AS f" if values else "0 AS e, 0 AS f"
            row = self._one(
                f"SELECT count(w), count(*) FILTER (w), count(*) - count(w), {sums} FROM "
                f"(SELECT bool_or(CAST(wrong AS BOOLEAN)) AS w, {inner} FROM answer GROUP BY {keys})"
            )
        finally:
            self._con.unregister("answer")
        return tuple(int(v) for v in row)  # type: ignore[return-value]

    def add(self, task: Task, rows: pa.Table) -> None:
        """Takes the wrong rows of a check's answer."""
        check, names = task.check, rows.column_names
        key = SUBJECT_KEYS[check.subject]

        def column(name: str, type_: str) -> str:
            return f'CAST("{name}" AS {type_})' if name in names else f"CAST(NULL AS {type_})"

        own = check.subject in ("annotation", "item", "file", "track")
        subject = " || ' ' || ".join(f'CAST("{k}" AS VARCHAR)' for k in key)
        # What tells apart two findings of one path, or two members of one group, in one file.
        detail = ", ".join(
            f'CAST("{k}" AS VARCHAR)' for k in ("detail_key", "keyword", "detail") if k in names
        )
        self._con.register("answer", rows)
        try:
            self._run(
                f"""
                INSERT INTO found
                SELECT ?, ?, ?, ?, ?, ?, {subject}, {column(check.subject, "UBIGINT") if own else "NULL"},
                    {column("file", "UBIGINT")}, {column("pointer", "VARCHAR")}, {column("line", "BIGINT")},
                    {column("col", "BIGINT")}, {column("item", "UBIGINT")}, {column("class", "VARCHAR")},
                    {column("group_id", "VARCHAR")}, {f"concat_ws(chr(31), {detail})" if detail else "NULL"},
                    {_json(rows, set(key), task)}, false
                FROM answer
                """,
                [check.id, task.severity, task.effect, check.certainty, check.indicator, check.subject],
            )
        finally:
            self._con.unregister("answer")
        self._tasks.append(task)

    def enrich(self) -> None:
        """Joins places to all findings, names them, and applies waivers."""
        run = self._run
        run(
            """
            CREATE TABLE found_places AS
            SELECT f.* REPLACE (
                coalesce(f.file, a.file, i.file, t.file) AS file,
                coalesce(f.pointer, a.pointer, i.pointer, t.pointer) AS pointer,
                coalesce(f.item, a.item, i.item, t.item) AS item,
                coalesce(f."class", a."class", t."class") AS "class",
                coalesce(f.detail, t.declared_id) AS detail)
            FROM found f
            LEFT JOIN facts.annotations a ON f.subject_kind = 'annotation' AND a.annotation = f.id
            LEFT JOIN facts.items i ON f.subject_kind = 'item' AND i.item = f.id
            LEFT JOIN facts.tracks t ON f.subject_kind = 'track' AND t.track = f.id
            """
        )
        run("DROP TABLE found")
        run("UPDATE found_places SET item = id WHERE subject_kind = 'item'")
        run("UPDATE found_places SET file = id WHERE subject_kind = 'file'")
        run(_ANNOTATION_NAMES)
        run(_ITEM_NAMES)
        run(_CALLED)
        run(_PLACED)
        run("DROP TABLE found_places")
        for task in self._tasks:
            for waiver in task.waivers:
                if not waiver.holds(self.today):
                    continue
                where = "" if waiver.where is None else "AND regexp_matches(virtual_path, ?, 's')"
                values = [task.check.id, *([] if waiver.where is None else [globs.regex(waiver.where)])]
                run(f'UPDATE placed SET waived = true WHERE "check" = ? {where}', values)

    def waived(self, check: str) -> list[str]:
        """Subjects of ``check`` all of whose findings are waived."""
        rows = self._run(
            'SELECT subject FROM placed WHERE "check" = ? '
            "GROUP BY subject HAVING bool_and(waived) ORDER BY subject",
            [check],
        )
        return [row[0] for row in rows]

    def write(self, path: Path) -> None:
        """Writes all findings in total order: by check, then by place."""
        temporary = path.with_suffix(".tmp")
        columns = ", ".join(f'CAST("{name}" AS {type_}) AS "{name}"' for name, type_ in COLUMNS.items())
        target = str(temporary).replace("'", "''")
        self._run(
            f"""
            COPY (
                SELECT {columns} FROM (
                    SELECT *, 'F' || lpad(CAST(number AS VARCHAR), 6, '0') AS finding,
                        left(identity, 16) || CASE WHEN again > 1 THEN '-' || again ELSE '' END AS fingerprint
                    FROM (
                        SELECT *, row_number() OVER (ORDER BY {_ORDER}) AS number,
                            row_number() OVER (PARTITION BY identity ORDER BY {_ORDER}) AS again
                        FROM placed)
                ) ORDER BY number
            ) TO '{target}' (FORMAT parquet)
            """
        )
        temporary.replace(path)

    def _one(self, sql: str) -> tuple[Any, ...]:
        return self._run(sql)[0]

    def _run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement: DuckDB refuses the next one until a result is fetched to its end."""
        return self._con.execute(sql, list(values)).fetchall()


def _json(rows: pa.Table, key: set[str], task: Task) -> str:
    """SQL for the JSON text of what the message may speak of: the query's own columns, and parameters."""
    hidden = {*key, "wrong", "file", "pointer", "line", "col", "item", "group_id", "detail_key"}
    if len(key) > 1 or "class" in key:
        hidden -= key - {"file"}
    parts = []
    for field in rows.schema:
        if field.name in hidden:
            continue
        value = f'"{field.name}"'
        if pa.types.is_floating(field.type):
            value = f"CASE WHEN isfinite({value}) THEN {value} END"  # JSON knows no NaN.
        parts.append(f"'{field.name}': {value}")
    spoken: set[str] = set()
    for words in task.check.words.values():
        spoken |= placeholders(words.message)
    for name in sorted(spoken & set(task.values)):
        given = task.values[name]
        literal = "'" + given.replace("'", "''") + "'" if isinstance(given, str) else str(given).lower()
        parts.append(f"'{name}': {literal}")
    return f"to_json({{{', '.join(parts)}}})" if parts else "NULL"
