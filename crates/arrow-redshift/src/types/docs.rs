//! The mapping as documentation: `docs/types.md`, made by asking the mapping itself.

use std::fmt::Write as _;

use arrow::datatypes::DataType;

use super::{
    EDGES, Edge, FlinkType, LoadExpression, Outcome, RedshiftType, default_target,
    mapping::{rules, staged},
};
use crate::{limits, options::CopyFormat};

/// One row of the page: a declared type as an example, and what is to be said about it.
struct Row {
    declared: &'static str,
    notes: &'static str,
}

const fn row(declared: &'static str, notes: &'static str) -> Row {
    Row { declared, notes }
}

const ROWS: &[Row] = &[
    row("BOOLEAN", ""),
    row(
        "TINYINT",
        "Redshift has no 8-bit integer. A DECIMAL is accepted where it holds every value of the \
         integer type.",
    ),
    row("SMALLINT", "DECIMAL as above."),
    row("INT", "DECIMAL as above."),
    row("BIGINT", "DECIMAL as above, which takes 20 digits or more."),
    row(
        "FLOAT",
        "No primary key. −0.0 keeps its sign. COPY reads neither NaN, infinities nor subnormal \
         numbers from CSV: they are refused with `sink.copy.format` = `csv`, and carried by \
         Parquet, where how COPY takes them is unverified. In jdbc mode subnormal numbers are \
         refused, too: Redshift was seen to refuse an INSERT of them, and to store an infinity. \
         NaN and infinities are carried there, which is unverified.",
    ),
    row("DOUBLE", "As above."),
    row(
        "DECIMAL(9, 2)",
        "The scale may grow, never shrink; digits in front of the point are checked value by \
         value. That COPY loads decimals from INT32, which would hold up to 9 digits, is unverified: \
         Parquet holds them with 18 digits in INT64, which it was seen to load, and an INSERT … \
         SELECT brings them into the target. CSV loads directly.",
    ),
    row("DECIMAL(18, 2)", "The scale as above. Loaded directly, from 10 digits on."),
    row(
        "DECIMAL(19, 2)",
        "The scale as above. A DECIMAL(19, s) of Redshift holds at most 9223372036854775807 without \
         its point, so a created column gets 20 digits. That COPY loads lengths other than 8 and 16 \
         bytes is unverified: decimals of 19 to 37 digits are staged with 38 and inserted from there.",
    ),
    row("DECIMAL(38, 10)", "The scale as above, and Redshift's ends at 37. Loaded directly."),
    row(
        "CHAR(10)",
        "Redshift counts bytes and Flink characters, each of up to 4 bytes. Redshift's CHAR takes \
         single-byte characters only and is therefore never created; where the table has one, \
         each value is checked, and Redshift pads it with blanks.",
    ),
    row("VARCHAR(20)", "Each value is checked in bytes against the column's width."),
    row(
        "STRING",
        "Created as wide as `sink.create-table.varchar-width`. Each value is checked in bytes. In \
         a SUPER column it has to be JSON (see below).",
    ),
    row(
        "BINARY(16)",
        "Redshift keeps no fixed length. In CSV an empty value is refused: whether COPY takes it \
         for NULL is not known. In jdbc mode it is refused, too, and so is one of more than 32767 \
         bytes: bytes travel as hexadecimal digits in a VARCHAR, which FROM_HEX reads.",
    ),
    row("VARBINARY(100)", "As above. Each value is checked against the column's width."),
    row(
        "BYTES",
        "As above. Created with the width that every release of Redshift takes; the present limit \
         is 16777216.",
    ),
    row("DATE", "Each value is checked against the range that loads surely."),
    row(
        "TIME(3)",
        "COPY of Parquet has no documented mapping for TIME: values are staged as timestamps of \
         1970-01-01 and cast by an INSERT … SELECT, in CSV too; jdbc mode's parameters are times. \
         In a TIMESTAMP column they are just those timestamps. (Flink itself keeps \
         milliseconds.)",
    ),
    row(
        "TIMESTAMP(6)",
        "Any precision from 0 to 9; digits beyond microseconds are cut, since Redshift has none.",
    ),
    row(
        "TIMESTAMP_LTZ(6)",
        "Any precision, as above. In a TIMESTAMP column it is the clock of UTC. That COPY loads \
         Parquet's UTC timestamps into TIMESTAMPTZ is unverified: they are staged without a zone \
         and converted by an INSERT … SELECT; CSV loads directly.",
    ),
    row("INTERVAL YEAR TO MONTH", "Months."),
    row("INTERVAL DAY TO SECOND", "Milliseconds, which is what Flink keeps."),
    row("ARRAY<INT>", "No primary key. JSON, as below."),
    row(
        "MAP<STRING, INT>",
        "As above. A key becomes the name of a field; a type that nests cannot be one.",
    ),
    row("MULTISET<STRING>", "As a map from its elements to how often they occur."),
    row("ROW<a INT, b STRING>", "As an object with a field for each of its own."),
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
    ("TIME", RedshiftType::Time),
    ("VARBYTE", RedshiftType::VarByte(limits::VARBYTE_BYTES as u32)),
    ("SUPER", RedshiftType::Super),
];

const HEAD: &str = "\
<!-- Generated from the mapping in crates/arrow-redshift/src/types; do not edit. `cargo xtask \
codegen` writes it anew. -->

# Types

