use super::{Kind, OptionRow, Part, row};

const fn here(key: &'static str, kind: Kind, doc: &'static str) -> OptionRow {
    row(Part::Values, key, kind, doc)
}

pub(super) const ROWS: &[OptionRow] = &[
    here(
        "sink.value-policy",
        Kind::Choice(&["fail", "truncate", "null", "dead-letter"]),
        "What becomes of a value that its column cannot hold. `fail` ends the job and names the \
         column, the rule and the row. `truncate` cuts text that is too long, `null` writes NULL, \
         `dead-letter` sets the whole row aside. Where a policy cannot help (`truncate` for what \
         is no text that is too long, `null` in a NOT NULL column), and in key columns, it is \
         `fail`. See [values](values.md).",
    )
    .default("fail"),
    here(
        "sink.value-policy.columns",
        Kind::Text,
        "Policies of single columns, as `column:policy;column:policy`, in place of the general \
         one. Naming a key column, `truncate` for a column that is no text and `null` for one \
         that is NOT NULL are errors.",
    )
    .without("none"),
    here(
        "sink.value-policy.show-key",
        Kind::Flag,
        "Whether an error about a value shows the key of its row. Errors go into logs, so by \
         default no value of a row is in them.",
    )
    .default("false"),
    here(
        "sink.value-policy.refused-loads",
        Kind::Flag,
        "Whether a load that only COPY refuses is looked into row by row in copy mode: the part that \
         it names, or that halving the load finds, is read again and checked against the table as it \
         is by then, and if nothing shows, loaded as CSV into a temporary table. The policies then \
         hold for the rows that are found. Otherwise the error names the part.",
    )
    .default("false"),
    here(
        "sink.dead-letter.s3-uri",
        Kind::Text,
        "`s3://bucket/prefix` under which rows that were set aside are put as JSON lines, once \
         the commit that they belong to is applied. The bucket has to be in `aws.region` too.",
    )
    .without("required where a policy is `dead-letter`"),
];
