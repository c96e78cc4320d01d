//! Clients that nobody here wrote: psql, and Amazon's Python driver in a virtual environment that
//! this test makes.

#[path = "support/driver.rs"]
mod driver;
mod support;

use std::{
    io::Write,
    path::Path,
    process::{Command, Output},
};

use redshift_local::{
    RedshiftLocal,
    config::{Config, StoredPassword, Tls, User},
};

/// Tells of a skipped test where the runner does not swallow it.
fn skipped(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("told");
}

fn psql(local: &RedshiftLocal, options: &str, arguments: &[&str]) -> Option<Output> {
    let target = format!(
        "host=localhost port={} user=awsuser dbname=dev application_name=psql {options}",
        local.port()
    );
    Command::new("psql")
        .args(["--no-psqlrc", "-At", "-v", "ON_ERROR_STOP=1", &target])
        .args(arguments)
        .env("PGPASSWORD", "Passw0rd")
        .output()
        .ok()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_works_with_and_without_tls() {
    let local = support::start().await;
    let verified = format!("sslmode=verify-full sslrootcert={}", local.ca_file().display());
    let Some(output) = psql(
        &local,
        &verified,
        &[
            "-c",
            "CREATE TABLE t (i INT, v VARCHAR(10))",
            "-c",
            "INSERT INTO t VALUES (1, 'a\\'b'), (2, NULL)",
            "-c",
            "BEGIN; DELETE FROM t WHERE i = 1; ROLLBACK",
            "-c",
            "SELECT i, v FROM t ORDER BY i",
        ],
    ) else {
        return skipped("psql_works_with_and_without_tls", "psql is not installed");
    };
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(
        text(&output.stdout),
        "CREATE TABLE\nINSERT 0 2\nBEGIN\nDELETE 1\nROLLBACK\n1|a'b\n2|\n"
    );
    let plain = psql(&local, "sslmode=disable", &["-c", "SELECT COUNT(*) FROM t"]).expect("psql");
    assert_eq!(text(&plain.stdout), "2\n");

    let stranger = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(stranger.path(), other_authority().await).expect("written");
    let options = format!("sslmode=verify-full sslrootcert={}", stranger.path().display());
    let refused = psql(&local, &options, &["-c", "SELECT 1"]).expect("psql");
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("certificate"), "{}", text(&refused.stderr));
}

async fn other_authority() -> String {
    let other = support::start().await;
    other.ca_pem().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_shows_errors_notices_and_cancels() {
    let local = support::start().await;
    let Some(output) = psql(&local, "", &["-c", "SELECT * FROM no_such_table"]) else {
        return skipped("psql_shows_errors_notices_and_cancels", "psql is not installed");
    };
    assert!(!output.status.success());
    assert_eq!(text(&output.stderr).trim(), "ERROR:  relation \"no_such_table\" does not exist");
    let arguments = ["-c", "CREATE TABLE t (i INT)", "-c", "CREATE TABLE IF NOT EXISTS t (i INT)"];
    let output = psql(&local, "", &arguments).expect("psql");
    assert_eq!(
        text(&output.stderr).trim(),
        "INFO:  Relation \"t\" already exists and will be skipped"
    );
    let arguments = ["-c", "SET statement_timeout TO 100", "-c", "BEGIN; LOCK t; SELECT 1; COMMIT"];
    let output = psql(&local, "", &arguments).expect("psql");
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_tls_is_off_psql_can_insist_in_vain() {
    let local =
        RedshiftLocal::start(Config { tls: Tls::Off, ..Config::default() }).await.expect("started");
    let Some(output) = psql(&local, "sslmode=require", &["-c", "SELECT 1"]) else {
        return skipped("where_tls_is_off_psql_can_insist_in_vain", "psql is not installed");
    };
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("server does not support SSL"));
    let output = psql(&local, "sslmode=prefer", &["-c", "SELECT 1"]).expect("psql");
    assert_eq!(text(&output.stdout), "1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn amazons_driver_works_with_both_kinds_of_password() {
    let test = "amazons_driver_works_with_both_kinds_of_password";
    let python = match driver::python() {
        Ok(python) => python,
        Err(why) => return skipped(test, &format!("no Python with {}: {why}", driver::DRIVER)),
    };
    for stored in [StoredPassword::Md5, StoredPassword::Sha256] {
        let user =
            User { name: "driver".into(), password: "Driver0Pass".into(), stored, superuser: true };
        let config = Config { users: vec![user], ..Config::default() };
        let local = RedshiftLocal::start(config).await.expect("started");
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/redshift_connector_test.py");
        let output = Command::new(&python)
            .arg(script)
            .args([&local.port().to_string(), "driver", "Driver0Pass"])
            .env("SSL_CERT_FILE", local.ca_file())
            .output()
            .expect("run");
        let statements = local.statements().all();
        assert!(
            output.status.success(),
            "{stored:?}: {}\n{}",
            text(&output.stderr),
            statements.last().map_or("", |last| &last.text)
        );
        assert_eq!(text(&output.stdout).trim(), "all of it works");
    }
}
