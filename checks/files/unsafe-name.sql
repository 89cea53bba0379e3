-- ---
-- id = "files.unsafe-name"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "error"
-- [ko]
-- title = "제어 문자가 든 파일 이름"
-- message = "경로에 보이지 않는 제어 문자나 글자 방향을 바꾸는 문자가 있습니다 (화면에는 ␛, � 같은 대체 기호로 표시)"
-- why = "Windows에서는 이런 이름으로 파일을 만들 수 없고, 화면이나 목록에서는 다른 이름이나 다른 확장자로 보일 수 있습니다"
-- fix = "파일과 폴더의 이름을 한글, 영문, 숫자, '-', '_'로 바꾸고, 라벨에 적힌 파일 이름도 같이 바꾸십시오. 압축 파일 안에 있으면 이름을 바꾼 뒤 다시 압축하십시오"
-- [en]
-- title = "File name with control characters"
-- message = "its path holds invisible control characters, or such as turn the direction of text (shown as ␛, � and the like)"
-- why = "Windows cannot create a file of this name, and on screens and in lists it may look like another name or ending"
-- fix = "rename the file or folder, and change the name in the label too. In an archive, rename it and pack again"
-- ---
-- A note: a name says nothing of whether the file could be read, which is what the rate of the indicator is about.
SELECT file, unsafe IS NOT DISTINCT FROM 'control' AS wrong
FROM files
WHERE kind <> 'junk'
