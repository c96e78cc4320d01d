//! A stand-in under control: it is told what to do by its input, and ends with it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{needs, shell, stand_in::Connection};

/// The program, an example of the stand-in's crate.
pub const PROGRAM: &str = "controlled";

/// A running stand-in.
pub struct Controlled {
    child: Child,
    /// Gone once it is told to end.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// How it is reached, as it says itself.
    pub connection: Value,
    directory: PathBuf,
}

impl Controlled {
    /// Starts one with a bucket of that name.
    pub fn start(program: &Path, bucket: &str) -> Result<Controlled> {
        let directory =
            std::env::temp_dir().join(format!("flink-redshift-controlled-{}", std::process::id()));
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        println!("\n$ {} --bucket {bucket} &", program.display());
        let mut child = Command::new(program)
            .args(["--bucket", bucket, "--connection-file"])
            .arg(directory.join("connection.json"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("the stand-in has no output")?);
        let connection = Value::Null;
        let mut stand_in = Controlled { child, commands, answers, connection, directory };
        stand_in.connection = stand_in.answer().context("the stand-in did not start")?;
        Ok(stand_in)
    }

    /// The file that says how it is reached.
    pub fn file(&self) -> PathBuf {
        self.directory.join("connection.json")
    }

    /// One text of its connection.
    pub fn text(&self, key: &str) -> Result<String> {
        let value = &self.connection[key];
        let text = value.as_str().map(str::to_owned).or_else(|| Some(value.as_u64()?.to_string()));
        text.with_context(|| format!("the stand-in's connection has no `{key}`"))
    }

    /// How psql reaches it: as the user whose password is stored in a form that psql knows.
    pub fn for_psql(&self) -> Result<Connection> {
        let mut connection = Connection::read(&self.file())?;
        connection.user = "watcher".to_owned();
        Ok(connection)
    }

    /// The rows of a query, each value as text or nothing.
    pub fn rows(&mut self, query: &str) -> Result<Vec<Vec<Option<String>>>> {
        let answer = self.tell(&json!({"sql": query}))?;
        let rows = serde_json::from_value(answer["rows"].clone());
        rows.with_context(|| format!("the answer to `{query}` has no rows"))
    }

    /// Runs a statement of PostgreSQL's own behind the stand-in's front.
    pub fn postgres(&self, statement: &str) -> Result<()> {
        let socket = PathBuf::from(self.text("postgres_socket")?);
        let directory = socket.parent().context("PostgreSQL's socket lies nowhere")?;
        let mut psql = Command::new(needs::psql().context("psql has gone")?);
        psql.arg("-h").arg(directory).args([
            "-U",
            "rdsdb",
            "-d",
            &self.text("database")?,
            "-q",
            "-X",
        ]);
        shell::run(psql.args(["-v", "ON_ERROR_STOP=1", "-c", statement]))
    }

    /// Gives a command, and gives back its answer.
    pub fn tell(&mut self, command: &Value) -> Result<Value> {
        let commands = self.commands.as_mut().context("the stand-in was told to end")?;
        writeln!(commands, "{command}").context("the stand-in takes no more commands")?;
        let answer = self.answer()?;
        if let Some(error) = answer["error"].as_str() {
            bail!("the stand-in answered {command} with: {error}");
        }
        Ok(answer)
    }

    fn answer(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line).context("cannot read what the stand-in says")?;
        if line.is_empty() {
            bail!("the stand-in has ended; its messages are above");
        }
        serde_json::from_str(&line).context("what the stand-in says is no JSON")
    }

    /// Ends it, so that it stops its database and removes its data.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        drop(self.commands.take());
        let status = self.child.wait().context("waiting for the stand-in")?;
        if !status.success() {
            bail!("the stand-in ended badly: {status}");
        }
        Ok(())
    }
}

impl Drop for Controlled {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("warning: {error:#}");
        }
        // After `stop` it is gone already.
        let _ = fs::remove_dir_all(&self.directory);
    }
}
