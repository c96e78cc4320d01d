//! The values of one column, wherever they stand: in the rows of a buffer, in rows within rows, or
//! in arrays.

use std::cell::Cell;

use arrow::buffer::NullBuffer;
use arrow_redshift::{Error, ErrorKind, Result};

/// Bytes that hold a row, an array or a map, and the row of the buffer that they belong to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub bytes: &'a [u8],
    /// The number of that row within all rows of its writer, from one.
    pub row: u64,
}

/// The values of one column.
///
/// Each has a slot of up to eight bytes. What does not fit into one stands elsewhere in the same
/// part, and the slot says where.
pub(super) trait Cells<'a> {
    /// How many values there are, NULLs among them.
    fn count(&self) -> usize;

    /// Which values are there; `None` where all are.
    fn validity(&self) -> Option<NullBuffer>;

    /// The first `N` bytes of each slot; `N` is at most a slot's width.
    fn slots<const N: usize>(&self) -> impl Iterator<Item = [u8; N]>;

    /// The part that the value at `at` stands in.
    fn part(&self, at: usize) -> Part<'a>;

    /// What is left of what [`variable`](Cells::variable) may take.
    fn budget(&self) -> &Budget;

    /// The name of the table's column.
    fn column(&self) -> &str;

    /// Bytes that stand elsewhere in the part of the value at `at`.
    fn variable(&self, at: usize, offset: usize, length: usize) -> Result<Part<'a>> {
        let Part { bytes, row } = self.part(at);
        let found = offset.checked_add(length).and_then(|end| bytes.get(offset..end));
        match found.filter(|_| self.budget().takes(length)) {
            Some(bytes) => Ok(Part { bytes, row }),
            None => {
                let of = bytes.len();
                Err(self.damaged(row, &format!("{length} bytes at {offset} of {of} bytes")))
            }
        }
    }

    /// Bytes are not what Flink writes.
    fn damaged(&self, row: u64, why: &str) -> Error {
        Error::new(ErrorKind::Internal, format!("a row buffer is damaged: {why}"))
            .with("column", self.column())
            .with("row", row)
    }

    /// A value is none that a column holds.
    fn refused(&self, row: u64, why: &str) -> Error {
        Error::new(ErrorKind::ValueRefused, format!("refused {why}"))
            .with("column", self.column())
            .with("row", row)
    }
}

/// How many bytes may still be taken from some parts: together not more than the parts have, so
/// that values whose bytes overlap cannot grow into more memory than came in.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

impl Budget {
    /// As much as these parts hold.
    pub fn of(parts: &[Part<'_>]) -> Budget {
        Budget(Cell::new(parts.iter().map(|part| part.bytes.len()).sum()))
    }

    fn takes(&self, length: usize) -> bool {
        let left = self.0.get().checked_sub(length);
        self.0.set(left.unwrap_or_else(|| self.0.get()));
        left.is_some()
    }
}

/// Offset within the part, and the 32 bits beside it: a length, or nanoseconds.
pub(super) fn offset_and_rest(word: [u8; 8]) -> (usize, u32) {
    let word = u64::from_le_bytes(word);
    ((word >> 32) as usize, word as u32)
}
