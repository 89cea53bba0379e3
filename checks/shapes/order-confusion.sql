-- ---
-- id = "shapes.order-confusion"
-- subject = "dataset"
-- indicator = "annotation-consistency"
-- effect = "gate"
-- severity = "error"
-- [params]
-- min_boxes = {default = 20, min = 5, unit = "boxes"}
-- min_broken = {default = 0.15, min = 0.01, max = 1.0, unit = "share of boxes"}
-- max_broken = {default = 0.01, min = 0.0, max = 0.5, unit = "share of boxes"}
-- [ko]
-- title = "박스 좌표 순서 혼동"
-- message = "박스 {boxes:,}개를 약속된 순서({promised})로 읽으면 {broken:,}개({share:.1%})가 뒤집히거나 이미지 밖으로 나가고, {other} 순서로 읽으면 {other_broken:,}개뿐입니다"
-- why = "[x, y, 너비, 높이]와 [x1, y1, x2, y2]가 뒤바뀌면 모든 박스가 틀린 자리를 가리킵니다. AI-Hub 공개 데이터에서도 실제로 있었던 오류입니다"
-- fix = "박스 좌표를 약속된 순서로 바꾸어 다시 내보내십시오. 라벨이 맞고 약속이 틀렸다면 스키마의 좌표 순서(order)를 고치십시오"
-- needs = "이미지 크기를 아는 박스가 한 폴더나 파일에 20개 이상 있어야 판단할 수 있습니다"
-- [en]
-- title = "Order of box coordinates is confused"
-- message = "read as promised ({promised}), {broken:,} of {boxes:,} boxes ({share:.1%}) are inverted or leave the image; read as {other}, only {other_broken:,}"
-- why = "if [x, y, width, height] and [x1, y1, x2, y2] are exchanged, every box marks the wrong place; published data sets have had this fault"
-- fix = "write the boxes in the promised order and export again; if the labels are right and the promise is wrong, correct the order in the schema"
-- needs = "at least 20 boxes of known image size in one folder or file"
-- ---
-- Both readings of every box whose image size is known, counted over each label file and over each folder (or
-- archive): a fault of one export shows there even if the rest of the data is right. Sizes within 1 px are inside.
WITH per_file AS (
    SELECT s.file, s.ordering, count(*) AS boxes,
        count_if(s.v2 < s.v0 OR s.v3 < s.v1 OR s.v0 < -1 OR s.v1 < -1 OR s.v2 > z.width + 1 OR s.v3 > z.height + 1)
            AS xyxy,
        count_if(s.v2 < 0 OR s.v3 < 0 OR s.v0 < -1 OR s.v1 < -1 OR s.v0 + s.v2 > z.width + 1
            OR s.v1 + s.v3 > z.height + 1) AS xywh
    FROM shapes s JOIN item_sizes z USING (item)
    WHERE s.kind = 'box' AND s.ordering IN ('xywh', 'xyxy') AND s.space = 'pixel' AND s.layer = 'delivered'
        AND isfinite(s.v0) AND isfinite(s.v1) AND isfinite(s.v2) AND isfinite(s.v3)
        AND s.annotation NOT IN (SELECT annotation FROM annotations WHERE absent)
    GROUP BY s.file, s.ordering
),
areas AS (
    SELECT p.ordering, coalesce(f.container_path, f.folder) AS folder, min(p.file) AS file, FALSE AS single,
        sum(p.boxes)::BIGINT AS boxes, sum(p.xyxy)::BIGINT AS xyxy, sum(p.xywh)::BIGINT AS xywh
    FROM per_file p JOIN files f USING (file) GROUP BY ALL
    UNION ALL
    SELECT ordering, NULL, file, TRUE, boxes, xyxy, xywh FROM per_file
),
judged AS (
    SELECT *,
        CASE WHEN ordering = 'xyxy' THEN xyxy ELSE xywh END AS broken,
        CASE WHEN ordering = 'xyxy' THEN xywh ELSE xyxy END AS other_broken
    FROM areas WHERE boxes >= $min_boxes
),
decided AS (
    SELECT *, CASE
        WHEN broken < $min_broken * boxes THEN FALSE
        WHEN other_broken <= $max_broken * boxes THEN TRUE
        -- Neither reading holds: something else is wrong with these boxes.
        END AS wrong
    FROM judged
),
worst AS (
    SELECT * FROM decided
    ORDER BY wrong DESC NULLS LAST, single, broken / boxes DESC, boxes DESC, folder, file LIMIT 1
)
SELECT 'dataset' AS dataset, w.wrong, w.boxes, w.broken, w.broken / w.boxes AS share, w.other_broken,
    w.ordering AS promised, CASE w.ordering WHEN 'xyxy' THEN 'xywh' ELSE 'xyxy' END AS other,
    w.file
FROM (SELECT 1) LEFT JOIN worst w ON TRUE
WHERE EXISTS (SELECT 1 FROM shapes WHERE kind = 'box' AND ordering IN ('xywh', 'xyxy'))
