-- VARCHAR as Redshift has it: its width counts bytes, comparisons ignore trailing blanks, and the
-- blanks stay. PostgreSQL's own functions do the work; only the width rule is ours. The typmod is
-- PostgreSQL's (width + 4), so what a query's result says of a column is already right.
CREATE SCHEMA redshift_sys;
GRANT USAGE ON SCHEMA redshift_sys TO PUBLIC;

CREATE TYPE redshift_sys."varchar";
CREATE FUNCTION redshift_sys.varchar_in(cstring, oid, integer) RETURNS redshift_sys."varchar"
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'varcharin';
CREATE FUNCTION redshift_sys.varchar_out(redshift_sys."varchar") RETURNS cstring
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'varcharout';
CREATE FUNCTION redshift_sys.varchar_recv(internal, oid, integer) RETURNS redshift_sys."varchar"
  LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'varcharrecv';
CREATE FUNCTION redshift_sys.varchar_send(redshift_sys."varchar") RETURNS bytea
  LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'varcharsend';
CREATE TYPE redshift_sys."varchar" (
  INPUT = redshift_sys.varchar_in, OUTPUT = redshift_sys.varchar_out,
  RECEIVE = redshift_sys.varchar_recv, SEND = redshift_sys.varchar_send,
  TYPMOD_IN = varchartypmodin, TYPMOD_OUT = varchartypmodout,
  LIKE = pg_catalog.bpchar, CATEGORY = 'S', COLLATABLE = true);
-- A type's functions must be declared for it, and PostgreSQL searches functions of its own that have
-- a second declaration by name, for each parameter of each statement. By their first declaration it
-- finds them at once.
UPDATE pg_catalog.pg_type SET typinput = 'pg_catalog.varcharin'::regproc,
  typoutput = 'pg_catalog.varcharout'::regproc, typreceive = 'pg_catalog.varcharrecv'::regproc,
  typsend = 'pg_catalog.varcharsend'::regproc
  WHERE oid = 'redshift_sys."varchar"'::regtype;

CREATE FUNCTION redshift_sys.varchar_of(bpchar) RETURNS redshift_sys."varchar"
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'rtrim1';
CREATE FUNCTION redshift_sys.varchar_of(name) RETURNS redshift_sys."varchar"
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'name_text';
CREATE FUNCTION redshift_sys.varchar_of(boolean) RETURNS redshift_sys."varchar"
  LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '42846',
    MESSAGE = 'cannot cast type boolean to character varying';
