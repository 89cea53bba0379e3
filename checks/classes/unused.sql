-- ---
-- id = "classes.unused"
-- subject = "class"
-- indicator = "annotation-consistency"
-- effect = "note"
-- severity = "info"
-- [ko]
-- title = "쓰이지 않은 클래스"
-- message = "클래스 {class:은/는} {reason} 어노테이션이 하나도 없습니다"
-- why = "라벨링이 빠졌거나, 다른 이름으로 라벨링했거나, 목록에 쓸모없는 클래스가 남아 있다는 뜻입니다. 학습 데이터가 없는 클래스는 모델이 배우지 못합니다"
-- fix = "그 클래스의 데이터가 있어야 한다면 빠진 라벨을 추가하고, 다른 이름으로 들어갔다면 이름을 맞추십시오. 필요 없는 클래스라면 목록에서 빼십시오"
-- needs = "읽을 수 있는 라벨에 어노테이션이 하나라도 있어야 합니다"
-- [ko.reasons]
-- listed = "라벨 파일의 클래스 목록에 있으나"
-- planned = "계획의 [[classes]]에 있으나"
-- [en]
-- title = "Class that is not used"
-- message = "class '{class}' {reason}, but no annotation has it"
-- why = "labels are missing, or have another name, or the list holds a class that is of no use; a class without data cannot be learnt"
-- fix = "if there should be data of the class, add the labels that are missing; if they are there under another name, correct it; if the class is not wanted, take it out of the list"
-- needs = "at least one annotation in labels that can be read"
-- [en.reasons]
-- listed = "is in the list of classes of the labels"
-- planned = "is in [[classes]] of the plan"
-- ---
-- Planned classes with an agreed least number are quantity.per-class's.
WITH listed AS (SELECT class FROM classes WHERE class IS NOT NULL GROUP BY class),
known AS (
    SELECT class, 'listed' AS reason FROM listed
    UNION ALL
    SELECT DISTINCT class, 'planned' FROM plan.classes WHERE coalesce(min, 0) = 0 AND class NOT IN (FROM listed)
),
used AS (
    SELECT class FROM annotations WHERE class IS NOT NULL AND layer = 'delivered' GROUP BY class
    UNION SELECT class FROM tracks UNION SELECT class FROM spans UNION SELECT class FROM intervals
    UNION SELECT class FROM relations
),
places AS (
    SELECT class, min(struct_pack(file, l := length(pointer), pointer)) AS first FROM classes
    WHERE class NOT IN (SELECT class FROM used WHERE class IS NOT NULL) GROUP BY class
)
SELECT k.class, CASE WHEN EXISTS (SELECT 1 FROM used WHERE class IS NOT NULL) THEN u.class IS NULL END AS wrong,
    k.reason, p.first.file AS file, p.first.pointer AS pointer
FROM known k LEFT JOIN used u USING (class) LEFT JOIN places p USING (class)
