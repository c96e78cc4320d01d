//! Decimals: up to 18 digits stand in the slot itself, longer ones as big-endian two's complement
//! elsewhere.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array};
use arrow_redshift::{Error, ErrorKind, Result};

use super::cells::{Cells, offset_and_rest};

/// Digits that fit into a slot.
const COMPACT: u8 = 18;

pub(super) fn decode<'a>(cells: &impl Cells<'a>, precision: u8, scale: u8) -> Result<ArrayRef> {
    let validity = cells.validity();
    let mut values: Vec<i128> = Vec::with_capacity(cells.count());
    let limit = 10_u128.pow(u32::from(precision));
    for (at, word) in cells.slots().enumerate() {
        if validity.as_ref().is_some_and(|validity| validity.is_null(at)) {
            values.push(0);
            continue;
        }
        let value = match precision {
            ..=COMPACT => i128::from(i64::from_le_bytes(word)),
            _ => long(cells, at, word)?,
        };
        if value.unsigned_abs() >= limit {
            let why = format!("a number that is no DECIMAL({precision}, {scale})");
            return Err(cells
                .refused(cells.part(at).row, &why)
                .hint("CAST in the query, or declare more digits"));
        }
        values.push(value);
    }
    // Scale is at most 38, so it fits Arrow's signed byte.
    let array = Decimal128Array::new(values.into(), validity)
        .with_precision_and_scale(precision, scale as i8);
    let array = array.map_err(|error| {
        let why = format!("Arrow has no DECIMAL({precision}, {scale})");
        Error::new(ErrorKind::Internal, why).source(error)
    })?;
    Ok(Arc::new(array))
}

fn long<'a>(cells: &impl Cells<'a>, at: usize, word: [u8; 8]) -> Result<i128> {
    let (offset, length) = offset_and_rest(word);
    let part = cells.variable(at, offset, length as usize)?;
    let (Some(first), true) = (part.bytes.first(), part.bytes.len() <= 16) else {
        return Err(cells.damaged(part.row, &format!("a decimal of {length} bytes")));
    };
    let sign = if first & 0x80 == 0 { 0x00 } else { 0xFF };
    let mut wide = [sign; 16];
    wide[16 - part.bytes.len()..].copy_from_slice(part.bytes);
    Ok(i128::from_be_bytes(wide))
}
