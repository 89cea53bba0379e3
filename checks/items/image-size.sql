-- ---
-- id = "items.image-size"
-- subject = "item"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "라벨에 적힌 이미지 크기 불일치"
-- message = "라벨에는 {declared_width} × {declared_height} px로 적혀 있으나 실제 이미지는 {width} × {height} px입니다"
-- why = "크기가 다르면 이미지를 바꾸었거나 줄인 뒤 라벨을 고치지 않은 것이어서, 좌표가 모두 어긋났을 수 있습니다"
-- fix = "라벨을 만든 원본 이미지를 넣거나, 라벨의 크기와 좌표를 실제 이미지에 맞게 고치십시오"
-- needs = "원천데이터를 라벨과 함께 두고 --media headers로 검사하십시오"
-- [en]
-- title = "Image size in the label is wrong"
-- message = "the label says {declared_width} × {declared_height} px, the image has {width} × {height} px"
-- why = "the image was exchanged or scaled after labelling: all coordinates may be off"
-- fix = "deliver the image that was labelled, or correct size and coordinates in the label"
-- needs = "inspect the source data together with the labels, with --media headers"
-- ---
-- The size as stored or as turned by EXIF orientation: both are in use. An item with several media is not compared.
SELECT i.item,
    CASE WHEN z.basis = 'media' THEN NOT (
        (coalesce(i.width, z.width) = z.width AND coalesce(i.height, z.height) = z.height)
        OR (coalesce(i.width, z.stored_width) = z.stored_width AND coalesce(i.height, z.stored_height) = z.stored_height)
    ) END AS wrong,
    i.width AS declared_width, i.height AS declared_height, z.width, z.height
FROM items i LEFT JOIN item_sizes z USING (item)
WHERE (i.width IS NOT NULL OR i.height IS NOT NULL) AND i.layer = 'delivered'
