//! Waits between tries: exponential, with jitter, bounded in number and length.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::error::{ErrorKind, RetryClass};

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);
const FACTOR: f32 = 2.0;

/// How long a server may be away before tries to reach it count: while it is patched, resized or
/// fails over, that is minutes.
const AWAY: Duration = Duration::from_secs(600);

/// The tries that are left of one piece of work.
#[derive(Debug)]
pub(crate) struct Tries {
    delays: ExponentialBackoff,
    /// Whether what is worth one more try has had it.
    once: bool,
    /// Whether anything is tried again at all.
    patient: bool,
    /// Since when the server is away, and the waits for it.
    away: Option<(Instant, ExponentialBackoff)>,
}

impl Tries {
    /// A first try and so many more.
    pub fn new(retries: u32) -> Tries {
        let delays = delays().with_max_times(retries as usize).build();
        Tries { delays, once: false, patient: retries > 0, away: None }
    }

    /// The wait before the next try of what needs a session, after one that `reached` the server or
    /// did not. One that did not has sent nothing: a server that cannot be reached, or is not up
    /// yet, costs no try for ten minutes.
    pub fn next_after(&mut self, kind: ErrorKind, reached: bool) -> Option<Duration> {
        self.next_at(kind, reached, Instant::now())
    }

    fn next_at(&mut self, kind: ErrorKind, reached: bool, now: Instant) -> Option<Duration> {
        if reached {
            self.away = None;
            return self.next(kind);
        }
        let away = matches!(kind, ErrorKind::ConnectionLost | ErrorKind::ServerUnavailable);
        if !self.patient || !away {
            return self.next(kind);
        }
        let waits = || (now, delays().without_max_times().build());
        let (since, waits) = self.away.get_or_insert_with(waits);
        match now.saturating_duration_since(*since) < AWAY {
            true => waits.next(),
            false => self.next(kind),
        }
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

fn delays() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(FIRST)
        .with_max_delay(LONGEST)
        .with_factor(FACTOR)
        .with_jitter()
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

    #[test]
    fn a_server_that_is_away_costs_no_try_for_a_while() {
        let mut tries = Tries::new(1);
        let start = Instant::now();
        let mut at = start;
        while at < start + AWAY {
            let wait = tries.next_at(ErrorKind::ConnectionLost, false, at).unwrap();
            assert!(wait >= FIRST && wait <= LONGEST * 2, "{wait:?}");
            at += wait;
        }
        assert!(tries.next_at(ErrorKind::ServerUnavailable, false, at).is_some());
        assert!(tries.next_at(ErrorKind::ServerUnavailable, false, at).is_none());

        // Once it was there, it may be away again.
        assert!(tries.next_at(ErrorKind::TransactionConflict, true, at).is_none());
        assert!(tries.next_at(ErrorKind::ConnectionLost, false, at).is_some());
    }

    #[test]
    fn what_is_no_absence_counts_and_who_wants_no_retries_gets_none() {
        let mut tries = Tries::new(1);
        assert!(tries.next_after(ErrorKind::AuthenticationFailed, false).is_none());
        assert!(tries.next_after(ErrorKind::TooManyConnections, false).is_some());
        assert!(tries.next_after(ErrorKind::TooManyConnections, false).is_none());
        assert!(Tries::new(0).next_after(ErrorKind::ConnectionLost, false).is_none());
    }
}
