-- ---
-- id = "files.unpaired-source"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "라벨이 없는 원천데이터"
-- message = "이 원천데이터와 짝이 되는 라벨 파일이 납품물에 없습니다"
-- why = "라벨이 없는 원천데이터는 학습에 쓸 수 없고, 원천·라벨 수량이 맞지 않아 수량 검사에서 탈락합니다"
-- fix = "라벨 파일을 추가하거나 원천데이터를 빼십시오. 라벨이 있는데도 나오면 확장자를 뺀 파일 이름이 서로 같은지, 라벨 안에 적힌 파일 이름이 맞는지 확인하십시오"
-- needs = "라벨 파일이 함께 있고 그 형식(스키마)을 읽을 수 있어야 합니다. 손상되거나 열 수 없는 압축 파일이 있으면 먼저 다시 만드십시오"
-- [en]
-- title = "Source data without a label"
-- message = "no label file in the deliverable belongs to this source file"
-- why = "source data without labels cannot be used for training, and the counts of sources and labels disagree"
-- fix = "add the label file or remove the source file. If there is a label, compare both names without their extensions and the file name written inside the label"
-- needs = "label files whose format (schema) can be read; rebuild archives that are damaged or cannot be opened"
-- ---
-- Could not tell: no labels at all; an archive that may hold the label cannot be opened; or not one pair
-- was found and there are labels whose content, which may name files, could not be read.
WITH world AS (
    SELECT
        EXISTS (SELECT 1 FROM files WHERE kind = 'label') AS has_labels,
        EXISTS (SELECT 1 FROM pairs) AS has_pairs,
        EXISTS (SELECT 1 FROM files f LEFT JOIN documents d USING (file)
            WHERE f.kind = 'label' AND (d.file IS NULL OR d.schema IS NULL OR d.status <> 'ok')) AS unread_labels
),
closed AS (
    SELECT DISTINCT split FROM files WHERE kind = 'archive' AND status <> 'ok'
),
paired AS (SELECT DISTINCT source FROM pairs)
SELECT f.file,
    CASE
        WHEN p.source IS NOT NULL THEN FALSE
        WHEN NOT w.has_labels OR (NOT w.has_pairs AND w.unread_labels) THEN NULL
        WHEN EXISTS (SELECT 1 FROM closed c WHERE c.split IS NULL OR f.split IS NULL OR c.split = f.split) THEN NULL
        ELSE TRUE
    END AS wrong
FROM files f CROSS JOIN world w LEFT JOIN paired p ON p.source = f.file
WHERE f.kind = 'source'
