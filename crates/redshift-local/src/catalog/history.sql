-- Monitoring views over what the server recorded. CHAR columns are blank padded, and everyone but a
-- superuser sees only what is their own.

CREATE VIEW redshift_sys.sys_query_history AS
  SELECT redshift_sys.user_id(user_name) AS user_id, query_id,
    query_label::bpchar(320) AS query_label, transaction_id, session_id,
    current_database()::bpchar(128) AS database_name, query_type::bpchar(32) AS query_type,
    status::bpchar(10) AS status, false AS result_cache_hit, start_time, end_time,
    (extract(epoch FROM COALESCE(end_time, statement_timestamp()::timestamp) - start_time)
      * 1000000)::bigint AS elapsed_time,
    0::bigint AS queue_time,
    (extract(epoch FROM COALESCE(end_time, statement_timestamp()::timestamp) - start_time)
      * 1000000)::bigint AS execution_time,
    COALESCE(left(error_message, 512), '')::bpchar(512) AS error_message, returned_rows,
    NULL::bigint AS returned_bytes, left(query_text, 4000)::bpchar(4000) AS query_text,
    '1.0.99999'::bpchar(256) AS redshift_version, ''::bpchar(150) AS usage_limit,
    'primary'::redshift_sys."varchar"(32) AS compute_type, 0::bigint AS compile_time,
    0::bigint AS planning_time, 0::bigint AS lock_wait_time, 100 AS service_class_id,
    'Default queue'::bpchar(64) AS service_class_name, 'normal'::bpchar(20) AS query_priority,
    'none'::bpchar(10) AS short_query_accelerated, user_name::redshift_sys."varchar"(128)
      AS username
  FROM redshift_sys.query_history WHERE redshift_sys.sees(user_name);

CREATE VIEW redshift_sys.sys_load_history AS
  SELECT redshift_sys.user_id(user_name) AS user_id, query_id, transaction_id, session_id,
    current_database()::text AS database_name, status::text AS status,
    table_name::text AS table_name, start_time, end_time,
    (extract(epoch FROM COALESCE(end_time, statement_timestamp()::timestamp) - start_time)
      * 1000000)::bigint AS duration,
    data_source, file_format, loaded_rows, loaded_bytes, source_file_count, source_file_bytes,
    file_count_scanned, file_bytes_scanned, error_count, -1::bigint AS copy_job_id
  FROM redshift_sys.load_history WHERE redshift_sys.sees(user_name);

CREATE VIEW redshift_sys.sys_load_detail AS
  SELECT redshift_sys.user_id(user_name) AS user_id, query_id,
    left(file_name, 256)::bpchar(256) AS file_name, bytes_scanned, lines_scanned,
    end_time AS record_time, error_count AS splits_scanned
  FROM redshift_sys.load_files WHERE redshift_sys.sees(user_name);

CREATE VIEW redshift_sys.sys_load_error_detail AS
  SELECT redshift_sys.user_id(user_name) AS user_id, query_id, transaction_id, session_id,
    current_database()::bpchar(64) AS database_name, table_id, start_time,
    left(file_name, 256)::bpchar(256) AS file_name, line_number,
    left(column_name, 127)::bpchar(127) AS column_name, column_type::bpchar(10) AS column_type,
    column_length::bpchar(10) AS column_length, position, error_code,
    left(error_message, 512)::bpchar(512) AS error_message
  FROM redshift_sys.load_errors WHERE redshift_sys.sees(user_name);

CREATE VIEW redshift_sys.stl_load_errors AS
  SELECT redshift_sys.user_id(user_name) AS userid, 0 AS slice, table_id AS tbl,
    start_time AS starttime, session_id AS session, query_id::integer AS query,
    left(file_name, 256)::bpchar(256) AS filename, line_number,
    left(column_name, 127)::bpchar(127) AS colname, column_type::bpchar(10) AS type,
    column_length::bpchar(10) AS col_length, position,
    left(raw_line, 1024)::bpchar(1024) AS raw_line,
    left(raw_field_value, 1024)::bpchar(1024) AS raw_field_value, error_code AS err_code,
    left(error_message, 100)::bpchar(100) AS err_reason, 0 AS is_partial, start_offset,
    -1::bigint AS copy_job_id
  FROM redshift_sys.load_errors WHERE redshift_sys.sees(user_name);

