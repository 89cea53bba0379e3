-- ---
-- id = "references.dangling-row"
-- subject = "item"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "다른 표에 없는 번호를 가리키는 행"
-- message = "{space:이/가} '{value}'인 데이터가 납품물에 없습니다 (납품물에 있는 {space}: {known:,}개)"
-- why = "표를 합칠 때 이 행이 빠지거나 빈 값이 되어, 무엇에 관한 데이터인지 알 수 없게 됩니다"
-- fix = "가리키는 행을 다른 표에 추가하거나 번호를 바로잡으십시오. 납품하지 않을 데이터면 이 행도 빼십시오"
-- needs = "번호가 적힌 표를 모두 함께 납품하고 스키마를 지정해야 합니다. 읽지 못한 라벨이나 열 수 없는 압축 파일이 있으면 먼저 고치십시오"
-- [en]
-- title = "Row that points to another which is not there"
-- message = "nothing in the deliverable is the {space} '{value}' ({known:,} of {space} are there)"
-- why = "when the tables are joined, this row drops out or gets empty values: nobody can tell what it is about"
-- fix = "add the row that it points to, or correct the number; if it is not to be delivered, take this row out too"
-- needs = "all tables that define the numbers, with their schemas; repair labels that cannot be read and archives that cannot be opened"
-- ---
-- Foreign keys: what schemas declare as ref of an item; an empty one names nothing. Could not tell: nothing of that
-- kind is declared anywhere, or files that may declare it could not be seen.
WITH defined AS (
    SELECT space, count(DISTINCT value) AS known FROM ids WHERE scope <> 'file' GROUP BY space
),
world AS (SELECT labels + archives > 0 AS hidden FROM unseen),
judged AS (
    SELECT r.subject, r.space, r.value, d.known, r.pointer,
        CASE WHEN r.resolves THEN FALSE WHEN NOT r.resolves AND NOT w.hidden THEN TRUE END AS wrong
    FROM refs r CROSS JOIN world w LEFT JOIN defined d USING (space)
    WHERE r.kind = 'item' AND r.scope <> 'file' AND r.value <> ''
)
SELECT subject AS item, CASE WHEN bool_or(wrong) THEN TRUE WHEN bool_and(wrong IS NOT NULL) THEN FALSE END AS wrong,
    min(space) FILTER (wrong) AS space, arg_min(value, (space, pointer)) FILTER (wrong) AS value,
    arg_min(known, (space, pointer)) FILTER (wrong) AS known
FROM judged GROUP BY subject
