-- Loads a Parquet file. Its columns are found by their names.
-- `flink-redshift run --local examples/parquet.sql` runs it without an AWS account. Flink reads Parquet
-- where flink-sql-parquet and Hadoop's client libraries are in its lib/.

SET 'execution.runtime-mode' = 'batch';

CREATE TABLE airlines_file (
    `name` STRING, carrier STRING
) WITH (
    'connector' = 'filesystem', 'path' = 'examples/data/airlines.parquet', 'format' = 'parquet'
);

CREATE TABLE airlines (
    carrier STRING, `name` STRING, PRIMARY KEY (carrier) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Example-Passw0rd',
    'database-name' = 'dev', 'table-name' = 'airlines_by_parquet',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

INSERT INTO airlines SELECT carrier, `name` FROM airlines_file;