CREATE VIEW redshift_sys.stl_load_commits AS
  SELECT redshift_sys.user_id(user_name) AS userid, query_id::integer AS query, 0 AS slice,
    left(file_name, 256)::bpchar(256) AS name, left(file_name, 256)::bpchar(256) AS filename,
    bytes_scanned::integer AS byte_offset, lines_scanned::integer AS lines_scanned,
    error_count::integer AS errors, end_time AS curtime, 1 AS status,
    (CASE file_format WHEN 'parquet' THEN 'Parquet' ELSE 'Text' END)::bpchar(16) AS file_format,
    0 AS is_partial, 0::bigint AS start_offset, -1::bigint AS copy_job_id
  FROM redshift_sys.load_files WHERE redshift_sys.sees(user_name);

CREATE VIEW redshift_sys.sys_session_history AS
  SELECT redshift_sys.user_id(user_name) AS user_id, session_id,
    current_database()::bpchar(128) AS database_name,
    (CASE WHEN end_time IS NULL THEN 'active' ELSE 'ended' END)::bpchar(8) AS status,
    ''::bpchar(32) AS session_timeout, start_time, end_time
  FROM redshift_sys.sessions WHERE redshift_sys.sees(user_name);
CREATE VIEW redshift_sys.sys_connection_log AS
  SELECT 'initiating session'::bpchar(50) AS event, start_time AS record_time,
    session_id, current_database()::bpchar(50) AS database_name,
    user_name::bpchar(50) AS user_name, application_name::bpchar(250) AS application_name,
    os_version::bpchar(64) AS os_version, driver_version::bpchar(64) AS driver_version
  FROM redshift_sys.sessions WHERE redshift_sys.sees(user_name);
CREATE VIEW redshift_sys.stv_sessions AS
  SELECT start_time AS starttime, session_id AS process, user_name::bpchar(50) AS user_name,
    current_database()::bpchar(50) AS db_name, 0 AS timeout_sec
  FROM redshift_sys.sessions WHERE end_time IS NULL AND redshift_sys.sees(user_name);

-- Transactions and their locks, from PostgreSQL's own. Of a backend's locks on user tables only the
-- modes that Redshift has are shown.
CREATE FUNCTION redshift_sys.transactions() RETURNS TABLE (
  txn_owner text, txn_db text, xid bigint, pid integer, txn_start timestamp, lock_mode text,
  lockable_object_type text, relation integer, granted boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT s.usename::text, s.datname::text,
    COALESCE(s.backend_xid::text::bigint, split_part(l.virtualtransaction, '/', 2)::bigint),
    l.pid, s.xact_start::timestamp, l.mode, 'relation', l.relation::integer, l.granted
  FROM pg_locks l JOIN pg_stat_activity s ON s.pid = l.pid
    JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE l.locktype = 'relation' AND s.datname = current_database() AND c.relkind = 'r'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'redshift_sys', 'pg_toast')
    AND l.mode IN ('AccessShareLock', 'ShareRowExclusiveLock', 'AccessExclusiveLock')
    AND redshift_sys.sees(s.usename::text)
$$;
CREATE VIEW redshift_sys.svv_transactions AS SELECT * FROM redshift_sys.transactions();
CREATE VIEW redshift_sys.stv_locks AS
  SELECT relation AS table_id, txn_start AS last_update, xid AS lock_owner, pid AS lock_owner_pid,
    (CASE WHEN granted THEN 'Holding ' ELSE 'Waiting for ' END
      || CASE lock_mode WHEN 'AccessShareLock' THEN 'read lock' ELSE 'write lock' END)
      ::bpchar(22) AS lock_status
  FROM redshift_sys.transactions() WHERE redshift_sys.sees_all();

CREATE VIEW redshift_sys.stv_db_isolation_level AS
  SELECT datname::bpchar(128) AS db_name,
    COALESCE(redshift_sys.setting('isolation'), 'Snapshot Isolation')::bpchar(20)
      AS isolation_level
  FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres';
CREATE VIEW redshift_sys.pg_database_info AS
  SELECT oid AS datid, datname, ('{concurrency_model=' || CASE redshift_sys.setting('isolation')
      WHEN 'Serializable' THEN '2' ELSE '1' END || '}')::text AS datconfig
  FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres';
CREATE VIEW redshift_sys.pg_user AS
  SELECT u.name::name AS usename, u.user_id AS usesysid, u.superuser AS usecreatedb,
    u.superuser AS usesuper, false AS usecatupd, '********'::text AS passwd,
    NULL::timestamp AS valuntil
  FROM redshift_sys.users u;

DO $$
DECLARE
  shown record;
BEGIN
  FOR shown IN SELECT c.relname FROM pg_class c WHERE c.relkind = 'v'
    AND c.relnamespace = 'redshift_sys'::regnamespace
  LOOP
    EXECUTE format('GRANT SELECT ON redshift_sys.%I TO PUBLIC', shown.relname);
  END LOOP;
END $$;
