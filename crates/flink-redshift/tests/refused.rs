//! Scripts that are refused: by name and line, all problems at once, and before anything runs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::Path,
    process::{Command, Output},
};

const TABLES: &str = "\
CREATE TABLE v (i INT, b BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(38, 2), s STRING, da DATE, ts TIMESTAMP(3), lt TIMESTAMP_LTZ(3), bo BOOLEAN) WITH ('connector' = 'filesystem', 'path' = 'empty.csv', 'format' = 'csv');
CREATE TABLE p (i INT, s STRING) WITH ('connector' = 'print');
CREATE TABLE w (i INT NOT NULL, c CHAR(2), n TINYINT) WITH ('connector' = 'blackhole');
";

/// Lines that `TABLES` takes.
const BEFORE: usize = 3;

fn run(script: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("empty.csv"), "").unwrap();
    std::fs::write(directory.path().join("script.sql"), script).unwrap();
    Command::new(env!("CARGO_BIN_EXE_flink-redshift"))
        .args(["run", "script.sql"])
        .current_dir(directory.path())
        .output()
        .unwrap()
}

/// The statement is refused at this line of its own, with these words.
fn refused(statement: &str, line: usize, words: &[&str]) {
    let output = run(&format!("{TABLES}{statement}"));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{statement}\n{errors}");
    assert!(output.stdout.is_empty(), "{statement}");
    let place = format!("script.sql:{}: ", BEFORE + line);
    let found = errors
        .lines()
        .find(|text| text.contains(&place) && words.iter().all(|word| text.contains(word)));
    assert!(found.is_some(), "{statement}\nwanted {place}…{words:?}…, found\n{errors}");
}

#[test]
fn statements() {
    for (statement, words) in [
        ("INSERT OVERWRITE p SELECT i, s FROM v;", &["INSERT OVERWRITE", "'print'"][..]),
        ("INSERT OVERWRITE p PARTITION (i = 1) SELECT s FROM v;", &["PARTITION"]),
        ("EXECUTE STATEMENT SET BEGIN INSERT INTO p SELECT i, s FROM v;", &["no END"]),
        ("EXECUTE STATEMENT SET BEGIN SET 'a' = 'b'; END;", &["INSERTs only"]),
        ("END;", &["END without"]),
        ("BEGIN STATEMENT SET;", &["EXECUTE STATEMENT SET BEGIN"]),
        ("EXECUTE PLAN 'a';", &["EXECUTE"]),
        ("CREATE CATALOG c WITH ('type' = 'jdbc');", &["CREATE CATALOG"]),
        ("CREATE FUNCTION f AS 'com.example.F';", &["CREATE FUNCTION"]),
        ("CREATE DATABASE d;", &["CREATE DATABASE"]),
        ("CREATE OR REPLACE TABLE x (i INT) WITH ('connector' = 'print');", &["CREATE OR REPLACE"]),
        ("USE CATALOG c;", &["USE"]),
        ("SHOW TABLES;", &["SHOW"]),
        ("EXPLAIN SELECT 1;", &["EXPLAIN"]),
        ("DELETE FROM p;", &["DELETE"]),
        ("SELECT 1;", &["INSERT INTO a table with 'connector' = 'print'"]),
        ("RESET;", &["RESET"]),
        ("DROP CATALOG c;", &["DROP CATALOG"]),
        ("DROP TABLE nothing;", &["no table nothing"]),
        ("DROP VIEW p;", &["no view p"]),
        ("INSERT INTO p PARTITION (i = 1) SELECT s FROM v;", &["PARTITION"]),
        ("INSERT INTO v SELECT * FROM v;", &["'filesystem' as a sink"]),
        ("INSERT INTO nothing SELECT 1, 'x';", &["no table nothing"]),
        ("INSERT INTO cat.db.p SELECT i, s FROM v;", &["catalog"]),
        ("CREATE TABLE p (i INT) WITH ('connector' = 'print');", &["p already"]),
        ("SET 'execution.runtime-mode' = 'streaming';", &["'batch'"]),
        (
            "SET 'table.optimizer.join-reorder-enabled' = 'true';",
            &["table.optimizer.join-reorder-enabled"],
        ),
        ("SET execution.runtime-mode = batch;", &["single quotes"]),
        ("INSERT INTO p SELECT \"i\", s FROM v;", &["double quotes"]),
        ("INSERT INTO p SELECT /*+ OPTIONS('a' = 'b') */ i, s FROM v;", &["hint"]),
        ("INSERT INTO p SELECT i, s FROM v WHERE;", &["Expected"]),
        ("INSERT INTO p SELECT i, s FROM v extra words;", &["expected ';'"]),
    ] {
        refused(statement, 1, words);
    }
}

