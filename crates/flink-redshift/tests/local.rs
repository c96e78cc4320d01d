//! Scripts against the local stand-in: FLIP-307's example as printed, a stand-in that outlives its
//! runs, interrupts, and runs that are run again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use support::{Local, ROWS, command, fill, report, script, signal, text, wait};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_examples_of_flip_307_run_as_printed() {
    // Of the four rows two are of one user: copy mode stages the later one alone, and both modes
    // say that four are loaded.
    for (mode, parts) in [("copy", 1), ("jdbc", 0)] {
        let example = format!("examples/flip-307-{mode}.sql");
        let output =
            command(&root(), &["run", "--local", &example, "--format", "json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{mode}: {}", text(&output.stderr));
        let report = report(&output);
        assert_eq!(report["status"], "done");
        let insert = &report["inserts"][0];
        assert_eq!(insert["table"], "t_user");
        let figures = [("rows", 4), ("loaded_rows", 4), ("commits", 1), ("parts", parts)];
        for (key, expected) in figures {
            assert_eq!(insert[key], expected, "{mode}: {key}");
        }
    }
}

/// What an INSERT leaves out is a column of the table all the same: it is created, and options may
/// name it.
#[test]
fn a_table_is_created_whole_by_an_insert_of_a_part() {
    let options = ", 'sink.value-policy.columns' = 'note:truncate', 'sink.create-table.sort-key' = 'note', \
         'sink.create-table.varchar-widths' = 'note:3', 'sink.create-table.column-comments' = 'note:why'";
    let sql = script(options)
        .replace(
            "CREATE TABLE t (id BIGINT, name STRING)",
            "CREATE TABLE t (name STRING, note STRING, id BIGINT)",
        )
        .replace("INSERT INTO t SELECT id, name", "INSERT INTO t (id, name) SELECT id, name");
    let whole = "INSERT INTO t (name, note, id) VALUES ('d', 'long note', CAST(4 AS BIGINT));\n";
    let local = Local::start(&(sql + whole));
    let output = local.run(ROWS);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let columns = "SELECT LISTAGG(column_name || ' ' || data_type, ', ') WITHIN GROUP (ORDER BY ordinal_position) \
         FROM svv_columns WHERE table_name = 'items'";
    assert_eq!(local.query(columns), "name character varying, note character varying, id bigint");
    let row = |id: u32| {
        local.query(&format!(
            "SELECT name || ':' || COALESCE(note, 'NULL') FROM items WHERE id = {id}"
        ))
    };
    assert_eq!([row(1), row(4)], ["a:NULL", "d:lon"]);
}

/// At least once loads as it goes; exactly once loads at the end, and once under its name.
#[test]
fn jdbc_mode_loads_with_either_guarantee() {
    for (guarantee, second) in
        [("at-least-once", ("done", "6")), ("exactly-once", ("already-loaded", "3"))]
    {
        let jdbc = format!(
            "'sink.write.mode' = 'jdbc', 'sink.delivery-guarantee' = '{guarantee}', 'sink.run-id' \
             = 'once'"
        );
        let local = Local::start(&script("").replace("'sink.write.mode' = 'copy'", &jdbc));
        for (status, count) in [("done", "3"), second] {
            let output = local.run(ROWS);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            assert_eq!(report(&output)["inserts"][0]["status"], status, "{guarantee}");
            assert_eq!(local.query("SELECT COUNT(*) FROM items"), count, "{guarantee}");
        }
    }
}

