//! The mapping as documentation: `docs/types.md`, made by asking the mapping itself.

use std::fmt::Write as _;

use arrow::datatypes::DataType;

use super::{
    FlinkType, LoadExpression, RedshiftType, default_target,
    mapping::{rules, staged},
};
use crate::{limits, options::CopyFormat};

/// One row of the page: a declared type as an example, and what is to be said about it.
struct Row {
    declared: FlinkType,
    notes: &'static str,
}

const fn row(declared: FlinkType, notes: &'static str) -> Row {
    Row { declared, notes }
}

const fn decimal(precision: u8, scale: u8) -> FlinkType {
    FlinkType::Decimal { precision, scale }
}

const ROWS: &[Row] = &[
    row(FlinkType::Boolean, ""),
    row(
        FlinkType::TinyInt,
        "Redshift has no 8-bit integer. A DECIMAL is accepted where it holds every value of the \
         integer type.",
    ),
    row(FlinkType::SmallInt, "DECIMAL as above."),
    row(FlinkType::Int, "DECIMAL as above."),
    row(FlinkType::BigInt, "DECIMAL as above, which takes 20 digits or more."),
    row(
        FlinkType::Float,
        "No primary key. COPY reads neither NaN, infinities nor subnormal numbers from CSV: they \
         are refused with `sink.copy.format` = `csv`, and carried by Parquet, where how COPY takes \
         them is unverified.",
    ),
    row(FlinkType::Double, "As above."),
    row(
        decimal(9, 2),
        "The scale may grow, never shrink; digits in front of the point are checked value by \
         value. COPY was seen to load decimals from INT64; from INT32, which holds up to 9 digits, \
         is unverified.",
    ),
    row(decimal(18, 2), "As above."),
    row(
        decimal(19, 2),
        "As above. A DECIMAL(19, s) of Redshift holds at most 9223372036854775807 without its \
         point, so a created column gets 20 digits. Lengths other than 8 and 16 bytes are \
         unverified.",
    ),
    row(decimal(38, 10), "As above. Redshift's scale ends at 37."),
    row(
        FlinkType::Char(10),
        "Redshift counts bytes and Flink characters, each of up to 4 bytes. Redshift's CHAR takes \
         single-byte characters only and is therefore never created; where the table has one, \
         each value is checked.",
    ),
    row(FlinkType::VarChar(20), "Each value is checked in bytes against the column's width."),
    row(
        FlinkType::String,
        "Created as wide as `sink.create-table.varchar-width`. Each value is checked in bytes.",
    ),
    row(FlinkType::Date, "Each value is checked against the range that loads surely."),
    row(
        FlinkType::Timestamp(6),
        "Any precision from 0 to 9; digits beyond microseconds are cut, since Redshift has none.",
    ),
    row(
        FlinkType::TimestampLtz(6),
        "Any precision, as above. In a TIMESTAMP column it is the clock of UTC. That COPY loads \
         Parquet's UTC timestamps into TIMESTAMPTZ is unverified: they are staged without a zone \
         and converted by an INSERT … SELECT; CSV loads directly.",
    ),
];

/// An example of each type that a target column can have.
const TARGETS: &[(&str, RedshiftType)] = &[
    ("BOOLEAN", RedshiftType::Boolean),
    ("SMALLINT", RedshiftType::SmallInt),
    ("INTEGER", RedshiftType::Integer),
    ("BIGINT", RedshiftType::BigInt),
    ("REAL", RedshiftType::Real),
    ("DOUBLE PRECISION", RedshiftType::Double),
    ("DECIMAL", RedshiftType::Decimal { precision: 38, scale: 10 }),
    ("VARCHAR", RedshiftType::VarChar(limits::VARCHAR_BYTES as u32)),
    ("CHAR", RedshiftType::Char(limits::CHAR_BYTES as u32)),
    ("DATE", RedshiftType::Date),
    ("TIMESTAMP", RedshiftType::Timestamp),
    ("TIMESTAMPTZ", RedshiftType::TimestampTz),
];

