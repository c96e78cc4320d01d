-- Two loads of one table by key: the first writes whole rows, the second one column of some of them, and
-- what it does not name stays as it is.
-- `flink-redshift run --local examples/partial-insert.sql` runs it without an AWS account.

SET 'execution.runtime-mode' = 'batch';

CREATE TABLE users_file (
    user_id BIGINT, user_type INT, lang STRING, country STRING, gender STRING, score DOUBLE
) WITH (
    'connector' = 'filesystem', 'path' = 'examples/data/users.csv', 'format' = 'csv'
);

CREATE TABLE users (
    user_id BIGINT, lang STRING, country STRING, score DOUBLE, PRIMARY KEY (user_id) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Example-Passw0rd',
    'database-name' = 'dev', 'table-name' = 'users_by_key',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

-- The file has two rows of user 1: the later one counts.
INSERT INTO users SELECT user_id, lang, country, score FROM users_file;

-- Users of type 1 get another score, and keep their language and country. User 9 is new.
INSERT INTO users (user_id, score) SELECT user_id, CAST(100 AS DOUBLE) FROM users_file WHERE user_type = 1;
INSERT INTO users (user_id, score) VALUES (CAST(9 AS BIGINT), CAST(0 AS DOUBLE));