/// What was read and is committed, and keys that the table held more than once before.
#[test]
fn a_report_counts_every_change_and_keys_that_were_there_twice() {
    let keyed = "TABLE t (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED)";
    let local = Local::start(&script("").replace("TABLE t (id BIGINT, name STRING)", keyed));
    local.query(
        "CREATE TABLE items (id BIGINT NOT NULL, name VARCHAR(9)); INSERT INTO items VALUES \
         (1, 'x'), (1, 'y'), (9, 'x'), (9, 'y')",
    );
    let output = local.run("1,a\n1,b\n2,c\n");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let insert = &report(&output)["inserts"][0];
    for (key, expected) in [("rows", 3), ("loaded_rows", 3), ("duplicate_keys", 1)] {
        assert_eq!(insert[key], expected, "{key}: {insert}");
    }
    assert_eq!(local.query("SELECT COUNT(*) FROM items WHERE id = 1 AND name = 'b'"), "1");
    let insert = &report(&local.run("1,a\n"))["inserts"][0];
    assert!(insert.get("duplicate_keys").is_none(), "{insert}");
}

/// 139 of the airports' names have more than 30 bytes: they are set aside, the others loaded.
#[test]
fn the_example_of_value_policies_sets_rows_aside_and_cuts_names() {
    let example = std::fs::read_to_string(root().join("examples/value-policies.sql")).unwrap();
    let data = root().join("examples/data/airports.csv.gz");
    let local =
        Local::start(&example.replace("examples/data/airports.csv.gz", data.to_str().unwrap()));
    let run = ["run", "--local=here.json", "script.sql"];
    let output = command(local.path(), &run).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout).to_owned() + text(&output.stderr);
    let tables = [
        "airports: 1,319 rows loaded",
        "139 rows set aside",
        "airport_names: 1,458 rows loaded",
        "139 values changed",
    ];
    for part in tables {
        assert!(said.contains(part), "no {part} in {said}");
    }
    assert_eq!(local.query("SELECT COUNT(*) FROM airports"), "1319");
    assert_eq!(local.query("SELECT COUNT(*) FROM airport_names"), "1458");
    // Nothing stays on S3 but the rows that were set aside, a line each.
    let left = local.objects().concat();
    assert!(left.lines().all(|line| line.starts_with('{')), "{left}");
    assert_eq!(left.lines().count(), 139);
}

/// 49 of the 1,458 airports lie so far north; a second run ends as the first.
#[test]
fn the_example_of_changes_by_key_changes_names_and_nothing_else() {
    let example = std::fs::read_to_string(root().join("examples/changelog.sql")).unwrap();
    let data = root().join("examples/data/airports.csv.gz");
    let local =
        Local::start(&example.replace("examples/data/airports.csv.gz", data.to_str().unwrap()));
    for _ in 0..2 {
        let run = ["run", "--local=here.json", "script.sql"];
        let output = command(local.path(), &run).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let count =
            |what: &str| local.query(&format!("SELECT COUNT(*) FROM airports_by_key WHERE {what}"));
        assert_eq!(count("faa IS NOT NULL"), "1458");
        assert_eq!(count("name = UPPER(name) AND lat > 65"), "49");
        // One that is spelled so in the file.
        assert_eq!(count("name = UPPER(name) AND lat <= 65"), "1");
    }
    let position = "SELECT name FROM airports_by_key WHERE faa = 'ABL' AND lat = 67.106389";
    assert_eq!(local.query(position), "AMBLER AIRPORT");
}

