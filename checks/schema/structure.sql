-- ---
-- id = "schema.structure"
-- subject = "file"
-- indicator = "structure-accuracy"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "라벨 구조 오류"
-- message = "{problem} (이 파일의 구조 오류 {errors:,}건 가운데 첫 번째)"
-- why = "빠진 항목이나 잘못된 계층은 구문 정확성(구조)의 오류 파일로 계산되고, 학습 프로그램이 라벨을 읽지 못하게 합니다"
-- fix = "표시된 위치를 어노테이션 포맷에 맞게 고치십시오. 여러 파일에서 같은 오류가 나면 저장 프로그램을 고쳐 한꺼번에 다시 내보내는 편이 빠릅니다"
-- needs = "라벨 형식에 맞는 스키마를 --schema나 계획 파일의 [[schemas]]로 지정하십시오. 중첩이 255단계를 넘는 라벨은 확인할 수 없습니다"
-- [en]
-- title = "Structure of a label is wrong"
-- message = "{problem} (structural errors in this file: {errors:,}, this is the first)"
-- why = "a missing key or wrong nesting counts the file as an error of syntactic accuracy (structure), and training code cannot read the label"
-- fix = "bring the place shown into line with the annotation format. If many files fail alike, correct the export and write them all again"
-- needs = "give the schema that fits the labels, with --schema or in [[schemas]] of the plan. Labels nested deeper than 255 levels cannot be checked"
-- ---
-- Could not tell: no schema, a document that did not parse (that is a FILE error, counted there) or is nested
-- deeper than the validator goes, or a schema that is evidently of another format.
WITH firsts AS (
    SELECT * FROM schema_errors WHERE error_class = 'STRUCTURE'
    QUALIFY row_number() OVER (
        PARTITION BY file ORDER BY line NULLS LAST, length(pointer), pointer, keyword, detail, ordinal) = 1
),
counted AS (
    SELECT file, sum(total) AS errors
    FROM (SELECT DISTINCT file, path, keyword, total FROM schema_errors WHERE error_class = 'STRUCTURE')
    GROUP BY file
),
deep AS (
    SELECT DISTINCT file FROM schema_errors WHERE error_class = 'FILE' AND keyword = 'depth'
)
SELECT d.file,
    CASE WHEN d.status = 'ok' AND d.schema IS NOT NULL AND p.file IS NULL AND coalesce(s.fits, TRUE)
        THEN f.file IS NOT NULL END AS wrong,
    c.errors::BIGINT AS errors, f.path, f.keyword, f.expected, f.found, f.detail, f.pointer, f.line, f.col
FROM documents d
LEFT JOIN schema_fit s ON s.schema = d.schema
LEFT JOIN firsts f ON f.file = d.file
LEFT JOIN counted c ON c.file = d.file
LEFT JOIN deep p ON p.file = d.file
