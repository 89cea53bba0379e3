-- ---
-- id = "files.part-missing"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "조각이 빠진 분할 압축 파일"
-- message = "나뉜 압축 파일의 다른 조각이 빠져 있어 열 수 없습니다 ({size:,}바이트)"
-- why = "조각이 하나라도 없으면 압축을 풀 수 없으므로, 안에 든 데이터가 모두 납품되지 않은 것과 같습니다"
-- fix = "빠진 조각을 추가하십시오. 번호가 이어지는지, 전송이 끝까지 되었는지 확인하고, 될 수 있으면 하나로 합친 압축 파일로 내십시오"
-- needs = "지원하지 않는 형식(RAR 등)의 조각은 모두 있는지 알 수 없습니다. ZIP으로 다시 압축하십시오"
-- [en]
-- title = "Split archive with a part missing"
-- message = "another part of the split archive is missing, so that it does not open ({size:,} {size:byte|bytes})"
-- why = "without one of its parts an archive cannot be unpacked: nothing inside has been delivered"
-- fix = "add the part that is missing; see that the numbers follow each other and that the transfer was complete, and deliver one whole archive if you can"
-- needs = "of parts in formats that are not supported (such as RAR) it is not known whether all are there: pack them as ZIP"
-- ---
SELECT file, size, CASE WHEN reason = 'piece-missing' THEN TRUE WHEN status = 'unsupported' THEN NULL ELSE FALSE END AS wrong
FROM files
WHERE kind = 'archive' AND (reason = 'piece-missing'
    OR regexp_matches(name, '(?i)\.(zip|tar|tgz|tbz2?|txz|tar\.\w{2,3}|7z|alz|egg)\.(part[-_]?)?(\d+|[a-z]{2})$|\.z\d{2,}$|\.part\d+\.rar$|\.r\d\d$'))
