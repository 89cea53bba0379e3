-- ---
-- id = "quantity.per-class"
-- subject = "class"
-- indicator = "quantity"
-- effect = "gate"
-- severity = "error"
-- [ko]
-- title = "계획과 다른 클래스별 수량"
-- message = "클래스 {class}의 어노테이션이 {count:,}개입니다 (계획 {wanted})"
-- why = "클래스마다 약속한 수를 채우지 못하면 인수할 수 없고, 모자라는 클래스는 모델이 배우지 못합니다"
-- fix = "모자라는 클래스의 데이터를 추가하십시오. 다른 이름으로 들어간 어노테이션이 없는지도 확인하십시오. 수를 바꾸기로 합의했다면 계획의 [[classes]]를 고치십시오"
-- needs = "모든 라벨 파일을 읽을 수 있도록 스키마를 지정하고, 열지 못한 압축 파일이 없게 하십시오"
-- [en]
-- title = "Number of a class differs from the plan"
-- message = "class {class} has {count:,} {count:annotation|annotations} ({wanted} planned)"
-- why = "what was agreed for each class must be there to be accepted, and a class of which there is too little cannot be learnt"
-- fix = "add data of the classes that are short, and look for annotations that carry another name. If another number was agreed, change [[classes]] of the plan"
-- needs = "schemas by which all labels can be read, and no archive that cannot be opened"
-- ---
WITH counted AS (
    SELECT p.class, min(p.min) AS low, min(p.max) AS high, coalesce(sum(a.amount), 0)::BIGINT AS count, min(u.labels + u.archives) AS unseen
    FROM plan.classes p CROSS JOIN unseen u LEFT JOIN amounts a ON a.counts = 'annotation' AND a.class = p.class
    WHERE p.min IS NOT NULL OR p.max IS NOT NULL
    GROUP BY p.class
)
SELECT class, count,
    CASE
        WHEN count > high THEN TRUE
        WHEN count < low THEN CASE WHEN unseen = 0 THEN TRUE END
        WHEN high IS NULL OR unseen = 0 THEN FALSE
    END AS wrong,
    CASE WHEN high IS NULL THEN '≥ ' || format('{:,}', low) WHEN low IS NULL THEN '≤ ' || format('{:,}', high)
        ELSE format('{:,}', low) || ' - ' || format('{:,}', high) END AS wanted
FROM counted
