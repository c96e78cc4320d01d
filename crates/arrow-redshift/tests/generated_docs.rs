//! The generated pages of error kinds and limits are the tables'.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::Path;

use arrow_redshift::{error, limits};

fn is_fresh(page: &str, text: String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/{page} is stale: run `cargo xtask codegen` and commit what it writes"
    );
}

#[test]
fn docs_errors_md_is_fresh() {
    is_fresh("errors.md", error::markdown());
}

#[test]
fn docs_limits_md_is_fresh() {
    is_fresh("limits.md", limits::markdown());
}
