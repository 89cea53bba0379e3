-- ---
-- id = "item_sizes"
-- key = ["item"]
-- [ko]
-- row = "데이터 한 건의 이미지 크기(px). 실제 파일의 크기를 먼저 쓰고, 알 수 없으면 라벨에 적힌 크기를 씁니다"
-- [en]
-- row = "image size of an item in px: that of the file if it is known, else what the label declares"
-- ---
-- EXIF orientations 5 to 8 turn the picture by 90 degrees. A label that declares the size as stored was
-- drawn on the picture as stored, so its shapes are held against that.
WITH pictures AS (
    SELECT im.item, min(m.width) AS width, min(m.height) AS height, min(coalesce(m.orientation, 1)) AS orientation
    FROM item_media im JOIN media m USING (file)
    WHERE m.status = 'ok' AND m.width > 0 AND m.height > 0
    GROUP BY im.item HAVING count(*) = 1
),
sized AS (
    SELECT i.item, i.width AS declared_width, i.height AS declared_height, p.width AS stored_width,
        p.height AS stored_height,
        p.orientation BETWEEN 5 AND 8 AND NOT coalesce(i.width = p.width AND i.height = p.height, false) AS turned
    FROM items i LEFT JOIN pictures p USING (item)
)
SELECT item,
    CASE WHEN stored_width IS NULL THEN declared_width
        WHEN turned THEN stored_height ELSE stored_width END::DOUBLE AS width,
    CASE WHEN stored_width IS NULL THEN declared_height
        WHEN turned THEN stored_width ELSE stored_height END::DOUBLE AS height,
    CASE WHEN stored_width IS NOT NULL THEN 'media' ELSE 'declared' END AS basis,
    stored_width::BIGINT AS stored_width, stored_height::BIGINT AS stored_height
FROM sized
WHERE stored_width IS NOT NULL OR (declared_width > 0 AND declared_height > 0)
