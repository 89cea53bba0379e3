-- ---
-- id = "documents.invalid-markup"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "XML·YAML 표준에 어긋나는 라벨"
-- message = "{problem} (모두 {total:,}곳)"
-- why = "많은 해석기가 이런 파일을 거부하거나 값을 조용히 잃어버립니다. 이번 검사에서는 읽을 수 있는 데까지 읽었습니다"
-- fix = "같은 키를 두 번 쓰거나 한 파일에 문서를 여럿 넣지 않도록 저장 프로그램을 고친 뒤 다시 내보내십시오"
-- [en]
-- title = "Label that breaks the XML or YAML standard"
-- message = "{problem} ({total:,} in all)"
-- why = "many parsers refuse such a file or silently lose a value; this inspection read it as far as it could be read"
-- fix = "see that no key is written twice and that a file holds one document only, and export again"
-- ---
-- A file that could not be parsed at all is files.unreadable's.
WITH firsts AS (
    SELECT * FROM schema_errors
    WHERE error_class = 'FILE' AND keyword IN ('syntax', 'duplicate-key', 'tag')
    QUALIFY row_number() OVER (PARTITION BY file ORDER BY line NULLS LAST, col, keyword, detail, ordinal) = 1
)
SELECT d.file, f.file IS NOT NULL AS wrong, f.keyword, f.expected, f.found, f.detail, f.total, f.pointer, f.line, f.col
FROM documents d LEFT JOIN firsts f USING (file)
WHERE d.status = 'ok' AND d.format IN ('xml', 'yaml')
