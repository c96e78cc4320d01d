//! Rows that do not fit: each policy, each rule, both formats; what ends up in the table and what
//! is set aside, also when the process ends on the way.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[path = "../support/mod.rs"]
mod support;

mod changelog;
mod crash;
mod letters;
mod matrix;
mod options;
mod refused;
mod server;
