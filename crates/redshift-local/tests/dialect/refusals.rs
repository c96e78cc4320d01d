//! What the gate refuses, without any server.

use redshift_local::dialect::{action::Settings, check};

use crate::server::SETTINGS;

/// A text, the SQLSTATE of its refusal, and a part of the message.
const REFUSED: &[(&str, &str, &str)] = &[
    // What Redshift itself lacks.
    ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "0A000", "ON CONFLICT"),
    ("INSERT INTO t VALUES (1) RETURNING a", "0A000", "RETURNING"),
    ("UPDATE t SET a = 1 RETURNING a", "0A000", "RETURNING"),
    ("DELETE FROM t RETURNING a", "0A000", "RETURNING"),
    ("SELECT ARRAY[1, 2]", "0A000", "array"),
    ("CREATE TABLE t (a INT[])", "0A000", "array"),
    ("CREATE TABLE t (a SERIAL)", "0A000", "IDENTITY"),
    ("CREATE TABLE t (a JSONB)", "0A000", "jsonb"),
    ("CREATE TABLE t (a BYTEA)", "0A000", "bytea"),
    ("CREATE TABLE t (a UUID)", "0A000", "uuid"),
    ("CREATE INDEX i ON t (a)", "0A000", "CREATE INDEX"),
    ("CREATE TABLE t (a INT CHECK (a > 0))", "0A000", "CHECK"),
    ("CREATE TABLE t (a INT, CHECK (a > 0))", "0A000", "CHECK"),
    ("ALTER TABLE t ADD COLUMN a INT, ADD COLUMN b INT", "42601", "one change"),
    ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT", "42601", "NOT"),
    ("ALTER TABLE t ALTER COLUMN a TYPE BIGINT", "0A000", "VARCHAR"),
    ("ALTER TABLE t ADD COLUMN a INT NOT NULL", "0A000", "non-null default"),
    ("ALTER TABLE t ADD COLUMN a INT IDENTITY(1,1)", "0A000", "IDENTITY"),
    ("SAVEPOINT s", "0A000", "SAVEPOINT"),
    ("ROLLBACK TO s", "0A000", "SAVEPOINT"),
    ("ROLLBACK TO SAVEPOINT s", "0A000", "SAVEPOINT"),
    ("RELEASE s", "0A000", "RELEASE"),
    ("LISTEN c", "0A000", "LISTEN"),
    ("NOTIFY c", "0A000", "NOTIFY"),
    ("COMMIT PREPARED 'x'", "0A000", "two-phase"),
    ("COPY t FROM STDIN", "0A000", ""),
    ("SELECT * FROM t, LATERAL (SELECT 1) x", "0A000", "LATERAL"),
    ("SELECT count(*) FILTER (WHERE a > 1) FROM t", "42601", "("),
    ("SELECT DISTINCT ON (a) a FROM t", "0A000", "DISTINCT ON"),
    ("SELECT * FROM t FOR UPDATE", "0A000", "FOR UPDATE"),
    ("SELECT sum(a) OVER (ORDER BY b) FROM t", "0A000", "frame clause"),
    ("SELECT sum(a) OVER (ORDER BY b RANGE UNBOUNDED PRECEDING) FROM t", "0A000", "ROWS"),
    ("SELECT a FROM t EXCEPT ALL SELECT b FROM u", "0A000", "EXCEPT"),
    ("SELECT * FROM (VALUES (1)) v", "0A000", "VALUES"),
    ("VALUES (1)", "0A000", "VALUES"),
    ("UPDATE t SET a = 1 FROM u LEFT JOIN v ON u.a = v.a WHERE t.a = u.a", "0A000", "equijoin"),
    ("UPDATE t SET t.a = 1", "42601", "qualified"),
    ("DELETE FROM t AS x WHERE x.a = 1", "42601", "x"),
    ("INSERT INTO t VALUES ((SELECT 1)), (2)", "0A000", "multi-row"),
    ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "42601", "WHEN NOT MATCHED"),
    (
        "MERGE INTO t USING s ON t.a > s.a WHEN MATCHED THEN DELETE \
         WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "0A000",
        "equality",
    ),
    (
        "MERGE INTO t USING (SELECT * FROM t) s ON t.a = s.a WHEN MATCHED THEN DELETE \
         WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "0A000",
        "cannot reference target table",
    ),
    (
        "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED AND s.b = 1 THEN DELETE \
         WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "0A000",
        "without a condition",
    ),
    ("LOCK TABLE t IN EXCLUSIVE MODE", "42601", "IN"),
    ("LOCK t NOWAIT", "42601", "NOWAIT"),
    ("DECLARE c SCROLL CURSOR FOR SELECT 1", "42601", "SCROLL"),
    ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "42601", "WITH"),
    ("FETCH BACKWARD 1 FROM c", "0A000", "forward"),
    ("SELECT a FROM t, pg_table_def", "0A000", "not supported on Redshift tables"),
    ("SELECT a, current_schema() FROM t", "0A000", "not supported on Redshift tables"),
    (
        "INSERT INTO t SELECT table_name FROM svv_tables",
        "0A000",
        "not supported on Redshift tables",
    ),
    ("CREATE TABLE t AS SELECT table_name FROM svv_tables", "0A000", "Redshift tables"),
    ("SELECT a FROM t WHERE b > now()", "0A000", "not supported on Redshift tables"),
    // What PostgreSQL has and no one here promised.
    ("SELECT pg_sleep(1)", "0A000", "not modelled: function pg_sleep"),
    ("SELECT pg_read_file('/etc/passwd')", "0A000", "not modelled: function pg_read_file"),
    ("SELECT set_config('a', 'b', true)", "0A000", "not modelled: function set_config"),
    ("SELECT pg_advisory_lock(1)", "0A000", "not modelled: function"),
    (
        "SELECT redshift_sys.cut('a', 1, true)",
        "0A000",
        "not modelled: functions of a user's schema",
    ),
    ("SELECT * FROM pg_stat_activity", "0A000", "not modelled: relation pg_stat_activity"),
    ("SELECT * FROM pg_catalog.pg_authid", "0A000", "not modelled: relation"),
    ("SELECT * FROM information_schema.triggers", "0A000", "not modelled: relation"),
    ("SELECT * FROM redshift_sys.users", "3F000", "does not exist"),
    ("SELECT * FROM generate_series(1, 2)", "0A000", "not modelled: function generate_series"),
    ("INSERT INTO redshift_sys.users VALUES ('x')", "3F000", "does not exist"),
    ("DROP TABLE redshift_sys.users", "3F000", "does not exist"),
    ("DROP SCHEMA redshift_sys", "3F000", "does not exist"),
    ("DELETE FROM svv_tables", "42501", "system catalog"),
    ("CREATE TABLE pg_catalog.t (a INT)", "42501", "system catalog"),
    ("SELECT xmin FROM t", "42703", "xmin"),
    ("SELECT t.ctid FROM t", "42703", "ctid"),
    ("DO $$ BEGIN END $$", "0A000", "dollar quoting"),
    ("DO 'BEGIN END'", "0A000", "not modelled: statement DO"),
    ("CALL p()", "0A000", "not modelled: statement CALL"),
    ("CREATE FUNCTION f() RETURNS int AS 'x' LANGUAGE sql", "0A000", "CREATE FUNCTION"),
    ("CREATE VIEW v AS SELECT 1", "0A000", "CREATE VIEW"),
    ("CREATE EXTENSION x", "0A000", "CREATE EXTENSION"),
    ("CREATE ROLE x", "0A000", "CREATE ROLE"),
    ("ALTER USER x PASSWORD 'y'", "0A000", "ALTER USER"),
    ("DROP VIEW v", "0A000", "not modelled"),
    ("EXPLAIN SELECT 1", "0A000", "not modelled: statement EXPLAIN"),
    ("PREPARE p AS SELECT 1", "0A000", "not modelled: statement PREPARE"),
    ("UNLOAD ('SELECT 1') TO 's3://b/p' IAM_ROLE default", "0A000", "not modelled"),
    ("SELECT 1 INTO x", "0A000", "not modelled"),
    ("SELECT a ^ b FROM t", "0A000", "not modelled"),
    ("SELECT a ~* 'b' FROM t", "0A000", "not modelled"),
    ("SELECT a IS DISTINCT FROM b FROM t", "0A000", "not modelled"),
    ("SELECT a = ANY (SELECT b FROM u) FROM t", "0A000", "not modelled"),
    ("SELECT JSON_TYPEOF('{}')", "0A000", "not modelled"),
    ("SELECT a FROM t GROUP BY ROLLUP (a)", "0A000", "not modelled"),
    ("SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1", "0A000", "not modelled"),
    ("SELECT a FROM t TABLESAMPLE SYSTEM (1)", "", ""),
    ("MERGE INTO t USING s ON t.a = s.a REMOVE DUPLICATES", "", ""),
    ("SET work_mem TO '1GB'", "0A000", "not modelled: setting work_mem"),
    ("SET session_replication_role TO replica", "0A000", "not modelled: setting"),
    ("SET LOCAL timezone TO 'UTC'", "0A000", "not modelled"),
    ("SET SESSION AUTHORIZATION x", "0A000", "not modelled"),
    ("RESET ALL", "42601", "ALL"),
    ("SHOW shared_buffers", "0A000", "not modelled: setting"),
    ("SHOW ALL", "0A000", "not modelled"),
    ("SHOW GRANTS ON TABLE t", "0A000", "not modelled"),
    ("GRANT TRIGGER ON t TO u", "0A000", "not modelled"),
    ("GRANT USAGE ON t TO u", "0LP01", "usage"),
    ("GRANT SELECT ON t TO ROLE u", "0A000", "not modelled"),
    ("COMMENT ON DATABASE d IS 'x'", "0A000", "not modelled"),
    // Names and literals.
    ("SELECT 1 AS tag", "42601", "tag"),
    ("SELECT user.a FROM t user", "42601", ""),
    ("CREATE TABLE backup (a INT)", "42601", "backup"),
    ("CREATE TABLE t (partition INT)", "42601", "partition"),
    ("SELECT $$x$$", "0A000", "dollar"),
    ("SELECT 'a", "42601", "unterminated"),
    ("SELECT U&'x'", "", ""),
    ("SELECT 1 FROM db.s.t", "0A000", "database"),
    // Definitions that do not go together.
    ("CREATE TABLE t (a INT DISTKEY, b INT DISTKEY)", "42601", "DISTKEY"),
    ("CREATE TABLE t (a INT) DISTSTYLE KEY", "42601", "DISTKEY"),
    ("CREATE TABLE t (a INT) DISTSTYLE EVEN DISTKEY (a)", "42601", "DISTSTYLE EVEN"),
    ("CREATE TABLE t (a INT) SORTKEY (b)", "42703", "\"b\""),
    ("CREATE TABLE t (a INT, PRIMARY KEY (b))", "42703", "\"b\""),
    ("CREATE TABLE t (LIKE u) DISTSTYLE ALL", "42601", "LIKE"),
    ("CREATE TABLE t (a VARCHAR(5) ENCODE AZ64)", "0A000", "az64"),
    ("CREATE TABLE t (a INT ENCODE TEXT255)", "0A000", "text255"),
    ("CREATE TABLE t (a VARCHAR(5) IDENTITY(1,1))", "42601", "IDENTITY"),
    ("CREATE TABLE t (a INT DEFAULT b)", "0A000", "column"),
    ("CREATE TABLE t (a INT DEFAULT (SELECT 1))", "0A000", "subquery"),
    ("CREATE TABLE t (a INT COLLATE CI)", "0A000", "int4"),
    ("CREATE TABLE t (a VARCHAR COLLATE \"C\")", "42601", "C"),
    ("CREATE TEMP TABLE s.t (a INT)", "42P16", "temporary"),
    ("CREATE TABLE t (a INT) TABLESPACE x", "42601", "TABLESPACE"),
    ("CREATE TABLE t (a INT) PARTITION BY LIST (a)", "42601", "PARTITION"),
    ("CREATE UNLOGGED TABLE t (a INT)", "0A000", "not modelled"),
];

