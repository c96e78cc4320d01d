//! What a text becomes: statements, shapes, tables read.

use redshift_local::dialect::{
    action::{Action, Relation, Settings},
    check,
};

use crate::server::SETTINGS;

fn relation(name: &str) -> Relation {
    match name.split_once('.') {
        Some((schema, name)) => Relation { schema: Some(schema.into()), name: name.into() },
        None => Relation { schema: None, name: name.into() },
    }
}

fn one(sql: &str) -> Action {
    let mut checked = check(sql, &SETTINGS).unwrap_or_else(|refusal| panic!("{sql}: {refusal:?}"));
    assert_eq!(checked.len(), 1, "{sql}");
    checked.remove(0).action
}

#[test]
fn a_text_may_hold_several_statements_or_none() {
    assert!(check("", &SETTINGS).unwrap().is_empty());
    assert!(check(" ; -- nothing\n ;", &SETTINGS).unwrap().is_empty());
    let checked = check("BEGIN; INSERT INTO t VALUES (';'); COMMIT;", &SETTINGS).unwrap();
    let shapes: Vec<_> = checked.iter().map(|c| c.shape.as_str()).collect();
    assert_eq!(shapes, ["begin", "insert into t values(?)", "commit"]);
    assert!(check("SELECT 1; SELECT pg_sleep(1)", &SETTINGS).is_err());
}

#[test]
fn reads_are_the_users_tables() {
    let reads = |sql: &str| match one(sql) {
        Action::Query { reads, leader_only, .. } => (reads, leader_only),
        other => panic!("{other:?}"),
    };
    assert_eq!(reads("SELECT 1"), (vec![], true));
    assert_eq!(reads("SELECT * FROM svv_tables"), (vec![], true));
    assert_eq!(
        reads("WITH x AS (SELECT * FROM A) SELECT * FROM x JOIN \"S\".B USING (k), A"),
        (vec![relation("a"), relation("s.b")], false)
    );
    assert_eq!(
        reads("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u) ORDER BY (SELECT max(b) FROM v)"),
        (vec![relation("t"), relation("u"), relation("v")], false)
    );
    // A name of WITH hides a table only where it is in force.
    assert_eq!(
        reads("SELECT * FROM (WITH x AS (SELECT 1 AS a) SELECT * FROM x) d, x").0,
        vec![relation("x")]
    );
    // A query of WITH does not see itself.
    assert_eq!(reads("WITH x AS (SELECT * FROM x) SELECT * FROM x").0, vec![relation("x")]);
}

#[test]
fn writes_name_their_target_and_what_they_read() {
    let write = |sql: &str| match one(sql) {
        Action::Write { target, reads, tag, .. } => (target, reads, tag),
        other => panic!("{other:?}"),
    };
    assert_eq!(write("INSERT INTO t VALUES (1)"), (relation("t"), vec![], None));
    assert_eq!(write("INSERT INTO t SELECT * FROM u").1, vec![relation("u")]);
    assert_eq!(write("UPDATE t SET a = 1"), (relation("t"), vec![relation("t")], None));
    assert_eq!(
        write("UPDATE t SET a = u.a FROM s.u WHERE t.k = u.k").1,
        vec![relation("s.u"), relation("t")]
    );
    assert_eq!(
        write("DELETE t USING u WHERE t.k = u.k"),
        (relation("t"), vec![relation("u"), relation("t")], None)
    );
    assert_eq!(
        write("WITH x AS (SELECT k FROM u) DELETE FROM t USING x WHERE t.k = x.k").1,
        vec![relation("u"), relation("t")]
    );
    let merge = "MERGE INTO t USING s ON t.k = s.k WHEN MATCHED THEN UPDATE SET a = s.a \
                 WHEN NOT MATCHED THEN INSERT (k, a) VALUES (s.k, s.a)";
    assert_eq!(write(merge), (relation("t"), vec![relation("s"), relation("t")], Some("MERGE")));
}

