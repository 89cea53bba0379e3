-- ---
-- id = "documents.ragged-row"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "칸 수가 다른 줄"
-- message = "칸 수가 머리글이나 형식과 다른 줄이 {total:,}개 있습니다"
-- why = "값 안의 쉼표나 줄바꿈을 따옴표로 묶지 않으면 칸이 밀려 값이 다른 열에 들어가고, 모자란 칸은 빈 값이 됩니다"
-- fix = "표에서는 쉼표, 따옴표, 줄바꿈이 든 값을 큰따옴표로 묶어 다시 저장하십시오(엑셀이나 CSV 라이브러리는 자동으로 묶습니다). 텍스트 라벨에서는 빠지거나 남는 값을 바로잡으십시오"
-- needs = "표 파일(CSV 등)을 읽을 스키마를 --schema나 계획 파일의 [[schemas]]로 지정하십시오"
-- [en]
-- title = "Row with another number of cells"
-- message = "{total:,} {total:row has|rows have} another number of cells than the header or the format"
-- why = "where commas or line breaks inside a value are not quoted, cells move and values get into other columns; cells that are missing come out empty"
-- fix = "in tables, put double quotes around values that hold commas, quotes or line breaks, and save again (Excel and CSV libraries do so on their own); in text labels, correct the values that are missing or too many"
-- needs = "a schema by which tables (CSV and the like) are read: give it with --schema or in [[schemas]] of the plan"
-- ---
-- Stored places are capped; ``total`` is the full count of a kind, of which ordinal 0 is always stored.
WITH firsts AS (
    SELECT file, sum(total) FILTER (ordinal = 0)::BIGINT AS total, arg_min(line, (line, ordinal)) AS line,
        arg_min(col, (line, ordinal)) AS col, arg_min(pointer, (line, ordinal)) AS pointer
    FROM schema_errors WHERE error_class = 'FILE' AND keyword = 'ragged-row' GROUP BY file
)
SELECT d.file, CASE WHEN d.status = 'ok' THEN f.file IS NOT NULL END AS wrong, f.total, f.line, f.col, f.pointer
FROM documents d LEFT JOIN firsts f USING (file)
WHERE d.format IN ('csv', 'lines', 'tokens')
