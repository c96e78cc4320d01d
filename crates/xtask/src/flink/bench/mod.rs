//! `cargo xtask bench flink`: this sink beside Flink's others, on a cluster of real processes.
//!
//! Each measurement has a cluster of its own, so that no JVM is warm from another sink. Rows come from
//! the table `users` of the project's tools, which makes them as fast as they are taken.

mod database;
pub mod jdbc;
mod measure;
mod sinks;
mod table;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use self::{
    database::Database,
    measure::{Sample, Settings},
    sinks::{Login, SINKS, Sink, To},
};
use super::{
    home::{self, Home, VERSION_2},
    parts::{self, Parts},
};
use crate::{controlled::Controlled, jar::Profile, maven, shell};

/// What is measured with how many subtasks.
const PARALLELISMS: [usize; 2] = [1, 2];

/// What the JDBC connector writes to at the stand-in; this sink creates its table itself.
const JDBC_TABLE: [&str; 3] = [
    "DROP TABLE IF EXISTS bench",
    "CREATE TABLE bench (user_id BIGINT, user_type INT, language VARCHAR(64), country VARCHAR(64), \
     gender VARCHAR(64), score DOUBLE PRECISION)",
    "GRANT INSERT ON bench TO watcher",
];

/// How long and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Measurements of each sink, of which the median counts.
    pub rounds: usize,
    /// How long each measurement lasts, the warm-up before it not counted.
    pub time: Duration,
}

/// What all measurements share.
struct Bench {
    parts: Parts,
    home: Home,
    /// Jars of the sinks that are compared with.
    others: PathBuf,
    stand_in: Controlled,
    database: Database,
}

/// Measures every sink, or those with `only` in their name, and prints the table with its goals.
pub fn run(effort: Effort, only: Option<&str>) -> Result<()> {
    let wanted = |sink: &Sink| only.is_none_or(|part| sink.name.contains(part));
    ensure!(SINKS.iter().any(wanted), "no sink has `{}` in its name", only.unwrap_or_default());
    let parts = Parts::build(Profile::Release)?;
    let others = other_jars()?;
    let stand_in = Controlled::start(&parts.stand_in, "bench")?;
    let database = Database::start(&parts::workshop("bench-database")?)?;
    let home = Home::of(VERSION_2)?;
    let mut bench = Bench { parts, home, others, stand_in, database };
    let mut samples: Vec<(&Sink, usize, Sample)> = Vec::new();
    for round in 1..=effort.rounds {
        for parallelism in PARALLELISMS {
            let sinks = SINKS.iter().filter(|sink| sink.is_measured_at(parallelism));
            for sink in sinks.filter(|sink| wanted(sink)) {
                println!("\n-- round {round}, parallelism {parallelism}: {}", sink.name);
                let sample = bench.measure(sink, parallelism, effort)?;
                println!("-- {sample}");
                samples.push((sink, parallelism, sample));
            }
        }
    }
    table::print(&samples, effort);
    bench.stand_in.stop()
}

impl Bench {
    fn measure(&mut self, sink: &Sink, parallelism: usize, effort: Effort) -> Result<Sample> {
        let directory = parts::workshop("bench")?;
        if sink.to == To::Jdbc {
            for statement in JDBC_TABLE {
                self.stand_in.rows(statement)?;
            }
        }
        let mut jars = vec![self.parts.jar.clone()];
        for jar in sink.jars {
            jars.push(jar_named(&self.others, jar)?);
        }
        let settings = Settings {
            home: &self.home,
            tools: &self.parts.tools,
            jars,
            script: sinks::script(sink, parallelism, &directory, &self.login(sink)?),
            time: effort.time,
        };
        let sample = measure::measure(&settings, &self.stand_in, &directory)?;
        // What it wrote would slow the next one down.
        self.stand_in.tell(&serde_json::json!({"remove_objects": ""}))?;
        parts::workshop("bench")?;
        self.database.forget()?;
        Ok(sample)
    }
}

impl Bench {
    /// How the JDBC connector reaches what it writes to.
    fn login(&self, sink: &Sink) -> Result<Login> {
        if sink.to == To::JdbcBare {
            return Ok(self.database.login());
        }
        let (port, database) = (&self.stand_in.connection["port"], self.stand_in.text("database")?);
        let address = format!("127.0.0.1:{port}/{database}?reWriteBatchedInserts=true");
        Ok(Login {
            url: format!("jdbc:postgresql://{address}"),
            // Its driver knows no login but by MD5, as this user's is.
            user: "watcher".to_owned(),
            password: self.stand_in.text("password")?,
        })
    }
}

/// Fetches the jars of the other sinks from Maven's repository, once.
fn other_jars() -> Result<PathBuf> {
    let directory = home::cache()?.join("bench-jars");
    let into = format!("-DoutputDirectory={}", directory.display());
    for artifact in sinks::ARTIFACTS {
        if jar_named(&directory, &sinks::file_name(artifact)).is_ok() {
            continue;
        }
        let goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";
        let artifact = format!("-Dartifact={artifact}");
        shell::run(&mut maven::maven(&["--quiet", "--non-recursive", goal, &artifact, &into])?)?;
    }
    Ok(directory)
}

fn jar_named(directory: &Path, beginning: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("cannot list {}", directory.display()))?;
    let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_it = |file: &PathBuf| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning))
    };
    match files.find(is_it) {
        Some(file) => Ok(file),
        None => bail!("{} has no jar {beginning}…", directory.display()),
    }
}
