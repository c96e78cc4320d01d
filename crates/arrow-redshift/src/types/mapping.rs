//! What becomes of each declared column in its target column: the one table of the mapping.

use arrow::datatypes::FieldRef;

use super::{RedshiftType, TableSchema, TargetTable};
use crate::error::Result;

/// How the staged value becomes the target's value in `INSERT … SELECT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadExpression {
    /// The staged column as it is.
    Plain,
    /// A staged TIMESTAMP that holds UTC, as TIMESTAMPTZ.
    AtTimeZoneUtc,
}

/// A check that every value of a column passes before it is staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// NULL is refused.
    NotNull,
    /// Text of at most this many UTF-8 bytes.
    MaxBytes(u32),
    /// Single-byte (ASCII) characters only.
    SingleByte,
    /// No NUL characters.
    NoNul,
    /// A decimal whose unscaled value has at most this many digits.
    MaxDigits(u8),
    /// A date or timestamp that the target can hold.
    TimeRange,
}

/// What becomes of one declared column.
#[derive(Debug, Clone)]
pub struct ColumnPlan {
    /// Index of the column in the declared schema and in every batch.
    pub source: usize,
    /// The target column's name as stored.
    pub target: String,
    /// The target column's type.
    pub target_type: RedshiftType,
    /// Whether the column belongs to the primary key.
    pub key: bool,
    /// The Arrow field that is written to the part; values are cast to it after the checks.
    pub staged: FieldRef,
    /// The type of the column in a staging table that COPY can load the part into.
    pub staging_type: RedshiftType,
    /// Staging column to target column.
    pub expression: LoadExpression,
    /// The checks, in order.
    pub rules: Vec<Rule>,
}

/// What becomes of each column of a table; only made when everything fits.
#[derive(Debug, Clone)]
pub struct TablePlan {
    /// The declared columns, in declared order.
    pub columns: Vec<ColumnPlan>,
    /// Whether COPY can load the parts into the target itself, without a staging table.
    pub direct: bool,
    /// Whether every column of the target is written.
    pub complete: bool,
}
