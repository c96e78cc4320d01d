//! Rows, found in a buffer or within values, and what their first bytes say.

use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow_redshift::{Error, ErrorKind, Result, stage::RowKind};

use super::cells::{Budget, Cells, Part};

/// Bits before the first field's NULL bit: the row's kind.
const HEADER_BITS: usize = 8;

/// The largest buffer that is read: offsets in Arrow have 31 bits, and texts that stand in slots
/// come beside those that do not.
const LARGEST: usize = i32::MAX as usize / 2;

/// The bytes of a row of so many fields before its variable part.
pub const fn fixed_part(arity: usize) -> usize {
    null_bytes(arity) + arity * 8
}

/// The bytes of the kind and the NULL bits, in whole words.
const fn null_bytes(arity: usize) -> usize {
    (arity + 63 + HEADER_BITS) / 64 * 8
}

/// Rows of one arity. At least the fixed part of each lies inside its bytes.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub rows: Vec<Part<'a>>,
    null_bytes: usize,
    /// The kinds and NULL bits of all rows together: a bit that is not set here is set in no row.
    /// Most columns of most buffers hold no NULL, and this tells without asking each row.
    any: Vec<u64>,
    budget: Budget,
}

/// One field of all rows of a frame.
#[derive(Debug)]
pub(super) struct RowCells<'f, 'a> {
    pub frame: &'f Frame<'a>,
    pub place: usize,
    pub column: &'f str,
}

impl<'a> Frame<'a> {
    /// Finds all rows of a buffer, which must be as many as are said to be there; `before` is how
    /// many rows came before them.
    pub fn find(bytes: &'a [u8], count: usize, arity: usize, before: u64) -> Result<Frame<'a>> {
        if bytes.len() > LARGEST {
            let why = format!("a row buffer of {} bytes is too large", bytes.len());
            return Err(Error::new(ErrorKind::Internal, why));
        }
        let fixed = fixed_part(arity);
        // The count is only believed as far as the buffer can hold it.
        let mut rows = Vec::with_capacity(count.min(bytes.len() / (4 + fixed)));
        let mut left = bytes;
        while let Some((length, rest)) = left.split_first_chunk::<4>() {
            let length = i32::from_le_bytes(*length);
            let inside = usize::try_from(length).ok().filter(|length| *length >= fixed);
            let Some((row, rest)) = inside.and_then(|length| rest.split_at_checked(length)) else {
                let why = format!(
                    "a row buffer is damaged: row {} has {length} bytes, its fixed part {fixed}, \
                     and {} are left",
                    rows.len() + 1,
                    rest.len()
                );
                return Err(Error::new(ErrorKind::Internal, why));
            };
            rows.push(Part { bytes: row, row: before + rows.len() as u64 + 1 });
            left = rest;
        }
        if !left.is_empty() || rows.len() != count {
            let why = format!(
                "a row buffer is damaged: it holds {} rows instead of {count}, and {} bytes more",
                rows.len(),
                left.len()
            );
            return Err(Error::new(ErrorKind::Internal, why));
        }
        Ok(Frame::of(rows, arity))
    }

    /// Rows that are values of `cells`.
    pub fn within(cells: &impl Cells<'a>, rows: Vec<Part<'a>>, arity: usize) -> Result<Frame<'a>> {
        let fixed = fixed_part(arity);
        if let Some(short) = rows.iter().find(|row| row.bytes.len() < fixed) {
            let why = format!("a ROW of {} bytes, its fixed part {fixed}", short.bytes.len());
            return Err(cells.damaged(short.row, &why));
        }
        Ok(Frame::of(rows, arity))
    }

    /// A frame of rows whose fixed parts lie inside.
    fn of(rows: Vec<Part<'a>>, arity: usize) -> Frame<'a> {
        let null_bytes = null_bytes(arity);
        let mut any = vec![0; null_bytes / 8];
        for row in &rows {
            let (words, _) = row.bytes[..null_bytes].as_chunks::<8>();
            for (all, word) in any.iter_mut().zip(words) {
                *all |= u64::from_le_bytes(*word);
            }
        }
        Frame { budget: Budget::of(&rows), rows, null_bytes, any }
    }

    /// Whether a bit, counted from a row's beginning, is set in any row.
    fn is_set_anywhere(&self, bit: usize) -> bool {
        self.any[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// What each row does; `None` is all inserts.
    pub fn kinds(&self) -> Result<Option<Vec<RowKind>>> {
        if (0..HEADER_BITS).all(|bit| !self.is_set_anywhere(bit)) {
            return Ok(None);
        }
        let kinds = self.rows.iter().map(|row| match row.bytes[0] {
            0 => Ok(RowKind::Insert),
            1 => Ok(RowKind::UpdateBefore),
            2 => Ok(RowKind::UpdateAfter),
            3 => Ok(RowKind::Delete),
            other => {
                let why = format!("a row has kind {other}, which Flink does not have");
                Err(Error::new(ErrorKind::Internal, why).with("row", row.row))
            }
        });
        kinds.collect::<Result<Vec<_>>>().map(Some)
    }
}

impl<'a> Cells<'a> for RowCells<'_, 'a> {
    fn count(&self) -> usize {
        self.frame.rows.len()
    }

    fn validity(&self) -> Option<NullBuffer> {
        let bit = self.place + HEADER_BITS;
        if !self.frame.is_set_anywhere(bit) {
            return None;
        }
        let (byte, mask) = (bit / 8, 1 << (bit % 8));
        let present = |at: usize| self.frame.rows[at].bytes[byte] & mask == 0;
        let validity = NullBuffer::new(BooleanBuffer::collect_bool(self.count(), present));
        Some(validity)
    }

    fn slots<const N: usize>(&self) -> impl Iterator<Item = [u8; N]> {
        let slot = self.frame.null_bytes + self.place * 8;
        self.frame.rows.iter().map(move |row| {
            let mut value = [0; N];
            // The fixed part lies inside: whoever made the frame has checked it.
            value.copy_from_slice(&row.bytes[slot..][..N]);
            value
        })
    }

    fn part(&self, at: usize) -> Part<'a> {
        self.frame.rows[at]
    }

    fn budget(&self) -> &Budget {
        &self.frame.budget
    }

    fn column(&self) -> &str {
        self.column
    }
}
