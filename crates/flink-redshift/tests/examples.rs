//! Every script of `examples/`: run as it is, with the rows that it has to load, and listed in the
//! page that leads there. What the tables hold then is looked at where a script shows more than that
//! rows arrive; `local.rs`, `looking.rs` and the quickstart's own test look at the others.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use support::{Local, command, report, text};

/// The scripts with the rows that each of their INSERTs loads; none where another test runs them.
const EXAMPLES: &[(&str, &[u64])] = &[
    ("append", &[9723]),
    ("changelog", &[]),
    ("csv-staging", &[3322]),
    ("flip-307-copy", &[4]),
    ("flip-307-jdbc", &[4]),
    ("ignore-delete", &[16]),
    ("jdbc-exactly-once", &[16]),
    ("overwrite", &[35, 7]),
    ("parquet", &[16]),
    ("partial-insert", &[4, 3, 1]),
    ("quickstart", &[]),
    ("refused-loads", &[1458]),
    ("schema", &[4, 3]),
    ("statement-set", &[5000, 1, 1]),
    ("timed-copy", &[3000]),
    ("types", &[3]),
    ("value-policies", &[1319, 1458, 1458]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_example_is_run_and_listed() {
    let mut found: Vec<String> = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    let known: Vec<&str> = EXAMPLES.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, known);
    let page = std::fs::read_to_string(root().join("examples/README.md")).unwrap();
    for name in known {
        assert!(page.contains(&format!("[{name}.sql]({name}.sql)")), "README.md lacks {name}");
    }
}

#[test]
fn every_example_loads_its_rows() {
    for (name, expected) in EXAMPLES.iter().filter(|(_, rows)| !rows.is_empty()) {
        let script = format!("examples/{name}.sql");
        let args = ["run", "--local", &script, "--format", "json"];
        let output = command(&root(), &args).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
        let report = report(&output);
        let inserts = report["inserts"].as_array().unwrap().iter();
        let loaded: Vec<u64> =
            inserts.map(|insert| insert["loaded_rows"].as_u64().unwrap()).collect();
        assert_eq!(loaded, *expected, "{name}");
    }
}

/// A stand-in that has what an example names, for a run of the example.
fn started(name: &str, change: impl Fn(String) -> String) -> Local {
    let sql = std::fs::read_to_string(root().join(format!("examples/{name}.sql"))).unwrap();
    let data = root().join("examples/data");
    Local::start(&change(sql.replace("examples/data", data.to_str().unwrap())))
}

fn run(local: &Local) -> Output {
    command(local.path(), &["run", "script.sql", "--local=here.json"]).output().unwrap()
}

/// The same, and the example's run against it.
fn loaded(name: &str) -> Local {
    let local = started(name, |sql| sql);
    let output = run(&local);
    assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
    local
}

#[test]
fn columns_that_a_partial_insert_does_not_name_keep_their_values() {
    let local = loaded("partial-insert");
    let user = |is: &str| local.query(&format!("SELECT COUNT(*) FROM users_by_key WHERE {is}"));
    for is in [
        "user_id = 1 AND lang = 'en' AND country = 'GB' AND score = 100",
        "user_id = 2 AND lang = 'de' AND country = 'DE' AND score = 100",
        "user_id = 3 AND lang = 'fr' AND country = 'FR' AND score = -3",
        "user_id = 9 AND lang IS NULL AND country IS NULL AND score = 0",
    ] {
        assert_eq!(user(is), "1", "{is}");
    }
    assert_eq!(local.query("SELECT COUNT(*) FROM users_by_key"), "4");
}

/// The first INSERT's rows are gone, in one transaction with the second one's.
#[test]
fn an_overwrite_leaves_its_own_rows() {
    let local = loaded("overwrite");
    assert_eq!(local.query("SELECT COUNT(*) FROM makers"), "7");
    assert_eq!(local.query("SELECT MIN(planes) >= 100 FROM makers"), "t");
    let output = command(local.path(), &["explain", "script.sql"]).output().unwrap();
    let shown = text(&output.stdout);
    assert!(shown.contains("INSERT OVERWRITE makers (line 32)"), "{shown}");
    assert!(shown.contains("DELETE FROM \"public\".\"makers\";"), "{shown}");
}

#[test]
fn a_load_by_the_clock_commits_more_than_once() {
    let local = loaded("timed-copy");
    assert_eq!(local.query("SELECT COUNT(*) FROM events"), "3000");
    let commits: u64 = local.query("SELECT COUNT(*) FROM events__flink_commits").parse().unwrap();
    assert!(commits > 1, "{commits}");
}

/// What a file says of itself, and no more than its columns by name.
#[test]
fn a_parquet_file_loads_by_the_names_of_its_columns() {
    let local = loaded("parquet");
    let airline = "SELECT name FROM airlines_by_parquet WHERE carrier = 'B6'";
    assert_eq!(local.query(airline), "JetBlue Airways");
    assert_eq!(local.query("SELECT COUNT(*) FROM airlines_by_parquet__flink_commits"), "1");
}

/// Airports that are there twice and three times before the example runs are there once after it; one
/// that it does not name stays as it was.
#[test]
fn the_example_of_changes_by_key_brings_doubled_keys_down_to_one_row() {
    let local = started("changelog", |sql| sql);
    local.query(
        "CREATE TABLE airports_by_key (faa VARCHAR(10) NOT NULL, name VARCHAR(100), lat DOUBLE \
         PRECISION, lon DOUBLE PRECISION)",
    );
    local.query(
        "INSERT INTO airports_by_key VALUES ('ABL', 'old', 1, 2), ('ABL', 'older', 1, 2), ('LAX', \
         'a', 0, 0), ('LAX', 'b', 0, 0), ('LAX', 'c', 0, 0), ('none', 'x', 0, 0), ('none', 'y', 0, 0)",
    );
    let output = run(&local);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let count = |key: &str| {
        local.query(&format!("SELECT COUNT(*) FROM airports_by_key WHERE faa = '{key}'"))
    };
    assert_eq!((count("ABL"), count("LAX"), count("none")), ("1".into(), "1".into(), "2".into()));
    let name =
        |key: &str| local.query(&format!("SELECT name FROM airports_by_key WHERE faa = '{key}'"));
    assert_eq!((name("ABL"), name("LAX")), ("AMBLER AIRPORT".into(), "Los Angeles Intl".into()));
    // The file's, and the two rows that no commit changed.
    assert_eq!(local.query("SELECT COUNT(*) FROM airports_by_key"), "1460");
}

/// Without its policy the second table of the example refuses a name, and says whose it is.
#[test]
fn the_example_of_value_policies_shows_the_key_of_what_it_refuses() {
    let local = started("value-policies", |sql| {
        sql.replace("'sink.value-policy.columns' = 'name:truncate',", "")
    });
    let output = run(&local);
    assert_ne!(output.status.code(), Some(0));
    let said = text(&output.stderr);
    assert!(said.contains("rule: max-bytes") && said.contains("key: {\"faa\":\""), "{said}");
    assert_eq!(local.query("SELECT COUNT(*) FROM airports"), "1319");
}

#[test]
fn results_of_an_aggregate_go_into_a_table_without_a_key() {
    let local = loaded("ignore-delete");
    assert_eq!(local.query("SELECT COUNT(*) FROM flights_by_carrier"), "16");
    assert_eq!(local.query("SELECT SUM(flights) FROM flights_by_carrier"), "336776");
}
