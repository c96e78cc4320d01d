//! Transactions as Redshift orders them: snapshots and commits of a database pass one gate, and a
//! log of what each transaction read and wrote finds those that no serial order explains.
//!
//! PostgreSQL below runs every transaction as REPEATABLE READ. What it cannot give is added here:
//! conflicts per table rather than per row (error 1023), and error 1018 for tables younger than a
//! snapshot.

mod log;
#[cfg(test)]
mod log_tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) use log::TransactionLog;

/// The gate and the log of one database.
#[derive(Debug, Default)]
pub(crate) struct Database {
    order: RwLock<()>,
    log: Mutex<TransactionLog>,
    commits: tokio::sync::Mutex<()>,
}

impl Database {
    /// Held while PostgreSQL takes a snapshot, so that the log knows which commits it sees.
    pub(crate) async fn taking_snapshot(&self) -> RwLockReadGuard<'_, ()> {
        self.order.read().await
    }

    /// Held while PostgreSQL commits something written.
    pub(crate) async fn committing(&self) -> RwLockWriteGuard<'_, ()> {
        self.order.write().await
    }

    /// The one queue that commits wait in when commits are slow.
    pub(crate) fn commit_queue(&self) -> &tokio::sync::Mutex<()> {
        &self.commits
    }

    /// The log. A panic of another session while it held the log loses nothing: every change of
    /// it is complete in itself.
    pub(crate) fn log(&self) -> MutexGuard<'_, TransactionLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
