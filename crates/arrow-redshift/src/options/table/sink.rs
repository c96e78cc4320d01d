use std::time::Duration;

use super::{Alias, DAY, Kind, OptionRow, Part, SECOND, alias, row};

const fn here(key: &'static str, kind: Kind, doc: &'static str) -> OptionRow {
    row(Part::Sink, key, kind, doc)
}

pub(super) const ROWS: &[OptionRow] = &[
    here(
        "sink.write.mode",
        Kind::Choice(&["jdbc", "copy"]),
        "How rows are written: `copy` stages files on S3 and loads them with COPY. `jdbc` writes \
         with statements over the connection (Redshift's own protocol, no JDBC driver), and needs \
         no S3: for small and steady changes.",
    )
    .default("jdbc")
    .aliases(&[
        alias("write.mode"),
        alias("sink.mode"),
        Alias {
            name: "copy-mode",
            documented: true,
            values: &[("true", "copy"), ("false", "jdbc")],
        },
    ]),
    here(
        "sink.delivery-guarantee",
        Kind::Choice(&["exactly-once", "at-least-once"]),
        "What is promised about each row, with Flink's meanings.",
    )
    .without("`exactly-once` in copy mode, `at-least-once` in jdbc mode"),
    here(
        "sink.batch-size",
        Kind::Integer { least: 1, most: 1_000_000 },
        "Rows of a batch. In jdbc mode so many rows are a flush; one transaction takes all whole \
         batches that wait. In copy mode it is one Arrow batch and nothing else: files roll by \
         `sink.copy.part-size`.",
    )
    .default("1000")
    .aliases(&[alias("sink.batch.size")]),
    here(
        "sink.flush-interval",
        Kind::Time { least: Duration::ZERO, most: DAY },
        "The longest that a row waits. It counts for `at-least-once`: in jdbc mode always, in copy \
         mode without checkpoints, where each flush is a COPY.",
    )
    .without("`1 s` in jdbc mode, `10 s` in copy mode")
    .aliases(&[alias("sink.flush.interval")]),
    here(
        "sink.checkpoint-size-limit",
        Kind::Size { least: 1 << 20, most: 1 << 30 },
        "The most bytes, compressed, that the rows of one checkpoint (or of a batch) may take in \
         jdbc mode with `exactly-once`, where they travel in it; a writer's share is this by the \
         parallelism. Beyond it the job fails and names copy mode, which has no such limit. The \
         default fits what Flink's own default storage (`jobmanager`: 5 mb of a state) takes; with \
         another one, and in the command, it may be more. 64 mb are some millions of rows, which \
         statements take minutes to write.",
    )
    .default("4 mb"),
    here(
        "sink.max-retries",
        Kind::Integer { least: 0, most: 1000 },
        "How often a unit of work is tried again after an error that may pass. A commit or a flush that \
         has nothing sent yet waits up to ten minutes for a server that is away, without counting; \
         with 0 it does not.",
    )
    .default("3")
    .aliases(&[alias("sink.max.retries")]),
    here(
        "sink.ignore-delete",
        Kind::Flag,
        "Whether rows that take content away (deletes, and the old rows of updates) are dropped. \
         A table without a key then takes the new rows of updates as rows of their own.",
    )
    .default("false"),
    here(
        "sink.use-merge",
        Kind::Flag,
        "Whether a keyed commit that holds upserts only is applied by one MERGE in place of DELETE \
         and INSERT, or UPDATE and INSERT. One that takes a row away is applied as ever, and so is \
         every commit of a table whose columns all belong to the key. Both end in the same rows.",
    )
    .default("false"),
    here(
        "sink.duplicate-keys",
        Kind::Choice(&["report", "clean", "ignore"]),
        "What is done about keys that have more than one row in the target already, among those \
         that a commit changes. `report` counts them and says how many. `clean` also leaves one \
         row of each, whichever it is; a commit that replaces whole rows does so anyway. `ignore` \
         does not look, which spares each commit a join with the target. Flushes (jdbc mode with \
         `at-least-once`) never look.",
    )
    .default("report"),
    here(
        "sink.lock-target",
        Kind::Flag,
        "Whether a keyed commit locks the target table; `false` only where nothing else ever \
         writes to it.",
    )
    .default("true"),
    here(
        "sink.lock-timeout",
        Kind::Time { least: SECOND, most: DAY },
        "The longest wait for the locks of a try to commit. `sink.commit.timeout` bounds all tries \
         together.",
    )
    .default("2 min"),
    here(
        "sink.commit.timeout",
        Kind::Time { least: SECOND, most: DAY },
        "The longest that one commit may take, all its tries and waits together. When it has \
         passed before COMMIT, nothing is applied and the commit fails; one whose COMMIT was sent \
         is settled as always. In Flink it has to stay below the checkpoint timeout, since the \
         next checkpoint waits for the commit.",
    )
    .without("no bound in a batch program, 80 % of the checkpoint timeout in Flink"),
    here(
        "sink.ledger.retention",
        Kind::Time { least: Duration::from_secs(3600), most: Duration::from_secs(3650 * 86_400) },
        "How long the ledger remembers a commit; at least `sink.staging.retention`.",
    )
    .without("`7 d`, or `sink.staging.retention` where that is longer"),
    here("sink.parallelism", Kind::Integer { least: 1, most: 32_768 }, "Parallelism of the sink.")
        .without("the job's in copy mode, `1` in jdbc mode"),
    here(
        "sink.run-id",
        Kind::Text,
        "Names a batch run, so that running it again after an unknown end loads nothing twice: 1 \
         to 64 letters, digits, `.`, `_` and `-`, with a letter or digit first.",
    )
    .without("a fresh UUID"),
];
