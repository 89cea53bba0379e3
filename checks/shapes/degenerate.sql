-- ---
-- id = "shapes.degenerate"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "넓이가 없거나 뒤집힌 도형"
-- message = "{kind:을/를} 쓸 수 없습니다: {reason}"
-- why = "넓이가 없는 도형은 아무것도 가리키지 않으며, 학습 중에 0으로 나누기 오류를 일으킵니다"
-- fix = "도형을 다시 그리거나 어노테이션을 빼십시오. 뒤집힌 박스가 많으면 좌표 순서(x, y, 너비, 높이인지 두 꼭짓점인지)를 확인하십시오"
-- needs = "도형의 값이 숫자이고 점이 모자라지 않아야 합니다. 먼저 라벨 값 형식 오류(schema.format)와 점이 모자란 도형을 고치십시오"
-- [ko.reasons]
-- inverted = "박스가 뒤집혔습니다(너비나 높이가 음수)."
-- zero-area = "넓이가 0입니다."
-- wrong-sum = "런 길이(counts)의 합이 너비와 높이의 곱(size)과 다릅니다."
-- broken-code = "런 길이(counts)의 문자열을 풀 수 없습니다."
-- not-finite = "유한하지 않은 수(NaN, 무한대)나 넓이를 계산할 수 없이 큰 수가 있습니다."
-- [en]
-- title = "Shape without area, or inverted"
-- message = "the {kind} cannot be used: {reason}"
-- why = "a shape without area marks nothing, and makes training code divide by zero"
-- fix = "draw it again or remove the annotation. If many boxes are inverted, look at the order of coordinates (x, y, width, height or two corners)"
-- needs = "shapes made of numbers, with enough points: correct the formats of label values (schema.format) and shapes with too few points first"
-- [en.reasons]
-- inverted = "the box is inverted (its width or height is negative)."
-- zero-area = "its area is 0."
-- wrong-sum = "its run lengths (counts) do not add up to height times width (size)."
-- broken-code = "the text of its run lengths (counts) cannot be decoded."
-- not-finite = "it holds numbers that are not finite (NaN, infinity), or too large to compute an area of."
-- ---
-- Values that are no numbers, or of the wrong count, are the schema's findings: here they could not be told, nor of
-- outlines with too few points (shapes.too-few-points).
WITH judged AS (
    SELECT annotation, kind, reason,
        reason IN ('inverted', 'zero-area', 'not-finite', 'wrong-sum', 'broken-code') AS bad
    FROM shapes
    WHERE (kind IN ('box', 'polygon', 'ellipse', 'polyline') OR (kind = 'mask' AND ordering = 'rle'))
        AND (valid IS NULL OR reason IN ('inverted', 'zero-area', 'too-few-points', 'not-finite', 'not-numbers',
            'wrong-length', 'odd-length', 'wrong-sum', 'broken-code'))
),
faults AS (
    SELECT annotation, bool_or(bad IS TRUE) AS bad, min(kind) FILTER (bad) AS kind, min(reason) FILTER (bad) AS reason
    FROM judged GROUP BY annotation
)
SELECT t.annotation, CASE WHEN f.annotation IS NULL THEN FALSE WHEN f.bad THEN TRUE END AS wrong, f.kind, f.reason
FROM annotation_shapes t LEFT JOIN faults f USING (annotation)
WHERE t.areas > 0 AND t.layer = 'delivered'
