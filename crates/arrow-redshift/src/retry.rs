//! Waits between tries: exponential, with jitter, bounded in number and length.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// The waits before each retry; the iterator ends when the tries are used up.
pub(crate) fn delays(retries: u32) -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(FIRST)
        .with_max_delay(LONGEST)
        .with_factor(2.0)
        .with_max_times(retries as usize)
        .with_jitter()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_asked_for_and_never_too_long() {
        assert_eq!(delays(0).count(), 0);
        let waits: Vec<Duration> = delays(12).collect();
        assert_eq!(waits.len(), 12);
        assert!(waits.iter().all(|wait| *wait >= FIRST && *wait <= LONGEST * 2));
    }
}
