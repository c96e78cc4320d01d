//! How many sessions a process may have open: `connection.max`, for each host, database and user.
//!
//! **Why nobody waits for ever.** A place is either in use or resting. Who waits for a place has none
//! in use: sessions are opened one after the other, or, where two are needed, both at once. So who
//! has one in use waits for no other, ends its work and gives the place back or lets it rest. A
//! session that rests, kept for the next commit or flush, is closed as soon as somebody waits; one
//! that comes to rest while somebody waits is closed right then, or who lets it rest could take it
//! again and again before who waits gets to look.
//!
//! Other waits make no circle with this one. A writer waits for its turn to write while its
//! session rests, so who has the turn gets a place. Locks of the server are waited for by sessions
//! in use, for a bounded time, and held by sessions in use, which need no other place to end.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::{Mutex as Line, Notify, OwnedSemaphorePermit};

use super::rest::Rest;
use crate::options::ConnectionConfig;

/// The pools of every server that this process writes to.
static POOLS: LazyLock<Mutex<HashMap<String, Weak<Pool>>>> = LazyLock::new(Mutex::default);

/// The sessions of this process as one user of one database.
#[derive(Debug, Default)]
pub(super) struct Pool {
    state: Mutex<State>,
    /// Who waits: first come, first served, so that who wants two places gets them too.
    line: Line<()>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// How many sessions that are in use who waits needs the places of.
    wanted: usize,
    /// The places that are taken, with their sessions once they are logged in.
    taken: HashMap<u64, Option<Arc<Rest>>>,
}

/// A place among the sessions of a process; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pool: Arc<Pool>,
    number: u64,
    /// Its place among the sessions of its task.
    _share: Option<OwnedSemaphorePermit>,
}

impl Pool {
    /// The pool that this configuration's sessions are of.
    pub fn of(config: &ConnectionConfig) -> Arc<Pool> {
        let ConnectionConfig { hostname, port, database, username, .. } = config;
        let host = hostname.to_ascii_lowercase();
        let key = format!("{host}:{port}\0{database}\0{username}");
        let mut all = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = all.get(&key).and_then(Weak::upgrade) {
            return pool;
        }
        all.retain(|_, pool| pool.strong_count() > 0);
        let pool = Arc::new(Pool::default());
        all.insert(key, Arc::downgrade(&pool));
        pool
    }

    /// Waits until no more than `most` are taken with `count` more, and takes them all at once.
    /// Nobody who has a session in use may wait here.
    pub async fn take(self: &Arc<Pool>, count: u32, most: u32) -> Vec<Place> {
        // Who needs two and is allowed one would wait for ever.
        let (count, most) = (count as usize, most.max(count) as usize);
        let _head_of_line = self.line.lock().await;
        let _wanted = Wanted(self);
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(numbers) = self.claim(count, most) {
                let place = |number| Place { pool: Arc::clone(self), number, _share: None };
                return numbers.into_iter().map(place).collect();
            }
            changed.await;
        }
    }

    /// Takes places, or has as many sessions end that rest as are in the way.
    fn claim(&self, count: usize, most: usize) -> Option<Vec<u64>> {
        let mut state = self.lock();
        let wanted = state.taken.len() + count;
        if wanted <= most {
            let numbers: Vec<u64> = (state.next..).take(count).collect();
            state.next += count as u64;
            state.taken.extend(numbers.iter().map(|number| (*number, None)));
            return Some(numbers);
        }
        let lacking = wanted - most;
        // Those that are ending already count: their places are about to come back.
        let sessions = state.taken.values().flatten();
        let ending = sessions.filter(|session| session.give_up()).take(lacking).count();
        state.wanted = lacking - ending;
        None
    }

    /// Lets a session rest, or ends it where somebody waits for its place.
    pub fn rest(&self, session: &Rest, limit: Option<Duration>) {
        let mut state = self.lock();
        session.begin(limit);
        if state.wanted > 0 {
            session.give_up();
            state.wanted -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits for places; once dropped, nobody does.
struct Wanted<'a>(&'a Pool);

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.lock().wanted = 0;
    }
}

