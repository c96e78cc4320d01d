-- What PostgreSQL's own catalog does not hold of Redshift's tables, and what the server has seen.
-- Rows of tables that are gone stay until they are swept: deleting them in a client's transaction
-- could fail it with a conflict that Redshift does not have.
CREATE TABLE redshift_sys.table_attributes (
  table_oid oid PRIMARY KEY,
  diststyle text NOT NULL,
  sortstyle text NOT NULL,
  backup boolean NOT NULL DEFAULT true
);
CREATE TABLE redshift_sys.column_attributes (
  table_oid oid NOT NULL,
  attnum smallint NOT NULL,
  encoding text NOT NULL,
  distkey boolean NOT NULL DEFAULT false,
  sortkey integer NOT NULL DEFAULT 0,
  default_text text,
  identity_seed bigint,
  identity_step bigint,
  identity_by_default boolean NOT NULL DEFAULT false,
  PRIMARY KEY (table_oid, attnum)
);
-- Keys are declared and never enforced: kind is 'p', 'u' or 'f'.
CREATE TABLE redshift_sys.table_keys (
  table_oid oid NOT NULL,
  name text NOT NULL,
  kind "char" NOT NULL,
  attnums smallint[] NOT NULL,
  referenced oid,
  referenced_columns text[]
);

-- Redshift lets everyone create in public; newer PostgreSQL does not.
GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC;

CREATE TABLE redshift_sys.users (
  user_id integer GENERATED ALWAYS AS IDENTITY (START 100),
  name text PRIMARY KEY,
  superuser boolean NOT NULL
);
CREATE TABLE redshift_sys.settings (
  name text PRIMARY KEY,
  value text NOT NULL
);
CREATE TABLE redshift_sys.sessions (
  session_id integer NOT NULL,
  user_name text NOT NULL,
  start_time timestamp NOT NULL,
  end_time timestamp,
  application_name text NOT NULL,
  driver_version text NOT NULL,
  os_version text NOT NULL
);
CREATE TABLE redshift_sys.query_history (
  user_name text NOT NULL,
  query_id bigint PRIMARY KEY,
  query_label text NOT NULL,
  transaction_id bigint NOT NULL,
  session_id integer NOT NULL,
  query_type text NOT NULL,
  status text NOT NULL,
  start_time timestamp NOT NULL,
  end_time timestamp,
  error_message text,
  returned_rows bigint,
  query_text text NOT NULL
);
CREATE TABLE redshift_sys.load_history (
  user_name text NOT NULL,
  query_id bigint PRIMARY KEY,
  transaction_id bigint NOT NULL,
  session_id integer NOT NULL,
  status text NOT NULL,
  table_name text NOT NULL,
  start_time timestamp NOT NULL,
  end_time timestamp,
  data_source text NOT NULL,
  file_format text NOT NULL,
  loaded_rows bigint NOT NULL,
  loaded_bytes bigint NOT NULL,
  source_file_count integer NOT NULL,
  source_file_bytes bigint NOT NULL,
  file_count_scanned integer NOT NULL,
  file_bytes_scanned bigint NOT NULL,
  error_count bigint NOT NULL
);
CREATE TABLE redshift_sys.load_files (
  user_name text NOT NULL,
  query_id bigint NOT NULL,
  file_name text NOT NULL,
  bytes_scanned bigint NOT NULL,
  lines_scanned bigint NOT NULL,
  error_count bigint NOT NULL,
  file_format text NOT NULL,
  end_time timestamp NOT NULL
);
CREATE TABLE redshift_sys.load_errors (
  user_name text NOT NULL,
  query_id bigint NOT NULL,
  transaction_id bigint NOT NULL,
  session_id integer NOT NULL,
  table_id integer NOT NULL,
  start_time timestamp NOT NULL,
  file_name text NOT NULL,
  line_number bigint NOT NULL,
  column_name text NOT NULL,
  column_type text NOT NULL,
  column_length text NOT NULL,
  position integer NOT NULL,
  raw_line text NOT NULL,
  raw_field_value text NOT NULL,
  error_code integer NOT NULL,
  error_message text NOT NULL,
  start_offset bigint NOT NULL
);

-- The views run with their owner's rights; these say who asks.
CREATE FUNCTION redshift_sys.sees_all() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT COALESCE((SELECT u.superuser FROM redshift_sys.users u WHERE u.name = session_user), false)
$$;
CREATE FUNCTION redshift_sys.sees(name text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT name = session_user OR redshift_sys.sees_all()
$$;
CREATE FUNCTION redshift_sys.user_id(user_name text) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT u.user_id FROM redshift_sys.users u WHERE u.name = user_name
$$;
CREATE FUNCTION redshift_sys.setting(wanted text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT s.value FROM redshift_sys.settings s WHERE s.name = wanted
$$;
-- What its columns compare like that say nothing else. Literals and results compare as anywhere.
CREATE FUNCTION redshift_sys.db_collation() RETURNS text LANGUAGE sql STABLE AS
  $$ SELECT COALESCE(redshift_sys.setting('collation'), 'case_sensitive') $$;
