"""Which label file belongs to which source file, by the names of files and folders alone.

====  ======================================================  =======================================
P1    the same stem, anywhere                                 ``TL.zip:a/1.json``  ``TS.zip:a/1.jpg``
P2    the same stem in folders side by side                   ``labels/1.json``  ``images/1.jpg``
P5    a video and the XML of its stem                         ``1.xml``  ``1.mp4``
P6    the same stem, sources in several archives              ``TL.zip``  ``TS_1.zip  TS_2.zip``
P7    no stems meet, but folders do: the folder is the unit   ``take_07/pose.csv``  ``take_07/cam_1/…``
====  ======================================================  =======================================

Names that stand inside the labels come later (:mod:`qc.facts.item_media`: P3, P4, P8, P9). Labels that are
the data themselves have no pair (P10, ``files.alone``).

There is one global index over all folders and archives: sources are sharded (``TS_A_1.zip … TS_A_3.zip``)
while labels are not. Splits never mix, nor do groups, wherever both files have one. A stem that occurs in
several places is narrowed by the folders; what stays ambiguous stays unpaired. Stems differ in case or they
are the same: ``A.json`` is no label of ``a.jpg``; extensions do not, ``a.jpg.json`` is one of ``a.JPG``.
"""

from __future__ import annotations

import duckdb

#: Label and source files with one stem that are compared one by one; beyond, the stem is ambiguous.
MOST_CANDIDATES = 4096
#: Labels of one extension that a take may have if it has many times as many sources; else it has one.
MOST_OF_TAKE, SOURCES_OF_EACH = 8, 10


def _alike_at_the_end(one: str, other: str) -> str:
    """SQL: how many parts of two paths are equal, counted from their ends."""
    a, b = f"string_split({one}, '/')", f"string_split({other}, '/')"
    least = f"least(len({a}), len({b}))"
    return f"""coalesce(list_position(list_transform(range(1, {least} + 1),
        lambda i: ({a})[-i] = ({b})[-i]), false) - 1, {least})"""


def _above(place: str) -> str:
    """SQL: the folder above a folder."""
    return f"regexp_replace({place}, '(^|/)[^/]*$', '')"


_COUNT_SIDES = "SELECT count(DISTINCT kind) FROM files WHERE kind IN ('label', 'source')"

# A place is a folder, an archive being one too. Its *area* are those of its parts that occur on both
# sides: 'images', 'TL_1.zip' or '02.라벨링데이터' tell a side, 'scene_07' tells an area. No vocabulary is
# needed. An area is known by a number; rows of _shared lead to it part by part. (A list for each place
# would be shorter and cannot spill: there may be millions of folders.)
_PLACES = """
CREATE OR REPLACE TEMP TABLE _place AS
SELECT row_number() OVER () AS id, kind, container_path, folder,
    lower(concat_ws('/', container_path, nullif(folder, ''))) AS place
FROM (SELECT DISTINCT kind, container_path, folder
    FROM files WHERE kind IN ('label', 'source') AND alone IS NOT TRUE)
"""

_SHARED = """
CREATE OR REPLACE TEMP TABLE _shared AS
WITH part AS (
    SELECT * FROM (SELECT id, kind, unnest(string_split(place, '/')) AS part,
            generate_subscripts(string_split(place, '/'), 1) AS number FROM _place)
    WHERE part <> ''
), common AS (
    SELECT part FROM (SELECT DISTINCT kind, part FROM part) GROUP BY part HAVING count(*) = 2
), shared AS (
    SELECT id, part, row_number() OVER (PARTITION BY id ORDER BY number) AS n
    FROM part SEMI JOIN common USING (part)
)
SELECT id, part, n, sum(hash(part, n)) OVER (PARTITION BY id ORDER BY n) AS area FROM shared
"""

_AREAS = f"""
CREATE OR REPLACE TEMP TABLE _area AS
SELECT p.id, p.kind, p.container_path, p.folder, hash(p.container_path, {_above("p.folder")}) AS above,
    coalesce(s.area, 0) AS area
FROM _place p
    LEFT JOIN (SELECT id, max(n) AS n, arg_max(area, n) AS area FROM _shared GROUP BY id) s USING (id)
"""

# Groups are only comparable if some group is on both sides: TL_전체.zip beside TS_강아지.zip names no
# group of its own. A label 'a.jpg.json' has the key of the whole name 'a.jpg', the extension in lower case.
_SIDES = """
CREATE OR REPLACE TEMP TABLE _side AS
WITH comparable AS (
    SELECT count(*) > 0 AS groups FROM (
        SELECT group_key FROM files WHERE kind = 'label' AND group_key IS NOT NULL
        INTERSECT SELECT group_key FROM files WHERE kind = 'source')
), ends AS (
    SELECT list(DISTINCT extension) AS known FROM files WHERE kind = 'source' AND extension <> ''
), f AS (
    SELECT *, CASE WHEN kind = 'label' THEN regexp_extract(stem, '^.+\\.([^.]+)$', 1) ELSE '' END AS inner
    FROM files WHERE kind IN ('label', 'source') AND alone IS NOT TRUE
)
SELECT f.file, f.kind,
    CASE WHEN f.inner <> '' AND list_contains((SELECT known FROM ends), lower(f.inner))
        THEN left(f.stem, length(f.stem) - length(f.inner)) || lower(f.inner) ELSE f.stem END AS key,
    coalesce(f.split, '') AS split,
    CASE WHEN (SELECT groups FROM comparable) THEN coalesce(f.group_key, '') ELSE '' END AS grp,
    f.container, f.extension, f.media,
    CASE f.kind WHEN 'label' THEN f.extension = 'xml' ELSE f.media = 'video' END AS film,
    p.id AS place, p.area
FROM f JOIN _area p ON p.kind = f.kind AND p.folder = f.folder
    AND p.container_path IS NOT DISTINCT FROM f.container_path
"""

