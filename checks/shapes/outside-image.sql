-- ---
-- id = "shapes.outside-image"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [params]
-- tolerance = {default = 1.0, min = 0, unit = "px"}
-- tolerance_share = {default = 0.002, min = 0, max = 1, unit = "share of the image's side"}
-- [ko]
-- title = "이미지 밖으로 나간 도형"
-- message = "{kind:이/가} 이미지({extent})의 {side}으로 {beyond} 벗어났습니다 (허용 {allowed})"
-- why = "이미지 밖의 좌표는 학습 프로그램이 거부하거나 잘라 내며, 이미지 크기나 좌표 순서가 잘못되었다는 신호이기도 합니다"
-- fix = "도형을 이미지 안으로 옮기십시오. 많은 도형에서 나오면 이미지 크기, 좌표 순서(x, y, 너비, 높이인지 두 꼭짓점인지), 축소 배율을 먼저 확인하십시오"
-- needs = "이미지 크기를 알아야 합니다. 원천데이터를 라벨과 함께 두고 --media headers로 검사하거나 라벨에 이미지 크기를 적으십시오"
-- [en]
-- title = "Shape leaves the image"
-- message = "the {kind} leaves the image ({extent}) by {beyond} {side} ({allowed} allowed)"
-- why = "training code refuses or cuts off coordinates outside the image; they often mean a wrong image size or order of coordinates"
-- fix = "move the shape into the image. If many shapes do so, look first at the image size, the order of coordinates (x, y, width, height or two corners) and the scale"
-- needs = "the image size: inspect the source data together with the labels, with --media headers, or declare the size in the label"
-- ---
-- Where the image's size is not known, coordinates that are parts of its sides (0 to 1) can be judged all the same.
WITH judged AS (
    SELECT *, coalesce(overflow > $tolerance, beyond > $tolerance_share) AS wrong
    FROM annotation_shapes WHERE shapes > 0 AND layer = 'delivered'
)
SELECT annotation, wrong, overflow, width, height,
    CASE WHEN NOT wrong THEN NULL WHEN overflow IS NULL THEN '0-1 × 0-1'
        ELSE format('{:.0f} × {:.0f} px', width, height) END AS extent,
    CASE WHEN NOT wrong THEN NULL WHEN overflow IS NULL THEN format('{:.1f} %', 100 * beyond)
        ELSE format('{:.1f} px', overflow) END AS beyond,
    CASE WHEN NOT wrong THEN NULL WHEN overflow IS NULL THEN format('{:g} %', 100 * $tolerance_share::DOUBLE)
        ELSE format('{:g} px', $tolerance::DOUBLE) END AS allowed,
    outside_kind AS kind, outside_side AS side
FROM judged
