//! Jdbc mode: flushes that arrive at least once, and commits that arrive exactly once.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod away;
mod carried;
mod case;
mod faults;
mod flushes;
mod round_trips;
#[path = "../support/mod.rs"]
mod support;
mod updates;
mod writers;
