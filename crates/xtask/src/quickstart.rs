//! `cargo xtask quickstart`: the main job on real data, from nothing to rows in tables.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    cargo,
    needs::{self, Need},
    repo, shell,
};

const SCRIPT: &str = "examples/quickstart.sql";

/// How long the stand-in may take to start on a slow machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long it may take to stop before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// What the stand-in is asked for afterwards: a title and a query.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "Rows in each table",
        "SELECT 'airlines' AS table_name, count(*) AS row_count FROM airlines \
         UNION ALL SELECT 'airports', count(*) FROM airports \
         UNION ALL SELECT 'flights', count(*) FROM flights \
         UNION ALL SELECT 'planes', count(*) FROM planes \
         UNION ALL SELECT 'weather', count(*) FROM weather ORDER BY 1",
    ),
    (
        "Miles flown, and flights that never left (a sum, and NA as NULL)",
        "SELECT sum(distance) AS miles, count(*) - count(dep_time) AS never_left FROM flights",
    ),
    (
        "The latest airlines (a join)",
        "SELECT a.name, count(*) AS flight_count, round(avg(f.dep_delay), 1) AS mean_delay_minutes \
         FROM flights f JOIN airlines a ON a.carrier = f.carrier \
         GROUP BY a.name ORDER BY mean_delay_minutes DESC LIMIT 5",
    ),
];

/// Builds the command, loads the example and asks for what arrived.
pub fn run(install: bool) -> Result<()> {
    let begun = Instant::now();
    needs::provide(&[Need::CCompiler, Need::PostgresServer, Need::Psql], install)?;
    // Without aws-config: the stand-in's keys come with its connection file, and AWS's credential
    // chain is a fifth of the build.
    let arguments = ["--profile", "quick", "--package", "flink-redshift", "--no-default-features"];
    let program = cargo::build_program(&arguments, "flink-redshift")?;
    println!("built in {}", seconds(begun.elapsed()));

    let loading = Instant::now();
    let stand_in = StandIn::start(&program)?;
    let mut load = Command::new(&program);
    load.args(["run", SCRIPT]).arg(format!("--local={}", stand_in.file.display()));
    shell::run(load.current_dir(repo::root()))?;
    println!("loaded in {}", seconds(loading.elapsed()));

    let connection = stand_in.connection()?;
    for (title, query) in QUESTIONS {
        println!("\n{title}:");
        ask(&connection, query)?;
    }
    stand_in.stop()?;
    println!("\nquickstart done in {}", seconds(begun.elapsed()));
    println!("To look around yourself: {} local --for {SCRIPT}", program.display());
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
}

/// How to reach a stand-in, as it writes it into its connection file.
struct Connection {
    host: String,
    port: u16,
    user: String,
    password: String,
    database: String,
    ca_file: String,
}

impl Connection {
    /// Reads a connection file. No error quotes what the file says: it holds a password.
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
struct StandIn {
    child: Child,
    dir: PathBuf,
    file: PathBuf,
}

impl StandIn {
    /// Starts one that has what the script names, and waits until it is ready.
    fn start(program: &Path) -> Result<StandIn> {
        let dir =
            std::env::temp_dir().join(format!("flink-redshift-quickstart-{}", std::process::id()));
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let file = dir.join("connection.json");
        let mut command = Command::new(program);
        command.args(["local", "--for", SCRIPT, "--connection-file"]).arg(&file);
        println!("\n$ {} local --for {SCRIPT} &", program.display());
        let child = command
            .current_dir(repo::root())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut stand_in = StandIn { child, dir, file };
        stand_in.wait_until_ready()?;
        Ok(stand_in)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        // The file counts once it is whole: it may be seen while it is being written.
        while self.connection().is_err() {
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

    fn connection(&self) -> Result<Connection> {
        let text = fs::read_to_string(&self.file)
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        Connection::parse(&text)
            .with_context(|| format!("{} is not a connection file", self.file.display()))
    }

    /// Asks it to end, so that it stops its database and removes its data.
    fn stop(mut self) -> Result<()> {
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
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            eprintln!("warning: cannot remove {}: {error}", self.dir.display());
        }
    }
}

/// Puts one query to the stand-in with psql, over TLS that checks the stand-in's authority, and
/// prints the answer as psql does.
fn ask(connection: &Connection, query: &str) -> Result<()> {
    let psql = needs::psql().context("psql has gone")?;
    let mut command = Command::new(psql);
    command
        .args(["--no-psqlrc", "--set=ON_ERROR_STOP=1", "--pset=footer=off", "--command", query])
        .env("PGHOST", &connection.host)
        .env("PGPORT", connection.port.to_string())
        .env("PGUSER", &connection.user)
        .env("PGPASSWORD", &connection.password)
        .env("PGDATABASE", &connection.database)
        .env("PGSSLMODE", "verify-ca")
        .env("PGSSLROOTCERT", &connection.ca_file)
        .env_remove("PGSERVICE");
    shell::run(&mut command)
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

    #[test]
    fn the_questions_name_every_table_of_the_script() {
        let script = fs::read_to_string(repo::root().join(SCRIPT)).unwrap();
        let tables = script.lines().filter_map(|line| line.strip_prefix("INSERT INTO "));
        let counts = QUESTIONS[0].1;
        let mut seen = 0;
        for table in tables.filter_map(|rest| rest.split_whitespace().next()) {
            assert!(counts.contains(&format!("FROM {table}")), "{table} is not counted");
            seen += 1;
        }
        assert_eq!(seen, 5);
    }
}
