//! The committer: runs one commit until it is applied, found applied, or failed for good.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    committable::{Committable, Unit},
    context::Context,
    identity::CommittableId,
    settle::{self, Settled},
    transaction::{self, Load},
};
use crate::{
    error::{Error, ErrorKind, Result, RetryClass},
    retry,
    session::Session,
    sql,
    stage::Manifest,
};

/// The longest wait for COMMIT's answer before the connection is given up and the ledger asked.
const COMMIT_PATIENCE: Duration = Duration::from_secs(120);
/// The longest wait for a rollback or a cancel request before the connection is dropped instead.
const UNDO_PATIENCE: Duration = Duration::from_secs(5);
/// The longest that anything beside the commit itself may take: looking for lost sessions, asking
/// why a load failed, removing what was loaded.
const ASIDE_PATIENCE: Duration = Duration::from_secs(60);
/// How often old ledger rows are pruned in passing.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// What became of a commit that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Whether it was found applied although this call had not sent COMMIT: another process had.
    pub before: bool,
    /// Rows that the commit holds.
    pub rows: u64,
    /// Parts that the commit holds.
    pub parts: usize,
    /// Tries that failed and were settled.
    pub retries: u32,
    /// How long it took.
    pub took: Duration,
}

/// Applies committables, one at a time, in the order they are given.
#[derive(Debug)]
pub struct Committer {
    pub(super) context: Arc<Context>,
    /// The session between tries and commits. A try owns it and gives it back when it has ended
    /// in order, so that a dropped future leaves no open transaction behind.
    session: Option<Labelled>,
    /// The present commit, and whether a COMMIT of it was sent whose outcome is not known.
    present: Option<CommittableId>,
    unsettled: bool,
    pruned: Option<Instant>,
}

/// An open session, under the label of the commit that it runs.
#[derive(Debug)]
struct Labelled {
    session: Session,
    label: String,
    /// Whether the session holds the loaded staging table of that commit.
    staged: bool,
}

/// How one call of `commit` goes on.
#[derive(Debug, Default)]
pub(super) struct Course {
    retries: u32,
    /// Whether a COMMIT of this call went without a clear answer.
    sent: bool,
    /// Units that were found applied.
    pub(super) done: HashSet<CommittableId>,
    /// The session of the last try, for the load-error view.
    pub(super) pid: Option<i32>,
}

/// How a try ended, apart from errors.
enum Step {
    /// Everything is in place; COMMIT makes it so.
    Ready,
    /// The ledger holds all units.
    AllApplied,
    /// The ledger holds some units that this try had loaded again.
    SomeApplied,
}

enum Outcome {
    Committed,
    Found,
    Again,
}

