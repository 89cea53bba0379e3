-- ---
-- id = "classes.near-identical"
-- subject = "group"
-- indicator = "annotation-consistency"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "표기만 다른 클래스"
-- message = "클래스 {class:은/는} {others:과/와} 띄어쓰기, 대소문자, 전각·반각, 이음표만 다릅니다 (어노테이션 {count:,}개)"
-- why = "같은 클래스가 둘로 나뉘어 학습되고, 클래스별 수량도 나뉘어 모자라게 셉니다"
-- fix = "한 가지 표기로 통일하십시오. 정말 다른 클래스라면 구별되는 이름을 붙이십시오"
-- [en]
-- title = "Classes that differ in spelling alone"
-- message = "class '{class}' differs from {others} in blanks, case, width or hyphens alone ({count:,} {count:annotation|annotations})"
-- why = "one class is learnt as two, and each of them is counted short"
-- fix = "spell it in one way; if they are different classes, give them names that can be told apart"
-- ---
-- A group is what remains of a name without blanks, hyphens and case, in half width; its members are the spellings.
WITH used AS (
    SELECT class, count(*) AS count, NULL AS normal FROM annotations WHERE class IS NOT NULL AND layer = 'delivered' GROUP BY class
    UNION ALL
    SELECT class, 0, min(normal) FROM classes WHERE class IS NOT NULL GROUP BY class
),
spellings AS (
    SELECT class, sum(count)::BIGINT AS count, regexp_replace(lower(translate(coalesce(min(normal), class),
        '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～　',
        '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~ ')),
        '[\s\x{a0}_-]+', '', 'g') AS normal
    FROM used GROUP BY class
),
groups AS (
    SELECT normal, list(class ORDER BY class) AS classes FROM spellings GROUP BY normal
),
places AS (
    SELECT class, min(struct_pack(turn, file, l := length(pointer), pointer)) AS first
    FROM (SELECT class, file, pointer, 1 AS turn FROM annotations WHERE layer = 'delivered'
        UNION ALL SELECT class, file, pointer, 2 FROM classes)
    WHERE class IN (SELECT unnest(classes) FROM groups WHERE len(classes) > 1)
    GROUP BY class
)
SELECT g.normal AS group_id, s.class, len(g.classes) > 1 AS wrong, s.count,
    array_to_string(list_transform(list_filter(g.classes, lambda c: c <> s.class), lambda c: '''' || c || ''''), ', ') AS others,
    p.first.file AS file, p.first.pointer AS pointer, s.class AS detail_key
FROM spellings s JOIN groups g USING (normal) LEFT JOIN places p ON p.class = s.class
