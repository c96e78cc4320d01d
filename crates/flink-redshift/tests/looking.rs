//! `explain`, `check`, `clean` and `completions`: what they say, and that they change nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    net::TcpListener,
    process::{Output, Stdio},
};

use support::{Local, ROWS, Script, command, fill, report, script, signal, text};

fn run(local: &Local, args: &[&str]) -> Output {
    command(local.path(), args).output().unwrap()
}

/// The verdicts of a report's first table, by the checks' names.
fn verdicts(output: &Output) -> Vec<(String, String)> {
    let report = report(output);
    let checks = report["tables"][0]["checks"].as_array().unwrap().iter();
    let word = |check: &serde_json::Value, field: &str| check[field].as_str().unwrap().to_owned();
    checks.map(|check| (word(check, "name"), word(check, "verdict"))).collect()
}

#[test]
fn a_script_is_explained_without_a_connection() {
    let local = Local::prepare(&script(", 'sink.lock-timeout' = '90 s'"));
    let output = run(&local, &["explain", "script.sql"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for part in [
        "INSERT INTO t (line 7)",
        "TableScan: v projection=[id, name]",
        "'hostname' = 'production.example.com'",
        "'password' = '…'",
        "'sink.lock-timeout' = '90 s'",
        "'sink.copy.format' = 'parquet'",
        "COPY \"public\".\"items\" (\"id\", \"name\") FROM 's3://bucket/staging/",
        "LOCK \"public\".\"items__flink_commits\";",
        "    COMMIT;",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains("S3cret"), "{shown}");

    let output = run(&local, &["explain", "script.sql", "--format", "json"]);
    let insert = &report(&output)["inserts"][0];
    assert_eq!((&insert["table"], &insert["connector"]), (&"t".into(), &"redshift".into()));
    let given = insert["options"].as_array().unwrap().iter().filter(|it| it["given"] == true);
    assert_eq!(given.count(), 10);
    assert_eq!(insert["steps"].as_array().unwrap().len(), 3);

    let others = Script::new(support::COUNT, &[("v.csv", "1,a\n")]);
    let output = command(others.path(), &["explain", "script.sql"]).output().unwrap();
    assert!(text(&output.stdout).contains("'connector' = 'print', which sends nothing"));
}

#[test]
fn a_script_is_checked_and_its_faults_are_named() {
    let local = Local::start(&script(""));
    let checked = |args: &[&str]| run(&local, &[&["check", "script.sql"], args].concat());
    let here = ["--local", "here.json"];
    let output = checked(&here);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let shown = text(&output.stdout);
    assert!(shown.contains("  ok    copy          one row came into a temporary table"), "{shown}");
    assert!(shown.contains("18 checks, and nothing that would make a load fail"), "{shown}");
    assert_eq!(local.query("SELECT COUNT(*) FROM svv_tables WHERE table_name LIKE 'items%'"), "0");
    assert_eq!(local.staged().len(), 0);

    let sql = script("").replace(
        "'aws.iam-role' = 'arn:aws:iam::123456789012:role/Copy'",
        "'aws.iam-role' = 'arn:aws:iam::123456789012:role/Other'",
    );
    std::fs::write(local.path().join("script.sql"), sql).unwrap();
    let output = checked(&[&here[..], &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert_eq!(report(&output)["status"], "failed");
    for (name, verdict) in verdicts(&output) {
        let expected = match name.as_str() {
            "copy" => "failed",
            "lock" | "write" => "skipped",
            _ => "passed",
        };
        assert_eq!(verdict, expected, "{name}");
    }
    assert_eq!(output.stderr, b"", "the checks have told it");
    let output = checked(&here);
    assert!(text(&output.stdout).contains("FAIL  copy"), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("what to do: attach the role"));
    assert!(text(&output.stdout).contains("1 of 18 checks failed"));
}

#[test]
fn what_cannot_be_reached_fails_and_the_rest_is_skipped() {
    let sql = script(", 'connection.connect-timeout' = '2 s', 'aws.region' = 'us-east-1'")
        .replace("production.example.com", "127.0.0.1', 'port' = '1")
        .replace("'sink.write.temp", "'s3.endpoint' = 'http://127.0.0.1:1', 'aws.credentials.provider.basic.accesskeyid' = 'a', 'aws.credentials.provider.basic.secretkey' = 'b', 'sink.write.temp");
    let local = Local::prepare(&sql.replace("S3cret-of-the-script", "S3cret"));
    let output = run(&local, &["check", "script.sql", "--format", "json", "--print-policy"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let policies = report(&output)["policies"].as_array().unwrap().clone();
    assert_eq!(policies.len(), 2);
    assert!(policies[0]["policy"].to_string().contains("arn:aws:s3:::bucket/staging/*"));
    assert_eq!(policies[1]["who"], "arn:aws:iam::123456789012:role/Copy");
    let text_form = run(&local, &["check", "script.sql", "--print-policy"]);
    assert!(text(&text_form.stdout).starts_with("-- writer: "), "{}", text(&text_form.stdout));
}

#[test]
fn an_interrupted_check_tells_what_it_has_checked() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let sink = |name: &str, port: u16| {
        format!(
            "CREATE TABLE {name} (id BIGINT) WITH ('connector' = 'redshift', 'sink.write.mode' = 'jdbc',
'hostname' = '127.0.0.1', 'port' = '{port}', 'username' = 'u', 'password' = 'p', 'database-name' = 'd',
'table-name' = '{name}');
INSERT INTO {name} SELECT id FROM g;
"
        )
    };
    let source =
        "CREATE TABLE g (id BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '1');\n";
    let hangs = sink("hangs", silent.local_addr().unwrap().port());
    let script = Script::new(&[source, &sink("refuses", 1), &hangs].concat(), &[]);
    let mut check = command(script.path(), &["check", "script.sql", "--format", "json"]);
    let child = check.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let connected = silent.accept().unwrap();
    signal("-INT", &child);
    let output = child.wait_with_output().unwrap();
    drop(connected);
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let told = report(&output);
    let tables = told["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 1, "{told}");
    assert_eq!(tables[0]["table"], "refuses");
    assert!(verdicts(&output).contains(&("connection".into(), "failed".into())), "{told}");
    assert_eq!(told["error"]["exit_code"], 130, "{told}");
}

#[test]
fn scripts_that_cannot_be_checked_say_so() {
    let script = Script::new(support::COUNT, &[("v.csv", "1,a\n")]);
    for args in [&["check", "script.sql"][..], &["clean", "script.sql"]] {
        let output = command(script.path(), args).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("there is nothing to"), "{}", text(&output.stderr));
    }
    for what in ["check", "clean"] {
        let args = [what, "missing.sql", "--format", "json"];
        let output = command(script.path(), &args).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(report(&output)["error"]["kind"], "script", "{what}");
    }
}

#[test]
fn what_a_killed_run_left_is_listed_and_removed_when_asked() {
    let options = ", 'sink.copy.part-size' = '1 mb'";
    let local = Local::start(&script(options));
    let mut child = local.spawn();
    let mut rows = local.rows();
    fill(&mut rows);
    local.wait_for_staging();
    signal("-KILL", &child);
    child.wait().unwrap();
    drop(rows);
    std::thread::sleep(std::time::Duration::from_secs(2));

    let clean = |args: &[&str]| {
        let fixed = ["clean", "script.sql", "--local", "here.json"];
        let output = run(&local, &[&fixed[..], args].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        output
    };
    let young = clean(&["--delete"]);
    assert!(text(&young.stderr).contains("older than 7 d"), "{}", text(&young.stderr));
    assert!(text(&young.stderr).contains("there is nothing to remove"));
    let listed = clean(&["--older-than", "1 s"]);
    assert!(text(&listed.stdout).starts_with("s3://bucket/staging/"), "{}", text(&listed.stdout));
    assert!(text(&listed.stderr).contains("nothing was removed: --delete does it"));
    let found = |args: &[&str]| {
        let fixed = ["--older-than", "1 s", "--format", "json"];
        report(&clean(&[&fixed[..], args].concat()))["found"].as_array().unwrap().clone()
    };
    let before = found(&[]);
    assert_eq!(before.len(), 1, "{before:?}");
    assert_eq!(found(&[]), before, "listing removes nothing");
    assert_eq!(found(&["--delete"]), before);
    assert_eq!(found(&[]), [] as [serde_json::Value; 0]);
    assert_eq!(local.staged(), [] as [std::path::PathBuf; 0]);
    let gone = script("").replace("s3://bucket/", "s3://another-bucket/");
    std::fs::write(local.path().join("gone.sql"), gone).unwrap();
    let args = ["clean", "gone.sql", "--local", "here.json", "--format", "json"];
    let failed = run(&local, &args);
    assert_eq!(failed.status.code(), Some(2), "{}", text(&failed.stderr));
    let error = &report(&failed)["error"];
    assert_eq!(error["exit_code"], 2, "{error}");
    assert!(error["message"].as_str().unwrap().contains("another-bucket"), "{error}");

    let age = run(&local, &["clean", "script.sql", "--older-than", "7"]);
    assert_eq!(age.status.code(), Some(2));
    assert!(text(&age.stderr).contains("a duration with its unit"), "{}", text(&age.stderr));
    // And the path is as good as before.
    assert_eq!(report(&local.run(ROWS))["inserts"][0]["status"], "done");
}

#[test]
fn two_inserts_of_a_statement_set_load_one_table() {
    let sql = script("").replace(
        "INSERT INTO t SELECT id, name FROM v;",
        "CREATE TABLE g (id BIGINT, name STRING) WITH ('connector' = 'datagen', 'number-of-rows' = '5');
EXECUTE STATEMENT SET BEGIN
INSERT INTO t SELECT id, name FROM g;
INSERT INTO t SELECT id, name FROM g;
END;",
    );
    let local = Local::start(&sql);
    let args = ["run", "script.sql", "--local=here.json", "--format", "json"];
    let output = run(&local, &args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report = report(&output);
    assert_eq!(report["inserts"].as_array().unwrap().len(), 2);
    assert_eq!(local.query("SELECT COUNT(*) FROM items"), "10");
    assert_eq!(local.query("SELECT COUNT(*) FROM items__flink_commits"), "2");
}

#[test]
fn the_example_of_a_statement_set_runs() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let example = "examples/statement-set.sql";
    let output = command(&root, &["run", "--local", example, "--format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report = report(&output);
    let loaded: Vec<_> =
        report["inserts"].as_array().unwrap().iter().map(|it| it["loaded_rows"].clone()).collect();
    assert_eq!(loaded, [5000, 1, 1]);
}

#[test]
fn completions_are_scripts_for_each_shell() {
    let directory = tempfile::tempdir().unwrap();
    for (shell, part) in [
        ("bash", "complete -F _flink"),
        ("zsh", "#compdef flink-redshift"),
        ("fish", "complete -c flink-redshift"),
    ] {
        let output = command(directory.path(), &["completions", shell]).output().unwrap();
        assert!(output.status.success());
        let script = text(&output.stdout);
        assert!(script.contains(part) && script.contains("print-policy"), "{shell}\n{script}");
    }
}
