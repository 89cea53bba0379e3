-- ---
-- id = "documents.encoding"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "UTF-8이 아닌 라벨"
-- message = "문자 인코딩이 {encoding}입니다. UTF-8이어야 하며 JSON에는 BOM이 없어야 합니다"
-- why = "데이터를 읽는 프로그램은 UTF-8을 기대하고 JSON 표준은 BOM을 금지합니다. 다른 인코딩에서는 한글이 깨지거나 해석기가 멈춥니다"
-- fix = "UTF-8로 다시 저장하십시오. JSON은 BOM 없이 저장합니다. 엑셀이나 메모장에서 저장하면 BOM이나 CP949가 되기 쉽습니다"
-- [en]
-- title = "Label that is not UTF-8"
-- message = "its character encoding is {encoding}; it should be UTF-8, in JSON without a byte order mark"
-- why = "programs expect UTF-8, and the JSON standard forbids a byte order mark; otherwise Hangul is garbled or parsers stop"
-- fix = "save it again as UTF-8, JSON without a byte order mark; Excel and Notepad tend to write a mark, or CP949"
-- ---
SELECT file,
    CASE
        WHEN encoding IS NOT NULL THEN lower(encoding) NOT IN ('utf-8', 'utf8', 'ascii')
            -- Only JSON forbids a mark (RFC 8259 8.1); a table for Excel needs one.
            AND NOT (lower(encoding) = 'utf-8-sig' AND format NOT IN ('json', 'jsonl'))
    END AS wrong,
    CASE lower(encoding) WHEN 'utf-8-sig' THEN 'UTF-8 + BOM' ELSE upper(encoding) END AS encoding
FROM documents
WHERE status = 'ok' AND format <> 'xlsx'
