-- Made-up orders into two tables, and two INSERTs into one of them: a try of a cluster without files.
-- flink-redshift check examples/statement-set.sql, and then run; or run --local for a stand-in.
SET 'execution.runtime-mode' = 'batch';

CREATE TABLE orders_source (
    order_id BIGINT, customer VARCHAR(8), amount DECIMAL(10, 2), ordered_at TIMESTAMP(3)
) WITH (
    'connector' = 'datagen', 'number-of-rows' = '5000', 'rows-per-second' = '100000',
    'fields.order_id.kind' = 'sequence', 'fields.order_id.start' = '1', 'fields.order_id.end' = '5000',
    'fields.amount.min' = '1', 'fields.amount.max' = '500', 'fields.ordered_at.max-past' = '30 d'
);

CREATE TABLE orders (
    order_id BIGINT, customer VARCHAR(8), amount DECIMAL(10, 2), ordered_at TIMESTAMP(3),
    PRIMARY KEY (order_id) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser',
    'password' = '…',
    'table-name' = 'orders',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://my-bucket/staging',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/RedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

CREATE TABLE ranges (
    range_name STRING, orders BIGINT
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser',
    'password' = '…',
    'table-name' = 'order_ranges',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://my-bucket/staging',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/RedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

EXECUTE STATEMENT SET
BEGIN
INSERT INTO orders SELECT * FROM orders_source;
INSERT INTO ranges SELECT 'first half', COUNT(*) FROM orders_source WHERE order_id <= 2500;
INSERT INTO ranges SELECT 'second half', COUNT(*) FROM orders_source WHERE order_id > 2500;
END;
