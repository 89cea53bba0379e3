-- ---
-- id = "files.encoding-mixed"
-- subject = "dataset"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "문자 인코딩이 섞인 라벨"
-- message = "라벨 파일의 문자 인코딩이 {kinds:,}가지입니다: {encodings}"
-- why = "한 가지 인코딩으로 여는 프로그램은 나머지 파일에서 한글이 깨지거나 멈춥니다. 여러 사람이 서로 다른 도구로 저장했다는 신호이기도 합니다"
-- fix = "모든 라벨을 BOM 없는 UTF-8로 다시 저장하십시오. 어느 파일인지는 UTF-8이 아닌 라벨(documents.encoding)에 나옵니다"
-- needs = "인코딩을 알 수 있는 라벨 파일이 있어야 합니다"
-- [en]
-- title = "Labels in different encodings"
-- message = "label files are in {kinds:,} encodings: {encodings}"
-- why = "a program that opens them all in one encoding garbles Hangul or stops at the others; it also shows that they were saved with different tools"
-- fix = "save all labels again as UTF-8 without a byte order mark; which files they are, documents.encoding tells"
-- needs = "label files whose encoding can be told"
-- ---
-- Plain ASCII is UTF-8. The place is a file of the rarest encoding.
WITH told AS (
    SELECT CASE lower(encoding) WHEN 'ascii' THEN 'UTF-8' WHEN 'utf8' THEN 'UTF-8' WHEN 'utf-8-sig' THEN 'UTF-8 + BOM'
        ELSE upper(encoding) END AS encoding, count(*) AS files, min(file) AS file
    FROM documents WHERE encoding IS NOT NULL GROUP BY 1
)
SELECT 'dataset' AS dataset, CASE WHEN count(encoding) > 0 THEN count(*) > 1 END AS wrong, count(*) AS kinds,
    string_agg(encoding || ' ' || files, ' · ' ORDER BY files DESC, encoding) AS encodings, arg_min(file, (files, encoding)) AS file
FROM told
HAVING EXISTS (SELECT 1 FROM documents)
