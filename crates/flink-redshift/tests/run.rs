//! Running a script without Redshift: summaries, exit codes, errors in the data, signals.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use support::{COUNT, Script, text};

#[test]
fn a_summary_for_people_goes_to_standard_error() {
    let script = Script::new(COUNT, &[("v.csv", "1,a\n2,b\n")]);
    let output = script.run(&[]);
    assert!(output.status.success());
    assert_eq!(text(&output.stdout), "+I[1, a]\n+I[2, b]\n");
    let summary = text(&output.stderr);
    assert!(summary.contains("p: 2 rows, ") && summary.contains("b: 2 rows, "), "{summary}");
    assert!(summary.contains("2 INSERTs, 4 rows, "), "{summary}");
    assert_eq!(script.run(&["--quiet"]).stderr, b"");
}

#[test]
fn a_summary_for_programs_is_the_last_line_of_standard_output() {
    let script = Script::new(COUNT, &[("v.csv", "1,a\n2,b\n")]);
    let output = script.run(&["--format", "json"]);
    assert_eq!(output.stderr, b"");
    let last = text(&output.stdout).lines().last().unwrap();
    let report: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(report["status"], "done");
    assert_eq!(report["job"], "script");
    assert_eq!(report["rows"], 4);
    assert_eq!(report["error"], serde_json::Value::Null);
    let statuses: Vec<_> = report["inserts"].as_array().unwrap().iter().collect();
    assert_eq!(statuses.len(), 2);
    assert_eq!(statuses[0]["table"], "p");
    assert_eq!(statuses[0]["line"], 4);
    assert_eq!(statuses[1]["connector"], "blackhole");
    assert_eq!(statuses[1]["rows"], 2);
}

#[test]
fn bad_data_names_file_line_and_column_and_not_the_value() {
    let script = Script::new(COUNT, &[("v.csv", "1,a\nhunter2,b\n")]);
    let output = script.run(&["--format", "json"]);
    assert_eq!(output.status.code(), Some(4));
    let error = text(&output.stderr);
    assert!(error.contains("v.csv:2: column i: the value is no INT"), "{error}");
    assert!(error.contains("INSERT INTO p (line 4)"), "{error}");
    assert!(!error.contains("hunter2"));
    let report: serde_json::Value =
        serde_json::from_str(text(&output.stdout).lines().last().unwrap()).unwrap();
    assert_eq!(report["status"], "failed");
    assert_eq!(report["error"]["exit_code"], 4);
    assert_eq!(report["inserts"][0]["status"], "failed");
    assert_eq!(report["inserts"][1]["status"], "not-run");
}

#[test]
fn a_record_with_too_few_fields_is_an_error() {
    let script = Script::new(COUNT, &[("v.csv", "1,a\n2\n")]);
    let output = script.run(&[]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output.stderr).contains("v.csv:2: the record has 1 field and the table 2 columns")
    );
}

#[test]
fn a_cast_that_fails_is_an_error_without_the_value() {
    let sql = "CREATE TABLE v (s STRING) WITH ('connector' = 'filesystem', 'path' = 'v.csv', 'format' = 'csv');
CREATE TABLE b (i INT) WITH ('connector' = 'blackhole');
INSERT INTO b SELECT CAST(s AS INT) FROM v;";
    let output = Script::new(sql, &[("v.csv", "1\nhunter2\n")]).run(&[]);
    assert_eq!(output.status.code(), Some(4));
    let error = text(&output.stderr);
    assert!(error.contains("CAST AS INT") && !error.contains("hunter2"), "{error}");
}

#[test]
fn null_in_a_not_null_column_is_an_error() {
    let sql = "CREATE TABLE v (i INT) WITH ('connector' = 'filesystem', 'path' = 'v.csv', 'format' = 'csv', 'csv.null-literal' = '-');
CREATE TABLE b (i INT NOT NULL) WITH ('connector' = 'blackhole');
INSERT INTO b SELECT i FROM v;";
    let output = Script::new(sql, &[("v.csv", "1\n-\n")]).run(&[]);
    assert_eq!(output.status.code(), Some(4));
    let error = text(&output.stderr);
    assert!(error.contains("column i is NOT NULL, and row 2 of the query"), "{error}");
    assert!(error.contains("what to do: "), "{error}");
}

#[test]
fn a_view_may_compare_what_the_engine_has_to_convert() {
    let sql = "CREATE TABLE v (i BIGINT) WITH ('connector' = 'filesystem', 'path' = 'v.csv', 'format' = 'csv');
CREATE VIEW w AS SELECT i + 1 AS i FROM v WHERE i > 1;
CREATE VIEW x AS SELECT i FROM w WHERE i < 4;
CREATE TABLE p (i BIGINT) WITH ('connector' = 'print');
INSERT INTO p SELECT a.i FROM x AS a JOIN w AS b ON a.i = b.i WHERE a.i > 0;";
    let output = Script::new(sql, &[("v.csv", "1\n2\n3\n")]).run(&[]);
    assert_eq!(text(&output.stdout), "+I[3]\n", "{}", text(&output.stderr));
}

#[test]
fn rows_of_several_files_come_in_the_order_of_their_names() {
    let sql =
        "CREATE TABLE v (i INT) WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'csv');
CREATE TABLE p (i INT) WITH ('connector' = 'print');
INSERT INTO p SELECT i FROM v WHERE i >= 0;";
    let script = Script::new(sql, &[]);
    std::fs::create_dir(script.path().join("in")).unwrap();
    let mut expected = String::new();
    for file in 0..3 {
        let mut rows = String::new();
        for row in 0..20_000 {
            let number = file * 20_000 + row;
            rows.push_str(&format!("{number}\n"));
            expected.push_str(&format!("+I[{number}]\n"));
        }
        std::fs::write(script.path().join(format!("in/{file}.csv")), rows).unwrap();
    }
    assert!(text(&script.run(&[]).stdout) == expected, "the rows are in another order");
}

#[test]
fn an_interrupt_ends_a_run_with_130() {
    stopped_by("-INT");
}

#[test]
fn a_terminal_that_goes_away_is_an_interrupt() {
    stopped_by("-HUP");
}

/// A run that reads a pipe is told to stop.
fn stopped_by(name: &str) {
    let sql = "CREATE TABLE v (i INT) WITH ('connector' = 'filesystem', 'path' = 'pipe', 'format' = 'csv');
CREATE TABLE b (i INT) WITH ('connector' = 'blackhole');
INSERT INTO b SELECT i FROM v;";
    let script = Script::new(sql, &[("pipe", "")]);
    // A directory with a pipe that never ends: the reading waits for as long as it is open.
    std::fs::remove_file(script.path().join("pipe")).unwrap();
    std::fs::create_dir(script.path().join("pipe")).unwrap();
    let pipe = script.path().join("pipe/rows.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = script
        .command(&["--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut writer = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    writer.write_all(b"1\n2\n").unwrap();
    let signal = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not stop");
        std::thread::sleep(Duration::from_millis(20));
        // Wakes the reader, which then finds that nobody wants its rows.
        let _ = writer.write_all(&b"3\n".repeat(10_000));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let report: serde_json::Value =
        serde_json::from_str(text(&output.stdout).lines().last().unwrap()).unwrap();
    assert_eq!(report["status"], "interrupted");
    assert_eq!(report["inserts"][0]["status"], "interrupted");
}

#[test]
fn help_tells_the_exit_codes_and_the_options() {
    let run = |args: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_flink-redshift")).args(args).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["run", "--help"]).contains("130"));
    assert!(run(&["options"]).contains("sink.write.temp.s3-uri"));
}
