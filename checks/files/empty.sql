-- ---
-- id = "files.empty"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "빈 파일"
-- message = "{reason}"
-- why = "빈 파일은 학습에 쓸 수 없고, 파일 수만 채워 수량을 부풀립니다. 저장이나 복사, 업로드가 중간에 실패했을 때 흔히 생깁니다"
-- fix = "원본에서 다시 내보내거나 복사한 뒤 내용이 있는지 확인하고 교체하십시오. 원래 없는 데이터라면 짝이 되는 파일과 함께 빼십시오"
-- needs = "원천데이터의 머리 부분을 읽도록 --media headers로 검사하십시오. 아직 지원하지 않는 형식의 파일은 내용이 있는지 확인하지 않습니다"
-- [ko.reasons]
-- zero = "내용이 없는 0바이트 파일입니다."
-- blank = "공백과 줄바꿈만 있고 내용이 없습니다."
-- [en]
-- title = "Empty file"
-- message = "{reason}"
-- why = "an empty file cannot be used for training and is only there to be counted; it is left when saving, copying or an upload fails halfway"
-- fix = "export or copy it again from the original and make sure that there is something in it; if there never was any data, remove it together with its counterpart"
-- needs = "have the headers of the source data read with --media headers; files of formats that are not supported yet are not looked into"
-- [en.reasons]
-- zero = "it is a file of 0 bytes."
-- blank = "it holds nothing but blanks and line breaks."
-- ---
-- Could not tell: nobody looked into it. A label of 0 bytes that its format allows (a picture without objects, in
-- YOLO) was read as a document and is right. What is behind a password is files.encrypted's. Links and special files are listed with size 0: they were not read.
WITH blank AS (
    SELECT file FROM schema_errors WHERE error_class = 'FILE' AND keyword = 'empty'
        AND file IN (SELECT file FROM documents WHERE status = 'unparsed')
),
looked AS (SELECT file FROM coverage WHERE status IN ('full', 'header', 'sampled', 'failed')),
allowed AS (SELECT d.file FROM documents d JOIN files f USING (file) WHERE f.size = 0 AND d.status = 'ok')
SELECT file,
    CASE
        WHEN size = 0 AND file IN (FROM allowed) THEN FALSE
        WHEN size = 0 THEN CASE WHEN status IN ('ok', 'damaged') THEN TRUE END
        WHEN file IN (FROM blank) THEN TRUE
        WHEN file IN (FROM looked) OR (kind = 'archive' AND status IN ('ok', 'damaged')) THEN FALSE
    END AS wrong,
    CASE WHEN size = 0 THEN 'zero' ELSE 'blank' END AS reason
FROM files
WHERE kind IN ('source', 'label', 'archive') AND status <> 'encrypted'
