-- What the load benchmark's stand-in has to have: its user, database, bucket and default role.
CREATE TABLE bench (
    user_id BIGINT
) WITH (
    'connector' = 'redshift',
    'hostname' = 'bench.example',
    'username' = 'bench',
    'password' = 'Bench-Passw0rd',
    'database-name' = 'dev',
    'table-name' = 'bench',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://bench/temp',
    'aws.region' = 'us-east-1',
    'aws.iam-role' = 'default'
);
