//! Waiting for a task, from Java's threads: bounded, and ended by an interrupt or a failure.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use arrow_redshift::{Error, ErrorKind};

/// What failed: the error is thrown as often as it is asked for.
pub type Failure = Arc<Error>;

/// What a task tells to who waits for it.
#[derive(Debug)]
pub(crate) struct Board<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

/// What stands on the board.
#[derive(Debug)]
pub(crate) struct State<T> {
    /// What the task tells beside the rest.
    pub news: T,
    /// Why the task failed.
    pub failure: Option<Failure>,
    /// Whether nobody is to wait any more.
    pub interrupted: bool,
    /// Whether the task is at its end.
    pub ended: bool,
}

impl<T> Board<T> {
    pub fn new(news: T) -> Board<T> {
        let state = State { news, failure: None, interrupted: false, ended: false };
        Board { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Looks at the board, or notes something that nobody waits for.
    pub fn look<R>(&self, look: impl FnOnce(&mut State<T>) -> R) -> R {
        look(&mut self.lock())
    }

    /// Notes something, and wakes whoever waits.
    pub fn note<R>(&self, change: impl FnOnce(&mut State<T>) -> R) -> R {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Throws what ended the task, or that nobody is to wait.
    pub fn check(&self) -> Result<(), Failure> {
        self.lock().check()
    }

    /// Waits until `look` finds something; `None` when it has not within `patience`.
    pub fn wait<R>(
        &self,
        patience: Duration,
        look: impl FnMut(&mut State<T>) -> Option<R>,
    ) -> Result<Option<R>, Failure> {
        self.wait_checked(patience, State::check, look)
    }

    /// Waits until the task is at its end, whatever became of it; whether it is.
    pub fn wait_for_end(&self, patience: Duration) -> bool {
        let ended = |state: &mut State<T>| state.ended.then_some(());
        matches!(self.wait_checked(patience, |_| Ok(()), ended), Ok(Some(())))
    }

    fn wait_checked<R>(
        &self,
        patience: Duration,
        check: impl Fn(&State<T>) -> Result<(), Failure>,
        mut look: impl FnMut(&mut State<T>) -> Option<R>,
    ) -> Result<Option<R>, Failure> {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            check(&state)?;
            if let Some(found) = look(&mut state) {
                return Ok(Some(found));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // What stands on the board is replaced as a whole, so a panic leaves it sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn check(&self) -> Result<(), Failure> {
        if self.interrupted {
            let why = "the waiting was ended because the task is cancelled";
            return Err(Arc::new(Error::new(ErrorKind::Interrupted, why)));
        }
        self.failure.clone().map_or(Ok(()), Err)
    }
}

/// Java's milliseconds; what is below zero is none.
pub(crate) fn patience(millis: i32) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
