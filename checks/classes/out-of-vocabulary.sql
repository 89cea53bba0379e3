-- ---
-- id = "classes.out-of-vocabulary"
-- subject = "class"
-- indicator = "annotation-consistency"
-- effect = "gate"
-- severity = "error"
-- [ko]
-- title = "계획에 없는 클래스"
-- message = "클래스 {class:은/는} 계획의 클래스 목록에 없습니다 (어노테이션 {count:,}개, 파일 {files:,}개)"
-- why = "약속하지 않은 클래스는 인수할 수 없고, 철자만 다른 클래스는 같은 클래스를 둘로 나눕니다"
-- fix = "클래스 이름의 철자, 띄어쓰기, 대소문자를 계획과 같게 고치십시오. 새 클래스가 맞다면 발주처와 합의한 뒤 계획의 [[classes]]에 추가하십시오"
-- [en]
-- title = "Class that is not in the plan"
-- message = "class '{class}' is not among the plan's classes ({count:,} {count:annotation|annotations} in {files:,} {files:file|files})"
-- why = "a class that was not agreed cannot be accepted, and a class that is spelt in two ways is split in two"
-- fix = "spell the class as the plan does (blanks and case included); if it is a new class, agree on it and add it to [[classes]] of the plan"
-- ---
-- Not applicable without classes in the plan. The place is that of its first annotation, else of its definition.
WITH planned AS (SELECT DISTINCT class FROM plan.classes),
used AS (
    SELECT class, count(*) AS count, count(DISTINCT file) AS files
    FROM annotations
    WHERE class IS NOT NULL AND layer = 'delivered' AND EXISTS (SELECT 1 FROM planned)
    GROUP BY class
),
defined AS (
    SELECT class, count(DISTINCT file) AS files
    FROM classes WHERE class IS NOT NULL AND EXISTS (SELECT 1 FROM planned) GROUP BY class
),
known AS (
    SELECT class, u.count, coalesce(u.files, d.files) AS files, p.class IS NULL AS wrong
    FROM used u FULL JOIN defined d USING (class) LEFT JOIN planned p USING (class)
),
places AS (
    SELECT class, file, pointer, 1 AS turn FROM annotations
    WHERE layer = 'delivered' AND class IN (SELECT class FROM known WHERE wrong)
    UNION ALL
    SELECT class, file, pointer, 2 FROM classes WHERE class IN (SELECT class FROM known WHERE wrong)
),
firsts AS (
    SELECT class, min(struct_pack(turn, file, l := length(pointer), pointer)) AS first FROM places GROUP BY class
)
SELECT k.class, k.wrong, coalesce(k.count, 0) AS count, k.files, f.first.file AS file, f.first.pointer AS pointer
FROM known k LEFT JOIN firsts f USING (class)
