"""Which media belong to which item: by what labels name (P3, P4, P8, P9), else by the pairs of their files.

====  ===================================================  ============================================
P3    the label names its medium                           ``"fileNm": "a.wav"``
P4    a label names several media                          one JSON of many sentences, each with its sound
P8    a label lists its media with ids                     COCO, ``annotations.xml`` of CVAT
P9    the rows of a table name media                       ``PHOTO_FILE_NM`` of a CSV
====  ===================================================  ============================================

Runs once, after reading, on the writable database of facts. All is SQL over whole tables, which spills.
Nothing is guessed: what is ambiguous stays unlinked, and a link never crosses splits or groups that the
layout knows. Of several files with the declared name the one counts whose folders agree with the declared
path; then the one that shares most folder names with the label (``task_1/annotations.xml``,
``task_1/images/a.jpg``).

Labels of one item that have a pair by their own name keep it, whatever they declare: the pair is the data as
delivered, and a name that says otherwise is a finding; it must not drag the sizes and shapes of another
picture along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qc.deliverable.pairing import find_areas, forget_areas

if TYPE_CHECKING:
    import duckdb

#: Sources of one name that are compared for an item that declares it; of more nobody knows which is meant.
MOST_OF_A_NAME = 4


def _tails(folder: str) -> str:
    """SQL: the last part of a folder, its last two and its last three; NULL where it has fewer."""
    part = "([^/]+)"
    return ", ".join(
        f"nullif(regexp_extract({folder}, '({'/'.join([part] * n)})$', 1), '') AS tail{n}" for n in (1, 2, 3)
    )


#: Labels of one item with sources of their own name.
_OWN = """
CREATE OR REPLACE TEMP TABLE im_own AS
WITH single AS (
    SELECT file, min(item) AS item FROM items GROUP BY file HAVING count(*) = 1
), own AS (
    SELECT s.item, p.label, p.source, p.rule FROM pairs p JOIN single s ON s.file = p.label
    WHERE p.rule IN ('P1', 'P2', 'P5', 'P6')
), several AS (
    SELECT item, count(DISTINCT f.media) = count(*) AS differ FROM own JOIN files f ON f.file = own.source
    GROUP BY item HAVING count(*) > 1
)
SELECT own.*,
    CASE WHEN s.differ THEN f.media
        WHEN NOT s.differ THEN regexp_extract(f.folder, '([^/]*)$', 1) END AS channel
FROM own JOIN files f ON f.file = own.source LEFT JOIN several s USING (item)
    ANTI JOIN (SELECT item FROM named_media WHERE file_name IS NOT NULL) n USING (item)
