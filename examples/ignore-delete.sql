-- Writes the results of an aggregate into a table without a key: how many flights each airline had.
-- `flink-redshift run --local examples/ignore-delete.sql` runs it without an AWS account.
--
-- In streaming mode Flink gives such a query's results as changes: the old row of a group goes, the new one comes.
-- Without a key nothing could be taken away, so such a table is refused; with 'sink.ignore-delete' the rows
-- that go are dropped, and each result is one more row of the table. Here, in batch mode, there is one for each
-- airline. docs/values.md says more.

SET 'execution.runtime-mode' = 'batch';

CREATE TABLE flights_file (
    `year` SMALLINT, `month` SMALLINT, `day` SMALLINT, dep_time SMALLINT,
    sched_dep_time SMALLINT, dep_delay SMALLINT, arr_time SMALLINT, sched_arr_time SMALLINT,
    arr_delay SMALLINT, carrier VARCHAR(2), flight INT, tailnum VARCHAR(6), origin VARCHAR(3),
    dest VARCHAR(3), air_time SMALLINT, distance INT, `hour` SMALLINT, `minute` SMALLINT,
    time_hour TIMESTAMP(0)
) WITH (
    'connector' = 'filesystem', 'path' = 'examples/data/flights.csv.gz',
    'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TABLE flights_by_carrier (
    carrier VARCHAR(2), flights BIGINT
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Example-Passw0rd',
    'database-name' = 'dev', 'table-name' = 'flights_by_carrier',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists',
    'sink.ignore-delete' = 'true'
);

INSERT INTO flights_by_carrier SELECT carrier, COUNT(*) FROM flights_file GROUP BY carrier;
