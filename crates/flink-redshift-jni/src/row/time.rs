//! Timestamps: milliseconds in the field itself, or milliseconds in the variable part and
//! nanoseconds beside the offset.

use std::sync::Arc;

use arrow::array::{ArrayRef, TimestampMicrosecondArray};
use arrow_redshift::{
    Error, ErrorKind, Result,
    types::{FlinkType, UTC},
};

use super::{RowField, field::offset_and_rest, frame::Frame};

/// The most digits behind the second that stand in the field itself.
const COMPACT: u8 = 3;
/// Nanoseconds of a millisecond.
const NANOS: u32 = 1_000_000;

pub(super) fn decode(
    frame: &Frame<'_>,
    place: usize,
    field: &RowField,
    precision: u8,
    instant: bool,
) -> Result<ArrayRef> {
    debug_assert!(matches!(field.data_type, FlinkType::Timestamp(_) | FlinkType::TimestampLtz(_)));
    let validity = frame.validity(place);
    let mut micros: Vec<i64> = Vec::with_capacity(frame.rows.len());
    for (at, word) in frame.fixed(place).enumerate() {
        if validity.as_ref().is_some_and(|validity| validity.is_null(at)) {
            micros.push(0);
            continue;
        }
        let (millis, nanos) = match precision {
            ..=COMPACT => (i64::from_le_bytes(word), 0),
            _ => long(frame, at, word).map_err(|error| error.with("column", &field.name))?,
        };
        let value = millis.checked_mul(1000).and_then(|value| value.checked_add(nanos / 1000));
        micros.push(value.ok_or_else(|| {
            let why = "refused a time that is beyond what a timestamp holds";
            Error::new(ErrorKind::ValueRefused, why)
                .with("column", &field.name)
                .with("row", frame.number(at))
        })?);
    }
    let array = TimestampMicrosecondArray::new(micros.into(), validity);
    Ok(if instant { Arc::new(array.with_timezone(UTC)) } else { Arc::new(array) })
}

/// Milliseconds since 1970, and nanoseconds of the millisecond.
fn long(frame: &Frame<'_>, at: usize, word: [u8; 8]) -> Result<(i64, i64)> {
    let (offset, nanos) = offset_and_rest(word);
    let bytes = frame.variable(at, offset, 8)?;
    let (Some(millis), true) = (bytes.first_chunk::<8>(), nanos < NANOS) else {
        let why = format!("a row buffer is damaged: {nanos} nanoseconds of a millisecond");
        return Err(Error::new(ErrorKind::Internal, why).with("row", frame.number(at)));
    };
    Ok((i64::from_le_bytes(*millis), i64::from(nanos)))
}
