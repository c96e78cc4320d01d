//! The committer: runs one commit until it is applied, found applied, or failed for good.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{committable::Committable, context::Context, identity::CommittableId, transaction};
use crate::{
    error::{Error, ErrorKind, Result, RetryClass},
    options::CopyFormat,
    retry,
    session::Session,
    sql::{self, Ledger, Qualified},
    stage::Manifest,
};

/// The longest wait for COMMIT's answer before the connection is given up and the ledger asked.
const COMMIT_PATIENCE: Duration = Duration::from_secs(300);
/// The longest wait for a rollback or a cancel request before the connection is dropped instead.
const UNDO_PATIENCE: Duration = Duration::from_secs(5);
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
    context: Arc<Context>,
    session: Option<Labelled>,
    /// The present commit.
    present: Option<CommittableId>,
    /// Whether a COMMIT of the present commit was sent and neither its answer nor the ledger's
    /// is known.
    unsettled: Arc<AtomicBool>,
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

impl Committer {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Committer { context, session: None, present: None, unsettled: Arc::default(), pruned: None }
    }

    /// Applies a commit, or finds that it was applied before. An error means that it is not
    /// applied, except for [`ErrorKind::CommitUnknown`]: then the same committable must be given
    /// again, here or in another process.
    pub async fn commit(
        &mut self,
        commit: &Committable,
        stop: &CancellationToken,
    ) -> Result<Applied> {
        if self.present.as_ref() != Some(&commit.id) {
            self.present = Some(commit.id.clone());
            self.unsettled.store(false, Ordering::Relaxed);
        }
        let applied = self.run(commit, stop).await?;
        self.discard(commit).await;
        Ok(applied)
    }

    async fn run(&mut self, commit: &Committable, stop: &CancellationToken) -> Result<Applied> {
        let started = Instant::now();
        let mut delays = retry::delays(self.context.config.max_retries);
        let (mut retries, mut sent) = (0, false);
        loop {
            let error = match self.attempt(commit, stop).await {
                Ok(found) => return Ok(self.applied(commit, found && !sent, retries, started)),
                Err(error) => error.with("commit", &commit.id),
            };
            if error.kind() == ErrorKind::CommitUnknown {
                sent = true;
                self.unsettled.store(true, Ordering::Relaxed);
            }
            let class = error.kind().retry();
            if class == RetryClass::Never {
                return match self.settle(commit, error).await {
                    None => Ok(self.applied(commit, !sent, retries, started)),
                    Some(error) => Err(self.unless_unknown(error)),
                };
            }
            let Some(delay) = delays.next() else {
                self.session = None;
                return Err(self.unless_unknown(error.with("tries", retries + 1)));
            };
            retries += 1;
            warn!(commit = %commit.id, %error, ?delay, retries, "commit failed, trying again");
            if class != RetryClass::Transaction {
                self.session = None;
            }
            if error.kind() == ErrorKind::LockTimeout
                && let Err(error) = self.end_lost_sessions(commit).await
            {
                warn!(commit = %commit.id, %error, "lost sessions could not be looked for");
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
        if !self.unsettled.load(Ordering::Relaxed) || error.kind() == ErrorKind::CommitUnknown {
            return error;
        }
        let why = "COMMIT was sent, its answer lost, and the ledger could not be asked";
        Error::new(ErrorKind::CommitUnknown, why).source(error).hint(
            "give the same commit again: a restored checkpoint does, and so does running a \
             script again with the same 'sink.run-id'",
        )
    }

    /// One try. Everything up to COMMIT can be interrupted; COMMIT itself is waited for.
    async fn attempt(&mut self, commit: &Committable, stop: &CancellationToken) -> Result<bool> {
        let prune = self.pruned.is_none_or(|at| at.elapsed() > PRUNE_EVERY);
        let step = tokio::select! {
            biased;
            () = stop.cancelled() => Err(interrupted(commit)),
            step = self.work(commit, prune) => step,
        };
        let Some(Labelled { session, staged, .. }) = &mut self.session else {
            // Without a session there was nothing that could have become ready.
            return Err(step.err().unwrap_or_else(|| interrupted(commit)));
        };
        match step {
            Ok(transaction::Step::Ready) => {
                let answer = tokio::time::timeout(COMMIT_PATIENCE, session.commit()).await;
                answer.unwrap_or_else(|_| {
                    let why = format!("COMMIT was not answered within {COMMIT_PATIENCE:?}");
                    Err(Error::new(ErrorKind::CommitUnknown, why))
                })?;
                *staged = false;
                self.pruned = if prune { Some(Instant::now()) } else { self.pruned };
                Ok(false)
            }
            Ok(transaction::Step::AlreadyApplied) => {
                // Its staging table, if there is one, goes with the session.
                self.session = None;
                Ok(true)
            }
            Err(error) => {
                let undone = match error.kind().retry() {
                    // The loaded staging table survives a rollback and serves the next try; one
                    // that is half loaded must not.
                    RetryClass::Transaction => {
                        (*staged || !commit.shape.layout.staged()) && undo(session).await
                    }
                    _ => false,
                };
                if error.kind() == ErrorKind::Interrupted {
                    // Or the server would go on with what nobody waits for.
                    let _ = tokio::time::timeout(UNDO_PATIENCE, session.cancel()).await;
                }
                if !undone {
                    self.session = None;
                }
                Err(error)
            }
        }
    }

    async fn work(&mut self, commit: &Committable, prune: bool) -> Result<transaction::Step> {
        let manifest = match commit.parts.is_empty() {
            true => None,
            false => {
                let manifest = Manifest::new(&commit.parts)?;
                Some(self.context.staging.write_manifest(commit.id.as_str(), &manifest).await?)
            }
        };
        let context = Arc::clone(&self.context);
        let unsettled = Arc::clone(&self.unsettled);
        let labelled = self.session(commit).await?;
        if let (true, false, Some(manifest)) =
            (commit.shape.layout.staged(), labelled.staged, &manifest)
        {
            transaction::stage(&labelled.session, &context, commit, manifest).await?;
            labelled.staged = true;
        }
        let session = &labelled.session;
        session.run(&sql::BEGIN).await?;
        transaction::lock(session, &context, commit).await?;
        if transaction::applied(session, &commit.ledger(), &commit.id).await? {
            return Ok(transaction::Step::AlreadyApplied);
        }
        // Under the lock this is certain: no earlier COMMIT of it went through, or ever will.
        unsettled.store(false, Ordering::Relaxed);
        transaction::apply(session, &context, commit, manifest.as_deref(), prune).await?;
        Ok(transaction::Step::Ready)
    }

    /// The session under this commit's label: the one of the last commit where it still lives.
    async fn session(&mut self, commit: &Committable) -> Result<&mut Labelled> {
        let label = commit.id.label();
        let kept = self.session.take().filter(|held| !held.session.is_closed());
        let mut held = match kept {
            Some(held) => held,
            None => {
                let config = Arc::new(self.context.config.connection.clone());
                let name = self.context.identity.application(&commit.shape.target);
                let session = Session::open(config, &name).await?;
                Labelled { session, label: String::new(), staged: false }
            }
        };
        if held.label != label {
            held.session.run(&sql::set_query_group(&label)).await?;
            held.label = label;
        }
        Ok(self.session.insert(held))
    }

    /// What a final error turns out to be: a part that vanished is a commit that was applied
    /// before, or a staging that is lost; a refused load says where.
    async fn settle(&mut self, commit: &Committable, error: Error) -> Option<Error> {
        use ErrorKind::{
            LoadRefused, PermissionDenied, ServerError, StagingMissing, StorageFailed,
        };
        let pid = self.session.take().map(|held| held.session.pid());
        if !matches!(
            error.kind(),
            LoadRefused | PermissionDenied | ServerError | StagingMissing | StorageFailed
        ) {
            return Some(error);
        }
        // Another committer of it may have finished first and removed the files under our COPY.
        if self.finds(&commit.shape.target, &commit.id).await.unwrap_or(false) {
            return None;
        }
        match self.context.staging.missing(&commit.parts).await {
            Ok(()) => {}
            Err(missing) if missing.kind() == StagingMissing => {
                return match self.ask_ledger(commit).await {
                    Ok(true) => None,
                    Ok(false) => Some(missing.source(error)),
                    Err(silent) => Some(silent.source(error)),
                };
            }
            Err(unsure) => debug!(error = %unsure, "the parts could not be looked at"),
        }
        Some(match (commit.shape.format, error.kind(), pid) {
            (CopyFormat::Csv, LoadRefused, Some(pid)) => self.explain(error, pid).await,
            _ => error,
        })
    }

    /// Whether the ledger holds the commit, read under its lock.
    async fn ask_ledger(&mut self, commit: &Committable) -> Result<bool> {
        let context = Arc::clone(&self.context);
        let held = self.session(commit).await?;
        held.session.run(&sql::BEGIN).await?;
        transaction::lock(&held.session, &context, commit).await?;
        let applied = transaction::applied(&held.session, &commit.ledger(), &commit.id).await;
        self.session = None;
        if applied.is_ok() {
            self.unsettled.store(false, Ordering::Relaxed);
        }
        applied
    }

    /// Whether the ledger beside `target` holds an id, without waiting for its lock: a yes is the
    /// truth, a no may be overtaken.
    pub(super) async fn finds(&self, target: &Qualified, id: &CommittableId) -> Result<bool> {
        let config = Arc::new(self.context.config.connection.clone());
        let session = Session::open(config, &self.context.identity.job).await?;
        transaction::applied(&session, &Ledger::beside(target), id).await
    }

    /// Adds what the load-error view says of a session's failed load.
    async fn explain(&mut self, error: Error, pid: i32) -> Error {
        let config = Arc::new(self.context.config.connection.clone());
        let asked = async {
            let session = Session::open(config, &self.context.identity.job).await?;
            session.query(&sql::load_errors(pid)).await
        };
        match asked.await {
            Ok(rows) if !rows.is_empty() => error.detail(super::explain::load_errors(&rows)),
            Ok(_) => error,
            Err(silent) => {
                debug!(error = %silent, "the load-error view could not be read");
                error
            }
        }
    }

    /// Ends sessions that an earlier try of this commit left behind with its locks: those whose
    /// latest query carries its label.
    async fn end_lost_sessions(&mut self, commit: &Committable) -> Result<()> {
        let context = Arc::clone(&self.context);
        let config = Arc::new(context.config.connection.clone());
        let session = Session::open(config, &context.identity.job).await?;
        let own = self.session.as_ref().map(|held| held.session.pid());
        for row in session.query(&sql::sessions_with_label(&commit.id.label())).await? {
            let pid =
                row.first().and_then(Option::as_deref).and_then(|pid| pid.trim().parse().ok());
            if let Some(pid) = pid.filter(|pid| Some(*pid) != own && *pid != session.pid()) {
                info!(pid, commit = %commit.id, "ending a lost session of an earlier try");
                session.run(&sql::terminate_session(pid)).await?;
            }
        }
        Ok(())
    }

    fn applied(&self, commit: &Committable, before: bool, retries: u32, at: Instant) -> Applied {
        let (rows, parts, took) = (commit.rows(), commit.parts.len(), at.elapsed());
        info!(commit = %commit.id, rows, parts, before, retries, ?took, "applied");
        Applied { before, rows, parts, retries, took }
    }

    /// Removes what a commit staged: once it is applied, or given up for good. What cannot be
    /// removed now goes with the launch or by age, and is no reason to fail what is done.
    pub async fn discard(&self, commit: &Committable) {
        if let Err(error) = self.context.staging.remove(commit.id.as_str(), &commit.parts).await {
            warn!(commit = %commit.id, %error, "its staging was not removed");
        }
    }
}

/// Rolls back, unless even that is not answered.
async fn undo(session: &Session) -> bool {
    let answer = tokio::time::timeout(UNDO_PATIENCE, session.run(&sql::ROLLBACK)).await;
    matches!(answer, Ok(Ok(())))
}

fn interrupted(commit: &Committable) -> Error {
    Error::new(ErrorKind::Interrupted, "stopped before COMMIT; nothing was applied")
        .with("commit", &commit.id)
}
