-- ---
-- id = "schema.mixed-types"
-- subject = "path"
-- indicator = "format-accuracy"
-- effect = "note"
-- severity = "warning"
-- [ko]
-- title = "자료형이 섞인 속성"
-- message = "{path}의 자료형이 {kinds:,}가지입니다: {forms} (드문 쪽이 든 파일 {files:,}개)"
-- why = "스키마는 여러 자료형을 허용하지만, 같은 속성이 어떤 파일에서는 문자열이고 어떤 파일에서는 목록이면 학습 프로그램이 한쪽에서 멈추거나 값을 잘못 읽습니다"
-- fix = "한 가지 자료형으로 통일해 다시 내보내고, 스키마의 type도 그 하나로 줄이십시오. 값이 하나일 때도 목록으로 적는 것이 안전합니다"
-- needs = "라벨 형식에 맞는 스키마를 --schema나 계획 파일의 [[schemas]]로 지정하십시오"
-- [en]
-- title = "Attribute of mixed types"
-- message = "{path} has values of {kinds:,} types: {forms} (the rare ones in {files:,} {files:file|files})"
-- why = "the schema allows several types, but where one attribute is a string in some files and a list in others, training code stops at one of them or misreads it"
-- fix = "write it in one type and export again, and leave that one alone in the schema; a list is safe also where there is but one value"
-- needs = "give the schema that fits the labels, with --schema or in [[schemas]] of the plan"
-- ---
-- Integers are numbers, null is the absence of a value. Objects beside arrays are two ways to give a structure that
-- schemas tell apart on purpose (outlines and masks of COCO). The place is a file that has the rarest type.
WITH counted AS (
    SELECT schema, path, form, sum(occurrences)::BIGINT AS occurrences, sum(files)::BIGINT AS files, min(file) AS file
    FROM path_forms WHERE what = 'type' AND form <> 'null'
    GROUP BY schema, path, form
),
judged AS (
    SELECT schema, path, count(*) AS kinds, sum(occurrences)::BIGINT AS examined, max(occurrences) AS most,
        (sum(files) - arg_max(files, (occurrences, form)))::BIGINT AS files, arg_min(file, (occurrences, form)) AS file,
        string_agg(form || ' ' || format('{:,}', occurrences), ' · ' ORDER BY occurrences DESC, form) AS forms,
        count(*) > 1 AND bool_or(form NOT IN ('array', 'object')) AS wrong
    FROM counted GROUP BY schema, path
)
SELECT schema, path, wrong, examined, CASE WHEN wrong THEN examined - most ELSE 0 END AS faulty, kinds, forms, files, file
FROM judged
