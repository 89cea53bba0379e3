-- ---
-- id = "files.name-portable"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "warning"
-- [params]
-- max_path = {default = 259, min = 50, max = 32767, unit = "characters"}
-- outer_path = {default = 40, min = 0, max = 200, unit = "characters"}
-- [ko]
-- title = "다른 운영체제에서 쓸 수 없는 이름"
-- message = "{reason} ({what})"
-- why = "받는 쪽 컴퓨터에서 압축이 풀리지 않거나 파일이 빠지고, 다른 이름으로 저장되어 라벨과 맞지 않게 됩니다. 검사 기관은 대개 Windows를 씁니다"
-- fix = "파일과 폴더의 이름을 한글, 영문, 숫자, '-', '_'로 짧게 바꾸고, 라벨에 적힌 파일 이름도 함께 고치십시오"
-- [ko.reasons]
-- reserved = "Windows가 장치 이름으로 쓰는 이름이라 파일을 만들 수 없습니다"
-- ending = "점이나 공백으로 끝나는 이름은 Windows가 끝을 잘라 다른 이름으로 만듭니다"
-- character = "Windows에서 쓸 수 없는 글자(< > : \" | ? * \\)가 있습니다"
-- long-path = "경로가 너무 깁니다. 폴더에 풀었을 때의 글자 수가 Windows의 한도를 넘습니다"
-- long-name = "이름이 너무 깁니다. UTF-8로 255바이트(한글 85자)를 넘으면 Linux에서 파일을 만들 수 없습니다"
-- [en]
-- title = "Name that other systems cannot use"
-- message = "{reason} ({what})"
-- why = "where it is received, unpacking stops or files are left out, or they get other names that no longer match the labels; inspection desks mostly use Windows"
-- fix = "give files and folders short names of letters, digits, '-' and '_', and change the file names inside the labels too"
-- [en.reasons]
-- reserved = "Windows uses the name for a device: no such file can be created"
-- ending = "the name ends in a dot or a blank, which Windows cuts off"
-- character = "it has a character that Windows forbids (< > : \" | ? * \\)"
-- long-path = "its path is too long: unpacked into a folder, it exceeds the limit of Windows"
-- long-name = "its name is too long: beyond 255 bytes of UTF-8 (85 Hangul syllables) Linux cannot create it"
-- ---
-- ``outer_path`` stands for the folder that the deliverable is unpacked into; an archive becomes a folder of
-- its name, a '/' in place of its extension.
-- Control characters are files.unsafe-name's, drive names files.unsafe-path's, names that collide files.duplicate-name's.
WITH places AS (
    SELECT file, path, name, unsafe, length(path) + coalesce(length(container_path) - 3, 0) + $outer_path AS characters
    FROM files WHERE kind <> 'junk'
),
judged AS (
    SELECT *, CASE
        -- Most names have nothing of all this.
        WHEN NOT regexp_matches(path, '[<>:"|?*\\]|[. ](/|$)|(?i)(^|/)(con|prn|aux|nul|com|lpt)[0-9¹²³]?(\.|/|$)')
            THEN CASE WHEN characters > $max_path THEN 'long-path' WHEN strlen(name) > 255 THEN 'long-name' END
        WHEN regexp_matches(path, '(?i)(^|/)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.[^/]*)?(/|$)') THEN 'reserved'
        WHEN unsafe IS DISTINCT FROM 'drive' AND regexp_matches(path, '[<>:"|?*\\]') THEN 'character'
        WHEN unsafe IS DISTINCT FROM 'parent' AND regexp_matches(path, '[^/.][. ]+(/|$)|(^|/)[. ]*\.\.\.(/|$)|(^|/) +(/|$)')
            THEN 'ending'
        WHEN characters > $max_path THEN 'long-path'
        WHEN strlen(name) > 255 THEN 'long-name'
        END AS reason
    FROM places
)
SELECT file, reason IS NOT NULL AS wrong, reason,
    CASE reason
        WHEN 'long-path' THEN characters || ' > ' || $max_path
        WHEN 'long-name' THEN strlen(name) || ' > 255'
        WHEN 'character' THEN regexp_extract(path, '[<>:"|?*\\]')
        WHEN 'reserved' THEN regexp_extract(path, '(?i)(?:^|/)((?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.[^/]*)?)(?:/|$)', 1)
        WHEN 'ending' THEN '''' || regexp_extract(path, '([^/]*[. ])(?:/|$)', 1) || ''''
        END AS what
FROM judged
