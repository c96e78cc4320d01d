//! What a run did: as text for people and as JSON for programs.

use std::{fmt, time::Duration};

use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;

use super::insert::Done;
use crate::{failure::Failure, plan::PlannedInsert};

/// What a run did.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The script.
    pub script: String,
    /// The job's name: the script's file's where the script gives none.
    pub job: String,
    /// Each INSERT, in order.
    pub inserts: Vec<InsertReport>,
    /// How long everything took.
    #[serde(rename = "elapsed_ms", serialize_with = "milliseconds")]
    pub took: Duration,
}

/// What an INSERT did.
#[derive(Debug, Serialize)]
pub struct InsertReport {
    /// Line of the statement.
    pub line: u64,
    /// The table's name in the script.
    pub table: String,
    /// The table's connector.
    pub connector: &'static str,
    /// How it ended.
    pub status: Status,
    /// Rows that the query gave to the sink.
    pub rows: u64,
    /// Rows of those that this run committed, in either mode; of a keyed table they are changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loaded_rows: Option<u64>,
    /// Bytes that were staged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Parts that were staged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<u64>,
    /// Commits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commits: Option<u64>,
    /// Rows that were set aside, where some were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<u64>,
    /// Texts that were cut and values that became NULL, where some did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_values: Option<u64>,
    /// Keys that were changed and had more than one row in the target, where some had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_keys: Option<u64>,
    /// Tries that failed and were settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// How long it took.
    #[serde(rename = "elapsed_ms", serialize_with = "milliseconds")]
    pub took: Duration,
}

/// How an INSERT ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It has not run.
    NotRun,
    /// Its rows are there.
    Done,
    /// An earlier run of the same 'sink.run-id' had loaded them already.
    AlreadyLoaded,
    /// It failed.
    Failed,
    /// It was stopped.
    Interrupted,
    /// Nobody knows whether its rows are there.
    Unknown,
}

impl Status {
    fn of(failure: &Failure) -> Self {
        match failure {
            failure if failure.is_interrupt() => Status::Interrupted,
            failure if failure.is_unknown() => Status::Unknown,
            _ => Status::Failed,
        }
    }
}

impl Report {
    /// A report of a script that is not planned yet.
    pub fn new(script: &str) -> Self {
        let stem = std::path::Path::new(script).file_stem();
        let job = stem.map_or_else(|| "script".into(), |stem| stem.to_string_lossy().into_owned());
        let (script, inserts) = (script.to_owned(), Vec::new());
        Report { script, job, inserts, took: Duration::ZERO }
    }

    /// Notes what is to run.
    pub fn plan(&mut self, job: Option<&str>, inserts: &[PlannedInsert]) {
        if let Some(job) = job {
            job.clone_into(&mut self.job);
        }
        let inserts = inserts.iter().map(|insert| InsertReport {
            line: insert.line,
            table: insert.table.clone(),
            connector: insert.sink.kind(),
            status: Status::NotRun,
            rows: 0,
            loaded_rows: None,
            bytes: None,
            parts: None,
            commits: None,
            dead_letters: None,
            changed_values: None,
            duplicate_keys: None,
            retries: None,
            took: Duration::ZERO,
        });
        self.inserts = inserts.collect();
    }

    /// One line of JSON, with the failure where there was one.
    pub fn json(&self, failure: Option<&Failure>) -> String {
        let mut value = serde_json::json!(self);
        value["rows"] = self.inserts.iter().map(|insert| insert.rows).sum::<u64>().into();
        value["status"] = match failure {
            None => "done".into(),
            Some(failure) if failure.is_interrupt() => "interrupted".into(),
            Some(_) => "failed".into(),
        };
        value["error"] = match failure {
            None => serde_json::Value::Null,
            Some(failure) => failure.json(),
        };
        value.to_string()
    }
}

impl InsertReport {
    /// Notes what an INSERT did.
    pub fn record(&mut self, done: &Done) {
        self.rows = done.rows;
        self.took = done.took;
        self.loaded_rows = done.loaded;
        if let Some(load) = &done.load {
            self.loaded_rows = Some(load.loaded_rows);
            self.bytes = Some(load.bytes);
            self.parts = Some(load.parts);
            self.commits = Some(load.commits);
            self.dead_letters = Some(load.dead_letters).filter(|rows| *rows > 0);
            self.changed_values = Some(load.changed_values).filter(|values| *values > 0);
            self.duplicate_keys = Some(load.duplicate_keys).filter(|keys| *keys > 0);
            self.retries = Some(load.retries);
        }
        let before = done.load.as_ref().is_some_and(|load| load.already_applied);
        self.status = match &done.result {
            Ok(()) if before => Status::AlreadyLoaded,
            Ok(()) => Status::Done,
            Err(failure) => Status::of(failure),
        };
    }

