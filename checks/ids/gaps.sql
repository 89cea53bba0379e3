-- ---
-- id = "ids.gaps"
-- subject = "group"
-- indicator = "quantity"
-- effect = "note"
-- severity = "warning"
-- [params]
-- missing = {default = 0.1, min = 0.0, max = 0.9, unit = "share of numbers"}
-- min_ids = {default = 20, min = 2, unit = "ids"}
-- [ko]
-- title = "중간에 빠진 일련번호"
-- message = "'{series}' 번호가 {low:,}부터 {high:,}까지인데 {present:,}개만 있습니다 ({absent:,}개 빠짐: {gaps})"
-- why = "번호를 매긴 사람, 촬영분, 파일 가운데 일부가 납품되지 않았을 수 있습니다. 계획한 인원이나 건수를 채웠는지 확인해야 합니다"
-- fix = "빠진 번호의 데이터가 있으면 추가하십시오. 불합격이나 동의 철회로 일부러 뺀 것이면 그 목록을 납품 문서에 적어 두십시오"
-- [en]
-- title = "Numbers left out of a series"
-- message = "'{series}' runs from {low:,} to {high:,}, but only {present:,} are there ({absent:,} left out: {gaps})"
-- why = "people, takes or files that were numbered may not have been delivered: compare the number of them with what was planned"
-- fix = "add the data of the numbers left out if there is any; if they were left out on purpose, because they failed or consent was withdrawn, say so in the documents"
-- ---
-- A series: ids of items and tracks, or declared groups (person, session …), that end in a number and agree in what
-- stands before it. One that has less than a quarter of its numbers is no series, and few ids tell nothing.
WITH named AS (
    SELECT space, value FROM ids WHERE kind IN ('item', 'track')
    UNION ALL
    -- Groups of one item that are alike are numbered (speaker1, speaker2).
    SELECT regexp_replace(key, '[0-9]+$', ''), value
    FROM (SELECT unnest(map_keys(groups)) AS key, unnest(map_values(groups)) AS value FROM items
        WHERE layer = 'delivered' AND cardinality(groups) > 0)
),
numbered AS (
    SELECT DISTINCT space, regexp_extract(value, '^(.*?)[0-9]+$', 1) AS prefix,
        regexp_extract(value, '([0-9]+)$', 1)::BIGINT AS number
    FROM named WHERE regexp_matches(value, '(^|[^0-9])[0-9]{1,9}$') AND NOT starts_with(value, '~')
),
series AS (
    SELECT space, prefix, count(*) AS present, min(number) AS low, max(number) AS high
    FROM numbered GROUP BY space, prefix
    HAVING count(*) >= $min_ids AND count(*) * 4 >= max(number) - min(number) + 1
),
judged AS (
    SELECT *, high - low + 1 - present AS absent, high - low + 1 - present > $missing * (high - low + 1) AS wrong FROM series
),
steps AS (
    SELECT n.space, n.prefix, n.number, lag(n.number) OVER (PARTITION BY n.space, n.prefix ORDER BY n.number) AS before
    FROM numbered n JOIN judged j ON j.space = n.space AND j.prefix = n.prefix AND j.wrong
),
holes AS (
    SELECT space, prefix, string_agg(CASE WHEN number - before = 2 THEN (before + 1)::VARCHAR
            ELSE (before + 1) || '-' || (number - 1) END, ', ' ORDER BY number) FILTER (turn <= 5)
        || CASE WHEN max(turn) > 5 THEN ' …' ELSE '' END AS gaps
    FROM (SELECT *, row_number() OVER (PARTITION BY space, prefix ORDER BY number) AS turn FROM steps WHERE number > before + 1)
    GROUP BY space, prefix
)
SELECT concat_ws(' ', j.space, j.prefix) AS group_id, j.wrong, concat_ws(' ', j.space, nullif(j.prefix, '')) AS series,
    j.low, j.high, j.present, j.absent, h.gaps, CAST(NULL AS UBIGINT) AS file
FROM judged j LEFT JOIN holes h USING (space, prefix)
