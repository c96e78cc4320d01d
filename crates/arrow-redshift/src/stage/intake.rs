//! Rows as they come in: checked against the plan, and turned into what the target takes.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, RecordBatch},
    datatypes::SchemaRef,
};

use super::{
    RowKind, StagedShape,
    changes::{self, Kept},
    convert, csv,
    dead_letter::Letters,
    pairs::{Paired, Pairs},
    policy::Policies,
    review::{Aside, Input, Review, Touched},
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
    /// What becomes of values that do not fit.
    policies: Policies,
    ignore_deletes: bool,
    /// Updates that come as two rows, where the table has a key.
    pairs: Option<Pairs>,
    /// Whether a row of the present checkpoint takes content away.
    retracts: bool,
    /// Values and rows that policies have touched.
    touched: Touched,
    /// Where the next row stands.
    place: Place,
    /// Rows that went on or were set aside.
    rows: u64,
    /// Bytes of the batches that were taken.
    taken_bytes: u64,
}

/// A batch after its checks.
pub(crate) struct Taken {
    /// The rows that go on: checked, converted, and for a keyed table with their place in order.
    /// Before the batch's own there may be one that was [held](Intake::held).
    pub rows: Vec<RecordBatch>,
    /// The rows that are set aside, where some are.
    pub aside: Option<SetAside>,
}

/// What the checks make of a batch.
struct Checked {
    rows: RecordBatch,
    paired: Paired,
    aside: Aside,
    touched: Touched,
}

