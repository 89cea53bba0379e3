-- ---
-- id = "files.unpaired-label"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "원천데이터가 없는 라벨"
-- message = "이 라벨 파일과 짝이 되는 원천데이터가 납품물에 없습니다"
-- why = "가리키는 원천데이터가 없는 라벨은 학습에 쓸 수 없고, 라벨이 맞는지 확인할 수도 없습니다"
-- fix = "원천데이터를 추가하거나 라벨 파일을 빼십시오. 원천데이터가 있는데도 나오면 확장자를 뺀 파일 이름이 서로 같은지, 라벨 안에 적힌 파일 이름이 맞는지 확인하십시오"
-- needs = "원천데이터를 라벨과 함께 검사하십시오. 손상되거나 열 수 없는 압축 파일이 있으면 먼저 다시 만드십시오"
-- [en]
-- title = "Label without source data"
-- message = "no source file in the deliverable belongs to this label file"
-- why = "a label whose source is missing can neither be used for training nor be verified"
-- fix = "add the source file or remove the label. If there is a source, compare both names without their extensions and the file name written inside the label"
-- needs = "inspect the source data together with the labels; rebuild archives that are damaged or cannot be opened"
-- ---
WITH world AS (
    SELECT EXISTS (SELECT 1 FROM files WHERE kind = 'source') AS has_sources, EXISTS (SELECT 1 FROM pairs) AS has_pairs
),
closed AS (
    SELECT DISTINCT split FROM files WHERE kind = 'archive' AND status <> 'ok'
),
paired AS (SELECT DISTINCT label FROM pairs)
SELECT f.file,
    CASE
        WHEN p.label IS NOT NULL THEN FALSE
        WHEN NOT w.has_sources THEN NULL
        -- The names may stand inside the label, which could not be read.
        WHEN NOT w.has_pairs AND (d.file IS NULL OR d.schema IS NULL OR d.status <> 'ok') THEN NULL
        WHEN EXISTS (SELECT 1 FROM closed c WHERE c.split IS NULL OR f.split IS NULL OR c.split = f.split) THEN NULL
        ELSE TRUE
    END AS wrong
FROM files f CROSS JOIN world w LEFT JOIN paired p ON p.label = f.file LEFT JOIN documents d ON d.file = f.file
WHERE f.kind = 'label'
