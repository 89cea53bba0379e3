-- ---
-- id = "shares"
-- key = ["name", "counts", "characteristic", "value"]
-- [ko]
-- row = "계획의 [[composition]] 한 줄과 실제 비율: 해당하는 수, 전체 수, 읽지 못한 것을 감안한 비율의 하한과 상한"
-- [en]
-- row = "a line of [[composition]] of the plan and what there is: how many, of how many, and the least and greatest share that what was not seen allows"
-- ---
-- ``by`` is class, split, group or an attribute (of what is counted; of items also a declared group).
WITH asked AS (SELECT DISTINCT * FROM plan.composition),
attributes AS (
    SELECT c.name, c.value, count_if(a.attrs[c."by"] = c.value) AS part, count(a.attrs[c."by"]) AS whole
    FROM asked c JOIN annotations a ON c.counts = 'annotation' AND c."by" NOT IN ('class', 'split', 'group')
    WHERE a.layer = 'delivered' GROUP BY c.name, c.value
    UNION ALL
    SELECT c.name, c.value, count_if(coalesce(i.attrs[c."by"], i.groups[c."by"]) = c.value),
        count(coalesce(i.attrs[c."by"], i.groups[c."by"]))
    FROM asked c JOIN items i ON c.counts = 'item' AND c."by" NOT IN ('class', 'split', 'group')
    WHERE i.layer = 'delivered' GROUP BY c.name, c.value
    UNION ALL
    SELECT c.name, c.value, count_if(t.attrs[c."by"] = c.value), count(t.attrs[c."by"])
    FROM asked c JOIN tracks t ON c.counts = 'track' AND c."by" NOT IN ('class', 'split', 'group')
    WHERE t.layer = 'delivered' GROUP BY c.name, c.value
),
counted AS (
    SELECT c.name, c.value,
        coalesce(fsum(a.amount) FILTER (CASE c."by" WHEN 'class' THEN a.class WHEN 'split' THEN a.split ELSE a.group_key END = c.value), 0) AS part,
        coalesce(fsum(a.amount) FILTER (a.class IS NULL AND CASE c."by" WHEN 'class' THEN '' WHEN 'split' THEN a.split
            ELSE a.group_key END IS NOT NULL), 0) AS whole
    FROM asked c LEFT JOIN amounts a ON a.counts = c.counts AND (c."by" = 'class' OR a.class IS NULL)
    WHERE c."by" IN ('class', 'split', 'group')
    GROUP BY c.name, c.value
    UNION ALL
    SELECT name, value, part::DOUBLE, whole::DOUBLE FROM attributes
),
seen AS (
    SELECT c.*, coalesce(n.part, 0) AS part, coalesce(n.whole, 0) AS whole, u.archives,
        CASE WHEN c.counts IN ('file', 'hour') THEN 0 ELSE u.labels END AS labels
    FROM asked c CROSS JOIN unseen u LEFT JOIN counted n ON n.name = c.name AND n.value = c.value
)
SELECT name, counts, "by" AS characteristic, value, share AS planned, tolerance, part, whole,
    CASE WHEN whole > 0 AND archives = 0 THEN part / (whole + labels) END AS low,
    CASE WHEN whole > 0 AND archives = 0 THEN (part + labels) / (whole + labels) END AS high,
    CASE WHEN whole > 0 THEN part / whole END AS share
FROM seen
