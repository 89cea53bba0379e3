-- ---
-- id = "annotation_shapes"
-- key = ["annotation"]
-- [ko]
-- row = "어노테이션 하나의 2D 도형을 모두 모아 본 것: 도형 종류별 개수, 이미지 밖으로 나간 길이(px). 라벨에 '없음'으로 적힌 것은 뺍니다"
-- [en]
-- row = "the 2D shapes of an annotation taken together: how many of a kind, how far they leave the image (px); without those declared absent"
-- ---
-- Pixels of the image, top left is 0. Counted from 1 (origin), the last pixel's number is the picture's width, so
-- the far edge needs no shift. Corners of an inverted box are put in order: that it is inverted is another matter.
WITH placed AS (
    SELECT s.annotation, s.layer, s.kind, z.width, z.height, s.x1 > s.x0 AND s.y1 > s.y0 AS extended,
        CASE s.space
            WHEN 'pixel' THEN greatest(
                coalesce(s.origin, 0) - least(s.x0, s.x1), coalesce(s.origin, 0) - least(s.y0, s.y1),
                greatest(s.x0, s.x1) - z.width, greatest(s.y0, s.y1) - z.height, 0.0)
            WHEN 'normalized' THEN greatest(
                -least(s.x0, s.x1) * z.width, -least(s.y0, s.y1) * z.height,
                (greatest(s.x0, s.x1) - 1) * z.width, (greatest(s.y0, s.y1) - 1) * z.height, 0.0)
        END AS overflow,
        s.x0 IS NOT NULL AND z.width IS NOT NULL AS known
    FROM shapes s LEFT JOIN item_sizes z USING (item)
    WHERE s.annotation NOT IN (SELECT annotation FROM annotations WHERE absent)
)
SELECT annotation, min(layer) AS layer,
    count_if(kind <> 'mask')::INTEGER AS shapes,
    count_if(kind IN ('box', 'polygon', 'ellipse', 'polyline'))::INTEGER AS areas,
    count_if(kind = 'polygon')::INTEGER AS polygons,
    count_if(kind IN ('box', 'polygon') AND extended)::INTEGER AS comparable,
    max(width) AS width, max(height) AS height,
    max(overflow) FILTER (kind <> 'mask' AND known) AS overflow
FROM placed GROUP BY annotation
