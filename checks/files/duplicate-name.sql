-- ---
-- id = "files.duplicate-name"
-- subject = "group"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "이름이 겹치는 파일"
-- message = "이름이 '{name}'인 파일이 {count:,}개 있어 서로 구별되지 않습니다"
-- why = "압축을 한 폴더에 풀면 하나가 다른 하나를 덮어쓰고, 이름으로 짝을 맞출 때 어느 파일인지 정할 수 없습니다. 대소문자만 다른 이름도 Windows와 macOS에서는 같은 이름입니다"
-- fix = "파일마다 다른 이름을 주고 라벨 안의 파일 이름도 함께 고치십시오. 같은 파일이 두 번 들어갔다면 하나를 빼십시오"
-- [en]
-- title = "Files with the same name"
-- message = "{count:,} files are called '{name}' and cannot be told apart"
-- why = "unpacked into one folder one overwrites the other, and pairing by name cannot decide between them; names that differ by case alone are the same on Windows and macOS"
-- fix = "give each file a name of its own and correct the file names inside the labels; if one file is there twice, remove one"
-- ---
-- Two files collide when they land on one path after unpacking side by side, or when they share split, group
-- and name and pairing by name left one of them alone. Equal numbers in folders that keep them apart are fine.
WITH named AS (
    SELECT f.file, f.name, lower(f.name) AS folded, concat_ws('|', f.kind, f.split, f.group_key) AS area,
        lower(concat_ws('/', regexp_extract(f.container_path, '^(.*)/', 1), f.folder, f.name)) AS unpacked,
        p.file IS NULL AND EXISTS (SELECT 1 FROM pairs) AS alone
    FROM files f
    LEFT JOIN (SELECT label AS file FROM pairs UNION SELECT source FROM pairs) p USING (file)
    WHERE f.kind IN ('source', 'label')
),
paths AS (SELECT area, unpacked, count(*) AS files FROM named GROUP BY area, unpacked HAVING count(*) > 1),
names AS (
    SELECT area, folded, count(*) AS files FROM named GROUP BY area, folded HAVING count(*) > 1 AND bool_or(alone)
)
SELECT
    CASE
        WHEN p.files IS NOT NULL THEN concat_ws('|', n.area, n.unpacked)
        WHEN m.files IS NOT NULL THEN concat_ws('|', n.area, n.folded)
        ELSE CAST(n.file AS VARCHAR)
    END AS group_id,
    n.file, p.files IS NOT NULL OR m.files IS NOT NULL AS wrong, n.name, coalesce(p.files, m.files) AS count
FROM named n LEFT JOIN paths p USING (area, unpacked) LEFT JOIN names m ON m.area = n.area AND m.folded = n.folded
