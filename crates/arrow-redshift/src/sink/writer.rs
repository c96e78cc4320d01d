//! A writer: checked batches become parts on S3, statements, or rows that a checkpoint holds.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::{carry::CarryWriter, context::Context, flush::FlushWriter, queue::Flushed};
use crate::{
    error::Result,
    options::{DeliveryGuarantee, WriteMode},
    stage::{Intake, Part, RowKind, StageWriter, StagedShape, Touched},
};

/// Writes one subtask's rows. Its memory has a bound that does not depend on the volume: what
/// [`StageWriter`] states in copy mode, 64 MiB in jdbc mode, and there with `exactly-once` its share
/// of `sink.checkpoint-size-limit` more, and 48 MiB for the changes of a keyed table.
#[derive(Debug)]
pub struct Writer {
    mode: ModeWriter,
}

/// The writer of each mode.
#[derive(Debug)]
enum ModeWriter {
    /// Copy mode: parts on S3.
    Stage(Box<StageWriter>),
    /// Jdbc mode, at least once: flushes.
    Flush(Box<FlushWriter>),
    /// Jdbc mode, exactly once: in the checkpoint.
    Carry(Box<CarryWriter>),
}

impl Writer {
    pub(super) fn new(context: &Arc<Context>, subtask: u32, checkpoint: u64) -> Result<Writer> {
        let config = &context.config;
        let shape = match context.shape.layout.keyed() {
            true => StagedShape::Keyed,
            false => StagedShape::Append,
        };
        let (plan, policies) = (Arc::clone(&context.plan), context.policies.clone());
        let mode = match config.mode {
            WriteMode::Copy => {
                let copy = super::prepare::copy_config(config)?;
                let staging = context.staging()?.clone();
                let (format, size) = (copy.format, copy.part_size);
                let stage =
                    StageWriter::new(staging, plan, shape, subtask, checkpoint, format, size)?
                        .with_policies(policies, context.shape.target.to_string())
                        .ignoring_deletes(config.ignore_delete);
                ModeWriter::Stage(Box::new(stage))
            }
            WriteMode::Jdbc => {
                let carrier = context.shape.carrier;
                let intake = Intake::new(plan, shape, subtask, checkpoint, carrier)?
                    .with_policies(policies)
                    .ignoring_deletes(config.ignore_delete);
                match config.guarantee {
                    DeliveryGuarantee::AtLeastOnce => {
                        ModeWriter::Flush(Box::new(FlushWriter::new(context, intake)))
                    }
                    DeliveryGuarantee::ExactlyOnce => {
                        ModeWriter::Carry(Box::new(CarryWriter::new(context, intake)))
                    }
                }
            }
        };
        Ok(Writer { mode })
    }

    /// Checks and takes a batch of the declared columns. `kinds` says what each row does; `None`
    /// is all inserts. For a table without a key anything but an insert is refused.
    ///
    /// It waits while S3 or the server is slower than the rows come.
    pub async fn write(&mut self, batch: &RecordBatch, kinds: Option<&[RowKind]>) -> Result<()> {
        match &mut self.mode {
            ModeWriter::Stage(stage) => stage.write(batch, kinds).await,
            ModeWriter::Flush(flush) => flush.write(batch, kinds).await,
            ModeWriter::Carry(carry) => carry.write(batch, kinds),
        }
    }

    /// Ends a checkpoint: everything written since the last call belongs to it. Gives what is to be
    /// committed for it; in jdbc mode with `at-least-once` that is nothing, since then everything
    /// is committed when this returns.
    pub async fn close(&mut self, checkpoint: u64) -> Result<Vec<Part>> {
        match &mut self.mode {
            ModeWriter::Stage(stage) => stage.close(checkpoint).await,
            ModeWriter::Flush(flush) => flush.close(checkpoint).await.map(|()| Vec::new()),
            ModeWriter::Carry(carry) => carry.close(checkpoint),
        }
    }

    /// Says that the checkpoint of the last [`close`](Writer::close) was this one, where its number
    /// was not known then but only that it is no smaller than the one given. To be told before the
    /// next row: files have the number in their names, so that a restart can tell those that no
    /// checkpoint holds.
    pub fn reached(&mut self, checkpoint: u64) {
        if let ModeWriter::Stage(stage) = &mut self.mode {
            stage.reached(checkpoint);
        }
    }

    /// Rows that this writer took so far, without old rows of updates whose new rows are right
    /// behind them.
    pub fn rows(&self) -> u64 {
        match &self.mode {
            ModeWriter::Stage(stage) => stage.staged_rows(),
            ModeWriter::Flush(flush) => flush.rows(),
            ModeWriter::Carry(carry) => carry.intake().rows(),
        }
    }

    /// What became so far of values that did not fit, where a policy says so.
    pub fn touched(&self) -> Touched {
        match &self.mode {
            ModeWriter::Stage(stage) => stage.touched(),
            ModeWriter::Flush(flush) => flush.intake().touched(),
            ModeWriter::Carry(carry) => carry.intake().touched(),
        }
    }

    /// Bytes that this writer took so far: what its rows held in the batches' Arrow buffers.
    pub fn taken_bytes(&self) -> u64 {
        match &self.mode {
            ModeWriter::Stage(stage) => stage.taken_bytes(),
            ModeWriter::Flush(flush) => flush.intake().taken_bytes(),
            ModeWriter::Carry(carry) => carry.intake().taken_bytes(),
        }
    }

    /// Parts that this writer closed so far.
    pub fn staged_parts(&self) -> u64 {
        match &self.mode {
            ModeWriter::Stage(stage) => stage.staged_parts(),
            ModeWriter::Flush(_) => 0,
            ModeWriter::Carry(carry) => carry.parts(),
        }
    }

    /// Bytes of this writer's parts so far, the open one included.
    pub fn staged_bytes(&self) -> u64 {
        match &self.mode {
            ModeWriter::Stage(stage) => stage.staged_bytes(),
            ModeWriter::Flush(_) => 0,
            ModeWriter::Carry(carry) => carry.bytes(),
        }
    }

    /// What this writer has committed on its own, without a committer: in jdbc mode with
    /// `at-least-once`.
    pub fn flushed(&self) -> Flushed {
        match &self.mode {
            ModeWriter::Flush(flush) => flush.flushed(),
            ModeWriter::Stage(_) | ModeWriter::Carry(_) => Flushed::default(),
        }
    }

    /// The error of a flush that failed since the last call, for who has no rows to write and no
    /// checkpoint to end, which would tell it too.
    pub fn check(&self) -> Result<()> {
        match &self.mode {
            ModeWriter::Flush(flush) => flush.check(),
            ModeWriter::Stage(_) | ModeWriter::Carry(_) => Ok(()),
        }
    }

    /// Gives up: open uploads are aborted, closed parts that nobody holds are removed, and rows
    /// that wait for a flush are dropped.
    pub async fn abort(self) -> Result<()> {
        match self.mode {
            ModeWriter::Stage(stage) => stage.abort().await,
            ModeWriter::Flush(_) | ModeWriter::Carry(_) => Ok(()),
        }
    }
}
