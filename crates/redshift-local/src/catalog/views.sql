-- Redshift's catalog views, with its own columns in its own order. Lengths are bytes. Text is
-- VARCHAR or CHAR as documented; objects of the server itself are not shown.

CREATE VIEW redshift_sys.shown_tables AS
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.relacl, c.reltuples,
    c.relpersistence = 't' AS temporary, obj_description(c.oid, 'pg_class') AS remarks
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema',
    'redshift_sys', 'redshift_front', 'pg_toast')
    AND (c.relpersistence <> 't' OR c.relnamespace = pg_my_temp_schema());

CREATE VIEW redshift_sys.shown_columns AS
  SELECT c.oid, c.nspname, c.relname, c.relkind, c.temporary, a.attnum, a.attname, a.atttypid,
    a.atttypmod, a.attnotnull,
    row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)::integer AS ordinal,
    CASE a.atttypid WHEN 'redshift_sys."varchar"'::regtype THEN 'character varying'
      WHEN 'redshift_sys.varbyte'::regtype THEN 'binary varying'
      WHEN 'redshift_sys.super'::regtype THEN 'super'
      WHEN 'bpchar'::regtype THEN 'character' ELSE format_type(a.atttypid, NULL) END AS type,
    CASE a.atttypid WHEN 'redshift_sys."varchar"'::regtype
        THEN format('character varying(%s)', a.atttypmod - 4)
      WHEN 'redshift_sys.varbyte'::regtype
        THEN format('binary varying(%s)', (a.atttypmod - 4) / 2)
      WHEN 'redshift_sys.super'::regtype THEN 'super'
      ELSE format_type(a.atttypid, a.atttypmod) END AS full_type,
    CASE WHEN a.atttypid IN ('redshift_sys."varchar"'::regtype, 'bpchar'::regtype)
      THEN a.atttypmod - 4
      WHEN a.atttypid = 'redshift_sys.varbyte'::regtype THEN (a.atttypmod - 4) / 2
      END AS character_length,
    CASE a.atttypid WHEN 'numeric'::regtype THEN ((a.atttypmod - 4) >> 16) & 65535
      WHEN 'int2'::regtype THEN 16 WHEN 'int4'::regtype THEN 32 WHEN 'int8'::regtype THEN 64
      WHEN 'float4'::regtype THEN 24 WHEN 'float8'::regtype THEN 53 END AS number_precision,
    CASE WHEN a.atttypid = 'numeric'::regtype THEN (a.atttypmod - 4) & 65535
      WHEN a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 0
      END AS number_scale,
    CASE WHEN k.identity_seed IS NULL THEN k.default_text
      ELSE format('%s(%s, %s, %L::text)',
        CASE WHEN k.identity_by_default THEN 'default_identity' ELSE '"identity"' END,
        c.oid, a.attnum - 1, k.identity_seed || ',' || k.identity_step) END AS column_default,
    COALESCE(k.encoding, 'none') AS encoding, COALESCE(k.distkey, false) AS distkey,
    COALESCE(k.sortkey, 0) AS sortkey, k.identity_seed IS NOT NULL AS is_identity,
    COALESCE(k.identity_by_default, false) AS identity_by_default,
    CASE WHEN a.attcollation = 'redshift_sys.case_insensitive'::regcollation
      THEN 'case_insensitive' END AS collation_name,
    col_description(c.oid, a.attnum) AS remarks
  FROM redshift_sys.shown_tables c JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN redshift_sys.column_attributes k ON k.table_oid = c.oid AND k.attnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped;

CREATE VIEW redshift_sys.shown_schemas AS
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_namespace n
  WHERE n.nspname NOT IN ('redshift_sys', 'redshift_front', 'pg_toast') AND n.nspname !~ '^pg_toast_temp_'
    AND (n.nspname !~ '^pg_temp_' OR n.oid = pg_my_temp_schema());

CREATE VIEW redshift_sys.svv_all_columns AS
  SELECT current_database()::redshift_sys."varchar"(128) AS database_name,
    nspname::redshift_sys."varchar"(128) AS schema_name,
    relname::redshift_sys."varchar"(128) AS table_name,
    attname::redshift_sys."varchar"(128) AS column_name, ordinal AS ordinal_position,
    column_default::redshift_sys."varchar"(4000) AS column_default,
    (CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END)::redshift_sys."varchar"(3) AS is_nullable,
    type::redshift_sys."varchar"(128) AS data_type,
    character_length AS character_maximum_length, number_precision AS numeric_precision,
    number_scale AS numeric_scale, remarks::redshift_sys."varchar"(256) AS remarks
  FROM redshift_sys.shown_columns WHERE NOT temporary;

