-- Appends flights to a table without a key, with COPY: each run adds its rows once, or none of them.
-- `flink-redshift run --local examples/append.sql` runs it without an AWS account.

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

-- No PRIMARY KEY: rows only come in.
CREATE TABLE late_flights (
    time_hour TIMESTAMP(0), carrier VARCHAR(2), flight INT, dep_delay SMALLINT
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Example-Passw0rd',
    'database-name' = 'dev', 'table-name' = 'late_flights',
    -- Rows are staged as Parquet under this path, and COPY reads them there with this role.
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists',
    -- A run that was killed may be run again under its name: what it had loaded is not loaded twice.
    'sink.run-id' = 'late-flights-2013'
);

INSERT INTO late_flights SELECT time_hour, carrier, flight, dep_delay FROM flights_file WHERE dep_delay > 120;