    /// Notes that its target was refused before the first row.
    pub fn refuse(&mut self, failure: &Failure) {
        self.status = Status::of(failure);
        self.loaded_rows = Some(0);
    }
}

fn milliseconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

/// A number and what it counts: `1 part`, `1,024 rows`.
fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}

/// A time that a person reads: `0.4 s`, `1 min 6 s`, `2 h 0 min`.
fn lasting(took: Duration) -> String {
    let (seconds, exact) = (took.as_secs(), took.as_secs_f64());
    match seconds {
        0..60 => format!("{exact:.1} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for insert in &self.inserts {
            writeln!(f, "{insert}")?;
        }
        let inserts = counted(self.inserts.len() as u64, "INSERT");
        let read: u64 = self.inserts.iter().map(|insert| insert.rows).sum();
        // Where a sink is no table of Redshift, what it was given is where it goes.
        let arrived = |insert: &InsertReport| insert.loaded_rows.unwrap_or(insert.rows);
        let arrived: u64 = self.inserts.iter().map(arrived).sum();
        let rows = match read == arrived {
            true => counted(read, "row"),
            false => format!("read {}, loaded {}", counted(read, "row"), HumanCount(arrived)),
        };
        write!(f, "{inserts}, {rows}, {}", lasting(self.took))
    }
}

impl fmt::Display for InsertReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, took) = (counted(self.rows, "row"), lasting(self.took));
        let loaded = match self.loaded_rows {
            Some(loaded) => format!("read {rows}, loaded {}", HumanCount(loaded)),
            None => format!("after {rows}"),
        };
        write!(f, "{}: ", self.table)?;
        match self.status {
            Status::NotRun => return f.write_str("not run"),
            Status::Failed => return write!(f, "failed, {loaded}, {took}"),
            Status::Interrupted => return write!(f, "interrupted, {loaded}, {took}"),
            Status::Unknown => {
                return write!(f, "read {rows}, and COMMIT has no known outcome, {took}");
            }
            Status::AlreadyLoaded => {
                return write!(f, "loaded already by an earlier run, {loaded}, {took}");
            }
            // What was set aside is read and not loaded.
            Status::Done if self.dead_letters.is_some() => {
                f.write_str(&counted(self.loaded_rows.unwrap_or_default(), "row"))?;
            }
            Status::Done => f.write_str(&rows)?,
        }
        match (self.bytes, self.parts, self.commits) {
            // Jdbc mode, at least once.
            (_, Some(0), Some(commits @ 1..)) => {
                write!(f, " loaded in {}", counted(commits, "transaction"))?;
            }
            (Some(bytes), Some(parts), _) => {
                write!(f, " loaded, {} in {}", HumanBytes(bytes), counted(parts, "part"))?;
            }
            _ => {}
        }
        if let Some(rows) = self.dead_letters {
            write!(f, ", {} set aside", counted(rows, "row"))?;
        }
        if let Some(values) = self.changed_values {
            write!(f, ", {} changed", counted(values, "value"))?;
        }
        if let Some(keys) = self.duplicate_keys {
            write!(f, ", {} had more than one row", counted(keys, "key"))?;
        }
        let speed = self.rows as f64 / self.took.as_secs_f64().max(0.001);
        write!(f, ", {took} ({} rows/s)", HumanCount(speed as u64))?;
        match self.retries {
            Some(1) => f.write_str(", 1 retry"),
            Some(retries @ 2..) => write!(f, ", {retries} retries"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_form() {
        for (milliseconds, text) in [
            (0, "0.0 s"),
            (38_540, "38.5 s"),
            (59_960, "60.0 s"),
            (66_000, "1 min 6 s"),
            (120_900, "2 min 0 s"),
            (7_260_000, "2 h 1 min"),
        ] {
            assert_eq!(lasting(Duration::from_millis(milliseconds)), text);
        }
    }
}