/// Rows of a batch that are set aside, and why.
pub(crate) struct SetAside {
    batch: RecordBatch,
    kinds: Option<Vec<RowKind>>,
    place: Place,
    rows: Aside,
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
        let (policies, touched) = (Policies::fail(&plan), Touched::default());
        let pairs = match shape {
            StagedShape::Keyed => Pairs::new(&plan),
            StagedShape::Append => None,
        };
        Ok(Intake {
            plan,
            shape,
            carrier,
            schema,
            row_limit,
            policies,
            ignore_deletes: false,
            pairs,
            retracts: false,
            touched,
            place,
            rows: 0,
            taken_bytes: 0,
        })
    }

    /// Has values that do not fit meet these policies, in place of being errors.
    pub fn with_policies(mut self, policies: Policies) -> Intake {
        self.policies = policies;
        self
    }

    /// Drops rows that take content away. Without a key the new rows of updates are then rows like
    /// any other.
    pub fn ignoring_deletes(mut self, ignore: bool) -> Intake {
        self.ignore_deletes = ignore;
        self
    }

    /// The rows of a batch as they are written, for writers whose policies set nothing aside. A
    /// refused value leaves everything as it was.
    pub fn take(
        &mut self,
        batch: &RecordBatch,
        kinds: Option<&[RowKind]>,
    ) -> Result<Vec<RecordBatch>> {
        let taken = self.sort(batch, kinds)?;
        match taken.aside {
            None => Ok(taken.rows),
            Some(_) => {
                let why = "rows were set aside where nothing takes them";
                Err(Error::new(ErrorKind::Internal, why))
            }
        }
    }

    /// The rows of a batch as they are written, and those that are set aside. A refused value
    /// leaves everything as it was.
    pub fn sort(&mut self, batch: &RecordBatch, kinds: Option<&[RowKind]>) -> Result<Taken> {
        let taken_bytes = batch_bytes(batch) as u64;
        check_length(batch.num_rows(), kinds)?;
        let keyed = self.shape == StagedShape::Keyed;
        let kept = match kinds {
            Some(kinds) if self.ignore_deletes => changes::without_deletes(batch, kinds, keyed)?,
            _ => None,
        };
        let (batch, kinds) = match &kept {
            Some(Kept { batch, kinds }) => (batch, Some(kinds.as_slice())),
            None => (batch, kinds),
        };
        self.check_kinds(kinds)?;
        let Checked { rows, mut paired, aside, touched } = self.checked(batch, kinds)?;
        let gone = paired.gone.take();
        let retracts = |(row, kind): (usize, &RowKind)| kind.retracts() && !paired.out(row);
        self.retracts |=
            gone.is_some() || kinds.unwrap_or_default().iter().enumerate().any(retracts);
        let rows: Vec<RecordBatch> = gone.into_iter().chain([rows]).collect();
        self.rows += rows.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
        self.rows += aside.len() as u64;
        let aside = (!aside.is_empty()).then(|| SetAside {
            batch: batch.clone(),
            kinds: kinds.map(<[RowKind]>::to_vec),
            place: self.place,
            rows: aside,
        });
        if let Some(pairs) = &mut self.pairs {
            pairs.pass(paired);
        }
        self.place.sequence += batch.num_rows() as u64;
        self.taken_bytes += taken_bytes;
        self.touched.add(touched);
        Ok(Taken { rows, aside })
    }

    /// The old row that the changes so far end in. What it does depends on the row behind it.
    pub fn held(&self) -> Option<&RecordBatch> {
        self.pairs.as_ref()?.held()
    }

    /// Gives the row that is [held](Intake::held), without waiting for the one behind it: it is a
    /// delete. Each checkpoint ends so.
    pub fn let_go(&mut self) -> Option<RecordBatch> {
        let held = self.pairs.as_mut()?.let_go()?;
        self.retracts = true;
        self.rows += held.num_rows() as u64;
        Some(held)
    }

    /// What there is to say of rows that are set aside.
    pub(super) fn letters<'a>(&'a self, aside: &'a SetAside) -> Letters<'a> {
        Letters {
            plan: &self.plan,
            policies: &self.policies,
            batch: &aside.batch,
            kinds: aside.kinds.as_deref(),
            place: aside.place,
            nests: &[],
            aside: &aside.rows,
        }
    }

    /// Where the next row stands.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Values and rows that policies have touched so far.
    pub fn touched(&self) -> Touched {
        self.touched
    }

    /// Ends a checkpoint: what comes later belongs to the next one.
    pub fn end(&mut self, checkpoint: u64) {
        self.place.checkpoint = checkpoint.saturating_add(1);
        self.retracts = false;
    }

    /// Says that the checkpoint that ended last is at least this one: what comes later belongs to a
    /// later one.
    pub fn reached(&mut self, checkpoint: u64) {
        self.place.checkpoint = self.place.checkpoint.max(checkpoint.saturating_add(1));
    }

    /// Whether every row of the present checkpoint so far is an upsert (or, without a key, an
    /// insert).
    pub fn upserts(&self) -> bool {
        !self.retracts
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

    /// Rows so far that went on or were set aside.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes that those rows held in the batches' Arrow buffers.
    pub fn taken_bytes(&self) -> u64 {
        self.taken_bytes
    }

    fn check_kinds(&self, kinds: Option<&[RowKind]>) -> Result<()> {
        let Some(kinds) = kinds else { return Ok(()) };
        if self.shape == StagedShape::Keyed || kinds.iter().all(|kind| *kind == RowKind::Insert) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unsupported,
            "cannot write updates or deletes into a table without a primary key",
        )
        .hint(
            "declare PRIMARY KEY (…) NOT ENFORCED, write a query that only inserts, or drop what \
             takes rows away with 'sink.ignore-delete' = 'true'",
        ))
    }

    /// The rows that go on, those that do not, and what policies have touched. Changes nothing.
    fn checked(&self, batch: &RecordBatch, kinds: Option<&[RowKind]>) -> Result<Checked> {
        let input = Input { before: self.place.sequence, kinds };
        let mut review = Review::new(&self.plan, &self.policies, batch, input);
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for (index, plan) in self.plan.columns.iter().enumerate() {
            let declared = batch.columns().get(plan.source).ok_or_else(|| {
                Error::new(
                    ErrorKind::SchemaMismatch,
                    format!("cannot stage a batch of {} columns", batch.num_columns()),
                )
                .with("column", &plan.target)
                .hint("give batches all columns of the declared schema")
            })?;
            let mut staged = convert::stage(index, declared, &mut review)?;
            if self.carrier == Carrier::Csv {
                let unfit = csv::check(staged.as_ref());
                staged = review.settle(index, staged, unfit)?;
            }
            columns.push(staged);
        }
        if let Some(limit) = &self.row_limit {
            let wide = limit.check(&columns, batch.num_rows());
            let wide = match review.leave_keys(wide.as_ref(), &mut columns)? {
                true => limit.check(&columns, batch.num_rows()),
                false => wide,
            };
            review.settle_rows(wide);
        }
        if self.shape == StagedShape::Keyed {
            columns.extend(shape::order_columns(batch.num_rows(), kinds, self.place));
        }
        let staged = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| {
            Error::new(ErrorKind::Internal, "a staged batch is not what its schema says")
                .source(error)
        })?;
        let (aside, touched) = review.end()?;
        // Before rows are set aside: the old row of one that is has nothing to take away.
        let paired = match &self.pairs {
            Some(pairs) => pairs.find(&staged, kinds)?,
            None => Paired::default(),
        };
        let rows = match aside.is_empty() && !paired.any_out() {
            true => staged,
            false => changes::kept(&staged, |row| !aside.contains_key(&row) && !paired.out(row))?,
        };
        Ok(Checked { rows, paired, aside, touched })
    }
}

fn check_length(rows: usize, kinds: Option<&[RowKind]>) -> Result<()> {
    match kinds {
        Some(kinds) if kinds.len() != rows => {
            let why = format!("a batch of {rows} rows came with {} row kinds", kinds.len());
            Err(Error::new(ErrorKind::Internal, why))
        }
        _ => Ok(()),
    }
}

/// Bytes that a batch's own rows take in its buffers, which may hold more.
pub(crate) fn batch_bytes(batch: &RecordBatch) -> usize {
    let columns = batch.columns().iter();
    columns.map(|column| column.to_data().get_slice_memory_size().unwrap_or_default()).sum()
}
