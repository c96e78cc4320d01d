-- Definitions: what the gate's CREATE TABLE and ALTER TABLE call.

-- AZ64 for numbers and times, LZO for text and bytes, ZSTD for SUPER, RAW (shown as none) for the rest, sort keys and
-- temporary tables.
CREATE FUNCTION redshift_sys.usual_encoding(type oid, sortkey integer, temporary boolean)
RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT CASE WHEN sortkey <> 0 OR temporary THEN 'none'
    WHEN type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype,
      'date'::regtype, 'time'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN 'az64'
    WHEN type IN ('bpchar'::regtype, 'redshift_sys."varchar"'::regtype,
      'redshift_sys.varbyte'::regtype) THEN 'lzo'
    WHEN type = 'redshift_sys.super'::regtype THEN 'zstd'
    ELSE 'none' END
$$;

CREATE FUNCTION redshift_sys.attnums(relation oid, names jsonb) RETURNS smallint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  wanted text;
  place smallint;
  result smallint[] := '{}';
BEGIN
  FOR wanted IN SELECT jsonb_array_elements_text(names) LOOP
    SELECT a.attnum INTO place FROM pg_attribute a
      WHERE a.attrelid = relation AND a.attname = wanted AND a.attnum > 0 AND NOT a.attisdropped;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = '42703',
        MESSAGE = format('column "%s" named in key does not exist', wanted);
    END IF;
    result := result || place;
  END LOOP;
  RETURN result;
END $$;

