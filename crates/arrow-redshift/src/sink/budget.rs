//! How many sessions each task of a sink may open: `connection.max`, shared out at the start. What
//! all sinks of a process may open together, its pool of sessions sees to (`session::Connections`).

use crate::{
    error::{Error, ErrorKind, Result},
    options::{SchemaEvolution, SinkConfig},
};

/// The committer has one session at a time: its own, or one to look after what it lost.
pub(super) const COMMITTER: u32 = 1;

/// The sessions of each of `parallelism` writers that are in tasks of their own, as the committer
/// is. Refused where a writer would have fewer than it needs.
pub(super) fn share(config: &SinkConfig, parallelism: u32) -> Result<u32> {
    let (most, writers) = (config.connection.most, parallelism.max(1));
    let (share, needed) = ((most - most.min(COMMITTER)) / writers, needed(config));
    if share >= needed {
        return Ok(share);
    }
    let least = u64::from(needed) * u64::from(writers) + u64::from(COMMITTER);
    let each = if needed == 1 { "one" } else { "two, one of them to change the table with" };
    let why = format!(
        "{most} connections are too few for {writers} writers and a committer: a writer needs {each}"
    );
    Err(Error::new(ErrorKind::InvalidOptions, why)
        .with("'connection.max'", most)
        .hint(format!("set 'connection.max' to {least} at least, or 'sink.parallelism' lower")))
}

/// The sessions that a writer needs while it starts.
fn needed(config: &SinkConfig) -> u32 {
    if config.evolution == SchemaEvolution::None { 1 } else { 2 }
}

/// How many writers `connection.max` is enough for.
pub(super) fn writers(config: &SinkConfig) -> u32 {
    (config.connection.most - config.connection.most.min(COMMITTER)) / needed(config)
}
