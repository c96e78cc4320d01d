//! Decimals: up to 18 digits stand in the field itself, longer ones as big-endian two's complement
//! in the variable part.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array};
use arrow_redshift::{Error, ErrorKind, Result};

use super::{RowField, field::offset_and_rest, frame::Frame};

/// Digits that fit into a field.
const COMPACT: u8 = 18;

pub(super) fn decode(
    frame: &Frame<'_>,
    place: usize,
    field: &RowField,
    precision: u8,
    scale: u8,
) -> Result<ArrayRef> {
    let validity = frame.validity(place);
    let mut values: Vec<i128> = Vec::with_capacity(frame.rows.len());
    let limit = 10_u128.pow(u32::from(precision));
    for (at, word) in frame.fixed(place).enumerate() {
        if validity.as_ref().is_some_and(|validity| validity.is_null(at)) {
            values.push(0);
            continue;
        }
        let value = match precision {
            ..=COMPACT => i128::from(i64::from_le_bytes(word)),
            _ => long(frame, at, word).map_err(|error| error.with("column", &field.name))?,
        };
        if value.unsigned_abs() >= limit {
            let why = format!("refused a number that is no {}", field.data_type);
            return Err(Error::new(ErrorKind::ValueRefused, why)
                .with("column", &field.name)
                .with("row", frame.number(at))
                .hint("CAST in the query, or declare more digits"));
        }
        values.push(value);
    }
    // Scale is at most 38, so it fits Arrow's signed byte.
    let array = Decimal128Array::new(values.into(), validity)
        .with_precision_and_scale(precision, scale as i8);
    let array = array.map_err(|error| {
        Error::new(ErrorKind::Internal, format!("Arrow has no {}", field.data_type)).source(error)
    })?;
    Ok(Arc::new(array))
}

fn long(frame: &Frame<'_>, at: usize, word: [u8; 8]) -> Result<i128> {
    let (offset, length) = offset_and_rest(word);
    let bytes = frame.variable(at, offset, length as usize)?;
    let (Some(first), true) = (bytes.first(), bytes.len() <= 16) else {
        let why = format!("a row buffer is damaged: a decimal of {} bytes", bytes.len());
        return Err(Error::new(ErrorKind::Internal, why).with("row", frame.number(at)));
    };
    let sign = if first & 0x80 == 0 { 0x00 } else { 0xFF };
    let mut wide = [sign; 16];
    wide[16 - bytes.len()..].copy_from_slice(bytes);
    Ok(i128::from_be_bytes(wide))
}
