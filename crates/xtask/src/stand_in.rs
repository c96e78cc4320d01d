//! A stand-in for Redshift and S3 that outlives the load it is for.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{repo, shell};

/// How long it may take to start on a slow machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long it may take to stop before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// How to reach a stand-in, as it writes it into its connection file.
pub struct Connection {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub database: String,
    pub ca_file: String,
}

impl Connection {
    /// Reads a connection file.
    pub fn read(file: &Path) -> Result<Connection> {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        Connection::parse(&text)
            .with_context(|| format!("{} is not a connection file", file.display()))
    }

    /// Reads what is in a connection file. No error quotes what the file says: it holds a password.
    fn parse(text: &str) -> Result<Connection> {
        let fields: Value = serde_json::from_str(text).context("it is not JSON")?;
        let text = |key: &str| {
            let value = fields[key].as_str().map(str::to_owned);
            value.with_context(|| format!("it has no text `{key}`"))
        };
        let port = fields["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        Ok(Connection {
            host: text("host")?,
            port: port.context("it has no `port`")?,
            user: text("user")?,
            password: text("password")?,
            database: text("database")?,
            ca_file: text("ca_file")?,
        })
    }
}

/// A stand-in that runs as a process of its own, so that it outlives the load.
pub struct StandIn {
    child: Child,
    /// Its connection file, which it removes when it ends, also by Ctrl-C.
    pub file: PathBuf,
}

impl StandIn {
    /// Starts one that has what `script` names (a path from the repository's root), and waits until
    /// it is ready.
    pub fn start(program: &Path, script: &str) -> Result<StandIn> {
        // Beside the program that was built, where others cannot put a link in its place.
        let file = program.with_file_name(format!("stand-in-{}.json", std::process::id()));
        let mut command = Command::new(program);
        command.args(["local", "--for", script, "--connection-file"]).arg(&file);
        println!("\n$ {} local --for {script} &", program.display());
        let child = command
            .current_dir(repo::root())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut stand_in = StandIn { child, file };
        stand_in.wait_until_ready()?;
        Ok(stand_in)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        // The file counts once it is whole: it may be seen while it is being written.
        while Connection::read(&self.file).is_err() {
            if let Some(status) = self.child.try_wait().context("waiting for the stand-in")? {
                bail!("the stand-in ended before it was ready ({status}); its messages are above");
            }
            if begun.elapsed() > START_LIMIT {
                bail!("the stand-in was not ready within {} s", START_LIMIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Asks it to end, so that it stops its database and removes its data.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        if self.child.try_wait().context("waiting for the stand-in")?.is_some() {
            return Ok(());
        }
        let id = self.child.id().to_string();
        shell::output("sh", &["-c", r#"kill -TERM "$0""#, &id]);
        let begun = Instant::now();
        while self.child.try_wait().context("waiting for the stand-in")?.is_none() {
            if begun.elapsed() > STOP_LIMIT {
                self.child.kill().context("cannot end the stand-in")?;
                self.child.wait().context("waiting for the stand-in")?;
                bail!("the stand-in did not stop within {} s and was killed", STOP_LIMIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for StandIn {
    /// A stand-in never outlives the task, however the task ends.
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("warning: {error:#}");
        }
        // It is there still where the stand-in was killed.
        let _ = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_file_is_read_and_a_wrong_one_refused() {
        let text = r#"{"host":"127.0.0.1","port":5439,"user":"u","password":"p","database":"dev",
            "ca_file":"ca.pem","s3_endpoint":"http://127.0.0.1:1","access_key_id":"a",
            "secret_access_key":"s"}"#;
        let connection = Connection::parse(text).unwrap();
        assert_eq!((connection.port, connection.database.as_str()), (5439, "dev"));
        assert!(Connection::parse(r#"{"host":"h"}"#).is_err());
        assert!(Connection::parse(&text.replace("5439", "70000")).is_err());
        assert!(Connection::parse("").is_err());
    }
}
