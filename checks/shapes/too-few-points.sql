-- ---
-- id = "shapes.too-few-points"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "점이 모자란 도형"
-- message = "{kind}의 점이 {vertices:,}개뿐입니다 ({needed:,}개 이상이어야 합니다)"
-- why = "점이 모자라면 면이나 선이 되지 않아 넓이도 마스크도 만들 수 없습니다. 그리다 만 도형이 저장된 경우가 많습니다"
-- fix = "도형을 끝까지 다시 그리거나 어노테이션을 빼십시오"
-- needs = "도형의 값이 숫자여야 합니다. 먼저 라벨 값 형식 오류(schema.format)를 고치십시오"
-- [en]
-- title = "Shape with too few points"
-- message = "the {kind} has but {vertices:,} {vertices:point|points} ({needed:,} are needed)"
-- why = "too few points make neither a surface nor a line: there is no area and no mask. Mostly it was saved before it was drawn to the end"
-- fix = "draw it to the end, or remove the annotation"
-- needs = "shapes made of numbers: correct the formats of label values (schema.format) first"
-- ---
-- The closing point that repeats the first is not counted. Points that lie on one line or on each other have no
-- area: they are shapes.degenerate's.
WITH judged AS (
    SELECT annotation, kind, vertices, shape, reason = 'too-few-points' AS bad
    FROM shapes WHERE kind IN ('polygon', 'polyline')
        AND (valid IS NULL OR reason IN ('too-few-points', 'not-numbers', 'wrong-length', 'odd-length', 'not-finite'))
),
faults AS (
    SELECT annotation, bool_or(bad IS TRUE) AS bad, arg_min(kind, (vertices, shape)) FILTER (bad) AS kind,
        min(vertices) FILTER (bad) AS vertices
    FROM judged GROUP BY annotation
)
SELECT t.annotation, CASE WHEN f.annotation IS NULL THEN FALSE WHEN f.bad THEN TRUE END AS wrong,
    f.kind, coalesce(f.vertices, 0) AS vertices, CASE f.kind WHEN 'polyline' THEN 2 ELSE 3 END AS needed
FROM annotation_shapes t LEFT JOIN faults f USING (annotation)
WHERE t.outlines > 0 AND t.layer = 'delivered'
