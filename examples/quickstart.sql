-- Loads the five nycflights13 files into five Redshift tables with COPY, exactly once.
--
-- Run it from the repository's root: `flink-redshift run --local examples/quickstart.sql` needs no AWS
-- account and changes nothing in the script. For a cluster of your own, put your host, user,
-- password, bucket, region and role into the five WITH clauses and leave `--local` out. It is plain
-- Flink SQL: every statement, type and `filesystem` option in it is Flink 1.20's and 2.x's own.

SET 'execution.runtime-mode' = 'batch';

-- The airlines: 16 rows, by key.
CREATE TABLE airlines_file (
    carrier VARCHAR(2), `name` VARCHAR(40)
) WITH (
    'connector' = 'filesystem',
    'path' = 'examples/data/airlines.csv.gz',
    'format' = 'csv',
    'csv.null-literal' = 'NA'
);

CREATE TABLE airlines (
    carrier VARCHAR(2), `name` VARCHAR(40), PRIMARY KEY (carrier) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser',
    'password' = 'Example-Passw0rd',
    'database-name' = 'dev',
    'table-name' = 'airlines',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

-- The airports: 1,458 rows, by key.
CREATE TABLE airports_file (
    faa VARCHAR(3), `name` VARCHAR(80), lat DOUBLE, lon DOUBLE, alt INT, tz SMALLINT,
    dst VARCHAR(1), tzone VARCHAR(40)
) WITH (
    'connector' = 'filesystem',
    'path' = 'examples/data/airports.csv.gz',
    'format' = 'csv',
    'csv.null-literal' = 'NA'
);

CREATE TABLE airports (
    faa VARCHAR(3), `name` VARCHAR(80), lat DOUBLE, lon DOUBLE, alt INT, tz SMALLINT,
    dst VARCHAR(1), tzone VARCHAR(40), PRIMARY KEY (faa) NOT ENFORCED
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
    'sink.create-table' = 'if-not-exists'
);

-- The planes: 3,322 rows, by key.
CREATE TABLE planes_file (
    tailnum VARCHAR(6), `year` SMALLINT, `type` VARCHAR(40), manufacturer VARCHAR(40),
    `model` VARCHAR(40), engines SMALLINT, seats SMALLINT, speed SMALLINT, engine VARCHAR(20)
) WITH (
    'connector' = 'filesystem',
    'path' = 'examples/data/planes.csv.gz',
    'format' = 'csv',
    'csv.null-literal' = 'NA'
);

CREATE TABLE planes (
    tailnum VARCHAR(6), `year` SMALLINT, `type` VARCHAR(40), manufacturer VARCHAR(40),
    `model` VARCHAR(40), engines SMALLINT, seats SMALLINT, speed SMALLINT, engine VARCHAR(20),
    PRIMARY KEY (tailnum) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser',
    'password' = 'Example-Passw0rd',
    'database-name' = 'dev',
    'table-name' = 'planes',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

-- The weather by the hour: 26,115 rows, by key. The local hour repeats when summer time ends, so the
-- key is the hour in UTC.
CREATE TABLE weather_file (
    origin VARCHAR(3), `year` SMALLINT, `month` SMALLINT, `day` SMALLINT, `hour` SMALLINT,
    temp DOUBLE, dewp DOUBLE, humid DOUBLE, wind_dir SMALLINT, wind_speed DOUBLE,
    wind_gust DOUBLE, precip DOUBLE, pressure DOUBLE, visib DOUBLE, time_hour TIMESTAMP(0)
) WITH (
    'connector' = 'filesystem',
    'path' = 'examples/data/weather.csv.gz',
    'format' = 'csv',
    'csv.null-literal' = 'NA'
);

CREATE TABLE weather (
    origin VARCHAR(3), `year` SMALLINT, `month` SMALLINT, `day` SMALLINT, `hour` SMALLINT,
    temp DOUBLE, dewp DOUBLE, humid DOUBLE, wind_dir SMALLINT, wind_speed DOUBLE,
    wind_gust DOUBLE, precip DOUBLE, pressure DOUBLE, visib DOUBLE, time_hour TIMESTAMP(0),
    PRIMARY KEY (origin, time_hour) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser',
    'password' = 'Example-Passw0rd',
    'database-name' = 'dev',
    'table-name' = 'weather',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

-- The flights: 336,776 rows without a key, so every run appends them.
CREATE TABLE flights_file (
    `year` SMALLINT, `month` SMALLINT, `day` SMALLINT, dep_time SMALLINT,
    sched_dep_time SMALLINT, dep_delay SMALLINT, arr_time SMALLINT, sched_arr_time SMALLINT,
    arr_delay SMALLINT, carrier VARCHAR(2), flight INT, tailnum VARCHAR(6), origin VARCHAR(3),
    dest VARCHAR(3), air_time SMALLINT, distance INT, `hour` SMALLINT, `minute` SMALLINT,
    time_hour TIMESTAMP(0)
) WITH (
    'connector' = 'filesystem',
    'path' = 'examples/data/flights.csv.gz',
    'format' = 'csv',
    'csv.null-literal' = 'NA'
);

CREATE TABLE flights (
    `year` SMALLINT, `month` SMALLINT, `day` SMALLINT, dep_time SMALLINT,
    sched_dep_time SMALLINT, dep_delay SMALLINT, arr_time SMALLINT, sched_arr_time SMALLINT,
    arr_delay SMALLINT, carrier VARCHAR(2), flight INT, tailnum VARCHAR(6), origin VARCHAR(3),
    dest VARCHAR(3), air_time SMALLINT, distance INT, `hour` SMALLINT, `minute` SMALLINT,
    time_hour TIMESTAMP(0)
) WITH (
    'connector' = 'redshift',
    'hostname' = 'examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com',
    'username' = 'awsuser',
    'password' = 'Example-Passw0rd',
    'database-name' = 'dev',
    'table-name' = 'flights',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://example-bucket/flink-redshift/staging',
    'aws.region' = 'us-west-2',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/ExampleRedshiftCopy',
    'sink.create-table' = 'if-not-exists'
);

INSERT INTO airlines SELECT * FROM airlines_file;
INSERT INTO airports SELECT * FROM airports_file;
INSERT INTO planes SELECT * FROM planes_file;
INSERT INTO weather SELECT * FROM weather_file;
INSERT INTO flights SELECT * FROM flights_file;