#[test]
fn tables() {
    for (columns, line, words) in [
        ("i INT,\n total AS i * 2", 3, &["computed column total"][..]),
        ("ts TIMESTAMP(3),\n WATERMARK FOR ts AS ts - INTERVAL '5' SECOND", 3, &["WATERMARK"]),
        ("i INT,\n m STRING METADATA FROM 'topic'", 3, &["METADATA"]),
        ("i INT,\n t TIME(10)", 3, &["column t", "TIME"]),
        ("i INT,\n a ARRAY<INT", 3, &["column a", "ARRAY"]),
        ("i INT,\n r RAW('a', 'b'),\n c TEXT", 3, &["column r", "RAW"]),
        ("i INT,\n r ROW<a ARRAY<TEXT>>,\n c TEXT", 3, &["column r", "TEXT"]),
        ("i INT,\n r ROW<a ARRAY<INT>>,\n c TEXT", 4, &["column c", "use STRING"]),
        ("i INT,\n m INTERVAL MONTH", 3, &["column m", "no INTERVAL"]),
        ("i INT,\n m ARRAY<INTERVAL DAY TO SECOND(3)>", 3, &["column m", "no INTERVAL"]),
        ("i INT,\n b BYTEA", 3, &["column b", "use BYTES"]),
        ("i INT,\n i STRING", 3, &["i is declared twice"]),
        ("i INT,\n PRIMARY KEY (i)", 3, &["NOT ENFORCED"]),
        ("i INT,\n PRIMARY KEY (x) NOT ENFORCED", 1, &["names x"]),
        (
            "i INT PRIMARY KEY NOT ENFORCED,\n PRIMARY KEY (i) NOT ENFORCED",
            3,
            &["two primary keys"],
        ),
    ] {
        let statement =
            format!("CREATE TABLE x (\n {columns}\n) WITH ('connector' = 'blackhole');");
        refused(&statement, line, words);
    }
    for (tail, words) in [
        ("PARTITIONED BY (i) WITH ('connector' = 'print');", &["PARTITIONED BY"][..]),
        ("WITH ('connector' = 'print') LIKE p;", &["LIKE"]),
        ("WITH ('connector' = 'kafka');", &["'kafka'"]),
        ("WITH ('connector' = 'print', 'connector' = 'print');", &["given twice"]),
        ("WITH ('format' = 'csv');", &["no 'connector'"]),
        (";", &["WITH"]),
        ("WITH ('connector' = 'blackhole', 'colour' = 'black');", &["no option 'colour'"]),
        (
            "WITH ('connector' = 'print', 'print-identifer' = 'x');",
            &["did you mean 'print-identifier'"],
        ),
        ("WITH ('connector' = 'filesystem', 'path' = 'no.csv', 'format' = 'csv');", &["no.csv"]),
        (
            "WITH ('connector' = 'filesystem', 'path' = 's3://b/k', 'format' = 'csv');",
            &["s3://b/k"],
        ),
        ("WITH ('connector' = 'filesystem', 'path' = '.', 'format' = 'avro');", &["'avro'"]),
        (
            "WITH ('connector' = 'filesystem', 'path' = '.', 'format' = 'csv', 'csv.skip-header' = '1');",
            &["csv.skip-header"],
        ),
        (
            "WITH ('connector' = 'filesystem', 'path' = '.', 'format' = 'csv', 'csv.array-element-delimiter' = '||');",
            &["csv.array-element-delimiter"],
        ),
        (
            "WITH ('connector' = 'filesystem', 'path' = '.', 'format' = 'json', 'json.map-null-key.mode' = 'DROP');",
            &["json.map-null-key.mode"],
        ),
        ("WITH ('connector' = 'redshift', 'sink.write.mod' = 'copy');", &["options of the table"]),
    ] {
        refused(&format!("CREATE TABLE x (i INT) {tail}"), 1, words);
    }
}

