//! Scripts against the local stand-in: FLIP-307's example as printed, a stand-in that outlives its
//! runs, interrupts, and runs that are run again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio_postgres::{Config, NoTls};

const WAIT: Duration = Duration::from_secs(120);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn command(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flink-redshift"));
    command.args(args).current_dir(directory);
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn report(output: &Output) -> serde_json::Value {
    let last = text(&output.stdout).lines().last().unwrap_or_else(|| {
        panic!("no report: {}\n{}", output.status, text(&output.stderr));
    });
    serde_json::from_str(last).unwrap()
}

fn signal(name: &str, child: &Child) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn wait(child: &mut Child) {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < WAIT, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A directory with a script, and a stand-in for it that runs until it is dropped.
struct Local {
    directory: TempDir,
    server: Child,
}

impl Local {
    fn start(script: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // PostgreSQL runs as another user where this one is root.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), open).unwrap();
        std::fs::write(directory.path().join("script.sql"), script).unwrap();
        // Its rows come through a pipe, so that a run can be caught in the middle.
        let pipe = directory.path().join("rows");
        std::fs::create_dir(&pipe).unwrap();
        let made = Command::new("mkfifo").arg(pipe.join("rows.csv")).status().unwrap();
        assert!(made.success());
        let server = command(
            directory.path(),
            &[
                "local",
                "--for",
                "script.sql",
                "--connection-file",
                "here.json",
                "--data-dir",
                "data",
            ],
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
        let mut local = Local { directory, server };
        let started = Instant::now();
        while !local.path().join("here.json").exists() {
            assert!(local.server.try_wait().unwrap().is_none(), "the stand-in did not start");
            assert!(started.elapsed() < WAIT, "the stand-in is not ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        local
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn spawn(&self) -> Child {
        command(self.path(), &["run", "script.sql", "--local=here.json", "--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn rows(&self) -> std::fs::File {
        std::fs::OpenOptions::new().write(true).open(self.path().join("rows/rows.csv")).unwrap()
    }

    /// A whole run over these rows.
    fn run(&self, rows: &str) -> Output {
        let child = self.spawn();
        let pipe = self.path().join("rows/rows.csv");
        let rows = rows.to_owned();
        // A run that loads nothing never opens the pipe: the writer must not wait for ever.
        let writer = std::thread::spawn(move || {
            let file = std::fs::OpenOptions::new().write(true).open(pipe);
            let _ = file.and_then(|mut file| file.write_all(rows.as_bytes()));
        });
        let output = child.wait_with_output().unwrap();
        if !writer.is_finished() {
            drop(std::fs::File::open(self.path().join("rows/rows.csv")));
        }
        writer.join().unwrap();
        output
    }

    fn query(&self, sql: &str) -> String {
        let connection = std::fs::read_to_string(self.path().join("here.json")).unwrap();
        let connection: serde_json::Value = serde_json::from_str(&connection).unwrap();
        let field = |name: &str| connection[name].as_str().unwrap().to_owned();
        let mut config = Config::new();
        config
            .host(field("host"))
            .port(u16::try_from(connection["port"].as_u64().unwrap()).unwrap())
            .user(field("user"))
            .password(field("password"))
            .dbname(field("database"));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (client, session) = config.connect(NoTls).await.unwrap();
            let session = tokio::spawn(session);
            let messages = client.simple_query(sql).await.unwrap();
            drop(client);
            session.await.unwrap().unwrap();
            let row = messages.iter().find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0)),
                _ => None,
            });
            row.flatten().unwrap_or("nothing").to_owned()
        })
    }

    /// Waits until a run has staged something, without which its end would prove nothing.
    fn wait_for_staging(&self) {
        let started = Instant::now();
        while self.staged().is_empty() {
            assert!(started.elapsed() < WAIT, "nothing is staged");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The objects that are staged on S3.
    fn staged(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut directories = vec![self.path().join("data/s3")];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => directories.push(path),
                    false if path.to_string_lossy().contains("part") => found.push(path),
                    false => {}
                }
            }
        }
        found
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = Command::new("kill").arg(self.server.id().to_string()).status();
        let _ = self.server.wait();
    }
}

fn script(options: &str) -> String {
    format!(
        "CREATE TABLE v (id BIGINT, name STRING) WITH ('connector' = 'filesystem', 'path' = 'rows', 'format' = 'csv');
CREATE TABLE t (id BIGINT, name STRING) WITH (
    'connector' = 'redshift', 'hostname' = 'production.example.com', 'username' = 'loader',
    'password' = 'S3cret-of-the-script', 'database-name' = 'shop', 'table-name' = 'items', 'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://bucket/staging', 'aws.iam-role' = 'arn:aws:iam::123456789012:role/Copy'{options}
);
INSERT INTO t SELECT id, name FROM v;
"
    )
}

const ROWS: &str = "1,a\n2,b\n3,c\n";

#[test]
fn the_example_of_flip_307_runs_as_printed() {
    let output =
        command(&root(), &["run", "--local", "examples/flip-307-copy.sql", "--format", "json"])
            .output()
            .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report = report(&output);
    assert_eq!(report["status"], "done");
    assert_eq!(report["inserts"][0]["table"], "t_user");
    assert_eq!(report["inserts"][0]["rows"], 4);
    assert_eq!(report["inserts"][0]["commits"], 1);
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
    assert_eq!(report(&output)["status"], "interrupted");
    assert_eq!(local.query("SELECT COUNT(*) FROM items"), "0");
    assert_eq!(local.staged(), [] as [PathBuf; 0]);
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

/// Enough rows for several parts, so that something is staged when the pipe takes no more.
fn fill(rows: &mut std::fs::File) {
    let mut state = 1_u64;
    for block in 0..100 {
        let mut text = String::new();
        for row in 0..1000 {
            // Text that does not compress.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(&format!(
                "{},{state:016x}{:016x}\n",
                block * 1000 + row,
                state.rotate_left(7)
            ));
        }
        rows.write_all(text.as_bytes()).unwrap();
    }
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
