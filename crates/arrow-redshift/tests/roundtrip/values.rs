//! Values of every carried type, the Arrow arrays that hold them, and the text by which a table
//! shows them. The text is made here by means of its own, not by the connector's.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DurationMillisecondArray,
    Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    IntervalYearMonthArray, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow_redshift::types::{FlinkType, RedshiftType};
use chrono::{DateTime, Days, NaiveDate};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::nested;

/// A value of any carried type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Float(f32),
    Double(f64),
    /// Without its point.
    Decimal(i128),
    Text(String),
    /// Days since 1970-01-01.
    Day(i32),
    /// Microseconds since 1970-01-01 00:00.
    At(i64),
    Bytes(Vec<u8>),
    /// Microseconds since midnight.
    Clock(i64),
    Months(i32),
    /// Milliseconds of an interval.
    Millis(i64),
    /// An array's elements.
    List(Vec<Option<Value>>),
    /// A map's keys and values, or a multiset's elements and counts.
    Entries(Vec<(Value, Option<Value>)>),
    /// A row's fields.
    Fields(Vec<Option<Value>>),
}

/// A table's cell as a client reads it.
pub type Cell = Option<String>;

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// `2013-01-31`
pub fn day(text: &str) -> Value {
    let day: NaiveDate = text.parse().expect("a date");
    Value::Day((day - NaiveDate::default()).num_days() as i32)
}

/// `2013-01-31 12:00:00.5`
pub fn at(text: &str) -> Value {
    let at = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").expect("a time");
    Value::At(at.and_utc().timestamp_micros())
}

