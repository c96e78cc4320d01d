use std::time::Duration;

use super::{DAY, Kind, OptionRow, Part, alias, row};
use crate::limits;

const fn here(key: &'static str, kind: Kind, doc: &'static str) -> OptionRow {
    row(Part::CopySink, key, kind, doc)
}

pub(super) const ROWS: &[OptionRow] = &[
    here(
        "sink.write.temp.s3-uri",
        Kind::Text,
        "`s3://bucket/prefix` under which files are staged. The bucket has to be in the cluster's \
         region, unless `sink.copy.format` is `csv`.",
    )
    .without("required in copy mode")
    .aliases(&[
        alias("copy-temp-s3-uri"),
        alias("copy.temp.s3.uri"),
        alias("sink.copy-mode.aws.s3-uri"),
    ]),
    here(
        "aws.iam-role",
        Kind::Text,
        "What COPY reads S3 with: the ARN of a role that the cluster has, a comma-separated chain \
         of such ARNs, or `default` for the cluster's default role.",
    )
    .without("required in copy mode, unless `sink.copy.credentials` is `keys`")
    .aliases(&[
        alias("aws.iam-role-arn"),
        alias("iam-role-arn"),
        alias("sink.aws.iam-role-arn"),
    ]),
    here(
        "sink.copy.credentials",
        Kind::Choice(&["role", "keys"]),
        "`role` has COPY use `aws.iam-role`. `keys` puts the `aws.credentials.basic.*` keys into \
         the COPY statement: Amazon's documentation no longer shows that form, and the statement \
         carries a secret.",
    )
    .default("role"),
    here(
        "sink.copy.format",
        Kind::Choice(&["parquet", "csv"]),
        "Format of the staged files. `csv` (gzip) is the way out where COPY refuses Parquet: \
         another region, a bucket policy against presigned URLs.",
    )
    .default("parquet"),
    here(
        "sink.copy.part-size",
        Kind::Size { least: limits::PART_MIN_BYTES, most: limits::PART_MAX_BYTES },
        "Compressed size at which a staged file is closed and the next one begun. 64 MB is one \
         scan range of COPY and the least that Redshift advises for Parquet, so a load spreads \
         over the slices without being cut smaller than they read.",
    )
    .default("64 mb"),
    here(
        "sink.write.temp.s3.encryption",
        Kind::Choice(&["none", "sse-s3", "sse-kms"]),
        "Encryption asked for with every staged file.",
    )
    .without("whatever the bucket does by default"),
    here("sink.write.temp.s3.kms-key-id", Kind::Text, "Key for `sse-kms`: an id, ARN or alias.")
        .without("the account's key for S3"),
    here(
        "sink.commit.interval",
        Kind::Time { least: Duration::ZERO, most: DAY },
        "The least time between two commits, each of which then covers several checkpoints; 0 \
         commits at every checkpoint.",
    )
    .default("0 s"),
    here(
        "sink.staging.retention",
        Kind::Time { least: Duration::from_secs(3600), most: Duration::from_secs(3650 * 86_400) },
        "How long staged files that nobody removed are left alone; what other jobs, runs and \
         writers staged under the same path never goes in its first seven days. Restoring a \
         savepoint that names files that are gone fails, so it has to exceed the age of the \
         oldest savepoint of use; the same holds for a lifecycle rule of the bucket.",
    )
    .default("7 d"),
];
