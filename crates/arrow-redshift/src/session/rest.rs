//! A session that is kept for later: it closes by itself when later does not come soon.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// Whether a session is in use; shared by who uses it and by the task that drives it.
#[derive(Debug)]
pub(super) struct Rest {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Somebody uses it.
    Used,
    /// Nobody does, and at this time it ends, if there is one, or when its place is wanted.
    Resting(Option<Instant>),
    /// It has ended.
    Over,
}

impl Rest {
    pub fn new() -> Rest {
        Rest { state: Mutex::new(State::Used), changed: Notify::new() }
    }

    /// Lets the session end after so long, unless it is used again before; `None` is no limit.
    pub fn begin(&self, limit: Option<Duration>) {
        // A time beyond the clock's end never comes.
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::Resting(until);
        self.changed.notify_one();
    }

    /// Ends the session where it rests; `false` where it is in use.
    pub fn give_up(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Used {
            return false;
        }
        *state = State::Over;
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Takes the session into use again; `false` where it has ended.
    pub fn end(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Over {
            return false;
        }
        *state = State::Used;
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Waits until the session has rested for long enough, and ends it. From then on nobody takes
    /// it into use again.
    pub async fn over(&self) {
        loop {
            let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let until = match state {
                State::Used | State::Resting(None) => {
                    self.changed.notified().await;
                    continue;
                }
                State::Resting(Some(until)) => until,
                State::Over => return,
            };
            tokio::select! {
                () = self.changed.notified() => continue,
                () = tokio::time::sleep_until(until) => {}
            }
            let mut now = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if *now == state {
                *now = State::Over;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn it_ends_when_nobody_comes_back_in_time() {
        let rest = Rest::new();
        let over = async |limit| tokio::time::timeout(limit, rest.over()).await.is_ok();
        assert!(!over(SHORT).await, "it is in use");
        rest.begin(Some(LONG));
        assert!(!over(SHORT).await, "it is too early");
        assert!(rest.end(), "it is still there");
        assert!(!over(SHORT).await, "it is in use again");
        rest.begin(Some(SHORT));
        assert!(over(LONG).await, "it ends");
        assert!(!rest.end(), "it cannot be used again");
    }

    #[tokio::test]
    async fn it_ends_at_once_when_its_place_is_wanted_and_it_is_not_in_use() {
        let rest = Rest::new();
        assert!(!rest.give_up());
        rest.begin(None);
        assert!(rest.give_up() && !rest.end());
        assert!(tokio::time::timeout(LONG, rest.over()).await.is_ok());
    }

    #[tokio::test]
    async fn it_hears_of_its_rest_while_it_waits() {
        let rest = Rest::new();
        let ended = tokio::time::timeout(LONG, async {
            tokio::join!(rest.over(), async {
                tokio::time::sleep(SHORT).await;
                rest.begin(Some(SHORT));
                assert!(rest.end());
                rest.begin(Some(SHORT));
            });
        });
        ended.await.expect("it ends");
    }
}
