-- ---
-- id = "references.dangling-media"
-- subject = "item"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "납품되지 않은 원천데이터를 가리키는 라벨"
-- message = "라벨에 적힌 파일 {declared:이/가} 납품물에 없습니다"
-- why = "원천데이터가 없는 라벨은 학습에 쓸 수 없고, 라벨이 맞는지 확인할 수도 없습니다"
-- fix = "빠진 원천데이터를 추가하거나, 납품하지 않을 데이터면 라벨에서 빼십시오. 파일이 있는데도 나오면 라벨에 적힌 이름의 철자와 번호를 확인하십시오"
-- needs = "원천데이터를 라벨과 함께 검사하십시오. 손상되거나 열 수 없는 압축 파일이 있으면 먼저 다시 만드십시오"
-- [en]
-- title = "Label of source data that was not delivered"
-- message = "the file that the label names, '{declared}', is not in the deliverable"
-- why = "a label whose source is missing can neither be used for training nor be verified"
-- fix = "add the source file that is missing, or take the label out if it is not to be delivered. If the file is there, compare the name inside the label letter by letter"
-- needs = "inspect the source data together with the labels; rebuild archives that are damaged or cannot be opened"
-- ---
-- A file that differs in case, extension or folder alone is there: items.file-name speaks of its name. Could not
-- tell: no source data at all was handed in, or an archive that may hold the file cannot be opened. Of several
-- files that an item names (cameras, pages) one that is missing is enough; the first is shown.
WITH named AS (
    SELECT i.item, i.file, i.file_name, m.item IS NOT NULL AS linked
    FROM items i LEFT JOIN (SELECT DISTINCT item FROM item_media) m USING (item)
    WHERE i.file_name IS NOT NULL AND i.layer = 'delivered'
    UNION ALL
    SELECT item, file, file_name, FALSE FROM named_media WHERE layer = 'delivered'
),
declared AS (
    SELECT n.*, f.split, lower(parse_filename(n.file_name, false, 'both_slash')) AS name
    FROM named n LEFT JOIN files f USING (file)
),
delivered AS (
    SELECT DISTINCT unnest([lower(name), lower(stem)]) AS name FROM files WHERE kind IN ('source', 'document', 'other')
),
closed AS (SELECT DISTINCT split FROM files WHERE kind = 'archive' AND status <> 'ok'),
world AS (SELECT EXISTS (SELECT 1 FROM files WHERE kind = 'source') AS has_sources),
judged AS (
    SELECT d.item, d.file_name,
        CASE
            WHEN d.linked OR n.name IS NOT NULL OR s.name IS NOT NULL THEN FALSE
            WHEN NOT w.has_sources THEN NULL
            WHEN EXISTS (SELECT 1 FROM closed c WHERE c.split IS NULL OR d.split IS NULL OR c.split = d.split) THEN NULL
            ELSE TRUE
        END AS wrong
    FROM declared d CROSS JOIN world w
    LEFT JOIN delivered n ON n.name = d.name
    LEFT JOIN delivered s ON s.name = regexp_replace(d.name, '\.[^.]*$', '')
)
SELECT item, CASE WHEN bool_or(wrong) THEN TRUE WHEN bool_and(wrong IS NOT NULL) THEN FALSE END AS wrong,
    min(file_name) FILTER (wrong) AS declared
FROM judged GROUP BY item
