"""Links what stands in different places: references, classes, and annotations with their items.

Runs once, after reading and before everything that is derived, on the writable database of facts. All of it
is SQL over whole tables; nothing is guessed: what is ambiguous stays unlinked. The media of items come after
this (:mod:`qc.facts.item_media`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

#: Where an id is looked up: in its file, its group of files, or everywhere.
_AREA = "CASE {t}.scope WHEN 'file' THEN {t}.file WHEN 'group' THEN hash(f.group_key) ELSE 0 END AS area"

#: Declared ids by area, of those spaces that are referred to. Of an id declared twice the first place counts.
_TARGETS = f"""
CREATE OR REPLACE TEMP TABLE link_targets AS
WITH declared AS (
    SELECT i.space, i.value, i.subject, i.pointer, {_AREA.format(t="i")}
    FROM ids i LEFT JOIN files f ON i.scope = 'group' AND f.file = i.file
    WHERE i.space IN (SELECT space FROM refs)
),
counted AS (
    SELECT space, area, value, min(subject) AS subject, count(*) AS times
    FROM declared GROUP BY space, area, value
)
SELECT space, area, value, subject FROM counted WHERE times = 1
UNION ALL
SELECT space, area, value, arg_min(d.subject, (length(d.pointer), d.pointer, d.subject))
FROM counted c JOIN declared d USING (space, area, value) WHERE c.times > 1
GROUP BY space, area, value
"""

#: A reference resolves, does not, or cannot be told because nothing of its space is declared in its scope.
_REFS = f"""
CREATE OR REPLACE TABLE refs AS
WITH areas AS (SELECT DISTINCT space, area FROM link_targets),
used AS (
    SELECT r.*, {_AREA.format(t="r")}
    FROM refs r LEFT JOIN files f ON r.scope = 'group' AND f.file = r.file
)
SELECT u.* EXCLUDE (area) REPLACE (
    t.subject AS target,
    CASE WHEN t.subject IS NOT NULL THEN TRUE WHEN a.space IS NOT NULL THEN FALSE END AS resolves)
FROM used u
LEFT JOIN link_targets t ON t.space = u.space AND t.area = u.area AND t.value = u.value
LEFT JOIN areas a ON a.space = u.space AND a.area = u.area
"""

#: Annotations that name an item or a class by an id which their own reader has not resolved: few, if any.
_UNLINKED = """
CREATE OR REPLACE TEMP TABLE unlinked AS
SELECT annotation, file, CASE WHEN item IS NULL THEN item_ref END AS item_ref,
    CASE WHEN class IS NULL THEN class_ref END AS class_ref
