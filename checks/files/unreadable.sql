-- ---
-- id = "files.unreadable"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "읽을 수 없는 파일"
-- message = "파일을 읽을 수 없습니다: {reason} ({size:,}바이트)"
-- why = "열리지 않는 파일은 학습에 쓸 수 없으며, 파일 유효성 지표에서 오류 파일로 계산됩니다"
-- fix = "원본에서 다시 내보내거나 다시 압축한 뒤, 그 파일이 열리는지 확인하고 교체하십시오"
-- needs = "원천데이터의 머리 부분을 읽도록 --media headers로 검사하고, 납품 폴더 밖을 가리키는 링크는 실제 파일로 바꾸십시오. 아직 지원하지 않는 형식의 파일과, 한 번에 읽기에 너무 크고(512MiB, 또는 메모리 3GiB 초과) 레코드 단위로 나누어 읽을 수도 없는 문서는 검사할 수 없습니다. 그런 문서는 나누거나, 레코드 목록이 있는 JSON, JSON Lines, CSV로 내보내십시오"
-- [ko.reasons]
-- truncated = "파일이 중간에 잘렸습니다"
-- unparsed = "문서로 해석할 수 없습니다"
-- syntax = "파일 형식의 문법에 맞지 않습니다"
-- encoding = "문자 인코딩을 알 수 없습니다(UTF-8도 CP949도 아닙니다)"
-- depth = "중첩이 너무 깊습니다"
-- entity = "XML 개체(entity)를 정의하거나 써서 안전하게 읽을 수 없습니다"
-- alias-bomb = "참조(*)를 따라가면 내용이 끝없이 커집니다"
-- not-a-workbook = "확장자는 xlsx이지만 엑셀 통합 문서가 아닙니다"
-- encrypted = "암호가 걸려 있습니다"
-- not-a-zip = "확장자는 zip이지만 zip 파일이 아닙니다"
-- not-an-archive = "압축 파일이라는 이름이지만 압축 파일이 아닙니다"
-- other-format = "이름과 다른 형식의 압축 파일입니다. 압축을 풀어 zip으로 다시 압축하십시오"
-- web-page = "압축 파일이 아니라 웹 페이지나 오류 안내문입니다. 내려받기가 실패했으니 다시 받으십시오"
-- no-directory = "압축 파일의 끝(목록)이 없습니다. 전송이 중간에 끊겼을 수 있습니다"
-- directory-cut = "압축 파일의 목록이 중간에 잘렸습니다"
-- directory-broken = "압축 파일의 목록이 손상되었습니다"
-- outside-archive = "압축 파일 밖을 가리키는 항목입니다. 압축 파일이 잘렸을 수 있습니다"
-- system-refused = "운영 체제가 열기를 거부했습니다. 접근 권한과 디스크를 확인하십시오"
-- damaged = "데이터가 손상되었습니다"
-- broken = "압축 파일의 구조가 손상되었습니다"
-- headers-broken = "압축 파일의 머리 정보가 손상되었습니다"
-- overlap = "압축 파일 안의 항목들이 서로 겹쳐 있습니다. 정상적인 프로그램으로 만든 파일이 아닙니다"
-- bomb = "풀면 메모리를 다 채우도록 만들어진 파일입니다"
-- nul = "글 안에 0바이트가 있습니다"
-- tag = "데이터 파일에 쓰지 않는 YAML 태그가 있습니다"
-- missing = "파일이 목록에는 있으나 열 수 없습니다"
-- not-an-image = "이미지 파일의 내용이 아닙니다"
-- too-big = "한 번에 읽을 수 있는 크기를 넘고 레코드 단위로 나누어 읽을 수 없어 검사하지 않았습니다"
-- unreadable = "내용을 읽을 수 없습니다"
-- [en]
-- title = "Unreadable file"
-- message = "the file cannot be read: {reason} ({size:,} {size:byte|bytes})"
-- why = "a file that does not open cannot be used for training and counts as an error of file validity"
-- fix = "export or pack it again from the original, make sure that it opens, and replace it"
-- needs = "have the headers of the source data read with --media headers, and put real files in place of links that lead out of the deliverable. Files of formats that are not supported yet, and documents that are too large to be read at once (512 MiB, or 3 GiB of memory) and cannot be read record by record, cannot be checked: divide those, or export them as JSON, JSON Lines or CSV with a list of records"
-- [en.reasons]
-- truncated = "it breaks off in the middle"
-- unparsed = "it cannot be parsed as a document"
-- syntax = "it breaks the syntax of its format"
-- encoding = "its character encoding is unknown (neither UTF-8 nor CP949)"
-- depth = "it is nested too deeply"
-- entity = "it defines or uses XML entities, which cannot be read safely"
-- alias-bomb = "its references (*) grow without end when followed"
-- not-a-workbook = "it is called xlsx but is no workbook"
-- encrypted = "it is encrypted"
-- not-a-zip = "it is called zip but is none"
-- not-an-archive = "it is called an archive but is none"
-- other-format = "it is an archive of another format than its name says: unpack it and pack it again as ZIP"
-- web-page = "it is no archive but a web page or an error message: the download failed, fetch it again"
-- no-directory = "the end of the archive, with its directory, is missing: its transfer may have been cut short"
-- directory-cut = "the directory of the archive breaks off in the middle"
-- directory-broken = "the directory of the archive is damaged"
-- outside-archive = "it points outside the archive, which may have been cut short"
-- system-refused = "the system refused to open it: look at the permissions and the disk"
-- damaged = "its data is damaged"
-- broken = "the structure of the archive is damaged"
-- headers-broken = "headers of the archive are damaged"
-- overlap = "members of the archive lie on one another, as no ordinary program writes them"
-- bomb = "it is made to fill memory when it is unpacked"
-- nul = "there are zero bytes in its text"
-- tag = "it has YAML tags that data files do not use"
-- missing = "it is listed but cannot be opened"
-- not-an-image = "its content is no image"
-- too-big = "not examined: it is larger than may be read at once, and cannot be read record by record"
-- unreadable = "its content cannot be read"
-- ---
-- What our own reader does not support, or died on, is not the file's fault: could not tell. Documents
-- that parse but break JSON's rules are documents.invalid-json's, empty files are files.empty's, those behind a
-- password files.encrypted's and archives without one of their parts files.part-missing's.
WITH broken AS (
    SELECT file, keyword, line, col FROM schema_errors
    WHERE error_class = 'FILE' AND keyword IN ('syntax', 'depth', 'encoding', 'entity',
        'alias-bomb', 'bomb', 'nul', 'tag', 'not-a-workbook', 'damaged')
        AND file IN (SELECT file FROM documents WHERE status = 'unparsed')
    QUALIFY row_number() OVER (
        PARTITION BY file ORDER BY keyword = 'encoding', line NULLS LAST, col, keyword, ordinal) = 1
),
-- Told of by others: empty files, and workbooks behind a password.
apart AS (SELECT DISTINCT file FROM schema_errors WHERE error_class = 'FILE' AND keyword IN ('empty', 'encrypted')),
told AS (
    SELECT file, bool_or(status IN ('full', 'header', 'sampled')) AS opened, bool_or(status = 'failed') AS failed,
        min(reason) FILTER (WHERE status = 'failed') AS reason
    FROM coverage GROUP BY file
)
SELECT f.file,
    CASE
        WHEN f.status IN ('unreadable', 'damaged') THEN TRUE
        -- Also links out of the deliverable and special files: they are listed with size 0, and nobody read them.
        WHEN f.status <> 'ok' THEN NULL
        WHEN c.reason = 'unsupported' THEN NULL
        WHEN d.status = 'unparsed' OR m.status = 'unreadable' THEN TRUE
        WHEN d.status = 'ok' OR m.status = 'ok' THEN FALSE
        WHEN d.status = 'crashed' OR m.status = 'unsupported' THEN NULL
        WHEN c.failed THEN TRUE
        -- The directory of an archive was read to list it.
        WHEN c.opened OR f.kind = 'archive' THEN FALSE
    END AS wrong,
    CASE
        WHEN f.status <> 'ok' THEN coalesce(f.reason, f.status)
        WHEN d.status = 'unparsed' THEN coalesce(b.keyword, c.reason, 'unparsed')
        WHEN m.status = 'unreadable' THEN coalesce(m.reason, 'unreadable')
        ELSE coalesce(c.reason, 'unreadable')
    END AS reason,
    f.size, b.line, b.col
FROM files f
LEFT JOIN documents d USING (file)
LEFT JOIN media m USING (file)
LEFT JOIN broken b USING (file)
LEFT JOIN told c USING (file)
WHERE f.kind IN ('source', 'label', 'archive') AND f.status <> 'encrypted' AND f.reason IS DISTINCT FROM 'piece-missing'
    AND NOT (f.size = 0 AND f.status IN ('ok', 'damaged'))
    AND NOT (coalesce(d.status, '') = 'unparsed' AND f.file IN (SELECT file FROM apart))
