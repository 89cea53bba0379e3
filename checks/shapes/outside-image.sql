-- ---
-- id = "shapes.outside-image"
-- subject = "annotation"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [params]
-- tolerance = {default = 1.0, min = 0, unit = "px"}
-- [ko]
-- title = "이미지 밖으로 나간 도형"
-- message = "{kind:이/가} {width} × {height} px 이미지의 {side}으로 {overflow:.1f} px 벗어났습니다 (허용 {tolerance} px)"
-- why = "이미지 밖의 좌표는 학습 프로그램이 거부하거나 잘라 내며, 이미지 크기나 좌표 순서가 잘못되었다는 신호이기도 합니다"
-- fix = "도형을 이미지 안으로 옮기십시오. 많은 도형에서 나오면 이미지 크기, 좌표 순서(x, y, 너비, 높이인지 두 꼭짓점인지), 축소 배율을 먼저 확인하십시오"
-- needs = "이미지 크기를 알아야 합니다. 원천데이터를 라벨과 함께 두고 --media headers로 검사하거나 라벨에 이미지 크기를 적으십시오"
-- [en]
-- title = "Shape leaves the image"
-- message = "the {kind} leaves the image of {width} × {height} px by {overflow:.1f} px {side} ({tolerance} px allowed)"
-- why = "training code refuses or cuts off coordinates outside the image; they often mean a wrong image size or order of coordinates"
-- fix = "move the shape into the image. If many shapes do so, look first at the image size, the order of coordinates (x, y, width, height or two corners) and the scale"
-- needs = "the image size: inspect the source data together with the labels, with --media headers, or declare the size in the label"
-- ---
SELECT annotation, overflow > $tolerance AS wrong, overflow, width, height, outside_kind AS kind, outside_side AS side
FROM annotation_shapes
WHERE shapes > 0 AND layer = 'delivered'
