use std::time::Duration;

use super::{DAY, Kind, OptionRow, Part, row};

const fn here(key: &'static str, kind: Kind, doc: &'static str) -> OptionRow {
    row(Part::Lookup, key, kind, doc)
}

const TIME: Kind = Kind::Time { least: Duration::ZERO, most: DAY };

pub(super) const ROWS: &[OptionRow] = &[
    here("lookup.cache", Kind::Choice(&["NONE", "PARTIAL", "FULL"]), "Caching of looked-up rows.")
        .default("NONE"),
    here(
        "lookup.partial-cache.max-rows",
        Kind::Integer { least: 1, most: i64::MAX as u64 },
        "Most rows of the partial cache.",
    )
    .without("no bound"),
    here(
        "lookup.partial-cache.expire-after-write",
        TIME,
        "How long a row stays after it was read from the table.",
    )
    .without("for good"),
    here(
        "lookup.partial-cache.expire-after-access",
        TIME,
        "How long a row stays after it was last used.",
    )
    .without("for good"),
    here(
        "lookup.partial-cache.cache-missing-key",
        Kind::Flag,
        "Whether keys without a row are remembered.",
    )
    .default("true"),
    here(
        "lookup.max-retries",
        Kind::Integer { least: 0, most: 1000 },
        "How often a lookup is tried again after an error that may pass.",
    )
    .default("3"),
];
