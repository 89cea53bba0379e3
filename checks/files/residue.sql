-- ---
-- id = "files.residue"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "작업 중 남은 파일"
-- message = "{reason} ({size:,}바이트)"
-- why = "끝나지 않은 전송이나 작업의 흔적입니다. 온전한 데이터가 빠졌을 수 있고, 압축을 풀거나 수량을 셀 때 함께 섞입니다"
-- fix = "온전한 파일이 있는지 먼저 확인하고, 있으면 이 파일을 지우십시오. 없으면 원본에서 다시 받거나 저장한 뒤 지우십시오"
-- [ko.reasons]
-- download = "다 받지 못한 전송의 임시 파일 이름입니다"
-- temporary = "프로그램이 작업 중에 만드는 임시 파일 이름입니다"
-- backup = "고치기 전의 파일을 남겨 둔 백업 이름입니다"
-- [en]
-- title = "File left over from work"
-- message = "{reason} ({size:,} {size:byte|bytes})"
-- why = "it is the trace of a transfer or of work that did not end: the whole file may be missing, and this one gets in the way of unpacking and counting"
-- fix = "see whether the whole file is there; if it is, remove this one, else fetch or save it again from the original and then remove this one"
-- [en.reasons]
-- download = "its name is that of a transfer that did not end"
-- temporary = "its name is that of a temporary file of a program"
-- backup = "its name is that of a backup made before a change"
-- ---
SELECT f.file, r.file IS NOT NULL AS wrong, r.reason, f.size
FROM files f LEFT JOIN residues r USING (file)
WHERE f.kind <> 'junk' OR r.file IS NOT NULL
