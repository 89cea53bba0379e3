-- ---
-- id = "annotation_shapes"
-- key = ["annotation"]
-- [ko]
-- row = "어노테이션 하나의 2D 도형을 모두 모아 본 것: 도형 종류별 개수, 이미지 밖으로 나간 길이(px, 크기를 모르는 이미지의 0~1 좌표는 변의 비율)와 그 도형 종류, 방향. 라벨에 '없음'으로 적힌 것은 뺍니다"
-- [en]
-- row = "the 2D shapes of an annotation taken together: how many of a kind, how far they leave the image (px; normalised ones of an image of unknown size: share of its side), which kind on which side; without those declared absent"
-- ---
-- Pixels of the image, top left is 0. Counted from 1 (origin), the last pixel's number is the picture's width, so
-- the far edge needs no shift. Corners of an inverted box are put in order: that it is inverted is another matter.
-- Normalised coordinates tell how far they leave it, in parts of its side, where its size is not known (beyond).
-- Of several shapes that leave it the one that is farthest out says its kind and the side: left, top, right, bottom.
WITH placed AS (
    SELECT s.annotation, s.shape, s.layer, s.kind, s.kind <> 'mask' OR s.ordering = 'rle' AS measurable,
        z.width, z.height, s.x1 > s.x0 AND s.y1 > s.y0 AS extended,
        z.width IS NULL AS sizeless, s.x0 IS NOT NULL AND (z.width IS NOT NULL OR s.space = 'normalized') AS known,
        CASE s.space WHEN 'pixel' THEN coalesce(s.origin, 0) - least(s.x0, s.x1)
            WHEN 'normalized' THEN -least(s.x0, s.x1) * coalesce(z.width, 1) END AS to_left,
        CASE s.space WHEN 'pixel' THEN coalesce(s.origin, 0) - least(s.y0, s.y1)
            WHEN 'normalized' THEN -least(s.y0, s.y1) * coalesce(z.height, 1) END AS to_top,
        CASE s.space WHEN 'pixel' THEN greatest(s.x0, s.x1) - z.width
            WHEN 'normalized' THEN (greatest(s.x0, s.x1) - 1) * coalesce(z.width, 1) END AS to_right,
        CASE s.space WHEN 'pixel' THEN greatest(s.y0, s.y1) - z.height
            WHEN 'normalized' THEN (greatest(s.y0, s.y1) - 1) * coalesce(z.height, 1) END AS to_bottom
    FROM shapes s LEFT JOIN item_sizes z USING (item)
    WHERE s.annotation NOT IN (SELECT annotation FROM annotations WHERE absent)
),
measured AS (
    SELECT *, CASE WHEN measurable AND known AND to_left IS NOT NULL
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
    count_if(m.measurable)::INTEGER AS shapes,
    count_if(m.kind IN ('box', 'polygon', 'ellipse', 'polyline') OR (m.kind = 'mask' AND m.measurable))::INTEGER AS areas,
    count_if(m.kind = 'polygon')::INTEGER AS polygons,
    count_if(m.kind IN ('polygon', 'polyline'))::INTEGER AS outlines,
    count_if(m.kind IN ('polygon', 'polyline', 'point', 'keypoints'))::INTEGER AS pointed,
    count_if(m.kind IN ('box', 'polygon') AND extended)::INTEGER AS comparable,
    max(width) AS width, max(height) AS height, max(overflow) FILTER (NOT sizeless) AS overflow,
    max(overflow) FILTER (sizeless) AS beyond,
    max(f.kind) AS outside_kind, max(f.side) AS outside_side
FROM measured m LEFT JOIN farthest f USING (annotation) GROUP BY m.annotation
