//! Flink's logical types, as far as they are named in SQL text, and their Arrow form.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

/// A Flink SQL type that this crate carries end to end.
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

/// A column as the table was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, as declared.
    pub name: String,
    /// Type.
    pub data_type: FlinkType,
    /// Whether NULL is allowed.
    pub nullable: bool,
}

/// A table as it was declared: columns and, perhaps, a primary key that is not enforced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    /// Columns, in order.
    pub columns: Vec<Column>,
    /// Names of the key's columns, in order; empty for an append-only table.
    pub primary_key: Vec<String>,
}
