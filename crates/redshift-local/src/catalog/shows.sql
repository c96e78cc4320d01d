-- What SHOW DATABASES, SCHEMAS, TABLES, COLUMNS and CONSTRAINTS answer.
CREATE VIEW redshift_sys.show_databases AS
  SELECT database_name, database_owner, database_type, database_acl,
    NULL::redshift_sys."varchar"(128) AS parameters, database_isolation_level
  FROM redshift_sys.svv_redshift_databases;
CREATE VIEW redshift_sys.show_schemas AS
  SELECT database_name, schema_name, schema_owner, schema_type, schema_acl, source_database,
    schema_option
  FROM redshift_sys.svv_all_schemas;
CREATE VIEW redshift_sys.show_tables AS
  SELECT current_database()::redshift_sys."varchar"(128) AS database_name,
    c.nspname::redshift_sys."varchar"(128) AS schema_name,
    c.relname::redshift_sys."varchar"(128) AS table_name,
    (CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END)::redshift_sys."varchar"(128)
      AS table_type,
    NULL::redshift_sys."varchar"(128) AS table_acl,
    c.remarks::redshift_sys."varchar"(256) AS remarks,
    pg_get_userbyid(c.relowner)::redshift_sys."varchar"(128) AS owner,
    NULL::timestamp AS last_altered_time, NULL::timestamp AS last_modified_time,
    (CASE t.diststyle WHEN 'AUTO' THEN 'AUTO (ALL)' WHEN 'KEY' THEN format('KEY (%s)',
        (SELECT a.attname FROM redshift_sys.column_attributes d JOIN pg_attribute a
          ON a.attrelid = d.table_oid AND a.attnum = d.attnum
         WHERE d.table_oid = c.oid AND d.distkey)) ELSE t.diststyle END)
      ::redshift_sys."varchar"(128) AS dist_style,
    (CASE c.relkind WHEN 'v' THEN 'REGULAR VIEW' ELSE 'REGULAR TABLE' END)
      ::redshift_sys."varchar"(128) AS table_subtype
  FROM redshift_sys.shown_tables c
  LEFT JOIN redshift_sys.table_attributes t ON t.table_oid = c.oid
  WHERE NOT c.temporary;
CREATE VIEW redshift_sys.show_columns AS
  SELECT current_database()::redshift_sys."varchar"(128) AS database_name,
    c.nspname::redshift_sys."varchar"(128) AS schema_name,
    c.relname::redshift_sys."varchar"(128) AS table_name,
    c.attname::redshift_sys."varchar"(128) AS column_name, c.ordinal AS ordinal_position,
    c.column_default::redshift_sys."varchar"(4000) AS column_default,
    (CASE WHEN c.attnotnull THEN 'NO' ELSE 'YES' END)::redshift_sys."varchar"(3) AS is_nullable,
    c.type::redshift_sys."varchar"(128) AS data_type,
    c.character_length AS character_maximum_length, c.number_precision AS numeric_precision,
    c.number_scale AS numeric_scale, c.remarks::redshift_sys."varchar"(256) AS remarks,
    (CASE WHEN c.sortkey <> 0 THEN t.sortstyle END)::redshift_sys."varchar"(128) AS sort_key_type,
    (CASE WHEN c.sortkey <> 0 THEN abs(c.sortkey) END)::integer AS sort_key,
    (CASE WHEN c.distkey THEN 1 END)::integer AS dist_key,
    c.encoding::redshift_sys."varchar"(128) AS encoding,
    (CASE WHEN c.type IN ('character', 'character varying')
        THEN COALESCE(c.collation_name, 'default') END)
      ::redshift_sys."varchar"(128) AS collation
  FROM redshift_sys.shown_columns c
  LEFT JOIN redshift_sys.table_attributes t ON t.table_oid = c.oid
  WHERE NOT c.temporary;
CREATE VIEW redshift_sys.show_primary_keys AS
  SELECT t.table_catalog AS database_name, t.table_schema AS schema_name, t.table_name,
    u.column_name, u.ordinal_position AS key_seq, t.constraint_name AS pk_name
  FROM redshift_sys.information_schema_table_constraints t
  JOIN redshift_sys.information_schema_key_column_usage u
    USING (constraint_schema, constraint_name, table_name)
  WHERE t.constraint_type = 'PRIMARY KEY';
