-- Loads the airports into tables whose names are too narrow for some of them: the first sets such rows
-- aside, the second cuts the names, the third leaves them NULL.
--
-- `flink-redshift run --local examples/value-policies.sql` runs it from the repository's root without an
-- AWS account. Each row that was set aside is a line of JSON under 'sink.dead-letter.s3-uri', with what
-- refused it. Whatever else did not fit the second table would fail, and the error would show the airport's
-- code ('sink.value-policy.show-key'). docs/values.md says what each policy does.

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
    'table-name' = 'airports',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists',
    'sink.create-table.varchar-width' = '30',
    'sink.value-policy' = 'dead-letter',
    'sink.dead-letter.s3-uri' = 's3://example-bucket/flink-redshift/dead-letters'
);

CREATE TABLE airport_names (
    faa STRING, `name` STRING, PRIMARY KEY (faa) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser',
    'password' = 'Example-Passw0rd',
    'database-name' = 'dev',
    'table-name' = 'airport_names',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists',
    'sink.create-table.varchar-width' = '30',
    'sink.value-policy.columns' = 'name:truncate',
    'sink.value-policy.show-key' = 'true'
);

CREATE TABLE airport_zones (
    faa STRING, `name` STRING, tzone STRING, PRIMARY KEY (faa) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser',
    'password' = 'Example-Passw0rd',
    'database-name' = 'dev',
    'table-name' = 'airport_zones',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'sink.write.temp.s3.encryption' = 'sse-s3',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists',
    'sink.create-table.varchar-width' = '30',
    'sink.value-policy' = 'null'
);

INSERT INTO airports SELECT faa, `name`, lat, lon FROM airports_file;
INSERT INTO airport_names SELECT faa, `name` FROM airports_file;
INSERT INTO airport_zones SELECT faa, `name`, tzone FROM airports_file;
