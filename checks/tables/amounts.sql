-- ---
-- id = "amounts"
-- key = ["counts", "class", "split", "group_key"]
-- [ko]
-- row = "계획이 묻는 단위(file, item, annotation, track, hour)를 클래스, 분할, 그룹별로 센 수. 클래스가 NULL이면 모든 클래스"
-- [en]
-- row = "how many there are of what the plan asks for (file item annotation track hour) by class, split and group; class NULL: of all classes"
-- ---
-- Nothing is counted that no plan asks for. Of a class, files are label files that hold it, and items those with an
-- annotation of it. Files are source files (labels where there are no sources); hours those that their headers tell,
-- else those that the labels declare; ``unknown`` files of hours did not tell theirs.
WITH asked AS (
    SELECT counts, class IS NOT NULL AS classed FROM plan.quantities
    UNION SELECT counts, "by" = 'class' FROM plan.composition
    UNION SELECT 'annotation', TRUE FROM plan.classes WHERE min IS NOT NULL OR max IS NOT NULL
),
units AS (SELECT DISTINCT counts FROM asked),
classed AS (SELECT DISTINCT counts FROM asked WHERE classed),
splits AS (SELECT item, split FROM items WHERE split IS NOT NULL),
timed AS (
    SELECT f.file, f.split, f.group_key, m.duration_s
    FROM files f JOIN units u ON u.counts = 'hour' LEFT JOIN media m USING (file)
    WHERE f.kind = 'source' AND f.media IN ('audio', 'video')
),
declared AS (
    SELECT coalesce(f.split, lower(i.split)) AS split, f.group_key, i.duration_s
    FROM items i JOIN units u ON u.counts = 'hour' JOIN files f USING (file)
    WHERE i.layer = 'delivered' AND NOT EXISTS (SELECT 1 FROM timed WHERE duration_s IS NOT NULL)
),
counted AS (
    SELECT 'file' AS counts, CAST(NULL AS VARCHAR) AS class, split, group_key, count(*)::DOUBLE AS amount, 0 AS unknown
    FROM files JOIN units ON counts = 'file'
    WHERE kind = CASE WHEN EXISTS (SELECT 1 FROM files WHERE kind = 'source') THEN 'source' ELSE 'label' END
    GROUP BY split, group_key
    UNION ALL
    SELECT 'item', NULL, coalesce(f.split, lower(i.split)), f.group_key, count(*)::DOUBLE, 0
    FROM items i JOIN units u ON u.counts = 'item' JOIN files f USING (file) WHERE i.layer = 'delivered'
    GROUP BY 3, 4
    UNION ALL
    SELECT 'annotation', NULL, coalesce(f.split, lower(i.split)), f.group_key, count(*)::DOUBLE, 0
    FROM annotations a JOIN units u ON u.counts = 'annotation' JOIN files f USING (file) LEFT JOIN splits i USING (item)
    WHERE a.layer = 'delivered' GROUP BY 3, 4
    UNION ALL
    SELECT 'track', NULL, coalesce(f.split, lower(i.split)), f.group_key, count(*)::DOUBLE, 0
    FROM tracks t JOIN units u ON u.counts = 'track' JOIN files f USING (file) LEFT JOIN splits i USING (item)
    WHERE t.layer = 'delivered' GROUP BY 3, 4
    UNION ALL
    SELECT 'hour', NULL, split, group_key, coalesce(fsum(duration_s), 0) / 3600, count(*) - count(duration_s)
    FROM (FROM timed WHERE EXISTS (SELECT 1 FROM timed WHERE duration_s IS NOT NULL) UNION ALL SELECT NULL, * FROM declared)
    GROUP BY split, group_key
    UNION ALL
    SELECT 'annotation', a.class, coalesce(f.split, lower(i.split)), f.group_key, count(*)::DOUBLE, 0
    FROM annotations a JOIN classed c ON c.counts = 'annotation' JOIN files f USING (file) LEFT JOIN splits i USING (item)
    WHERE a.layer = 'delivered' AND a.class IS NOT NULL GROUP BY a.class, 3, 4
    UNION ALL
    SELECT c.counts, a.class, coalesce(f.split, lower(i.split)), f.group_key,
        CASE c.counts WHEN 'item' THEN count(DISTINCT a.item) ELSE count(DISTINCT a.file) END::DOUBLE, 0
    FROM annotations a JOIN classed c ON c.counts IN ('item', 'file') JOIN files f USING (file)
    LEFT JOIN splits i USING (item)
    WHERE a.layer = 'delivered' AND a.class IS NOT NULL GROUP BY c.counts, a.class, 3, 4
    UNION ALL
    SELECT 'track', t.class, coalesce(f.split, lower(i.split)), f.group_key, count(*)::DOUBLE, 0
    FROM tracks t JOIN classed c ON c.counts = 'track' JOIN files f USING (file) LEFT JOIN splits i USING (item)
    WHERE t.layer = 'delivered' AND t.class IS NOT NULL GROUP BY t.class, 3, 4
)
SELECT * FROM counted
