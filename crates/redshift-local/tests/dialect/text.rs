//! Names and literals: what a client writes is what PostgreSQL holds.

use proptest::{prelude::*, test_runner::TestRunner};

use crate::server::Session;

/// A literal as Redshift's users must write it: quotes and backslashes doubled.
fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

#[tokio::test]
async fn backslashes_escape_in_ordinary_literals() {
    let session = Session::new().await;
    assert_eq!(session.one(r"SELECT 'a\\b'").await, r"a\b");
    assert_eq!(session.one(r"SELECT 'it\'s ''so'''").await, "it's 'so'");
    assert_eq!(session.one(r"SELECT '\x41\102\t.'").await, "AB\t.");
    assert_eq!(session.one(r"SELECT len('\\\\')").await, "2");
    assert_eq!(session.one(r"SELECT 'a%b' LIKE 'a\\%b', 'axb' LIKE 'a\\%b'").await, "t|f");
}

#[tokio::test]
async fn names_fold_and_are_quoted() {
    let session = Session::new().await;
    session.run("CREATE TABLE \"MiXed\" (\"Se lect\" INT, B INT, \"x\"\"y\" INT)").await;
    session.run("INSERT INTO MIXED (\"SE LECT\", b, \"X\"\"Y\") VALUES (1, 2, 3)").await;
    assert_eq!(session.one("SELECT \"se lect\", \"B\", m.\"x\"\"Y\" FROM mixed M").await, "1|2|3");
    let columns = session.described("SELECT B, \"Se lect\" AS \"Q R\", 1 AS Zz FROM mixed").await.1;
    assert_eq!(columns, ["b", "q r", "zz"]);
}

#[tokio::test]
async fn result_columns_are_named_as_redshift_names_them() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (a VARCHAR(10), n INT, ts TIMESTAMP)").await;
    let sql = "SELECT a, LEN(a), len(a), a || 'x', a::varchar(3), 1::bigint, count(*) OVER (), \
               getdate(), sysdate, extract(year from ts), trim(a), dateadd(day, 1, ts), \
               CASE WHEN n = 1 THEN 2 END, nvl(a, 'x'), current_date, (n), -n, \
               CAST('2024-01-01' AS date), 'x', NULL, now FROM t, (SELECT 1 AS now)";
    let columns = session.described(sql).await.1;
    let expected = [
        "a",
        "len",
        "len",
        "?column?",
        "a",
        "int8",
        "count",
        "getdate",
        "sysdate",
        "date_part",
        "btrim",
        "dateadd",
        "case",
        "nvl",
        "current_date",
        "n",
        "?column?",
        "date",
        "?column?",
        "?column?",
        "now",
    ];
    assert_eq!(columns, expected);
}

/// Any text that Redshift can hold, with an eye to what is special in SQL.
fn texts() -> impl Strategy<Value = String> {
    let special = proptest::sample::select(vec![
        "'", "\\", "''", "\\'", "\"", "$1", "$$", ";", "--", "/*", "*/", "\n", "E'", "\\n", "%",
        "_", " ", "ä", "€", "😀", "\\x41", "\t", "?", "x",
    ])
    .prop_map(str::to_owned);
    let any = "[^\\x00]{1,4}";
    proptest::collection::vec(prop_oneof![3 => special, 1 => any], 0..8)
        .prop_map(|parts| parts.concat())
}

/// Runs cases of one strategy against one session, in the runtime of the test.
fn cases<S: Strategy>(count: u32, strategy: S, case: impl Fn(S::Value) -> Result<(), TestCaseError>)
where
    S::Value: std::fmt::Debug,
{
    let config = ProptestConfig { cases: count, failure_persistence: None, ..Default::default() };
    let seed = proptest::test_runner::TestRng::deterministic_rng(Default::default());
    TestRunner::new_with_rng(config, seed).run(&strategy, case).unwrap();
}

#[test]
fn every_text_survives_as_a_literal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let session = runtime.block_on(Session::new());
    runtime.block_on(session.run("CREATE TABLE t (a VARCHAR(1000))"));
    cases(300, texts(), |text| {
        let quoted = literal(&text);
        let sql = format!("DELETE FROM t; INSERT INTO t VALUES ({quoted}); SELECT a FROM t");
        prop_assert_eq!(runtime.block_on(session.one(&sql)), text.clone());
        let sql = format!("SELECT count(*) FROM t WHERE a = {quoted} AND {quoted} = a");
        prop_assert_eq!(runtime.block_on(session.one(&sql)), "1");
        Ok(())
    });
}

#[test]
fn every_text_survives_as_a_name() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let session = runtime.block_on(Session::new());
    cases(150, texts(), |text| {
        let folded = text.to_ascii_lowercase();
        if text.is_empty() || folded.len() > 63 {
            return Ok(());
        }
        let name = format!("\"{}\"", text.replace('"', "\"\""));
        let sql = format!("SELECT d.{name} AS {name} FROM (SELECT 1 AS {name}) d");
        let columns = runtime.block_on(session.described(&sql)).1;
        prop_assert_eq!(columns, [folded]);
        Ok(())
    });
}
