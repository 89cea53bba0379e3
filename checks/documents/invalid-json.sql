-- ---
-- id = "documents.invalid-json"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "JSON 표준에 어긋나는 라벨"
-- message = "{reason} 모두 {total:,}곳입니다"
-- why = "많은 JSON 해석기가 이런 파일을 거부하거나 값을 조용히 잃어버립니다. 이번 검사에서는 읽을 수 있는 데까지 읽었습니다"
-- fix = "NaN과 Infinity, 지나치게 큰 수는 올바른 값이나 null로 바꾸거나 항목을 빼고, 한 객체에 같은 키가 두 번 나오지 않도록 저장 프로그램을 고친 뒤 다시 내보내십시오"
-- [ko.reasons]
-- nan = "JSON에 없는 수(NaN, Infinity)가 있습니다."
-- number-too-large = "컴퓨터가 담을 수 없이 큰 수(1.8e308 초과)가 있습니다."
-- duplicate-key = "한 객체에 같은 키가 두 번 나와 앞의 값이 사라집니다."
-- empty = "문서에 내용이 없습니다."
-- syntax = "JSON 문법에 맞지 않습니다."
-- [en]
-- title = "Label that breaks the JSON standard"
-- message = "{reason} {total:,} in all"
-- why = "many JSON parsers refuse such a file or silently lose a value; this inspection read it as far as it could be read"
-- fix = "write the right value or null in place of NaN, Infinity and numbers too large, or leave the key out, see that no object has a key twice, and export again"
-- [en.reasons]
-- nan = "It holds numbers that JSON does not have (NaN, Infinity)."
-- number-too-large = "It holds numbers too large for any program (beyond 1.8e308)."
-- duplicate-key = "A key stands twice in one object: the first value is lost."
-- empty = "The document is empty."
-- syntax = "It breaks the syntax of JSON."
-- ---
-- A file that could not be parsed at all is files.unreadable's; deep nesting is allowed.
-- Stored places are capped; ``total`` is the full count of a kind, of which ordinal 0 is always stored.
WITH places AS (
    SELECT * FROM schema_errors
    WHERE error_class = 'FILE' AND keyword NOT IN ('bom', 'encoding', 'nul', 'depth')
),
counted AS (
    SELECT file, sum(total) FILTER (ordinal = 0) AS total FROM places GROUP BY file
),
firsts AS (
    SELECT * FROM places
    QUALIFY row_number() OVER (PARTITION BY file ORDER BY line NULLS LAST, col, length(pointer), pointer, keyword) = 1
)
SELECT d.file, f.file IS NOT NULL AS wrong, f.keyword AS reason, c.total::BIGINT AS total, f.pointer, f.line, f.col
FROM documents d LEFT JOIN firsts f USING (file) LEFT JOIN counted c USING (file)
WHERE d.status = 'ok' AND d.format IN ('json', 'jsonl')
