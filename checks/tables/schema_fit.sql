-- ---
-- id = "schema_fit"
-- key = ["schema"]
-- [ko]
-- row = "스키마 하나와, 그 스키마로 읽은 라벨 파일 가운데 같은 구조 오류를 가진 파일의 비율"
-- [en]
-- row = "a schema, and the share of its label files that break it in one and the same way"
-- ---
-- ``fits`` is FALSE when at least 4 of 5 files (and 5 in number) share one structural fault and nothing
-- could be read from them: then the schema is of another format, and its errors say nothing about the data.
WITH bound AS (
    SELECT schema, file FROM documents WHERE schema IS NOT NULL AND status = 'ok'
),
-- Where the root is a row, any object makes one: only what it declares shows that something was read.
read_from AS (
    SELECT file FROM annotations
    UNION
    SELECT file FROM items
    WHERE file_name IS NOT NULL OR declared_id IS NOT NULL OR width IS NOT NULL OR len(map_keys(attrs)) > 0
),
totals AS (
    SELECT b.schema, count(*) AS files, count(i.file) AS with_rows
    FROM bound b
    LEFT JOIN read_from i USING (file)
    GROUP BY b.schema
),
faults AS (
    SELECT schema, path, keyword, detail, any_value(expected ORDER BY expected) AS expected,
        count(DISTINCT file) AS files
    FROM schema_errors WHERE error_class = 'STRUCTURE' AND schema IS NOT NULL
    GROUP BY schema, path, keyword, detail
),
ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY schema ORDER BY files DESC, length(path), path, keyword, detail) AS place
    FROM faults
),
-- The three most frequent, as text: place, keyword (and key), share of the files.
most AS (
    SELECT r.schema,
        string_agg(
            concat_ws(' ', coalesce(nullif(r.path, ''), '/'), r.keyword, r.detail,
                format('{:.0f}%', floor(100 * r.files / t.files))),
            ' · ' ORDER BY r.place) AS differences
    FROM ranked r JOIN totals t ON t.schema = r.schema
    WHERE r.place <= 3
    GROUP BY r.schema
)
SELECT t.schema, t.files, t.with_rows, coalesce(r.files, 0) AS alike, coalesce(r.files, 0) / t.files AS share,
    r.path, r.keyword, r.expected, r.detail, m.differences,
    NOT (t.files >= 5 AND coalesce(r.files, 0) >= 0.8 * t.files AND t.with_rows <= 0.2 * t.files) AS fits
FROM totals t LEFT JOIN ranked r ON r.schema = t.schema AND r.place = 1
LEFT JOIN most m ON m.schema = t.schema