CREATE VIEW redshift_sys.svv_redshift_columns AS
  SELECT current_database()::redshift_sys."varchar"(128) AS database_name,
    nspname::redshift_sys."varchar"(128) AS schema_name,
    relname::redshift_sys."varchar"(128) AS table_name,
    attname::redshift_sys."varchar"(128) AS column_name, ordinal AS ordinal_position,
    full_type::redshift_sys."varchar"(128) AS data_type,
    column_default::redshift_sys."varchar"(4000) AS column_default,
    (CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END)::redshift_sys."varchar"(3) AS is_nullable,
    encoding::redshift_sys."varchar"(128) AS encoding, distkey, sortkey,
    NULL::redshift_sys."varchar"(128) AS column_acl, remarks::redshift_sys."varchar"(256) AS remarks
  FROM redshift_sys.shown_columns WHERE NOT temporary;

CREATE VIEW redshift_sys.svv_columns AS
  SELECT current_database()::redshift_sys."varchar"(128) AS table_catalog,
    nspname::redshift_sys."varchar"(128) AS table_schema,
    relname::redshift_sys."varchar"(128) AS table_name,
    attname::redshift_sys."varchar"(128) AS column_name, ordinal AS ordinal_position,
    column_default::redshift_sys."varchar"(4000) AS column_default,
    (CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END)::redshift_sys."varchar"(3) AS is_nullable,
    type::redshift_sys."varchar"(128) AS data_type,
    character_length AS character_maximum_length, number_precision AS numeric_precision,
    CASE WHEN type IN ('real', 'double precision', 'smallint', 'integer', 'bigint') THEN 2
      WHEN type = 'numeric' THEN 10 END AS numeric_precision_radix,
    number_scale AS numeric_scale,
    CASE WHEN type LIKE 'timestamp%' THEN 6 WHEN type = 'date' THEN 0 END AS datetime_precision,
    NULL::redshift_sys."varchar"(128) AS interval_type,
    NULL::redshift_sys."varchar"(128) AS interval_precision,
    NULL::redshift_sys."varchar"(128) AS character_set_catalog,
    NULL::redshift_sys."varchar"(128) AS character_set_schema,
    NULL::redshift_sys."varchar"(128) AS character_set_name,
    NULL::redshift_sys."varchar"(128) AS collation_catalog,
    NULL::redshift_sys."varchar"(128) AS collation_schema,
    collation_name::redshift_sys."varchar"(128) AS collation_name,
    NULL::redshift_sys."varchar"(128) AS domain_name,
    remarks::redshift_sys."varchar"(256) AS remarks
  FROM redshift_sys.shown_columns WHERE NOT temporary;

-- information_schema.columns: the same, as far as the reference tells its columns.
CREATE VIEW redshift_sys.information_schema_columns AS
  SELECT table_catalog, table_schema, table_name, column_name, ordinal_position, column_default,
    is_nullable, data_type, character_maximum_length, numeric_precision,
    numeric_precision_radix, numeric_scale, datetime_precision
  FROM redshift_sys.svv_columns;

CREATE VIEW redshift_sys.svv_tables AS
  SELECT current_database()::redshift_sys."varchar"(128) AS table_catalog,
    nspname::redshift_sys."varchar"(128) AS table_schema,
    relname::redshift_sys."varchar"(128) AS table_name,
    (CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'BASE TABLE' END)::redshift_sys."varchar"(128)
      AS table_type, remarks::redshift_sys."varchar"(256) AS remarks
  FROM redshift_sys.shown_tables WHERE NOT temporary;
CREATE VIEW redshift_sys.information_schema_tables AS
  SELECT table_catalog, table_schema, table_name, table_type FROM redshift_sys.svv_tables;

CREATE VIEW redshift_sys.svv_all_tables AS
  SELECT table_catalog AS database_name, table_schema AS schema_name, table_name,
    (CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END)::redshift_sys."varchar"(128)
      AS table_type, NULL::redshift_sys."varchar"(128) AS table_acl, remarks
  FROM redshift_sys.svv_tables;
CREATE VIEW redshift_sys.svv_redshift_tables AS SELECT * FROM redshift_sys.svv_all_tables;

CREATE VIEW redshift_sys.svv_all_schemas AS
  SELECT current_database()::redshift_sys."varchar"(128) AS database_name,
    nspname::redshift_sys."varchar"(128) AS schema_name,
    COALESCE(redshift_sys.user_id(pg_get_userbyid(nspowner)::text), 1) AS schema_owner,
    'local'::redshift_sys."varchar"(128) AS schema_type,
    NULL::redshift_sys."varchar"(128) AS schema_acl,
    NULL::redshift_sys."varchar"(128) AS source_database,
    NULL::redshift_sys."varchar"(128) AS schema_option
  FROM redshift_sys.shown_schemas;
CREATE VIEW redshift_sys.svv_redshift_schemas AS
  SELECT database_name, schema_name, schema_owner, schema_type, schema_acl, schema_option
  FROM redshift_sys.svv_all_schemas;
