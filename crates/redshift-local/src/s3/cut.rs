//! Ending a connection on purpose, in the middle of an exchange.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::failure::S3Failure;

/// What one request and its answer share with the connection that carries them.
#[derive(Debug, Clone, Default)]
pub(super) struct Exchange {
    silent: Arc<AtomicBool>,
}

impl Exchange {
    /// From now on the connection ends instead of answering.
    pub(super) fn silence(&self) {
        self.silent.store(true, Ordering::Release);
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Acquire)
    }
}

/// An order to end the connection in the middle of a body.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    exchange: Exchange,
}

impl Cut {
    pub(super) fn new(exchange: Exchange) -> Cut {
        Cut { exchange }
    }

    /// After how many bytes of a body the connection ends.
    pub(super) fn after(&self, length: Option<u64>) -> u64 {
        length.unwrap_or(0) / 2
    }

    /// Ends the connection; the failure only ends the work on the request.
    pub(super) fn now(&self) -> S3Failure {
        self.exchange.silence();
        S3Failure::internal_error()
    }
}
