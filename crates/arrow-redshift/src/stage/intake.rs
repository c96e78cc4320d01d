//! Rows as they come in: checked against the plan, and turned into what the target takes.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, RecordBatch},
    datatypes::SchemaRef,
};

use super::{
    RowKind, StagedShape,
    check::Input,
    convert, csv,
    row::RowLimit,
    shape::{self, Place},
};
use crate::{
    error::{Error, ErrorKind, Result},
    types::{Carrier, TablePlan},
};

/// What every writer does with a batch before it writes it anywhere.
#[derive(Debug)]
pub(crate) struct Intake {
    plan: Arc<TablePlan>,
    shape: StagedShape,
    carrier: Carrier,
    schema: SchemaRef,
    /// The check of whole rows, where the plan lets them grow too wide.
    row_limit: Option<RowLimit>,
    /// Where the next row stands.
    place: Place,
    /// Bytes of the batches that were taken.
    taken_bytes: u64,
}

impl Intake {
    /// Takes rows of the plan's columns; the first of them belong to `checkpoint`.
    pub fn new(
        plan: Arc<TablePlan>,
        shape: StagedShape,
        subtask: u32,
        checkpoint: u64,
        carrier: Carrier,
    ) -> Result<Intake> {
        let schema = shape::schema(&plan, shape)?;
        let added = schema.fields().len() - plan.columns.len();
        let row_limit = RowLimit::new(&plan, added, carrier);
        let place = Place { checkpoint, sequence: 0, subtask };
        Ok(Intake { plan, shape, carrier, schema, row_limit, place, taken_bytes: 0 })
    }

    /// The batch as it is written: checked, converted, and for a keyed table with its place in
    /// order. A refused value leaves everything as it was.
    pub fn take(&mut self, batch: &RecordBatch, kinds: Option<&[RowKind]>) -> Result<RecordBatch> {
        self.check_kinds(batch.num_rows(), kinds)?;
        let staged = self.staged(batch, kinds)?;
        self.place.sequence += batch.num_rows() as u64;
        self.taken_bytes += batch_bytes(batch) as u64;
        Ok(staged)
    }

    /// Ends a checkpoint: what comes later belongs to the next one.
    pub fn end(&mut self, checkpoint: u64) {
        self.place.checkpoint = checkpoint.saturating_add(1);
    }

    /// The columns that [`take`](Intake::take) gives.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The checkpoint that the next row belongs to.
    pub fn checkpoint(&self) -> u64 {
        self.place.checkpoint
    }

    /// The writer's index.
    pub fn subtask(&self) -> u32 {
        self.place.subtask
    }

    /// Rows taken so far.
    pub fn rows(&self) -> u64 {
        self.place.sequence
    }

    /// Bytes that those rows held in the batches' Arrow buffers.
    pub fn taken_bytes(&self) -> u64 {
        self.taken_bytes
    }

    fn check_kinds(&self, rows: usize, kinds: Option<&[RowKind]>) -> Result<()> {
        let Some(kinds) = kinds else { return Ok(()) };
        if kinds.len() != rows {
            return Err(Error::new(
                ErrorKind::Internal,
                format!("a batch of {rows} rows came with {} row kinds", kinds.len()),
            ));
        }
        if self.shape == StagedShape::Keyed || kinds.iter().all(|kind| *kind == RowKind::Insert) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unsupported,
            "cannot write updates or deletes into a table without a primary key",
        )
        .hint("declare PRIMARY KEY (…) NOT ENFORCED, or write a query that only inserts"))
    }

    fn staged(&self, batch: &RecordBatch, kinds: Option<&[RowKind]>) -> Result<RecordBatch> {
        let input = Input { before: self.place.sequence, kinds };
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for plan in &self.plan.columns {
            let declared = batch.columns().get(plan.source).ok_or_else(|| {
                Error::new(
                    ErrorKind::SchemaMismatch,
                    format!("cannot stage a batch of {} columns", batch.num_columns()),
                )
                .with("column", &plan.target)
                .hint("give batches all columns of the declared schema")
            })?;
            let staged = convert::stage(plan, declared, input)?;
            if self.carrier == Carrier::Csv {
                csv::check(&plan.target, staged.as_ref(), input)?;
            }
            columns.push(staged);
        }
        if let Some(limit) = &self.row_limit {
            limit.check(&columns, batch.num_rows(), input)?;
        }
        if self.shape == StagedShape::Keyed {
            columns.extend(shape::order_columns(batch.num_rows(), kinds, self.place));
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| {
            Error::new(ErrorKind::Internal, "a staged batch is not what its schema says")
                .source(error)
        })
    }
}

/// Bytes that a batch's own rows take in its buffers, which may hold more.
pub(crate) fn batch_bytes(batch: &RecordBatch) -> usize {
    let columns = batch.columns().iter();
    columns.map(|column| column.to_data().get_slice_memory_size().unwrap_or_default()).sum()
}
