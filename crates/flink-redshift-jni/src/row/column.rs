//! One column of a buffer.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BooleanArray, PrimitiveArray},
    buffer::{BooleanBuffer, ScalarBuffer},
    datatypes::{
        ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
        Int64Type,
    },
};
use arrow_redshift::{Error, ErrorKind, Result, types::FlinkType};

use super::{RowField, decimal, frame::Frame, text, time};

/// Whether columns of this type are decoded.
pub fn is_carried(data_type: &FlinkType) -> bool {
    use FlinkType::{
        Array, Binary, Bytes, IntervalDaySecond, IntervalYearMonth, Map, Multiset, Row, Time,
        VarBinary,
    };
    !matches!(
        data_type,
        Array(_)
            | Binary(_)
            | Bytes
            | IntervalDaySecond
            | IntervalYearMonth
            | Map(..)
            | Multiset(_)
            | Row(_)
            | Time(_)
            | VarBinary(_)
    )
}

/// What is said of a column whose type is not decoded.
pub fn not_carried(data_type: &FlinkType) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("type {data_type} is not carried by the Flink connector yet"),
    )
}

/// Decodes the field at `place` of all rows.
pub(super) fn decode(frame: &Frame<'_>, place: usize, field: &RowField) -> Result<ArrayRef> {
    Ok(match field.data_type {
        FlinkType::Boolean => booleans(frame, place),
        FlinkType::TinyInt => numbers::<Int8Type, 1>(frame, place, i8::from_le_bytes),
        FlinkType::SmallInt => numbers::<Int16Type, 2>(frame, place, i16::from_le_bytes),
        FlinkType::Int => numbers::<Int32Type, 4>(frame, place, i32::from_le_bytes),
        FlinkType::BigInt => numbers::<Int64Type, 8>(frame, place, i64::from_le_bytes),
        FlinkType::Float => numbers::<Float32Type, 4>(frame, place, f32::from_le_bytes),
        FlinkType::Double => numbers::<Float64Type, 8>(frame, place, f64::from_le_bytes),
        FlinkType::Date => numbers::<Date32Type, 4>(frame, place, i32::from_le_bytes),
        FlinkType::Decimal { precision, scale } => {
            decimal::decode(frame, place, field, precision, scale)?
        }
        FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => {
            text::decode(frame, place, field)?
        }
        FlinkType::Timestamp(precision) => time::decode(frame, place, field, precision, false)?,
        FlinkType::TimestampLtz(precision) => time::decode(frame, place, field, precision, true)?,
        _ => return Err(not_carried(&field.data_type)),
    })
}

fn numbers<T: ArrowPrimitiveType, const N: usize>(
    frame: &Frame<'_>,
    place: usize,
    read: fn([u8; N]) -> T::Native,
) -> ArrayRef {
    let values: Vec<T::Native> = frame.fixed::<N>(place).map(read).collect();
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values), frame.validity(place)))
}

fn booleans(frame: &Frame<'_>, place: usize) -> ArrayRef {
    let values = frame.fixed::<1>(place).map(|[value]| value != 0);
    let values: BooleanBuffer = values.collect();
    Arc::new(BooleanArray::new(values, frame.validity(place)))
}
