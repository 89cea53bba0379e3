"""Links what stands in different places: references, classes, and items with their media.

Runs once, after reading and before everything that is derived, on the writable database of facts. All of it
is SQL over whole tables; nothing is guessed: what is ambiguous stays unlinked.

Media of an item are found by the name that its label declares (P3; P8 for a list of many), else by the
label file's own pair (P1, P2). A link never crosses splits or groups that the layout knows.
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

#: Items and classes that annotations name by id: in their own file first, else wherever the reference led.
_ANNOTATIONS = """
CREATE OR REPLACE TABLE annotations AS
WITH own_items AS (
    SELECT file, declared_id, arg_min(item, (length(pointer), pointer)) AS item
    FROM items WHERE declared_id IS NOT NULL GROUP BY file, declared_id
),
own_classes AS (
    SELECT file, declared_id, arg_min(class, (length(pointer), pointer)) AS class
    FROM classes WHERE declared_id IS NOT NULL GROUP BY file, declared_id
),
{foreign}
SELECT a.* REPLACE (
    coalesce(a.item, i.item, fi.item) AS item,
    coalesce(a.class, c.class, fc.class) AS class)
FROM annotations a
LEFT JOIN own_items i ON i.file = a.file AND i.declared_id = a.item_ref
LEFT JOIN own_classes c ON c.file = a.file AND c.declared_id = a.class_ref
LEFT JOIN foreign_items fi ON fi.annotation = a.annotation
LEFT JOIN foreign_classes fc ON fc.annotation = a.annotation
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

#: Tables whose rows belong to an annotation and get their item from it.
_OWNED = ("shapes", "spans", "intervals", "texts")

_MEDIA = """
CREATE OR REPLACE TEMP TABLE link_media AS
WITH
declared AS (
    SELECT i.item, i.file, f.split, f.group_key, count(*) OVER (PARTITION BY i.file) AS items,
        nfc_normalize(replace(i.file_name, '\\', '/')) AS declared,
        regexp_extract(nfc_normalize(replace(i.file_name, '\\', '/')), '([^/]*)$', 1) AS name
    FROM items i JOIN files f USING (file)
),
sources AS (
    SELECT file, name, stem, split, group_key, concat_ws('/', container_path, path) AS whole
    FROM files WHERE kind = 'source'
),
candidates AS (
    SELECT d.item, d.file AS label, s.file, s.whole, d.declared, d.items
    FROM declared d JOIN sources s ON s.name = d.name
    WHERE {same}
    UNION ALL
    SELECT d.item, d.file AS label, s.file, regexp_replace(s.whole, '\\.[^./]*$', ''), d.declared, d.items
    FROM declared d JOIN sources s ON s.stem = d.name
    WHERE {same} AND NOT EXISTS (SELECT 1 FROM sources o WHERE o.name = d.name)
),
-- Of several with one name: the one whose folders agree with the declared path, counted from the end.
ranked AS (
    SELECT *, CASE WHEN count(*) OVER (PARTITION BY item) = 1 AND count(*) OVER (PARTITION BY label, file) = 1
        THEN 0 ELSE length(list_filter(
        range(1, 1 + least(length(string_split(whole, '/')), length(string_split(declared, '/')))),
        lambda n: string_split(whole, '/')[-n:] = string_split(declared, '/')[-n:])) END AS agreeing
    FROM candidates
),
best AS (
    SELECT item, min(label) AS label, min(file) AS file, min(declared) AS declared, min(agreeing) AS agreeing
    FROM (SELECT * FROM ranked QUALIFY agreeing = max(agreeing) OVER (PARTITION BY item))
    GROUP BY item HAVING count(*) = 1
),
-- A picture of one name is not every item's of that name: of batch_1/6.jpg and batch_8/6.jpg in one list it
-- is the one that agrees best; if different ones agree alike, nobody knows whose it is.
whose AS (
    SELECT item, file
    FROM (SELECT * FROM best QUALIFY agreeing = max(agreeing) OVER (PARTITION BY label, file))
    QUALIFY min(declared) OVER (PARTITION BY label, file) = max(declared) OVER (PARTITION BY label, file)
),
-- A label of one item may also have a pair by its own name.
own AS (
    SELECT label, min(source) AS source, min(rule) AS rule FROM pairs
    WHERE rule IN ('P1', 'P2') GROUP BY label HAVING count(*) = 1
)
SELECT d.item, d.file AS label,
    -- If the label's own pair has another name than the declared one, the pair is the data as delivered, and
    -- the declared name is a finding; it must not drag the sizes and shapes of another picture along.
    CASE WHEN d.items = 1 AND o.source IS NOT NULL THEN o.source ELSE b.file END AS file,
    CASE WHEN d.items = 1 AND o.source IS NOT NULL THEN o.rule
        WHEN d.items > 1 THEN 'P8' ELSE 'P3' END AS rule
FROM declared d LEFT JOIN whose b USING (item) LEFT JOIN own o ON o.label = d.file
WHERE (d.items = 1 AND o.source IS NOT NULL) OR b.file IS NOT NULL
"""

