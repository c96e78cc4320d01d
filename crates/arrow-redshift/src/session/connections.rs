//! How many sessions may be open at once: those of one sink in one task.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use super::Session;
use crate::{
    error::{Error, ErrorKind, Result},
    options::ConnectionConfig,
};

/// The sessions that one part of a job may have open at once. Who wants one more waits until
/// another has ended.
#[derive(Debug)]
pub struct Connections {
    config: Arc<ConnectionConfig>,
    permits: Arc<Semaphore>,
    waited_micros: AtomicU64,
}

impl Connections {
    /// At most `most` sessions at once.
    pub fn new(config: &ConnectionConfig, most: u32) -> Connections {
        // The semaphore holds fewer than a u32 counts only where a usize is narrower than that.
        let permits = usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS);
        Connections {
            config: Arc::new(config.clone()),
            permits: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            waited_micros: AtomicU64::new(0),
        }
    }

    /// Opens a session, as soon as there may be one more. `application` is what the server shows
    /// as its name.
    pub async fn open(&self, application: &str) -> Result<Session> {
        let began = Instant::now();
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Ordering::Relaxed);
        // Nobody closes the semaphore.
        let permit = permit.map_err(|_| {
            Error::new(ErrorKind::Internal, "sessions are opened after the last one was closed")
        })?;
        let session = Session::open(Arc::clone(&self.config), application).await?;
        Ok(session.holding(permit))
    }

    /// How long was waited so far for another session to end first.
    pub fn waited(&self) -> Duration {
        Duration::from_micros(self.waited_micros.load(Ordering::Relaxed))
    }
}
