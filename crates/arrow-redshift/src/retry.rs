//! Waits between tries: exponential, with jitter, bounded in number and length.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::error::{ErrorKind, RetryClass};

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);
const FACTOR: f32 = 2.0;

/// The tries that are left of one piece of work.
#[derive(Debug)]
pub(crate) struct Tries {
    delays: ExponentialBackoff,
    /// Whether what is worth one more try has had it.
    once: bool,
}

impl Tries {
    /// A first try and so many more.
    pub fn new(retries: u32) -> Tries {
        let delays = ExponentialBuilder::default()
            .with_min_delay(FIRST)
            .with_max_delay(LONGEST)
            .with_factor(FACTOR)
            .with_max_times(retries as usize)
            .with_jitter()
            .build();
        Tries { delays, once: false }
    }

    /// The wait before the next try, after one that ended in an error of this kind; `None` where
    /// there is none, because of the error or because all are used up.
    pub fn next(&mut self, kind: ErrorKind) -> Option<Duration> {
        match kind.retry() {
            RetryClass::Never => None,
            RetryClass::Once if std::mem::replace(&mut self.once, true) => None,
            _ => self.delays.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(retries: u32) -> Vec<Duration> {
        let mut tries = Tries::new(retries);
        std::iter::from_fn(|| tries.next(ErrorKind::TransactionConflict)).collect()
    }

    #[test]
    fn waits_grow_up_to_a_bound_and_no_two_sequences_are_alike() {
        assert!(waits(0).is_empty());
        let all = waits(12);
        assert_eq!(all.len(), 12);
        let mut base = FIRST;
        for wait in &all {
            assert!(*wait >= base && *wait <= base * 2, "{wait:?} on {base:?}");
            base = (base * 2).min(LONGEST);
        }
        // Of twelve random parts all are equal once in 2^250 runs.
        assert_ne!(all, waits(12));
    }

    #[test]
    fn what_is_worth_one_more_try_gets_one() {
        let mut tries = Tries::new(5);
        assert!(tries.next(ErrorKind::ServerFault).is_some());
        assert!(tries.next(ErrorKind::ConnectionLost).is_some());
        assert!(tries.next(ErrorKind::StatementCancelled).is_none());
        assert!(tries.next(ErrorKind::ConnectionLost).is_some());
        assert!(tries.next(ErrorKind::PermissionDenied).is_none());
        assert!(Tries::new(0).next(ErrorKind::ServerFault).is_none());
    }
}
