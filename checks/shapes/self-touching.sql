-- ---
-- id = "shapes.self-touching"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "note"
-- severity = "info"
-- [ko]
-- title = "자기 자신과 맞닿은 폴리곤"
-- message = "폴리곤의 외곽선이 교차하지는 않지만 자기 자신과 맞닿습니다 (점 {vertices:,}개, 위치 x={bad_x:.1f}, y={bad_y:.1f})"
-- why = "구멍을 이어 그리거나 한 점을 두 번 지나는 외곽선은 넓이와 안팎은 분명하지만, OGC 규격의 단순 폴리곤이 아니어서 shapely, PostGIS 같은 프로그램이 거부합니다"
-- fix = "구멍이나 떨어진 부분을 일부러 그렇게 그렸다면 그대로 두어도 됩니다. 실수라면 표시된 위치에서 겹친 점을 떼거나 되돌아가는 변을 빼십시오"
-- needs = "폴리곤의 값이 숫자이고 점이 3개 이상이어야 합니다. 먼저 다른 도형 오류를 고치십시오"
-- [en]
-- title = "Polygon touches itself"
-- message = "no edges cross, but the outline meets itself ({vertices:,} points, at x={bad_x:.1f}, y={bad_y:.1f})"
-- why = "an outline with a bridge to a hole, or one that passes a point twice, has a clear area and inside, but is no simple polygon of the OGC: programs such as shapely or PostGIS refuse it"
-- fix = "if a hole or a separate part was drawn so on purpose, leave it. If not, move the points apart at the place shown, or remove the edge that runs back"
-- needs = "polygons of numbers with at least 3 points: correct other findings about the shapes first"
-- ---
-- A polygon that crosses itself in any of its rings is not noted here as well.
WITH judged AS (
    SELECT annotation, shape, vertices, bad_x, bad_y, CASE
        WHEN reason = 'self-touching' THEN TRUE
        WHEN reason IN ('inverted', 'zero-area', 'too-few-points', 'not-finite', 'not-numbers', 'wrong-length',
            'odd-length') OR valid IS NULL THEN NULL
        ELSE FALSE END AS bad
    FROM shapes WHERE kind = 'polygon' AND valid IS NOT TRUE
),
faults AS (
    SELECT annotation, CASE WHEN bool_or(bad) THEN TRUE WHEN bool_and(bad IS NOT NULL) THEN FALSE END AS bad,
        arg_min(vertices, shape) FILTER (bad) AS vertices, arg_min(bad_x, shape) FILTER (bad) AS bad_x,
        arg_min(bad_y, shape) FILTER (bad) AS bad_y
    FROM judged GROUP BY annotation
)
SELECT t.annotation, CASE WHEN f.annotation IS NULL THEN FALSE ELSE f.bad END AS wrong, f.vertices, f.bad_x, f.bad_y
FROM annotation_shapes t LEFT JOIN faults f USING (annotation)
WHERE t.polygons > 0 AND t.layer = 'delivered'