#[test]
fn rows_of_nothing_but_parameters_in_order_are_told() {
    let rows = |sql: &str| match one(sql) {
        Action::Write { sql, rows, .. } => rows.map(|rows| (sql[rows.at..].to_owned(), rows.width)),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        rows("INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)"),
        Some(("VALUES ($1, $2), ($3, $4)".to_owned(), 2))
    );
    for other in [
        "INSERT INTO t VALUES ($1, $2)",
        "INSERT INTO t VALUES ($1), ($1)",
        "INSERT INTO t VALUES ($2), ($1)",
        "INSERT INTO t VALUES ($1, 1), ($2, 1)",
        "INSERT INTO t VALUES ($1), (DEFAULT)",
        "INSERT INTO t VALUES ($1::int), ($2::int)",
        "INSERT INTO t SELECT $1",
        "UPDATE t SET a = $1",
    ] {
        assert_eq!(rows(other), None, "{other}");
    }
}

#[test]
fn transactions_locks_and_settings() {
    for sql in [
        "BEGIN",
        "begin work",
        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION READ WRITE",
        "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE",
    ] {
        assert!(matches!(one(sql), Action::Begin { read_only: false }), "{sql}");
    }
    assert!(matches!(one("BEGIN READ ONLY"), Action::Begin { read_only: true }));
    for sql in ["COMMIT", "END", "END TRANSACTION", "COMMIT WORK"] {
        assert!(matches!(one(sql), Action::Commit), "{sql}");
    }
    for sql in ["ROLLBACK", "ABORT", "ROLLBACK TRANSACTION"] {
        assert!(matches!(one(sql), Action::Rollback), "{sql}");
    }
    let Action::Lock { tables } = one("LOCK TABLE a, S.B") else { panic!() };
    assert_eq!(tables, [relation("a"), relation("s.b")]);
    let Action::Truncate { sql, target } = one("TRUNCATE \"T\"") else { panic!() };
    assert_eq!((sql.as_str(), target), ("TRUNCATE \"t\"", relation("t")));
    let set = |sql: &str| match one(sql) {
        Action::Set { name, value, sql } => (name, value, sql),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        set("SET query_group TO 'it''s'"),
        ("query_group".into(), Some("it's".into()), None)
    );
    assert_eq!(
        set("SET search_path = a, \"$user\""),
        (
            "search_path".into(),
            Some("a, $user".into()),
            Some("SET search_path TO 'a', '$user'".into())
        )
    );
    assert_eq!(set("SET TIME ZONE 'UTC'").0, "timezone");
    assert_eq!(set("RESET query_group").1, None);
    assert_eq!(set("SET statement_timeout TO DEFAULT").2.unwrap(), "RESET statement_timeout");
    assert!(
        matches!(one("SHOW Search_Path"), Action::ShowSetting { name } if name == "search_path")
    );
    assert!(matches!(one("CANCEL 12 'why'"), Action::Cancel { pid: 12 }));
    assert!(matches!(
        one("VACUUM FULL t"),
        Action::Define { not_in_block: true, tag: "VACUUM", .. }
    ));
    let alter = one("ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(20)");
    assert!(matches!(alter, Action::Define { not_in_block: true, tag: "ALTER TABLE", .. }));
    let add = one("ALTER TABLE t ADD COLUMN a VARCHAR(20)");
    assert!(matches!(add, Action::Define { not_in_block: false, .. }));
}

#[test]
fn copy_goes_to_its_own_grammar() {
    let sql = "copy S.t (a, B) from 's3://b/k' iam_role default format parquet;";
    let Action::Copy(copy) = one(sql) else { panic!() };
    assert_eq!(copy.target, relation("s.t"));
    assert_eq!(copy.columns, Some(vec!["a".into(), "b".into()]));
}

#[test]
fn case_sensitive_identifiers() {
    let settings = Settings { case_sensitive: true, ..SETTINGS };
    let checked = check("SELECT \"Aa\", Bb FROM \"T\"", &settings).unwrap();
    let Action::Query { sql, reads, .. } = &checked[0].action else { panic!() };
    assert_eq!(sql, "SELECT \"Aa\", \"bb\" FROM \"T\"");
    assert_eq!(reads, &[relation("T")]);
}
