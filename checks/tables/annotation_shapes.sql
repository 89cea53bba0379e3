-- ---
-- id = "annotation_shapes"
-- key = ["annotation"]
-- [ko]
-- row = "어노테이션 하나의 2D 도형을 모두 모아 본 것: 도형 종류별 개수, 이미지 밖으로 나간 길이(px)와 그 도형 종류, 방향. 라벨에 '없음'으로 적힌 것은 뺍니다"
-- [en]
-- row = "the 2D shapes of an annotation taken together: how many of a kind, how far they leave the image (px), which kind on which side; without those declared absent"
-- ---
-- Pixels of the image, top left is 0. Counted from 1 (origin), the last pixel's number is the picture's width, so
-- the far edge needs no shift. Corners of an inverted box are put in order: that it is inverted is another matter.
-- Of several shapes that leave it the one that is farthest out says its kind and the side: left, top, right, bottom.
WITH placed AS (
    SELECT s.annotation, s.shape, s.layer, s.kind, z.width, z.height, s.x1 > s.x0 AND s.y1 > s.y0 AS extended,
        s.x0 IS NOT NULL AND z.width IS NOT NULL AS known,
        CASE s.space WHEN 'pixel' THEN coalesce(s.origin, 0) - least(s.x0, s.x1)
            WHEN 'normalized' THEN -least(s.x0, s.x1) * z.width END AS to_left,
        CASE s.space WHEN 'pixel' THEN coalesce(s.origin, 0) - least(s.y0, s.y1)
            WHEN 'normalized' THEN -least(s.y0, s.y1) * z.height END AS to_top,
        CASE s.space WHEN 'pixel' THEN greatest(s.x0, s.x1) - z.width
            WHEN 'normalized' THEN (greatest(s.x0, s.x1) - 1) * z.width END AS to_right,
        CASE s.space WHEN 'pixel' THEN greatest(s.y0, s.y1) - z.height
            WHEN 'normalized' THEN (greatest(s.y0, s.y1) - 1) * z.height END AS to_bottom
    FROM shapes s LEFT JOIN item_sizes z USING (item)
    WHERE s.annotation NOT IN (SELECT annotation FROM annotations WHERE absent)
),
measured AS (
    SELECT *, CASE WHEN kind <> 'mask' AND known AND to_left IS NOT NULL
        THEN greatest(to_left, to_top, to_right, to_bottom, 0.0) END AS overflow
    FROM placed
),
farthest AS (
    SELECT annotation, kind, CASE overflow WHEN to_left THEN 'left' WHEN to_top THEN 'top' WHEN to_right THEN 'right'
        ELSE 'bottom' END AS side
    FROM measured WHERE overflow > 0
    QUALIFY row_number() OVER (PARTITION BY annotation ORDER BY overflow DESC, shape) = 1
)
SELECT m.annotation, min(layer) AS layer,
    count_if(m.kind <> 'mask')::INTEGER AS shapes,
    count_if(m.kind IN ('box', 'polygon', 'ellipse', 'polyline'))::INTEGER AS areas,
    count_if(m.kind = 'polygon')::INTEGER AS polygons,
    count_if(m.kind IN ('polygon', 'polyline'))::INTEGER AS outlines,
    count_if(m.kind IN ('box', 'polygon') AND extended)::INTEGER AS comparable,
    max(width) AS width, max(height) AS height, max(overflow) AS overflow,
    max(f.kind) AS outside_kind, max(f.side) AS outside_side
FROM measured m LEFT JOIN farthest f USING (annotation) GROUP BY m.annotation