#[test]
fn refusals_have_their_sqlstate_and_name_the_thing() {
    for (sql, sqlstate, part) in REFUSED {
        let refusal = match check(sql, &SETTINGS) {
            Ok(checked) => panic!("{sql} passed: {checked:?}"),
            Err(refusal) => refusal,
        };
        if !sqlstate.is_empty() {
            assert_eq!(refusal.sqlstate, *sqlstate, "{sql}: {}", refusal.message);
        }
        assert!(refusal.message.contains(part), "{sql}: {}", refusal.message);
    }
}

#[test]
fn serverless_denies_stl_and_stv() {
    let provisioned = Settings { serverless: false, ..SETTINGS };
    for view in ["stl_load_errors", "stv_locks", "stv_sessions", "stl_load_commits"] {
        let sql = format!("SELECT * FROM {view}");
        let refusal = check(&sql, &SETTINGS).unwrap_err();
        assert_eq!(refusal.sqlstate, "42501");
        assert_eq!(refusal.message, format!("permission denied for relation {view}"));
        assert!(check(&sql, &provisioned).is_ok());
    }
}

#[test]
fn a_refusal_never_shows_a_literal() {
    for sql in [
        "SELECT 'hunter2' 'hunter2'",
        "INSERT INTO t VALUES ('hunter2' 'x')",
        "COMMENT ON TABLE t IS 'a' 'hunter2'",
        "SET timezone 'hunter2'",
        "SELECT a FROM t 'hunter2'",
        "CREATE TABLE t (a VARCHAR 'hunter2')",
        "CANCEL 1 2 'hunter2'",
    ] {
        let refusal = check(sql, &SETTINGS).unwrap_err();
        assert!(!refusal.message.contains("hunter2"), "{sql}: {}", refusal.message);
    }
}

#[test]
fn deep_and_long_statements() {
    let chain = format!("SELECT 1 WHERE {}", vec!["1 = 1"; 5000].join(" OR "));
    assert!(check(&chain, &SETTINGS).is_ok());
    let deep = format!("SELECT {}1{}", "(".repeat(2000), ")".repeat(2000));
    assert_eq!(check(&deep, &SETTINGS).unwrap_err().sqlstate, "54001");
    let long = format!("SELECT '{}'", "x".repeat(16 * 1024 * 1024));
    assert_eq!(check(&long, &SETTINGS).unwrap_err().sqlstate, "54000");
}
