-- ---
-- id = "items.file-name"
-- subject = "item"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "라벨에 적힌 파일 이름 불일치"
-- message = "라벨에 적힌 파일 이름은 '{declared}'입니다. {reason}"
-- why = "라벨에 적힌 이름으로 원천데이터를 찾는 프로그램은 이 데이터를 읽지 못하거나 엉뚱한 파일과 짝짓습니다"
-- fix = "라벨의 파일 이름을 실제 파일 이름(확장자와 대소문자 포함)과 같게 고치십시오"
-- needs = "원천데이터를 라벨과 함께 검사하십시오"
-- [ko.reasons]
-- case = "대소문자만 다른 파일이 있습니다."
-- extension = "확장자만 다른 파일이 있습니다."
-- ambiguous = "같은 이름의 파일이 여러 개라 어느 것인지 정할 수 없습니다."
-- differs = "짝이 되는 실제 파일의 이름과 다릅니다."
-- [en]
-- title = "File name in the label is wrong"
-- message = "the label names the file '{declared}'. {reason}"
-- why = "programs that find the source by the name in the label cannot read this item, or pair it with another file"
-- fix = "write the file's real name (extension and case included) into the label"
-- needs = "inspect the source data together with the labels"
-- [en.reasons]
-- case = "There is a file whose name differs in case alone."
-- extension = "There is a file whose name differs in its extension alone."
-- ambiguous = "Several files have that name, so it is not clear which one is meant."
-- differs = "The source file that belongs to the label has another name."
-- ---
-- A declared name without extension stands for the file with that stem (028 and 301 of AI-Hub do so). A file that
-- was not delivered under any such name is references.dangling-media's.
WITH declared AS (
    SELECT i.item, i.file, i.file_name, parse_filename(i.file_name, false, 'both_slash') AS name
    FROM items i WHERE i.file_name IS NOT NULL AND i.layer = 'delivered'
),
linked AS (
    SELECT im.item, bool_or(f.name = d.name OR f.stem = d.name) AS same, max(f.name) AS actual,
        bool_or(lower(f.name) = lower(d.name)) AS folded
    FROM item_media im JOIN declared d USING (item) JOIN files f ON f.file = im.file
    GROUP BY im.item
),
names AS (
    SELECT lower(name) AS folded, count(*) AS files, bool_or(TRUE) AS found FROM files WHERE kind = 'source' GROUP BY 1
),
stems AS (SELECT DISTINCT lower(stem) AS folded FROM files WHERE kind = 'source'),
exact AS (SELECT name, count(*) AS files FROM files WHERE kind = 'source' GROUP BY name),
world AS (SELECT EXISTS (SELECT 1 FROM files WHERE kind = 'source') AS has_sources)
SELECT d.item,
    CASE WHEN l.item IS NOT NULL THEN NOT l.same WHEN w.has_sources THEN TRUE END AS wrong,
    CASE
        WHEN l.item IS NOT NULL AND l.folded THEN 'case'
        WHEN l.item IS NOT NULL THEN 'differs'
        WHEN e.files > 1 THEN 'ambiguous'
        WHEN n.folded IS NOT NULL THEN 'case'
        WHEN s.folded IS NOT NULL THEN 'extension'
    END AS reason,
    d.file_name AS declared, l.actual
FROM declared d CROSS JOIN world w
LEFT JOIN linked l ON l.item = d.item
LEFT JOIN exact e ON e.name = d.name
LEFT JOIN names n ON n.folded = lower(d.name)
LEFT JOIN stems s ON s.folded = lower(regexp_replace(d.name, '\.[^.]*$', ''))
WHERE l.item IS NOT NULL OR NOT w.has_sources OR n.folded IS NOT NULL OR s.folded IS NOT NULL
