//! A writer: checked batches become parts.

use arrow::array::RecordBatch;

use super::context::Context;
use crate::{
    error::Result,
    stage::{Part, RowKind, StageWriter, StagedShape},
};

/// Writes one subtask's rows. Its memory is bounded by what [`StageWriter`] states.
#[derive(Debug)]
pub struct Writer {
    stage: StageWriter,
}

impl Writer {
    pub(super) fn new(context: &Context, subtask: u32, checkpoint: u64) -> Result<Writer> {
        let copy = super::prepare::copy_config(&context.config)?;
        let shape = match context.shape.layout.keyed() {
            true => StagedShape::Keyed,
            false => StagedShape::Append,
        };
        let (staging, plan) = (context.staging.clone(), context.plan.clone());
        let stage = StageWriter::new(
            staging,
            plan,
            shape,
            subtask,
            checkpoint,
            copy.format,
            copy.part_size,
        )?;
        Ok(Writer { stage })
    }

    /// Checks and stages a batch of the declared columns. `kinds` says what each row does; `None`
    /// is all inserts. For a table without a key anything but an insert is refused.
    pub async fn write(&mut self, batch: &RecordBatch, kinds: Option<&[RowKind]>) -> Result<()> {
        self.stage.write(batch, kinds).await
    }

    /// Closes the open part: everything written since the last call belongs to `checkpoint`.
    pub async fn close(&mut self, checkpoint: u64) -> Result<Vec<Part>> {
        self.stage.close(checkpoint).await
    }

    /// Rows that this writer took so far.
    pub fn rows(&self) -> u64 {
        self.stage.staged_rows()
    }

    /// Bytes that this writer took so far: what its rows held in the batches' Arrow buffers.
    pub fn taken_bytes(&self) -> u64 {
        self.stage.taken_bytes()
    }

    /// Parts that this writer closed so far.
    pub fn staged_parts(&self) -> u64 {
        self.stage.staged_parts()
    }

    /// Bytes of this writer's parts so far, the open one included.
    pub fn staged_bytes(&self) -> u64 {
        self.stage.staged_bytes()
    }

    /// Gives up: open uploads are aborted and closed parts that nobody holds are removed.
    pub async fn abort(self) -> Result<()> {
        self.stage.abort().await
    }
}