/// A column of a batch.
pub fn array<'a>(
    declared: &FlinkType,
    values: impl IntoIterator<Item = Option<&'a Value>>,
) -> ArrayRef {
    let values = values.into_iter();
    macro_rules! of {
        ($array:ty, $variant:ident, $convert:expr) => {
            values
                .map(|value| {
                    value.map(|value| match value {
                        Value::$variant(value) => $convert(value),
                        other => panic!("{other:?} is no {declared}"),
                    })
                })
                .collect::<$array>()
        };
    }
    match *declared {
        FlinkType::Boolean => Arc::new(of!(BooleanArray, Bool, |v: &bool| *v)),
        FlinkType::TinyInt => Arc::new(of!(Int8Array, Int, |v: &i64| *v as i8)),
        FlinkType::SmallInt => Arc::new(of!(Int16Array, Int, |v: &i64| *v as i16)),
        FlinkType::Int => Arc::new(of!(Int32Array, Int, |v: &i64| *v as i32)),
        FlinkType::BigInt => Arc::new(of!(Int64Array, Int, |v: &i64| *v)),
        FlinkType::Float => Arc::new(of!(Float32Array, Float, |v: &f32| *v)),
        FlinkType::Double => Arc::new(of!(Float64Array, Double, |v: &f64| *v)),
        FlinkType::Decimal { precision, scale } => {
            let array = of!(Decimal128Array, Decimal, |v: &i128| *v);
            Arc::new(array.with_precision_and_scale(precision, scale as i8).expect("in range"))
        }
        FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => {
            Arc::new(of!(StringArray, Text, |v: &'a String| v.as_str()))
        }
        FlinkType::Date => Arc::new(of!(Date32Array, Day, |v: &i32| *v)),
        FlinkType::Timestamp(_) => Arc::new(of!(TimestampMicrosecondArray, At, |v: &i64| *v)),
        FlinkType::TimestampLtz(_) => {
            Arc::new(of!(TimestampMicrosecondArray, At, |v: &i64| *v).with_timezone("UTC"))
        }
        FlinkType::Binary(_) | FlinkType::VarBinary(_) | FlinkType::Bytes => {
            Arc::new(of!(BinaryArray, Bytes, |v: &'a Vec<u8>| v.as_slice()))
        }
        FlinkType::Time(_) => Arc::new(of!(Time64MicrosecondArray, Clock, |v: &i64| *v)),
        FlinkType::IntervalYearMonth => Arc::new(of!(IntervalYearMonthArray, Months, |v: &i32| *v)),
        FlinkType::IntervalDaySecond => {
            Arc::new(of!(DurationMillisecondArray, Millis, |v: &i64| *v))
        }
        ref nested => nested::array(nested, values.collect()),
    }
}

/// `23:59:59.5`
pub fn clock(text: &str) -> Value {
    let time: chrono::NaiveTime = text.parse().expect("a time");
    Value::Clock((time - chrono::NaiveTime::MIN).num_microseconds().expect("within a day"))
}

/// What a column of type `target` shows for a value that was declared as `declared`.
pub fn shown(value: &Value, declared: &FlinkType, target: &RedshiftType) -> String {
    match (value, target) {
        (value, RedshiftType::Super) => match value {
            Value::Text(json) => json.clone(),
            value => nested::json(value, declared).to_string(),
        },
        (Value::Bytes(value), _) => value.iter().map(|byte| format!("{byte:02x}")).collect(),
        (Value::Clock(value), RedshiftType::Time) => {
            let at = shown(&Value::At(*value), declared, &RedshiftType::Timestamp);
            at.split_once(' ').expect("a day and a time").1.to_owned()
        }
        (Value::Clock(value), target) => shown(&Value::At(*value), declared, target),
        (Value::Months(value), _) => value.to_string(),
        (Value::Millis(value), _) => value.to_string(),
        (Value::Bool(value), _) => if *value { "t" } else { "f" }.to_owned(),
        (Value::Int(value), RedshiftType::Decimal { scale, .. }) => {
            pointed(i128::from(*value) * 10_i128.pow(u32::from(*scale)), *scale)
        }
        (Value::Int(value), _) => value.to_string(),
        (Value::Float(value), _) => f64::from(*value).to_string(),
        (Value::Double(value), _) => value.to_string(),
        (Value::Decimal(value), RedshiftType::Decimal { scale, .. }) => {
            let &FlinkType::Decimal { scale: from, .. } = declared else {
                panic!("{value} is no {declared}")
            };
            pointed(value * 10_i128.pow(u32::from(scale - from)), *scale)
        }
        // Single-byte characters only, so that bytes are columns.
        (Value::Text(value), RedshiftType::Char(width)) => {
            format!("{value:width$}", width = *width as usize)
        }
        (Value::Text(value), _) => value.clone(),
        (Value::Day(value), _) => {
            let days = |count: u32| Days::new(u64::from(count));
            let day = match value {
                0.. => NaiveDate::default() + days(value.unsigned_abs()),
                _ => NaiveDate::default() - days(value.unsigned_abs()),
            };
            day.format("%Y-%m-%d").to_string()
        }
        (Value::At(value), target) => {
            let at = DateTime::from_timestamp_micros(*value).expect("within the calendar");
            let text = at.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
            let text = text.trim_end_matches('0').trim_end_matches('.');
            let zone = if *target == RedshiftType::TimestampTz { "+00" } else { "" };
            format!("{text}{zone}")
        }
        (value, target) => panic!("{value:?} into {target}"),
    }
}

pub fn pointed(unscaled: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let point = if scale > 0 { "." } else { "" };
    format!("{}{whole}{point}{fraction}", if unscaled < 0 { "-" } else { "" })
}

/// Whether a cell holds what was expected: the same text, or the very same floating-point number,
/// however many digits are printed.
pub fn same(target: &RedshiftType, found: &Cell, expected: &Cell) -> bool {
    let (Some(found), Some(expected)) = (found, expected) else {
        return found == expected;
    };
    let bits = |text: &str| text.parse().map(f64::to_bits).expect("a number");
    match target {
        // A REAL is printed with the digits that tell it from other REALs.
        RedshiftType::Real => {
            let narrow = |text: &str| text.parse::<f32>().map(f32::to_bits).expect("a number");
            narrow(found) == narrow(expected)
        }
        RedshiftType::Super => {
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
            value(found) == value(expected)
        }
        RedshiftType::Double => bits(found) == bits(expected),
        _ => found == expected,
    }
}

/// The answer to a query, as text.
pub async fn cells(client: &Client, sql: &str) -> Vec<Vec<Cell>> {
    let messages =
        client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    messages
        .into_iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        })
        .collect()
}