impl Place {
    /// The same place, which is also one among those of its task.
    pub fn within(self, share: OwnedSemaphorePermit) -> Place {
        let mut place = self;
        place._share = Some(share);
        place
    }

    pub fn pool(&self) -> Arc<Pool> {
        Arc::clone(&self.pool)
    }

    /// Says by which session it is taken.
    pub fn seat(&self, session: &Arc<Rest>) {
        self.pool.lock().taken.insert(self.number, Some(Arc::clone(session)));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pool.lock().taken.remove(&self.number);
        self.pool.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, poll};

    use super::*;

    fn pool() -> Arc<Pool> {
        Arc::new(Pool::default())
    }

    #[tokio::test]
    async fn no_more_are_taken_than_may_be_and_in_the_order_in_which_they_came() {
        let pool = pool();
        let mut held = pool.take(2, 3).await;
        let mut two = Box::pin(pool.take(2, 3));
        let mut one = Box::pin(pool.take(1, 3));
        assert!(poll!(&mut two).is_pending() && poll!(&mut one).is_pending());
        held.pop();
        assert!(poll!(&mut one).is_pending(), "who came first needs both");
        let two = two.now_or_never().expect("both are free");
        assert!(poll!(&mut one).is_pending());
        drop(two);
        assert_eq!(one.await.len(), 1);
        assert_eq!(pool.lock().taken.len(), 1);
    }

    #[tokio::test]
    async fn who_needs_two_and_is_allowed_one_has_them_alone() {
        let pool = pool();
        let one = pool.take(1, 1).await;
        let mut two = Box::pin(pool.take(2, 1));
        assert!(poll!(&mut two).is_pending());
        drop(one);
        let two = two.now_or_never().expect("nobody else has any");
        assert_eq!(two.len(), 2);
        assert!(poll!(Box::pin(pool.take(1, 1))).is_pending());
    }

    #[tokio::test]
    async fn who_rests_makes_room_and_who_works_does_not() {
        let pool = pool();
        let place = pool.take(1, 1).await.remove(0);
        let rest = Arc::new(Rest::new());
        place.seat(&rest);
        let mut next = Box::pin(pool.take(1, 1));
        assert!(poll!(&mut next).is_pending());
        assert!(rest.end(), "it is in use, and stays so");
        pool.rest(&rest, None);
        assert!(!rest.end(), "it is not taken again before who waits looks");
        assert!(poll!(&mut next).is_pending());
        drop(place);
        assert_eq!(next.await.len(), 1);
    }

    #[tokio::test]
    async fn no_more_end_than_are_wanted_and_none_once_nobody_waits() {
        let pool = pool();
        let places = pool.take(3, 3).await;
        let rests = [(); 3].map(|()| Arc::new(Rest::new()));
        places.iter().zip(&rests).for_each(|(place, rest)| place.seat(rest));
        let mut next = Box::pin(pool.take(1, 3));
        assert!(poll!(&mut next).is_pending());
        pool.rest(&rests[0], None);
        pool.rest(&rests[1], None);
        assert!(!rests[0].end() && rests[1].end(), "one place is enough");
        drop(next);

        let mut given_up = Box::pin(pool.take(2, 3));
        assert!(poll!(&mut given_up).is_pending());
        drop(given_up);
        pool.rest(&rests[2], None);
        assert!(rests[2].end(), "who waited is gone");
    }

    #[test]
    fn sinks_of_one_user_in_one_database_share_and_others_do_not() {
        let config = |host: &str, user: &str| {
            let pairs =
                [("hostname", host), ("username", user), ("password", "p"), ("table-name", "t")];
            let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
            crate::options::sink(&pairs).unwrap().config.connection
        };
        let one = Pool::of(&config("pool.test", "u"));
        assert!(Arc::ptr_eq(&one, &Pool::of(&config("POOL.test", "u"))));
        assert!(!Arc::ptr_eq(&one, &Pool::of(&config("pool.test", "v"))));
        assert!(!Arc::ptr_eq(&one, &Pool::of(&config("other.test", "u"))));
    }
}
