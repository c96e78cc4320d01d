//! Every item of docs/sql.md, against expected results that Flink 1.20 gave for the same scripts.
//!
//! A script's expected results are what Flink's own print sinks wrote: `tests/sql/NAME.out` holds
//! the standard output of `tests/sql/NAME.sql`, run in batch mode with a parallelism of 1. Flink 2.3
//! printed the same for `datagen.sql` and, with flink-sql-parquet 2.3.0 and Hadoop's client libraries
//! 3.3.6 beside it, for `parquet.sql`, whose expected results are the values that its file was written
//! with. `SqlRunner` of `java/tools`, with the jars of Flink's `lib/` on its class path, runs a script
//! for such a comparison; lines that begin with `> ` are its own. `MadeUpRowsIT` of the Java tests compares
//! `datagen.sql` with both lines of Flink each time; Parquet is compared by hand, since Flink reads it with
//! Hadoop's libraries only.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql")
}

fn run(name: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_flink-redshift"))
        .args(["run", "--quiet", &format!("{name}.sql")])
        .current_dir(directory())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}.sql: {}\n{errors}", output.status);
    let expected = std::fs::read_to_string(directory().join(format!("{name}.out"))).unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "{name}.out:{}", number + 1);
    }
    assert_eq!(found.lines().count(), expected.lines().count(), "lines of {name}.out");
}

#[test]
fn operators() {
    run("operators");
}

#[test]
fn casts() {
    run("casts");
}

#[test]
fn functions() {
    run("functions");
}

#[test]
fn queries() {
    run("queries");
}

#[test]
fn files() {
    run("files");
}

#[test]
fn datagen() {
    run("datagen");
}

#[test]
fn parquet() {
    run("parquet");
}

#[test]
fn sinks() {
    run("sinks");
}

#[test]
fn types() {
    run("types");
}

#[test]
fn every_script_has_a_test_and_expected_results() {
    let tests = include_str!("sql.rs");
    let mut scripts = 0;
    for entry in std::fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "sql") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(tests.contains(&format!("run(\"{name}\")")), "no test runs {name}.sql");
            assert!(path.with_extension("out").exists(), "{name}.sql has no expected results");
            scripts += 1;
        }
    }
    assert!(scripts > 0);
}
