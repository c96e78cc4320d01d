//! What all sessions of a stand-in share.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{describe::Types, history::History, registry::Registry, statements::Statements};
use crate::{
    config::{Config, Isolation},
    faults::Faults,
    latency::Pace,
    postgres::bootstrap::Prepared,
    s3::S3,
    transactions::Database,
};

/// A user is locked after so many failed logins in a row, as Redshift does.
const FAILED_LOGINS: u32 = 5;

/// The first query id of all.
const FIRST_QUERY_ID: i64 = 100;

/// What all sessions share.
pub(crate) struct Server {
    config: Config,
    socket: PathBuf,
    tls: Option<TlsAcceptor>,
    databases: HashMap<String, Arc<Database>>,
    isolation: Mutex<Isolation>,
    failed_logins: Mutex<HashMap<String, u32>>,
    connections: Arc<Semaphore>,
    query_ids: AtomicI64,
    /// Faults by script.
    pub(crate) faults: Faults,
    /// How slow it is.
    pub(crate) pace: Pace,
    /// Every statement that clients sent.
    pub(crate) statements: Statements,
    /// Sessions by process id.
    pub(crate) sessions: Registry,
    /// What the system views show.
    pub(crate) history: History,
    /// User ids, as the system views number them.
    user_ids: HashMap<String, i32>,
    /// Types whose OIDs differ between PostgreSQL and Redshift.
    pub(crate) types: Types,
    /// The S3 side, as COPY reads it.
    pub(crate) s3: S3,
    /// Told when the stand-in stops.
    pub(crate) stop: CancellationToken,
    /// Every task of a session.
    pub(crate) tasks: TaskTracker,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Server {
    /// Puts together what sessions share.
    pub(crate) fn new(
        config: Config,
        socket: PathBuf,
        tls: Option<TlsAcceptor>,
        history: History,
        prepared: Prepared,
        s3: S3,
    ) -> Server {
        let names = config.databases.iter();
        Server {
            databases: names.map(|name| (name.clone(), Arc::default())).collect(),
            isolation: Mutex::new(config.isolation),
            failed_logins: Mutex::default(),
            connections: Arc::new(Semaphore::new(config.max_connections)),
            query_ids: AtomicI64::new(FIRST_QUERY_ID.max(prepared.last_query_id + 1)),
            faults: Faults::default(),
            pace: Pace::new(config.latency),
            statements: Statements::default(),
            sessions: Registry::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            config,
            socket,
            tls,
            history,
            user_ids: prepared.user_ids,
            types: prepared.types,
            s3,
        }
    }

    /// What the stand-in was told.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// PostgreSQL's socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// What accepts TLS, where it is offered.
    pub(crate) fn tls(&self) -> Option<&TlsAcceptor> {
        self.tls.as_ref()
    }

    /// The transactions of a database.
    pub(crate) fn database(&self, name: &str) -> Option<Arc<Database>> {
        self.databases.get(name).cloned()
    }

    /// The isolation level that new sessions get.
    pub(crate) fn isolation(&self) -> Isolation {
        *self.isolation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the isolation level that new sessions get.
    pub(crate) fn set_isolation(&self, isolation: Isolation) {
        *self.isolation.lock().unwrap_or_else(PoisonError::into_inner) = isolation;
    }

    /// A place among the connections that are allowed at once.
    pub(crate) fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.connections).try_acquire_owned().ok()
    }

    /// A user's id in the system views.
    pub(crate) fn user_id(&self, name: &str) -> i32 {
        self.user_ids.get(name).copied().unwrap_or(0)
    }

    /// The next query id.
    pub(crate) fn next_query_id(&self) -> i64 {
        self.query_ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a login; answers whether the user is locked.
    pub(crate) fn count_login(&self, user: &str, right: bool) -> bool {
        let mut failed = self.failed_logins.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failed.entry(user.to_owned()).or_default();
        if *count >= FAILED_LOGINS {
            return true;
        }
        *count = if right { 0 } else { *count + 1 };
        false
    }
}
