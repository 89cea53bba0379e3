-- ---
-- id = "schema.format"
-- subject = "path"
-- indicator = "format-accuracy"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "라벨 값 형식 오류"
-- message = "{path}: {problem} (이 속성의 값 {examined:,}개 중 {faulty:,}개 오류)"
-- why = "자료형, 범위, 허용 값이 어노테이션 포맷과 다른 값은 구문 정확성(형식)의 오류 값으로 계산됩니다"
-- fix = "표시된 값을 어노테이션 포맷에 맞게 고치십시오. 값은 맞는데 나온다면 스키마의 자료형과 범위를 확인하십시오"
-- needs = "라벨 형식에 맞는 스키마를 --schema나 계획 파일의 [[schemas]]로 지정하십시오"
-- [en]
-- title = "Format of a label value is wrong"
-- message = "{path}: {problem} ({faulty:,} of {examined:,} values of this attribute)"
-- why = "values whose type, range or choice differs from the annotation format count as errors of syntactic accuracy (format)"
-- fix = "bring the values shown into line with the annotation format; if a value is right, look at the type and range in the schema"
-- needs = "give the schema that fits the labels, with --schema or in [[schemas]] of the plan"
-- ---
-- A row for each stored place; examined and faulty are the path's, the same in all its rows.
WITH paths AS (
    SELECT schema, path, sum(examined)::BIGINT AS examined, sum(format)::BIGINT AS faulty
    FROM schema_paths GROUP BY schema, path
)
SELECT p.schema, p.path,
    CASE WHEN coalesce(s.fits, TRUE) THEN p.faulty > 0 END AS wrong,
    CASE WHEN coalesce(s.fits, TRUE) THEN p.examined ELSE 0 END AS examined,
    CASE WHEN coalesce(s.fits, TRUE) THEN p.faulty ELSE 0 END AS faulty,
    e.file, e.pointer, e.line, e.col, e.keyword, e.expected, e.found, e.detail, e.total
FROM paths p
LEFT JOIN schema_fit s ON s.schema = p.schema
LEFT JOIN schema_errors e ON e.schema = p.schema AND e.path = p.path AND e.error_class = 'FORMAT' AND p.faulty > 0
WHERE p.examined > 0
