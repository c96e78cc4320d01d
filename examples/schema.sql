-- A table that one load makes and the next one changes: docs/schema.md says what may happen to it.
-- `flink-redshift run --local examples/schema.sql` runs it without an AWS account.

CREATE TABLE T (
    user_id BIGINT, user_type INT, lang STRING, country STRING, gender STRING, score DOUBLE
) WITH (
    'connector' = 'filesystem', 'path' = 'examples/data/users.csv', 'format' = 'csv'
);

-- The target is missing: it is made, with comments, `lang` as VARCHAR(8), four bytes a character, and the layout
-- on disk that joins by user and filters by language want.
CREATE TABLE made (
    user_id BIGINT COMMENT 'as the shop counts them', lang VARCHAR(2),
    PRIMARY KEY (user_id) NOT ENFORCED
) COMMENT 'users and what they speak' WITH (
    'connector' = 'redshift', 'hostname' = 'example.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Passw0rd', 'table-name' = 'speakers',
    'sink.write.mode' = 'copy', 'sink.write.temp.s3-uri' = 's3://bucket-name/temp', 'aws.iam-role' = 'default',
    'sink.create-table' = 'if-not-exists',
    'sink.create-table.distribution-style' = 'key', 'sink.create-table.distribution-key' = 'user_id',
    'sink.create-table.sort-key' = 'lang;user_id',
    'sink.create-table.encodings' = 'user_id:az64;lang:zstd'
);

-- Another declaration of the same target: `country` and `score` are added, and `lang` is widened.
CREATE TABLE grown (
    user_id BIGINT, lang VARCHAR(5), country STRING COMMENT 'ISO 3166-1', score DOUBLE,
    PRIMARY KEY (user_id) NOT ENFORCED
) WITH (
    'connector' = 'redshift', 'hostname' = 'example.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Passw0rd', 'table-name' = 'speakers',
    'sink.write.mode' = 'copy', 'sink.write.temp.s3-uri' = 's3://bucket-name/temp', 'aws.iam-role' = 'default',
    'sink.schema-evolution' = 'add-and-widen', 'sink.create-table.varchar-widths' = 'country:8'
);

INSERT INTO made SELECT user_id, lang FROM T;
INSERT INTO grown SELECT user_id, lang, country, score FROM T WHERE user_type = 1;
