-- ---
-- id = "files.encrypted"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "암호가 걸린 파일"
-- message = "암호가 걸려 있어 내용을 읽을 수 없습니다"
-- why = "암호를 모르면 아무도 열 수 없으므로 인수할 수 없고, 안에 든 데이터는 하나도 검사되지 않습니다"
-- fix = "암호 없이 다시 압축하거나 저장하십시오. 개인정보 때문에 암호를 걸었다면, 먼저 비식별 조치를 한 데이터를 암호 없이 내십시오"
-- needs = "열 수 없는 압축 파일은 암호가 걸렸는지 알 수 없습니다. 먼저 읽을 수 없는 파일(files.unreadable)을 고치십시오"
-- [en]
-- title = "Encrypted file"
-- message = "it is protected by a password and cannot be read"
-- why = "nobody without the password can open it, so it cannot be accepted, and nothing inside was inspected"
-- fix = "pack or save it again without a password. If the password protects personal data, de-identify the data first and deliver that without a password"
-- needs = "of archives that do not open it is not known: correct the unreadable files (files.unreadable) first"
-- ---
-- Archives, their members and workbooks: other files of a deliverable have no passwords.
WITH locked AS (SELECT DISTINCT file FROM schema_errors WHERE error_class = 'FILE' AND keyword = 'encrypted')
SELECT f.file, CASE
        WHEN f.status = 'encrypted' OR l.file IS NOT NULL THEN TRUE
        WHEN f.status = 'ok' AND (f.kind = 'archive' OR f.container IS NOT NULL OR d.status = 'ok') THEN FALSE
    END AS wrong
FROM files f LEFT JOIN locked l USING (file) LEFT JOIN documents d ON d.file = f.file AND d.format = 'xlsx'
WHERE f.kind IN ('source', 'label', 'archive') AND (f.kind = 'archive' OR f.container IS NOT NULL OR d.file IS NOT NULL)
