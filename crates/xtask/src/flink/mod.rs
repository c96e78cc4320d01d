//! Flink: the connector on clusters of real processes.

pub mod bench;
mod campaign;
mod cluster;
mod examples;
mod home;
mod jni_check;
mod killed;
mod parts;
mod random;
mod redirect;
mod rest;
mod seen;
mod task;
mod verify;

pub use campaign::run as campaign;
pub use task::{NEEDS, run};
pub use verify::{clusters, maven_tests};