#[test]
fn clauses() {
    for (query, words) in [
        ("SELECT i, s FROM v\n EXCEPT SELECT i, s FROM v", &["EXCEPT"][..]),
        ("SELECT i, s FROM v\n INTERSECT SELECT i, s FROM v", &["INTERSECT"]),
        ("SELECT a.i, a.s FROM v a\n JOIN v AS b USING (i)", &["USING"]),
        ("SELECT a.i, a.s FROM v a\n NATURAL JOIN v AS b", &["NATURAL"]),
        ("SELECT i, s\n FROM v FOR SYSTEM_TIME AS OF ts", &["SYSTEM_TIME"]),
        ("SELECT i, s\n FROM v, LATERAL TABLE(f(s))", &["LATERAL"]),
        ("SELECT i, s\n FROM UNNEST(ARRAY[1])", &["UNNEST"]),
        ("SELECT i, s FROM v WHERE\n i NOT IN (SELECT i FROM v)", &["NOT IN"]),
        ("SELECT i, s FROM v WHERE\n EXISTS (SELECT i FROM v)", &["EXISTS"]),
        ("SELECT i,\n (SELECT MAX(s) FROM v) FROM v", &["SELECT MAX(s)"]),
        ("SELECT COUNT(*), 'x' FROM v GROUP BY\n 1", &["a number in GROUP BY"]),
        ("SELECT UPPER(s) AS u, 'x' FROM v GROUP BY\n u", &["'u' is an alias"]),
        ("SELECT i, s FROM\n nothing", &["no table or view nothing"]),
        ("SELECT i, s FROM\n p", &["'connector' = 'print' as a source"]),
        ("SELECT i,\n nothing FROM v", &["nothing"]),
        ("SELECT i, s FROM v WHERE s LIKE\n 'a\\_%'", &["LIKE"]),
        ("SELECT i, s FROM v WHERE\n s SIMILAR TO 'a'", &["SIMILAR TO"]),
        ("SELECT i,\n s::VARCHAR FROM v", &["::"]),
        ("SELECT i,\n REGEXP_REPLACE(s, 'a', 'b') FROM v", &["REGEXP_REPLACE"]),
        ("SELECT i,\n UPER(s) FROM v", &["UPER", "UPPER"]),
        ("SELECT i,\n UPPER(s, s) FROM v", &["takes 1 arguments"]),
        ("SELECT i,\n MAX(DISTINCT s) FROM v", &["MAX"]),
        ("SELECT i,\n ROW_NUMBER() FROM v", &["ROW_NUMBER"]),
        ("SELECT SUM(i) OVER\n (ORDER BY i), s FROM v", &["SUM"]),
        ("SELECT i,\n DATE_FORMAT(ts, 'yy') FROM v", &["'yy'"]),
        ("SELECT i,\n CAST(s AS BYTES) FROM v", &["BYTES"]),
        ("SELECT i,\n TIMESTAMP 'noon' FROM v", &["malformed"]),
        ("SELECT i,\n s FROM v OFFSET 3", &["OFFSET without LIMIT"]),
        ("SELECT i,\n INTERVAL '1' DAY FROM v", &["INTERVAL"]),
    ] {
        let line = if words == ["SUM"] || words[0].starts_with("OFFSET") { 1 } else { 2 };
        let query = format!("INSERT INTO p {query};");
        refused(&query, line, words);
    }
}

#[test]
fn made_up_rows() {
    for (columns, options, words) in [
        ("i INT", "", &["no 'number-of-rows'"][..]),
        ("i INT", ", 'number-of-rows' = 'many'", &["'number-of-rows' = 'many'"]),
        (
            "i INT",
            ", 'number-of-rows' = '1', 'rows-per-second' = '0'",
            &["'rows-per-second' = '0'"],
        ),
        (
            "i INT",
            ", 'number-of-rows' = '1', 'fields.i.kind' = 'counter'",
            &["fields.i.kind", "'sequence'"],
        ),
        (
            "i INT",
            ", 'number-of-rows' = '1', 'fields.i.kind' = 'sequence', 'fields.i.start' = '1'",
            &["fields.i.end", "missing"],
        ),
        (
            "i TINYINT",
            ", 'number-of-rows' = '1', 'fields.i.max' = '128'",
            &["fields.i.max", "from -128 to 127"],
        ),
        (
            "i INT",
            ", 'number-of-rows' = '1', 'fields.i.min' = '3', 'fields.i.max' = '3'",
            &["less than the max"],
        ),
        (
            "i INT",
            ", 'number-of-rows' = '1', 'fields.x.min' = '3'",
            &["no option 'fields.x.min'", "did you mean 'fields.i."],
        ),
        (
            "s VARCHAR(5)",
            ", 'number-of-rows' = '1', 'fields.s.length' = '6'",
            &["fields.s.length", "from 1 to 5"],
        ),
        (
            "s CHAR(5)",
            ", 'number-of-rows' = '1', 'fields.s.length' = '5'",
            &["no option 'fields.s.length'"],
        ),
        (
            "i INT",
            ", 'number-of-rows' = '1', 'fields.i.null-rate' = '2'",
            &["null-rate", "from 0 to 1"],
        ),
        (
            "b BOOLEAN",
            ", 'number-of-rows' = '1', 'fields.b.kind' = 'sequence'",
            &["cannot be BOOLEAN"],
        ),
        (
            "d DECIMAL(9, 2)",
            ", 'number-of-rows' = '1', 'fields.d.kind' = 'sequence'",
            &["cannot be DECIMAL", "CAST one of BIGINT"],
        ),
        (
            "t TIMESTAMP(3)",
            ", 'number-of-rows' = '1', 'fields.t.max-past' = 'long'",
            &["max-past", "no duration"],
        ),
        ("i INT", ", 'number-of-rows' = '1', 'scan.parallelism' = '2'", &["scan.parallelism"]),
    ] {
        refused(
            &format!("CREATE TABLE g ({columns}) WITH ('connector' = 'datagen'{options});"),
            1,
            words,
        );
    }
    let table = "CREATE TABLE g (i INT) WITH ('connector' = 'datagen', 'number-of-rows' = '1');";
    refused(&format!("{table}\nINSERT INTO g SELECT i FROM v;"), 2, &["'datagen' is no sink"]);
}