"""

#: Names to be found. Channel and part of a name are those of its place if it says none: /front, /pages/3.
_NAMES = rf"""
CREATE OR REPLACE TEMP TABLE im_name AS
WITH declared AS (
    SELECT item, file, file_name, NULL AS channel, NULL AS part, NULL AS offset_s,
        declared_id IS NOT NULL AS listed
    FROM items ANTI JOIN im_own USING (item) ANTI JOIN named_media n USING (item, file_name)
    WHERE file_name IS NOT NULL
    UNION ALL
    SELECT item, file, file_name,
        coalesce(channel, nullif(regexp_extract(pointer, '([^/]+)(/\d+)?$', 1), '')),
        coalesce(part, try_cast(regexp_extract(pointer, '/(\d+)$', 1) AS BIGINT)), offset_s, FALSE
    FROM named_media WHERE file_name IS NOT NULL
), several AS (
    SELECT file FROM (SELECT file FROM items UNION ALL SELECT file FROM named_media)
    GROUP BY file HAVING count(*) > 1
), path AS (
    SELECT *, nfc_normalize(replace(file_name, '\', '/')) AS declared FROM declared
), named AS (
    SELECT *, regexp_extract(declared, '([^/]*)$', 1) AS name,
        regexp_extract(declared, '^(.*)/[^/]*$', 1) AS folder
    FROM path
)
SELECT d.item, d.file AS label, d.declared, d.name, {_tails("d.folder")},
    coalesce(f.split, '') AS split, coalesce(f.group_key, '') AS grp,
    a.id AS place, nullif(a.area, 0) AS area,
    CASE WHEN f.media = 'table' THEN 'P9' WHEN d.file NOT IN (FROM several) THEN 'P3'
        WHEN d.listed THEN 'P8' ELSE 'P4' END AS rule,
    d.channel, d.part, d.offset_s
FROM named d JOIN files f USING (file)
    LEFT JOIN _area a ON a.kind = f.kind AND a.folder = f.folder
        AND a.container_path IS NOT DISTINCT FROM f.container_path
"""

_SOURCES = f"""
CREATE OR REPLACE TEMP TABLE im_source AS
WITH asked AS (
    SELECT DISTINCT name FROM im_name
), named AS (
    SELECT file FROM files SEMI JOIN asked USING (name) WHERE kind = 'source'
    UNION
    SELECT file FROM files JOIN asked ON stem = asked.name WHERE kind = 'source'
), place AS (
    SELECT *, {_tails("concat_ws('/', container_path, nullif(folder, ''))")} FROM _area WHERE kind = 'source'
)
SELECT f.file, f.name, f.stem, coalesce(f.split, '') AS split, coalesce(f.group_key, '') AS grp,
    p.id AS place, p.tail1, p.tail2, p.tail3
FROM files f SEMI JOIN named USING (file)
    JOIN place p ON p.folder = f.folder AND p.container_path IS NOT DISTINCT FROM f.container_path
WHERE f.kind = 'source'
"""

# Names and sources that may be meant; how many parts of the declared path agree, from the end, up to four.
_NO_MET = """
CREATE OR REPLACE TEMP TABLE im_met (
    ref BIGINT, label UBIGINT, file UBIGINT, agreeing TINYINT, label_place BIGINT, source_place BIGINT
)"""

#: Neither side may contradict what the layout knows of the other.
_SAME = "(r.split = '' OR s.split = '' OR r.split = s.split) AND (r.grp = '' OR s.grp = '' OR r.grp = s.grp)"

# Names without a source so far. A declared name without extension stands for the file of that stem, unless a
# file has the whole name.
_WHOLE = "CREATE OR REPLACE TEMP TABLE im_whole AS SELECT DISTINCT name FROM im_source"
_ASKED = """
CREATE OR REPLACE TEMP TABLE im_left AS
SELECT * FROM (SELECT rowid AS ref, * FROM im_name) {kind} JOIN im_whole USING (name)
"""
_LEFT = """
CREATE OR REPLACE TEMP TABLE im_left AS
SELECT * FROM im_left ANTI JOIN (SELECT DISTINCT ref FROM im_met) USING (ref)
"""

#: In which order sources are looked for: what they must have in common beside the name, and how many of them
#: may be compared. The only one of its name; with the longest part of the declared path; in the label's area
#: or below it; anywhere.
_SEARCH = (
    ((), 1),
    (("tail3",), MOST_OF_A_NAME),
    (("tail2",), MOST_OF_A_NAME),
    (("tail1",), MOST_OF_A_NAME),
    (("area", "tail1"), MOST_OF_A_NAME),
    (("area",), MOST_OF_A_NAME),
    ((), MOST_OF_A_NAME),
)


def _meet(key: str, common: tuple[str, ...], most: int) -> str:
    """SQL: adds the sources whose ``key`` (``name`` or ``stem``) is a name that is left, if there are no more
    than ``most`` with the same ``common`` columns.

    The sources are materialized: left to itself, DuckDB puts the semi join last and keeps in memory all that
    it joined before.
    """
    columns = ", ".join(["key", *common])
    places = ", p.area FROM im_source s JOIN _shared p ON p.id = s.place"  # each area above a source
    return f"""
INSERT INTO im_met
WITH keyed AS (
    SELECT s.*, s.{key} AS key{places if "area" in common else " FROM im_source s"}
), few AS (
    SELECT {columns} FROM keyed GROUP BY ALL HAVING count(*) <= {most}
), s AS MATERIALIZED (
    FROM keyed SEMI JOIN few USING ({columns})
)
SELECT r.ref, r.label, s.file,
    CASE WHEN r.tail3 = s.tail3 THEN 4 WHEN r.tail2 = s.tail2 THEN 3 WHEN r.tail1 = s.tail1 THEN 2 ELSE 1 END,
    r.place, s.place
FROM im_left r JOIN s ON s.key = r.name {"".join(f"AND s.{one} = r.{one} " for one in common)}AND {_SAME}
"""


def _search(con: duckdb.DuckDBPyConnection) -> None:
    """Fill ``im_met``; what no name that is left asks for is not looked for."""
    for key, kind in (("name", "SEMI"), ("stem", "ANTI")):
        con.execute(_ASKED.format(kind=kind))
        for common, most in _SEARCH:
            there = " AND ".join([f"{one} IS NOT NULL" for one in common] or ["TRUE"])
            if con.execute(f"SELECT 1 FROM im_left WHERE {there} LIMIT 1").fetchone() is None:
                continue
            con.execute(_meet(key, common, most))
            con.execute(_LEFT)


# Names that several files have; files that are declared twice in one label.
_OPEN = """
CREATE OR REPLACE TEMP TABLE im_open AS
WITH several AS (
    SELECT ref FROM im_met GROUP BY ref HAVING count(*) > 1
), many AS (
    SELECT label FROM im_name GROUP BY label HAVING count(*) > 1
), claimed AS (
    SELECT label, file FROM im_met SEMI JOIN many USING (label) GROUP BY ALL HAVING count(*) > 1
)
SELECT * FROM im_met SEMI JOIN several USING (ref)
UNION ALL
SELECT * FROM im_met ANTI JOIN several USING (ref) SEMI JOIN claimed USING (label, file)
"""

_BEST = """
CREATE OR REPLACE TEMP TABLE im_best AS
WITH part AS (
    SELECT DISTINCT id, part FROM _shared
), common AS (
    SELECT label_place, source_place, count(*) AS common
    FROM (SELECT DISTINCT label_place, source_place FROM im_open)
        JOIN part a ON a.id = label_place JOIN part b ON b.id = source_place AND b.part = a.part
    GROUP BY ALL
), ranked AS (
    SELECT ref, label, file, agreeing, 1000 * agreeing + coalesce(common, 0) AS score
    FROM im_open LEFT JOIN common USING (label_place, source_place)
), best AS (
    SELECT ref, max(score) AS score FROM ranked GROUP BY ref
)
SELECT ref, min(label) AS label, min(file) AS file, min(agreeing) AS agreeing
FROM ranked SEMI JOIN best USING (ref, score) GROUP BY ref HAVING count(*) = 1
UNION ALL
SELECT ref, label, file, agreeing FROM im_met ANTI JOIN (SELECT DISTINCT ref FROM im_open) USING (ref)
"""

# A picture of one name is not every item's of that name: of batch_1/6.jpg and batch_8/6.jpg in one list it
# is the one that agrees best; if different ones agree alike, nobody knows whose it is.
_FOUND = """
CREATE OR REPLACE TEMP TABLE im_found AS
WITH most AS (
    SELECT label, file, max(agreeing) AS agreeing FROM im_best GROUP BY ALL
), closest AS (
    SELECT n.item, n.declared, n.channel, n.part, n.offset_s, n.rule, b.label, b.file
    FROM im_best b SEMI JOIN most USING (label, file, agreeing) JOIN im_name n ON n.rowid = b.ref
), unclear AS (
    SELECT label, file FROM closest GROUP BY ALL HAVING min(declared) <> max(declared)
)
SELECT item, label, file, channel, part, offset_s, rule FROM closest ANTI JOIN unclear USING (label, file)
UNION ALL
SELECT item, label, source, channel, NULL, NULL, rule FROM im_own
"""

# What a label names says more than the folder that it lies in.
_NOT_BY_FOLDER = "DELETE FROM pairs WHERE rule = 'P7' AND label IN (SELECT label FROM im_found)"

#: Labels of one item get all media of their take; the folder that the label's place has not is the channel.
_BY_FOLDER = """
INSERT INTO im_found
WITH single AS (
    SELECT file, min(item) AS item FROM items GROUP BY file HAVING count(*) = 1
), place AS (
    SELECT file, lower(concat_ws('/', container_path, nullif(folder, ''))) AS place,
        regexp_extract(folder, '([^/]*)$', 1) AS last
    FROM files
)
SELECT i.item, p.label, p.source,
    CASE WHEN s.last <> '' AND NOT list_contains(string_split(l.place, '/'), lower(s.last)) THEN s.last END,
    NULL, NULL, p.rule
FROM pairs p JOIN single i ON i.file = p.label
    JOIN place l ON l.file = p.label JOIN place s ON s.file = p.source
WHERE p.rule = 'P7'
"""

_KEEP = (
    """INSERT INTO item_media (item, file, channel, part, offset_s, rule)
    SELECT item, file, channel, part, offset_s, rule FROM im_found ANTI JOIN item_media USING (item, file)
    ORDER BY ALL""",
    """INSERT INTO pairs (label, source, rule)
    SELECT f.label, f.file, min(f.rule) FROM im_found f
    ANTI JOIN pairs p ON p.label = f.label AND p.source = f.file GROUP BY ALL ORDER BY ALL""",
)


def reduce(con: duckdb.DuckDBPyConnection) -> None:
    """Fills ``item_media``, and adds to ``pairs`` what labels name.

    Needs ``files``, ``items``, ``named_media`` and the ``pairs`` by names of files and folders
    (:func:`qc.deliverable.pairing.pair_by_name`). May be run again: it adds nothing twice.
    """
    find_areas(con)
    for statement in (_OWN, _NAMES, _SOURCES, _WHOLE, _NO_MET):
        con.execute(statement)
    _search(con)
    for statement in (_OPEN, _BEST, _FOUND, _NOT_BY_FOLDER, _BY_FOLDER, *_KEEP):
        con.execute(statement)
    for name in ("own", "name", "source", "whole", "left", "met", "open", "best", "found"):
        con.execute(f"DROP TABLE im_{name}")
    forget_areas(con)


def listed_media(con: duckdb.DuckDBPyConnection) -> tuple[int, int] | None:
    """Media that label files of several items name, and how many were found; None without such files."""
    row = con.execute(
        """SELECT count(DISTINCT i.item), count(DISTINCT m.file)
        FROM items i LEFT JOIN item_media m USING (item)
        WHERE i.file_name IS NOT NULL AND i.layer = 'delivered'
            AND i.file IN (SELECT file FROM items GROUP BY file HAVING count(*) > 1)"""
    ).fetchone()
    return (int(row[0]), int(row[1])) if row and row[0] else None
