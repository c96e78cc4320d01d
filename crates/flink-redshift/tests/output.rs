//! What is told, and that a run does not hang on whether it can be told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::process::Stdio;

use support::{COUNT, Script, report, text};

fn full() -> std::fs::File {
    std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap()
}

const QUIET: &str = "\
CREATE TABLE b (i INT) WITH ('connector' = 'blackhole');
INSERT INTO b VALUES (1), (2);
";

#[test]
fn a_report_that_cannot_be_written_changes_no_exit_code() {
    let script = Script::new(QUIET, &[]);
    let output = script.command(&["--format", "json"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("cannot write the report to standard output"));

    // A reader that has gone away.
    let mut command = script.command(&["--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    for args in [&["--format", "json"][..], &[]] {
        let status = script.command(args).stderr(full()).stdout(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(0));
    }
    let failing = Script::new("SHOW TABLES;", &[]);
    let status = failing.command(&[]).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn rows_that_cannot_be_printed_name_the_stream_and_the_insert() {
    let script = Script::new(COUNT, &[("v.csv", "1,a\n2,b\n")]);
    let output = script.command(&[]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    let wanted = "error: INSERT INTO p (line 4): cannot write to standard output: No space left";
    assert!(error.contains(wanted), "{error}");

    // A reader that has gone away did not get them.
    let mut child =
        script.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains("INSERT INTO p (line 4): cannot write to standard output"), "{error}");
}

#[test]
fn the_last_line_is_an_object_whatever_fails() {
    for (script, args, code) in [
        ("SHOW TABLES;", &["--format", "json"][..], 2),
        ("INSERT INTO nothing VALUES (1);", &["--format", "json"], 2),
        (QUIET, &["--format", "json", "--local=gone.json"], 1),
    ] {
        let output = Script::new(script, &[]).run(args);
        assert_eq!(output.status.code(), Some(code));
        let report = report(&output);
        assert_eq!(report["status"], "failed");
        assert_eq!(report["error"]["exit_code"], code);
        assert_eq!(report["inserts"], serde_json::json!([]));
        assert_eq!(report["script"], "script.sql");
    }
}

#[test]
fn a_script_that_is_not_there_is_reported_too() {
    let script = Script::new("", &[]);
    std::fs::remove_file(script.path().join("script.sql")).unwrap();
    let output = script.run(&["--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(report(&output)["error"]["kind"], "script");
}

#[test]
fn nothing_is_called_loaded_that_was_only_read() {
    let script = Script::new(COUNT, &[("v.csv", "1,a\nx,b\n")]);
    let summary = String::from_utf8(script.run(&[]).stderr).unwrap();
    assert!(summary.contains("p: failed, after 0 rows, "), "{summary}");
    assert!(summary.contains("b: not run\n"), "{summary}");
}
