//! One column, by its type.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BooleanArray, PrimitiveArray},
    buffer::{BooleanBuffer, ScalarBuffer},
    datatypes::{
        ArrowPrimitiveType, Date32Type, DurationMillisecondType, Float32Type, Float64Type,
        Int8Type, Int16Type, Int32Type, Int64Type, IntervalYearMonthType, Time64MicrosecondType,
    },
};
use arrow_redshift::{Result, types::FlinkType};

use super::{bytes, cells::Cells, decimal, nested, time};

/// Decodes all values of a column.
pub(super) fn decode<'a>(cells: &impl Cells<'a>, data_type: &FlinkType) -> Result<ArrayRef> {
    Ok(match data_type {
        FlinkType::Boolean => booleans(cells),
        FlinkType::TinyInt => numbers::<Int8Type, 1>(cells, i8::from_le_bytes),
        FlinkType::SmallInt => numbers::<Int16Type, 2>(cells, i16::from_le_bytes),
        FlinkType::Int => numbers::<Int32Type, 4>(cells, i32::from_le_bytes),
        FlinkType::BigInt => numbers::<Int64Type, 8>(cells, i64::from_le_bytes),
        FlinkType::Float => numbers::<Float32Type, 4>(cells, f32::from_le_bytes),
        FlinkType::Double => numbers::<Float64Type, 8>(cells, f64::from_le_bytes),
        FlinkType::Date => numbers::<Date32Type, 4>(cells, i32::from_le_bytes),
        // Flink keeps milliseconds of the day, whatever the precision.
        FlinkType::Time(_) => numbers::<Time64MicrosecondType, 4>(cells, |millis| {
            i64::from(i32::from_le_bytes(millis)) * 1000
        }),
        FlinkType::IntervalYearMonth => {
            numbers::<IntervalYearMonthType, 4>(cells, i32::from_le_bytes)
        }
        FlinkType::IntervalDaySecond => {
            numbers::<DurationMillisecondType, 8>(cells, i64::from_le_bytes)
        }
        FlinkType::Decimal { precision, scale } => decimal::decode(cells, *precision, *scale)?,
        FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => bytes::texts(cells)?,
        FlinkType::Binary(_) | FlinkType::VarBinary(_) | FlinkType::Bytes => {
            bytes::binaries(cells)?
        }
        FlinkType::Timestamp(precision) => time::decode(cells, *precision, false)?,
        FlinkType::TimestampLtz(precision) => time::decode(cells, *precision, true)?,
        FlinkType::Array(element) => nested::arrays(cells, &element.data_type)?,
        FlinkType::Map(key, value) => nested::maps(cells, &key.data_type, &value.data_type)?,
        FlinkType::Multiset(element) => nested::maps(cells, &element.data_type, &FlinkType::Int)?,
        FlinkType::Row(fields) => nested::rows(cells, fields)?,
    })
}

fn numbers<'a, T: ArrowPrimitiveType, const N: usize>(
    cells: &impl Cells<'a>,
    read: fn([u8; N]) -> T::Native,
) -> ArrayRef {
    let values: Vec<T::Native> = cells.slots::<N>().map(read).collect();
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values), cells.validity()))
}

fn booleans<'a>(cells: &impl Cells<'a>) -> ArrayRef {
    let values = cells.slots::<1>().map(|[value]| value != 0);
    let values: BooleanBuffer = values.collect();
    Arc::new(BooleanArray::new(values, cells.validity()))
}
