-- A small load without S3: rows become INSERTs over the connection, in one transaction at the end.
-- `flink-redshift run --local examples/jdbc-exactly-once.sql` runs it without an AWS account.
--
-- In a Flink job the rows of each checkpoint are written after it, in one transaction. Without the option
-- 'sink.delivery-guarantee' they are written as they come, at least once: examples/flip-307-jdbc.sql.

SET 'execution.runtime-mode' = 'batch';

CREATE TABLE airlines_file (
    carrier VARCHAR(2), `name` VARCHAR(40)
) WITH (
    'connector' = 'filesystem', 'path' = 'examples/data/airlines.csv.gz',
    'format' = 'csv', 'csv.null-literal' = 'NA'
);

CREATE TABLE airlines (
    carrier VARCHAR(2), `name` VARCHAR(40)
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser', 'password' = 'Example-Passw0rd',
    'database-name' = 'dev', 'table-name' = 'airlines_by_insert',
    'sink.write.mode' = 'jdbc',
    'sink.delivery-guarantee' = 'exactly-once',
    'sink.create-table' = 'if-not-exists'
);

INSERT INTO airlines SELECT * FROM airlines_file;
