//! Ctrl-C, SIGTERM and a terminal that goes away: the first asks for a clean stop, the second ends
//! the process at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::output::note;

/// Exit code of a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// Watches for signals as long as it lives.
pub struct Watch {
    /// Cancelled by the first signal.
    pub stop: CancellationToken,
    _end: DropGuard,
}

/// The signals that ask for an end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` where whoever started the process said that it outlives its terminal (`nohup`).
    hangup: Option<Signal>,
}

impl Signals {
    fn watch() -> std::io::Result<Self> {
        let hangup = match ignores_hangup() {
            true => None,
            false => Some(signal(SignalKind::hangup())?),
        };
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Signals { interrupt, terminate: signal(SignalKind::terminate())?, hangup })
    }

    async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Starts to watch.
pub fn watch() -> std::io::Result<Watch> {
    let (stop, end) = (CancellationToken::new(), CancellationToken::new());
    let mut signals = Signals::watch()?;
    let (asked, ended) = (stop.clone(), end.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = ended.cancelled() => return,
            () = signals.next() => {}
        }
        note("stopping; a second signal ends at once");
        asked.cancel();
        tokio::select! {
            () = ended.cancelled() => {}
            () = signals.next() => std::process::exit(INTERRUPTED),
        }
    });
    Ok(Watch { stop, _end: end.drop_guard() })
}

/// Whether the process was started with SIGHUP ignored. A handler of ours would undo that.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    hangup_ignored(&status)
}

/// The same, read from the text of `/proc/self/status`: signal 1 is the lowest bit of the mask.
fn hangup_ignored(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_seen_in_the_mask_of_ignored_signals() {
        let status = |mask: &str| format!("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert!(hangup_ignored(&status("0000000000001001")));
        assert!(!hangup_ignored(&status("0000000000001000")));
        assert!(!hangup_ignored("Name:\tx\n"));
    }
}
