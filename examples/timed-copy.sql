-- Loads with COPY by the clock and not at the end: rows show up while the load runs, and what a failure
-- left half done may be loaded twice. With a PRIMARY KEY the table ends the same in any case.
-- `flink-redshift run --local examples/timed-copy.sql` runs it without an AWS account.

SET 'execution.runtime-mode' = 'batch';

-- Rows that are made up, 1,000 a second for three seconds.
CREATE TABLE events_source (
    event_id BIGINT, happened_at TIMESTAMP(3), kind STRING
) WITH (
    'connector' = 'datagen', 'number-of-rows' = '3000', 'rows-per-second' = '1000',
    'fields.event_id.kind' = 'sequence', 'fields.event_id.start' = '1', 'fields.event_id.end' = '3000',
    'fields.kind.length' = '8'
);

CREATE TABLE events (
    event_id BIGINT, happened_at TIMESTAMP(3), kind STRING, PRIMARY KEY (event_id) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Example-Passw0rd',
    'database-name' = 'dev', 'table-name' = 'events',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists',
    'sink.delivery-guarantee' = 'at-least-once',
    -- For a look at it. Every COPY costs seconds on a cluster: 10 s is the default, a minute is better.
    'sink.flush-interval' = '1 s'
);

INSERT INTO events SELECT * FROM events_source;
