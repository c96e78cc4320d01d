//! Updates that come as two rows: the old one and, right behind it, the new one of the same key.
//!
//! Such a pair is one upsert, since the old row says nothing that the new one does not. Any other
//! old row is a delete: its row goes, or goes on under another key. What a row is follows from the
//! row behind it, so the last row of a batch is held back where it is an old one; wherever a
//! changelog is cut into batches and flushes, it does the same.
//!
//! At the end of a checkpoint nothing may be held back, since nobody would bring the row again after
//! a failure. There an old row is the delete that the changelog up to there says it is.

use std::cmp::Ordering;

use arrow::{
    array::{AsArray, RecordBatch, UInt32Array, make_comparator},
    compute::{SortOptions, take_record_batch},
    error::ArrowError,
};

use super::{RowKind, fold::key_columns};
use crate::{
    error::{Error, ErrorKind, Result},
    types::TablePlan,
};

/// Finds the pairs in one writer's changes.
#[derive(Debug)]
pub(super) struct Pairs {
    /// The columns of the key, and which of them are text.
    keys: Vec<(usize, bool)>,
    /// The old row that the changes so far end in, as it is staged: a delete.
    held: Option<RecordBatch>,
}

/// What the pairs make of a batch.
#[derive(Debug, Default)]
pub(super) struct Paired {
    /// The row that was held, where the batch shows it to be a delete.
    pub gone: Option<RecordBatch>,
    /// Of each row whether it stays out; empty where all stay.
    out: Vec<bool>,
    /// The row to be held from now on.
    held: Option<RecordBatch>,
}

impl Paired {
    /// Whether a row of the batch stays out: the old row of a pair, or one that is held.
    pub fn out(&self, row: usize) -> bool {
        self.out.get(row).is_some_and(|out| *out)
    }

    /// Whether any does.
    pub fn any_out(&self) -> bool {
        !self.out.is_empty()
    }
}

/// Whether two rows, one of each of two batches, have one key.
type SameKey<'a> = Box<dyn Fn(usize, usize) -> bool + 'a>;

impl Pairs {
    /// Pairs of a keyed table's staged rows; `None` where the table has no key.
    pub fn new(plan: &TablePlan) -> Option<Pairs> {
        let keys = key_columns(plan);
        (!keys.is_empty()).then_some(Pairs { keys, held: None })
    }

    /// The row that waits for the one behind it.
    pub fn held(&self) -> Option<&RecordBatch> {
        self.held.as_ref()
    }

    /// Gives the row that is held, which is a delete then.
    pub fn let_go(&mut self) -> Option<RecordBatch> {
        self.held.take()
    }

    /// Looks at staged rows and their kinds (`None` is all inserts), and changes nothing yet.
    pub fn find(&self, rows: &RecordBatch, kinds: Option<&[RowKind]>) -> Result<Paired> {
        if rows.num_rows() == 0 {
            return Ok(Paired { held: self.held.clone(), ..Paired::default() });
        }
        self.found(rows, kinds.unwrap_or_default()).map_err(|error| {
            let why = "old and new rows of updates could not be brought together";
            Error::new(ErrorKind::Internal, why).source(error)
        })
    }

    /// Goes on behind a batch that was looked at.
    pub fn pass(&mut self, paired: Paired) {
        self.held = paired.held;
    }

    fn found(&self, rows: &RecordBatch, kinds: &[RowKind]) -> Result<Paired, ArrowError> {
        let new = |row: usize| kinds.get(row) == Some(&RowKind::UpdateAfter);
        let gone = match &self.held {
            Some(held) if new(0) && self.same_key(held, rows)?(0, 0) => None,
            held => held.clone(),
        };
        if !kinds.contains(&RowKind::UpdateBefore) {
            return Ok(Paired { gone, ..Paired::default() });
        }
        let same_key = self.same_key(rows, rows)?;
        let last = kinds.len() - 1;
        let goes_out = |row: usize| {
            kinds[row] == RowKind::UpdateBefore
                && (row == last || new(row + 1) && same_key(row, row + 1))
        };
        let out = (0..kinds.len()).map(goes_out).collect();
        let held = match kinds[last] {
            // A copy: what is held must not keep the caller's batch alive.
            RowKind::UpdateBefore => {
                Some(take_record_batch(rows, &UInt32Array::from(vec![last as u32]))?)
            }
            _ => None,
        };
        Ok(Paired { gone, out, held })
    }

    /// Compares keys as the target does, by rows of two batches.
    fn same_key<'a>(
        &self,
        left: &'a RecordBatch,
        right: &'a RecordBatch,
    ) -> Result<SameKey<'a>, ArrowError> {
        let mut columns: Vec<SameKey<'a>> = Vec::with_capacity(self.keys.len());
        for (at, text) in &self.keys {
            let (left, right) = (left.column(*at), right.column(*at));
            let texts = left.as_string_opt::<i32>().zip(right.as_string_opt::<i32>());
            columns.push(match texts.filter(|_| *text) {
                Some((left, right)) => Box::new(|one, other| {
                    // Trailing blanks do not count.
                    let compared = |text: &'a str| text.trim_end_matches(' ');
                    compared(left.value(one)) == compared(right.value(other))
                }),
                None => {
                    let compare = make_comparator(left, right, SortOptions::default())?;
                    Box::new(move |one, other| compare(one, other) == Ordering::Equal)
                }
            });
        }
        Ok(Box::new(move |one, other| columns.iter().all(|same| same(one, other))))
    }
}

#[cfg(test)]
#[path = "pairs_tests.rs"]
mod tests;
