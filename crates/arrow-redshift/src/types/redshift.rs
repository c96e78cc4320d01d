//! Redshift's column types, as its catalog names them and as DDL spells them.

/// A Redshift column type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedshiftType {
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
    /// `DECIMAL(p, s)`
    Decimal {
        /// Digits, 1 to 38.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// `CHAR(n)`, n bytes, single-byte characters only.
    Char(u32),
    /// `VARCHAR(n)`, n bytes.
    VarChar(u32),
    /// `DATE`
    Date,
    /// `TIMESTAMP`
    Timestamp,
    /// `TIMESTAMPTZ`
    TimestampTz,
    /// A type that is not carried yet, by its catalog name.
    Other(String),
}

/// A column of the target as the catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetColumn {
    /// Name as stored.
    pub name: String,
    /// Type.
    pub data_type: RedshiftType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// The default expression's text, if there is one (identity columns show theirs here).
    pub default: Option<String>,
}

/// The target table as the catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetTable {
    /// Schema as stored.
    pub schema: String,
    /// Table as stored.
    pub table: String,
    /// Columns in order.
    pub columns: Vec<TargetColumn>,
}
