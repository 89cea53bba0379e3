-- ---
-- id = "split.ratio"
-- subject = "dataset"
-- indicator = "diversity"
-- effect = "gate"
-- severity = "error"
-- [ko]
-- title = "계획과 다른 분할 비율"
-- message = "학습·검증 분할 비율이 계획과 다릅니다: {shares}"
-- why = "분할 비율은 계획서에 약속한 값이며, 검증용이 모자라면 모델의 성능을 믿을 만하게 잴 수 없습니다"
-- fix = "약속한 비율이 되도록 다시 나누십시오. 다른 비율로 합의했다면 계획의 [[composition]]을 고치십시오"
-- needs = "학습용과 검증용을 폴더 구성이나 라벨로 구별할 수 있고, 라벨과 압축 파일을 모두 읽을 수 있어야 합니다"
-- [en]
-- title = "Ratio of the splits differs from the plan"
-- message = "the ratio of the splits differs from the plan: {shares}"
-- why = "the ratio was agreed in the plan, and too little data for validation does not tell reliably how good a model is"
-- fix = "split again in the agreed ratio. If another one was agreed, change [[composition]] of the plan"
-- needs = "splits that the folders or the labels tell, and labels and archives that can all be read"
-- ---
-- Asked by [[composition]] with by = "split"; what is planned by other things is quantity.composition's.
WITH judged AS (
    SELECT *, CASE
        WHEN low >= planned - tolerance - 1e-9 AND high <= planned + tolerance + 1e-9 THEN FALSE
        WHEN high < planned - tolerance - 1e-9 OR low > planned + tolerance + 1e-9 THEN TRUE
        END AS wrong
    FROM shares WHERE characteristic = 'split'
)
SELECT 'dataset' AS dataset, CASE WHEN bool_or(wrong) THEN TRUE WHEN bool_and(wrong IS NOT NULL) THEN FALSE END AS wrong,
    string_agg(format('{} {:.1f}% ({:g}% ± {:g}%)', value, 100 * coalesce(share, 0), 100 * planned, 100 * tolerance), ' · '
        ORDER BY planned DESC, value, name) AS shares
FROM judged HAVING count(*) > 0
