-- ---
-- id = "references.undefined-class"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "정의되지 않은 클래스 ID"
-- message = "클래스 ID {class_ref:이/가} 클래스 목록에 없습니다 (목록에는 {defined:,}개가 정의되어 있습니다)"
-- why = "목록에 없는 클래스 ID는 어떤 클래스인지 알 수 없어 학습에서 오류가 나거나 무시됩니다"
-- fix = "클래스 목록(예: categories)에 그 ID를 추가하거나, 어노테이션의 클래스 ID를 목록에 있는 것으로 고치십시오"
-- needs = "라벨 파일 안에 클래스 목록(예: categories)이 있어야 합니다"
-- [en]
-- title = "Undefined class id"
-- message = "class id {class_ref} is not in the list of classes ({defined:,} defined)"
-- why = "nobody can tell which class it is: training fails or leaves the annotation out"
-- fix = "add the id to the list of classes (such as categories), or give the annotation an id from the list"
-- needs = "a list of classes (such as categories) in the label file"
-- ---
-- An id that the file's own list lacks is wrong; without such a list, one that another file's list resolved is right.
WITH defined AS (SELECT DISTINCT file, declared_id FROM classes),
lists AS (SELECT file, count(*) AS defined FROM defined GROUP BY file)
SELECT a.annotation,
    CASE
        WHEN d.file IS NOT NULL THEN FALSE
        WHEN l.file IS NOT NULL THEN TRUE
        WHEN a.class IS NOT NULL THEN FALSE
    END AS wrong,
    a.class_ref, l.defined
FROM annotations a
LEFT JOIN defined d ON d.file = a.file AND d.declared_id = a.class_ref
LEFT JOIN lists l ON l.file = a.file
WHERE a.class_ref IS NOT NULL AND a.layer = 'delivered'
