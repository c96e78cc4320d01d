-- Functions that PostgreSQL lacks, or whose results differ there. The gate writes their schema.

-- Text functions take and give VARCHAR, so that results still compare without trailing blanks.
DO $$
DECLARE
  f record;
BEGIN
  FOR f IN SELECT * FROM (VALUES
    ('upper', 'V', 'upper'), ('lower', 'V', 'lower'), ('initcap', 'V', 'initcap'),
    ('reverse', 'V', 'text_reverse'), ('md5', 'V', 'md5_text'), ('concat', 'V, V', 'textcat'),
    ('btrim', 'V', 'btrim1'), ('btrim', 'V, V', 'btrim'), ('ltrim', 'V', 'ltrim1'),
    ('ltrim', 'V, V', 'ltrim'), ('rtrim', 'V', 'rtrim1'), ('rtrim', 'V, V', 'rtrim'),
    ('substring', 'V, integer', 'text_substr_no_len'),
    ('substring', 'V, integer, integer', 'text_substr'), ('left', 'V, integer', 'text_left'),
    ('right', 'V, integer', 'text_right'), ('replace', 'V, V, V', 'replace_text'),
    ('translate', 'V, V, V', 'translate'), ('repeat', 'V, integer', 'repeat'),
    ('lpad', 'V, integer, V', 'lpad'), ('rpad', 'V, integer, V', 'rpad'),
    ('split_part', 'V, V, integer', 'split_part')
  ) v(name, arguments, symbol)
  LOOP
    EXECUTE format('CREATE FUNCTION redshift_sys.%I(%s) RETURNS redshift_sys."varchar" '
      'LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS %L',
      f.name, replace(f.arguments, 'V', 'redshift_sys."varchar"'), f.symbol);
  END LOOP;
  FOR f IN SELECT * FROM (VALUES
    ('len', 'V', 'textlen'), ('octet_length', 'V', 'textoctetlen'), ('ascii', 'V', 'ascii'),
    ('strpos', 'V, V', 'textpos')
  ) v(name, arguments, symbol)
  LOOP
    EXECUTE format('CREATE FUNCTION redshift_sys.%I(%s) RETURNS integer '
      'LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS %L',
      f.name, replace(f.arguments, 'V', 'redshift_sys."varchar"'), f.symbol);
  END LOOP;
END $$;
-- LEN does not count the blanks that pad a CHAR; it does count those of a VARCHAR.
CREATE FUNCTION redshift_sys.len(bpchar) RETURNS integer
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpcharlen';
-- Against text too, or PostgreSQL could not choose for a bare literal.
CREATE FUNCTION redshift_sys.len(text) RETURNS integer
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textlen';
CREATE FUNCTION redshift_sys.octet_length(text) RETURNS integer
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textoctetlen';
CREATE FUNCTION redshift_sys.octet_length(bpchar) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'not modelled: OCTET_LENGTH of CHAR';
END $$;
CREATE FUNCTION redshift_sys.charindex(redshift_sys."varchar", redshift_sys."varchar")
RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT redshift_sys.strpos($2, $1) $$;
CREATE FUNCTION redshift_sys.sha2(redshift_sys."varchar", integer)
RETURNS redshift_sys."varchar" LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT encode(CASE $2 WHEN 0 THEN sha256(convert_to($1::text, 'UTF8'))
    WHEN 224 THEN sha224(convert_to($1::text, 'UTF8'))
    WHEN 256 THEN sha256(convert_to($1::text, 'UTF8'))
    WHEN 384 THEN sha384(convert_to($1::text, 'UTF8'))
    WHEN 512 THEN sha512(convert_to($1::text, 'UTF8')) END, 'hex')
$$;

-- SUM of an integer is BIGINT and AVG of one drops the fraction; AVG of a DECIMAL keeps its scale.
CREATE AGGREGATE redshift_sys.sum(smallint) (SFUNC = int2_sum, STYPE = bigint);
CREATE AGGREGATE redshift_sys.sum(integer) (SFUNC = int4_sum, STYPE = bigint);
CREATE AGGREGATE redshift_sys.sum(bigint) (SFUNC = int8pl, STYPE = bigint);
CREATE AGGREGATE redshift_sys.sum(numeric) (SFUNC = numeric_add, STYPE = numeric);
CREATE AGGREGATE redshift_sys.sum(double precision) (SFUNC = float8pl, STYPE = double precision);

