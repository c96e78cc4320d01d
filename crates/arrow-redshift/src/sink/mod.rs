//! The sink. Copy mode: rows become parts on S3; at a checkpoint the open parts close and become one
//! committable; after it one committer applies it with one COPY, in one transaction with its
//! ledger row. Jdbc mode: rows become statements, as they come or, where each is to be there once,
//! by a committable that holds them.
//!
//! Knows the steps of a load, in order; no wire messages, no HTTP, no Flink.

mod aftermath;
mod budget;
mod carry;
mod check;
mod collation;
mod commit;
mod committable;
mod context;
mod course;
mod create;
mod evolve;
mod explain;
mod flush;
mod halve;
mod identity;
mod labelled;
mod letters;
mod load;
mod patience;
mod prepare;
mod queue;
mod refused;
mod settle;
mod staged;
mod stored;
mod sweep;
mod transaction;
mod turn;
mod writer;

use std::sync::Arc;

pub use check::{Check, Verdict};
pub use commit::Committer;
pub use committable::{Committable, Shape, Unit};
pub use course::Applied;
pub use explain::Step;
pub use identity::{CommitPoint, CommittableId, Identity, LaunchId};
pub use load::{Phase, Progress, Summary};
pub use queue::Flushed;
pub use staged::Staged;
pub use sweep::Subtask;
pub use writer::Writer;

use context::Context;
use tracing::warn;
use uuid::Uuid;

