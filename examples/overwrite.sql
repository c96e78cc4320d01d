-- Replaces what a table holds, in the transaction that loads the new rows: readers see the old ones until
-- it commits, and then the new ones. Batch mode only, in Flink too.
-- `flink-redshift run --local examples/overwrite.sql` runs it without an AWS account.

SET 'execution.runtime-mode' = 'batch';

CREATE TABLE planes_file (
    tailnum VARCHAR(6), `year` SMALLINT, `type` VARCHAR(40), manufacturer VARCHAR(40),
    `model` VARCHAR(40), engines SMALLINT, seats SMALLINT, speed SMALLINT, engine VARCHAR(20)
) WITH (
    'connector' = 'filesystem', 'path' = 'examples/data/planes.csv.gz',
    'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TABLE makers (
    manufacturer VARCHAR(40), planes BIGINT
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Example-Passw0rd',
    'database-name' = 'dev', 'table-name' = 'makers',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

INSERT INTO makers SELECT manufacturer, COUNT(*) FROM planes_file GROUP BY manufacturer;

-- Those with a hundred planes and more, in place of all of them.
INSERT OVERWRITE makers
SELECT manufacturer, COUNT(*) FROM planes_file GROUP BY manufacturer HAVING COUNT(*) >= 100;
