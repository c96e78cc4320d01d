//! Ctrl-C and SIGTERM: the first asks for a clean stop, the second ends the process at once.

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

/// Starts to watch.
pub fn watch() -> std::io::Result<Watch> {
    let (stop, end) = (CancellationToken::new(), CancellationToken::new());
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (asked, ended) = (stop.clone(), end.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = ended.cancelled() => return,
            () = either(&mut interrupt, &mut terminate) => {}
        }
        note("stopping; a second signal ends at once");
        asked.cancel();
        tokio::select! {
            () = ended.cancelled() => {}
            () = either(&mut interrupt, &mut terminate) => std::process::exit(INTERRUPTED),
        }
    });
    Ok(Watch { stop, _end: end.drop_guard() })
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