#[test]
fn the_example_of_a_table_that_grows_runs() {
    let path = std::fs::read_to_string(root().join("examples/schema.sql")).unwrap();
    let data = root().join("examples/data/users.csv");
    let sql = path.replace("examples/data/users.csv", data.to_str().unwrap());
    let local = Local::start(&sql);
    let output =
        command(local.path(), &["run", "script.sql", "--local=here.json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let wide = "SELECT character_maximum_length FROM svv_all_columns WHERE table_name = 'speakers' \
                AND column_name = 'lang'";
    assert_eq!(local.query(wide), "20");
    let remarks = "SELECT remarks FROM svv_all_columns WHERE table_name = 'speakers' AND \
                   column_name = 'country'";
    assert_eq!(local.query(remarks), "ISO 3166-1");
    // The rows that were there have NULL in what is new, until a load names it.
    let count = |what: &str| local.query(&format!("SELECT COUNT({what}) FROM speakers"));
    assert_eq!((count("*"), count("country")), ("3".into(), "2".into()));
}

#[test]
fn a_stand_in_outlives_its_runs() {
    let local = Local::start(&script(""));
    for loaded in ["3", "6"] {
        let output = local.run(ROWS);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(report(&output)["inserts"][0]["loaded_rows"], 3);
        assert_eq!(local.query("SELECT COUNT(*) FROM items"), loaded);
        assert_eq!(local.staged(), [] as [PathBuf; 0]);
    }
}

#[test]
fn an_interrupted_run_loads_nothing_and_leaves_nothing() {
    let local = Local::start(&script(", 'sink.copy.part-size' = '1 mb'"));
    let mut child = local.spawn();
    let mut rows = local.rows();
    fill(&mut rows);
    local.wait_for_staging();
    signal("-INT", &child);
    // The reader wakes up and finds that nobody wants its rows.
    std::thread::sleep(Duration::from_millis(200));
    let _ = rows.write_all(b"9,z\n");
    drop(rows);
    wait(&mut child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let report = report(&output);
    assert_eq!(
        (&report["status"], &report["inserts"][0]["loaded_rows"]),
        (&"interrupted".into(), &0.into())
    );
    let told = "interrupted: nothing of INSERT INTO t (line 7) was loaded; run the script again";
    assert_eq!(report["error"]["message"], told);
    assert_eq!(local.query("SELECT COUNT(*) FROM items"), "0");
    assert_eq!(local.staged(), [] as [PathBuf; 0]);
}

#[test]
fn secrets_of_the_script_are_not_printed() {
    let directory = tempfile::tempdir().unwrap();
    let sql = script(", 'sink.copy.format' = 'orc', 'colour' = 'blue'");
    std::fs::write(directory.path().join("script.sql"), sql).unwrap();
    std::fs::create_dir(directory.path().join("rows")).unwrap();
    let output = command(directory.path(), &["run", "script.sql"])
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = text(&output.stderr);
    assert!(errors.contains("script.sql:2: ") && errors.contains("'colour'"), "{errors}");
    assert!(errors.contains("'orc'"), "{errors}");
    assert!(!errors.contains("S3cret-of-the-script"), "{errors}");
}

#[test]
fn a_stand_in_that_does_not_run_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("script.sql"), script("")).unwrap();
    std::fs::create_dir(directory.path().join("rows")).unwrap();
    let output = command(directory.path(), &["run", "script.sql", "--local=gone.json"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("gone.json"));
}

#[test]
fn a_load_that_fails_says_that_nothing_was_loaded() {
    let local = Local::start(&script(""));
    let output = local.run("1,a\n2,b\nx,c\n");
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let insert = &report(&output)["inserts"][0];
    assert_eq!((&insert["status"], &insert["loaded_rows"]), (&"failed".into(), &0.into()));

    // A target that is refused before the first row.
    let sql = script("").replace("'items'", "'nowhere.items'");
    std::fs::write(local.path().join("script.sql"), sql).unwrap();
    let output = local.run("1,a\n");
    assert_eq!(report(&output)["inserts"][0]["status"], "failed", "{}", text(&output.stderr));
    assert_ne!(output.status.code(), Some(0));
}

#[test]
fn a_target_that_does_not_fit_hides_no_other_one() {
    let local = Local::start(&script(""));
    assert!(local.run(ROWS).status.success());
    let sql = script("");
    let (tables, insert) = sql.split_once("INSERT").unwrap();
    let table = &tables[tables.find("CREATE TABLE t").unwrap()..];
    let declared = |columns: &str| table.replace("t (id BIGINT, name STRING)", columns);
    let (a, b) = (declared("a (id BIGINT, other STRING)"), declared("b (id BOOLEAN, name STRING)"));
    let sql = format!(
        "{tables}{a}{b}INSERT INTO a SELECT id, name FROM v; INSERT{insert}\
         INSERT INTO b SELECT id = 1, name FROM v;"
    );
    std::fs::write(local.path().join("script.sql"), sql).unwrap();
    let output = local.run("4,d\n");
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("INSERT INTO a") && told.contains("column other"), "{told}");
    assert!(told.contains("INSERT INTO b") && told.contains("declared BOOLEAN"), "{told}");
    let report = report(&output);
    let statuses = report["inserts"].as_array().unwrap().iter().map(|insert| &insert["status"]);
    assert!(statuses.eq(["failed", "not-run", "failed"]), "{report}");
    assert_eq!(report["error"]["kind"], "schema-mismatch");
    assert_eq!(local.query("SELECT COUNT(*) FROM items"), "3");
}

#[test]
fn rows_that_are_loaded_stay_so_when_nobody_can_be_told() {
    let local = Local::start(&script(""));
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for (number, args) in [&["--format", "json"][..], &[]].iter().enumerate() {
        let mut run = command(local.path(), &["run", "script.sql", "--local=here.json"]);
        let mut child = run.args(*args).stdout(full()).stderr(full()).spawn().unwrap();
        local.rows().write_all(b"1,a\n").unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert_eq!(local.query("SELECT COUNT(*) FROM items"), (number + 1).to_string());
    }
}

#[test]
fn missing_targets_are_created_and_named() {
    let local = Local::start(&script(""));
    let output = local.run(ROWS);
    let told = text(&output.stderr);
    assert!(told.contains("because of --local, target tables that are missing are created: t\n"));
}

#[test]
fn a_connection_file_belongs_to_one_stand_in() {
    let mut local = Local::start(&script(""));
    let file = local.path().join("here.json");
    let before = std::fs::read_to_string(&file).unwrap();
    let second = command(local.path(), &["local", "--connection-file", "here.json"]).output();
    let second = second.unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("here.json belongs to a stand-in that is running"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);

    local.kill();
    let output = command(local.path(), &["run", "script.sql", "--local=here.json"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains("the stand-in of here.json is not running"), "{error}");
}

#[test]
fn a_data_directory_knows_users_buckets_and_roles_of_earlier_starts() {
    let mut local = Local::start(&script(""));
    assert!(local.run(ROWS).status.success());
    local.start_again();
    let output = local.run(ROWS);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(local.query("SELECT COUNT(*) FROM items"), "6");
}

#[test]
fn comments_of_the_script_are_on_the_table_that_it_makes() {
    let sql = script("").replace(
        "CREATE TABLE t (id BIGINT, name STRING) WITH (",
        "CREATE TABLE t (id BIGINT COMMENT 'it''s \\ the id', name STRING) COMMENT 'things' WITH (",
    );
    let local = Local::start(&sql);
    let output = local.run(ROWS);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let remarks = "SELECT remarks FROM svv_all_columns WHERE table_name = 'items' AND \
                   column_name = 'id'";
    assert_eq!(local.query(remarks), "it's \\ the id");
    let remarks = "SELECT remarks FROM svv_all_columns WHERE table_name = 'items' AND \
                   column_name = 'name'";
    assert_eq!(local.query(remarks), "nothing");
}

#[test]
fn a_data_directory_is_not_mixed_with_other_files() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("mine.txt"), "mine").unwrap();
    let output = command(directory.path(), &["local", "--data-dir", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no stand-in's"), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_killed_run_leaves_nothing_in_the_temporary_directory() {
    let local = Local::prepare(&script(""));
    let temporary = local.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    std::fs::set_permissions(&temporary, std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut run = command(local.path(), &["run", "script.sql", "--local"]);
    let mut child = run.env("TMPDIR", &temporary).spawn().unwrap();
    // It opens its rows when the stand-in runs and the target is there.
    let rows = local.rows();
    let left = || std::fs::read_dir(&temporary).unwrap().count();
    assert!(left() > 0, "the stand-in keeps its files elsewhere, and this test sees nothing");
    signal("-KILL", &child);
    child.wait().unwrap();
    drop(rows);
    let started = Instant::now();
    while left() > 0 {
        assert!(started.elapsed() < support::WAIT, "{} are left", left());
        std::thread::sleep(Duration::from_millis(50));
    }
}
