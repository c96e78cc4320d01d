use super::{Kind, OptionRow, Part, row};
use crate::limits;

const fn here(key: &'static str, kind: Kind, doc: &'static str) -> OptionRow {
    row(Part::CreateTable, key, kind, doc)
}

pub(super) const ROWS: &[OptionRow] = &[
    here(
        "sink.create-table",
        Kind::Choice(&["none", "if-not-exists"]),
        "`if-not-exists` creates a target that is missing, with the types of docs/types.md.",
    )
    .default("none"),
    here(
        "sink.create-table.distribution-style",
        Kind::Choice(&["auto", "even", "all", "key"]),
        "How a created table spreads over the slices.",
    )
    .default("auto"),
    here(
        "sink.create-table.distribution-key",
        Kind::Text,
        "Column that a created table is spread by; belongs to the style `key`.",
    )
    .without("none"),
    here(
        "sink.create-table.sort-key",
        Kind::Text,
        "Columns that a created table is sorted by, as `a;b`.",
    )
    .without("left to Redshift"),
    here(
        "sink.create-table.encodings",
        Kind::Text,
        "Encodings of a created table's columns, as `column:encoding;column:encoding`.",
    )
    .without("left to Redshift"),
    here(
        "sink.create-table.varchar-width",
        Kind::Integer { least: 1, most: limits::VARCHAR_BYTES },
        "Width in bytes of a created table's STRING columns. The default refuses no text that \
         Redshift can hold; narrower columns take less memory in queries.",
    )
    .default("65535"),
];
