-- ---
-- id = "files.unpaired-source"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "라벨이 없는 원천데이터"
-- message = "이 원천데이터와 짝이 되는 라벨 파일이 없습니다. {reason}"
-- why = "라벨이 없는 원천데이터는 학습에 쓸 수 없고, 원천·라벨 수량이 맞지 않아 수량 검사에서 탈락합니다"
-- fix = "라벨 파일을 추가하거나 원천데이터를 빼십시오. 라벨이 있는데도 나오면 확장자를 뺀 파일 이름이 서로 같은지, 라벨 안에 적힌 파일 이름이 맞는지 확인하십시오"
-- needs = "라벨 파일이 함께 있고 그 형식(스키마)을 읽을 수 있어야 합니다. 손상되거나 열 수 없는 압축 파일이 있으면 먼저 다시 만드십시오"
-- [ko.reasons]
-- missing = "이름이 같은 라벨이 납품물에 없습니다."
-- case = "대소문자만 다른 이름의 라벨이 있습니다."
-- split = "이름이 같은 라벨이 다른 분할(Training, Validation 등)에 있습니다."
-- ambiguous = "이름이 같은 라벨이 있지만, 폴더나 그룹이 달라 어느 것의 짝인지 정할 수 없습니다."
-- [en]
-- title = "Source data without a label"
-- message = "no label file belongs to this source file. {reason}"
-- why = "source data without labels cannot be used for training, and the counts of sources and labels disagree"
-- fix = "add the label file or remove the source file. If there is a label, compare both names without their extensions and the file name written inside the label"
-- needs = "label files whose format (schema) can be read; rebuild archives that are damaged or cannot be opened"
-- [en.reasons]
-- missing = "No label of that name is in the deliverable."
-- case = "There is a label whose name differs in case alone."
-- split = "A label of that name lies in another split (Training, Validation ...)."
-- ambiguous = "There is a label of that name, but in another folder or group, so it is not clear whose it is."
-- ---
-- Could not tell: no labels at all; an archive that may hold the label cannot be opened; or not one pair
-- was found and there are labels whose content, which may name files, could not be read.
WITH world AS (
    SELECT
        EXISTS (SELECT 1 FROM files WHERE kind = 'label' AND alone IS NOT TRUE) AS has_labels,
        EXISTS (SELECT 1 FROM pairs) AS has_pairs,
        EXISTS (SELECT 1 FROM files f LEFT JOIN documents d USING (file)
            WHERE f.kind = 'label' AND f.alone IS NOT TRUE AND (d.file IS NULL OR d.schema IS NULL OR d.status <> 'ok')) AS unread_labels
),
closed AS (
    SELECT DISTINCT split FROM files WHERE kind = 'archive' AND status <> 'ok'
),
paired AS (SELECT DISTINCT source FROM pairs),
stems AS (
    SELECT stem, min(split) AS least, max(split) AS most FROM files WHERE kind = 'label' AND alone IS NOT TRUE GROUP BY stem
),
folded AS (SELECT DISTINCT lower(stem) AS folded FROM stems)
SELECT f.file,
    CASE
        WHEN p.source IS NOT NULL THEN FALSE
        WHEN NOT w.has_labels OR (NOT w.has_pairs AND w.unread_labels) THEN NULL
        WHEN EXISTS (SELECT 1 FROM closed c WHERE c.split IS NULL OR f.split IS NULL OR c.split = f.split) THEN NULL
        ELSE TRUE
    END AS wrong,
    CASE
        WHEN s.least = s.most AND s.least <> f.split THEN 'split'
        WHEN s.stem IS NOT NULL THEN 'ambiguous'
        WHEN l.folded IS NOT NULL THEN 'case'
        ELSE 'missing'
    END AS reason
FROM files f CROSS JOIN world w LEFT JOIN paired p ON p.source = f.file
LEFT JOIN stems s ON s.stem = f.stem AND p.source IS NULL
LEFT JOIN folded l ON l.folded = lower(f.stem) AND p.source IS NULL
WHERE f.kind = 'source'
