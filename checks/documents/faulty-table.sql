-- ---
-- id = "documents.faulty-table"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "행과 열이 어긋난 표"
-- message = "{problem} (모두 {total:,}곳)"
-- why = "표를 읽는 프로그램마다 다르게 읽거나, 이름이 같은 열이나 빈칸이 된 값을 조용히 잃어버립니다"
-- fix = "머리글의 열 이름을 모두 다르게 적고, 빈 행과 병합된 칸을 없애고, 수식은 값으로 바꿔 다시 저장하십시오"
-- [en]
-- title = "Table whose rows and columns are faulty"
-- message = "{problem} ({total:,} in all)"
-- why = "programs read such a table differently, or silently lose columns of one name and values that became empty"
-- fix = "give every column a name of its own, remove empty rows and merged cells, put values in place of formulas, and save again"
-- ---
-- Rows of another length are documents.ragged-row's, headers in mid-table documents.repeated-header's.
WITH firsts AS (
    SELECT * FROM schema_errors
    WHERE error_class = 'FILE' AND keyword IN ('syntax', 'delimiter', 'duplicate-column', 'unnamed-column',
        'empty-row', 'error-value', 'no-result', 'merged-cells')
    QUALIFY row_number() OVER (PARTITION BY file ORDER BY line NULLS LAST, col, keyword, detail, ordinal) = 1
)
SELECT d.file, f.file IS NOT NULL AS wrong, f.keyword, f.expected, f.found, f.detail, f.total, f.pointer, f.line, f.col
FROM documents d LEFT JOIN firsts f USING (file)
WHERE d.status = 'ok' AND d.format IN ('csv', 'xlsx')
