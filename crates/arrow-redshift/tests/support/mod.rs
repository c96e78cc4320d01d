//! Somewhere to load into (a stand-in, or the cluster that the environment names), sinks that load
//! it, and a plain client that looks at what arrived.
#![allow(dead_code, unused_imports, reason = "each test binary uses its own part of this")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod changes;
mod cluster;
mod golden;
mod place;
mod rows;
mod stand_in;

use std::time::Duration;

pub use changes::updates_as_one;
pub use cluster::{Cluster, Warehouse, isolations, skipped, stand_in, warehouse};
pub use golden::{canonical, path as golden_path};
pub use place::{Place, client, options};
pub use rows::{
    KINDS, Kind, batch, content, identity, owned, prepared, rows, schema, sink, staged,
};
pub use stand_in::{
    BUCKET, PASSWORD, ROLE, SECRET_KEY, SLOW, StandIn, config, slow, start, start_with,
};

/// A number of the campaign, from `cargo xtask soak`.
pub fn campaign(variable: &str) -> u64 {
    let text = std::env::var(variable).unwrap_or_default();
    text.parse().unwrap_or_else(|_| panic!("{variable} is not set to a number"))
}

/// Waits until something is true, at most half a minute.
pub async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never happened: {what}");
}
