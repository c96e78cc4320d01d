//! How long a call of `commit` may take: what the caller says, and what the server is allowed.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorKind};

/// What a step is still given when the timeout has passed but the outcome is open: the answer to
/// a COMMIT that was sent, and the question whether it is applied.
const GRACE: Duration = Duration::from_secs(5);

/// What ends the waiting of one call of `commit`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience<'a> {
    stop: &'a CancellationToken,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
}

impl<'a> Patience<'a> {
    pub fn begin(stop: &'a CancellationToken, timeout: Option<Duration>) -> Patience<'a> {
        // One that is beyond the clock's end is none.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Patience { stop, timeout, deadline }
    }

    /// Waits until the caller says stop or the timeout has passed, and gives the error that says
    /// so: nothing was applied by then, as far as this call knows.
    pub async fn over(self) -> Error {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {
                Error::new(ErrorKind::Interrupted, "stopped before COMMIT; nothing was applied")
            }
            () = passed(self.deadline) => self.timed_out(),
        }
    }

    /// The longest that a step may take which cannot be left out: its own limit, and what is left
    /// of the timeout, but some seconds in any case.
    pub fn at_most(self, limit: Duration) -> Duration {
        if self.stop.is_cancelled() {
            return limit.min(GRACE);
        }
        match self.deadline {
            Some(deadline) => {
                limit.min(GRACE.max(deadline.saturating_duration_since(Instant::now())))
            }
            None => limit,
        }
    }

    fn timed_out(self) -> Error {
        let timeout = self.timeout.unwrap_or_default();
        let why = format!("the commit was not done within {timeout:?}; nothing was applied");
        Error::new(ErrorKind::CommitTimeout, why).hint(
            "look for what holds the table's lock or the queue of COPY, or raise \
             'sink.commit.timeout' (in Flink 80 % of 'execution.checkpointing.timeout' where it \
             is not set)",
        )
    }
}

async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn the_timeout_says_what_to_set_and_stopping_comes_first() {
        let stop = CancellationToken::new();
        let patience = Patience::begin(&stop, Some(Duration::from_millis(1)));
        let error = patience.over().await;
        assert_eq!(error.kind(), ErrorKind::CommitTimeout);
        let text = error.to_string();
        assert!(text.contains("within 1ms") && text.contains("'sink.commit.timeout'"), "{text}");
        stop.cancel();
        assert_eq!(patience.over().await.kind(), ErrorKind::Interrupted);
    }

    #[test]
    fn what_cannot_be_left_out_gets_what_is_left_but_some_seconds() {
        let stop = CancellationToken::new();
        let within = |timeout| Patience::begin(&stop, timeout).at_most(MINUTE);
        assert_eq!(within(None), MINUTE);
        assert_eq!(within(Some(Duration::MAX)), MINUTE);
        assert_eq!(within(Some(Duration::ZERO)), GRACE);
        let half = within(Some(MINUTE / 2));
        assert!(half > MINUTE / 3 && half <= MINUTE / 2, "{half:?}");
        assert_eq!(Patience::begin(&stop, None).at_most(GRACE / 2), GRACE / 2);
        stop.cancel();
        assert_eq!(within(None), GRACE);
    }
}
