//! The values at the edges of each type, and what becomes of them: a table that the page of types
//! shows and a test loads row by row.

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It comes out of the table as it went in.
    Carried,
    /// It is sent as it is and comes out of the stand-in's tables; that Redshift takes it so is
    /// unverified, and there is no other way that would be surer.
    Unverified,
    /// It is refused before anything is staged.
    Refused,
}

use Outcome::{Carried, Refused, Unverified};

/// One value, and what becomes of it in each mode.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// The declared type.
    pub declared: &'static str,
    /// The target's column.
    pub target: &'static str,
    /// The value: a literal, or a text and how often it is repeated (`x × 3`); `empty` and `NUL`
    /// are the empty text and the character of that name, `NULL` is no value.
    pub value: &'static str,
    /// In copy mode with Parquet.
    pub parquet: Outcome,
    /// In copy mode with CSV.
    pub csv: Outcome,
    /// In jdbc mode, with either guarantee.
    pub jdbc: Outcome,
}

const fn edge(
    declared: &'static str,
    target: &'static str,
    value: &'static str,
    parquet: Outcome,
    csv: Outcome,
    jdbc: Outcome,
) -> Edge {
    Edge { declared, target, value, parquet, csv, jdbc }
}

/// Every edge, type by type.
pub const EDGES: &[Edge] = &[
    edge("BOOLEAN", "BOOLEAN", "true", Carried, Carried, Carried),
    edge("BOOLEAN", "BOOLEAN", "false", Carried, Carried, Carried),
    edge("BOOLEAN", "BOOLEAN", "NULL", Carried, Carried, Carried),
    edge("TINYINT", "SMALLINT", "-128", Carried, Carried, Carried),
    edge("TINYINT", "SMALLINT", "127", Carried, Carried, Carried),
    edge("SMALLINT", "SMALLINT", "-32768", Carried, Carried, Carried),
    edge("SMALLINT", "SMALLINT", "32767", Carried, Carried, Carried),
    edge("INT", "INTEGER", "-2147483648", Carried, Carried, Carried),
    edge("INT", "INTEGER", "2147483647", Carried, Carried, Carried),
    edge("BIGINT", "BIGINT", "-9223372036854775808", Carried, Carried, Carried),
    edge("BIGINT", "BIGINT", "9223372036854775807", Carried, Carried, Carried),
    edge("BIGINT", "BIGINT", "NULL", Carried, Carried, Carried),
    edge("BIGINT", "DECIMAL(20,0)", "-9223372036854775808", Carried, Carried, Carried),
    edge("FLOAT", "REAL", "3.4028235e38", Carried, Carried, Carried),
    edge("FLOAT", "REAL", "-0.0", Carried, Carried, Carried),
    edge("FLOAT", "REAL", "1e-45", Unverified, Refused, Refused),
    edge("FLOAT", "REAL", "NaN", Unverified, Refused, Unverified),
    edge("FLOAT", "REAL", "inf", Unverified, Refused, Unverified),
    edge("FLOAT", "REAL", "-inf", Unverified, Refused, Unverified),
    edge("FLOAT", "REAL", "NULL", Carried, Carried, Carried),
    edge("DOUBLE", "DOUBLE PRECISION", "1.7976931348623157e308", Carried, Carried, Carried),
    edge("DOUBLE", "DOUBLE PRECISION", "2.2250738585072014e-308", Carried, Carried, Carried),
    edge("DOUBLE", "DOUBLE PRECISION", "5e-324", Unverified, Refused, Refused),
    edge("DOUBLE", "DOUBLE PRECISION", "-0.0", Carried, Carried, Carried),
    edge("DOUBLE", "DOUBLE PRECISION", "NaN", Unverified, Refused, Unverified),
    edge("DOUBLE", "DOUBLE PRECISION", "inf", Unverified, Refused, Unverified),
    edge("DOUBLE", "DOUBLE PRECISION", "-inf", Unverified, Refused, Unverified),
    edge("DECIMAL(1, 0)", "DECIMAL(1,0)", "-9", Carried, Carried, Carried),
    edge("DECIMAL(9, 2)", "DECIMAL(9,2)", "9999999.99", Carried, Carried, Carried),
    edge("DECIMAL(10, 2)", "DECIMAL(9,2)", "-9999999.99", Carried, Carried, Carried),
    edge("DECIMAL(10, 2)", "DECIMAL(9,2)", "10000000.00", Refused, Refused, Refused),
    edge("DECIMAL(9, 9)", "DECIMAL(9,9)", "-0.999999999", Carried, Carried, Carried),
    edge("DECIMAL(9, 2)", "DECIMAL(9,2)", "NULL", Carried, Carried, Carried),
    edge("DECIMAL(18, 2)", "DECIMAL(18,2)", "-9999999999999999.99", Carried, Carried, Carried),
    edge("DECIMAL(19, 0)", "DECIMAL(19,0)", "9223372036854775807", Carried, Carried, Carried),
    edge("DECIMAL(19, 0)", "DECIMAL(19,0)", "9223372036854775808", Refused, Refused, Refused),
    edge("DECIMAL(20, 2)", "DECIMAL(20,2)", "-999999999999999999.99", Carried, Carried, Carried),
    edge("DECIMAL(20, 0)", "DECIMAL(18,0)", "1000000000000000000", Refused, Refused, Refused),
    edge(
        "DECIMAL(38, 0)",
        "DECIMAL(38,0)",
        "99999999999999999999999999999999999999",
        Carried,
        Carried,
        Carried,
    ),
    edge("CHAR(4)", "CHAR(4)", "ab", Carried, Carried, Carried),
    edge("CHAR(4)", "CHAR(4)", "é", Refused, Refused, Refused),
    edge("STRING", "VARCHAR(65535)", "empty", Carried, Carried, Carried),
    edge("STRING", "VARCHAR(65535)", "@NULL@", Carried, Refused, Carried),
    edge("STRING", "VARCHAR(65535)", "NUL", Refused, Refused, Refused),
    edge("STRING", "VARCHAR(65535)", "x × 65535", Carried, Carried, Carried),
    edge("STRING", "VARCHAR(65535)", "x × 65536", Refused, Refused, Refused),
    edge("STRING", "VARCHAR(65535)", "😀 × 16383", Carried, Carried, Carried),
    edge("STRING", "VARCHAR(65535)", "😀 × 16384", Refused, Refused, Refused),
    edge("STRING", "VARCHAR(65535)", "NULL", Carried, Carried, Carried),
    edge("STRING", "SUPER", "{\"a\": [1, null]}", Carried, Carried, Carried),
    edge("STRING", "SUPER", "{a: 1}", Refused, Refused, Refused),
    edge("BINARY(4)", "VARBYTE(4)", "x × 4", Carried, Carried, Carried),
    edge("BINARY(4)", "VARBYTE(3)", "x × 4", Refused, Refused, Refused),
    edge("VARBINARY(4)", "VARBYTE(3)", "x × 3", Carried, Carried, Carried),
    edge("VARBINARY(4)", "VARBYTE(3)", "x × 4", Refused, Refused, Refused),
    edge("BYTES", "VARBYTE(100000)", "NULL", Carried, Carried, Carried),
    edge("BYTES", "VARBYTE(100000)", "x × 32767", Carried, Carried, Carried),
    edge("BYTES", "VARBYTE(100000)", "x × 32768", Carried, Carried, Refused),
    edge("BYTES", "VARBYTE(100000)", "x × 100000", Carried, Carried, Refused),
    edge("BYTES", "VARBYTE(100000)", "x × 100001", Refused, Refused, Refused),
    edge("BYTES", "VARBYTE(100000)", "empty", Carried, Refused, Refused),
    edge("DATE", "DATE", "0001-01-01", Carried, Carried, Carried),
    edge("DATE", "DATE", "0000-12-31", Refused, Refused, Refused),
    edge("DATE", "DATE", "9999-12-31", Carried, Carried, Carried),
    edge("DATE", "DATE", "NULL", Carried, Carried, Carried),
    edge("TIME(6)", "TIME", "23:59:59.999999", Carried, Carried, Carried),
    edge("TIME(6)", "TIMESTAMP", "23:59:59.999999", Carried, Carried, Carried),
    edge("TIME(6)", "TIME", "NULL", Carried, Carried, Carried),
    edge("TIMESTAMP(6)", "TIMESTAMP", "0001-01-01 00:00:00", Carried, Carried, Carried),
    edge("TIMESTAMP(6)", "TIMESTAMP", "0000-12-31 23:59:59.999999", Refused, Refused, Refused),
    edge("TIMESTAMP(9)", "TIMESTAMP", "9999-12-31 23:59:59.999999", Carried, Carried, Carried),
    edge("TIMESTAMP(6)", "TIMESTAMP", "NULL", Carried, Carried, Carried),
    edge("TIMESTAMP_LTZ(6)", "TIMESTAMPTZ", "NULL", Carried, Carried, Carried),
    edge("TIMESTAMP_LTZ(6)", "TIMESTAMPTZ", "0001-01-01 00:00:00", Carried, Carried, Carried),
    edge(
        "TIMESTAMP_LTZ(6)",
        "TIMESTAMPTZ",
        "9999-12-31 23:59:59.999999",
        Carried,
        Carried,
        Carried,
    ),
    edge("TIMESTAMP_LTZ(6)", "TIMESTAMP", "1969-12-31 23:59:59.999999", Carried, Carried, Carried),
    edge("INTERVAL YEAR TO MONTH", "INTEGER", "-2147483648", Carried, Carried, Carried),
    edge("INTERVAL YEAR TO MONTH", "INTEGER", "2147483647", Carried, Carried, Carried),
    edge("INTERVAL DAY TO SECOND", "BIGINT", "-9223372036854775808", Carried, Carried, Carried),
    edge("INTERVAL DAY TO SECOND", "BIGINT", "9223372036854775807", Carried, Carried, Carried),
    edge("ARRAY<STRING>", "SUPER", "x × 65531", Carried, Carried, Carried),
    edge("ARRAY<STRING>", "SUPER", "x × 65532", Refused, Refused, Refused),
    edge("ARRAY<STRING>", "SUPER", "NUL", Refused, Refused, Refused),
    edge("ARRAY<STRING>", "SUPER", "NULL", Carried, Carried, Carried),
    edge("MAP<STRING, INT>", "SUPER", "empty", Carried, Carried, Carried),
    edge("MULTISET<STRING>", "SUPER", "@NULL@", Carried, Carried, Carried),
    edge("ROW<f STRING>", "SUPER", "empty", Carried, Carried, Carried),
];
