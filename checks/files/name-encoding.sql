-- ---
-- id = "files.name-encoding"
-- subject = "group"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "info"
-- [ko]
-- title = "다른 컴퓨터에서 깨지는 파일 이름"
-- message = "파일 {files:,}개 중 {count:,}개의 이름: {reason}"
-- why = "이 컴퓨터에서는 바르게 보여도, 받는 쪽에서는 이름이 깨지거나 라벨에 적힌 이름과 다른 이름이 되어 파일을 찾지 못합니다. 이번 검사에서는 바른 이름으로 읽었습니다"
-- fix = "이름을 UTF-8, 완성형(NFC)으로 저장해 다시 압축하십시오. Windows에서는 반디집이나 7-Zip의 UTF-8 옵션을, macOS에서는 이름을 NFC로 바꾼 뒤 압축하는 도구를 쓰십시오"
-- [ko.reasons]
-- cp949 = "CP949로 저장되어 있고 UTF-8이라는 표시가 없습니다. Windows가 아닌 컴퓨터와 Python에서는 깨진 이름으로 풀립니다."
-- nfd = "한글이 자모로 나뉘어(NFD) 저장되어 있습니다. Windows에서는 'ㅎㅏㄴㄱㅡㄹ'처럼 보이고, 눈으로는 같아도 다른 이름으로 취급됩니다."
-- [en]
-- title = "File names that break on other computers"
-- message = "names of {count:,} of {files:,} {files:file|files}: {reason}"
-- why = "they look right here, but where they are received names come out garbled or differ from those inside the labels, and files are not found. This inspection read them as they were meant"
-- fix = "store names as UTF-8 in composed form (NFC) and pack again: with the UTF-8 option of 7-Zip or Bandizip on Windows, with a tool that converts names to NFC on macOS"
-- [en.reasons]
-- cp949 = "stored as CP949 without the mark for UTF-8. Other systems than Windows, and Python, unpack them under garbled names."
-- nfd = "stored with Hangul taken apart (NFD). Windows shows single letters, and names that look the same are different ones."
-- ---
-- One group for each archive, and one for what lies loose. The place is the archive, else the first such file.
WITH counted AS (
    SELECT container_path, min(container) AS container, count(*) AS files,
        count_if(name_encoding = 'cp949') AS cp949, count_if(name_form IN ('NFD', 'mixed')) AS nfd,
        min(CASE WHEN name_encoding = 'cp949' THEN file END) AS cp949_file,
        min(CASE WHEN name_form IN ('NFD', 'mixed') THEN file END) AS nfd_file
    FROM files WHERE kind <> 'junk' GROUP BY container_path
)
SELECT coalesce(container_path, '.') AS group_id, coalesce(container, cp949_file, nfd_file) AS file,
    cp949 + nfd > 0 AS wrong, files, CASE WHEN cp949 > 0 THEN cp949 ELSE nfd END AS count,
    CASE WHEN cp949 > 0 THEN 'cp949' ELSE 'nfd' END AS reason
FROM counted
