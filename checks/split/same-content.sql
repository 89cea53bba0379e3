-- ---
-- id = "split.same-content"
-- subject = "group"
-- indicator = "split-integrity"
-- effect = "gate"
-- severity = "error"
-- [ko]
-- title = "학습용과 검증용에 함께 든 같은 파일"
-- message = "다른 분할의 {other:과/와} 내용이 똑같습니다 ({splits}에 모두 {count:,}개, {size:,}바이트)"
-- why = "학습한 데이터로 검증하면 성능이 실제보다 높게 나와 유효성 평가를 믿을 수 없습니다"
-- fix = "같은 파일을 한쪽에만 남기고, 라벨도 함께 빼십시오. 분할을 다시 하면 같은 파일이 어느 쪽에 들어가는지 파일 내용을 기준으로 정하십시오"
-- needs = "압축하지 않은 파일은 내용을 비교할 값이 없습니다. --digest full로 검사하십시오"
-- [en]
-- title = "The same file in two splits"
-- message = "its content is that of '{other}' in another split ({count:,} such files in {splits}, {size:,} {size:byte|bytes})"
-- why = "a model that is validated on data it was trained on looks better than it is, and its validation is worth nothing"
-- fix = "leave such a file in one split alone, and take out its label too; when splitting again, decide by the content of files"
-- needs = "a value to compare contents by, which files outside archives do not have: inspect with --digest full"
-- ---
-- Of source files; of labels where there are no sources. Contents can only be equal where sizes are, so a group is the
-- files of one size, or of one size and content once a size is in two splits. CRC-32 alone tells contents apart among
-- few files of a size, or when three agree: among many, two may agree by chance (1 in 4.3 billion for each pair).
WITH parts AS (
    SELECT file, split, size, digest, crc, concat_ws(' › ', regexp_extract(container_path, '[^/]*$'), path) AS place
    FROM files
    WHERE kind = CASE WHEN EXISTS (SELECT 1 FROM files WHERE kind = 'source') THEN 'source' ELSE 'label' END
        AND size > 0 AND split IS NOT NULL
        AND (SELECT count(DISTINCT split) FROM files WHERE kind IN ('source', 'label')) > 1
),
sizes AS (
    SELECT size, count(*) AS files, min(split) <> max(split) AS mixed, bool_and(digest IS NOT NULL) AS digested,
        bool_and(crc IS NOT NULL) AS summed
    FROM parts GROUP BY size
),
contents AS (
    SELECT p.*, s.files, s.digested, CASE WHEN s.digested THEN p.digest WHEN s.summed THEN p.crc::VARCHAR END AS content
    FROM parts p JOIN sizes s USING (size) WHERE s.mixed
),
same AS (
    SELECT size, content, count(*) AS count, min(split) <> max(split) AS mixed, bool_and(digested) AS digested,
        max(files) AS files, string_agg(DISTINCT split, ', ' ORDER BY split) AS splits,
        min({'split': split, 'place': place}) AS first, max({'split': split, 'place': place}) AS last
    FROM contents GROUP BY size, content
),
judged AS (
    SELECT *, CASE WHEN content IS NULL THEN NULL WHEN NOT mixed THEN FALSE
        WHEN digested OR files <= 100 OR count >= 3 THEN TRUE END AS wrong
    FROM same
)
SELECT concat_ws(' ', j.size, j.content) AS group_id, c.file, TRUE AS wrong, j.size, j.count, j.splits,
    CASE WHEN j.first.split <> c.split THEN j.first.place ELSE j.last.place END AS other
FROM judged j JOIN contents c ON c.size = j.size AND c.content = j.content WHERE j.wrong
UNION ALL
SELECT concat_ws(' ', size, content), NULL, wrong, size, count, NULL, NULL FROM judged WHERE wrong IS NOT TRUE
UNION ALL
SELECT CAST(size AS VARCHAR), NULL, FALSE, size, files, NULL, NULL FROM sizes WHERE NOT mixed
