//! Whether a sink would work: each thing that a load needs is tried as a load does it, and nothing
//! of it stays. What does not depend on something that failed is tried all the same.

mod database;
mod storage;
mod target;

use std::time::{Duration, Instant};

use serde::Serialize;

use super::Sink;
use crate::error::{Error, ErrorKind, Result};

/// How something that was tried ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It works.
    Passed,
    /// It works, and may not be what was meant.
    Warning,
    /// It does not work: a load would fail.
    Failed,
    /// It was not tried, since something that it needs does not work or is not there.
    Skipped,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its stable name.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found. Holds no secret.
    pub found: String,
    /// What to do, where there is something to do.
    pub advice: Option<String>,
    /// How long it took.
    #[serde(rename = "elapsed_ms", serialize_with = "milliseconds")]
    pub took: Duration,
}

fn milliseconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

impl Sink {
    /// Tries everything that a load needs, and nothing that it does not: connection, TLS, login, the
    /// database's settings, the target and its privileges; in copy mode S3, where rows that are set
    /// aside are put, and COPY. A missing table is not created but for a moment, in a transaction
    /// that is rolled back; locks are taken and given back at once.
    ///
    /// A login that fails is not tried again.
    pub async fn check(&self) -> Vec<Check> {
        let mut findings = Findings::default();
        let session = database::connect(self, &mut findings).await;
        if let Some(session) = &session {
            database::settings(session, &mut findings).await;
        }
        database::connections(self, &mut findings).await;
        let session = target::check(self, session, &mut findings).await;
        if self.config.copy.is_some() {
            storage::check(self, session.as_ref(), &mut findings).await;
        }
        findings.checks
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings {
    checks: Vec<Check>,
}

/// What a trial says of itself.
struct Told {
    verdict: Verdict,
    found: String,
    advice: Option<String>,
}

impl Told {
    fn passed(found: impl Into<String>) -> Told {
        Told { verdict: Verdict::Passed, found: found.into(), advice: None }
    }

    fn warning(found: impl Into<String>, advice: impl Into<String>) -> Told {
        Told { verdict: Verdict::Warning, found: found.into(), advice: Some(advice.into()) }
    }
}

impl Findings {
    /// Tries something; gives what it made, or what kind of error it met.
    async fn attempt<T>(
        &mut self,
        name: &'static str,
        work: impl Future<Output = Result<(T, Told)>>,
    ) -> Result<T, ErrorKind> {
        let started = Instant::now();
        let outcome = work.await;
        let took = started.elapsed();
        match outcome {
            Ok((made, told)) => {
                self.add(name, told, took);
                Ok(made)
            }
            Err(error) => {
                self.fail(name, &error, took);
                Err(error.kind())
            }
        }
    }

    fn add(&mut self, name: &'static str, told: Told, took: Duration) {
        let Told { verdict, found, advice } = told;
        self.checks.push(Check { name, verdict, found, advice, took });
    }

    fn pass(&mut self, name: &'static str, found: impl Into<String>) {
        self.add(name, Told::passed(found), Duration::ZERO);
    }

    fn skip(&mut self, name: &'static str, why: &str) {
        let told = Told { verdict: Verdict::Skipped, found: why.to_owned(), advice: None };
        self.add(name, told, Duration::ZERO);
    }

    fn fail(&mut self, name: &'static str, error: &Error, took: Duration) {
        let mut found = error.to_string();
        let advice = error.advice().map(str::to_owned);
        // The advice stands apart here.
        if let Some((before, _)) = found.split_once("\n  what to do: ") {
            found.truncate(before.len());
        }
        self.add(name, Told { verdict: Verdict::Failed, found, advice }, took);
    }
}

/// Adds what to grant to a refusal that says nothing better.
fn granting(error: Error, advice: impl FnOnce() -> String) -> Error {
    match error.kind() {
        ErrorKind::PermissionDenied if error.advice().is_none() => error.hint(advice()),
        _ => error,
    }
}