impl Committer {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Committer { context, session: None, present: None, unsettled: false, pruned: None }
    }

    /// Applies a commit, or finds that it was applied before. An error means that it is not
    /// applied, except for [`ErrorKind::CommitUnknown`]: then the same committable must be given
    /// again, here or in another process. After COMMIT its staged files go.
    ///
    /// `stop` ends the waiting: before COMMIT nothing is applied then; a COMMIT that was sent is
    /// waited for, two minutes at most.
    pub async fn commit(
        &mut self,
        commit: &Committable,
        stop: &CancellationToken,
    ) -> Result<Applied> {
        if self.present.as_ref() != Some(commit.id()) {
            self.present = Some(commit.id().clone());
            self.unsettled = false;
        }
        let applied = self.run(commit, stop).await?;
        self.discard(commit).await;
        Ok(applied)
    }

    async fn run(&mut self, commit: &Committable, stop: &CancellationToken) -> Result<Applied> {
        let started = Instant::now();
        let mut delays = retry::delays(self.context.config.max_retries);
        let mut course = Course::default();
        loop {
            let error = match self.attempt(commit, &mut course, stop).await {
                Ok(Outcome::Committed) => return Ok(report(commit, false, &course, started)),
                Ok(Outcome::Found) => return Ok(report(commit, !course.sent, &course, started)),
                Ok(Outcome::Again) => continue,
                Err(error) => error.with("commit", commit.id()),
            };
            course.sent |= error.kind() == ErrorKind::CommitUnknown;
            let class = error.kind().retry();
            let delay = if class == RetryClass::Never { None } else { delays.next() };
            let Some(delay) = delay else {
                let error = error.with("tries", course.retries + 1);
                match self.settle(commit, error, &course).await {
                    Settled::Applied => return Ok(report(commit, !course.sent, &course, started)),
                    Settled::Failed(error) => return Err(self.unless_unknown(error)),
                    Settled::Again(done) => course.done = done,
                }
                continue;
            };
            course.retries += 1;
            warn!(commit = %commit.id(), %error, ?delay, tries = course.retries, "trying again");
            if error.kind() == ErrorKind::LockTimeout {
                self.end_lost_sessions(commit).await;
            }
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = stop.cancelled() => {
                    return Err(self.unless_unknown(interrupted(commit).source(error)));
                }
            }
        }
    }

    /// An error that ends the tries. While a COMMIT that was sent is not settled, whatever came
    /// after it, the outcome is unknown.
    fn unless_unknown(&self, error: Error) -> Error {
        if !self.unsettled || error.kind() == ErrorKind::CommitUnknown {
            return error;
        }
        let why = "COMMIT was sent, its answer lost, and the ledger could not be asked";
        Error::new(ErrorKind::CommitUnknown, why).source(error).hint(
            "give the same commit again: a restored checkpoint does, and so does running a \
             script again with the same 'sink.run-id'",
        )
    }

    /// One try. Everything up to COMMIT can be interrupted; COMMIT itself is waited for.
    async fn attempt(
        &mut self,
        commit: &Committable,
        course: &mut Course,
        stop: &CancellationToken,
    ) -> Result<Outcome> {
        let mut held = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(interrupted(commit)),
            held = self.take_session(commit) => held?,
        };
        course.pid = Some(held.session.pid());
        let prune = self.pruned.is_none_or(|at| at.elapsed() > PRUNE_EVERY);
        let step = tokio::select! {
            biased;
            () = stop.cancelled() => Err(interrupted(commit)),
            step = self.work(&mut held, commit, course, prune) => step,
        };
        match step {
            Ok(Step::Ready) => {
                // From here until an answer the outcome is open, also for who drops this future.
                self.unsettled = true;
                self.send_commit(held).await?;
                self.unsettled = false;
                self.pruned = if prune { Some(Instant::now()) } else { self.pruned };
                Ok(Outcome::Committed)
            }
            // The staging table, if there is one, goes with the session.
            Ok(Step::AllApplied) => {
                self.unsettled = false;
                Ok(Outcome::Found)
            }
            Ok(Step::SomeApplied) => Ok(Outcome::Again),
            Err(error) => {
                let keep = match error.kind() {
                    // The loaded staging table survives a rollback and serves the next try; one
                    // that is half loaded must not.
                    ErrorKind::TransactionConflict | ErrorKind::StorageUnavailable => {
                        (held.staged || !commit.shape.layout.staged()) && undo(&held.session).await
                    }
                    ErrorKind::Interrupted => {
                        // Or the server would go on with what nobody waits for.
                        let _ = tokio::time::timeout(UNDO_PATIENCE, held.session.cancel()).await;
                        false
                    }
                    _ => false,
                };
                self.session = keep.then_some(held);
                Err(error)
            }
        }
    }

    /// COMMIT. Only a conflict, which the server says before it commits, is a clear no.
    async fn send_commit(&mut self, mut held: Labelled) -> Result<()> {
        let answer = tokio::time::timeout(COMMIT_PATIENCE, held.session.commit()).await;
        let answer = answer.unwrap_or_else(|_| {
            let why = format!("COMMIT was not answered within {COMMIT_PATIENCE:?}");
            Err(Error::new(ErrorKind::CommitUnknown, why))
        });
        match &answer {
            Ok(()) => held.staged = false,
            Err(error) if error.kind() == ErrorKind::TransactionConflict => self.unsettled = false,
            Err(_) => return answer,
        }
        self.session = Some(held);
        answer
    }

    async fn work(
        &mut self,
        held: &mut Labelled,
        commit: &Committable,
        course: &mut Course,
        prune: bool,
    ) -> Result<Step> {
        let context = Arc::clone(&self.context);
        if self.unsettled {
            // Before anything is loaded again.
            held.session.run(&sql::BEGIN).await?;
            course.done = self.ask(&held.session, commit).await?;
            held.session.run(&sql::ROLLBACK).await?;
        }
        let units: Vec<&Unit> =
            commit.units.iter().filter(|unit| !course.done.contains(&unit.id)).collect();
        if units.is_empty() {
            return Ok(Step::AllApplied);
        }
        let load = self.manifest(commit, units).await?;
        if commit.shape.layout.staged() && !held.staged && load.url.is_some() {
            transaction::stage(&held.session, &context, commit, &load).await?;
            held.staged = true;
        }
        held.session.run(&sql::BEGIN).await?;
        let found = self.ask(&held.session, commit).await?;
        if load.units.iter().any(|unit| found.contains(&unit.id)) {
            let all = commit.units.iter().all(|unit| found.contains(&unit.id));
            course.done = found;
            return Ok(if all { Step::AllApplied } else { Step::SomeApplied });
        }
        transaction::check_age(commit, &load.units)?;
        transaction::apply(&held.session, &context, commit, &load, prune).await?;
        Ok(Step::Ready)
    }

    /// Locks the ledger and reads which units it holds. Under the lock this is certain: what is
    /// not there now never went through, and never will.
    async fn ask(
        &mut self,
        session: &Session,
        commit: &Committable,
    ) -> Result<HashSet<CommittableId>> {
        let context = &self.context;
        transaction::lock(session, context, commit).await?;
        let ids: Vec<&CommittableId> = commit.units.iter().map(|unit| &unit.id).collect();
        let (ledger, patience) = (commit.ledger(), context.config.lock_timeout);
        let found = transaction::applied(session, &ledger, &ids, &commit.job, patience).await?;
        self.unsettled = false;
        Ok(found)
    }

    /// Writes the manifest of the units that are still to be applied.
    async fn manifest<'a>(&self, commit: &Committable, units: Vec<&'a Unit>) -> Result<Load<'a>> {
        let parts: Vec<_> = units.iter().flat_map(|unit| unit.parts.iter().cloned()).collect();
        if parts.is_empty() {
            return Ok(Load { units, url: None });
        }
        let manifest = Manifest::new(&parts)?;
        let name = manifest_name(commit, units.len());
        let url = self.context.staging.write_manifest(&name, &manifest).await?;
        Ok(Load { units, url: Some(url) })
    }

    /// The session under this commit's label: the one of the last try or commit where it still
    /// lives and holds nothing of another commit.
    async fn take_session(&mut self, commit: &Committable) -> Result<Labelled> {
        let label = commit.id().label();
        let kept = self.session.take();
        let kept = kept.filter(|held| !held.session.is_closed());
        let mut held = match kept.filter(|held| held.label == label || !held.staged) {
            Some(held) => held,
            None => {
                let session = self.open(commit).await?;
                Labelled { session, label: String::new(), staged: false }
            }
        };
        if held.label != label {
            held.session.run(&sql::set_query_group(&label)).await?;
            held.label = label;
        }
        Ok(held)
    }

    pub(super) async fn open(&self, commit: &Committable) -> Result<Session> {
        let config = Arc::new(self.context.config.connection.clone());
        let name = self.context.identity.application(&commit.shape.target);
        Session::open(config, &name).await
    }

    /// What a final error turns out to be: an unknown outcome is asked for once more; a part that
    /// vanished is a commit that another one applied, or a staging that is lost; a refused load
    /// says where.
    async fn settle(&mut self, commit: &Committable, error: Error, course: &Course) -> Settled {
        self.session = None;
        let patience = self.context.config.lock_timeout + ASIDE_PATIENCE;
        let asked = tokio::time::timeout(patience, settle::settle(self, commit, error, course));
        asked.await.unwrap_or_else(|_| {
            let why = "a commit failed, and the server did not say in time what became of it";
            Settled::Failed(Error::new(ErrorKind::CommitUnknown, why))
        })
    }

    /// Which units are applied, read under the lock on a session of its own.
    pub(super) async fn ask_anew(
        &mut self,
        commit: &Committable,
    ) -> Result<HashSet<CommittableId>> {
        let session = self.open(commit).await?;
        session.run(&sql::BEGIN).await?;
        self.ask(&session, commit).await
    }

    /// Whether an answer to a COMMIT of the present commit is still owed.
    pub(super) fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    /// Ends sessions that an earlier try of this commit left behind with its locks: those whose
    /// latest query carries its label. What cannot be found now is looked for again at the next
    /// timeout.
    async fn end_lost_sessions(&self, commit: &Committable) {
        let ended = async {
            let session = self.open(commit).await?;
            for row in session.query(&sql::sessions_with_label(&commit.id().label())).await? {
                let pid = row.first().and_then(Option::as_deref);
                let pid = pid.and_then(|pid| pid.trim().parse().ok());
                if let Some(pid) = pid.filter(|pid| *pid != session.pid()) {
                    info!(pid, commit = %commit.id(), "ending a lost session of an earlier try");
                    session.run(&sql::terminate_session(pid)).await?;
                }
            }
            Ok::<_, Error>(())
        };
        match tokio::time::timeout(ASIDE_PATIENCE, ended).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(commit = %commit.id(), %error, "lost sessions not found"),
            Err(_) => warn!(commit = %commit.id(), "lost sessions not found in time"),
        }
    }

    /// Removes what a commit staged: once it is applied, or given up for good. What cannot be
    /// removed now goes with the launch or by age, and is no reason to fail what is done.
    pub async fn discard(&self, commit: &Committable) {
        let parts: Vec<_> = commit.parts().cloned().collect();
        let name = manifest_name(commit, commit.units.len());
        let removed = self.context.staging.remove(&name, &parts);
        match tokio::time::timeout(ASIDE_PATIENCE, removed).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(commit = %commit.id(), %error, "its staging was not removed"),
            Err(_) => warn!(commit = %commit.id(), "its staging was not removed in time"),
        }
    }
}

/// Two committers may hold different units of one commit to be applied, so the number is in it.
fn manifest_name(commit: &Committable, units: usize) -> String {
    format!("{}+{units}", commit.id())
}

fn report(commit: &Committable, before: bool, course: &Course, started: Instant) -> Applied {
    let (rows, parts, took) = (commit.rows(), commit.parts().count(), started.elapsed());
    let retries = course.retries;
    info!(commit = %commit.id(), rows, parts, before, retries, ?took, "applied");
    Applied { before, rows, parts, retries, took }
}

/// Rolls back, unless even that is not answered.
async fn undo(session: &Session) -> bool {
    let answer = tokio::time::timeout(UNDO_PATIENCE, session.run(&sql::ROLLBACK)).await;
    matches!(answer, Ok(Ok(())))
}

fn interrupted(commit: &Committable) -> Error {
    Error::new(ErrorKind::Interrupted, "stopped before COMMIT; nothing was applied")
        .with("commit", commit.id())
}
