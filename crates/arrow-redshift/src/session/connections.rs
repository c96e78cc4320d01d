//! How many sessions may be open at once: those of one sink in one task, and of all in a process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use super::{
    Session,
    pool::{Place, Pool},
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::ConnectionConfig,
};

/// The sessions that one part of a job may have open at once, of which a process has no more than
/// `connection.max` in all. Who wants one more waits until another has ended or rests.
#[derive(Debug)]
pub struct Connections {
    config: Arc<ConnectionConfig>,
    share: Arc<Semaphore>,
    pool: Arc<Pool>,
    waited_micros: AtomicU64,
}

impl Connections {
    /// At most `most` sessions at once.
    pub fn new(config: &ConnectionConfig, most: u32) -> Connections {
        // The semaphore holds fewer than a u32 counts only where a usize is narrower than that.
        let share = usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS);
        Connections {
            config: Arc::new(config.clone()),
            share: Arc::new(Semaphore::new(share.min(Semaphore::MAX_PERMITS))),
            pool: Pool::of(config),
            waited_micros: AtomicU64::new(0),
        }
    }

    /// Opens a session, as soon as there may be one more. `application` is what the server shows
    /// as its name. Not to be waited for by who has another one in use: see
    /// [`open_two`](Connections::open_two).
    pub async fn open(&self, application: &str) -> Result<Session> {
        let [place] = self.places().await?;
        Session::open_in(Arc::clone(&self.config), application, Some(place)).await
    }

    /// Opens two sessions, as soon as there may be two more: who waited for the second one with the
    /// first one in use could wait for somebody who does the same.
    pub async fn open_two(&self, application: &str) -> Result<(Session, Session)> {
        let [one, two] = self.places().await?;
        let open = |place| Session::open_in(Arc::clone(&self.config), application, Some(place));
        Ok((open(one).await?, open(two).await?))
    }

    async fn places<const N: usize>(&self) -> Result<[Place; N]> {
        let began = Instant::now();
        let gone =
            || Error::new(ErrorKind::Internal, "sessions are opened after the last one was closed");
        let count = u32::try_from(N).map_err(|_| gone())?;
        // Nobody closes the semaphore.
        let share = Arc::clone(&self.share).acquire_many_owned(count).await;
        let mut share = share.map_err(|_| gone())?;
        let places = self.pool.take(count, self.config.most).await;
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Ordering::Relaxed);
        let places: Option<Vec<Place>> =
            places.into_iter().map(|place| Some(place.within(share.split(1)?))).collect();
        places.and_then(|places| places.try_into().ok()).ok_or_else(gone)
    }

    /// How long was waited so far for another session to end first.
    pub fn waited(&self) -> Duration {
        Duration::from_micros(self.waited_micros.load(Ordering::Relaxed))
    }
}
