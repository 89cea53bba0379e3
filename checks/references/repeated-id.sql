-- ---
-- id = "references.repeated-id"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "중복된 어노테이션 ID"
-- message = "ID {value:이/가} {first}에서 이미 쓰였습니다 (모두 {count:,}개)"
-- why = "ID가 겹치면 ID로 어노테이션을 찾는 프로그램이 하나만 남기고 나머지를 잃습니다"
-- fix = "어노테이션마다 서로 다른 ID를 주십시오. 같은 어노테이션이 두 번 들어갔다면 하나를 빼십시오"
-- [en]
-- title = "Repeated annotation id"
-- message = "id {value} is already used at {first} ({count:,} in all)"
-- why = "programs that find annotations by id keep one of them and lose the others"
-- fix = "give every annotation an id of its own; if one annotation is there twice, remove one"
-- ---
-- The first use of an id is right, the later ones repeat it.
WITH used AS (
    SELECT i.subject, i.space, i.value, i.pointer,
        CASE i.scope WHEN 'file' THEN i.file WHEN 'group' THEN hash(f.group_key) ELSE 0 END AS area
    FROM ids i LEFT JOIN files f ON i.scope = 'group' AND f.file = i.file
    WHERE i.kind = 'annotation' AND i.subject IS NOT NULL
),
repeated AS (
    SELECT space, area, value, count(*) AS count FROM used GROUP BY space, area, value HAVING count(*) > 1
),
numbered AS (
    SELECT u.subject, u.value, r.count,
        first_value(u.pointer) OVER same AS first, first_value(u.subject) OVER same AS first_subject
    FROM used u JOIN repeated r USING (space, area, value)
    WINDOW same AS (PARTITION BY u.space, u.area, u.value ORDER BY length(u.pointer), u.pointer, u.subject)
)
SELECT i.subject AS annotation, coalesce(n.subject <> n.first_subject, FALSE) AS wrong, n.value, n.first, n.count
FROM ids i LEFT JOIN numbered n ON n.subject = i.subject
WHERE i.kind = 'annotation' AND i.subject IS NOT NULL
