//! Flink's logical types, as far as they are named in SQL text, and their Arrow form.

use std::fmt;

use arrow::datatypes::{DataType, TimeUnit};

/// The time zone of the Arrow form of `TIMESTAMP_LTZ`: its values are instants.
pub const UTC: &str = "UTC";

/// A Flink SQL type that this crate carries end to end.
///
/// Parse one from SQL text with [`str::parse`] or [`FlinkType::parse_nullable`]; its `Display` is
/// Flink's canonical spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlinkType {
    /// `BOOLEAN`
    Boolean,
    /// `TINYINT`
    TinyInt,
    /// `SMALLINT`
    SmallInt,
    /// `INT`
    Int,
    /// `BIGINT`
    BigInt,
    /// `FLOAT`
    Float,
    /// `DOUBLE`
    Double,
    /// `DECIMAL(p, s)`
    Decimal {
        /// Digits, 1 to 38.
        precision: u8,
        /// Digits after the point, 0 to `precision`.
        scale: u8,
    },
    /// `CHAR(n)`, n characters.
    Char(u32),
    /// `VARCHAR(n)`, n characters.
    VarChar(u32),
    /// `STRING`
    String,
    /// `DATE`
    Date,
    /// `TIMESTAMP(p)`
    Timestamp(u8),
    /// `TIMESTAMP_LTZ(p)`
    TimestampLtz(u8),
}

impl FlinkType {
    /// The Arrow type of a column of this type in every batch that enters the crate.
    ///
    /// Timestamps are microseconds whatever their precision: Redshift holds no finer ones.
    pub fn arrow(&self) -> DataType {
        match self {
            FlinkType::Boolean => DataType::Boolean,
            FlinkType::TinyInt => DataType::Int8,
            FlinkType::SmallInt => DataType::Int16,
            FlinkType::Int => DataType::Int32,
            FlinkType::BigInt => DataType::Int64,
            FlinkType::Float => DataType::Float32,
            FlinkType::Double => DataType::Float64,
            FlinkType::Decimal { precision, scale } => {
                // Scale is at most 38, so it fits Arrow's signed byte.
                DataType::Decimal128(*precision, *scale as i8)
            }
            FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => DataType::Utf8,
            FlinkType::Date => DataType::Date32,
            FlinkType::Timestamp(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
            FlinkType::TimestampLtz(_) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
            }
        }
    }

    /// Whether values can be compared for equality as keys: floating-point numbers cannot.
    pub fn may_be_key(&self) -> bool {
        !matches!(self, FlinkType::Float | FlinkType::Double)
    }
}

impl fmt::Display for FlinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlinkType::Boolean => f.write_str("BOOLEAN"),
            FlinkType::TinyInt => f.write_str("TINYINT"),
            FlinkType::SmallInt => f.write_str("SMALLINT"),
            FlinkType::Int => f.write_str("INT"),
            FlinkType::BigInt => f.write_str("BIGINT"),
            FlinkType::Float => f.write_str("FLOAT"),
            FlinkType::Double => f.write_str("DOUBLE"),
            FlinkType::Decimal { precision, scale } => write!(f, "DECIMAL({precision}, {scale})"),
            FlinkType::Char(length) => write!(f, "CHAR({length})"),
            FlinkType::VarChar(length) => write!(f, "VARCHAR({length})"),
            FlinkType::String => f.write_str("STRING"),
            FlinkType::Date => f.write_str("DATE"),
            FlinkType::Timestamp(precision) => write!(f, "TIMESTAMP({precision})"),
            FlinkType::TimestampLtz(precision) => write!(f, "TIMESTAMP_LTZ({precision})"),
        }
    }
}
