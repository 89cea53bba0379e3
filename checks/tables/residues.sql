-- ---
-- id = "residues"
-- key = ["file"]
-- [ko]
-- row = "작업이나 전송이 끝나지 않고 남은 것으로 보이는 파일과, 그렇게 본 이유(download, temporary, backup)"
-- [en]
-- row = "a file that unfinished work or an unfinished transfer has left behind by its name, and why: download, temporary, backup"
-- ---
-- Pieces of split archives ('.zip.part0') are no residue: files.split-archive speaks of them.
SELECT file, CASE
    WHEN name ILIKE 'download.tar' OR regexp_matches(extension, '^(part|partial|crdownload|opdownload|download|aria2|!ut)$')
        THEN 'download'
    WHEN regexp_matches(extension, '^(tmp|temp|swp|swo|swx)$') THEN 'temporary'
    ELSE 'backup' END AS reason
FROM files
WHERE regexp_matches(extension, '^(part|partial|crdownload|opdownload|download|aria2|!ut|tmp|temp|swp|swo|swx|bak|old|orig)$|~$')
    OR name LIKE '%_~' OR name ILIKE 'download.tar'
