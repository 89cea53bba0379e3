-- ---
-- id = "schema.mixed-keys"
-- subject = "path"
-- indicator = "structure-accuracy"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "여러 가지로 적힌 키"
-- message = "'{path}' 안의 키 {usual:이/가} {form:(으)로}도 적혀 있습니다 ({occurrences:,}번, 파일 {files:,}개)"
-- why = "키 이름으로 값을 찾는 프로그램은 다르게 적힌 값을 없는 것으로 봅니다. 오타는 구조 오류로 드러나지 않을 때가 많아 값이 조용히 사라집니다"
-- fix = "한 가지 이름으로 통일해 다시 내보내십시오. 서로 다른 속성이 맞다면 스키마에 둘 다 선언하십시오"
-- needs = "라벨 형식에 맞는 스키마를 --schema나 계획 파일의 [[schemas]]로 지정하십시오"
-- [en]
-- title = "Key written in several ways"
-- message = "in '{path}', the key '{usual}' is also written '{form}' ({occurrences:,} {occurrences:time|times}, in {files:,} {files:file|files})"
-- why = "programs that look for a value by its key take one that is written otherwise for missing; a misspelt key is often no structural error, and its value is silently lost"
-- fix = "write it in one way and export again; if they are different attributes, declare both in the schema"
-- needs = "give the schema that fits the labels, with --schema or in [[schemas]] of the plan"
-- ---
-- Spellings that are alike but for case, dots, blanks, '_' and '-' are one key; so are a key that the schema does not
-- know and one that it does (or a more frequent one) when they differ in one letter, or in two of eight and more, also
-- two that changed places. Keys that differ in digits alone are counted, and those that stand beside each other are two.
-- The subject is the object that has the keys; its place a file that has the rarer spelling.
WITH counted AS (
    SELECT schema, what, CASE what WHEN 'key' THEN regexp_extract(path, '^(.*)/[^/]*$', 1) ELSE path END AS parent,
        path, form, sum(occurrences)::BIGINT AS occurrences, sum(files)::BIGINT AS files, min(file) AS file,
        regexp_replace(lower(form), '[._\s-]', '', 'g') AS bare
    FROM path_forms WHERE what IN ('key', 'unknown-key') AND NOT starts_with(form, '~')
    GROUP BY schema, what, path, form
),
paths AS (
    SELECT schema, regexp_extract(path, '^(.*)/[^/]*$', 1) AS parent,
        replace(replace(regexp_extract(path, '([^/]*)$', 1), '~1', '/'), '~0', '~') AS key,
        path, bool_or(required) AS required, sum(examined)::BIGINT AS examined, sum(structure)::BIGINT AS missing
    FROM schema_paths GROUP BY schema, path
),
-- How many such objects there are, as far as that can be told: a required key is counted in every one of them.
objects AS (
    SELECT c.schema, c.parent, max(c.examined) AS examined,
        coalesce(min(o.examined), max(c.examined) FILTER (c.required)) AS total
    FROM paths c LEFT JOIN paths o ON o.schema = c.schema AND o.path = c.parent AND NOT ends_with(c.parent, '/*')
    WHERE c.path <> '' GROUP BY c.schema, c.parent
),
spellings AS (
    SELECT c.*, first_value(form) OVER same AS usual, row_number() OVER same AS turn
    FROM counted c WHERE what = 'key'
    WINDOW same AS (PARTITION BY schema, path, bare ORDER BY occurrences DESC, length(form), form)
),
known AS (
    SELECT schema, parent, key, examined - missing AS occurrences, TRUE AS declared FROM paths WHERE path <> ''
    UNION ALL
    SELECT schema, parent, form, occurrences, FALSE FROM counted WHERE what = 'unknown-key'
),
likened AS (
    SELECT u.schema, u.parent, u.form, u.occurrences, u.files, u.file, k.key AS usual
    FROM counted u JOIN known k ON k.schema = u.schema AND k.parent = u.parent AND k.key <> u.form
    JOIN objects o ON o.schema = u.schema AND o.parent = u.parent
    WHERE u.what = 'unknown-key' AND (k.declared OR (k.occurrences, k.key) > (u.occurrences, u.form))
        AND (o.total IS NULL OR k.occurrences + u.occurrences <= o.total)
        AND regexp_replace(k.key, '[0-9]', '', 'g') <> regexp_replace(u.form, '[0-9]', '', 'g')
        AND (regexp_replace(lower(k.key), '[._\s-]', '', 'g') = u.bare
            OR damerau_levenshtein(k.key, u.form) <= CASE WHEN length(k.key) >= 8 THEN 2 WHEN length(k.key) >= 4 THEN 1 ELSE 0 END)
    QUALIFY row_number() OVER (
        PARTITION BY u.schema, u.parent, u.form ORDER BY k.declared DESC, damerau_levenshtein(k.key, u.form), k.occurrences DESC, k.key) = 1
),
mixed AS (
    SELECT schema, parent, form, occurrences, files, file, usual FROM spellings WHERE turn > 1
    UNION ALL
    SELECT schema, parent, form, occurrences, files, file, usual FROM likened
)
-- Keys are no values: none is counted as one.
SELECT o.schema, coalesce(nullif(o.parent, ''), '/') AS path, m.form IS NOT NULL AS wrong, 0 AS examined, 0 AS faulty, m.form, m.usual, m.occurrences, m.files, m.file, m.form AS detail_key
FROM objects o LEFT JOIN mixed m USING (schema, parent)
WHERE o.examined > 0
