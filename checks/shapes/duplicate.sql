-- ---
-- id = "shapes.duplicate"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [params]
-- iou = {default = 0.9, min = 0.5, max = 1.0, unit = "IoU"}
-- [ko]
-- title = "같은 자리에 두 번 그린 도형"
-- message = "같은 클래스의 {first:과/와} 거의 겹칩니다 (IoU {overlap:.3f}, 기준 {iou})"
-- why = "한 객체에 라벨이 두 번 있으면 객체 수가 부풀고, 모델이 한 객체를 두 번 찾도록 학습합니다"
-- fix = "둘 중 하나를 빼십시오. 서로 다른 객체가 정말 겹쳐 있다면 계획 파일에서 그 파일을 예외로 두십시오"
-- [en]
-- title = "One object drawn twice"
-- message = "it all but covers {first} of the same class (IoU {overlap:.3f}, limit {iou})"
-- why = "objects are counted twice, and the model learns to find one object twice"
-- fix = "remove one of the two. If two different objects really cover each other, waive that file in the plan"
-- ---
-- Of those that cover each other the first in the document is right, the later ones are surplus.
WITH met AS (
    SELECT a, b, iou FROM neighbours WHERE iou >= $iou AND same_class
),
members AS (
    SELECT annotation, pointer, crowd FROM annotations
    WHERE absent IS NOT TRUE AND annotation IN (SELECT a FROM met UNION SELECT b FROM met)
),
ordered AS (
    SELECT m.iou, a.annotation AS x, b.annotation AS y, a.pointer AS x_pointer, b.pointer AS y_pointer,
        (length(a.pointer), a.pointer) < (length(b.pointer), b.pointer) AS x_first
    FROM met m JOIN members a ON a.annotation = m.a JOIN members b ON b.annotation = m.b
    WHERE a.crowd IS NOT TRUE AND b.crowd IS NOT TRUE
),
surplus AS (
    SELECT CASE WHEN x_first THEN y ELSE x END AS annotation,
        CASE WHEN x_first THEN x_pointer ELSE y_pointer END AS first, iou
    FROM ordered
),
worst AS (
    SELECT annotation, max(iou) AS overlap, arg_max(first, struct_pack(iou, l := -length(first), first)) AS first
    FROM surplus GROUP BY annotation
)
SELECT t.annotation, w.annotation IS NOT NULL AS wrong, w.first, w.overlap
FROM annotation_shapes t LEFT JOIN worst w USING (annotation)
WHERE t.comparable > 0 AND t.layer = 'delivered'
    AND t.annotation NOT IN (SELECT annotation FROM annotations WHERE crowd)
