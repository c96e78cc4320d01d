-- How a query's columns become the sink's: conversions that nobody asked for.
SET 'execution.runtime-mode' = 'batch';
SET 'table.local-time-zone' = 'UTC';
SET 'table.exec.sink.not-null-enforcer' = 'DROP';

CREATE TABLE v (
    i INT, b BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(10, 2), s STRING, da DATE, ts TIMESTAMP(3), bo BOOLEAN,
    ti TINYINT, si SMALLINT
) WITH (
    'connector' = 'filesystem', 'path' = 'data/values.csv', 'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TABLE wider (a BIGINT, b DECIMAL(5, 1), c DOUBLE, d FLOAT, e DOUBLE, f DECIMAL(4, 1), g VARCHAR(2))
WITH ('connector' = 'print', 'print-identifier' = 'wider');
INSERT INTO wider SELECT i, dc, f, b, dc, d, s FROM v;

CREATE TABLE moments (a DATE, b TIMESTAMP(0), c TIMESTAMP_LTZ(3))
WITH ('connector' = 'print', 'print-identifier' = 'moments');
INSERT INTO moments SELECT ts, ts, ts FROM v;

CREATE TABLE present (a INT NOT NULL, b STRING) WITH ('connector' = 'print', 'print-identifier' = 'present');
INSERT INTO present SELECT i, s FROM v;

CREATE TABLE keyed (a INT, b STRING, PRIMARY KEY (a) NOT ENFORCED)
WITH ('connector' = 'print', 'print-identifier' = 'keyed');
INSERT INTO keyed SELECT i, s FROM v;

CREATE TABLE letters (a CHAR(5), b CHAR(2)) WITH ('connector' = 'print', 'print-identifier' = 'letters');
INSERT INTO letters SELECT CAST(s AS CHAR(5)), CAST(s AS CHAR(2)) FROM v;