#[test]
fn parquet_files() {
    let table = |columns: &str, more: &str| {
        format!(
            "CREATE TABLE q ({columns}) WITH ('connector' = 'filesystem', 'path' = 'empty.csv', \
             'format' = 'parquet'{more});"
        )
    };
    refused(&table("t TIMESTAMP(3)", ""), 1, &["'parquet.utc-timezone' = 'true'", "(t)"]);
    refused(&table("i INT", ", 'parquet.compression' = 'SNAPPY'"), 1, &["parquet.compression"]);
    refused(&table("i INT", ", 'parquet.batch-size' = '5'"), 1, &["parquet.batch-size"]);
    refused(&table("r ROW<a ARRAY<TIMESTAMP(3)>>", ""), 1, &["'parquet.utc-timezone'", "(r)"]);
}

/// Types that are carried and not computed with.
#[test]
fn carried_types() {
    let carried = "CREATE TABLE n (b BYTES, t TIME, a ARRAY<INT>, r ROW<x INT>, m MAP<STRING, INT>, \
                   i INT) WITH ('connector' = 'filesystem', 'path' = 'empty.csv', 'format' = \
                   'json');\n\
                   CREATE TABLE c (b VARBINARY(2), t TIME(3), a ARRAY<BIGINT>, r ROW<y INT>, \
                   m MULTISET<STRING>) WITH ('connector' = 'blackhole');\n";
    for (query, words) in [
        ("SELECT\n b = b, 'a' FROM n", &["BYTES"][..]),
        ("SELECT i, 'a' FROM n WHERE\n a = a", &["ARRAY"]),
        ("SELECT MAX(i), 'a' FROM n GROUP BY\n a", &["GROUP BY with ARRAY"]),
        ("SELECT DISTINCT\n b, 'a' FROM n", &["DISTINCT with BYTES"]),
        ("SELECT i, 'a' FROM n ORDER BY\n r", &["ORDER BY with ROW"]),
        ("SELECT l.i, 'a' FROM n AS l JOIN n AS r ON\n l.t = r.t", &["TIME"]),
        ("SELECT COUNT(DISTINCT\n b), 'a' FROM n", &["DISTINCT"]),
        ("SELECT\n COALESCE(b, b), 'a' FROM n", &["CASE"]),
        ("SELECT\n CHAR_LENGTH(b), 'a' FROM n", &["CHAR_LENGTH"]),
        ("SELECT\n CAST(t AS STRING), 'a' FROM n", &["CAST of TIME to STRING"]),
        ("SELECT\n CAST('a' AS BYTES), 'a' FROM n", &["CAST of STRING to BYTES"]),
        ("SELECT\n ROW_NUMBER() OVER (ORDER BY b), 'a' FROM n", &["OVER with BYTES"]),
        ("SELECT i, 'a' FROM n WHERE\n r.x = 1", &["r"]),
        ("SELECT\n a[1], 'a' FROM n", &["a[1]"]),
        ("SELECT i,\n ARRAY[i] FROM n", &["ARRAY"]),
        ("SELECT i,\n X'00' FROM n", &["X'00'"]),
    ] {
        let output = run(&format!("{TABLES}{carried}INSERT INTO p {query};"));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{query}: {errors}");
        for word in words {
            assert!(errors.contains(word), "{query}: {word} is not in {errors}");
        }
    }
    // A column takes its own type, and BYTES any bytes.
    for (column, value) in [("b", "b"), ("t", "t"), ("a", "a"), ("r", "r"), ("m", "m")] {
        let output =
            run(&format!("{TABLES}{carried}INSERT INTO c ({column}) SELECT {value} FROM n;"));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{column}: {errors}");
        assert!(errors.contains("do not match"), "{column}: {errors}");
    }
}

