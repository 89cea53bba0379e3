-- ---
-- id = "files.leftover-part"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "합치지 않았거나 합친 뒤 남은 압축 조각"
-- message = "{reason} ({size:,}바이트)"
-- why = "받는 쪽이 조각을 직접 합쳐야 하고, 합친 파일이 함께 있으면 같은 데이터가 두 번 납품됩니다"
-- fix = "조각을 하나의 압축 파일로 합쳐 납품하고, 합친 뒤에는 조각을 지우십시오. 합친 파일이 열리는지 확인하십시오"
-- [ko.reasons]
-- whole-beside = "합친 압축 파일이 옆에 있는데 조각이 남아 있습니다"
-- unmerged = "합치지 않은 조각입니다"
-- [en]
-- title = "Part of an archive, not joined or left behind"
-- message = "{reason} ({size:,} {size:byte|bytes})"
-- why = "whoever receives it must join the parts, and beside the joined archive the same data is delivered twice"
-- fix = "join the parts into one archive, make sure that it opens, and then remove them"
-- [en.reasons]
-- whole-beside = "the joined archive lies beside it, and this part is left over"
-- unmerged = "it is a part that was not joined"
-- ---
-- Pieces made by cutting a file ('.zip.part0', '.zip.001'). Volumes that a program writes as such ('.z01' with '.zip')
-- belong together and are fine. A part
-- whose others are missing is files.part-missing's, one that belongs to no archive files.unsupported-archive's.
WITH parts AS (
    SELECT file, size, container_path, folder, lower(name) AS name, lower(regexp_extract(name,
        '(?i)^(.*\.(?:zip|tar|tgz|tbz2?|txz|tar\.\w{2,3}|7z|alz|egg))\.(?:part[-_]?(?:\d+|[a-z]{2})|\d{3,})$', 1)) AS whole
    FROM files WHERE kind = 'archive' AND coalesce(reason, '') NOT IN ('piece-missing', 'leftover-piece')
),
pieces AS (SELECT * FROM parts WHERE whole <> '')
SELECT p.file, p.whole <> '' AS wrong, p.size,
    CASE WHEN w.file IS NOT NULL THEN 'whole-beside' ELSE 'unmerged' END AS reason
FROM parts p LEFT JOIN (SELECT DISTINCT container_path, folder, name, TRUE AS file FROM parts WHERE whole = '') w
    ON w.container_path IS NOT DISTINCT FROM p.container_path AND w.folder = p.folder AND w.name = p.whole AND p.whole <> ''
