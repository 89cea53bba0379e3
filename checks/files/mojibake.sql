-- ---
-- id = "files.mojibake"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "note"
-- severity = "error"
-- [ko]
-- title = "글자가 깨진 파일 이름"
-- message = "파일이나 폴더의 이름이 깨졌습니다: {reason}"
-- why = "라벨에 적힌 이름으로 파일을 찾을 수 없고, 사람도 무슨 파일인지 알 수 없습니다. 한 번 깨진 이름은 원본 없이 되돌리기 어렵습니다"
-- fix = "원본의 이름으로 다시 납품하십시오. 압축은 이름을 UTF-8로 저장하는 프로그램으로 하고, 다른 컴퓨터에서 풀어 한글 이름이 그대로 나오는지 확인하십시오"
-- [ko.reasons]
-- lost = "글자가 사라지고 대체 기호('�', '?')만 남았습니다."
-- cp437 = "CP949나 UTF-8 한글을 영어권 문자(CP437)로 읽은 모양입니다(예: '╟╤')."
-- latin = "CP949나 UTF-8 한글을 서유럽 문자(Latin-1)로 읽은 모양입니다(예: 'ÇÑ')."
-- twice = "대체 기호가 한글로 다시 깨진 모양입니다(예: '占쏙옙')."
-- escaped = "글자가 코드로 바뀌어 있습니다(예: '#Ud55c', '%ED%95%9C')."
-- unknown = "압축 파일에 적힌 이름이 UTF-8도 CP949도 아닙니다."
-- [en]
-- title = "Garbled file name"
-- message = "the name of the file or of a folder is garbled: {reason}"
-- why = "the file cannot be found by the name inside the label, and nobody can tell which file it is; a garbled name can hardly be mended without the original"
-- fix = "deliver it again under its original name. Pack with a program that stores names as UTF-8, unpack on another computer and see that Hangul comes out as it was"
-- [en.reasons]
-- lost = "characters are lost, only substitutes ('�', '?') are left."
-- cp437 = "it looks like Hangul in CP949 or UTF-8 that was read as CP437 (as in '╟╤')."
-- latin = "it looks like Hangul in CP949 or UTF-8 that was read as Latin-1 (as in 'ÇÑ')."
-- twice = "it looks like substitutes that were garbled once more (as in '占쏙옙')."
-- escaped = "characters are written as codes (as in '#Ud55c', '%ED%95%9C')."
-- unknown = "the name in the archive is neither UTF-8 nor CP949."
-- ---
-- Hangul syllables in CP949 are pairs of bytes B0..C8 and A1..FE; in UTF-8 three bytes, EA..ED and two of 80..BF.
-- Classes of signs below are these bytes as CP437 and as Latin-1 (or CP1252) show them. Two syllables are needed
-- (one of three bytes), or one that stands alone, and more than lines (─, │): a single such pair may be meant.
WITH judged AS (
    SELECT file, name_encoding, coalesce(unsafe = 'control', FALSE) AS control,
        concat_ws('/', container_path, path) AS path, strlen(path) > length(path) OR strlen(container_path) > length(container_path)
        AS beyond_ascii
    FROM files WHERE kind <> 'junk'
),
found AS (
    SELECT file, CASE
        WHEN name_encoding = 'cp437' THEN 'unknown'
        WHEN beyond_ascii AND regexp_matches(path, '占[가-힣]') THEN 'twice'
        WHEN beyond_ascii AND (
            regexp_matches(path, '[Ωδ∞φ][ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐]{2}')
            OR regexp_matches(path, '[░▒▓┤╡╢╖╕╣║╗╝╜╛┐└┴┬├┼╞╟╚][íóúñÑªº¿⌐¬½¼¡«»░-▓│-╬█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■]'))
            THEN 'cp437'
        WHEN beyond_ascii AND (
            regexp_matches(path, '[ê-í][\x{80}-\x{bf}\x{fffd}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]{2}')
            OR regexp_matches(path, '([°-È][¡-þ]){2}|(^|[/_. -])[°-¿][¡-þ]([/_. -]|$)'))
            THEN 'latin'
        -- Control characters are shown as U+FFFD too: they are files.unsafe-name's.
        WHEN beyond_ascii AND NOT control AND contains(path, chr(65533)) THEN 'lost'
        WHEN contains(path, '??') THEN 'lost'
        WHEN contains(path, '#U') AND regexp_matches(path, '#U[0-9a-fA-F]{4}') THEN 'escaped'
        WHEN contains(path, '%') AND regexp_matches(path, '%[eE][aAbBcCdD](%[89abAB][0-9a-fA-F]){2}') THEN 'escaped'
        END AS reason
    FROM judged
)
SELECT file, reason IS NOT NULL AS wrong, reason FROM found
