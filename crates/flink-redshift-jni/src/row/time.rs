//! Timestamps: milliseconds in the slot itself, or milliseconds elsewhere and nanoseconds beside
//! the offset.

use std::sync::Arc;

use arrow::array::{ArrayRef, TimestampMicrosecondArray};
use arrow_redshift::{Result, types::UTC};

use super::cells::{Cells, offset_and_rest};

/// The most digits behind the second that stand in the slot itself.
const COMPACT: u8 = 3;
/// Nanoseconds of a millisecond.
const NANOS: u32 = 1_000_000;

pub(super) fn decode<'a>(cells: &impl Cells<'a>, precision: u8, instant: bool) -> Result<ArrayRef> {
    let validity = cells.validity();
    let mut micros: Vec<i64> = Vec::with_capacity(cells.count());
    for (at, word) in cells.slots().enumerate() {
        if validity.as_ref().is_some_and(|validity| validity.is_null(at)) {
            micros.push(0);
            continue;
        }
        let (millis, nanos) = match precision {
            ..=COMPACT => (i64::from_le_bytes(word), 0),
            _ => long(cells, at, word)?,
        };
        let value = millis.checked_mul(1000).and_then(|value| value.checked_add(nanos / 1000));
        micros.push(value.ok_or_else(|| {
            cells.refused(cells.part(at).row, "a time that is beyond what a timestamp holds")
        })?);
    }
    let array = TimestampMicrosecondArray::new(micros.into(), validity);
    Ok(if instant { Arc::new(array.with_timezone(UTC)) } else { Arc::new(array) })
}

/// Milliseconds since 1970, and nanoseconds of the millisecond.
fn long<'a>(cells: &impl Cells<'a>, at: usize, word: [u8; 8]) -> Result<(i64, i64)> {
    let (offset, nanos) = offset_and_rest(word);
    let part = cells.variable(at, offset, 8)?;
    let (Some(millis), true) = (part.bytes.first_chunk::<8>(), nanos < NANOS) else {
        let why = format!("{nanos} nanoseconds of a millisecond");
        return Err(cells.damaged(part.row, &why));
    };
    Ok((i64::from_le_bytes(*millis), i64::from(nanos)))
}
