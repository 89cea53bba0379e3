-- ---
-- id = "files.junk"
-- subject = "group"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "info"
-- [ko]
-- title = "운영체제가 남긴 파일"
-- message = "데이터가 아닌 파일 {count:,}개가 섞여 있습니다: {names}"
-- why = "운영체제나 프로그램이 스스로 만든 파일입니다. 파일 수가 맞지 않게 되고, '._'로 시작하는 파일은 이미지나 라벨로 잘못 읽히며, 작업한 사람의 폴더 이름이 들어 있기도 합니다"
-- fix = "지운 뒤 다시 압축하십시오. macOS에서는 'zip -r -X 이름.zip 폴더 -x \"*.DS_Store\" -x \"__MACOSX/*\"'로 압축하면 들어가지 않습니다. 이번 검사에서는 세지 않았습니다"
-- [en]
-- title = "Files left behind by the system"
-- message = "{count:,} {count:file is|files are} no data: {names}"
-- why = "systems and programs make them on their own: counts disagree, files that begin with '._' are taken for pictures or labels, and some hold names of the folders people worked in"
-- fix = "remove them and pack again. On macOS, 'zip -r -X NAME.zip FOLDER -x \"*.DS_Store\" -x \"__MACOSX/*\"' leaves them out. This inspection did not count them"
-- ---
-- One group for each archive, and one for what lies loose. The place is the archive, else the first such file.
WITH named AS (
    SELECT container_path, container, file, folder, path, CASE
        WHEN kind <> 'junk' THEN NULL
        WHEN regexp_matches(folder, '(?i)(^|/)__MACOSX(/|$)') THEN '__MACOSX/'
        WHEN name LIKE '.\_%' ESCAPE '\' THEN '._*'
        WHEN name LIKE '~$%' THEN '~$*'
        -- In a folder of a system or a program (.git, $RECYCLE.BIN) the folder is what matters.
        WHEN lower(name) NOT IN ('.ds_store', 'thumbs.db', 'ehthumbs.db', 'desktop.ini', '.directory', '.gitkeep',
            '.gitignore', '.localized') AND folder <> '' THEN regexp_extract(folder, '([^/]*)$', 1) || '/'
        ELSE name END AS what
    FROM files
    WHERE file NOT IN (SELECT file FROM residues)
),
kinds AS (
    SELECT container_path, what, count(*) AS files, min(container) AS container, min(path) AS path
    FROM named GROUP BY container_path, what
),
groups AS (
    SELECT container_path, min(container) AS container, sum(files) FILTER (what IS NOT NULL)::BIGINT AS count,
        string_agg(what || ' ' || files, ', ' ORDER BY files DESC, what) FILTER (what IS NOT NULL) AS names,
        min(path) FILTER (what IS NOT NULL) AS path
    FROM kinds GROUP BY container_path
)
SELECT coalesce(g.container_path, '.') AS group_id, coalesce(g.container, f.file) AS file, g.count IS NOT NULL AS wrong,
    g.count, left(g.names, 200) AS names
FROM groups g LEFT JOIN named f ON g.container_path IS NULL AND f.container_path IS NULL AND f.path = g.path
    AND f.what IS NOT NULL
