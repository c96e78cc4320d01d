//! Files that cannot be read as they are: an error that says where and what to do, and never a wrong
//! value. What Flink 1.20 and 2.3 refuse is refused here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use support::{Script, text};

/// A script that prints a file of these columns and options.
fn script(columns: &str, file: &str, options: &str) -> String {
    format!(
        "CREATE TABLE v ({columns}) WITH ('connector' = 'filesystem', 'path' = '{file}', \
         'format' = 'csv'{options});\n\
         CREATE TABLE p ({columns}) WITH ('connector' = 'print');\n\
         INSERT INTO p SELECT * FROM v;\n"
    )
}

const COLUMNS: &str = "i BIGINT, s STRING";
const IGNORE: &str = ", 'csv.ignore-parse-errors' = 'true'";

/// The file's rows as they are printed, and what is said.
fn read(options: &str, file: &str) -> (Option<i32>, String, String) {
    let script = Script::new(&script(COLUMNS, "v.csv", options), &[("v.csv", file)]);
    let output = script.run(&["--quiet"]);
    (output.status.code(), text(&output.stdout).into(), text(&output.stderr).into())
}

#[test]
fn a_quote_that_is_not_closed_is_an_error_at_the_line_where_it_opens() {
    let mut rows: Vec<String> = (1..=1000).map(|row| format!("{row},\"n{row}\"")).collect();
    rows[2] = "3,\"n3".into();
    // The next quote closes it, and a letter follows: Flink refuses this file as well.
    let (code, printed, error) = read("", &rows.join("\n"));
    assert_eq!((code, &*printed), (Some(4), ""));
    assert!(error.contains("v.csv:3: the field in quotes that opens here goes on"), "{error}");

    rows.iter_mut().skip(3).for_each(|row| row.retain(|character| character != '"'));
    let (code, printed, error) = read("", &rows.join("\n"));
    assert_eq!((code, &*printed), (Some(4), ""));
    assert!(error.contains("v.csv:3: the quote that opens here is closed nowhere"), "{error}");
    assert!(error.contains("what to do: "), "{error}");
}

#[test]
fn text_behind_a_closing_quote_is_an_error() {
    let (code, _, error) = read("", "1,\"a\"b\n2,c\n");
    assert_eq!(code, Some(4));
    assert!(error.contains("v.csv:1: ") && error.contains("behind its closing quote"), "{error}");
    let (code, printed, _) = read("", "1,\"a\"  \n2,c,\n");
    assert_eq!((code, &*printed), (Some(0), "+I[1, a]\n+I[2, c]\n"));
}

#[test]
fn where_errors_are_ignored_records_are_left_out_as_in_flink() {
    let (code, printed, error) = read(IGNORE, "1,a\n2,\"b\"x,\"y\nz\"\n3,c\n4,\"d\n5,e\n");
    assert_eq!((code, &*printed), (Some(0), "+I[1, a]\n+I[3, c]\n"), "{error}");
    assert!(error.starts_with("warning: v.csv:5: a quote opens here"), "{error}");
}

#[test]
fn escapes_mean_what_they_mean_in_flink() {
    let options = ", 'csv.escape-character' = '\\'";
    let (code, printed, error) = read(options, "1,\"a\\\"b\"\n2,c\\,d\n3,\"e\\tf\"\n");
    assert_eq!((code, &*printed), (Some(0), "+I[1, a\"b]\n+I[2, c,d]\n+I[3, e\tf]\n"), "{error}");
}

#[test]
fn every_error_says_what_to_do() {
    let decimals = "i BIGINT, d DECIMAL(10, 2)";
    for (columns, file, bytes, place, advice) in [
        (
            decimals,
            "v.csv",
            &b"1,1.5\n2,\n"[..],
            "v.csv:2: column d: the field is empty",
            "'csv.null-literal' = ''",
        ),
        (
            COLUMNS,
            "v.csv",
            b"id,name\n1,a\n",
            "v.csv:1: column i: the value is no BIGINT",
            "names the columns",
        ),
        (COLUMNS, "v.csv", b"1,a\nx1,b\n", "v.csv:2: column i: the value is no BIGINT", "STRING"),
        (COLUMNS, "v.csv", b"1,a\n2,\xff\n", "v.csv:2: column s: the value is not UTF-8", "iconv"),
        (
            COLUMNS,
            "v.csv",
            b"1;a\n",
            "v.csv:1: the record has 1 field",
            "'csv.field-delimiter' = ';'",
        ),
        (
            COLUMNS,
            "v.csv",
            b"1\ta\n",
            "v.csv:1: the record has 1 field",
            "'csv.field-delimiter' = '\\t'",
        ),
        (
            COLUMNS,
            "v.csv",
            b"1,a,b,c\n",
            "the record has 4 fields and the table 2 columns",
            "declare the columns",
        ),
        (
            COLUMNS,
            "v.csv.gz",
            b"1,a\n2,b\n3,c\n4,d\n",
            "v.csv.gz:1: the file is no gzip file",
            "another name",
        ),
    ] {
        let script = Script::new(&script(columns, file, ""), &[]);
        std::fs::write(script.path().join(file), bytes).unwrap();
        let output = script.run(&[]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{error}");
        assert!(error.contains(place), "wanted {place}, found {error}");
        let told = error.split("what to do: ").nth(1).unwrap_or_default();
        assert!(told.contains(advice), "wanted {advice}, found {error}");
    }
}

#[test]
fn a_null_in_a_key_names_the_column_the_key_and_the_row() {
    let sql = "CREATE TABLE v (i INT) WITH ('connector' = 'filesystem', 'path' = 'v.csv', 'format' = 'csv', 'csv.null-literal' = '');
CREATE TABLE b (i INT, PRIMARY KEY (i) NOT ENFORCED) WITH ('connector' = 'blackhole');
INSERT INTO b SELECT i FROM v;";
    let rows = "1\n".repeat(10_000) + "\"\"\n";
    let output = Script::new(sql, &[("v.csv", &rows)]).run(&[]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{error}");
    assert!(error.contains("column i belongs to the PRIMARY KEY"), "{error}");
    assert!(error.contains("row 10001 of the query") && error.contains("IS NOT NULL"), "{error}");
}
