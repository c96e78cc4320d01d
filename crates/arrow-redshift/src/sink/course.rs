//! How one call of `commit` goes on, what it costs, and what it reports.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use tracing::{info, warn};

use super::{Committable, CommittableId};
use crate::{error::ErrorKind, stage::Part};

/// What became of a commit that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Whether it was found applied although this call had not sent COMMIT: another process had.
    pub before: bool,
    /// Rows that the writers took in and that it loaded. Of a keyed table they are changes, those
    /// among them that were folded into later ones of their keys.
    pub rows: u64,
    /// Parts that the commit holds.
    pub parts: usize,
    /// Rows that it holds and that were set aside; they are in place.
    pub dead_letters: u64,
    /// Tries that failed and were settled.
    pub retries: u32,
    /// How many of them failed for which cause, in the order in which the causes came up first.
    pub causes: Vec<(ErrorKind, u32)>,
    /// How many of its keys had more than one row in the target before it; none where that was not
    /// counted, or another process had applied it.
    pub duplicate_keys: u64,
    /// How long it took.
    pub took: Duration,
    /// How much of that COPY took, in all tries.
    pub copy: Duration,
    /// How much of that was the wait for locks, in all tries.
    pub lock_wait: Duration,
    /// How much of that was the wait for the answer to COMMIT, in all tries.
    pub commit: Duration,
    /// How much of that was the wait until `connection.max` let one more session be opened.
    pub connection_wait: Duration,
}

/// Where a commit's time goes.
#[derive(Debug, Default)]
pub(super) struct Spent {
    pub copy: Duration,
    pub lock_wait: Duration,
    pub commit: Duration,
    pub connections: Duration,
}

/// Keys that had more than one row in the target, among those that a commit changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Duplicates {
    pub keys: u64,
    /// Whether they have one at most now.
    pub cleaned: bool,
}

/// How one call of `commit` goes on.
#[derive(Debug)]
pub(super) struct Course {
    started: Instant,
    retries: u32,
    causes: Vec<(ErrorKind, u32)>,
    /// Whether a COMMIT of this call went without a clear answer.
    pub sent: bool,
    /// Units that were found applied.
    pub done: HashSet<CommittableId>,
    /// How often the commit went on with other parts, since the server refused rows.
    pub revisions: u32,
    /// The parts that it went on with then, in any of these revisions.
    pub restaged: Vec<Part>,
    /// Whether the last try had a session.
    pub reached: bool,
    /// The session of the last try, for the load-error view.
    pub pid: Option<i32>,
    /// Whether the last try failed when its rows lay in the staging table already, so that it was
    /// not COPY that failed.
    pub copied: bool,
    /// What the last try found.
    pub duplicates: Duplicates,
    pub spent: Spent,
}

impl Course {
    pub fn begin() -> Course {
        Course {
            started: Instant::now(),
            retries: 0,
            causes: Vec::new(),
            sent: false,
            done: HashSet::new(),
            restaged: Vec::new(),
            revisions: 0,
            reached: false,
            pid: None,
            copied: false,
            duplicates: Duplicates::default(),
            spent: Spent::default(),
        }
    }

    /// Notes that a try failed and another one follows.
    pub fn retry(&mut self, cause: ErrorKind) {
        self.retries += 1;
        match self.causes.iter_mut().find(|(kind, _)| *kind == cause) {
            Some((_, count)) => *count += 1,
            None => self.causes.push((cause, 1)),
        }
    }

    /// How many tries failed and were followed by another.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// How many tries there were.
    pub fn tries(&self) -> u32 {
        self.retries + 1
    }

    /// Tells of keys that had more than one row, and what became of them.
    pub fn warn_of_duplicates(&self, commit: &Committable) {
        let Duplicates { keys, cleaned } = self.duplicates;
        let became = match cleaned {
            _ if keys == 0 => return,
            true => "the commit left one row of each at most",
            false => {
                "the commit changed all of their rows alike; 'sink.duplicate-keys' = 'clean' \
                 leaves one row of each"
            }
        };
        warn!(
            commit = %commit.id(), table = %commit.shape.target, keys,
            "keys had more than one row in the target, which this connector never makes: {became}"
        );
    }

    /// What is reported of a commit that is applied: by this call, or by whoever sent its COMMIT.
    /// `rows` are those that were loaded.
    pub fn report(&self, commit: &Committable, rows: u64, found: bool) -> Applied {
        let applied = Applied {
            before: found && !self.sent,
            rows,
            parts: commit.parts().count(),
            dead_letters: commit.dead_letters(),
            retries: self.retries,
            causes: self.causes.clone(),
            duplicate_keys: if found { 0 } else { self.duplicates.keys },
            took: self.started.elapsed(),
            copy: self.spent.copy,
            lock_wait: self.spent.lock_wait,
            commit: self.spent.commit,
            connection_wait: self.spent.connections,
        };
        let Applied { before, rows, parts, retries, took, .. } = applied;
        info!(commit = %commit.id(), rows, parts, before, retries, ?took, "applied");
        applied
    }
}

/// Adds how long a piece of work takes to what was spent on its kind, however it ends.
pub(super) async fn timed<T>(spent: &mut Duration, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let done = work.await;
    *spent += started.elapsed();
    done
}
