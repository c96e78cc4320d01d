//! Loads that only COPY refuses, since the table was made narrower while they ran: what the command
//! says of them and how it ends, with `sink.value-policy.refused-loads`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use support::{Local, command, report, script, text};

/// Runs the script in the given form, and puts another table in the target's place before the first
/// row comes: the rows' pipe is opened when the target has been read.
fn run_while(local: &Local, args: &[&str], ddl: &str, rows: &[u8]) -> Output {
    let mut run = command(local.path(), &["run", "script.sql", "--local=here.json"]);
    let run = run.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = local.rows();
    local.query(ddl);
    pipe.write_all(rows).unwrap();
    drop(pipe);
    run.wait_with_output().unwrap()
}

const NARROW: &str = "DROP TABLE items; CREATE TABLE items (id BIGINT, name VARCHAR(3))";
const ROWS: &[u8] = b"1,a\n2,2222\n3,c\n";
const LOOKS: &str = "'sink.value-policy.refused-loads' = 'true'";

#[test]
fn what_is_set_aside_is_in_the_report_and_the_load_goes_on() {
    let options = format!(
        ", {LOOKS}, 'sink.value-policy' = 'dead-letter', 'sink.dead-letter.s3-uri' = \
         's3://bucket/aside'"
    );
    let local = Local::start(&script(&options));
    let output = run_while(&local, &["--format", "json"], NARROW, ROWS);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let insert = &report(&output)["inserts"][0];
    for (key, expected) in [("rows", 3), ("loaded_rows", 2), ("dead_letters", 1), ("commits", 1)] {
        assert_eq!(insert[key], expected, "{key}: {insert}");
    }
    assert_eq!(insert["status"], "done");
    assert_eq!(
        local.query("SELECT LISTAGG(name, ',') WITHIN GROUP (ORDER BY id) FROM items"),
        "a,c"
    );
    // Nothing else: what was staged has gone.
    let letters = local.objects();
    assert_eq!(letters.len(), 1, "{letters:?}");
    let letter: serde_json::Value = serde_json::from_str(letters[0].trim()).unwrap();
    assert_eq!(letter["row"], serde_json::json!({"id": 2, "name": "2222"}));
    assert_eq!(letter["refused"][0]["column"], "name");
}

#[test]
fn what_fails_is_named_and_ends_with_the_code_of_a_refused_load() {
    let local = Local::start(&script(&format!(", {LOOKS}")));
    let output = run_while(&local, &["--format", "json"], NARROW, ROWS);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let report = report(&output);
    let insert = &report["inserts"][0];
    assert_eq!((&insert["status"], &insert["loaded_rows"]), (&"failed".into(), &0.into()));
    let message = report["error"]["message"].as_str().unwrap();
    for part in ["column 'name', which takes at most 3", "row: 2", "s3://bucket/staging/"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert!(!message.contains("2222"), "{message}");
    assert_eq!(local.query("SELECT COUNT(*) FROM items"), "0");
    assert_eq!(local.objects(), [] as [&str; 0]);
}

/// The example, where somebody narrows the table as its first lines say.
#[test]
fn the_example_says_what_comes_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let example = std::fs::read_to_string(root.join("refused-loads.sql")).unwrap();
    let unpacked = Command::new("gzip").arg("-dc").arg(root.join("data/airports.csv.gz")).output();
    let rows = unpacked.unwrap().stdout;
    let local = Local::start(&example.replace("examples/data/airports.csv.gz", "rows"));
    let narrow = "DROP TABLE airports_as_they_fit; CREATE TABLE airports_as_they_fit (faa \
                  VARCHAR(99) NOT NULL, name VARCHAR(30), lat DOUBLE PRECISION, lon DOUBLE PRECISION)";
    let output = run_while(&local, &[], narrow, &rows);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let promised = "airports: 1,319 rows loaded, … in 1 part, 139 rows set aside";
    assert!(example.contains(promised));
    let said = text(&output.stderr);
    for part in promised.split(" … ") {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert_eq!(local.query("SELECT COUNT(*) FROM airports_as_they_fit"), "1319");
    let lines: usize = local.objects().iter().map(|text| text.lines().count()).sum();
    assert_eq!(lines, 139);
}