#: Neither side may contradict what the layout knows of the other.
_SAME = """
(d.split IS NULL OR s.split IS NULL OR d.split = s.split)
AND (d.group_key IS NULL OR s.group_key IS NULL OR d.group_key = s.group_key)
"""


def link(con: duckdb.DuckDBPyConnection) -> None:
    """Fills ``refs.target`` and ``resolves``, items and classes of annotations, ``item_media`` and ``pairs``.

    Needs the facts of all files and the P1 and P2 rows of ``pairs``. May be run again: rows that it has
    added are not added twice.
    """
    con.execute("BEGIN")
    try:
        _references(con)
        _annotations(con)
        _media(con)
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
    # Formats that nest annotations inside their item and name classes outright need nothing of this.
    named = "(item IS NULL AND item_ref IS NOT NULL) OR (class IS NULL AND class_ref IS NOT NULL)"
    if _any(con, f"SELECT 1 FROM annotations WHERE {named}"):
        if _any(con, "SELECT 1 FROM refs WHERE kind = 'annotation' AND scope <> 'file' AND resolves"):
            foreign = _FOREIGN
        else:
            foreign = (
                "foreign_items AS (SELECT CAST(NULL AS UBIGINT) AS annotation, CAST(NULL AS UBIGINT) AS item "
                "WHERE false), foreign_classes AS (SELECT CAST(NULL AS UBIGINT) AS annotation, "
                "CAST(NULL AS VARCHAR) AS class WHERE false)"
            )
        con.execute(_ANNOTATIONS.format(foreign=foreign))
    for table in _OWNED:
        if _any(con, f"SELECT 1 FROM {table} WHERE item IS NULL AND annotation IS NOT NULL"):
            con.execute(
                f"CREATE OR REPLACE TABLE {table} AS SELECT t.* REPLACE (coalesce(t.item, a.item) AS item) "
                f"FROM {table} t LEFT JOIN annotations a USING (annotation)"
            )


def _media(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_MEDIA.format(same=_SAME))
    con.execute(
        "INSERT INTO item_media (item, file, rule) SELECT item, file, rule FROM link_media l "
        "WHERE NOT EXISTS (SELECT 1 FROM item_media m WHERE m.item = l.item AND m.file = l.file) "
        "ORDER BY item"
    )
    con.execute(
        "INSERT INTO pairs (label, source, rule) SELECT DISTINCT label, file, rule FROM link_media l "
        "WHERE NOT EXISTS (SELECT 1 FROM pairs p WHERE p.label = l.label AND p.source = l.file) "
        "ORDER BY label, file"
    )
    con.execute("DROP TABLE link_media")


def listed_media(con: duckdb.DuckDBPyConnection) -> tuple[int, int] | None:
    """Media that label files of several items name, and how many were found; None without such files."""
    row = con.execute(
        """SELECT count(DISTINCT i.item), count(DISTINCT m.file)
        FROM items i LEFT JOIN item_media m USING (item)
        WHERE i.file_name IS NOT NULL AND i.layer = 'delivered'
            AND i.file IN (SELECT file FROM items GROUP BY file HAVING count(*) > 1)"""
    ).fetchone()
    return (int(row[0]), int(row[1])) if row and row[0] else None


def _any(con: duckdb.DuckDBPyConnection, sql: str) -> bool:
    return bool(con.execute(f"{sql} LIMIT 1").fetchall())
