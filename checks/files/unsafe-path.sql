-- ---
-- id = "files.unsafe-path"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "gate"
-- severity = "error"
-- [ko]
-- title = "위험한 경로를 가진 압축 파일 항목"
-- message = "압축을 풀면 지정한 폴더 밖에 파일을 쓰게 되는 경로입니다: {reason}"
-- why = "압축을 푸는 사람의 컴퓨터에서 다른 파일을 덮어쓸 수 있습니다. 압축 프로그램이 거부하거나 오류로 멈추기도 합니다"
-- fix = "데이터 폴더로 이동한 다음 상대 경로로 다시 압축하십시오. 절대 경로, '..', 드라이브 이름이 들어가면 안 됩니다"
-- [ko.reasons]
-- absolute = "'/'로 시작하는 절대 경로"
-- parent = "상위 폴더로 나가는 '..'"
-- drive = "드라이브 이름(C: 등)"
-- [en]
-- title = "Archive member with an unsafe path"
-- message = "unpacking this member would write outside the chosen folder: {reason}"
-- why = "it can overwrite other files of whoever unpacks it, and unpackers refuse it or stop with an error"
-- fix = "go into the data folder and pack again with relative paths, without absolute paths, '..' or drive names"
-- [en.reasons]
-- absolute = "an absolute path that begins with '/'"
-- parent = "'..', which leads to the folder above"
-- drive = "a drive name (such as C:)"
-- ---
-- Control characters lead nowhere: they are files.unsafe-name's.
SELECT file, coalesce(unsafe IN ('absolute', 'parent', 'drive'), FALSE) AS wrong, unsafe AS reason
FROM files
WHERE kind <> 'junk' OR unsafe IN ('absolute', 'parent', 'drive')
