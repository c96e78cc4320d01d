//! Flink's types inside the engine.
//!
//! The engine's timestamps tell their precision by their unit, because Flink's text of a timestamp
//! depends on it: TIMESTAMP(0) counts seconds, up to TIMESTAMP(3) milliseconds, all others
//! microseconds.

use std::{collections::HashMap, sync::Arc};

use arrow_redshift::types::FlinkType;
use datafusion::arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Field, IntervalUnit, Schema, SchemaRef, TimeUnit,
};

use crate::script::DeclaredColumn;

/// The engine's type for a Flink type.
pub fn engine_type(flink: &FlinkType) -> DataType {
    match *flink {
        FlinkType::Boolean => DataType::Boolean,
        FlinkType::TinyInt => DataType::Int8,
        FlinkType::SmallInt => DataType::Int16,
        FlinkType::Int => DataType::Int32,
        FlinkType::BigInt => DataType::Int64,
        FlinkType::Float => DataType::Float32,
        FlinkType::Double => DataType::Float64,
        FlinkType::Decimal { precision, scale } => decimal(precision, scale),
        FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => DataType::Utf8,
        FlinkType::Date => DataType::Date32,
        FlinkType::Timestamp(precision) => DataType::Timestamp(unit(precision), None),
        FlinkType::TimestampLtz(precision) => {
            DataType::Timestamp(unit(precision), Some("UTC".into()))
        }
        // As the sink takes them: nothing is computed with these.
        ref other => other.arrow(),
    }
}

/// DECIMAL of a precision and a scale that is no greater.
pub fn decimal(precision: u8, scale: u8) -> DataType {
    DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
}

fn unit(precision: u8) -> TimeUnit {
    match precision {
        0 => TimeUnit::Second,
        1..=3 => TimeUnit::Millisecond,
        _ => TimeUnit::Microsecond,
    }
}

/// Digits of a second that a timestamp's unit stands for.
pub fn unit_precision(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

/// The engine's schema of declared columns.
pub fn engine_schema(columns: &[DeclaredColumn]) -> SchemaRef {
    let fields = columns.iter().map(|column| {
        // NOT NULL is a promise of the script, which nobody has checked: the engine must not use it.
        Field::new(&column.name, engine_type(&column.data_type), true)
            .with_metadata(flink_metadata(&column.data_type))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The kinds of types between which Flink's rules tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// BOOLEAN
    Boolean,
    /// TINYINT to BIGINT, with the most digits that one has
    Integer(u8),
    /// FLOAT
    Float,
    /// DOUBLE
    Double,
    /// DECIMAL(precision, scale)
    Decimal(u8, u8),
    /// CHAR, VARCHAR, STRING
    Text,
    /// DATE
    Date,
    /// TIMESTAMP
    Timestamp,
    /// TIMESTAMP_LTZ
    TimestampLtz,
    /// The type of NULL
    Null,
    /// A type whose values are carried and not computed with: bytes, times of a day, intervals,
    /// arrays, maps, multisets and rows
    Carried,
    /// A type that scripts cannot name
    Other,
}

impl Class {
    /// The class of an engine type.
    pub fn of(data_type: &DataType) -> Class {
        match data_type {
            DataType::Boolean => Class::Boolean,
            DataType::Int8 => Class::Integer(3),
            DataType::Int16 => Class::Integer(5),
            DataType::Int32 => Class::Integer(10),
            DataType::Int64 => Class::Integer(20),
            DataType::Float32 => Class::Float,
            DataType::Float64 => Class::Double,
            DataType::Decimal128(precision, scale) if *precision <= DECIMAL128_MAX_PRECISION => {
                u8::try_from(*scale).map_or(Class::Other, |scale| Class::Decimal(*precision, scale))
            }
            DataType::Utf8 => Class::Text,
            DataType::Date32 => Class::Date,
            DataType::Timestamp(_, None) => Class::Timestamp,
            DataType::Timestamp(_, Some(_)) => Class::TimestampLtz,
            DataType::Null => Class::Null,
            DataType::Binary
            | DataType::Time64(TimeUnit::Microsecond)
            | DataType::Interval(IntervalUnit::YearMonth)
            | DataType::Duration(TimeUnit::Millisecond)
            | DataType::List(_)
            | DataType::Map(..)
            | DataType::Struct(_) => Class::Carried,
            _ => Class::Other,
        }
    }

    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        matches!(self, Class::Integer(_) | Class::Float | Class::Double | Class::Decimal(..))
    }

    /// Whether it is a date or timestamp.
    pub fn is_temporal(self) -> bool {
        matches!(self, Class::Date | Class::Timestamp | Class::TimestampLtz)
    }
}

/// Flink's name of an engine type.
pub fn sql_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "BOOLEAN".into(),
        DataType::Int8 => "TINYINT".into(),
        DataType::Int16 => "SMALLINT".into(),
        DataType::Int32 => "INT".into(),
        DataType::Int64 => "BIGINT".into(),
        DataType::Float32 => "FLOAT".into(),
        DataType::Float64 => "DOUBLE".into(),
        DataType::Decimal128(precision, scale) => format!("DECIMAL({precision}, {scale})"),
        DataType::Utf8 => "STRING".into(),
        DataType::Date32 => "DATE".into(),
        DataType::Timestamp(unit, None) => format!("TIMESTAMP({})", unit_precision(*unit)),
        DataType::Timestamp(unit, Some(_)) => format!("TIMESTAMP_LTZ({})", unit_precision(*unit)),
        DataType::Null => "NULL".into(),
        DataType::Binary => "BYTES".into(),
        DataType::Time64(_) => "TIME".into(),
        DataType::Interval(_) => "INTERVAL YEAR TO MONTH".into(),
        DataType::Duration(_) => "INTERVAL DAY TO SECOND".into(),
        DataType::List(_) => "ARRAY".into(),
        DataType::Map(..) => "MAP".into(),
        DataType::Struct(_) => "ROW".into(),
        other => format!("{other} (no type of Flink's)"),
    }
}

const FLINK_TYPE: &str = "flink.type";

/// A field's metadata that keeps the Flink type where the engine's type alone loses a length, a
/// precision, or what a map is of.
pub fn flink_metadata(flink: &FlinkType) -> HashMap<String, String> {
    let bounded = matches!(flink, FlinkType::Char(_) | FlinkType::VarChar(_));
    match bounded || Class::of(&engine_type(flink)) == Class::Carried {
        true => HashMap::from([(FLINK_TYPE.to_owned(), flink.to_string())]),
        false => HashMap::new(),
    }
}

/// Whether values that are carried fit a column of a type without a change.
pub fn carries(from: &Field, to: &FlinkType) -> bool {
    let Some(from) = declared(from) else { return false };
    from == *to
        || *to == FlinkType::Bytes && matches!(from, FlinkType::Binary(_) | FlinkType::VarBinary(_))
}

/// The Flink type that a field was declared with or cast to, where it was kept.
pub fn declared(field: &Field) -> Option<FlinkType> {
    field.metadata().get(FLINK_TYPE)?.parse().ok()
}
