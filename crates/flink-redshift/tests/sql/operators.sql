-- Literals, arithmetic, comparisons and logic.
SET 'execution.runtime-mode' = 'batch';

CREATE TEMPORARY TABLE v (
    i INT, b BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(10, 2), s STRING, da DATE, ts TIMESTAMP(3), bo BOOLEAN,
    ti TINYINT, si SMALLINT
) WITH (
    'connector' = 'filesystem', 'path' = 'data/values.csv', 'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TABLE literals (
    a INT, b BIGINT, c DECIMAL(2, 1), d DOUBLE, e STRING, f BOOLEAN, g DATE, h TIMESTAMP(0), i TIMESTAMP(3),
    j STRING
) WITH ('connector' = 'print', 'print-identifier' = 'literals');
INSERT INTO literals
SELECT 1, 3000000000, 1.5, 1e3, 'it''s', TRUE, DATE '2020-01-05', TIMESTAMP '2020-01-05 10:11:12',
    TIMESTAMP '2020-01-05 10:11:12.120', 'back\slash';

CREATE TABLE whole (a INT, b BIGINT, c BIGINT, d INT, e TINYINT, f INT, g INT, h INT, i BIGINT)
WITH ('connector' = 'print', 'print-identifier' = 'whole');
INSERT INTO whole SELECT i + 1, i + b, b * 2, i - 5, ti + ti, -i, i / 2, si / 2, b / i FROM v;

CREATE TABLE remainder (a INT, b INT, c BIGINT, d INT)
WITH ('connector' = 'print', 'print-identifier' = 'remainder');
INSERT INTO remainder SELECT i % 2, si % 7, MOD(b, b + 1), MOD(-7, i + 2) FROM v;

CREATE TABLE wrapping (a INT, b TINYINT, c SMALLINT)
WITH ('connector' = 'print', 'print-identifier' = 'wrapping');
INSERT INTO wrapping SELECT i + 2147483647, ti + ti + ti, si + si + si FROM v;

CREATE TABLE fractions (a DOUBLE, b DOUBLE, c DOUBLE, d DOUBLE, e DOUBLE, f FLOAT, g DOUBLE)
WITH ('connector' = 'print', 'print-identifier' = 'fractions');
INSERT INTO fractions SELECT d + 1, i * d, d / i, d - dc, d / 0, f + f, -d FROM v;

CREATE TABLE exact (a DECIMAL(11, 2), b DECIMAL(13, 2), c DECIMAL(21, 4), d DECIMAL(12, 2), e DECIMAL(13, 3))
WITH ('connector' = 'print', 'print-identifier' = 'exact');
INSERT INTO exact SELECT dc + dc, dc + i, dc * dc, dc - 1.5, dc * 1.5 FROM v;

CREATE TABLE comparisons (
    a BOOLEAN, b BOOLEAN, c BOOLEAN, d BOOLEAN, e BOOLEAN, f BOOLEAN, g BOOLEAN, h BOOLEAN, i BOOLEAN, j BOOLEAN
) WITH ('connector' = 'print', 'print-identifier' = 'comparisons');
INSERT INTO comparisons
SELECT i = 1, i <> b, b > i, dc >= 10.05, d < 1.5, s = 'abc', da <= DATE '2016-12-31',
    ts > TIMESTAMP '2000-01-01 00:00:00', bo = TRUE, f < d
FROM v;

CREATE TABLE moments (a BOOLEAN, b BOOLEAN, c BOOLEAN)
WITH ('connector' = 'print', 'print-identifier' = 'moments');
INSERT INTO moments
SELECT da = '2020-01-05', ts >= '2016-12-31 00:00:00', ts BETWEEN '2016-01-01 00:00:00' AND '2017-01-01 00:00:00'
FROM v;

CREATE TABLE logic (a BOOLEAN, b BOOLEAN, c BOOLEAN, d BOOLEAN, e BOOLEAN, f BOOLEAN, g BOOLEAN, h BOOLEAN)
WITH ('connector' = 'print', 'print-identifier' = 'logic');
INSERT INTO logic
SELECT bo AND i > 1, bo OR i > 1, NOT bo, bo IS TRUE, bo IS NOT TRUE, bo IS FALSE, (i > 1) IS UNKNOWN, s IS NOT NULL
FROM v;

CREATE TABLE sets (a BOOLEAN, b BOOLEAN, c BOOLEAN, d BOOLEAN, e BOOLEAN)
WITH ('connector' = 'print', 'print-identifier' = 'sets');
INSERT INTO sets
SELECT i IN (1, 3), i NOT IN (1, 3), s IN ('abc', 'x'), i BETWEEN 2 AND 3, i NOT BETWEEN 2 AND 3 FROM v;

CREATE TABLE distinctness (a BOOLEAN, b BOOLEAN)
WITH ('connector' = 'print', 'print-identifier' = 'distinctness');
INSERT INTO distinctness SELECT i IS DISTINCT FROM 1, s IS NOT DISTINCT FROM CAST(NULL AS STRING) FROM v;

CREATE TABLE patterns (a BOOLEAN, b BOOLEAN, c BOOLEAN, d BOOLEAN)
WITH ('connector' = 'print', 'print-identifier' = 'patterns');
INSERT INTO patterns SELECT s LIKE 'a%', s LIKE '_bc', s LIKE '%ö%', s NOT LIKE 'a%' FROM v;

CREATE TABLE joined (a STRING) WITH ('connector' = 'print', 'print-identifier' = 'joined');
INSERT INTO joined SELECT s || '-' || CAST(i AS STRING) FROM v;
