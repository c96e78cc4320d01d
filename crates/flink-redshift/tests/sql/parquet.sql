-- Parquet files: columns by name, in the table's order; a column that the file lacks is NULL.
SET 'execution.runtime-mode' = 'batch';
SET 'table.local-time-zone' = 'UTC';

CREATE TABLE v (
    s STRING, i INT, sm SMALLINT, b BIGINT, x DOUBLE, f FLOAT, bo BOOLEAN, d9 DECIMAL(9, 2), d18 DECIMAL(18, 2),
    d38 DECIMAL(38, 2), da DATE, ts TIMESTAMP(6), lt TIMESTAMP_LTZ(3), missing STRING
) WITH (
    'connector' = 'filesystem', 'path' = 'data/values.parquet', 'format' = 'parquet', 'parquet.utc-timezone' = 'true'
);
CREATE TABLE everything (
    s STRING, i INT, sm SMALLINT, b BIGINT, x DOUBLE, f FLOAT, bo BOOLEAN, d9 DECIMAL(9, 2), d18 DECIMAL(18, 2),
    d38 DECIMAL(38, 2), da DATE, ts TIMESTAMP(6), lt TIMESTAMP_LTZ(3), missing STRING
) WITH ('connector' = 'print', 'print-identifier' = 'everything');
INSERT INTO everything SELECT * FROM v;

CREATE TABLE few (b BIGINT, i INT) WITH ('connector' = 'print', 'print-identifier' = 'few');
INSERT INTO few SELECT b, i FROM v WHERE i > 0;
CREATE TABLE counted (n BIGINT) WITH ('connector' = 'print', 'print-identifier' = 'counted');
INSERT INTO counted SELECT COUNT(*) FROM v;
