//! How slow the stand-in is, so that what only works on a fast server shows.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::config::Latency;

/// The profile in force; it can change while sessions run.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<Latency>);

impl Pace {
    /// Starts with a profile.
    pub(crate) fn new(latency: Latency) -> Pace {
        Pace(Mutex::new(latency))
    }

    /// Changes the profile.
    pub(crate) fn set(&self, latency: Latency) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }

    /// The profile.
    pub(crate) fn get(&self) -> Latency {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until `least` has passed since `begin`.
pub(crate) async fn at_least(begin: Instant, least: Duration) {
    if !least.is_zero() {
        tokio::time::sleep_until(begin + least).await;
    }
}
