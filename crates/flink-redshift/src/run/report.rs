//! What a run did: as text for people and as JSON for programs.

use std::{fmt, time::Duration};

use indicatif::{HumanBytes, HumanCount, HumanDuration};
use serde::Serialize;

use super::insert::Done;
use crate::{connect::Connector, failure::Failure, plan::PlannedInsert};

/// What a run did.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The script.
    pub script: String,
    /// The job's name, which labels its sessions and its rows of the ledgers.
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
    /// Rows that were committed by this run.
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

impl Report {
    /// A report in which nothing has run.
    pub fn new(script: &str, job: &str, inserts: &[PlannedInsert]) -> Self {
        let inserts = inserts.iter().map(|insert| InsertReport {
            line: insert.line,
            table: insert.table.clone(),
            connector: connector(&insert.sink),
            status: Status::NotRun,
            rows: 0,
            loaded_rows: None,
            bytes: None,
            parts: None,
            commits: None,
            retries: None,
            took: Duration::ZERO,
        });
        Report {
            script: script.to_owned(),
            job: job.to_owned(),
            inserts: inserts.collect(),
            took: Duration::ZERO,
        }
    }

    /// One line of JSON, with the failure where there was one.
    pub fn json(&self, failure: Option<&Failure>) -> String {
        let mut value = serde_json::json!(self);
        value["rows"] = self.inserts.iter().map(|insert| insert.rows).sum::<u64>().into();
        value["status"] = match failure {
            None => "done".into(),
            Some(Failure::Interrupted) => "interrupted".into(),
            Some(_) => "failed".into(),
        };
        value["error"] = match failure {
            None => serde_json::Value::Null,
            Some(failure) => serde_json::json!({
                "kind": failure.kind(),
                "message": failure.to_string(),
                "exit_code": failure.exit_code(),
            }),
        };
        value.to_string()
    }
}

impl InsertReport {
    /// Notes what an INSERT did.
    pub fn record(&mut self, done: &Done) {
        self.rows = done.rows;
        self.took = done.took;
        if let Some(load) = &done.load {
            self.loaded_rows = Some(load.loaded_rows);
            self.bytes = Some(load.bytes);
            self.parts = Some(load.parts);
            self.commits = Some(load.commits);
            self.retries = Some(load.retries);
        }
        let before = done.load.as_ref().is_some_and(|load| load.already_applied);
        self.status = match &done.result {
            Ok(()) if before => Status::AlreadyLoaded,
            Ok(()) => Status::Done,
            Err(failure) if failure.exit_code() == 130 => Status::Interrupted,
            Err(failure) if failure.exit_code() == 5 => Status::Unknown,
            Err(_) => Status::Failed,
        };
    }
}

fn connector(sink: &Connector) -> &'static str {
    match sink {
        Connector::Filesystem(_) => "filesystem",
        Connector::Print(_) => "print",
        Connector::Blackhole => "blackhole",
        Connector::Redshift(_) => "redshift",
    }
}

fn milliseconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

/// A number and what it counts: `1 part`, `1,024 rows`.
fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for insert in &self.inserts {
            writeln!(f, "{insert}")?;
        }
        let rows = counted(self.inserts.iter().map(|insert| insert.rows).sum(), "row");
        let (inserts, time) = (self.inserts.len() as u64, HumanDuration(self.took));
        let inserts = counted(inserts, "INSERT");
        let exact = self.took.as_secs_f64();
        match exact < 60.0 {
            true => write!(f, "{inserts}, {rows}, {exact:.1} s"),
            false => write!(f, "{inserts}, {rows}, {time}"),
        }
    }
}

impl fmt::Display for InsertReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        let rows = counted(self.rows, "row");
        write!(f, "{}: ", self.table)?;
        match self.status {
            Status::NotRun => return f.write_str("not run"),
            Status::Failed => return write!(f, "failed after {rows}, {seconds:.1} s"),
            Status::Interrupted => return write!(f, "interrupted after {rows}"),
            Status::Unknown => return write!(f, "{rows}, and COMMIT has no known outcome"),
            Status::AlreadyLoaded => return f.write_str("loaded already by an earlier run"),
            Status::Done => write!(f, "{rows}")?,
        }
        if let (Some(bytes), Some(parts)) = (self.bytes, self.parts) {
            write!(f, " loaded, {} in {}", HumanBytes(bytes), counted(parts, "part"))?;
        }
        let speed = HumanCount((self.rows as f64 / seconds.max(0.001)) as u64);
        write!(f, ", {seconds:.1} s ({speed} rows/s)")?;
        match self.retries {
            Some(1) => f.write_str(", 1 retry"),
            Some(retries @ 2..) => write!(f, ", {retries} retries"),
            _ => Ok(()),
        }
    }
}
