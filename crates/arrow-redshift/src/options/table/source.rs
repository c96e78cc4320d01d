use std::time::Duration;

use super::{Alias, DAY, Kind, OptionRow, Part, alias, row};

const fn here(key: &'static str, kind: Kind, doc: &'static str) -> OptionRow {
    row(Part::Source, key, kind, doc)
}

pub(super) const ROWS: &[OptionRow] = &[
    here(
        "scan.read.mode",
        Kind::Choice(&["jdbc", "unload"]),
        "How rows are read: with cursors over the connection, or with UNLOAD to S3.",
    )
    .default("jdbc")
    .aliases(&[
        alias("read.mode"),
        Alias {
            name: "unload-mode",
            documented: true,
            values: &[("true", "unload"), ("false", "jdbc")],
        },
    ]),
    here("query", Kind::Text, "A query to read in place of a table.")
        .without("the whole of `table-name`"),
    here(
        "source.batch-size",
        Kind::Integer { least: 1, most: 1_000_000 },
        "Rows fetched at a time.",
    )
    .default("1000")
    .aliases(&[alias("source.batch.size"), alias("scan.fetch-size")]),
    here(
        "source.flush-interval",
        Kind::Time { least: Duration::ZERO, most: DAY },
        "FLIP-307 lists it; a source has nothing to flush.",
    )
    .default("1 s")
    .aliases(&[alias("source.flush.interval")]),
    here(
        "source.max-retries",
        Kind::Integer { least: 0, most: 1000 },
        "How often a read is tried again after an error that may pass.",
    )
    .default("3")
    .aliases(&[alias("source.max.retries")]),
    here("scan.partition.column", Kind::Text, "Column to split the table by.").without("not split"),
    here("scan.partition.num", Kind::Integer { least: 1, most: 100_000 }, "Number of partitions.")
        .without("not split"),
    here("scan.partition.lower-bound", Kind::Text, "Least value of the first partition.")
        .without("not split"),
    here("scan.partition.upper-bound", Kind::Text, "Most value of the last partition.")
        .without("not split"),
    row(
        Part::UnloadSource,
        "scan.unload.temp.s3-uri",
        Kind::Text,
        "`s3://bucket/prefix` that UNLOAD writes to.",
    )
    .without("required in unload mode")
    .aliases(&[alias("unload.temp.s3.path")]),
];