_WHOLE_NAMES = """
INSERT INTO _side
WITH whole AS (SELECT DISTINCT key FROM _side WHERE kind = 'label' AND contains(key, '.'))
SELECT s.* REPLACE (s.key || '.' || s.extension AS key)
FROM _side s SEMI JOIN whole w ON s.key || '.' || s.extension = w.key
WHERE s.kind = 'source' AND s.extension <> ''
"""

# Too many files of one stem whose folders and groups do not differ: nothing tells them apart.
_CROWDED = f"""
CREATE OR REPLACE TEMP TABLE _crowded AS
SELECT key, area, split, grp FROM _side GROUP BY ALL
HAVING count(*) FILTER (kind = 'label') * count(*) FILTER (kind = 'source') > {MOST_CANDIDATES}
"""

# A label's partners lie in one place, or they are what several sensors saw at once: of different media, or
# one in each of several folders of a scene (scene_7/front/1.jpg, scene_7/rear/1.jpg). Else nobody knows.
_TOGETHER = """, scattered AS (
    SELECT label FROM candidate GROUP BY label HAVING min(source_place) <> max(source_place)
), unclear AS (
    SELECT c.label
    FROM candidate c SEMI JOIN scattered s ON s.label = c.label JOIN _area a ON a.id = c.source_place
    GROUP BY c.label
    HAVING count(DISTINCT c.media) < count(*) AND (
        bool_or(c.area = 0) OR min(a.above) <> max(a.above) OR count(DISTINCT c.source_place) < count(*))
)
SELECT label, source, label_place, source_place FROM candidate ANTI JOIN unclear USING (label)"""

_EQUAL_PLACES = f"""
CREATE OR REPLACE TEMP TABLE _pair AS
WITH candidate AS (
    SELECT l.file AS label, s.file AS source, l.place AS label_place, s.place AS source_place, l.area, s.media
    FROM (FROM _side ANTI JOIN _crowded USING (key, area, split, grp) WHERE kind = 'label') l
    JOIN _side s ON s.kind = 'source' AND l.key = s.key AND l.area = s.area
     AND l.split = s.split AND l.grp = s.grp
){_TOGETHER}
"""

# What is left: splits and groups may be unknown on one side, folders may differ. A pair must be the
# best of its label and of its source.
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
    SELECT key FROM _side SEMI JOIN few USING (key) GROUP BY key
    HAVING count(DISTINCT place) FILTER (kind = 'label') = 1
       AND count(DISTINCT place) FILTER (kind = 'source') = 1
), met AS (
    SELECT l.key, l.file AS label, s.file AS source, l.place AS label_place, s.place AS source_place, s.media,
        (l.grp <> '' AND s.grp <> '')::INT AS grp, (l.split <> '' AND s.split <> '')::INT AS split
    FROM l SEMI JOIN few ON l.key = few.key JOIN s
      ON l.key = s.key
     AND (l.split = '' OR s.split = '' OR l.split = s.split)
     AND (l.grp = '' OR s.grp = '' OR l.grp = s.grp)
), part AS (
    SELECT DISTINCT id, part FROM _shared
), common AS (
    SELECT label_place, source_place, count(*) AS common
    FROM (SELECT DISTINCT label_place, source_place FROM met)
        JOIN part a ON a.id = label_place JOIN part b ON b.id = source_place AND b.part = a.part
    GROUP BY ALL
), parts AS (
    SELECT id, count(*) AS parts FROM part GROUP BY id
), ranked AS (
    SELECT met.*, (split, grp, {{tail}}, coalesce(common, 0)) AS score
    FROM met JOIN _place a ON a.id = label_place JOIN _place b ON b.id = source_place
        LEFT JOIN common USING (label_place, source_place)
        LEFT JOIN parts p ON p.id = label_place LEFT JOIN parts q ON q.id = source_place
    WHERE met.key IN (FROM single)
        OR coalesce(common, 0) IN (coalesce(p.parts, 0), coalesce(q.parts, 0))
), candidate AS (
    SELECT label, source, label_place, source_place, media, 0 AS area
    FROM ranked
    JOIN (SELECT label, max(score) AS score FROM ranked GROUP BY label) USING (label, score)
    JOIN (SELECT source, max(score) AS score FROM ranked GROUP BY source) USING (source, score)
){_TOGETHER}
""".replace("{tail}", _alike_at_the_end("a.place", "b.place"))

_BY_STEM = f"""
INSERT INTO pairs (label, source, rule)
WITH told AS (
    SELECT DISTINCT p.label, p.source, l.film AND s.film AS film, l.container AS label_container,
        s.container AS source_container,
        l.container IS NOT DISTINCT FROM s.container AND a.place <> b.place
            AND {_above("a.place")} = {_above("b.place")} AS siblings
    FROM _pair p JOIN _side l ON l.file = p.label JOIN _side s ON s.file = p.source
        JOIN _place a ON a.id = p.label_place JOIN _place b ON b.id = p.source_place
), sharded AS (
    SELECT label_container FROM told WHERE label_container IS NOT NULL GROUP BY label_container
    HAVING count(DISTINCT source_container) > 1
)
SELECT label, source, CASE WHEN film THEN 'P5' WHEN siblings THEN 'P2'
    WHEN label_container IN (FROM sharded) THEN 'P6' ELSE 'P1' END
