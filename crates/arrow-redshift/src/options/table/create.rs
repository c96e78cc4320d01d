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
    here(
        "sink.create-table.varchar-widths",
        Kind::Text,
        "Widths in bytes of single text columns, as `column:n;column:n`. They come before what the \
         declared type and `sink.create-table.varchar-width` say.",
    )
    .without("what the declared types say"),
    here("sink.create-table.comment", Kind::Text, "Comment on a created table.")
        .without("the comment of the DDL, where there is one"),
    here(
        "sink.create-table.column-comments",
        Kind::Text,
        "Comments on columns of a created table, as `column:text;column:text`; a text with a colon, \
         semicolon or comma in it goes into double quotes.",
    )
    .without("the comments of the DDL, where there are some"),
    here(
        "sink.schema-evolution",
        Kind::Choice(&["none", "add-columns", "add-and-widen"]),
        "What is done at the start where the target lacks something declared: `add-columns` adds \
         columns that are missing, as NULL for the rows that are there; `add-and-widen` also widens \
         VARCHAR columns. Nothing is ever dropped or narrowed, and no column of the key is added. \
         docs/schema.md says more.",
    )
    .default("none"),
];
