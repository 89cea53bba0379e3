-- ---
-- id = "items.name-without-extension"
-- subject = "group"
-- indicator = "annotation-consistency"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "확장자 없이 적힌 파일 이름"
-- message = "라벨 {items:,}건 가운데 {count:,}건에 파일 이름이 확장자 없이 적혀 있습니다 (예: '{example}')"
-- why = "라벨에 적힌 이름으로 파일을 여는 프로그램이 원천데이터를 찾지 못합니다. 확장자가 다른 같은 이름의 파일이 있으면 어느 것인지도 알 수 없습니다"
-- fix = "실제 파일 이름과 똑같이 확장자까지 적어 다시 내보내십시오. 파일 이름이 아니라 식별자를 적는 칸이라면 스키마에 id로 선언하십시오"
-- [en]
-- title = "File name without its extension"
-- message = "of {items:,} {items:item|items}, {count:,} {count:gives|give} the file name without its extension (such as '{example}')"
-- why = "programs that open files by the name in the label do not find the source, and cannot choose between files that differ in the extension"
-- fix = "write the file's real name, extension included, and export again. If the value is an identifier and no file name, declare it as id in the schema"
-- ---
-- One group for each schema. A value that is declared to be the item's id as well is an identifier by design.
WITH named AS (
    SELECT d.schema, i.file, i.pointer, i.file_name,
        NOT regexp_matches(i.file_name, '\.[A-Za-z0-9]{1,5}$') AND i.file_name IS DISTINCT FROM i.declared_id AS bare
    FROM items i JOIN documents d USING (file)
    WHERE i.file_name IS NOT NULL AND i.layer = 'delivered'
)
SELECT coalesce(schema, '') AS group_id, count_if(bare) > 0 AS wrong, count(*) AS items, count_if(bare) AS count,
    arg_min(file, (file, pointer)) FILTER (bare) AS file, arg_min(pointer, (file, pointer)) FILTER (bare) AS pointer,
    arg_min(file_name, (file, pointer)) FILTER (bare) AS example
FROM named GROUP BY schema
