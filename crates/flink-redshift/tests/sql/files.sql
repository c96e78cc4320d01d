-- The filesystem connector: csv and json with Flink's options.
SET 'execution.runtime-mode' = 'batch';

CREATE TABLE quoted (i INT, a STRING, b STRING) WITH (
    'connector' = 'filesystem', 'path' = 'data/quoted.csv', 'format' = 'csv', 'csv.field-delimiter' = ';',
    'csv.quote-character' = '''', 'csv.allow-comments' = 'true', 'csv.null-literal' = 'NULL'
);
CREATE TABLE triples (a INT, b STRING, c STRING) WITH ('connector' = 'print', 'print-identifier' = 'triples');
INSERT INTO triples SELECT * FROM quoted;

CREATE TABLE unquoted (i STRING, a STRING, b STRING, c STRING, d STRING, e STRING) WITH (
    'connector' = 'filesystem', 'path' = 'data/texts.csv', 'format' = 'csv', 'csv.disable-quote-character' = 'true'
);
CREATE TABLE chosen (a STRING, b STRING) WITH ('connector' = 'print', 'print-identifier' = 'chosen');
INSERT INTO chosen SELECT e, a FROM unquoted;

CREATE TABLE dirty (i INT, d DATE, f DOUBLE) WITH (
    'connector' = 'filesystem', 'path' = 'data/dirty.csv', 'format' = 'csv', 'csv.ignore-parse-errors' = 'true'
);
CREATE TABLE cleaned (a INT, b DATE, c DOUBLE) WITH ('connector' = 'print', 'print-identifier' = 'cleaned');
INSERT INTO cleaned SELECT * FROM dirty;

CREATE TABLE directory (name STRING, n INT) WITH (
    'connector' = 'filesystem', 'path' = 'data/directory', 'format' = 'csv'
);
CREATE TABLE found (a STRING, b INT) WITH ('connector' = 'print', 'print-identifier' = 'found');
INSERT INTO found SELECT * FROM directory ORDER BY n;

CREATE TABLE objects (
    i INT, b BOOLEAN, d DOUBLE, s STRING, dc DECIMAL(6, 2), da DATE, ts TIMESTAMP(3), lt TIMESTAMP_LTZ(3)
) WITH ('connector' = 'filesystem', 'path' = 'data/rows.json', 'format' = 'json');
CREATE TABLE fields (
    a INT, b BOOLEAN, c DOUBLE, d STRING, e DECIMAL(6, 2), f DATE, g TIMESTAMP(3), h TIMESTAMP_LTZ(3)
) WITH ('connector' = 'print', 'print-identifier' = 'fields');
INSERT INTO fields SELECT * FROM objects;

CREATE TABLE iso (i INT, ts TIMESTAMP(6)) WITH (
    'connector' = 'filesystem', 'path' = 'data/iso.json', 'format' = 'json',
    'json.timestamp-format.standard' = 'ISO-8601', 'json.ignore-parse-errors' = 'true'
);
CREATE TABLE tolerant (a INT, b TIMESTAMP(6)) WITH ('connector' = 'print', 'print-identifier' = 'tolerant');
INSERT INTO tolerant SELECT * FROM iso;

DROP TABLE IF EXISTS nothing;
CREATE TABLE IF NOT EXISTS tolerant (x INT) WITH ('connector' = 'blackhole');
CREATE TABLE forgotten (x INT) WITH ('connector' = 'blackhole');
INSERT INTO forgotten SELECT i FROM iso;
DROP TABLE forgotten;
