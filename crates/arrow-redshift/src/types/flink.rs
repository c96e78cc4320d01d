//! Flink's logical types, as far as they are named in SQL text, and their Arrow form.

use std::{fmt, sync::Arc};

use arrow::datatypes::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};

use super::Column;

/// The time zone of the Arrow form of `TIMESTAMP_LTZ`: its values are instants.
pub const UTC: &str = "UTC";

/// A Flink SQL type; every one but `RAW`.
///
/// Parse one from SQL text with [`str::parse`] or [`FlinkType::parse_nullable`]; its `Display` is
/// Flink's canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    /// `BINARY(n)`, n bytes.
    Binary(u32),
    /// `VARBINARY(n)`, at most n bytes.
    VarBinary(u32),
    /// `BYTES`
    Bytes,
    /// `DATE`
    Date,
    /// `TIME(p)`
    Time(u8),
    /// `TIMESTAMP(p)`
    Timestamp(u8),
    /// `TIMESTAMP_LTZ(p)`
    TimestampLtz(u8),
    /// `INTERVAL YEAR TO MONTH` and its parts: whole months. Flink keeps no precision of it.
    IntervalYearMonth,
    /// `INTERVAL DAY TO SECOND` and its parts: whole milliseconds. Flink keeps no precision of it.
    IntervalDaySecond,
    /// `ARRAY<t>`
    Array(Box<Element>),
    /// `MAP<k, v>`
    Map(Box<Element>, Box<Element>),
    /// `MULTISET<t>`: each element with how often it occurs.
    Multiset(Box<Element>),
    /// `ROW<name t, …>`
    Row(Vec<Column>),
}

/// What an array, a map or a multiset holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Element {
    /// Type.
    pub data_type: FlinkType,
    /// Whether NULL is allowed.
    pub nullable: bool,
}

impl FlinkType {
    /// The Arrow type of a column of this type in every batch that enters the crate.
    ///
    /// Times are microseconds whatever their precision: Redshift holds no finer ones. What nests
    /// has the field names that Arrow's own builders give it; other names are taken as well.
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
            FlinkType::Binary(_) | FlinkType::VarBinary(_) | FlinkType::Bytes => DataType::Binary,
            FlinkType::Date => DataType::Date32,
            FlinkType::Time(_) => DataType::Time64(TimeUnit::Microsecond),
            FlinkType::Timestamp(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
            FlinkType::TimestampLtz(_) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
            }
            FlinkType::IntervalYearMonth => DataType::Interval(IntervalUnit::YearMonth),
            FlinkType::IntervalDaySecond => DataType::Duration(TimeUnit::Millisecond),
            FlinkType::Array(element) => {
                let field = Field::new_list_field(element.data_type.arrow(), element.nullable);
                DataType::List(Arc::new(field))
            }
            FlinkType::Map(key, value) => map(key, value.data_type.arrow(), value.nullable),
            FlinkType::Multiset(element) => map(element, DataType::Int32, false),
            FlinkType::Row(fields) => DataType::Struct(fields.iter().map(Column::arrow).collect()),
        }
    }

    /// Whether values can be compared for equality as keys: floating-point numbers and what nests
    /// cannot.
    pub fn may_be_key(&self) -> bool {
        !matches!(self, FlinkType::Float | FlinkType::Double) && !self.nests()
    }

    /// Whether values hold other values: arrays, maps, multisets and rows.
    pub fn nests(&self) -> bool {
        matches!(
            self,
            FlinkType::Array(_) | FlinkType::Map(..) | FlinkType::Multiset(_) | FlinkType::Row(_)
        )
    }
}

/// Arrow keeps no NULL among a map's keys, whatever is declared.
fn map(key: &Element, value: DataType, nullable: bool) -> DataType {
    let entries = Fields::from(vec![
        Field::new("keys", key.data_type.arrow(), false),
        Field::new("values", value, nullable),
    ]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
}

impl Column {
    /// The Arrow field of this column.
    pub fn arrow(&self) -> FieldRef {
        Arc::new(Field::new(&self.name, self.data_type.arrow(), self.nullable))
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
            FlinkType::Binary(length) => write!(f, "BINARY({length})"),
            FlinkType::VarBinary(length) => write!(f, "VARBINARY({length})"),
            FlinkType::Bytes => f.write_str("BYTES"),
            FlinkType::Date => f.write_str("DATE"),
            FlinkType::Time(precision) => write!(f, "TIME({precision})"),
            FlinkType::Timestamp(precision) => write!(f, "TIMESTAMP({precision})"),
            FlinkType::TimestampLtz(precision) => write!(f, "TIMESTAMP_LTZ({precision})"),
            FlinkType::IntervalYearMonth => f.write_str("INTERVAL YEAR TO MONTH"),
            FlinkType::IntervalDaySecond => f.write_str("INTERVAL DAY TO SECOND"),
            FlinkType::Array(element) => write!(f, "ARRAY<{element}>"),
            FlinkType::Map(key, value) => write!(f, "MAP<{key}, {value}>"),
            FlinkType::Multiset(element) => write!(f, "MULTISET<{element}>"),
            FlinkType::Row(fields) => {
                f.write_str("ROW<")?;
                for (index, Column { name, data_type, nullable }) in fields.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    let not_null = if *nullable { "" } else { " NOT NULL" };
                    write!(f, "{comma}`{}` {data_type}{not_null}", name.replace('`', "``"))?;
                }
                f.write_str(">")
            }
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not_null = if self.nullable { "" } else { " NOT NULL" };
        write!(f, "{}{not_null}", self.data_type)
    }
}
