-- ---
-- id = "shapes.incomplete-points"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "좌표 개수가 맞지 않는 도형"
-- message = "{kind}의 값이 점으로 나누어지지 않습니다: {reason}"
-- why = "값이 하나라도 빠지면 그 뒤의 x와 y가 서로 바뀌어, 도형 전체가 엉뚱한 곳에 놓입니다"
-- fix = "빠지거나 더해진 값을 찾아 고치십시오. 내보내는 프로그램이 점의 일부를 빠뜨리는지 확인하십시오"
-- needs = "도형의 값이 숫자여야 합니다. 먼저 라벨 값 형식 오류(schema.format)를 고치십시오"
-- [ko.reasons]
-- odd-length = "x와 y의 짝이 맞지 않습니다."
-- wrong-length = "키포인트마다 x, y, v가 하나씩 있어야 합니다."
-- [en]
-- title = "Shape whose values do not make up points"
-- message = "the values of the {kind} cannot be divided into points: {reason}"
-- why = "with one value missing, x and y change places from there on, and the whole shape lies elsewhere"
-- fix = "find the value that is missing or too many, and see whether the program that exports leaves out parts of points"
-- needs = "shapes made of numbers: correct the formats of label values (schema.format) first"
-- [en.reasons]
-- odd-length = "there is not a y for every x."
-- wrong-length = "a keypoint has x, y and v."
-- ---
-- A schema cannot say that a list has an even number of values, or three for each keypoint. Values that are no numbers
-- are the schema's findings: here they could not be told.
WITH odd AS (
    SELECT annotation, kind, reason, shape,
        CASE WHEN reason IN ('odd-length', 'wrong-length') THEN TRUE END AS bad
    FROM shapes
    WHERE kind IN ('polygon', 'polyline', 'point', 'keypoints')
        AND (valid IS NULL OR reason IN ('odd-length', 'wrong-length', 'not-numbers'))
),
told AS (
    SELECT annotation, bool_or(bad) AS wrong,
        arg_min(kind, shape) FILTER (bad) AS kind, arg_min(reason, shape) FILTER (bad) AS reason
    FROM odd GROUP BY annotation
)
SELECT t.annotation, CASE WHEN f.annotation IS NULL THEN FALSE ELSE f.wrong END AS wrong, f.kind, f.reason
FROM annotation_shapes t LEFT JOIN told f USING (annotation)
WHERE t.layer = 'delivered' AND t.pointed > 0