-- Records one column; `spec` has encoding, distkey, sortkey, default, identity, identity_by_default.
CREATE FUNCTION redshift_sys.record_column(relation oid, column_name text, spec jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  a record;
BEGIN
  SELECT t.attnum, t.atttypid, c.relpersistence = 't' AS temporary INTO STRICT a
    FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
    WHERE t.attrelid = relation AND t.attname = column_name AND NOT t.attisdropped;
  INSERT INTO redshift_sys.column_attributes
    SELECT relation, a.attnum,
      COALESCE(spec->>'encoding', redshift_sys.usual_encoding(a.atttypid,
        COALESCE((spec->>'sortkey')::int, 0), a.temporary)),
      COALESCE((spec->>'distkey')::boolean, false), COALESCE((spec->>'sortkey')::int, 0),
      spec->>'default', (spec->'identity'->>0)::bigint, (spec->'identity'->>1)::bigint,
      COALESCE((spec->>'identity_by_default')::boolean, false);
END $$;

-- Records a new table. Columns that `spec` does not name come from LIKE or from a query. It keeps
-- the caller's search path, by which the names in `spec` are meant.
CREATE FUNCTION redshift_sys.record_table(relation oid, spec jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  item jsonb;
  parent oid := to_regclass(spec->'like'->>'table');
  other text;
BEGIN
  INSERT INTO redshift_sys.table_attributes
    SELECT relation, COALESCE(spec->>'diststyle', p.diststyle, 'AUTO'),
      COALESCE(spec->>'sortstyle', p.sortstyle, 'AUTO'),
      COALESCE((spec->>'backup')::boolean, p.backup, true)
    FROM (SELECT 1) one LEFT JOIN redshift_sys.table_attributes p ON p.table_oid = parent;
  FOR item IN SELECT jsonb_array_elements(spec->'columns') LOOP
    PERFORM redshift_sys.record_column(relation, item->>'name', item);
  END LOOP;
  FOR other IN SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT EXISTS (
      SELECT 1 FROM redshift_sys.column_attributes k
      WHERE k.table_oid = relation AND k.attnum = a.attnum)
  LOOP
    PERFORM redshift_sys.record_column(relation, other, COALESCE(
      (SELECT jsonb_strip_nulls(jsonb_build_object(
          'distkey', k.distkey, 'sortkey', k.sortkey,
          'encoding', CASE WHEN (SELECT c.relpersistence FROM pg_class c WHERE c.oid = relation)
            <> 't' THEN k.encoding END,
          'default', CASE WHEN (spec->'like'->>'defaults')::boolean THEN k.default_text END))
        FROM redshift_sys.column_attributes k JOIN pg_attribute a
          ON a.attrelid = k.table_oid AND a.attnum = k.attnum
        WHERE k.table_oid = parent AND a.attname = other AND NOT a.attisdropped), '{}'));
  END LOOP;
  FOR item IN SELECT jsonb_array_elements(spec->'keys') LOOP
    INSERT INTO redshift_sys.table_keys
      SELECT relation, COALESCE(item->>'name',
          (SELECT c.relname FROM pg_class c WHERE c.oid = relation) || (item->>'suffix')),
        (item->>'kind')::"char", redshift_sys.attnums(relation, item->'columns'),
        (item->>'referenced')::regclass,
        ARRAY(SELECT jsonb_array_elements_text(item->'referenced_columns'));
  END LOOP;
END $$;

-- CREATE TABLE, one creation of a name at a time: PostgreSQL answers a race for a name with the
-- breach of an index that Redshift does not have.
--
-- With a `query`, `ddl` makes the table like the view pg_temp.redshift_as of that query: a view
-- keeps the widths of casts, which CREATE TABLE AS loses here.
CREATE PROCEDURE redshift_sys.create_table(
  schema_name text, table_name text, temporary boolean, if_not_exists boolean, ddl text,
  query text, spec jsonb)
LANGUAGE plpgsql AS $$
DECLARE
  namespace text := CASE WHEN temporary THEN 'pg_temp'
    ELSE COALESCE(schema_name, current_schema()::text) END;
  full_name text;
BEGIN
  IF namespace IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = '3F000', MESSAGE = 'no schema has been selected to create in';
  END IF;
  full_name := format('%I.%I', namespace, table_name);
  PERFORM pg_advisory_xact_lock(hashtextextended(full_name, 0)) WHERE NOT temporary;
  IF to_regclass(full_name) IS NOT NULL THEN
    IF if_not_exists THEN
      RAISE INFO USING MESSAGE =
        format('Relation "%s" already exists and will be skipped', table_name);
      RETURN;
    END IF;
    RAISE EXCEPTION USING ERRCODE = '42P07',
      MESSAGE = format('Relation "%s" already exists', table_name);
  END IF;
  IF query IS NOT NULL THEN
    EXECUTE 'CREATE TEMPORARY VIEW redshift_as ' || query;
    PERFORM redshift_sys.settle_types('pg_temp.redshift_as');
  END IF;
  EXECUTE ddl;
  IF query IS NOT NULL THEN
    PERFORM redshift_sys.bound_columns(full_name::regclass);
    EXECUTE format('INSERT INTO %s SELECT * FROM pg_temp.redshift_as', full_name);
    DROP VIEW pg_temp.redshift_as;
  END IF;
  PERFORM redshift_sys.record_table(full_name::regclass, spec);
END $$;

-- The CHECKs that a column list would have brought: CHAR of single-byte characters, DECIMAL(19, s)
-- of 64 bits.
CREATE FUNCTION redshift_sys.bound_columns(relation regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  a record;
BEGIN
  FOR a IN SELECT t.attname, t.atttypid, t.atttypmod - 4 AS width FROM pg_attribute t
    WHERE t.attrelid = relation AND t.attnum > 0
  LOOP
    IF a.atttypid = 'bpchar'::regtype THEN
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT redshift_multibyte_%s '
        'CHECK (pg_catalog.octet_length(%I) = %s)', relation, left(md5(a.attname), 16),
        a.attname, a.width);
    ELSIF a.atttypid = 'numeric'::regtype AND a.width >> 16 = 19 THEN
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT redshift_decimal_%s '
        'CHECK (pg_catalog.abs(%I) <= 9223372036854775807 * 1e-%s::numeric)', relation,
        left(md5(a.attname), 16), a.attname, a.width & 65535);
    END IF;
  END LOOP;
END $$;

-- Types of CREATE TABLE AS: PostgreSQL's text and unbounded numbers become what Redshift has, and
-- a text column whose width the query does not tell is refused rather than guessed.
CREATE FUNCTION redshift_sys.settle_types(relation regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  a record;
BEGIN
  FOR a IN SELECT t.attname, t.atttypid::regtype::text AS type, t.atttypmod FROM pg_attribute t
    WHERE t.attrelid = relation AND t.attnum > 0 AND NOT t.attisdropped
  LOOP
    IF a.type = 'numeric' AND a.atttypmod = -1 THEN
      RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('not modelled: the precision of '
        'column "%s" of CREATE TABLE AS; cast it to DECIMAL(p,s)', a.attname);
    ELSIF a.type IN ('redshift_sys."varchar"', 'character', 'text', 'name') AND a.atttypmod = -1 THEN
      RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('not modelled: the width of '
        'column "%s" of CREATE TABLE AS; cast it to VARCHAR(n)', a.attname);
    ELSIF a.type = 'redshift_sys.varbyte' AND a.atttypmod = -1 THEN
      RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('not modelled: the width of '
        'column "%s" of CREATE TABLE AS', a.attname);
    ELSIF a.type NOT IN ('redshift_sys."varchar"', 'redshift_sys.varbyte', 'redshift_sys.super',
      'character', 'numeric', 'boolean', 'smallint', 'integer', 'bigint', 'real',
      'double precision', 'date', 'time without time zone', 'timestamp without time zone',
      'timestamp with time zone')
    THEN
      RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format(
        'not modelled: a column of type %s ("%s")', a.type, a.attname);
    END IF;
  END LOOP;
END $$;

-- ALTER TABLE ADD COLUMN, after the column is there.
CREATE PROCEDURE redshift_sys.add_column(relation text, ddl text, column_name text, spec jsonb)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE ddl;
  PERFORM redshift_sys.record_column(relation::regclass, column_name, spec);
END $$;

-- ALTER TABLE DROP COLUMN: not a distribution or sort key's.
CREATE FUNCTION redshift_sys.key_column(relation regclass, name text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT CASE WHEN k.distkey THEN 'distkey' WHEN k.sortkey <> 0 THEN 'sortkey' END
  FROM redshift_sys.column_attributes k JOIN pg_attribute a
    ON a.attrelid = k.table_oid AND a.attnum = k.attnum
  WHERE k.table_oid = relation AND a.attname = name AND NOT a.attisdropped
$$;
CREATE PROCEDURE redshift_sys.drop_column(relation text, ddl text, column_name text)
LANGUAGE plpgsql AS $$
DECLARE
  key text := redshift_sys.key_column(relation::regclass, column_name);
BEGIN
  IF key IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '0A000',
      MESSAGE = format('cannot drop %s column "%s"', key, column_name);
  END IF;
  EXECUTE ddl;
END $$;

-- ALTER TABLE ALTER COLUMN TYPE: VARCHAR only, and not where the reference forbids it.
CREATE FUNCTION redshift_sys.widening_refused(relation regclass, name text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT CASE
    WHEN a.atttypid <> 'redshift_sys."varchar"'::regtype
      THEN format('cannot alter type of column "%s": only a VARCHAR column''s size can change', name)
    WHEN k.encoding IN ('bytedict', 'runlength', 'text255', 'text32k')
      THEN format('cannot alter column "%s" with encoding %s', name, k.encoding)
    WHEN k.default_text IS NOT NULL
      THEN format('cannot alter column "%s" with a default value', name)
    WHEN EXISTS (SELECT 1 FROM redshift_sys.table_keys y
        WHERE y.table_oid = relation AND a.attnum = ANY (y.attnums))
      THEN format('cannot alter column "%s" with a key constraint', name)
    END
  FROM pg_attribute a LEFT JOIN redshift_sys.column_attributes k
    ON k.table_oid = a.attrelid AND k.attnum = a.attnum
  WHERE a.attrelid = relation AND a.attname = name AND a.attnum > 0 AND NOT a.attisdropped
$$;
CREATE PROCEDURE redshift_sys.widen_column(relation text, ddl text, column_name text)
LANGUAGE plpgsql AS $$
DECLARE
  refused text := redshift_sys.widening_refused(relation::regclass, column_name);
BEGIN
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = refused;
  END IF;
  EXECUTE ddl;
END $$;
