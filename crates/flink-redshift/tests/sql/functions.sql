-- Functions of text, numbers, dates and times, and conditions.
SET 'execution.runtime-mode' = 'batch';

CREATE TEMPORARY TABLE v (
    i INT, b BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(10, 2), s STRING, da DATE, ts TIMESTAMP(3), bo BOOLEAN,
    ti TINYINT, si SMALLINT
) WITH (
    'connector' = 'filesystem', 'path' = 'data/values.csv', 'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TABLE texts (a INT, b INT, c STRING, d STRING, e STRING, f INT, g STRING)
WITH ('connector' = 'print', 'print-identifier' = 'texts');
INSERT INTO texts
SELECT CHAR_LENGTH(s), CHARACTER_LENGTH(s), UPPER(s), LOWER(s), REVERSE(s), POSITION('c' IN s), REPLACE(s, 'b', 'BB')
FROM v;

CREATE TABLE trimmed (a STRING, b STRING, c STRING, d STRING, e STRING, f STRING)
WITH ('connector' = 'print', 'print-identifier' = 'trimmed');
INSERT INTO trimmed
SELECT TRIM(s), LTRIM(s) || '|', RTRIM(s || ' ') || '|', TRIM(LEADING 'a' FROM s), TRIM(TRAILING 'c' FROM s),
    TRIM(BOTH 'ac' FROM s)
FROM v;

CREATE TABLE parts (
    a STRING, b STRING, c STRING, d STRING, e STRING, f STRING, g STRING, h STRING, i STRING, j STRING
) WITH ('connector' = 'print', 'print-identifier' = 'parts');
INSERT INTO parts
SELECT SUBSTRING(s, 2), SUBSTRING(s, 2, 1), SUBSTRING(s FROM 2 FOR 2), SUBSTRING(s, 0, 2), SUBSTRING(s, -2, 1),
    SUBSTRING(s, -9), SUBSTRING(s, 99), SUBSTR(s, i), LEFT(s, 2), RIGHT(s, 2)
FROM v;

CREATE TABLE joined (a STRING, b STRING, c STRING)
WITH ('connector' = 'print', 'print-identifier' = 'joined');
INSERT INTO joined SELECT CONCAT(s, '-', s), CONCAT('a', 'b'), CONCAT_WS('-', 'x', s, 'y') FROM v;

CREATE TABLE numbers (
    a INT, b DECIMAL(10, 2), c DOUBLE, d DOUBLE, e DOUBLE, f DECIMAL(10, 0), g INT, h DECIMAL(10, 0), i FLOAT, j DOUBLE
) WITH ('connector' = 'print', 'print-identifier' = 'numbers');
INSERT INTO numbers
SELECT ABS(-i), ABS(dc), ABS(d), CEIL(d), FLOOR(d), CEIL(dc), FLOOR(i), FLOOR(dc), ABS(f), CEILING(d) FROM v;

CREATE TABLE rounded (a DOUBLE, b DOUBLE, c DOUBLE, d DOUBLE)
WITH ('connector' = 'print', 'print-identifier' = 'rounded');
INSERT INTO rounded SELECT ROUND(d), ROUND(d, 1), ROUND(d, -2), ROUND(d * 0.804e0, 2) FROM v;

CREATE TABLE fields (
    a BIGINT, b BIGINT, c BIGINT, d BIGINT, e BIGINT, f BIGINT, g BIGINT, h BIGINT, i BIGINT, j BIGINT
) WITH ('connector' = 'print', 'print-identifier' = 'fields');
INSERT INTO fields
SELECT YEAR(ts), QUARTER(ts), MONTH(ts), WEEK(ts), DAYOFYEAR(ts), DAYOFMONTH(ts), DAYOFWEEK(ts), HOUR(ts), MINUTE(ts),
    SECOND(ts)
FROM v;
INSERT INTO fields
SELECT EXTRACT(YEAR FROM da), EXTRACT(QUARTER FROM da), EXTRACT(MONTH FROM da), EXTRACT(WEEK FROM da),
    EXTRACT(DOY FROM da), EXTRACT(DAY FROM da), EXTRACT(DOW FROM da), EXTRACT(HOUR FROM ts), EXTRACT(MINUTE FROM ts),
    EXTRACT(SECOND FROM ts)
FROM v;

CREATE TABLE moments (a DATE, b DATE, c DATE, d TIMESTAMP(3), e TIMESTAMP(3), f TIMESTAMP(3), g TIMESTAMP(3))
WITH ('connector' = 'print', 'print-identifier' = 'moments');
INSERT INTO moments
SELECT TO_DATE(CAST(da AS STRING)), TO_DATE('05/01/2020', 'dd/MM/yyyy'), TO_DATE(s), TO_TIMESTAMP(CAST(ts AS STRING)),
    TO_TIMESTAMP('20200105T101112', 'yyyyMMdd''T''HHmmss'), TO_TIMESTAMP(s), TO_TIMESTAMP('2020-01-05')
FROM v;

CREATE TABLE formats (a STRING) WITH ('connector' = 'print', 'print-identifier' = 'formats');
INSERT INTO formats SELECT DATE_FORMAT(ts, 'dd.MM.yyyy HH:mm:ss.SSS') FROM v;

CREATE TABLE instants (a TIMESTAMP_LTZ(3), b TIMESTAMP_LTZ(3))
WITH ('connector' = 'print', 'print-identifier' = 'instants');
INSERT INTO instants SELECT TO_TIMESTAMP_LTZ(b, 0), TO_TIMESTAMP_LTZ(b, 3) FROM v;

CREATE TABLE clock (a BOOLEAN, b BOOLEAN) WITH ('connector' = 'print', 'print-identifier' = 'clock');
INSERT INTO clock SELECT CURRENT_TIMESTAMP IS NULL, NOW() IS NULL;

CREATE TABLE conditions (a INT, b STRING, c INT, d STRING, e STRING, f BIGINT, g STRING, h STRING, i DECIMAL(12, 2))
WITH ('connector' = 'print', 'print-identifier' = 'conditions');
INSERT INTO conditions
SELECT COALESCE(i, 0), COALESCE(s, CAST(i AS STRING), 'none'), NULLIF(i, 1), IFNULL(s, 'y'),
    IF(i > 1, 'big', 'small'), CASE WHEN i > 1 THEN i ELSE b END, CASE i WHEN 1 THEN 'one' WHEN 2 THEN 'two' END,
    CASE WHEN bo THEN s ELSE NULL END, COALESCE(dc, 0)
FROM v;