How the columns of a Flink table reach Redshift. *Arrow* is the type in every batch, *created* the \
column of a table that the connector creates (`sink.create-table`), *staged* what a Parquet file \
holds for that column, *accepted* every type of column that an existing table may have. COPY \
widens nothing, so files hold the exact counterpart of the target's column: values of narrower \
types are widened before they are staged. CSV files hold the same values as text, and so do the \
parameters of jdbc mode's statements, but for integers, floats and timestamps, which are binary \
there.

NULL is carried in every type; it is refused before it is staged where the column is declared NOT \
NULL, belongs to the primary key, or is NOT NULL in Redshift. Text with a NUL character is \
refused.

| Flink | Arrow | created | staged | accepted | notes |
| --- | --- | --- | --- | --- | --- |
";

const EDGES_HEAD: &str = "
## Values at the edges

Each of these is loaded by a test and read back, or refused with its column and row before anything \
is staged or sent; in jdbc mode with either guarantee; times in sessions of other zones than UTC, too. \
Digits beyond microseconds are cut before a value gets here. *Unverified*: carried in these tests, and \
nothing says that Redshift does so. Where a value is marked so, make it NULL in the query, or try \
it on your own cluster first.

| Flink | Redshift | value | copy, Parquet | copy, CSV | jdbc |
| --- | --- | --- | --- | --- | --- |
";

const TAIL: &str = "
## SUPER

Arrays, maps, multisets and rows are staged as JSON text in a VARCHAR, and an INSERT … SELECT makes \
them SUPER with JSON_PARSE, in both formats and in jdbc mode alike. (COPY's own way, SERIALIZETOJSON of nested \
Parquet, leaves open how it writes decimals, times, bytes and maps.) The text has at most 65535 \
bytes: a value with more is refused.

The JSON is that of Flink's JSON format, with ISO 8601 for times:

| value | JSON |
| --- | --- |
| NULL within a value | `null` |
| numbers | numbers with all their digits; how many of them SUPER keeps beyond 15 is unverified: \
CAST to STRING in the query what must keep them |
| NaN, infinities | `\"NaN\"`, `\"Infinity\"`, `\"-Infinity\"` |
| text | text; a NUL character is refused |
| bytes | Base64 |
| DATE, TIME | `\"2026-01-31\"`, `\"23:59:59.5\"` |
| TIMESTAMP, TIMESTAMP_LTZ | `\"2026-01-31T23:59:59.5\"`, and in UTC with a `Z` behind; years 1 to \
9999 |
| intervals | numbers, of months or milliseconds |
| MAP, MULTISET | an object; the text of a key's JSON is the field's name, so two keys of one text \
are refused, and NULL among the keys |
| ROW | an object, with the fields' names as they were declared |

A STRING that goes into a SUPER column has to be one JSON value of at most 65535 bytes and 127 \
levels, without a name twice in one object and without NUL characters; anything else is refused. A \
column of the primary key cannot be SUPER, which Redshift does not compare.

## The rest

RAW is refused by name, and so are target columns of other types when they are declared. \
Redshift's own INTERVAL columns are among these, since no way of loading into them is documented: \
intervals go into INTEGER and BIGINT columns, as in FLIP-307. A target's column may be left out of \
the declaration where it is NULL, has a default, or is an IDENTITY; an IDENTITY column has to be left \
out. Columns of intervals cannot be declared in a script's CREATE TABLE, in Flink either; a query of \
Flink's, its APIs and the crate `arrow-redshift` have them.
";

/// `docs/types.md`: every type that is carried, and where it goes.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for Row { declared, notes } in ROWS {
        // A row of no type would be missing on the page; a test looks for each.
        let Ok(declared) = declared.parse::<FlinkType>() else { continue };
        let created = default_target(&declared, limits::VARCHAR_BYTES as u32);
        // Every type that is created is carried, and writing to a String cannot fail.
        let layout = staged(&created, CopyFormat::Parquet).map(|staged| {
            let what = match staged.expression {
                LoadExpression::AtTimeZoneUtc => ", of UTC",
                LoadExpression::CastToTime => ", of 1970-01-01",
                LoadExpression::JsonParse => ", JSON",
                // Of statements, never of files.
                LoadExpression::FromHex | LoadExpression::Plain => "",
            };
            parquet_layout(&staged.arrow).unwrap_or_default() + what
        });
        let _ = writeln!(
            page,
            "| {declared} | {} | {created} | {} | {} | {notes} |",
            arrow_name(&declared),
            layout.unwrap_or_default(),
            accepted(&declared).join(", "),
        );
    }
    page.push_str(EDGES_HEAD);
    for Edge { declared, target, value, parquet, csv, jdbc } in EDGES {
        let value = value.replace('|', "\\|");
        let _ = writeln!(
            page,
            "| {declared} | {target} | `{value}` | {} | {} | {} |",
            said(*parquet),
            said(*csv),
            said(*jdbc)
        );
    }
    page + TAIL
}

const fn said(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Carried => "carried",
        Outcome::Unverified => "carried, unverified",
        Outcome::Refused => "refused",
    }
}

/// Arrow's name of a type; what nests by its kind alone.
fn arrow_name(declared: &FlinkType) -> String {
    match declared.arrow() {
        DataType::List(_) => "List".to_owned(),
        DataType::Map(..) => "Map".to_owned(),
        DataType::Struct(_) => "Struct".to_owned(),
        other => other.to_string(),
    }
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
        DataType::Binary => "BYTE_ARRAY".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_on_the_page() {
        let page = markdown();
        for Row { declared, .. } in ROWS {
            let data_type: FlinkType = declared.parse().unwrap();
            assert!(page.contains(&format!("\n| {data_type} | ")), "{declared}");
        }
    }
}
