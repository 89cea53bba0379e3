-- ---
-- id = "files.double-nesting"
-- subject = "group"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "같은 이름으로 두 번 겹친 폴더"
-- message = "폴더 '{above}' 안에 이름이 같은 폴더 하나만 있고, 파일 {count:,}개가 모두 그 안에 있습니다"
-- why = "압축을 풀 때 폴더가 한 겹 더 생긴 것으로, 합의한 폴더 구조와 경로가 달라져 경로로 파일을 찾는 프로그램이 실패합니다"
-- fix = "안쪽 폴더의 내용을 한 단계 위로 옮기고 빈 폴더를 지운 뒤 다시 압축하십시오"
-- [en]
-- title = "Folder nested in one of the same name"
-- message = "folder '{above}' holds nothing but a folder of the same name, with all of its {count:,} {count:file|files}"
-- why = "unpacking has made one folder too many: paths differ from the agreed structure, and programs that go by paths fail"
-- fix = "move what is in the inner folder one level up, remove the empty folder and pack again"
-- ---
-- Numbers that repeat (2022/01/01, 001/001) are dates and counters. One group for each archive and top folder.
WITH folders AS (
    SELECT container_path, folder, string_split(folder, '/') AS parts, count(*) AS files, min(file) AS file
    FROM files WHERE kind <> 'junk' GROUP BY container_path, folder
),
doubled AS (
    SELECT *, list_position(list_transform(range(1, len(parts)),
        lambda i: lower(parts[i]) = lower(parts[i + 1]) AND NOT regexp_matches(parts[i], '^[0-9_. -]*$')), TRUE) AS depth
    FROM folders
),
inside AS (
    SELECT container_path, depth, array_to_string(parts[1:depth], '/') AS above, sum(files)::BIGINT AS files,
        min(file) AS file
    FROM doubled WHERE depth > 0 GROUP BY ALL
),
-- All that lies under the above folder, to see that it is but the inner one.
under AS (
    SELECT i.container_path, i.above, sum(f.files)::BIGINT AS files
    FROM (SELECT DISTINCT container_path, depth FROM inside) d
    JOIN folders f ON f.container_path IS NOT DISTINCT FROM d.container_path AND len(f.parts) >= d.depth
    JOIN inside i ON i.container_path IS NOT DISTINCT FROM f.container_path AND i.depth = d.depth
        AND i.above = array_to_string(f.parts[1:d.depth], '/')
    GROUP BY i.container_path, i.above
),
nested AS (
    SELECT i.* FROM inside i JOIN under u
        ON u.container_path IS NOT DISTINCT FROM i.container_path AND u.above = i.above AND u.files = i.files
)
SELECT concat_ws('/', container_path, above) AS group_id, file, TRUE AS wrong, above, files AS count FROM nested
UNION ALL
SELECT concat_ws('/', container_path, nullif(parts[1], ''), ''), min(file), FALSE, NULL, NULL FROM folders
WHERE (coalesce(container_path, ''), parts[1]) NOT IN
    (SELECT (coalesce(container_path, ''), split_part(above, '/', 1)) FROM nested)
GROUP BY container_path, parts[1]
