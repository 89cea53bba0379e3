-- ---
-- id = "schema.does-not-fit"
-- subject = "dataset"
-- indicator = "structure-accuracy"
-- effect = "note"
-- severity = "error"
-- [ko]
-- title = "스키마와 라벨 형식이 맞지 않음"
-- message = "라벨 {files:,}개 중 {alike:,}개({share:.1%})가 스키마 '{schema}'에 똑같이 어긋납니다. 위치 {path}: {problem}. 가장 많은 차이(위치, 키워드, 파일 비율): {differences}"
-- why = "대부분의 파일이 같은 곳에서 어긋나면 개별 오류가 아니라 스키마를 잘못 골랐거나, 납품 형식이 어노테이션 포맷과 통째로 다른 것입니다"
-- fix = "스키마가 틀렸으면 --schema나 계획 파일의 [[schemas]]에서 맞는 스키마를 지정하고, 형식이 틀렸으면 저장 프로그램을 고쳐 라벨 전체를 다시 내보내십시오"
-- needs = "스키마로 읽은 라벨 파일이 5개 이상 있어야 판단할 수 있습니다"
-- [en]
-- title = "Schema does not fit the labels"
-- message = "{alike:,} of {files:,} labels ({share:.1%}) break schema '{schema}' in one and the same way, at {path}: {problem}. The most frequent differences (place, keyword, share of files): {differences}"
-- why = "if most files break it at one place, these are no single errors: the schema is the wrong one, or the whole export differs from the annotation format"
-- fix = "if the schema is wrong, give the right one with --schema or in [[schemas]] of the plan; if the export is wrong, correct it and write all labels again"
-- needs = "at least 5 label files that were read with a schema"
-- [params]
-- min_share = {default = 0.8, min = 0.5, max = 1.0, unit = "share of files"}
-- min_files = {default = 5, min = 2, unit = "files"}
-- ---
-- The worst schema stands for the dataset. Where no file breaks its schema, no number of files is needed to tell.
SELECT 'dataset' AS dataset,
    CASE WHEN alike = 0 THEN FALSE WHEN files >= $min_files THEN share >= $min_share END AS wrong,
    schema, files, alike, share, coalesce(nullif(path, ''), '/') AS path, keyword, expected, detail, differences
FROM schema_fit
ORDER BY wrong DESC NULLS LAST, share DESC, schema
LIMIT 1
