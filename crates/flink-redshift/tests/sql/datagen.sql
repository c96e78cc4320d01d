-- Made-up rows: sequences, which are the same everywhere, in a statement set.
SET 'execution.runtime-mode' = 'batch';
SET 'parallelism.default' = '1';

CREATE TABLE g (
    t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c STRING, v VARCHAR(10)
) WITH (
    'connector' = 'datagen', 'number-of-rows' = '100', 'rows-per-second' = '1000000',
    'fields.t.kind' = 'sequence', 'fields.t.start' = '-2', 'fields.t.end' = '1',
    'fields.s.kind' = 'sequence', 'fields.s.start' = '0', 'fields.s.end' = '100',
    'fields.i.kind' = 'sequence', 'fields.i.start' = '2147483640', 'fields.i.end' = '2147483647',
    'fields.b.kind' = 'sequence', 'fields.b.start' = '-9000000000', 'fields.b.end' = '-8999999000',
    'fields.f.kind' = 'sequence', 'fields.f.start' = '1', 'fields.f.end' = '100',
    'fields.d.kind' = 'sequence', 'fields.d.start' = '1', 'fields.d.end' = '100',
    'fields.c.kind' = 'sequence', 'fields.c.start' = '-1', 'fields.c.end' = '100',
    'fields.v.kind' = 'sequence', 'fields.v.start' = '7', 'fields.v.end' = '100'
);
CREATE TABLE numbers (
    t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c STRING, v VARCHAR(10)
) WITH ('connector' = 'print', 'print-identifier' = 'numbers');
INSERT INTO numbers SELECT * FROM g;

CREATE TABLE r (
    b BOOLEAN, t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, dc DECIMAL(5, 2), c CHAR(7), v VARCHAR(5),
    st STRING, va STRING, n INT, ts TIMESTAMP(3)
) WITH (
    'connector' = 'datagen', 'number-of-rows' = '500', 'rows-per-second' = '1000000',
    'fields.t.min' = '-3', 'fields.t.max' = '3', 'fields.s.min' = '1', 'fields.s.max' = '1000',
    'fields.i.min' = '0', 'fields.i.max' = '9', 'fields.l.max' = '0', 'fields.f.min' = '0.5', 'fields.f.max' = '1.5',
    'fields.d.max' = '2', 'fields.dc.min' = '-1', 'fields.dc.max' = '1', 'fields.v.length' = '3',
    'fields.va.length' = '8', 'fields.va.var-len' = 'true', 'fields.n.null-rate' = '1', 'fields.ts.max-past' = '1 d'
);
CREATE TABLE ranges (
    what STRING, fits BIGINT
) WITH ('connector' = 'print', 'print-identifier' = 'ranges');
EXECUTE STATEMENT SET
BEGIN
INSERT INTO ranges SELECT 'numbers', COUNT(*) FROM r WHERE t BETWEEN -3 AND 3 AND s BETWEEN 1 AND 1000
    AND i BETWEEN 0 AND 9 AND l <= 0 AND d >= 0.0e0 AND d <= 2.0e0 AND dc BETWEEN -1 AND 1;
INSERT INTO ranges SELECT 'text', COUNT(*) FROM r WHERE CHAR_LENGTH(c) = 7 AND CHAR_LENGTH(v) = 3
    AND CHAR_LENGTH(st) = 100 AND CHAR_LENGTH(va) BETWEEN 1 AND 8;
INSERT INTO ranges SELECT 'null', COUNT(*) FROM r WHERE n IS NULL AND b IS NOT NULL AND ts IS NOT NULL;
END;