const HEAD: &str = "\
<!-- Generated from the mapping in crates/arrow-redshift/src/types; do not edit. `cargo xtask \
codegen` writes it anew. -->

# Types

How the columns of a Flink table reach Redshift. *Arrow* is the type in every batch, *created* the \
column of a table that the connector creates (`sink.create-table`), *staged* what a Parquet file \
holds for that column, *accepted* every type of column that an existing table may have. COPY \
widens nothing, so files hold the exact counterpart of the target's column: values of narrower \
types are widened before they are staged. CSV files hold the same values as text.

NULL is carried in every type; it is refused before it is staged where the column is declared NOT \
NULL, belongs to the primary key, or is NOT NULL in Redshift. Text with a NUL character is \
refused.

| Flink | Arrow | created | staged | accepted | notes |
| --- | --- | --- | --- | --- | --- |
";

const TAIL: &str = "
Other types (BYTES, BINARY, VARBINARY, TIME, INTERVAL, ARRAY, MAP, ROW, MULTISET, RAW) are not \
carried yet and are refused by name, as are target columns of other types when they are declared. \
A target's column may be left out of the declaration where it is NULL, has a default, or is an \
IDENTITY; an IDENTITY column has to be left out.
";

/// `docs/types.md`: every type that is carried, and where it goes.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for Row { declared, notes } in ROWS {
        let created = default_target(declared, limits::VARCHAR_BYTES as u32);
        // Every type that is created is carried, and writing to a String cannot fail.
        let layout = staged(&created, CopyFormat::Parquet).map(|staged| {
            let zone = match staged.expression {
                LoadExpression::AtTimeZoneUtc => ", of UTC",
                LoadExpression::Plain => "",
            };
            parquet_layout(&staged.arrow).unwrap_or_default() + zone
        });
        let _ = writeln!(
            page,
            "| {declared} | {} | {created} | {} | {} | {notes} |",
            declared.arrow(),
            layout.unwrap_or_default(),
            accepted(declared).join(", "),
        );
    }
    page + TAIL
}

fn accepted(declared: &FlinkType) -> Vec<&'static str> {
    let fits = TARGETS.iter().filter(|(_, target)| rules(declared, target).is_some());
    fits.map(|(name, _)| *name).collect()
}

/// How a Parquet file holds a staged column: its physical type and what annotates it; `None` for
/// types that are never staged. (The writer decides that; a test holds the two together.)
pub fn parquet_layout(staged: &DataType) -> Option<String> {
    Some(match staged {
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Int16 => "INT32 (INT_16)".to_owned(),
        DataType::Int32 => "INT32".to_owned(),
        DataType::Int64 => "INT64".to_owned(),
        DataType::Float32 => "FLOAT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Utf8 => "BYTE_ARRAY (STRING)".to_owned(),
        DataType::Date32 => "INT32 (DATE)".to_owned(),
        DataType::Timestamp(_, None) => "INT64 (TIMESTAMP, micros)".to_owned(),
        DataType::Decimal128(precision, scale) => {
            let physical = match precision {
                2..=9 => "INT32".to_owned(),
                1 | 10..=18 => "INT64".to_owned(),
                _ => format!("FIXED_LEN_BYTE_ARRAY({})", decimal_bytes(*precision)),
            };
            format!("{physical} (DECIMAL({precision}, {scale}))")
        }
        _ => return None,
    })
}

/// The fewest bytes that hold every decimal of this many digits, sign included: COPY refuses
/// longer ones.
fn decimal_bytes(precision: u8) -> u32 {
    // 38 digits take 127 bits, so neither side overflows.
    let most = 10_u128.pow(u32::from(precision.min(38))) - 1;
    (u128::BITS - most.leading_zeros() + 1).div_ceil(8)
}
