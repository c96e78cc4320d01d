-- Loads the airports by key, and then changes the names of those in the far north: the second INSERT names
-- two columns, and the others keep their values.
--
-- `flink-redshift run --local examples/changelog.sql` runs it from the repository's root without an AWS
-- account; run again it ends in the same rows. Both commits hold upserts only, so MERGE applies them
-- ('sink.use-merge'). Keys that have more than one row in the table already, which Redshift allows and this
-- connector never makes, are brought down to one where a commit changes them ('sink.duplicate-keys').
-- docs/delivery.md says how changes are applied.

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
    'table-name' = 'airports_by_key',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists',
    'sink.use-merge' = 'true',
    'sink.duplicate-keys' = 'clean'
);

INSERT INTO airports SELECT faa, `name`, lat, lon FROM airports_file;
INSERT INTO airports (faa, `name`) SELECT faa, UPPER(`name`) FROM airports_file WHERE lat > 65;
