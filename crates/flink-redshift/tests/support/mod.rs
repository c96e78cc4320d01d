//! What the tests share: scripts in a directory of their own, and a stand-in that outlives runs.

#![allow(dead_code, reason = "no test uses all of it")]
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

pub const WAIT: Duration = Duration::from_secs(120);

pub fn command(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flink-redshift"));
    command.args(args).current_dir(directory);
    command
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub fn report(output: &Output) -> serde_json::Value {
    let last = text(&output.stdout).lines().last().unwrap_or_else(|| {
        panic!("no report: {}\n{}", output.status, text(&output.stderr));
    });
    serde_json::from_str(last).unwrap()
}

pub fn signal(name: &str, child: &Child) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

pub fn wait(child: &mut Child) {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < WAIT, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A script with its files, which needs no Redshift.
pub struct Script {
    directory: TempDir,
}

impl Script {
    pub fn new(script: &str, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("script.sql"), script).unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        Script { directory }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flink-redshift"));
        command.args(["run", "script.sql"]).args(args).current_dir(self.path());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

pub const COUNT: &str = "\
CREATE TABLE v (i INT, s STRING) WITH ('connector' = 'filesystem', 'path' = 'v.csv', 'format' = 'csv');
CREATE TABLE p (i INT, s STRING) WITH ('connector' = 'print');
CREATE TABLE b (i INT) WITH ('connector' = 'blackhole');
INSERT INTO p SELECT i, s FROM v;
INSERT INTO b SELECT i FROM v;
";

/// A directory with a script, and a stand-in for it that runs until it is dropped.
pub struct Local {
    directory: TempDir,
    server: Option<Child>,
}

impl Local {
    /// The script and its pipe, and a stand-in for them.
    pub fn start(script: &str) -> Self {
        let mut local = Local::prepare(script);
        local.serve(&["--for", "script.sql"]);
        local
    }

    /// Stops the stand-in, and starts it again over the same data without the script.
    pub fn start_again(&mut self) {
        self.stop();
        self.server = None;
        self.serve(&[]);
    }

    /// The script and its pipe, without a stand-in.
    pub fn prepare(script: &str) -> Self {
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
        Local { directory, server: None }
    }

    fn serve(&mut self, script: &[&str]) {
        let place = ["--connection-file", "here.json", "--data-dir", "data"];
        let mut local = command(self.path(), &["local"]);
        let server = local.args(script).args(place).stdout(Stdio::piped()).spawn().unwrap();
        let server = self.server.insert(server);
        let file = self.directory.path().join("here.json");
        let started = Instant::now();
        while !file.exists() {
            assert!(server.try_wait().unwrap().is_none(), "the stand-in did not start");
            assert!(started.elapsed() < WAIT, "the stand-in is not ready");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the stand-in as nobody should.
    pub fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        signal("-KILL", &server);
        server.wait().unwrap();
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn spawn(&self) -> Child {
        command(self.path(), &["run", "script.sql", "--local=here.json", "--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub fn rows(&self) -> std::fs::File {
        std::fs::OpenOptions::new().write(true).open(self.path().join("rows/rows.csv")).unwrap()
    }

    /// A whole run over these rows.
    pub fn run(&self, rows: &str) -> Output {
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

    pub fn query(&self, sql: &str) -> String {
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
    pub fn wait_for_staging(&self) {
        let started = Instant::now();
        while self.staged().is_empty() {
            assert!(started.elapsed() < WAIT, "nothing is staged");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The objects that are staged on S3, those whose upload is under way among them.
    pub fn staged(&self) -> Vec<PathBuf> {
        self.files(|path| path.contains("/objects/") || path.contains("partial/"))
    }

    /// What the objects on S3 hold, all of them, as text.
    pub fn objects(&self) -> Vec<String> {
        let found = self.files(|path| path.contains("/objects/"));
        found.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    fn files(&self, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let root = self.path().join("data/s3");
        let (mut found, mut directories) = (Vec::new(), vec![root.clone()]);
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let inside = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                match path.is_dir() {
                    true => directories.push(path),
                    false if wanted(&inside) => found.push(path),
                    false => {}
                }
            }
        }
        found
    }
}

impl Local {
    fn stop(&mut self) {
        let Some(server) = &mut self.server else { return };
        // It may have ended already.
        let _ = Command::new("kill").arg(server.id().to_string()).status();
        let _ = server.wait();
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.stop();
    }
}

pub fn script(options: &str) -> String {
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

pub const ROWS: &str = "1,a\n2,b\n3,c\n";

/// Enough rows for several parts, so that something is staged when the pipe takes no more.
pub fn fill(rows: &mut std::fs::File) {
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
