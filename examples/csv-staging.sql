-- Stages gzipped CSV instead of Parquet: COPY loads Parquet from its own region only, and CSV from any.
-- `flink-redshift run --local examples/csv-staging.sql` runs it without an AWS account.

SET 'execution.runtime-mode' = 'batch';

CREATE TABLE planes_file (
    tailnum VARCHAR(6), `year` SMALLINT, `type` VARCHAR(40), manufacturer VARCHAR(40),
    `model` VARCHAR(40), engines SMALLINT, seats SMALLINT, speed SMALLINT, engine VARCHAR(20)
) WITH (
    'connector' = 'filesystem', 'path' = 'examples/data/planes.csv.gz',
    'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TABLE planes (
    tailnum VARCHAR(6), `year` SMALLINT, manufacturer VARCHAR(40), seats SMALLINT,
    PRIMARY KEY (tailnum) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Example-Passw0rd',
    'database-name' = 'dev', 'table-name' = 'planes_by_csv',
    'sink.write.mode' = 'copy',
    -- A bucket elsewhere than the cluster: aws.region is the bucket's.
    'sink.write.temp.s3-uri' = 's3://example-bucket-eu/flink-redshift/staging',
    'aws.region' = 'eu-central-1',
    'sink.copy.format' = 'csv',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

INSERT INTO planes SELECT tailnum, `year`, manufacturer, seats FROM planes_file;