/// What Flink's own formats do not hold.
#[test]
fn types_that_a_format_does_not_hold() {
    for (format, column, words) in [
        ("csv", "m MAP<STRING, INT>", "csv does not hold MAP"),
        ("csv", "m MULTISET<STRING>", "csv does not hold MULTISET"),
        ("csv", "m ARRAY<ARRAY<INT>>", "hold no others"),
        ("csv", "m ROW<a ROW<b INT>>", "hold no others"),
        ("json", "m MAP<INT, INT>", "keys of MAP<INT, INT> are no text"),
        ("json", "m ROW<a MULTISET<INT>>", "keys of MULTISET<INT> are no text"),
    ] {
        let table = format!(
            "CREATE TABLE q (i INT,\n {column}) WITH ('connector' = 'filesystem', 'path' = \
             'empty.csv', 'format' = '{format}');"
        );
        refused(&table, 2, &["column m", words]);
    }
}

#[test]
fn types() {
    for (query, words) in [
        ("SELECT i, s FROM v WHERE\n s = i", &["= with STRING and INT"][..]),
        ("SELECT i, s FROM v WHERE\n i = NULL", &["IS NULL"]),
        ("SELECT i, s FROM v WHERE\n f = 0.1", &["FLOAT and DECIMAL"]),
        ("SELECT i, s FROM v WHERE\n da < ts", &["DATE and TIMESTAMP(3)"]),
        ("SELECT i, s FROM v WHERE\n ts > 'yesterday'", &["TIMESTAMP(3) and STRING"]),
        ("SELECT i, s FROM v WHERE\n i OR bo", &["condition with INT"]),
        ("SELECT i,\n s || i FROM v", &["STRING and INT"]),
        ("SELECT i,\n CAST(dc / i AS STRING) FROM v", &["/ with DECIMAL"]),
        ("SELECT i,\n CAST(dc * dc AS STRING) FROM v", &["38 digits"]),
        ("SELECT i,\n CAST(f * i AS STRING) FROM v", &["FLOAT and INT"]),
        ("SELECT i,\n CAST(d % 2 AS STRING) FROM v", &["% with DOUBLE"]),
        ("SELECT i,\n CASE WHEN bo THEN s ELSE da END FROM v", &["CASE of different types"]),
        ("SELECT i,\n COALESCE(s, i) FROM v", &["CASE of different types"]),
        ("SELECT i,\n UPPER(i) FROM v", &["UPPER takes text"]),
        ("SELECT i,\n CAST(AVG(dc) AS STRING) FROM v GROUP BY i", &["AVG does not take DECIMAL"]),
        ("SELECT i,\n CAST(SUM(f) AS STRING) FROM v GROUP BY i", &["SUM does not take FLOAT"]),
        ("SELECT i,\n CAST(lt AS STRING) FROM v", &["table.local-time-zone"]),
        ("SELECT i,\n CAST(YEAR(lt) AS STRING) FROM v", &["YEAR takes a DATE or TIMESTAMP"]),
        ("SELECT i,\n CAST(CAST(da AS INT) AS STRING) FROM v", &["CAST of DATE to INT"]),
    ] {
        refused(&format!("INSERT INTO p {query};"), 2, words);
    }
}

