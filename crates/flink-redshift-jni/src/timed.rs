//! Commits by the clock: at-least-once in a streaming job that has no checkpoints.

use std::time::Duration;

use arrow_redshift::{
    Result,
    sink::{Applied, CommitPoint, Committer, Prepared, Writer},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::writing::unless_stopped;

/// The checkpoint that all rows belong to, since there are none.
const NO_CHECKPOINT: u64 = 0;

/// When a writer commits on its own, and with what.
#[derive(Debug)]
pub(crate) struct Timed {
    committer: Committer,
    attempt: Uuid,
    /// Number of the next commit; never used twice, whatever became of it.
    number: u64,
    interval: Duration,
    due: Option<Instant>,
}

impl Timed {
    pub fn new(prepared: &Prepared, interval: Duration) -> Timed {
        let (committer, attempt) = (prepared.committer(), Uuid::now_v7());
        Timed { committer, attempt, number: 0, interval, due: None }
    }

    /// When the next commit is due; `None` while no row waits.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Rows came: they are committed when the interval has passed.
    pub fn came(&mut self) {
        let due = || Instant::now().checked_add(self.interval);
        self.due = self.due.or_else(due);
    }

    /// Commits what was written; `None` where nothing was.
    pub async fn commit(
        &mut self,
        prepared: &Prepared,
        writer: &mut Writer,
        stop: &CancellationToken,
    ) -> Result<Option<Applied>> {
        self.due = None;
        let parts = unless_stopped(stop, writer.close(NO_CHECKPOINT)).await?;
        let point = CommitPoint::Timed { attempt: self.attempt, number: self.number };
        self.number += 1;
        let Some(commit) = prepared.gather(&point, parts)? else { return Ok(None) };
        self.committer.commit_once(&commit, stop).await.map(Some)
    }
}