-- No external schema can exist here.
CREATE VIEW redshift_sys.svv_external_schemas AS
  SELECT 0 AS esoid, 0::smallint AS eskind, ''::redshift_sys."varchar"(128) AS schemaname,
    0 AS esowner, ''::redshift_sys."varchar"(128) AS databasename,
    ''::redshift_sys."varchar"(4000) AS esoptions
  WHERE false;
CREATE VIEW redshift_sys.svv_redshift_databases AS
  SELECT datname::redshift_sys."varchar"(128) AS database_name,
    COALESCE(redshift_sys.user_id(pg_get_userbyid(datdba)::text), 1) AS database_owner,
    'local'::redshift_sys."varchar"(32) AS database_type,
    NULL::redshift_sys."varchar"(128) AS database_acl,
    NULL::redshift_sys."varchar"(128) AS database_options,
    COALESCE(redshift_sys.setting('isolation'), 'Snapshot Isolation')
      ::redshift_sys."varchar"(128) AS database_isolation_level
  FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres';

CREATE VIEW redshift_sys.pg_table_def AS
  SELECT nspname AS schemaname, relname AS tablename, attname AS "column",
    full_type::text AS type, encoding::bpchar(32) AS encoding, distkey, sortkey,
    attnotnull AS notnull
  FROM redshift_sys.shown_columns
  WHERE relkind = 'r' AND nspname = ANY (current_schemas(true));

CREATE VIEW redshift_sys.svv_table_info AS
  SELECT current_database()::text AS database, c.nspname::text AS schema, c.oid AS table_id,
    c.relname::text AS "table",
    (CASE WHEN EXISTS (SELECT 1 FROM redshift_sys.column_attributes e
      WHERE e.table_oid = c.oid AND e.encoding <> 'none') THEN 'Y' ELSE 'N' END)::text AS encoded,
    (CASE WHEN t.diststyle = 'KEY' THEN format('KEY(%s)', (SELECT a.attname
        FROM redshift_sys.column_attributes d JOIN pg_attribute a
          ON a.attrelid = d.table_oid AND a.attnum = d.attnum
        WHERE d.table_oid = c.oid AND d.distkey))
      WHEN t.diststyle = 'AUTO' THEN 'AUTO(ALL)' ELSE t.diststyle END)::text AS diststyle,
    (SELECT a.attname FROM redshift_sys.column_attributes d JOIN pg_attribute a
        ON a.attrelid = d.table_oid AND a.attnum = d.attnum
      WHERE d.table_oid = c.oid AND abs(d.sortkey) = 1)::text AS sortkey1,
    (SELECT max(character_length) FROM redshift_sys.shown_columns s WHERE s.oid = c.oid
      AND s.type = 'character varying') AS max_varchar,
    (pg_total_relation_size(c.oid) / 1048576)::bigint AS size,
    greatest(c.reltuples, 0)::numeric(38, 0) AS tbl_rows
  FROM redshift_sys.shown_tables c
  LEFT JOIN redshift_sys.table_attributes t ON t.table_oid = c.oid
  WHERE c.relkind = 'r' AND redshift_sys.sees_all() AND pg_relation_size(c.oid) > 0;

CREATE VIEW redshift_sys.information_schema_table_constraints AS
  SELECT current_database()::redshift_sys."varchar"(128) AS constraint_catalog,
    c.nspname::redshift_sys."varchar"(128) AS constraint_schema,
    k.name::redshift_sys."varchar"(128) AS constraint_name,
    current_database()::redshift_sys."varchar"(128) AS table_catalog,
    c.nspname::redshift_sys."varchar"(128) AS table_schema,
    c.relname::redshift_sys."varchar"(128) AS table_name,
    (CASE k.kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE 'FOREIGN KEY' END)
      ::redshift_sys."varchar"(128) AS constraint_type,
    'NO'::redshift_sys."varchar"(3) AS is_deferrable,
    'NO'::redshift_sys."varchar"(3) AS initially_deferred
  FROM redshift_sys.table_keys k JOIN redshift_sys.shown_tables c ON c.oid = k.table_oid;
CREATE VIEW redshift_sys.information_schema_key_column_usage AS
  SELECT current_database()::redshift_sys."varchar"(128) AS constraint_catalog,
    c.nspname::redshift_sys."varchar"(128) AS constraint_schema,
    k.name::redshift_sys."varchar"(128) AS constraint_name,
    current_database()::redshift_sys."varchar"(128) AS table_catalog,
    c.nspname::redshift_sys."varchar"(128) AS table_schema,
    c.relname::redshift_sys."varchar"(128) AS table_name,
    a.attname::redshift_sys."varchar"(128) AS column_name, p.place::integer AS ordinal_position
  FROM redshift_sys.table_keys k JOIN redshift_sys.shown_tables c ON c.oid = k.table_oid
  CROSS JOIN LATERAL unnest(k.attnums) WITH ORDINALITY AS p(attnum, place)
  JOIN pg_attribute a ON a.attrelid = k.table_oid AND a.attnum = p.attnum
  WHERE NOT a.attisdropped;