use crate::{
    error::{Error, ErrorKind, Result},
    options::{DeliveryGuarantee, SinkConfig},
    retry::Tries,
    session::Connections,
    sql::StageColumns,
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
        prepare::carrier(&config)?;
        if let Some(parallelism) = config.parallelism {
            budget::share(&config, parallelism)?;
        }
        check_columns(&schema)?;
        Ok(Sink {
            config: Arc::new(config),
            schema: Arc::new(schema),
            identity,
            attempt: Uuid::now_v7(),
            overwrite: false,
        })
    }

    /// Makes the load replace what the table holds (`INSERT OVERWRITE`), in the same transaction.
    /// Refused for `at-least-once`, which commits by the clock.
    pub fn overwriting(mut self) -> Result<Sink> {
        if self.config.guarantee == DeliveryGuarantee::AtLeastOnce {
            let why = "an overwrite is one commit, and at-least-once commits by the clock";
            return Err(Error::new(ErrorKind::InvalidOptions, why)
                .hint("set 'sink.delivery-guarantee' = 'exactly-once'"));
        }
        self.overwrite = true;
        Ok(self)
    }

    /// The columns that batches have.
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// Compares the target with the declared columns (or creates it), and makes sure of the
    /// ledger. Every mismatch comes in one error, before the first row. What fails transiently is
    /// tried again, `sink.max-retries` times.
    ///
    /// For a program with one writer. `restored` are committables of an earlier attempt that are
    /// still to be committed: their parts are spared when that attempt's staging is swept.
    pub async fn prepare(&self, restored: &[Committable]) -> Result<Prepared> {
        // One task does it all, one session after the other.
        let context = self.look(1, self.config.connection.most).await?;
        sweep::launch(&context, restored).await?;
        Ok(self.prepared(context))
    }

    /// The same for one writer among several, each of which prepares for itself, in a process of
    /// its own perhaps and while others write already.
    ///
    /// Of this sink's older attempts it sweeps what the same subtask staged after the restored
    /// checkpoint (what it staged up to there may be named by a committable that is restored), and
    /// its unfinished uploads. The first subtask also does so for those that there are no more,
    /// and sweeps what has passed its age. So nothing is touched that another one writes.
    pub async fn prepare_subtask(&self, subtask: Subtask) -> Result<Prepared> {
        let parallelism = subtask.parallelism;
        let context = self.look(parallelism, budget::share(&self.config, parallelism)?).await?;
        sweep::subtask(&context, subtask).await?;
        if !prepare::has_ledger(&self.config) && context.shape.layout.keyed() {
            flush::begin(&context, subtask.index).await?;
        }
        Ok(self.prepared(context))
    }

    /// Gathers what all writers staged up to a point, or nothing when there is nothing to do.
    /// Connects to nothing. Each point is given once, with what each writer said since the last.
    ///
    /// For an overwrite each writer has to say at its end that it came there, or nothing is
    /// overwritten where none had rows.
    pub fn gather(&self, point: &CommitPoint, staged: Vec<Staged>) -> Result<Option<Committable>> {
        let Some(staged) = Staged::merge(staged)? else { return Ok(None) };
        let keep = self.config.ledger_retention;
        Committable::gather(&self.identity, point, staged, self.overwrite, keep)
    }

    /// The one committer of a sink whose writers are elsewhere. It connects with its first commit.
    pub fn committer(&self) -> Committer {
        let connections = Connections::new(&self.config.connection, budget::COMMITTER);
        let (config, identity) = (self.config.clone(), self.identity.clone());
        let schema = Arc::clone(&self.schema);
        Committer::new(config, Arc::new(connections), identity, self.attempt, None, schema)
    }

    /// Looks at the target with at most `sessions` at once, which the writer has from then on too.
    async fn look(&self, parallelism: u32, sessions: u32) -> Result<Context> {
        let connections = Arc::new(Connections::new(&self.config.connection, sessions));
        let most = self.config.max_retries;
        let (mut tries, mut retry) = (Tries::new(most), 0);
        loop {
            let (config, connections) = (self.config.clone(), Arc::clone(&connections));
            let (schema, identity, attempt) = (&self.schema, &self.identity, self.attempt);
            let looked =
                prepare::prepare(config, connections, schema, identity, attempt, parallelism).await;
            let error = match looked {
                Ok(context) => return Ok(context),
                Err(error) => error,
            };
            match tries.next(error.kind()) {
                Some(delay) => {
                    retry += 1;
                    warn!(
                        %error, ?delay, retry = %format_args!("{retry} of {most}"),
                        "the target could not be looked at, trying again"
                    );
                    tokio::time::sleep(delay).await;
                }
                None => return Err(error),
            }
        }
    }

    fn prepared(&self, context: Context) -> Prepared {
        let context = Arc::new(context);
        Prepared { context, attempt: self.attempt, overwrite: self.overwrite }
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
    /// A writer for one subtask, whose first rows belong to `checkpoint`: the one after the
    /// restored one, where there is one. To be made within a Tokio runtime, since in jdbc mode it
    /// has a task of its own, which ends with it.
    pub fn writer(&self, subtask: u32, checkpoint: u64) -> Result<Writer> {
        Writer::new(&self.context, subtask, checkpoint)
    }

    /// What a writer of this sink staged, as it travels to the one that gathers.
    /// `first_row_at` says when the first of the rows came, in milliseconds since 1970.
    pub fn staged(&self, parts: Vec<Part>, first_row_at: Option<u64>) -> Staged {
        Staged { shape: self.context.shape.clone(), parts, first_row_at }
    }

    /// The committer for all writers.
    pub fn committer(&self) -> Committer {
        let Context { config, identity, staging, connections, schema, .. } = self.context.as_ref();
        let (config, connections) = (config.clone(), Arc::clone(connections));
        let (identity, staging) = (identity.clone(), staging.clone());
        Committer::new(config, connections, identity, self.attempt, staging, Arc::clone(schema))
    }

    /// Gathers what all writers staged up to a point, or nothing when there is nothing to do.
    /// Each point is given once.
    pub fn gather(&self, point: &CommitPoint, parts: Vec<Part>) -> Result<Option<Committable>> {
        let identity = &self.context.identity;
        let keep = self.context.config.ledger_retention;
        Committable::gather(identity, point, self.staged(parts, None), self.overwrite, keep)
    }
}

/// Refuses a keyed table so wide that its staging table, which marks every change, would be wider
/// than Redshift's tables are.
fn check_columns(schema: &TableSchema) -> Result<()> {
    let marks = if schema.primary_key.is_empty() { 0 } else { StageColumns::ALL.len() };
    create::check_count(schema.columns.len(), marks, "with what marks changes, the staging table")
}
