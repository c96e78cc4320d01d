//! Rows of a batch that go on, and those that do not.

use arrow::{
    array::{BooleanArray, RecordBatch},
    compute::filter_record_batch,
};

use super::RowKind;
use crate::error::{Error, ErrorKind, Result};

/// What is left of a batch.
pub(super) struct Kept {
    pub batch: RecordBatch,
    pub kinds: Vec<RowKind>,
}

/// A batch without the rows that take content away; `None` where it has none and is used as it is.
///
/// Without a key nothing tells the new row of an update from a new row, so it is one.
pub(super) fn without_deletes(
    batch: &RecordBatch,
    kinds: &[RowKind],
    keyed: bool,
) -> Result<Option<Kept>> {
    let changes = |kind: &RowKind| kind.retracts() || !keyed && *kind == RowKind::UpdateAfter;
    if !kinds.iter().any(changes) {
        return Ok(None);
    }
    let batch = kept(batch, |row| !kinds[row].retracts())?;
    let left = kinds.iter().copied().filter(|kind| !kind.retracts());
    let kinds = left.map(|kind| if keyed { kind } else { RowKind::Insert }).collect();
    Ok(Some(Kept { batch, kinds }))
}

/// The rows of a batch that are to stay.
pub(super) fn kept(batch: &RecordBatch, stays: impl Fn(usize) -> bool) -> Result<RecordBatch> {
    let mask: BooleanArray = (0..batch.num_rows()).map(|row| Some(stays(row))).collect();
    filter_record_batch(batch, &mask).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot take rows out of a batch").source(error)
    })
}
