//! Runs with a name (`sink.run-id`): what is loaded under it is loaded once, and other rows are not
//! taken for it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::PathBuf;

use support::{Local, ROWS, command, fill, report, script, signal, text};

#[test]
fn a_named_run_loads_once_however_often_it_is_run() {
    let local = Local::start(&script(", 'sink.run-id' = 'monday'"));
    let first = report(&local.run(ROWS));
    assert_eq!(first["inserts"][0]["status"], "done");
    let second = report(&local.run(ROWS));
    assert_eq!(second["inserts"][0]["status"], "already-loaded");
    assert_eq!(second["inserts"][0]["loaded_rows"], 0);
    assert_eq!(local.query("SELECT COUNT(*) FROM items"), "3");
}

#[test]
fn a_named_run_that_was_killed_can_be_run_again() {
    let options = ", 'sink.run-id' = 'tuesday', 'sink.copy.part-size' = '1 mb'";
    let local = Local::start(&script(options));
    let mut child = local.spawn();
    let mut rows = local.rows();
    fill(&mut rows);
    local.wait_for_staging();
    signal("-KILL", &child);
    child.wait().unwrap();
    drop(rows);
    assert_eq!(local.query("SELECT COUNT(*) FROM items"), "0");
    let again = local.run(ROWS);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert_eq!(local.query("SELECT COUNT(*) FROM items"), "3");
    assert_eq!(local.staged(), [] as [PathBuf; 0], "the killed run's files are swept");
}

/// Whole runs that read a file and no pipe.
fn run(local: &Local, name: &str, sql: &str) -> std::process::Output {
    let file = local.path().join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, sql).unwrap();
    let args = ["run", name, "--local=here.json", "--format", "json"];
    command(local.path(), &args).output().unwrap()
}

#[test]
fn the_name_of_the_script_says_nothing_about_what_it_loads() {
    let sql = script(", 'sink.run-id' = 'monday'");
    let local = Local::start(&sql);
    std::fs::write(local.path().join("one.csv"), "1,a\n").unwrap();
    std::fs::write(local.path().join("two.csv"), "2,b\n3,c\n").unwrap();
    let one = sql.replace("'path' = 'rows'", "'path' = 'one.csv'");
    let first = run(&local, "a/load.sql", &one);
    assert_eq!(report(&first)["inserts"][0]["status"], "done", "{}", text(&first.stderr));

    // Another file's rows are not those that are loaded, though the script is called the same.
    let other = run(&local, "b/load.sql", &sql.replace("'path' = 'rows'", "'path' = 'two.csv'"));
    assert_eq!(other.status.code(), Some(3), "{}", text(&other.stderr));
    let told = text(&other.stderr);
    for part in [
        "another job has committed under this id",
        "recorded by: items [",
        "this job: items [",
        "what to do: under this 'sink.run-id' other rows",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let query = run(&local, "c.sql", &one.replace("SELECT id, name", "SELECT id + 1, name"));
    assert_eq!(query.status.code(), Some(3), "{}", text(&query.stderr));

    // The same script under another name, and written in another way, goes on where it was.
    let again = one.replace("SELECT id, name FROM v", "-- all of it\nSELECT id,\n name FROM v");
    let renamed = run(&local, "renamed.sql", &again);
    assert_eq!(
        report(&renamed)["inserts"][0]["status"],
        "already-loaded",
        "{}",
        text(&renamed.stderr)
    );
    assert_eq!(local.query("SELECT COUNT(*) FROM items"), "1");
}