CREATE FUNCTION redshift_sys.average(bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN $1[1] > 0 THEN $1[2] / $1[1] END
$$;
CREATE AGGREGATE redshift_sys.avg(smallint) (SFUNC = int2_avg_accum, STYPE = bigint[],
  FINALFUNC = redshift_sys.average, INITCOND = '{0,0}');
CREATE AGGREGATE redshift_sys.avg(integer) (SFUNC = int4_avg_accum, STYPE = bigint[],
  FINALFUNC = redshift_sys.average, INITCOND = '{0,0}');
CREATE FUNCTION redshift_sys.accumulate(numeric[], numeric) RETURNS numeric[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + 1, $1[2] + $2] END
$$;
CREATE FUNCTION redshift_sys.accumulate(numeric[], bigint) RETURNS numeric[]
LANGUAGE sql IMMUTABLE AS $$ SELECT redshift_sys.accumulate($1, $2::numeric) $$;
CREATE FUNCTION redshift_sys.average_bigint(numeric[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN $1[1] > 0 THEN trunc($1[2] / $1[1])::bigint END
$$;
CREATE FUNCTION redshift_sys.average_numeric(numeric[]) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN $1[1] > 0 THEN trunc($1[2] / $1[1], scale($1[2])) END
$$;
CREATE AGGREGATE redshift_sys.avg(bigint) (SFUNC = redshift_sys.accumulate, STYPE = numeric[],
  FINALFUNC = redshift_sys.average_bigint, INITCOND = '{0,0}');
CREATE AGGREGATE redshift_sys.avg(numeric) (SFUNC = redshift_sys.accumulate, STYPE = numeric[],
  FINALFUNC = redshift_sys.average_numeric, INITCOND = '{0,0}');
CREATE AGGREGATE redshift_sys.avg(double precision) (SFUNC = float8_accum,
  STYPE = double precision[], FINALFUNC = float8_avg, INITCOND = '{0,0,0}');

-- Dates and times.
CREATE FUNCTION redshift_sys.getdate() RETURNS timestamp LANGUAGE sql STABLE AS $$
  SELECT date_trunc('second', statement_timestamp()::timestamp)
$$;
CREATE FUNCTION redshift_sys.sysdate() RETURNS timestamp LANGUAGE sql STABLE AS $$
  SELECT transaction_timestamp()::timestamp
$$;
-- Of a DATE it is a TIMESTAMP, where PostgreSQL's own takes the session's zone in.
CREATE FUNCTION redshift_sys.date_trunc(text, timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.date_trunc($1, $2) $$;
CREATE FUNCTION redshift_sys.date_trunc(text, date) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.date_trunc($1, $2::timestamp) $$;
CREATE FUNCTION redshift_sys.date_trunc(text, timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_catalog.date_trunc($1, $2) $$;
CREATE FUNCTION redshift_sys.convert_timezone(text, timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE AS $$ SELECT ($2 AT TIME ZONE 'UTC') AT TIME ZONE $1 $$;
CREATE FUNCTION redshift_sys.convert_timezone(text, text, timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE AS $$ SELECT ($3 AT TIME ZONE $1) AT TIME ZONE $2 $$;
CREATE FUNCTION redshift_sys.last_day(timestamp) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT (date_trunc('month', $1) + interval '1 month - 1 day')::date
$$;

CREATE FUNCTION redshift_sys.step(part text, number bigint) RETURNS interval
LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT CASE part
    WHEN 'year' THEN make_interval(years => $2::int)
    WHEN 'quarter' THEN make_interval(months => 3 * $2::int)
    WHEN 'month' THEN make_interval(months => $2::int)
    WHEN 'week' THEN make_interval(weeks => $2::int)
    WHEN 'day' THEN make_interval(days => $2::int)
    WHEN 'hour' THEN $2 * interval '1 hour' WHEN 'minute' THEN $2 * interval '1 minute'
    WHEN 'second' THEN $2 * interval '1 second'
    WHEN 'millisecond' THEN $2 * interval '1 millisecond'
    WHEN 'microsecond' THEN $2 * interval '1 microsecond' END
$$;
CREATE FUNCTION redshift_sys.dateadd(text, bigint, timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT $3 + redshift_sys.step($1, $2) $$;
CREATE FUNCTION redshift_sys.dateadd(text, bigint, date) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT $3 + redshift_sys.step($1, $2) $$;
CREATE FUNCTION redshift_sys.dateadd(text, bigint, timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE STRICT AS $$ SELECT $3 + redshift_sys.step($1, $2) $$;
CREATE FUNCTION redshift_sys.dateadd(text, bigint, text) RETURNS timestamp
LANGUAGE sql STABLE STRICT AS $$ SELECT $3::timestamp + redshift_sys.step($1, $2) $$;

-- DATEDIFF counts the boundaries that lie between two times.
CREATE FUNCTION redshift_sys.datediff(part text, a timestamp, b timestamp) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT CASE part
    WHEN 'year' THEN extract(year FROM b)::bigint - extract(year FROM a)::bigint
    WHEN 'quarter' THEN (extract(year FROM b) - extract(year FROM a))::bigint * 4
      + (extract(quarter FROM b) - extract(quarter FROM a))::bigint
    WHEN 'month' THEN (extract(year FROM b) - extract(year FROM a))::bigint * 12
      + (extract(month FROM b) - extract(month FROM a))::bigint
    WHEN 'week' THEN floor(extract(epoch FROM date_trunc('week', b + interval '1 day')
      - date_trunc('week', a + interval '1 day')) / 604800)::bigint
    WHEN 'day' THEN (b::date - a::date)::bigint
    WHEN 'hour' THEN
      (extract(epoch FROM date_trunc('hour', b) - date_trunc('hour', a)) / 3600)::bigint
    WHEN 'minute' THEN
      (extract(epoch FROM date_trunc('minute', b) - date_trunc('minute', a)) / 60)::bigint
    WHEN 'second' THEN extract(epoch FROM date_trunc('second', b) - date_trunc('second', a))::bigint
    WHEN 'millisecond' THEN (extract(epoch FROM date_trunc('millisecond', b)
      - date_trunc('millisecond', a)) * 1000)::bigint
    WHEN 'microsecond' THEN (extract(epoch FROM b - a) * 1000000)::bigint END
$$;
CREATE FUNCTION redshift_sys.datediff(text, timestamptz, timestamptz) RETURNS bigint
LANGUAGE sql STABLE STRICT AS $$ SELECT redshift_sys.datediff($1, $2::timestamp, $3::timestamp) $$;
CREATE FUNCTION redshift_sys.datediff(text, date, date) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT redshift_sys.datediff($1, $2::timestamp, $3::timestamp) $$;
CREATE FUNCTION redshift_sys.datediff(text, text, text) RETURNS bigint
LANGUAGE sql STABLE STRICT AS $$ SELECT redshift_sys.datediff($1, $2::timestamp, $3::timestamp) $$;

-- EXTRACT and DATE_PART: INTEGER of a date or TIMESTAMP, DOUBLE PRECISION of a TIMESTAMPTZ.
CREATE FUNCTION redshift_sys.date_part(text, timestamp) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT floor(pg_catalog.date_part($1, $2))::integer $$;
CREATE FUNCTION redshift_sys.date_part(text, date) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.date_part($1, $2)::integer $$;
CREATE FUNCTION redshift_sys.date_part(text, timestamptz) RETURNS double precision
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_catalog.date_part($1, $2) $$;
CREATE FUNCTION redshift_sys.to_char(timestamp, text) RETURNS redshift_sys."varchar"
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_catalog.to_char($1, $2) $$;
CREATE FUNCTION redshift_sys.to_char(timestamptz, text) RETURNS redshift_sys."varchar"
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_catalog.to_char($1, $2) $$;
CREATE FUNCTION redshift_sys.to_char(numeric, text) RETURNS redshift_sys."varchar"
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_catalog.to_char($1, $2) $$;

-- What a session and its last statements were.
CREATE FUNCTION redshift_sys.version() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 '
    '(Red Hat 3.4.2-6.fc3), Redshift 1.0.99999'
$$;
-- The front sets these; a value set inside a transaction goes with its rollback.
CREATE FUNCTION redshift_sys.noted(setting text, otherwise bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT COALESCE(NULLIF(current_setting('redshift.' || $1, true), '')::bigint, $2)
$$;
CREATE FUNCTION redshift_sys.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT redshift_sys.noted('last_copy_count', 0)
$$;
CREATE FUNCTION redshift_sys.pg_last_copy_id() RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT redshift_sys.noted('last_copy_id', -1)::integer
$$;
CREATE FUNCTION redshift_sys.pg_last_query_id() RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT redshift_sys.noted('last_query_id', -1)::integer
$$;
-- Names of the old server, where the arguments of PostgreSQL's own are too many to choose from.
CREATE FUNCTION redshift_sys.pg_terminate_backend(integer) RETURNS integer
LANGUAGE sql VOLATILE STRICT AS $$ SELECT pg_catalog.pg_terminate_backend($1)::integer $$;
CREATE FUNCTION redshift_sys.pg_cancel_backend(integer) RETURNS integer
LANGUAGE sql VOLATILE STRICT AS $$ SELECT pg_catalog.pg_cancel_backend($1)::integer $$;

-- As text: PostgreSQL's own answer is a NAME, which it cannot compare with a VARCHAR.
CREATE FUNCTION redshift_sys.current_database() RETURNS text LANGUAGE sql STABLE AS
  'SELECT pg_catalog.current_database()::text';
CREATE FUNCTION redshift_sys.current_schema() RETURNS text LANGUAGE sql STABLE AS
  'SELECT pg_catalog.current_schema()::text';
