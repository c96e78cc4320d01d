-- JSON with what nests, times and bytes into a table that is made for it: arrays, maps and rows become SUPER,
-- times of a day TIME, bytes VARBYTE. docs/types.md has every type, with the values at its edges.
-- `flink-redshift run --local examples/types.sql` runs it from the repository's root without an AWS account.

SET 'execution.runtime-mode' = 'batch';
SET 'table.local-time-zone' = 'UTC';

CREATE TABLE orders_file (
    order_id BIGINT,
    customer ROW<name STRING, tags ARRAY<STRING>>,
    `lines` ARRAY<ROW<sku STRING, price DECIMAL(10, 2), `count` INT>>,
    attributes MAP<STRING, STRING>,
    pickup TIME(3), ordered TIMESTAMP(3), shipped TIMESTAMP_LTZ(3), signature BYTES
) WITH (
    'connector' = 'filesystem', 'path' = 'examples/data/orders.json', 'format' = 'json'
);

CREATE TABLE orders (
    order_id BIGINT,
    customer ROW<name STRING, tags ARRAY<STRING>>,
    `lines` ARRAY<ROW<sku STRING, price DECIMAL(10, 2), `count` INT>>,
    attributes MAP<STRING, STRING>,
    pickup TIME(3), ordered TIMESTAMP(3), shipped TIMESTAMP_LTZ(3), signature BYTES,
    PRIMARY KEY (order_id) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Example-Passw0rd',
    'database-name' = 'dev', 'table-name' = 'orders_with_lines',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

INSERT INTO orders SELECT * FROM orders_file;
