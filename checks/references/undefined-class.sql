-- ---
-- id = "references.undefined-class"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "정의되지 않은 클래스"
-- message = "{reason} {used:이/가} 클래스 목록에 없습니다 (목록에는 {defined:,}개가 정의되어 있습니다)"
-- why = "목록에 없는 클래스는 무엇인지 알 수 없어 학습에서 오류가 나거나 무시됩니다. 이름이 목록과 다르면 오타일 수도 있습니다"
-- fix = "클래스 목록(예: categories, CVAT의 labels)에 그 클래스를 추가하거나, 어노테이션의 클래스를 목록에 있는 것으로 고치십시오"
-- needs = "라벨 파일이나 데이터에 클래스 목록(예: categories, classes.txt)이 있어야 합니다"
-- [ko.reasons]
-- id = "클래스 ID"
-- name = "클래스"
-- [en]
-- title = "Undefined class"
-- message = "{reason} {used} is not in the list of classes ({defined:,} defined)"
-- why = "nobody can tell which class it is: training fails or leaves the annotation out; a name that the list lacks may be misspelt"
-- fix = "add the class to the list of classes (such as categories, labels in CVAT), or give the annotation a class from the list"
-- needs = "a list of classes (such as categories, classes.txt) in the label file or the data"
-- [en.reasons]
-- id = "class id"
-- name = "class"
-- ---
-- An id that the file's own list lacks is wrong; without such a list, one that another file's list resolved is right,
-- and one that none of the lists has where it must be found is wrong (refs). A class that is given by name alone is held
-- against the file's own list, if it has one.
WITH defined AS (SELECT DISTINCT file, declared_id FROM classes),
lists AS (SELECT file, count(DISTINCT coalesce(declared_id, name)) AS defined FROM classes GROUP BY file),
by_name AS (SELECT DISTINCT file FROM annotations WHERE class_ref IS NULL AND class IS NOT NULL),
names AS (
    SELECT file, class FROM classes SEMI JOIN by_name USING (file)
    UNION SELECT file, name FROM classes SEMI JOIN by_name USING (file)
),
elsewhere AS (
    SELECT space, count(DISTINCT value) AS defined FROM ids WHERE kind = 'class' AND scope <> 'file' GROUP BY space
),
unresolved AS (
    SELECT r.subject, max(e.defined) AS defined
    FROM refs r JOIN elsewhere e USING (space)
    WHERE r.kind = 'annotation' AND r.scope <> 'file' AND NOT r.resolves GROUP BY r.subject
)
SELECT a.annotation,
    CASE
        WHEN a.class_ref IS NULL THEN n.file IS NULL
        WHEN d.file IS NOT NULL THEN FALSE
        WHEN l.file IS NOT NULL THEN TRUE
        WHEN a.class IS NOT NULL THEN FALSE
        WHEN u.subject IS NOT NULL THEN TRUE
    END AS wrong,
    CASE WHEN a.class_ref IS NULL THEN 'name' ELSE 'id' END AS reason, coalesce(a.class_ref, a.class) AS used,
    coalesce(l.defined, u.defined) AS defined
FROM annotations a
LEFT JOIN defined d ON d.file = a.file AND d.declared_id = a.class_ref
LEFT JOIN lists l ON l.file = a.file
LEFT JOIN names n ON n.file = a.file AND n.class = a.class
LEFT JOIN unresolved u ON u.subject = a.annotation
WHERE a.layer = 'delivered' AND (a.class_ref IS NOT NULL OR (a.class IS NOT NULL AND l.file IS NOT NULL))
