-- ---
-- id = "documents.repeated-header"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "중간에 다시 나오는 표 머리글"
-- message = "머리글 줄이 표 중간에 {total:,}번 다시 나옵니다"
-- why = "여러 표를 그대로 이어 붙인 흔적입니다. 학습 프로그램은 이 줄을 데이터 한 건으로 읽거나, 숫자 열에서 오류로 멈춥니다"
-- fix = "표를 합칠 때 두 번째 표부터 머리글을 빼고, 이 줄들을 지운 뒤 다시 저장하십시오. 이번 검사에서는 데이터로 세지 않았습니다"
-- needs = "표 파일(CSV, XLSX)을 읽을 스키마를 --schema나 계획 파일의 [[schemas]]로 지정하십시오"
-- [en]
-- title = "Header row again in mid-table"
-- message = "the header row stands {total:,} more {total:time|times} in mid-table"
-- why = "tables were put one behind the other as they were: training code reads the row as data, or fails at a column of numbers"
-- fix = "leave the header out from the second table on when joining tables, remove these rows and save again. This inspection did not count them as data"
-- needs = "a schema by which tables (CSV, XLSX) are read: give it with --schema or in [[schemas]] of the plan"
-- ---
-- Stored places are capped; ``total`` is the full count of a kind, of which ordinal 0 is always stored.
WITH firsts AS (
    SELECT file, sum(total) FILTER (ordinal = 0)::BIGINT AS total, arg_min(line, (line, ordinal)) AS line,
        arg_min(col, (line, ordinal)) AS col, arg_min(pointer, (line, ordinal)) AS pointer
    FROM schema_errors WHERE error_class = 'FILE' AND keyword = 'repeated-header' GROUP BY file
)
SELECT d.file, CASE WHEN d.status = 'ok' THEN f.file IS NOT NULL END AS wrong, f.total, f.line, f.col, f.pointer
FROM documents d LEFT JOIN firsts f USING (file)
WHERE d.format IN ('csv', 'xlsx')
