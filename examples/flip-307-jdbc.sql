-- FLIP-307's jdbc example, as the proposal prints it (less one closing parenthesis too many in its
-- INSERT), preceded by a source table T over a small file.
-- `flink-redshift run --local examples/flip-307-jdbc.sql` runs it without an AWS account.

CREATE TABLE T (
    `user_id` BIGINT, `user_type` INTEGER, `lang` STRING, `country` STRING, `gender` STRING, `score` DOUBLE
) WITH (
    'connector' = 'filesystem',
    'path' = 'examples/data/users.csv',
    'format' = 'csv'
);

CREATE TABLE t_user (
    `user_id` BIGINT, `user_type` INTEGER, `language` STRING, `country` STRING, `gender` STRING, `score` DOUBLE,
    PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
    'connector' = 'redshift', 'hostname' = 'xxxx.redshift.awsamazon.com', 'port' = '5439',
    'username' = 'awsuser', 'password' = 'passwordxxxx', 'database.name' = 'tutorial', 'table.name' = 'users',
    'sink.batch.size' = '500', 'sink.flush.interval' = '1000', 'sink.max.retries' = '3'
);
INSERT INTO t_user SELECT cast(`user_id` as BIGINT), `user_type`, `lang`, `country`, `gender`, `score` FROM T;
