-- ---
-- id = "spans.tag-sequence"
-- subject = "item"
-- indicator = "annotation-consistency"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "이어지지 않는 태그"
-- message = "{field}의 태그 가운데 {count:,}곳이 태그 방식(BIO 등)에 맞지 않습니다. 첫 번째: {class} 구간, {reason}"
-- why = "구간이 어디에서 시작하고 끝나는지 알 수 없어, 읽는 프로그램마다 다른 구간을 얻거나 오류가 납니다"
-- fix = "구간의 첫 토큰은 B-, 이어지는 토큰은 같은 클래스의 I-로 고치십시오(BIOES라면 마지막은 E-, 한 토큰짜리는 S-). 태그와 토큰의 개수도 같아야 합니다"
-- needs = "태그로 표시한 구간이 있어야 합니다(스키마의 decode 역할)"
-- [ko.reasons]
-- no-begin = "시작 태그 없이 이어지는 태그가 나옵니다."
-- no-end = "끝 태그가 없습니다."
-- unequal-lengths = "태그와 토큰의 개수가 다릅니다."
-- [en]
-- title = "Tags that do not follow each other"
-- message = "{count:,} {count:span|spans} of the tags of {field} {count:does|do} not follow the tagging scheme (such as BIO); the first is of class {class}: {reason}"
-- why = "where a span begins and ends cannot be told: programs differ in what they read, or fail"
-- fix = "begin a span with B- and go on with I- of the same class (in BIOES end it with E-, and give S- to a single token); there must be a tag for each token"
-- needs = "spans marked by tags (the role decode of the schema)"
-- [en.reasons]
-- no-begin = "it goes on without a tag that begins it."
-- no-end = "no tag ends it."
-- unequal-lengths = "there are not as many tags as tokens."
-- ---
-- An item whose tags mark nothing has no spans, and is not among those examined.
WITH tagged AS (
    SELECT item, file, field, sequence <> 'ok' AS bad, sequence, class, pointer
    FROM spans WHERE sequence IS NOT NULL AND item IS NOT NULL AND layer = 'delivered'
)
SELECT item, bool_or(bad) AS wrong, count_if(bad) AS count,
    arg_min(field, (length(pointer), pointer)) FILTER (bad) AS field,
    arg_min(class, (length(pointer), pointer)) FILTER (bad) AS class,
    arg_min(sequence, (length(pointer), pointer)) FILTER (bad) AS reason,
    min(file) AS file, arg_min(pointer, (length(pointer), pointer)) FILTER (bad) AS pointer
FROM tagged GROUP BY item
