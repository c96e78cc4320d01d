//! What COPY needs to know of its target, and what it hands on.

/// A column of the target, in the order of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetColumn {
    /// Name as stored.
    pub name: String,
    /// Redshift type.
    pub data_type: ColumnType,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// Whether the column has a DEFAULT.
    pub has_default: bool,
    /// Whether the column is `IDENTITY` (not `BY DEFAULT`).
    pub identity: bool,
}

/// A column type of the stand-in's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// `BOOLEAN`
    Boolean,
    /// `SMALLINT`
    SmallInt,
    /// `INTEGER`
    Integer,
    /// `BIGINT`
    BigInt,
    /// `REAL`
    Real,
    /// `DOUBLE PRECISION`
    Double,
    /// `DECIMAL(precision, scale)`
    Decimal(u8, u8),
    /// `CHAR(n)`, bytes.
    Char(u32),
    /// `VARCHAR(n)`, bytes.
    VarChar(u32),
    /// `DATE`
    Date,
    /// `TIMESTAMP`
    Timestamp,
    /// `TIMESTAMPTZ`
    TimestampTz,
}
