-- CAST and TRY_CAST between all types that are carried.
SET 'execution.runtime-mode' = 'batch';
SET 'table.local-time-zone' = 'UTC';

CREATE TEMPORARY TABLE v (
    i INT, b BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(10, 2), s STRING, da DATE, ts TIMESTAMP(3), bo BOOLEAN,
    ti TINYINT, si SMALLINT
) WITH (
    'connector' = 'filesystem', 'path' = 'data/values.csv', 'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TEMPORARY TABLE t (i STRING, whole STRING, number STRING, flag STRING, da STRING, ts STRING) WITH (
    'connector' = 'filesystem', 'path' = 'data/texts.csv', 'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TEMPORARY TABLE x (i STRING, whole STRING, number STRING, flag STRING, da STRING, ts STRING) WITH (
    'connector' = 'filesystem', 'path' = 'data/bad.csv', 'format' = 'csv'
);

CREATE TABLE to_text (
    a STRING, b STRING, c STRING, d STRING, e STRING, f STRING, g STRING, h STRING, i STRING, j STRING
) WITH ('connector' = 'print', 'print-identifier' = 'to_text');
INSERT INTO to_text
SELECT CAST(i AS STRING), CAST(b AS STRING), CAST(d AS STRING), CAST(f AS STRING), CAST(dc AS STRING),
    CAST(s AS STRING), CAST(da AS STRING), CAST(ts AS STRING), CAST(bo AS STRING), CAST(ti AS STRING)
FROM v;

CREATE TABLE precisions (a STRING, b STRING, c STRING)
WITH ('connector' = 'print', 'print-identifier' = 'precisions');
INSERT INTO precisions
SELECT CAST(CAST(ts AS TIMESTAMP(0)) AS STRING), CAST(CAST(ts AS TIMESTAMP(6)) AS STRING),
    CAST(CAST(ts AS TIMESTAMP_LTZ(3)) AS STRING)
FROM v;

CREATE TABLE lengths (a VARCHAR(2), b STRING, c VARCHAR(3), d STRING)
WITH ('connector' = 'print', 'print-identifier' = 'lengths');
INSERT INTO lengths
SELECT CAST(s AS VARCHAR(2)), CAST(s AS CHAR(5)) || '|', CAST(b AS VARCHAR(3)), CAST(s AS CHAR(2)) || '|' FROM v;

CREATE TABLE narrowed (a TINYINT, b SMALLINT, c INT, d TINYINT, e INT, f BIGINT, g SMALLINT, h BIGINT)
WITH ('connector' = 'print', 'print-identifier' = 'narrowed');
INSERT INTO narrowed
SELECT CAST(si AS TINYINT), CAST(b AS SMALLINT), CAST(b AS INT), CAST(d AS TINYINT), CAST(d AS INT),
    CAST(f AS BIGINT), CAST(dc AS SMALLINT), CAST(dc AS BIGINT)
FROM v;

CREATE TABLE widened (a BIGINT, b FLOAT, c DOUBLE, d DOUBLE, e DOUBLE, f FLOAT, g FLOAT)
WITH ('connector' = 'print', 'print-identifier' = 'widened');
INSERT INTO widened
SELECT CAST(ti AS BIGINT), CAST(b AS FLOAT), CAST(b AS DOUBLE), CAST(f AS DOUBLE), CAST(dc AS DOUBLE),
    CAST(dc AS FLOAT), CAST(d / 1000000 AS FLOAT)
FROM v;

CREATE TABLE decimals (
    a DECIMAL(5, 1), b DECIMAL(12, 2), c DECIMAL(6, 2), d DECIMAL(2, 1), e DECIMAL(38, 20), f DECIMAL(9, 1),
    g DECIMAL(20, 9)
) WITH ('connector' = 'print', 'print-identifier' = 'decimals');
INSERT INTO decimals
SELECT CAST(si AS DECIMAL(5, 1)), CAST(b AS DECIMAL(12, 2)), CAST(d AS DECIMAL(6, 2)), CAST(d AS DECIMAL(2, 1)),
    CAST(dc AS DECIMAL(38, 20)), CAST(dc AS DECIMAL(9, 1)), CAST(f AS DECIMAL(20, 9))
FROM v;

CREATE TABLE booleans (a INT, b BIGINT, c BOOLEAN, d BOOLEAN)
WITH ('connector' = 'print', 'print-identifier' = 'booleans');
INSERT INTO booleans SELECT CAST(bo AS INT), CAST(bo AS BIGINT), CAST(i - 1 AS BOOLEAN), CAST(b AS BOOLEAN) FROM v;

CREATE TABLE moments (a DATE, b TIMESTAMP(3), c TIMESTAMP(0), d TIMESTAMP_LTZ(3), e TIMESTAMP(3), f DATE)
WITH ('connector' = 'print', 'print-identifier' = 'moments');
INSERT INTO moments
SELECT CAST(ts AS DATE), CAST(da AS TIMESTAMP(3)), CAST(ts AS TIMESTAMP(0)), CAST(ts AS TIMESTAMP_LTZ(3)),
    CAST(CAST(ts AS TIMESTAMP_LTZ(3)) AS TIMESTAMP(3)), CAST(CAST(ts AS TIMESTAMP_LTZ(3)) AS DATE)
FROM v;

CREATE TABLE from_text (
    a INT, b TINYINT, c BIGINT, d DOUBLE, e FLOAT, f DECIMAL(6, 2), g BOOLEAN, h DATE, i TIMESTAMP(3), j TIMESTAMP(6)
) WITH ('connector' = 'print', 'print-identifier' = 'from_text');
INSERT INTO from_text
SELECT CAST(whole AS INT), CAST(whole AS TINYINT), CAST(whole AS BIGINT), CAST(number AS DOUBLE),
    CAST(number AS FLOAT), CAST(number AS DECIMAL(6, 2)), CAST(flag AS BOOLEAN), CAST(da AS DATE),
    CAST(ts AS TIMESTAMP(3)), CAST(ts AS TIMESTAMP(6))
FROM t;

CREATE TABLE tried (
    a INT, b TINYINT, c BIGINT, d DOUBLE, f DECIMAL(6, 2), g BOOLEAN, h DATE, i TIMESTAMP(3)
) WITH ('connector' = 'print', 'print-identifier' = 'tried');
INSERT INTO tried
SELECT TRY_CAST(whole AS INT), TRY_CAST(whole AS TINYINT), TRY_CAST(whole AS BIGINT), TRY_CAST(number AS DOUBLE),
    TRY_CAST(number AS DECIMAL(6, 2)), TRY_CAST(flag AS BOOLEAN), TRY_CAST(da AS DATE), TRY_CAST(ts AS TIMESTAMP(3))
FROM x;

CREATE TABLE nulls (a INT, b STRING, c DECIMAL(5, 2), d TIMESTAMP(3))
WITH ('connector' = 'print', 'print-identifier' = 'nulls');
INSERT INTO nulls
SELECT CAST(NULL AS INT), CAST(NULL AS STRING), CAST(NULL AS DECIMAL(5, 2)), CAST(NULL AS TIMESTAMP(3));
