-- Loads the airports into a table that may change while they are on their way. Values are checked against the
-- table as it is when the load starts; with 'sink.value-policy.refused-loads' the policy holds as well for rows
-- that only COPY refuses, since somebody made the table narrower meanwhile.
--
-- `flink-redshift run --local examples/refused-loads.sql` runs it from the repository's root without an AWS
-- account, where nobody does: every row fits. Where `name` has become VARCHAR(30) by the end, what comes back is
--
--   airports: 1,319 rows loaded, … in 1 part, 139 rows set aside, …
--
-- with exit code 0. Under 'sink.value-policy' = 'fail' it is exit code 3, nothing is loaded, and the error names
-- part, column, rule and rows. docs/values.md says what is done, and how far it goes.

SET 'execution.runtime-mode' = 'batch';

CREATE TABLE airports_file (
    faa STRING, `name` STRING, lat DOUBLE, lon DOUBLE, alt INT, tz SMALLINT, dst STRING, tzone STRING
) WITH (
    'connector' = 'filesystem',
    'path' = 'examples/data/airports.csv.gz',
    'format' = 'csv',
    'csv.null-literal' = 'NA'
);

CREATE TABLE airports (
    faa STRING, `name` STRING, lat DOUBLE, lon DOUBLE, PRIMARY KEY (faa) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser',
    'password' = 'Example-Passw0rd',
    'database-name' = 'dev',
    'table-name' = 'airports_as_they_fit',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists',
    'sink.value-policy' = 'dead-letter',
    'sink.value-policy.refused-loads' = 'true',
    'sink.dead-letter.s3-uri' = 's3://example-bucket/flink-redshift/dead-letters'
);

INSERT INTO airports SELECT faa, `name`, lat, lon FROM airports_file;
