//! The sessions that are there: who they are, and how to cancel them.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::backend;

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// Process id, as `pg_backend_pid()` gives it.
    pub pid: i32,
    /// User.
    pub user: String,
    /// Database.
    pub database: String,
    /// `application_name`.
    pub application_name: String,
    /// `query_group`; empty when unset.
    pub query_group: String,
    /// Whether it is in a transaction block.
    pub in_block: bool,
}

/// A session as others see it.
#[derive(Debug)]
pub(crate) struct Entry {
    secret: i32,
    backend_secret: i32,
    info: Mutex<SessionInfo>,
    cancelled: watch::Sender<u64>,
}

impl Entry {
    /// A session on backend `info.pid`; a client cancels it with `secret`, the front cancels the
    /// backend with `backend_secret`.
    pub(crate) fn new(info: SessionInfo, secret: i32, backend_secret: i32) -> Entry {
        let cancelled = watch::Sender::new(0);
        Entry { secret, backend_secret, info: Mutex::new(info), cancelled }
    }

    /// What is known now.
    pub(crate) fn info(&self) -> MutexGuard<'_, SessionInfo> {
        self.info.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of cancellations from now on.
    pub(crate) fn cancellations(&self) -> watch::Receiver<u64> {
        self.cancelled.subscribe()
    }

    /// Cancels what the session is doing, in the front and in PostgreSQL.
    pub(crate) async fn cancel(&self, socket: &Path) {
        self.cancelled.send_modify(|count| *count += 1);
        let pid = self.info().pid;
        // A server that is stopping cancels everything itself.
        let _ = backend::cancel(socket, pid, self.backend_secret).await;
    }
}

/// All sessions by process id.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<HashMap<i32, Arc<Entry>>>);

impl Registry {
    /// Adds a session.
    pub(crate) fn add(&self, entry: &Arc<Entry>) {
        let pid = entry.info().pid;
        self.lock().insert(pid, Arc::clone(entry));
    }

    /// Removes a session.
    pub(crate) fn remove(&self, pid: i32) {
        self.lock().remove(&pid);
    }

    /// The session with this process id.
    pub(crate) fn find(&self, pid: i32) -> Option<Arc<Entry>> {
        self.lock().get(&pid).cloned()
    }

    /// The session that a CancelRequest names rightly.
    pub(crate) fn with_secret(&self, pid: i32, secret: i32) -> Option<Arc<Entry>> {
        self.find(pid).filter(|entry| entry.secret == secret)
    }

    /// All sessions, by process id.
    pub(crate) fn all(&self) -> Vec<SessionInfo> {
        let mut all: Vec<_> = self.lock().values().map(|entry| entry.info().clone()).collect();
        all.sort_by_key(|info| info.pid);
        all
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, Arc<Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
