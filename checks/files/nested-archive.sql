-- ---
-- id = "files.nested-archive"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "압축 파일 안의 압축 파일"
-- message = "압축 파일 안에 또 압축 파일이 있습니다 ({size:,}바이트)"
-- why = "받는 쪽이 두 번 풀어야 하고, 안쪽 압축 파일은 검사 도구와 학습 프로그램이 읽지 못하거나 매우 느리게 읽습니다"
-- fix = "안쪽 압축 파일을 풀어 파일 그대로 다시 압축하십시오"
-- [en]
-- title = "Archive inside an archive"
-- message = "it is an archive inside another archive ({size:,} {size:byte|bytes})"
-- why = "whoever receives it must unpack twice, and tools for inspection and training cannot read the inner archive, or read it very slowly"
-- fix = "unpack the inner archive and pack its files as they are"
-- ---
SELECT file, container IS NOT NULL AS wrong, size
FROM files
WHERE kind = 'archive'
