-- ---
-- id = "quantity.items"
-- subject = "group"
-- indicator = "quantity"
-- effect = "gate"
-- severity = "error"
-- [ko]
-- title = "계획과 다른 수량"
-- message = "{name}: {reason} {amount}, 계획 {wanted}"
-- why = "계획한 수량을 채우지 못하면 인수할 수 없습니다"
-- fix = "빠진 데이터를 추가하십시오. 수량을 바꾸기로 합의했다면 계획의 [[quantities]]를 고치십시오. 읽을 수 없는 라벨은 세지 않으므로 그 오류부터 고치십시오"
-- needs = "모든 라벨 파일을 읽을 수 있도록 스키마를 지정하고, 열지 못한 압축 파일이 없게 하십시오. 시간(hour)은 원천데이터나 라벨에 길이가 있어야 합니다"
-- [ko.reasons]
-- file = "파일 수"
-- item = "데이터 수"
-- annotation = "어노테이션 수"
-- track = "트랙 수"
-- hour = "시간"
-- [en]
-- title = "Quantity that differs from the plan"
-- message = "{name}: {amount} {reason}, {wanted} planned"
-- why = "a deliverable that lacks what was planned cannot be accepted"
-- fix = "add what is missing. If another quantity was agreed, change [[quantities]] of the plan. Labels that cannot be read are not counted: correct those first"
-- needs = "schemas by which all labels can be read, and no archive that cannot be opened; hours need durations in the source data or in the labels"
-- [en.reasons]
-- file = "files"
-- item = "items"
-- annotation = "annotations"
-- track = "tracks"
-- hour = "hours"
-- ---
-- What could not be seen may be more: too few is not told then, nor that a most is kept.
WITH counted AS (
    SELECT q.name, q.counts, q.min, q.max, q.class, q.split, q."group", coalesce(fsum(a.amount), 0) AS amount,
        CASE q.counts WHEN 'hour' THEN coalesce(sum(a.unknown), 0) + CASE WHEN count(a.counts) = 0 OR q.class IS NOT NULL THEN 1 ELSE 0 END
            WHEN 'file' THEN CASE WHEN q.class IS NULL THEN 0 ELSE min(u.labels) END
            ELSE min(u.labels) END + min(u.archives) AS unseen
    FROM plan.quantities q CROSS JOIN unseen u
    LEFT JOIN amounts a ON a.counts = q.counts AND a.class IS NOT DISTINCT FROM q.class
        AND (q.split IS NULL OR a.split = q.split) AND (q."group" IS NULL OR a.group_key = q."group")
    GROUP BY q.name, q.counts, q.min, q.max, q.class, q.split, q."group"
)
SELECT concat_ws(' ', name, counts, class, split, "group") AS group_id, CAST(NULL AS UBIGINT) AS file, name, counts AS reason,
    CASE
        WHEN amount > max THEN TRUE
        WHEN amount < min THEN CASE WHEN unseen = 0 THEN TRUE END
        WHEN max IS NULL OR unseen = 0 THEN FALSE
    END AS wrong,
    CASE counts WHEN 'hour' THEN format('{:,.1f}', amount) ELSE format('{:,}', amount::BIGINT) END AS amount,
    CASE WHEN max IS NULL THEN '≥ ' || format('{:,}', min::BIGINT) WHEN min IS NULL THEN '≤ ' || format('{:,}', max::BIGINT)
        ELSE format('{:,}', min::BIGINT) || ' - ' || format('{:,}', max::BIGINT) END AS wanted
FROM counted
