-- Views, joins, groups, sets, order, windows.
SET 'execution.runtime-mode' = 'batch';

CREATE TEMPORARY TABLE v (
    i INT, b BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(10, 2), s STRING, da DATE, ts TIMESTAMP(3), bo BOOLEAN,
    ti TINYINT, si SMALLINT
) WITH (
    'connector' = 'filesystem', 'path' = 'data/values.csv', 'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TEMPORARY VIEW known (id, name, amount) AS SELECT i, s, dc FROM v WHERE i IS NOT NULL;
CREATE TEMPORARY VIEW other AS
SELECT * FROM (VALUES (1, 'one'), (2, 'two'), (2, 'zwei'), (9, 'nine')) AS o (id, label);

CREATE TABLE pairs (a INT, b STRING) WITH ('connector' = 'print', 'print-identifier' = 'pairs');
INSERT INTO pairs VALUES (1, 'a'), (2, 'bcd'), (CAST(NULL AS INT), CAST(NULL AS STRING));
INSERT INTO pairs SELECT id, name FROM known;
INSERT INTO pairs (b, a) SELECT name, id FROM known WHERE id > 1;
INSERT INTO pairs (b) SELECT name FROM known WHERE id = 1;
INSERT INTO pairs SELECT k.id, o.label FROM known AS k JOIN other AS o ON k.id = o.id ORDER BY label;
INSERT INTO pairs SELECT k.id, o.label FROM known k LEFT JOIN other o ON k.id = o.id ORDER BY id, label;
INSERT INTO pairs SELECT k.id, o.label FROM known k RIGHT JOIN other o ON k.id = o.id ORDER BY label;
INSERT INTO pairs SELECT k.id, o.label FROM known k FULL OUTER JOIN other o ON k.id = o.id ORDER BY id, label;
INSERT INTO pairs SELECT k.id, o.label FROM known k CROSS JOIN other o WHERE o.id = 9 ORDER BY k.id;
INSERT INTO pairs SELECT k.id, o.label FROM known k, other o WHERE k.id = o.id AND o.label <> 'zwei' ORDER BY k.id;
INSERT INTO pairs SELECT id, label FROM other WHERE id IN (SELECT id FROM known) ORDER BY label;
INSERT INTO pairs SELECT DISTINCT id, 'distinct' FROM other ORDER BY id;
INSERT INTO pairs SELECT id, label FROM (SELECT id, label FROM other UNION SELECT id, name FROM known) ORDER BY id, label;
INSERT INTO pairs SELECT id, label FROM (SELECT id, label FROM other UNION ALL SELECT 1, 'one') ORDER BY id, label;
INSERT INTO pairs WITH few AS (SELECT id FROM known WHERE id < 3) SELECT id, 'with' FROM few ORDER BY id DESC;
INSERT INTO pairs SELECT i, s FROM v ORDER BY i;
INSERT INTO pairs SELECT i, s FROM v ORDER BY i DESC;
INSERT INTO pairs SELECT i, s FROM v ORDER BY i ASC NULLS LAST;
INSERT INTO pairs SELECT i, s FROM v ORDER BY 1 LIMIT 2;
INSERT INTO pairs SELECT i, s FROM v ORDER BY i LIMIT 2 OFFSET 1;
INSERT INTO pairs SELECT i, s FROM v ORDER BY i FETCH FIRST 1 ROWS ONLY;

CREATE TABLE totals (
    a BIGINT, b BIGINT, c BIGINT, d INT, e BIGINT, f DOUBLE, g DECIMAL(38, 2), h INT, i BIGINT, j DOUBLE, k STRING,
    l TIMESTAMP(3)
) WITH ('connector' = 'print', 'print-identifier' = 'totals');
INSERT INTO totals
SELECT COUNT(*), COUNT(s), COUNT(DISTINCT bo), SUM(i), SUM(b), SUM(d), SUM(dc), AVG(i), AVG(b), AVG(d), MIN(s), MAX(ts)
FROM v;
INSERT INTO totals
SELECT COUNT(*), COUNT(s), COUNT(DISTINCT bo), SUM(i), SUM(b), SUM(d), SUM(dc), AVG(i), AVG(b), AVG(d), MIN(s), MAX(ts)
FROM v WHERE i > 100;

CREATE TABLE small (a TINYINT, b SMALLINT, c TINYINT, d DATE, e DECIMAL(10, 2))
WITH ('connector' = 'print', 'print-identifier' = 'small');
INSERT INTO small SELECT SUM(ti), SUM(si), AVG(ti), MIN(da), MAX(dc) FROM v;

CREATE TABLE grouped (a BOOLEAN, b BIGINT, c INT, d BIGINT)
WITH ('connector' = 'print', 'print-identifier' = 'grouped');
INSERT INTO grouped
SELECT bo, COUNT(*), SUM(i), COUNT(*) FILTER (WHERE i > 1) FROM v GROUP BY bo HAVING COUNT(*) > 0 ORDER BY bo;
INSERT INTO grouped SELECT i > 1, COUNT(*), MAX(i), SUM(b) FROM v GROUP BY i > 1 ORDER BY 1;

CREATE TABLE ranked (a INT, b BIGINT, c BIGINT, d BIGINT)
WITH ('connector' = 'print', 'print-identifier' = 'ranked');
INSERT INTO ranked
SELECT id, ROW_NUMBER() OVER (ORDER BY id, label), RANK() OVER (ORDER BY id), DENSE_RANK() OVER (ORDER BY id)
FROM other ORDER BY id, label;
INSERT INTO ranked
SELECT id, n, n, n FROM (
    SELECT id, ROW_NUMBER() OVER (PARTITION BY id ORDER BY label DESC) AS n FROM other
) WHERE n = 1 ORDER BY id;

CREATE TABLE mixed (a BIGINT, b DECIMAL(12, 2), c DOUBLE, d INT, e DECIMAL(20, 1)) WITH ('connector' = 'print', 'print-identifier' = 'mixed');
INSERT INTO mixed VALUES
    (1, 1, 1, CAST(1 AS TINYINT), 1), (5000000000, 1.25, 1e0, 300, 5000000000), (-1, -10.5, 2.5, CAST(-7 AS SMALLINT), 0.5);
INSERT INTO mixed SELECT x, y, z, 0, x FROM (VALUES (CAST(NULL AS INT), 10.5, 1e3), (1 + 1, CAST(2 AS BIGINT), CAST(NULL AS DECIMAL(5, 1)))) AS t (x, y, z);

CREATE TABLE moments (a STRING, b TIMESTAMP(6)) WITH ('connector' = 'print', 'print-identifier' = 'moments');
INSERT INTO moments SELECT CAST(x AS STRING), x FROM (VALUES (TIMESTAMP '2020-01-05 10:11:12'), (TIMESTAMP '2020-01-05 10:11:12.123')) AS t (x);