FROM told ORDER BY label, source
"""

# Labels of an extension of which not one is named like a source, in folders that are on both sides. A take
# has one of them, or few to very many sources. There must be more takes than splits and groups: two lists for
# two splits are no takes. Sources lie in the folder of that name or below it.
_TAKES = f"""
CREATE OR REPLACE TEMP TABLE _take AS
WITH named AS (
    SELECT DISTINCT extension FROM _side WHERE kind = 'label' AND file IN (SELECT label FROM pairs)
), label AS (
    SELECT area, split, grp, extension, count(*) AS labels, any_value(place) AS place
    FROM _side WHERE kind = 'label' AND extension NOT IN (FROM named) GROUP BY ALL
    HAVING count(*) <= {MOST_OF_TAKE}
), take AS (
    SELECT * FROM label WHERE area <> 0
), many AS (
    SELECT count(DISTINCT (area, split, grp)) > count(DISTINCT (split, grp)) AS takes FROM take
), source_area AS (
    SELECT area, split, grp, count(*) AS sources, any_value(place) AS place
    FROM _side WHERE kind = 'source' GROUP BY ALL
), above AS (
    SELECT s.area AS below, s.split, s.grp, s.sources, p.area
    FROM source_area s JOIN _shared p ON p.id = s.place
), met AS (
    SELECT t.area, t.extension, a.below, t.split AS label_split, a.split AS source_split, t.grp AS label_grp,
        a.grp AS source_grp, t.labels,
        sum(a.sources) OVER (PARTITION BY t.area, t.extension, t.split, t.grp) AS sources
    FROM take t JOIN above a ON a.area = t.area
     AND (t.split = '' OR a.split = '' OR t.split = a.split) AND (t.grp = '' OR a.grp = '' OR t.grp = a.grp)
)
SELECT * FROM met
WHERE (labels = 1 OR sources >= {SOURCES_OF_EACH} * labels) AND (SELECT takes FROM many)
"""

_BY_FOLDER = """
INSERT INTO pairs (label, source, rule)
SELECT DISTINCT l.file, s.file, 'P7'
FROM _take t
JOIN _side l ON l.kind = 'label' AND l.area = t.area AND l.extension = t.extension
    AND l.split = t.label_split AND l.grp = t.label_grp
JOIN _side s ON s.kind = 'source' AND s.area = t.below AND s.split = t.source_split AND s.grp = t.source_grp
ORDER BY ALL
"""

_STEPS = (
    _SIDES, _WHOLE_NAMES, _CROWDED, _EQUAL_PLACES, _OTHER_PLACES, _BY_STEM, _TAKES, _BY_FOLDER,
)  # fmt: skip


def find_areas(con: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table ``_area`` from ``files``: for each folder of labels or sources (``kind``,
    ``container_path``, ``folder``) its ``id`` and its ``area``, a number that is 0 where a folder has no part
    in common with the other side. :func:`forget_areas` ends it."""
    for statement in (_PLACES, _SHARED, _AREAS):
        con.execute(statement)


def forget_areas(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what :func:`find_areas` has made."""
    for name in ("_place", "_shared", "_area"):
        con.execute(f"DROP TABLE {name}")


def pair_by_name(con: duckdb.DuckDBPyConnection) -> None:
    """Fill ``pairs`` from ``files``: rules P1, P2, P5, P6 and, where no stems meet, P7.

    A label may get several sources of one folder (``a.jpg`` and ``a.pcd``), a source several labels.
    Both tables must exist (:data:`qc.facts.tables.TABLES`); the result is in order. It is all SQL over whole
    tables, which spills: ten million files need 512 MB of memory and 1 to 4 GB of disk.
    """
    ((sides,),) = con.execute(_COUNT_SIDES).fetchall()
    if sides < 2:
        return
    find_areas(con)
    for statement in _STEPS:
        con.execute(statement)
    for name in ("_side", "_crowded", "_pair", "_take"):
        con.execute(f"DROP TABLE {name}")
    forget_areas(con)
