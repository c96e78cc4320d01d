//! The commands, and what they answer.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use redshift_local::{
    RedshiftLocal,
    config::{Isolation, Latency},
    faults::FaultRule,
    s3::Rule,
};
use serde::{Deserialize, Serialize};

use crate::{
    connection::LOADER,
    sql::{self, Rows},
};

/// A command: an object with one field, whose name says what to do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Runs statements in a session of their own, as a user whom no fault meets. Answers `columns`
    /// and `rows` of the last result, values as text or null.
    Sql(String),
    /// Adds a fault of the Redshift side. It meets the loader's sessions where it names no user.
    Fault(FaultRule),
    /// Adds a fault of the S3 side.
    S3Fault(Rule),
    /// Removes all faults of both sides. What is stalled already stays so.
    ClearFaults(Yes),
    /// Answers how many events the faults of each side have met: `server` since the last
    /// `clear_faults`, `s3` since the start.
    Taken(Yes),
    /// Answers `statements`, those that were sent since the start or the last `clear_statements`,
    /// oldest first, but those of `sql`.
    Statements(Yes),
    /// Forgets the statements.
    ClearStatements(Yes),
    /// Answers `sessions`: those that are there, but those of `sql`.
    Sessions(Yes),
    /// Answers `objects`: the keys of all buckets that begin so, with their sizes in bytes.
    Objects(String),
    /// Removes the objects of all buckets whose keys begin so.
    RemoveObjects(String),
    /// Sets how slow the Redshift side is.
    Latency(Slowness),
    /// Sets the isolation level of sessions to come.
    Isolation(Isolation),
    /// Ends the stand-in.
    Stop(Yes),
}

/// What a command says that has nothing to say: `true`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "bool")]
pub struct Yes;

impl TryFrom<bool> for Yes {
    type Error = &'static str;

    fn try_from(yes: bool) -> Result<Yes, &'static str> {
        if yes { Ok(Yes) } else { Err("leave the command out instead of saying false") }
    }
}

/// How slow the Redshift side is: the least time of every statement, of a COMMIT that wrote
/// something, and of a COPY; milliseconds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slowness {
    statement: u64,
    commit: u64,
    copy: u64,
}

/// What a command answers.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The command is done and has nothing to say.
    Done { ok: bool },
    /// What a query gave.
    Rows { columns: Vec<String>, rows: Vec<Vec<Option<String>>> },
    /// How often faults struck.
    Taken { server: u32, s3: u64 },
    /// Statements that were sent.
    Statements { statements: Vec<Statement> },
    /// Sessions that are there.
    Sessions { sessions: Vec<Session> },
    /// Objects and their sizes.
    Objects { objects: Vec<(String, u64)> },
    /// The stand-in ends now.
    #[serde(serialize_with = "stopping")]
    Stopping,
    /// It did not work.
    Failed { error: String, sqlstate: Option<String> },
}

/// A statement that a client sent.
#[derive(Debug, PartialEq, Serialize)]
pub struct Statement {
    user: String,
    application_name: String,
    query_group: String,
    text: String,
    shape: String,
}

/// A session.
#[derive(Debug, PartialEq, Serialize)]
pub struct Session {
    pid: i32,
    user: String,
    application_name: String,
    query_group: String,
    in_block: bool,
}

/// A stand-in that obeys.
#[derive(Debug)]
pub struct Control {
    local: RedshiftLocal,
}

impl Control {
    /// Takes a stand-in under control.
    pub fn new(local: RedshiftLocal) -> Control {
        Control { local }
    }

    /// Does what a line says. What fails is an answer too.
    pub async fn obey(&self, line: &str) -> Answer {
        let command = serde_json::from_str(line).context("not a command");
        let done = match command {
            Ok(command) => self.run(command).await,
            Err(error) => Err(error),
        };
        done.unwrap_or_else(|error| Answer::Failed {
            error: format!("{error:#}"),
            sqlstate: error
                .chain()
                .find_map(|cause| cause.downcast_ref::<tokio_postgres::Error>())
                .and_then(|error| error.code())
                .map(|code| code.code().to_owned()),
        })
    }

    /// Ends the stand-in and waits for it.
    pub async fn stop(self) -> Result<()> {
        self.local.stop().await
    }

    async fn run(&self, command: Command) -> Result<Answer> {
        let local = &self.local;
        match command {
            Command::Sql(text) => {
                let Rows { columns, rows } = sql::query(local, &text).await?;
                return Ok(Answer::Rows { columns, rows });
            }
            Command::Fault(mut rule) => {
                rule.when.user.get_or_insert_with(|| LOADER.to_owned());
                local.faults().inject(rule);
            }
            Command::S3Fault(rule) => local.s3().faults().add(rule),
            Command::ClearFaults(Yes) => {
                local.faults().clear();
                local.s3().faults().clear();
            }
            Command::Taken(Yes) => {
                let (server, s3) = (local.faults().taken(), local.s3().faults().fired());
                return Ok(Answer::Taken { server, s3 });
            }
            Command::Statements(Yes) => return Ok(self.statements()),
            Command::ClearStatements(Yes) => local.statements().clear(),
            Command::Sessions(Yes) => return Ok(self.sessions()),
            Command::Objects(prefix) => {
                let objects = self.objects(&prefix)?.into_values().flatten().collect();
                return Ok(Answer::Objects { objects });
            }
            Command::RemoveObjects(prefix) => {
                for (bucket, objects) in self.objects(&prefix)? {
                    for (key, _) in objects {
                        local.s3().delete(&bucket, &key)?;
                    }
                }
            }
            Command::Latency(slowness) => local.set_latency(slowness.latency()),
            Command::Isolation(isolation) => local.set_isolation(isolation).await?,
            Command::Stop(Yes) => return Ok(Answer::Stopping),
        }
        Ok(Answer::Done { ok: true })
    }

    fn statements(&self) -> Answer {
        let records = self.local.statements().all();
        let others = records.into_iter().filter(|record| record.user == LOADER);
        let statements = others.map(|record| Statement {
            user: record.user,
            application_name: record.application_name,
            query_group: record.query_group,
            text: record.text,
            shape: record.shape,
        });
        Answer::Statements { statements: statements.collect() }
    }

    fn sessions(&self) -> Answer {
        let others = self.local.sessions().into_iter().filter(|session| session.user == LOADER);
        let sessions = others.map(|session| Session {
            pid: session.pid,
            user: session.user,
            application_name: session.application_name,
            query_group: session.query_group,
            in_block: session.in_block,
        });
        Answer::Sessions { sessions: sessions.collect() }
    }

    /// Keys and sizes by bucket. A list meets the faults of COPY's own reads, like any other.
    fn objects(&self, prefix: &str) -> Result<BTreeMap<String, Vec<(String, u64)>>> {
        let list = |bucket: &str| -> Result<Vec<(String, u64)>> {
            let objects = self.local.s3().list(bucket, prefix)?;
            Ok(objects.into_iter().map(|object| (object.key, object.size)).collect())
        };
        let buckets = self.local.config().buckets.iter();
        buckets.map(|bucket| Ok((bucket.name.clone(), list(&bucket.name)?))).collect()
    }
}

impl Slowness {
    fn latency(&self) -> Latency {
        Latency {
            statement: Duration::from_millis(self.statement),
            commit: Duration::from_millis(self.commit),
            copy: Duration::from_millis(self.copy),
        }
    }
}

/// Says so as any other command that is done does.
fn stopping<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    Answer::Done { ok: true }.serialize(serializer)
}
