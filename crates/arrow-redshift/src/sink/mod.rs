//! The COPY sink: rows become parts on S3; at a checkpoint the open parts close and become one
//! committable; after it one committer applies it with one COPY, in one transaction with its
//! ledger row.
//!
//! Knows the steps of a load, in order; no wire messages, no HTTP, no Flink.

mod commit;
mod committable;
mod context;
mod identity;
mod load;
mod prepare;
mod settle;
mod transaction;
mod writer;

use std::sync::Arc;

pub use commit::{Applied, Committer};
pub use committable::{Committable, Shape, Unit};
pub use identity::{CommitPoint, CommittableId, Identity, LaunchId};
pub use load::{Phase, Progress, Summary};
pub use writer::Writer;

use context::Context;
use tracing::warn;
use uuid::Uuid;

use crate::{
    error::{Error, ErrorKind, Result, RetryClass},
    options::{DeliveryGuarantee, SinkConfig},
    retry,
    stage::Part,
    types::TableSchema,
};

/// A planned sink: options, columns and identity. Nothing is connected yet.
#[derive(Debug, Clone)]
pub struct Sink {
    config: Arc<SinkConfig>,
    schema: Arc<TableSchema>,
    identity: Identity,
    attempt: Uuid,
    overwrite: bool,
}

impl Sink {
    /// Plans a sink.
    pub fn new(config: SinkConfig, schema: TableSchema, identity: Identity) -> Result<Sink> {
        prepare::copy_config(&config)?;
        Ok(Sink {
            config: Arc::new(config),
            schema: Arc::new(schema),
            identity,
            attempt: Uuid::now_v7(),
            overwrite: false,
        })
    }

    /// Makes the load replace what the table holds (`INSERT OVERWRITE`), in the same transaction.
    pub fn overwriting(mut self) -> Sink {
        self.overwrite = true;
        self
    }

    /// The columns that batches have.
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// Compares the target with the declared columns (or creates it), and makes sure of the
    /// ledger. Every mismatch comes in one error, before the first row. What fails in passing is
    /// tried again, `sink.max-retries` times.
    ///
    /// `restored` are committables of an earlier attempt that are still to be committed: their
    /// parts are spared when that attempt's staging is swept.
    pub async fn prepare(&self, restored: &[Committable]) -> Result<Prepared> {
        if self.overwrite && self.config.guarantee == DeliveryGuarantee::AtLeastOnce {
            let why = "an overwrite is one commit, and at-least-once commits by the clock";
            return Err(Error::new(ErrorKind::InvalidOptions, why)
                .hint("leave 'sink.delivery-guarantee' out"));
        }
        let attempt = self.attempt.to_string();
        let mut delays = retry::delays(self.config.max_retries);
        let context = loop {
            let (config, identity) = (self.config.clone(), &self.identity);
            let error = match prepare::prepare(config, &self.schema, identity, &attempt).await {
                Ok(context) => break context,
                Err(error) => error,
            };
            match delays.next().filter(|_| error.kind().retry() != RetryClass::Never) {
                Some(delay) => {
                    warn!(%error, ?delay, "the target could not be looked at, trying again");
                    tokio::time::sleep(delay).await;
                }
                None => return Err(error),
            }
        };
        prepare::sweep(&context, restored).await;
        Ok(Prepared {
            context: Arc::new(context),
            attempt: self.attempt,
            overwrite: self.overwrite,
        })
    }
}

/// A sink whose target is checked and whose ledger is there.
#[derive(Debug)]
pub struct Prepared {
    context: Arc<Context>,
    attempt: Uuid,
    overwrite: bool,
}

impl Prepared {
    /// A writer for one subtask, whose first rows belong to `checkpoint`.
    pub fn writer(&self, subtask: u32, checkpoint: u64) -> Result<Writer> {
        Writer::new(&self.context, subtask, checkpoint)
    }

    /// The committer for all writers.
    pub fn committer(&self) -> Committer {
        Committer::new(Arc::clone(&self.context))
    }

    /// Gathers what all writers staged up to a point, or nothing when there is nothing to do.
    /// Each point is given once.
    pub fn gather(&self, point: &CommitPoint, parts: Vec<Part>) -> Result<Option<Committable>> {
        let (identity, shape) = (&self.context.identity, self.context.shape.clone());
        let keep = self.context.config.ledger_retention;
        Committable::gather(identity, point, shape, parts, self.overwrite, keep)
    }
}
