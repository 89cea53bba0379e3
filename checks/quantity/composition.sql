-- ---
-- id = "quantity.composition"
-- subject = "group"
-- indicator = "diversity"
-- effect = "gate"
-- severity = "error"
-- [ko]
-- title = "계획과 다른 구성비"
-- message = "{name}: {characteristic} '{value}'의 비율이 {share:.1%}입니다 (계획 {wanted}, {part:,} / {whole:,})"
-- why = "한쪽으로 치우친 데이터로 학습한 모델은 드문 경우를 맞히지 못하며, 구성비는 계획서에 약속한 값입니다"
-- fix = "모자라는 쪽의 데이터를 추가하십시오. 다른 구성비로 합의했다면 계획의 [[composition]]을 고치십시오"
-- needs = "그 값이 라벨에 있고 스키마가 속성으로 읽어야 하며, 라벨과 압축 파일을 모두 읽을 수 있어야 합니다"
-- [en]
-- title = "Composition differs from the plan"
-- message = "{name}: the share of {characteristic} '{value}' is {share:.1%} ({wanted} planned, {part:,} of {whole:,})"
-- why = "a model that learns from one-sided data fails at rare cases, and the composition was agreed in the plan"
-- fix = "add data of what is short. If another composition was agreed, change [[composition]] of the plan"
-- needs = "labels that hold the value, a schema that reads it as an attribute, and labels and archives that can all be read"
-- ---
SELECT concat_ws(' ', name, counts, characteristic, value) AS group_id, CAST(NULL AS UBIGINT) AS file, name, characteristic, value, share,
    part::BIGINT AS part, whole::BIGINT AS whole, format('{:g}% ± {:g}%', 100 * planned, 100 * tolerance) AS wanted,
    CASE
        WHEN low >= planned - tolerance - 1e-9 AND high <= planned + tolerance + 1e-9 THEN FALSE
        WHEN high < planned - tolerance - 1e-9 OR low > planned + tolerance + 1e-9 THEN TRUE
    END AS wrong
FROM shares WHERE characteristic <> 'split'
