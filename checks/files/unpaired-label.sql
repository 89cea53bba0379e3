-- ---
-- id = "files.unpaired-label"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "원천데이터가 없는 라벨"
-- message = "이 라벨 파일과 짝이 되는 원천데이터가 없습니다. {reason}"
-- why = "가리키는 원천데이터가 없는 라벨은 학습에 쓸 수 없고, 라벨이 맞는지 확인할 수도 없습니다"
-- fix = "원천데이터를 추가하거나 라벨 파일을 빼십시오. 원천데이터가 있는데도 나오면 확장자를 뺀 파일 이름이 서로 같은지, 라벨 안에 적힌 파일 이름이 맞는지 확인하십시오"
-- needs = "원천데이터를 라벨과 함께 검사하십시오. 손상되거나 열 수 없는 압축 파일이 있으면 먼저 다시 만드십시오"
-- [ko.reasons]
-- missing = "이름이 같은 파일이 납품물에 없습니다."
-- case = "대소문자만 다른 이름의 파일이 있습니다."
-- split = "이름이 같은 파일이 다른 분할(Training, Validation 등)에 있습니다."
-- ambiguous = "이름이 같은 파일이 있지만, 폴더나 그룹이 달라 어느 것의 짝인지 정할 수 없습니다."
-- [en]
-- title = "Label without source data"
-- message = "no source file belongs to this label file. {reason}"
-- why = "a label whose source is missing can neither be used for training nor be verified"
-- fix = "add the source file or remove the label. If there is a source, compare both names without their extensions and the file name written inside the label"
-- needs = "inspect the source data together with the labels; rebuild archives that are damaged or cannot be opened"
-- [en.reasons]
-- missing = "No file of that name is in the deliverable."
-- case = "There is a file whose name differs in case alone."
-- split = "A file of that name lies in another split (Training, Validation ...)."
-- ambiguous = "There is a file of that name, but in another folder or group, so it is not clear whose it is."
-- ---
-- No counterpart to miss: labels that stand alone (lists of classes, texts that are the data themselves) and name no
-- file; labels of which only classes were read; tables that name no file, where no table is named like a source.
-- Could not tell: no sources at all; an archive that may hold the source cannot be opened; or no label of that
-- extension has a pair by its name, and what stands inside, which may name files, could not be read.
WITH world AS (
    SELECT EXISTS (SELECT 1 FROM files WHERE kind = 'source') AS has_sources
),
closed AS (
    SELECT DISTINCT split FROM files WHERE kind = 'archive' AND status <> 'ok'
),
paired AS (SELECT DISTINCT label FROM pairs),
extensions AS (
    SELECT DISTINCT f.extension FROM files f JOIN pairs p ON p.label = f.file WHERE p.rule IN ('P1', 'P2', 'P5', 'P6', 'P7')
),
naming AS (
    SELECT file FROM items WHERE file_name IS NOT NULL UNION SELECT file FROM named_media
),
class_lists AS (
    SELECT file FROM classes EXCEPT SELECT file FROM items EXCEPT SELECT file FROM annotations
),
labels AS (
    SELECT f.file, f.stem, f.split, p.label IS NOT NULL AS has_pair, e.extension IS NOT NULL AS alike, f.media,
        coalesce(d.schema IS NOT NULL AND d.status = 'ok', FALSE) AS was_read, n.file IS NOT NULL AS names
    FROM files f LEFT JOIN paired p ON p.label = f.file LEFT JOIN documents d ON d.file = f.file
    LEFT JOIN extensions e USING (extension) LEFT JOIN naming n ON n.file = f.file
    WHERE f.kind = 'label' AND (f.alone IS NOT TRUE OR n.file IS NOT NULL)
        AND f.file NOT IN (SELECT file FROM class_lists)
),
stems AS (
    SELECT stem, min(split) AS least, max(split) AS most FROM files WHERE kind = 'source' GROUP BY stem
),
folded AS (SELECT DISTINCT lower(stem) AS folded FROM stems)
SELECT l.file,
    CASE
        WHEN l.has_pair THEN FALSE
        WHEN NOT w.has_sources OR (NOT l.alike AND NOT l.was_read) THEN NULL
        WHEN EXISTS (SELECT 1 FROM closed c WHERE c.split IS NULL OR l.split IS NULL OR c.split = l.split) THEN NULL
        ELSE TRUE
    END AS wrong,
    CASE
        WHEN s.least = s.most AND s.least <> l.split THEN 'split'
        WHEN s.stem IS NOT NULL THEN 'ambiguous'
        WHEN c.folded IS NOT NULL THEN 'case'
        ELSE 'missing'
    END AS reason
FROM labels l CROSS JOIN world w LEFT JOIN stems s ON s.stem = l.stem AND NOT l.has_pair
LEFT JOIN folded c ON c.folded = lower(l.stem) AND NOT l.has_pair
WHERE l.has_pair OR l.alike OR l.names OR l.media IS DISTINCT FROM 'table' OR NOT l.was_read
