//! The committer as Java sees it: a commit is begun by one call and asked for by others.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arrow_redshift::{
    Error, ErrorKind, Result,
    sink::{Applied, Committable, Committer},
};
use futures::FutureExt;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    plan::{Plan, millis},
    runtime::Lease,
    throw,
    waiting::{Board, Failure},
};

/// How long closing waits for a commit that runs: a COMMIT that was sent may be answered by then.
/// After it the outcome is left to the ledger, as it is when the process dies.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// What Java is told of a commit before the retries by cause: whether it was applied before, rows,
/// parts, retries, and milliseconds in all, in COPY, waiting for locks, in COMMIT, and waiting until
/// one more session was allowed; rows that were set aside, and keys with more than one row.
const FACTS: usize = 11;

/// What a commit's task tells.
#[derive(Debug)]
struct News {
    /// The core's committer, while no commit runs.
    idle: Option<Committer>,
    /// What became of the last commit, until it is asked for.
    outcome: Option<Result<Applied, Failure>>,
}

/// The one committer of a sink. It connects with its first commit.
#[derive(Debug)]
pub struct CommitterHandle {
    board: Arc<Board<News>>,
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
    lease: Lease,
}

impl CommitterHandle {
    /// Opens a committer. `timeout` bounds each commit where the options do not.
    pub fn open(
        plan: &Plan,
        operator: &str,
        job: &str,
        timeout: Option<Duration>,
    ) -> Result<CommitterHandle> {
        let committer = plan.sink(operator, job)?.committer();
        let committer = match plan.config.commit_timeout {
            Some(_) => committer,
            None => committer.with_timeout(timeout),
        };
        let news = News { idle: Some(committer), outcome: None };
        Ok(CommitterHandle {
            board: Arc::new(Board::new(news)),
            stop: CancellationToken::new(),
            task: Mutex::new(None),
            lease: Lease::take()?,
        })
    }

    /// Begins to apply a commit.
    pub fn begin(&self, committable: &[u8]) -> Result<(), Failure> {
        self.board.check()?;
        let commit = Committable::from_bytes(committable)?;
        let idle = self.board.look(|state| {
            let idle = state.news.idle.take()?;
            state.ended = false;
            state.news.outcome = None;
            Some(idle)
        });
        let Some(committer) = idle else {
            let why = "a commit was begun before the last one was at its end";
            return Err(Arc::new(Error::new(ErrorKind::Internal, why)));
        };
        let task =
            self.lease.spawn(apply(committer, commit, self.board.clone(), self.stop.clone()));
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }

    /// Waits for the commit; `None` when it is not at its end within `patience`. A commit that
    /// failed may be begun again.
    pub fn wait(&self, patience: Duration) -> Result<Option<Vec<i64>>, Failure> {
        let outcome = self.board.wait(patience, |state| match state.news.outcome.take() {
            None if state.news.idle.is_some() => Some(Err(Arc::new(not_begun()))),
            outcome => outcome,
        })?;
        outcome.map(|outcome| outcome.map(|applied| facts(&applied))).transpose()
    }

    /// Ends all waiting, and the commit itself where COMMIT was not sent.
    pub fn interrupt(&self) {
        self.stop.cancel();
        self.board.note(|state| state.interrupted = true);
    }

    /// Stops what runs, and closes the session.
    pub fn close(&self) {
        self.interrupt();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && !self.board.wait_for_end(CLOSE_PATIENCE)
        {
            tracing::warn!("a commit did not stop in time; the ledger tells what became of it");
            task.abort();
        }
        self.board.look(|state| state.news.idle = None);
    }
}

impl Drop for CommitterHandle {
    fn drop(&mut self) {
        self.close();
    }
}

async fn apply(
    mut committer: Committer,
    commit: Committable,
    board: Arc<Board<News>>,
    stop: CancellationToken,
) {
    let applied = AssertUnwindSafe(committer.commit(&commit, &stop)).catch_unwind().await;
    let applied = applied.unwrap_or_else(|panic| Err(throw::panicked(panic.as_ref())));
    board.note(|state| {
        state.ended = true;
        state.news.idle = Some(committer);
        state.news.outcome = Some(applied.map_err(Arc::new));
    });
}

fn not_begun() -> Error {
    Error::new(ErrorKind::Internal, "a commit was asked for and none was begun")
}

/// What Java is told: the facts, then one count of retries for each kind of error.
fn facts(applied: &Applied) -> Vec<i64> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let Applied { before, rows, parts, retries, took, copy, lock_wait, commit, .. } = applied;
    let facts: [i64; FACTS] = [
        i64::from(*before),
        number(*rows),
        number(*parts as u64),
        i64::from(*retries),
        millis(*took),
        millis(*copy),
        millis(*lock_wait),
        millis(*commit),
        millis(applied.connection_wait),
        number(applied.dead_letters),
        number(applied.duplicate_keys),
    ];
    let retried = |kind: &ErrorKind| {
        let found = applied.causes.iter().find(|(cause, _)| cause == kind);
        found.map_or(0, |(_, count)| i64::from(*count))
    };
    facts.into_iter().chain(ErrorKind::ALL.iter().map(retried)).collect()
}
