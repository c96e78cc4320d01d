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
    /// `TIME`
    Time,
    /// `VARBYTE(n)`
    VarByte(u32),
    /// `SUPER`
    Super,
}

impl ColumnType {
    /// The type's internal name and length, as the load-error views show them.
    pub fn internal_name(&self) -> (&'static str, String) {
        match self {
            ColumnType::Boolean => ("bool", "0".into()),
            ColumnType::SmallInt => ("int2", "0".into()),
            ColumnType::Integer => ("int4", "0".into()),
            ColumnType::BigInt => ("int8", "0".into()),
            ColumnType::Real => ("float4", "0".into()),
            ColumnType::Double => ("float8", "0".into()),
            ColumnType::Decimal(precision, scale) => ("numeric", format!("{precision}, {scale}")),
            ColumnType::Char(bytes) => ("char", bytes.to_string()),
            ColumnType::VarChar(bytes) => ("varchar", bytes.to_string()),
            ColumnType::Date => ("date", "0".into()),
            ColumnType::Timestamp => ("timestamp", "0".into()),
            ColumnType::TimestampTz => ("timestamptz", "0".into()),
            ColumnType::Time => ("time", "0".into()),
            ColumnType::VarByte(bytes) => ("varbyte", bytes.to_string()),
            ColumnType::Super => ("super", "0".into()),
        }
    }

    /// The type as SQL names it.
    pub fn sql_name(&self) -> String {
        match self {
            ColumnType::Boolean => "BOOLEAN".into(),
            ColumnType::SmallInt => "SMALLINT".into(),
            ColumnType::Integer => "INT".into(),
            ColumnType::BigInt => "BIGINT".into(),
            ColumnType::Real => "REAL".into(),
            ColumnType::Double => "DOUBLE PRECISION".into(),
            ColumnType::Decimal(precision, scale) => format!("DECIMAL({precision},{scale})"),
            ColumnType::Char(bytes) => format!("CHAR({bytes})"),
            ColumnType::VarChar(bytes) => format!("VARCHAR({bytes})"),
            ColumnType::Date => "DATE".into(),
            ColumnType::Timestamp => "TIMESTAMP".into(),
            ColumnType::TimestampTz => "TIMESTAMPTZ".into(),
            ColumnType::Time => "TIME".into(),
            ColumnType::VarByte(bytes) => format!("VARBYTE({bytes})"),
            ColumnType::Super => "SUPER".into(),
        }
    }
}
