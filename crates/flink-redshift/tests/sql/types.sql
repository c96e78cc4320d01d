-- Bytes, times of a day, arrays, maps, multisets and rows, from files to a sink.
SET 'execution.runtime-mode' = 'batch';
SET 'table.local-time-zone' = 'UTC';

-- csv: Base64, one level of arrays and rows.
CREATE TABLE fields (
    id INT, b BYTES, v VARBINARY(4), t TIME, t3 TIME(3), a ARRAY<STRING>, n ARRAY<INT>, r ROW<i INT, d DOUBLE, s STRING>
) WITH (
    'connector' = 'filesystem', 'path' = 'data/types.csv', 'format' = 'csv', 'csv.null-literal' = 'NULL'
);
CREATE TABLE csv_out (
    id INT, b BYTES, v VARBINARY(4), t TIME, t3 TIME(3), a ARRAY<STRING>, n ARRAY<INT>, r ROW<i INT, d DOUBLE, s STRING>
) WITH ('connector' = 'print', 'print-identifier' = 'csv');
INSERT INTO csv_out SELECT * FROM fields;

CREATE TABLE piped (id INT, a ARRAY<DATE>, r ROW<b BYTES, t TIMESTAMP(3)>) WITH (
    'connector' = 'filesystem', 'path' = 'data/piped.csv', 'format' = 'csv', 'csv.array-element-delimiter' = '|',
    'csv.ignore-parse-errors' = 'true'
);
CREATE TABLE piped_out (id INT, a ARRAY<DATE>, r ROW<b BYTES, t TIMESTAMP(3)>)
WITH ('connector' = 'print', 'print-identifier' = 'piped');
INSERT INTO piped_out SELECT * FROM piped;

-- json: whatever nests.
CREATE TABLE objects (
    id INT, b BYTES, f BINARY(2), t TIME, t3 TIME(3),
    a ARRAY<INT>, mp MAP<STRING, DOUBLE>, ms MULTISET<STRING>,
    r ROW<x ARRAY<ROW<y DECIMAL(6, 2), z MAP<STRING, TIMESTAMP(3)>>>, `two words` BOOLEAN, l TIMESTAMP_LTZ(3), w BYTES>
) WITH ('connector' = 'filesystem', 'path' = 'data/types.json', 'format' = 'json');
CREATE TABLE json_out (
    id INT, b BYTES, f BINARY(2), t TIME, t3 TIME(3),
    a ARRAY<INT>, mp MAP<STRING, DOUBLE>, ms MULTISET<STRING>,
    r ROW<x ARRAY<ROW<y DECIMAL(6, 2), z MAP<STRING, TIMESTAMP(3)>>>, `two words` BOOLEAN, l TIMESTAMP_LTZ(3), w BYTES>
) WITH ('connector' = 'print', 'print-identifier' = 'json');
INSERT INTO json_out SELECT * FROM objects;

CREATE TABLE dirty (id INT, a ARRAY<INT>, r ROW<t TIME, a ARRAY<DATE>>, b BYTES, mp MAP<STRING, INT>) WITH (
    'connector' = 'filesystem', 'path' = 'data/dirty.json', 'format' = 'json', 'json.ignore-parse-errors' = 'true'
);
CREATE TABLE dirty_out (id INT, a ARRAY<INT>, r ROW<t TIME, a ARRAY<DATE>>, b BYTES, mp MAP<STRING, INT>)
WITH ('connector' = 'print', 'print-identifier' = 'dirty');
INSERT INTO dirty_out SELECT * FROM dirty;

-- Through views, joins, unions and aggregates that do not look at them.
CREATE TABLE carried (id INT, b BYTES, t TIME, a ARRAY<INT>)
WITH ('connector' = 'print', 'print-identifier' = 'carried');
CREATE VIEW present AS SELECT id, b, t, a AS `list` FROM objects WHERE b IS NOT NULL;
INSERT INTO carried
SELECT s.id, s.b, o.t, s.`list` FROM present AS s LEFT JOIN objects AS o ON s.id = o.id
UNION ALL
SELECT id, CAST(NULL AS BYTES), CAST(NULL AS TIME), a FROM objects WHERE a IS NULL
ORDER BY id;
CREATE TABLE counted (n BIGINT, m BIGINT) WITH ('connector' = 'print', 'print-identifier' = 'counted');
INSERT INTO counted SELECT COUNT(a), COUNT(*) FROM objects;
CREATE TABLE wider (b BYTES) WITH ('connector' = 'print', 'print-identifier' = 'wider');
INSERT INTO wider SELECT f FROM objects;
