//! The Java files that the core's tables generate are those tables'.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod error_kind;
mod options;
mod text;

use std::path::Path;

const SOURCES: &str = "../../java/flink-connector-redshift/src/main/java/io/github/flinkredshift";

fn is_fresh(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SOURCES).join(name);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{name} is stale: run `cargo xtask codegen` and commit what it writes"
    );
}

#[test]
fn error_kind_java_is_fresh() {
    is_fresh("ErrorKind.java", &error_kind::source());
}

#[test]
fn redshift_options_java_is_fresh() {
    is_fresh("RedshiftOptions.java", &options::source());
}
