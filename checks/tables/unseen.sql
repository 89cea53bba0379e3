-- ---
-- id = "unseen"
-- key = ["labels"]
-- [ko]
-- row = "검사 도구가 읽지 못한 것이 얼마나 되는지: 읽지 못한 라벨 파일 수와 열지 못한 압축 파일 수 (한 줄)"
-- [en]
-- row = "how much this inspection could not see: label files that it could not read, archives that it could not open (one row)"
-- ---
-- A label that cannot be parsed, or an archive that is damaged, is the data's own fault: it is not delivered.
SELECT
    (SELECT count(*) FROM files f LEFT JOIN documents d USING (file)
        WHERE f.kind = 'label' AND f.status IN ('ok', 'unsupported')
            AND (d.file IS NULL OR d.schema IS NULL OR d.status NOT IN ('ok', 'unparsed'))) AS labels,
    (SELECT count(*) FROM files WHERE kind = 'archive' AND status NOT IN ('ok', 'damaged')) AS archives
