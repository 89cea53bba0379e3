"""Which label file belongs to which source file, by their names alone (P1, P2).

One global index over all folders and archives: sources are sharded (``TS_A_1.zip … TS_A_3.zip``)
while labels are not. Splits never mix, nor do groups, wherever both files have one. A stem that
occurs in several places is narrowed by the folders; what stays ambiguous stays unpaired.
"""

from __future__ import annotations

import duckdb

#: Label and source files with one stem that are compared one by one; beyond, the stem is ambiguous.
MOST_CANDIDATES = 4096

# Groups are only comparable if some group is on both sides: TL_전체.zip beside TS_강아지.zip names
# no group of its own. A folder's *key* are those of its parts that occur on both sides: 'images',
# 'TL_1.zip' or '02.라벨링데이터' tell a side, 'scene_07' tells a place. No vocabulary is needed.
_SIDES = """
CREATE OR REPLACE TEMP TABLE _side AS
WITH f AS (
    SELECT file, kind, stem AS key, name, split, group_key, container,
           concat_ws('/', container_path, nullif(folder, '')) AS place
    FROM files WHERE kind IN ('label', 'source')
), comparable AS (
    SELECT count(*) > 0 AS groups FROM (
        SELECT group_key FROM f WHERE kind = 'label' AND group_key IS NOT NULL
        INTERSECT SELECT group_key FROM f WHERE kind = 'source')
), place AS (
    SELECT kind, place,
           list_filter(string_split(lower(place), '/'), lambda part: part <> '') AS parts
    FROM (SELECT DISTINCT kind, place FROM f)
), part AS (
    SELECT kind, place, unnest(parts) AS part, generate_subscripts(parts, 1) AS number FROM place
), common AS (
    SELECT part FROM part GROUP BY part HAVING count(DISTINCT kind) = 2
), keyed AS (
    SELECT kind, place, list(part ORDER BY number) AS shared FROM part SEMI JOIN common USING (part)
    GROUP BY kind, place
)
SELECT f.file, f.kind, f.key, f.name, f.split, f.container, f.place, place.parts,
       CASE WHEN (SELECT groups FROM comparable) THEN f.group_key END AS grp,
       coalesce(keyed.shared, []) AS shared
FROM f JOIN place USING (kind, place) LEFT JOIN keyed USING (kind, place)
"""

# 'a.jpg.json' is the label of 'a.jpg': such labels meet sources by their whole name.
_WHOLE_NAMES = """
INSERT INTO _side
SELECT DISTINCT s.* REPLACE (s.name AS key)
FROM _side s SEMI JOIN (SELECT key FROM _side WHERE kind = 'label') l ON s.name = l.key
WHERE s.kind = 'source' AND s.name <> s.key
"""

_EQUAL_PLACES = """
CREATE OR REPLACE TEMP TABLE _pair AS
WITH candidate AS (
    SELECT l.file AS label, s.file AS source, l.place AS label_place, s.place AS source_place,
           l.container IS NOT DISTINCT FROM s.container AS one_container
    FROM _side l JOIN _side s
      ON s.kind = 'source' AND l.kind = 'label' AND l.key = s.key AND l.shared = s.shared
     AND coalesce(l.split, '') = coalesce(s.split, '') AND coalesce(l.grp, '') = coalesce(s.grp, '')
    WHERE (l.key, l.shared, coalesce(l.split, ''), coalesce(l.grp, '')) NOT IN (FROM _crowded)
)
SELECT label, source, label_place, source_place, one_container FROM candidate
WINDOW of_label AS (PARTITION BY label)
QUALIFY min(source_place) OVER of_label = max(source_place) OVER of_label
"""

# Too many files of one stem whose folders and groups do not differ: nothing tells them apart.
_CROWDED = f"""
CREATE OR REPLACE TEMP TABLE _crowded AS
SELECT key, shared, coalesce(split, '') AS split, coalesce(grp, '') AS grp FROM _side GROUP BY ALL
HAVING count(*) FILTER (kind = 'label') * count(*) FILTER (kind = 'source') > {MOST_CANDIDATES}
"""

