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

from qc.deliverable.pairing import alike_at_the_end, find_areas, forget_areas

if TYPE_CHECKING:
    import duckdb

#: Sources of one name that are compared for every item that declares it. Of more, only those that share all
#: folder names with the label, or the folder with the declared path, and at most so many of these.
MOST_OF_A_NAME = 64

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
_NAMES = r"""
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
)
SELECT d.item, d.file AS label, d.declared, regexp_extract(d.declared, '([^/]*)$', 1) AS name,
    nullif(regexp_extract(d.declared, '([^/]*)/[^/]*$', 1), '') AS parent,
    coalesce(f.split, '') AS split, coalesce(f.group_key, '') AS grp, a.area,
    CASE WHEN f.media = 'table' THEN 'P9' WHEN d.file NOT IN (FROM several) THEN 'P3'
        WHEN d.listed THEN 'P8' ELSE 'P4' END AS rule,
    d.channel, d.part, d.offset_s
FROM path d JOIN files f USING (file)
    LEFT JOIN _area a ON a.kind = f.kind AND a.folder = f.folder
        AND a.container_path IS NOT DISTINCT FROM f.container_path
"""

_SOURCES = """
CREATE OR REPLACE TEMP TABLE im_source AS
WITH asked AS (
    SELECT DISTINCT name FROM im_name
), named AS (
    SELECT file FROM files SEMI JOIN asked USING (name) WHERE kind = 'source'
    UNION
    SELECT file FROM files JOIN asked ON stem = asked.name WHERE kind = 'source'
)
SELECT f.file, f.name, f.stem, coalesce(f.split, '') AS split, coalesce(f.group_key, '') AS grp, a.area,
    regexp_extract(concat_ws('/', f.container_path, nullif(f.folder, '')), '([^/]*)$', 1) AS parent
FROM files f SEMI JOIN named USING (file)
    JOIN _area a ON a.kind = f.kind AND a.folder = f.folder
        AND a.container_path IS NOT DISTINCT FROM f.container_path
WHERE f.kind = 'source'
"""

_NO_MET = "CREATE OR REPLACE TEMP TABLE im_met (ref BIGINT, label UBIGINT, file UBIGINT, stem BOOLEAN)"

# A declared name without extension stands for the file of that stem, unless a file has the whole name.
_MET = """
INSERT INTO im_met
WITH s AS (
    SELECT file, {key} AS key, split, grp, area, parent FROM im_source
), r AS (
    SELECT rowid AS ref, * FROM im_name WHERE {wanted}
), many AS (
    SELECT key FROM s GROUP BY key HAVING count(*) > {most}
), areas AS (
    SELECT key, area FROM s SEMI JOIN many USING (key) GROUP BY ALL HAVING count(*) <= {most}
), parents AS (
    SELECT key, parent FROM s SEMI JOIN many USING (key) GROUP BY ALL HAVING count(*) <= {most}
)
SELECT r.ref, r.label, s.file, {stem}
FROM r ANTI JOIN many ON r.name = many.key JOIN s ON s.key = r.name AND {same}
UNION ALL
SELECT r.ref, r.label, s.file, {stem}
FROM r JOIN (FROM s SEMI JOIN areas USING (key, area)) s ON s.key = r.name AND s.area = r.area AND {same}
UNION ALL
SELECT r.ref, r.label, s.file, {stem}
FROM r JOIN (FROM s SEMI JOIN parents USING (key, parent)) s
    ON s.key = r.name AND s.parent = r.parent AND {same}
WHERE s.area IS DISTINCT FROM r.area OR (s.key, s.area) NOT IN (FROM areas)
"""

#: Neither side may contradict what the layout knows of the other.
_SAME = (
    "(r.split = '' OR s.split = '' OR r.split = s.split) AND (r.grp = '' OR s.grp = '' OR r.grp = s.grp)"
)

_EXACT = "EXISTS (SELECT 1 FROM im_source o WHERE o.name = im_name.name)"

# Of several files: how many parts of the declared path agree, counted from the end; how many folder names the
# label and the file share. A file that is declared twice in one label is ranked too.
_RANKED = """
CREATE OR REPLACE TEMP TABLE im_ranked AS
WITH open AS (
    SELECT ref, label, file, stem FROM im_met
    WHERE ref IN (SELECT ref FROM im_met GROUP BY ref HAVING count(*) > 1)
       OR (label, file) IN (SELECT (label, file) FROM im_met GROUP BY label, file HAVING count(*) > 1)
), path AS (
    SELECT file, concat_ws('/', container_path, path) AS whole FROM files
)
SELECT ref, label, file, 0 AS agreeing, 0 AS shared FROM im_met ANTI JOIN open USING (ref, file)
UNION ALL
SELECT o.ref, o.label, o.file, {agreeing} AS agreeing,
    len(list_intersect(string_split(lower(l.whole), '/'), string_split(lower(s.whole), '/'))) AS shared
FROM open o JOIN im_name n ON n.rowid = o.ref JOIN path s ON s.file = o.file JOIN path l ON l.file = o.label
""".replace(
    "{agreeing}",
    alike_at_the_end(
        "n.declared", "CASE WHEN o.stem THEN regexp_replace(s.whole, '\\.[^./]*$', '') ELSE s.whole END"
    ),
)

# A picture of one name is not every item's of that name: of batch_1/6.jpg and batch_8/6.jpg in one list it
# is the one that agrees best; if different ones agree alike, nobody knows whose it is.
_FOUND = """
CREATE OR REPLACE TEMP TABLE im_found AS
WITH best AS (
    SELECT ref, any_value(label) AS label, any_value(file) AS file, any_value(agreeing) AS agreeing
    FROM im_ranked
        JOIN (SELECT ref, max((agreeing, shared)) AS score FROM im_ranked GROUP BY ref) m USING (ref)
    WHERE (agreeing, shared) = m.score
    GROUP BY ref HAVING count(*) = 1
), most AS (
    SELECT label, file, max(agreeing) AS agreeing FROM best GROUP BY ALL
), closest AS (
    SELECT n.item, n.declared, n.channel, n.part, n.offset_s, n.rule, b.label, b.file
    FROM best b SEMI JOIN most USING (label, file, agreeing) JOIN im_name n ON n.rowid = b.ref
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
    exact = {"key": "name", "wanted": _EXACT, "stem": "FALSE"}
    by_stem = {"key": "stem", "wanted": f"NOT {_EXACT}", "stem": "TRUE"}
    met = [_MET.format(same=_SAME, most=MOST_OF_A_NAME, **how) for how in (exact, by_stem)]
    for statement in (
        _OWN, _NAMES, _SOURCES, _NO_MET, *met, _RANKED, _FOUND, _NOT_BY_FOLDER, _BY_FOLDER, *_KEEP
    ):  # fmt: skip
        con.execute(statement)
    for name in ("im_own", "im_name", "im_source", "im_met", "im_ranked", "im_found"):
        con.execute(f"DROP TABLE {name}")
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