#[test]
fn columns_of_sinks() {
    for (statement, words) in [
        ("INSERT INTO p SELECT b, s FROM v;", &["i is INT", "BIGINT", "CAST it AS INT"][..]),
        ("INSERT INTO p SELECT s, s FROM v;", &["i is INT", "STRING"]),
        ("INSERT INTO p SELECT i, i FROM v;", &["s is STRING", "INT"]),
        ("INSERT INTO p SELECT d, s FROM v;", &["i is INT", "DOUBLE"]),
        ("INSERT INTO p SELECT i FROM v;", &["1 columns", "takes 2"]),
        ("INSERT INTO p (i, x) SELECT i, s FROM v;", &["no column x"]),
        ("INSERT INTO p (i, i) SELECT i, i FROM v;", &["named twice"]),
        ("INSERT INTO w (n) SELECT CAST(1 AS TINYINT);", &["column i of w is NOT NULL"]),
        ("INSERT INTO w (i, c) SELECT i, s FROM v;", &["c is CHAR(2)", "STRING"]),
        ("INSERT INTO w (i, n) SELECT i, 1 FROM v;", &["n is TINYINT", "INT"]),
        ("INSERT INTO p VALUES (1, NULL);", &["CAST(NULL AS"]),
        ("INSERT INTO p VALUES (1, 'a'), (NULL, 'b');", &["CAST(NULL AS"]),
        ("INSERT INTO p VALUES (1, 'a'), ('7', 'b');", &["VALUES of different types"]),
        (
            "INSERT INTO p VALUES (1, 'a'), (DATE '2020-01-05', 'b');",
            &["VALUES of different types"],
        ),
        (
            "INSERT INTO p VALUES (1, 'a'), (1, CAST('b' AS CHAR(2)));",
            &["VALUES of different types"],
        ),
        (
            "INSERT INTO p SELECT CAST(x AS INT), 'a' FROM (VALUES (1), (CAST(1 AS FLOAT))) AS t (x);",
            &["VALUES of different types"],
        ),
        ("INSERT INTO p SELECT i, NULL FROM v;", &["CAST(NULL AS"]),
    ] {
        refused(statement, 1, words);
    }
}

#[test]
fn all_problems_come_at_once_in_the_order_of_their_lines() {
    let output = run(&format!(
        "{TABLES}INSERT INTO p SELECT b, s FROM v;\nSET 'unknown' = 'x';\nSHOW TABLES;\n\
         CREATE TABLE x (t TEXT, r RAW) WITH ('connector' = 'print');\n"
    ));
    let errors = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = errors
        .lines()
        .filter_map(|text| text.split("script.sql:").nth(1)?.split(':').next())
        .collect();
    assert_eq!(lines, ["4", "5", "6", "7", "7"], "{errors}");
}

#[test]
fn errors_do_not_follow_from_errors() {
    for definition in [
        "CREATE TABLE x (i INT, t TEXT) WITH ('connector' = 'print');",
        "CREATE TABLE x (i INT WITH ('connector' = 'print');",
        "CREATE TABLE x (i INT) WITH ('connector' = 'print', 'colour' = 'blue');",
        "CREATE TEMPORARY VIEW x AS SELECT nothing FROM v;",
        "CREATE VIEW IF NOT EXISTS x (a) AS SELECT i FROM v LIMIT;",
    ] {
        let output = run(&format!(
            "{TABLES}{definition}\nCREATE VIEW y AS SELECT * FROM x;\n\
             INSERT INTO x SELECT i FROM v;\nINSERT INTO p SELECT i, s FROM y;\nDROP VIEW y;"
        ));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{definition}");
        assert!(
            errors.lines().all(|line| line.contains("script.sql:4: ")),
            "{definition}\n{errors}"
        );
        // What is wrong in itself is told all the same.
        let output = run(&format!("{TABLES}{definition}\nINSERT INTO x SELECT i FROM missing;"));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("script.sql:5: there is no table or view missing"), "{errors}");
    }
}

#[test]
fn hints_and_a_mark_hide_nothing_else() {
    let output = run(&format!(
        "\u{feff}{TABLES}INSERT INTO p SELECT i, s FROM v /*+ OPTIONS('a' = 'b') */;\n\
         INSERT INTO p SELECT i, s FROM missing;"
    ));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("script.sql:1: the script begins with a byte order mark"), "{errors}");
    assert!(errors.contains("script.sql:4: a hint"), "{errors}");
    assert!(errors.contains("script.sql:5: there is no table or view missing"), "{errors}");
    assert_eq!(errors.lines().count(), 3, "{errors}");
}

#[test]
fn nothing_runs_when_something_is_refused() {
    let output = run(&format!("{TABLES}INSERT INTO p VALUES (1, 'a');\nSHOW TABLES;"));
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_script_without_insert_or_file_is_refused() {
    assert_eq!(run("").status.code(), Some(2));
    assert_eq!(run(TABLES).status.code(), Some(2));
    let output = Command::new(env!("CARGO_BIN_EXE_flink-redshift"))
        .args(["run", "no-such-script.sql"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-script.sql"));
}
