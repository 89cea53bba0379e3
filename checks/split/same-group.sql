-- ---
-- id = "split.same-group"
-- subject = "group"
-- indicator = "split-integrity"
-- effect = "gate"
-- severity = "error"
-- [params]
-- groups = {default = "person, speaker, subject, patient, animal, take, session, travel"}
-- [ko]
-- title = "학습용과 검증용에 함께 든 같은 대상"
-- message = "{name} '{value}'의 데이터가 {splits}에 나뉘어 들어 있습니다 ({split}에 {count:,}건)"
-- why = "같은 사람이나 같은 촬영분이 양쪽에 있으면 모델이 대상을 외워서 맞히므로, 처음 보는 대상에 대한 성능을 알 수 없습니다"
-- fix = "사람이나 촬영분 단위로 다시 나누어, 한 대상의 데이터를 모두 한쪽에 두십시오"
-- needs = "학습용과 검증용을 폴더 구성이나 라벨로 구별할 수 있어야 합니다"
-- [en]
-- title = "The same subject in two splits"
-- message = "{name} '{value}' is in {splits} ({count:,} {count:item|items} of it in {split})"
-- why = "a model that has seen the same person or take recognises it, so that nothing is learnt about how it does on new ones"
-- fix = "split again by person or take, so that everything of one is in one split"
-- needs = "splits that the folders or the labels tell"
-- ---
-- Groups are what schemas declare as ``groups.NAME``; those of one item that are alike are numbered (speaker1,
-- speaker2) and the same name. Members of a finding: one place for each split.
WITH placed AS (
    SELECT i.file, i.pointer, i.groups, coalesce(f.split, lower(i.split)) AS split
    FROM items i JOIN files f USING (file)
    WHERE i.layer = 'delivered' AND cardinality(i.groups) > 0
),
named AS (
    SELECT file, pointer, split, regexp_replace(key, '[0-9]+$', '') AS name, value
    FROM (SELECT *, unnest(map_keys(groups)) AS key, unnest(map_values(groups)) AS value FROM placed)
    WHERE EXISTS (SELECT 1 FROM placed WHERE split IS NOT NULL)
),
members AS (
    SELECT name, value, split, count(*) AS count, min(struct_pack(file, l := length(pointer), pointer)) AS first
    FROM named WHERE list_contains(string_split(replace($groups, ' ', ''), ','), name) AND value IS NOT NULL
    GROUP BY name, value, split
),
judged AS (
    SELECT name, value, string_agg(split, ', ' ORDER BY split) AS splits,
        CASE WHEN count(split) > 1 THEN TRUE WHEN bool_and(split IS NOT NULL) THEN FALSE END AS wrong
    FROM members GROUP BY name, value
)
SELECT j.name || ' ' || j.value AS group_id, j.wrong, m.first.file AS file, m.first.pointer AS pointer, j.name, j.value,
    j.splits, m.split, m.count
FROM judged j JOIN members m USING (name, value)
WHERE j.wrong IS NOT TRUE OR m.split IS NOT NULL
