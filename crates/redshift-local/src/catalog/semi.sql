-- VARBYTE and SUPER as Redshift shows them: hexadecimal digits, and JSON text.

-- VARBYTE is stored as its digits, so that they are what clients see. The typmod counts digits (two
-- for each byte, and 4), by which PostgreSQL's own functions keep the width.
CREATE TYPE redshift_sys.varbyte;
CREATE FUNCTION redshift_sys.varbyte_in(cstring, oid, integer) RETURNS redshift_sys.varbyte
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'varcharin';
CREATE FUNCTION redshift_sys.varbyte_out(redshift_sys.varbyte) RETURNS cstring
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'varcharout';
CREATE FUNCTION redshift_sys.varbyte_recv(internal, oid, integer) RETURNS redshift_sys.varbyte
  LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'varcharrecv';
CREATE FUNCTION redshift_sys.varbyte_send(redshift_sys.varbyte) RETURNS bytea
  LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'varcharsend';
CREATE TYPE redshift_sys.varbyte (
  INPUT = redshift_sys.varbyte_in, OUTPUT = redshift_sys.varbyte_out,
  RECEIVE = redshift_sys.varbyte_recv, SEND = redshift_sys.varbyte_send,
  TYPMOD_IN = varchartypmodin, TYPMOD_OUT = varchartypmodout,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended);

-- A value of another width is fitted to the column's, or refused.
CREATE FUNCTION redshift_sys.varbyte_fit(redshift_sys.varbyte, integer, boolean)
  RETURNS redshift_sys.varbyte LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'varchar';
CREATE CAST (redshift_sys.varbyte AS text) WITHOUT FUNCTION;
CREATE CAST (redshift_sys.varbyte AS redshift_sys.varbyte)
  WITH FUNCTION redshift_sys.varbyte_fit(redshift_sys.varbyte, integer, boolean) AS IMPLICIT;

DO $$
DECLARE
  op record;
BEGIN
  FOR op IN SELECT * FROM (VALUES
      ('=', 'eq', '=', '<>', 'eq', ', HASHES, MERGES'), ('<>', 'ne', '<>', '=', 'neq', ''),
      ('<', 'lt', '>', '>=', 'scalarlt', ''), ('<=', 'le', '>=', '>', 'scalarle', ''),
      ('>', 'gt', '<', '<=', 'scalargt', ''), ('>=', 'ge', '<=', '<', 'scalarge', '')
    ) v(symbol, fn, commutator, negator, selectivity, hints)
  LOOP
    EXECUTE format('CREATE FUNCTION redshift_sys.varbyte_%s(redshift_sys.varbyte, '
      'redshift_sys.varbyte) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE '
      'AS %L', op.fn, 'bytea' || op.fn);
    EXECUTE format('CREATE OPERATOR pg_catalog.%s (LEFTARG = redshift_sys.varbyte, RIGHTARG = '
      'redshift_sys.varbyte, FUNCTION = redshift_sys.varbyte_%s, COMMUTATOR = '
      'OPERATOR(pg_catalog.%s), NEGATOR = OPERATOR(pg_catalog.%s), RESTRICT = %ssel, '
      'JOIN = %sjoinsel%s)', op.symbol, op.fn, op.commutator, op.negator, op.selectivity,
      op.selectivity, op.hints);
  END LOOP;
END $$;
CREATE FUNCTION redshift_sys.varbyte_cmp(redshift_sys.varbyte, redshift_sys.varbyte)
  RETURNS integer LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';
CREATE FUNCTION redshift_sys.varbyte_hash(redshift_sys.varbyte)
  RETURNS integer LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';
CREATE OPERATOR CLASS redshift_sys.varbyte_ops DEFAULT FOR TYPE redshift_sys.varbyte
  USING btree AS
  OPERATOR 1 pg_catalog.<, OPERATOR 2 pg_catalog.<=, OPERATOR 3 pg_catalog.=,
  OPERATOR 4 pg_catalog.>=, OPERATOR 5 pg_catalog.>,
  FUNCTION 1 redshift_sys.varbyte_cmp(redshift_sys.varbyte, redshift_sys.varbyte);
CREATE OPERATOR CLASS redshift_sys.varbyte_ops DEFAULT FOR TYPE redshift_sys.varbyte
  USING hash AS
  OPERATOR 1 pg_catalog.=, FUNCTION 1 redshift_sys.varbyte_hash(redshift_sys.varbyte);

-- Digits in pairs, and nothing else. What Redshift makes of none at all is not known.
CREATE FUNCTION redshift_sys.from_hex(redshift_sys."varchar") RETURNS redshift_sys.varbyte
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  IF $1::text = '' THEN
    RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'not modelled: FROM_HEX of an empty text';
  ELSIF $1::text !~ '^([0-9A-Fa-f]{2})+$' THEN
    RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'invalid hexadecimal digits in FROM_HEX';
  END IF;
  RETURN lower($1::text);
END $$;

-- SUPER is stored as JSON text. It has no comparisons, and no text becomes one but by JSON_PARSE:
-- what Redshift makes of a text without it, a string, is easily taken for the value it spells, so
-- that is refused here.
CREATE TYPE redshift_sys.super;
CREATE FUNCTION redshift_sys.super_in(cstring) RETURNS redshift_sys.super
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'pg_node_tree_in';
CREATE FUNCTION redshift_sys.super_out(redshift_sys.super) RETURNS cstring
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';
CREATE FUNCTION redshift_sys.super_recv(internal) RETURNS redshift_sys.super
  LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'textrecv';
CREATE FUNCTION redshift_sys.super_send(redshift_sys.super) RETURNS bytea
  LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'textsend';
CREATE TYPE redshift_sys.super (
  INPUT = redshift_sys.super_in, OUTPUT = redshift_sys.super_out,
  RECEIVE = redshift_sys.super_recv, SEND = redshift_sys.super_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended);
CREATE CAST (text AS redshift_sys.super) WITHOUT FUNCTION;

-- Casting to jsonb checks more than json does: NUL and halves of surrogate pairs. The text is kept
-- as it is.
CREATE FUNCTION redshift_sys.json_parse(redshift_sys."varchar") RETURNS redshift_sys.super
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN ($1::text)::jsonb IS NOT NULL THEN ($1::text)::redshift_sys.super END
$$;