# What is left: splits and groups may be unknown on one side, folders may differ. A pair must be the
# best of its label and of its source; the label's best must lie in one place.
_OTHER_PLACES = f"""
INSERT INTO _pair
WITH l AS (
    SELECT * FROM _side WHERE kind = 'label' AND file NOT IN (SELECT label FROM _pair)
), s AS (
    SELECT * FROM _side WHERE kind = 'source' AND file NOT IN (SELECT source FROM _pair)
), few AS (
    SELECT key FROM (SELECT key, count(*) AS labels FROM l GROUP BY key)
    JOIN (SELECT key, count(*) AS sources FROM s GROUP BY key) USING (key)
    WHERE labels * sources <= {MOST_CANDIDATES}
), single AS (
    SELECT key FROM _side GROUP BY key
    HAVING count(DISTINCT place) FILTER (kind = 'label') = 1
       AND count(DISTINCT place) FILTER (kind = 'source') = 1
), candidate AS (
    SELECT l.file AS label, s.file AS source, l.place AS label_place, s.place AS source_place,
           l.container IS NOT DISTINCT FROM s.container AS one_container,
           (l.grp IS NOT NULL AND s.grp IS NOT NULL)::INT AS grp,
           (l.split IS NOT NULL AND s.split IS NOT NULL)::INT AS split,
           coalesce(list_position(list_transform(
               range(1, least(len(l.parts), len(s.parts)) + 1),
               lambda i: l.parts[-i] = s.parts[-i]), false) - 1, least(len(l.parts), len(s.parts))) AS tail,
           len(list_intersect(l.shared, s.shared)) AS common
    FROM l SEMI JOIN few ON l.key = few.key JOIN s
      ON l.key = s.key
     AND (l.split IS NULL OR s.split IS NULL OR l.split = s.split)
     AND (l.grp IS NULL OR s.grp IS NULL OR l.grp = s.grp)
    WHERE l.key IN (FROM single) OR list_has_all(l.shared, s.shared) OR list_has_all(s.shared, l.shared)
), ranked AS (
    SELECT *, (split, grp, tail, common) AS score FROM candidate
), best AS (
    SELECT * FROM ranked
    QUALIFY score = max(score) OVER (PARTITION BY label)
        AND score = max(score) OVER (PARTITION BY source)
)
SELECT label, source, label_place, source_place, one_container FROM best
WINDOW of_label AS (PARTITION BY label)
QUALIFY min(source_place) OVER of_label = max(source_place) OVER of_label
"""

_RESULT = r"""
INSERT INTO pairs (label, source, rule)
WITH parent AS (
    SELECT *, regexp_replace(label_place, '(^|/)[^/]*$', '') AS above_label,
           regexp_replace(source_place, '(^|/)[^/]*$', '') AS above_source
    FROM _pair
)
SELECT label, source, CASE WHEN bool_or(one_container AND label_place <> source_place
                                        AND above_label = above_source) THEN 'P2' ELSE 'P1' END
FROM parent GROUP BY label, source ORDER BY label, source
"""


def pair_by_name(con: duckdb.DuckDBPyConnection) -> None:
    """Fill ``pairs`` from ``files``: rule P1 (same stem) or P2 (same stem, sibling folders).

    A label may get several sources of one folder (``a.jpg`` and ``a.pcd``), a source several labels.
    Both tables must exist (:data:`qc.facts.tables.TABLES`); the result is in order.
    """
    for statement in (_SIDES, _WHOLE_NAMES, _CROWDED, _EQUAL_PLACES, _OTHER_PLACES, _RESULT):
        con.execute(statement)
    for name in ("_side", "_crowded", "_pair"):
        con.execute(f"DROP TABLE {name}")