END $$;
CREATE CAST (redshift_sys."varchar" AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (redshift_sys."varchar" AS bpchar) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (text AS redshift_sys."varchar") WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (pg_catalog.varchar AS redshift_sys."varchar") WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (bpchar AS redshift_sys."varchar")
  WITH FUNCTION redshift_sys.varchar_of(bpchar) AS IMPLICIT;
CREATE CAST (name AS redshift_sys."varchar")
  WITH FUNCTION redshift_sys.varchar_of(name) AS IMPLICIT;
CREATE CAST (boolean AS redshift_sys."varchar") WITH FUNCTION redshift_sys.varchar_of(boolean);

-- The slow path of the width rule: an explicit cast cuts on a character boundary, anything else
-- may only lose blanks.
CREATE FUNCTION redshift_sys.cut(v redshift_sys."varchar", width integer, is_explicit boolean)
RETURNS redshift_sys."varchar" LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  bytes bytea := convert_to(v::text, 'UTF8');
  kept integer := width;
BEGIN
  IF NOT is_explicit AND octet_length(rtrim(v::text, ' ')) > width THEN
    RAISE EXCEPTION USING ERRCODE = '22001',
      MESSAGE = format('value too long for type character varying(%s)', width);
  END IF;
  WHILE kept > 0 AND get_byte(bytes, kept) & 192 = 128 LOOP
    kept := kept - 1;
  END LOOP;
  RETURN convert_from(substr(bytes, 1, kept), 'UTF8');
END $$;
-- Not STRICT, so that PostgreSQL inlines it: five times as fast on INSERT … SELECT.
CREATE FUNCTION redshift_sys.fit(redshift_sys."varchar", integer, boolean)
RETURNS redshift_sys."varchar" LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN pg_catalog.octet_length($1::text) <= $2 - 4 THEN $1
    ELSE redshift_sys.cut($1, $2 - 4, $3) END
$$;
CREATE CAST (redshift_sys."varchar" AS redshift_sys."varchar")
  WITH FUNCTION redshift_sys.fit(redshift_sys."varchar", integer, boolean) AS IMPLICIT;

-- What a group goes by where trailing blanks make groups: a VARCHAR's bytes, any other value itself.
CREATE FUNCTION redshift_sys.grouped(redshift_sys."varchar") RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT $1::text $$;
CREATE FUNCTION redshift_sys.grouped(text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT $1 $$;
CREATE FUNCTION redshift_sys.grouped(anyelement) RETURNS anyelement
LANGUAGE sql IMMUTABLE AS $$ SELECT $1 $$;

-- COLLATE CASE_INSENSITIVE: letters alike but for their case are equal, accents make a difference.
CREATE COLLATION redshift_sys.case_insensitive
  (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);

-- Comparisons are CHAR's. They stand in pg_catalog because operators are found by the search path,
-- and against text too because a comparison with text would otherwise be text's own.
DO $$
DECLARE
  side record;
  op record;
BEGIN
  FOR side IN SELECT * FROM (VALUES
      ('redshift_sys."varchar"', 'redshift_sys."varchar"'),
      ('redshift_sys."varchar"', 'text'), ('text', 'redshift_sys."varchar"')) v(l, r)
  LOOP
    FOR op IN SELECT * FROM (VALUES
        ('=', 'eq', '=', '<>', 'eq', ', HASHES, MERGES'), ('<>', 'ne', '<>', '=', 'neq', ''),
        ('<', 'lt', '>', '>=', 'scalarlt', ''), ('<=', 'le', '>=', '>', 'scalarle', ''),
        ('>', 'gt', '<', '<=', 'scalargt', ''), ('>=', 'ge', '<=', '<', 'scalarge', '')
      ) v(symbol, fn, commutator, negator, selectivity, hints)
    LOOP
      EXECUTE format('CREATE FUNCTION redshift_sys.varchar_%s(%s, %s) RETURNS boolean '
        'LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS %L',
        op.fn, side.l, side.r, 'bpchar' || op.fn);
      EXECUTE format('CREATE OPERATOR pg_catalog.%s (LEFTARG = %s, RIGHTARG = %s, '
        'FUNCTION = redshift_sys.varchar_%s, COMMUTATOR = OPERATOR(pg_catalog.%s), '
        'NEGATOR = OPERATOR(pg_catalog.%s), RESTRICT = %ssel, JOIN = %sjoinsel%s)',
        op.symbol, side.l, side.r, op.fn, op.commutator, op.negator, op.selectivity,
        op.selectivity, CASE WHEN side.l = side.r THEN op.hints ELSE '' END);
    END LOOP;
  END LOOP;
END $$;

-- And against names, of which PostgreSQL's own catalog is full.
CREATE FUNCTION redshift_sys.name_eq(name, redshift_sys."varchar") RETURNS boolean
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'nameeqtext';
CREATE FUNCTION redshift_sys.name_eq(redshift_sys."varchar", name) RETURNS boolean
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'texteqname';
CREATE FUNCTION redshift_sys.name_ne(name, redshift_sys."varchar") RETURNS boolean
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'namenetext';
CREATE FUNCTION redshift_sys.name_ne(redshift_sys."varchar", name) RETURNS boolean
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textnename';
CREATE OPERATOR pg_catalog.= (LEFTARG = name, RIGHTARG = redshift_sys."varchar",
  FUNCTION = redshift_sys.name_eq, COMMUTATOR = OPERATOR(pg_catalog.=),
  NEGATOR = OPERATOR(pg_catalog.<>));
CREATE OPERATOR pg_catalog.= (LEFTARG = redshift_sys."varchar", RIGHTARG = name,
  FUNCTION = redshift_sys.name_eq, COMMUTATOR = OPERATOR(pg_catalog.=),
  NEGATOR = OPERATOR(pg_catalog.<>));
CREATE OPERATOR pg_catalog.<> (LEFTARG = name, RIGHTARG = redshift_sys."varchar",
  FUNCTION = redshift_sys.name_ne, COMMUTATOR = OPERATOR(pg_catalog.<>),
  NEGATOR = OPERATOR(pg_catalog.=));
CREATE OPERATOR pg_catalog.<> (LEFTARG = redshift_sys."varchar", RIGHTARG = name,
  FUNCTION = redshift_sys.name_ne, COMMUTATOR = OPERATOR(pg_catalog.<>),
  NEGATOR = OPERATOR(pg_catalog.=));

CREATE FUNCTION redshift_sys.varchar_cmp(redshift_sys."varchar", redshift_sys."varchar")
  RETURNS integer LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpcharcmp';
CREATE FUNCTION redshift_sys.varchar_hash(redshift_sys."varchar")
  RETURNS integer LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashbpchar';
CREATE FUNCTION redshift_sys.varchar_hash(redshift_sys."varchar", bigint)
  RETURNS bigint LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashbpcharextended';
CREATE OPERATOR CLASS redshift_sys.varchar_ops DEFAULT FOR TYPE redshift_sys."varchar"
  USING btree AS
  OPERATOR 1 pg_catalog.<, OPERATOR 2 pg_catalog.<=, OPERATOR 3 pg_catalog.=,
  OPERATOR 4 pg_catalog.>=, OPERATOR 5 pg_catalog.>,
  FUNCTION 1 redshift_sys.varchar_cmp(redshift_sys."varchar", redshift_sys."varchar");
CREATE OPERATOR CLASS redshift_sys.varchar_ops DEFAULT FOR TYPE redshift_sys."varchar"
  USING hash AS
  OPERATOR 1 pg_catalog.=,
  FUNCTION 1 redshift_sys.varchar_hash(redshift_sys."varchar"),
  FUNCTION 2 redshift_sys.varchar_hash(redshift_sys."varchar", bigint);

CREATE FUNCTION redshift_sys.varchar_larger(redshift_sys."varchar", redshift_sys."varchar")
  RETURNS redshift_sys."varchar" LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'bpchar_larger';
CREATE FUNCTION redshift_sys.varchar_smaller(redshift_sys."varchar", redshift_sys."varchar")
  RETURNS redshift_sys."varchar" LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'bpchar_smaller';
CREATE AGGREGATE pg_catalog.max(redshift_sys."varchar") (
  SFUNC = redshift_sys.varchar_larger, STYPE = redshift_sys."varchar");
CREATE AGGREGATE pg_catalog.min(redshift_sys."varchar") (
  SFUNC = redshift_sys.varchar_smaller, STYPE = redshift_sys."varchar");
