//! Where the rows of a buffer stand, and what their first bytes say.

use std::cell::Cell;

use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow_redshift::{Error, ErrorKind, Result, stage::RowKind};

/// Bits before the first field's NULL bit: the row's kind.
const HEADER_BITS: usize = 8;

/// The bytes of a row of so many fields before its variable part.
pub const fn fixed_part(arity: usize) -> usize {
    null_bytes(arity) + arity * 8
}

/// The bytes of the kind and the NULL bits, in whole words.
const fn null_bytes(arity: usize) -> usize {
    (arity + 63 + HEADER_BITS) / 64 * 8
}

/// One row: where it starts in the buffer, and its length. At least its fixed part lies inside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub start: usize,
    pub length: usize,
}

/// The rows of a buffer, found and checked.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    bytes: &'a [u8],
    pub rows: Vec<Row>,
    null_bytes: usize,
    before: u64,
    /// How many bytes of variable parts may still be taken.
    variable: Cell<usize>,
}

impl<'a> Frame<'a> {
    /// Finds all rows, which must be as many as are said to be there.
    pub fn find(bytes: &'a [u8], count: usize, arity: usize, before: u64) -> Result<Frame<'a>> {
        // Offsets of texts in Arrow have 31 bits.
        if bytes.len() > i32::MAX as usize {
            let why = format!("a row buffer of {} bytes is too large", bytes.len());
            return Err(Error::new(ErrorKind::Internal, why));
        }
        let fixed = fixed_part(arity);
        // The count is only believed as far as the buffer can hold it.
        let mut rows = Vec::with_capacity(count.min(bytes.len() / (4 + fixed)));
        let mut at = 0;
        while let Some((length, rest)) = bytes[at..].split_first_chunk::<4>() {
            let (start, length) = (at + 4, i32::from_le_bytes(*length));
            let inside = usize::try_from(length).ok().filter(|length| *length <= rest.len());
            let Some(length) = inside.filter(|length| *length >= fixed) else {
                let why = format!(
                    "a row buffer is damaged: row {} has {length} bytes, its fixed part {fixed}, \
                     and {} are left",
                    rows.len() + 1,
                    rest.len()
                );
                return Err(Error::new(ErrorKind::Internal, why));
            };
            rows.push(Row { start, length });
            at = start + length;
        }
        if at != bytes.len() || rows.len() != count {
            let why = format!(
                "a row buffer is damaged: it holds {} rows instead of {count}, and {} bytes more",
                rows.len(),
                bytes.len() - at
            );
            return Err(Error::new(ErrorKind::Internal, why));
        }
        let variable = Cell::new(bytes.len());
        Ok(Frame { bytes, rows, null_bytes: null_bytes(arity), before, variable })
    }

    /// What each row does; `None` is all inserts.
    pub fn kinds(&self) -> Result<Option<Vec<RowKind>>> {
        if self.rows.iter().all(|row| self.bytes[row.start] == 0) {
            return Ok(None);
        }
        let kinds = self.rows.iter().enumerate().map(|(at, row)| match self.bytes[row.start] {
            0 => Ok(RowKind::Insert),
            1 => Ok(RowKind::UpdateBefore),
            2 => Ok(RowKind::UpdateAfter),
            3 => Ok(RowKind::Delete),
            other => {
                let why = format!("a row has kind {other}, which Flink does not have");
                Err(Error::new(ErrorKind::Internal, why).with("row", self.number(at)))
            }
        });
        kinds.collect::<Result<Vec<_>>>().map(Some)
    }

    /// Which values of a field are there; `None` where all are.
    pub fn validity(&self, place: usize) -> Option<NullBuffer> {
        let bit = place + HEADER_BITS;
        let (byte, mask) = (bit / 8, 1 << (bit % 8));
        let present = |at: usize| self.bytes[self.rows[at].start + byte] & mask == 0;
        let validity = NullBuffer::new(BooleanBuffer::collect_bool(self.rows.len(), present));
        (validity.null_count() > 0).then_some(validity)
    }

    /// A field's first bytes in each row; `N` is at most eight.
    pub fn fixed<const N: usize>(&self, place: usize) -> impl Iterator<Item = [u8; N]> {
        let field = self.null_bytes + place * 8;
        self.rows.iter().map(move |row| {
            let mut value = [0; N];
            // The fixed part lies inside: `find` has checked it.
            value.copy_from_slice(&self.bytes[row.start + field..][..N]);
            value
        })
    }

    /// `length` bytes of a row's variable part. All that are taken from a buffer together are not
    /// more than the buffer, so that rows whose parts overlap cannot grow into more memory.
    pub fn variable(&self, at: usize, offset: usize, length: usize) -> Result<&'a [u8]> {
        let Row { start, length: row } = self.rows[at];
        let inside = offset.checked_add(length).is_some_and(|end| end <= row);
        if !inside || length > self.variable.get() {
            let why = format!(
                "a row buffer is damaged: {length} bytes at {offset} of a row of {row} bytes"
            );
            return Err(Error::new(ErrorKind::Internal, why).with("row", self.number(at)));
        }
        self.variable.set(self.variable.get() - length);
        Ok(&self.bytes[start + offset..][..length])
    }

    /// The number of a row within all rows of its writer, from one.
    pub fn number(&self, at: usize) -> u64 {
        self.before + at as u64 + 1
    }
}
