-- ---
-- id = "documents.broken-text"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "깨진 글자가 있는 라벨"
-- message = "{problem}"
-- why = "글자가 깨진 자리의 내용은 되살릴 수 없고, 인코딩이 섞인 파일은 어느 프로그램으로 열어도 일부가 깨집니다"
-- fix = "원본 데이터에서 UTF-8로 다시 내보내고, 표시된 줄의 글자가 맞는지 확인하십시오. 여러 파일을 이어 붙일 때는 먼저 인코딩을 맞추십시오"
-- [en]
-- title = "Label with broken characters"
-- message = "{problem}"
-- why = "what stood at a broken character cannot be recovered, and a file of several encodings comes out broken in every program"
-- fix = "export it again from the original as UTF-8 and compare the characters of the line shown; before files are joined, save all of them in one encoding"
-- ---
-- Another encoding that can be read throughout is documents.encoding's; a text that cannot be read at all is
-- files.unreadable's.
WITH firsts AS (
    SELECT * FROM schema_errors
    WHERE error_class = 'FILE'
        AND (keyword = 'nul' OR (keyword = 'encoding' AND detail IN ('damaged', 'mixed', 'declared')))
    QUALIFY row_number() OVER (PARTITION BY file ORDER BY line NULLS LAST, col, keyword, detail, ordinal) = 1
)
SELECT d.file, f.file IS NOT NULL AS wrong, f.keyword, f.expected, f.found, f.detail, f.pointer, f.line, f.col
FROM documents d LEFT JOIN firsts f USING (file)
WHERE d.status = 'ok' AND d.format <> 'xlsx'
