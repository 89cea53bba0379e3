-- ---
-- id = "shapes.self-intersecting"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "자기 자신과 교차하는 폴리곤"
-- message = "폴리곤의 변이 서로 교차합니다 (점 {vertices:,}개, 위치 x={bad_x:.1f}, y={bad_y:.1f})"
-- why = "교차하는 폴리곤은 안과 밖이 정해지지 않아 넓이와 마스크가 프로그램마다 다르게 계산됩니다"
-- fix = "표시된 위치에서 점의 순서를 바로잡거나 꼬인 점을 빼십시오"
-- needs = "폴리곤의 값이 숫자이고 점이 3개 이상이어야 합니다. 먼저 다른 도형 오류를 고치십시오"
-- [en]
-- title = "Polygon crosses itself"
-- message = "edges of the polygon cross each other ({vertices:,} points, at x={bad_x:.1f}, y={bad_y:.1f})"
-- why = "such a polygon has no clear inside: its area and mask come out differently in every program"
-- fix = "put the points at the place shown into order, or remove those that make the loop"
-- needs = "polygons of numbers with at least 3 points: correct other findings about the shapes first"
-- ---
-- An outline that only touches itself is sound in area and inside: shapes.self-touching notes it.
WITH judged AS (
    SELECT annotation, shape, vertices, bad_x, bad_y,
        valid = FALSE AND reason NOT IN ('inverted', 'zero-area', 'too-few-points', 'not-finite', 'not-numbers',
            'wrong-length', 'odd-length') AS bad
    FROM shapes WHERE kind = 'polygon' AND valid IS NOT TRUE AND reason IS DISTINCT FROM 'self-touching'
),
faults AS (
    SELECT annotation, bool_or(bad IS TRUE) AS bad, arg_min(vertices, shape) FILTER (bad) AS vertices,
        arg_min(bad_x, shape) FILTER (bad) AS bad_x, arg_min(bad_y, shape) FILTER (bad) AS bad_y
    FROM judged GROUP BY annotation
)
SELECT t.annotation, CASE WHEN f.annotation IS NULL THEN FALSE WHEN f.bad THEN TRUE END AS wrong,
    f.vertices, f.bad_x, f.bad_y
FROM annotation_shapes t LEFT JOIN faults f USING (annotation)
WHERE t.polygons > 0 AND t.layer = 'delivered'
