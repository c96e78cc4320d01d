//! What clients that no one here wrote send of their own accord.

use redshift_local::dialect::check;

use crate::server::{SETTINGS, Session};

/// What psql's ordinary work and the drivers' own transactions look like.
const ORDINARY: &[&str] = &[
    "begin transaction",
    "commit",
    "rollback",
    "BEGIN",
    "select version()",
    "SELECT current_database(), current_user",
    "SET client_encoding TO 'UTF8'",
    "SET extra_float_digits = 3",
    "set datestyle to ISO",
    "SET application_name = 'psql'",
    "SET statement_timeout = 0",
    "SET query_group TO 'x'",
    "SHOW search_path",
    "SHOW timezone",
    "SHOW TIME ZONE",
    "SHOW enable_case_sensitive_identifier",
    "SELECT 1;",
    "SELECT 1 + 1 AS two, 'it''s' AS text;",
];

#[test]
fn ordinary_statements_pass() {
    for sql in ORDINARY {
        assert!(check(sql, &SETTINGS).is_ok(), "{sql}: {:?}", check(sql, &SETTINGS));
    }
}

#[tokio::test]
async fn the_python_drivers_statements_run() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (a INT)").await;
    for sql in include_str!("redshift_connector.sql").lines().filter(|l| !l.starts_with("--")) {
        session.described(sql).await;
    }
}
