//! Changes of a keyed table on their way into a part, held until they are many, so that of what
//! they say of one key only the last is staged.
//!
//! Keys that change often enough to be few in a window, and only those, cost one staged row for
//! many. Where a window shows hardly any such key, the next ones pass unseen, each time more of
//! them, so that a load of distinct keys pays next to nothing.

use arrow::{
    array::{RecordBatch, UInt32Array},
    compute::{concat_batches, take_record_batch},
};

use super::{
    fold::{Fold, Folded},
    intake::batch_bytes,
};
use crate::error::{Error, ErrorKind, Result};

/// Bytes of rows that are folded at once.
pub(super) const WINDOW_BYTES: usize = 16 * 1024 * 1024;

/// The most windows that pass unseen between two that are folded.
const MOST_UNSEEN: usize = 15;

/// A window pays where at least one row of so many is overtaken by a later one.
const ROWS_PER_GAIN: usize = 8;

/// Buffers of a batch that is held may be larger than its rows by this much.
const SPARE_BYTES: usize = 64 * 1024;

/// The changes that are held.
///
/// **Memory**: 16 MiB of rows, and while they are folded less than twice as much again.
#[derive(Debug)]
pub(crate) struct Window {
    fold: Fold,
    /// Bytes at which it is full.
    limit: usize,
    held: Vec<RecordBatch>,
    held_bytes: usize,
    /// How many windows were let through after the last one that did not pay.
    unseen: usize,
    /// Bytes that are still let through.
    passing: usize,
}

impl Window {
    pub fn new(fold: Fold) -> Window {
        Window::of(fold, WINDOW_BYTES)
    }

    fn of(fold: Fold, limit: usize) -> Window {
        Window { fold, limit, held: Vec::new(), held_bytes: 0, unseen: 0, passing: 0 }
    }

    /// Takes rows in, of no more bytes than a quarter of a window, and gives what is to be staged
    /// now.
    pub fn push(&mut self, rows: RecordBatch) -> Result<Vec<RecordBatch>> {
        if self.passing > 0 {
            self.passing = self.passing.saturating_sub(batch_bytes(&rows));
            return Ok(vec![rows]);
        }
        let rows = owned(rows)?;
        self.held_bytes += rows.get_array_memory_size();
        self.held.push(rows);
        if self.held_bytes < self.limit { Ok(Vec::new()) } else { self.turn() }
    }

    /// Gives what is held.
    pub fn take(&mut self) -> Result<Vec<RecordBatch>> {
        self.held_bytes = 0;
        let held = std::mem::take(&mut self.held);
        self.fold.fold(held).map(|folded| folded.batches)
    }

    /// A full window: what is left of it stays where that is little, or is to be staged.
    fn turn(&mut self) -> Result<Vec<RecordBatch>> {
        let held = std::mem::take(&mut self.held);
        self.held_bytes = 0;
        let Folded { batches, before, after } = self.fold.fold(held)?;
        if before - after < before / ROWS_PER_GAIN {
            self.unseen = (2 * self.unseen + 1).min(MOST_UNSEEN);
            self.passing = self.unseen * self.limit;
            return Ok(batches);
        }
        self.unseen = 0;
        if 2 * after > before {
            return Ok(batches);
        }
        let Some(first) = batches.first() else { return Ok(batches) };
        // One batch, since many small ones take more room than their rows.
        let left = concat_batches(first.schema_ref(), &batches).map_err(failed)?;
        drop(batches);
        let bytes = left.get_array_memory_size();
        if 2 * bytes > self.limit {
            return Ok(vec![left]);
        }
        self.held_bytes = bytes;
        self.held.push(left);
        Ok(Vec::new())
    }
}

/// Rows in buffers of about their own size: what is held must not keep a larger batch of the
/// caller's alive.
fn owned(rows: RecordBatch) -> Result<RecordBatch> {
    if rows.get_array_memory_size() <= 2 * batch_bytes(&rows) + SPARE_BYTES {
        return Ok(rows);
    }
    let all: UInt32Array = (0..rows.num_rows() as u32).map(Some).collect();
    take_record_batch(&rows, &all).map_err(failed)
}

fn failed(error: arrow::error::ArrowError) -> Error {
    Error::new(ErrorKind::Internal, "changes could not be gathered to be folded").source(error)
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