FROM annotations
WHERE (item IS NULL AND item_ref IS NOT NULL) OR (class IS NULL AND class_ref IS NOT NULL)
"""

#: What they name: in their own file first, of several the first, else wherever the reference led. (Windows,
#: not arg_min: what an aggregate keeps of text cannot leave the memory.)
_FOUND = """
CREATE OR REPLACE TEMP TABLE found AS
WITH own_items AS (
    SELECT u.annotation, i.item
    FROM unlinked u JOIN items i ON i.file = u.file AND i.declared_id = u.item_ref
    QUALIFY row_number() OVER (PARTITION BY u.annotation ORDER BY length(i.pointer), i.pointer) = 1
),
own_classes AS (
    SELECT u.annotation, c.class
    FROM unlinked u JOIN classes c ON c.file = u.file AND c.declared_id = u.class_ref
    QUALIFY row_number() OVER (PARTITION BY u.annotation ORDER BY length(c.pointer), c.pointer) = 1
),
{foreign}
SELECT annotation, coalesce(i.item, fi.item) AS item, coalesce(c.class, fc.class) AS class
FROM unlinked u
LEFT JOIN own_items i USING (annotation)
LEFT JOIN own_classes c USING (annotation)
LEFT JOIN foreign_items fi USING (annotation)
LEFT JOIN foreign_classes fc USING (annotation)
WHERE coalesce(i.item, fi.item) IS NOT NULL OR coalesce(c.class, fc.class) IS NOT NULL
"""

_ANNOTATIONS = """
CREATE OR REPLACE TABLE annotations AS
SELECT a.* REPLACE (coalesce(a.item, f.item) AS item, coalesce(a.class, f.class) AS class)
FROM annotations a LEFT JOIN found f USING (annotation)
"""

#: References out of the file; most deliverables have none, and two million rows need no join then.
_FOREIGN = """
foreign_items AS (
    SELECT r.subject AS annotation, min(i.item) AS item
    FROM refs r JOIN items i ON i.item = r.target
    WHERE r.kind = 'annotation' AND r.scope <> 'file' AND i.file <> r.file
    GROUP BY r.subject
),
foreign_classes AS (
    SELECT r.subject AS annotation, min(c.class) AS class
    FROM refs r JOIN classes c ON c.class_row = r.target
    WHERE r.kind = 'annotation' AND r.scope <> 'file' AND c.file <> r.file
    GROUP BY r.subject
)
"""

#: For who comes after: items that got shapes of other files, and annotations whose class was looked up.
_LINKED = (
    "CREATE TEMP TABLE IF NOT EXISTS linked_items (item UBIGINT)",
    "CREATE TEMP TABLE IF NOT EXISTS linked_classes (annotation UBIGINT)",
)

#: Tables whose rows belong to an annotation and get their item from it.
_OWNED = ("shapes", "spans", "intervals", "texts")


def link(con: duckdb.DuckDBPyConnection) -> None:
    """Fills ``refs.target`` and ``resolves``, and items and classes of annotations.

    Leaves the temporary tables ``linked_items`` (items that shapes were given to) and ``linked_classes``
    (annotations whose class was looked up) to :func:`qc.facts.neighbours.reduce`.

    Needs the facts of all files. May be run again.
    """
    con.execute("BEGIN")
    try:
        _references(con)
        _annotations(con)
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def _references(con: duckdb.DuckDBPyConnection) -> None:
    # The reader has resolved what stays inside its file: in most deliverables that is all.
    if _any(con, "SELECT 1 FROM refs WHERE resolves IS NULL"):
        con.execute(_TARGETS)
        con.execute(_REFS)
        con.execute("DROP TABLE link_targets")


def _annotations(con: duckdb.DuckDBPyConnection) -> None:
    for table in _LINKED:
        con.execute(table)
    con.execute(_UNLINKED)
    if _any(con, "SELECT 1 FROM unlinked"):
        if _any(con, "SELECT 1 FROM refs WHERE kind = 'annotation' AND scope <> 'file' AND resolves"):
            foreign = _FOREIGN
        else:
            foreign = (
                "foreign_items AS (SELECT CAST(NULL AS UBIGINT) AS annotation, CAST(NULL AS UBIGINT) AS item "
                "WHERE false), foreign_classes AS (SELECT CAST(NULL AS UBIGINT) AS annotation, "
                "CAST(NULL AS VARCHAR) AS class WHERE false)"
            )
        con.execute(_FOUND.format(foreign=foreign))
        if _any(con, "SELECT 1 FROM found"):
            con.execute("INSERT INTO linked_classes SELECT annotation FROM found WHERE class IS NOT NULL")
            con.execute(_ANNOTATIONS)
        con.execute("DROP TABLE found")
    con.execute("DROP TABLE unlinked")
    con.execute(
        "INSERT INTO linked_items SELECT DISTINCT a.item FROM shapes s JOIN annotations a USING (annotation) "
        "WHERE s.item IS NULL AND a.item IS NOT NULL"
    )
    con.execute("INSERT INTO linked_items SELECT DISTINCT item FROM items_in_parts")
    for table in _OWNED:
        if _any(con, f"SELECT 1 FROM {table} WHERE item IS NULL AND annotation IS NOT NULL"):
            con.execute(
                f"CREATE OR REPLACE TABLE {table} AS SELECT t.* REPLACE (coalesce(t.item, a.item) AS item) "
                f"FROM {table} t LEFT JOIN annotations a USING (annotation)"
            )


def _any(con: duckdb.DuckDBPyConnection, sql: str) -> bool:
    return bool(con.execute(f"{sql} LIMIT 1").fetchall())
