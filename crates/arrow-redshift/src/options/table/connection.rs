use std::time::Duration;

use super::{Alias, DAY, Kind, OptionRow, Part, SECOND, alias, row};
use crate::limits;

const fn here(key: &'static str, kind: Kind, doc: &'static str) -> OptionRow {
    row(Part::Connection, key, kind, doc)
}

const fn iam(key: &'static str, kind: Kind, doc: &'static str) -> OptionRow {
    row(Part::IamLogin, key, kind, doc).without("not used")
}

pub(super) const ROWS: &[OptionRow] = &[
    here("connector", Kind::Choice(&["redshift"]), "Names this connector to Flink: `redshift`.")
        .default("redshift"),
    here(
        "hostname",
        Kind::Text,
        "Host name of the cluster's or workgroup's endpoint; TLS checks the certificate against it.",
    )
    .without("required, unless `url` names it"),
    here("port", Kind::Integer { least: 1, most: 65_535 }, "TCP port of the endpoint.")
        .default("5439"),
    here(
        "url",
        Kind::Text,
        "The same as a JDBC URL, `jdbc:redshift://host:port/database?user=…&password=…`, with \
         `ssl`, `sslmode` and `sslrootcert` as Amazon's driver names them. Values are \
         percent-encoded, a `+` is a blank. What is set as an option of its own beats \
         what the URL says.",
    )
    .without("not used")
    .secret(),
    here("username", Kind::Text, "Database user.").without("required, unless `url` names it"),
    here("password", Kind::Text, "The user's password.")
        .without("required, unless `url` holds it")
        .secret(),
    here("database-name", Kind::Text, "Database to connect to.")
        .default("dev")
        .aliases(&[alias("database.name"), alias("database"), alias("sink.database-name")]),
    here(
        "table-name",
        Kind::Text,
        "The table, or `schema.table`; a part with a point in it goes into double quotes. Names \
         fold to lower case, as Redshift folds them, unless the user's sessions have \
         `enable_case_sensitive_identifier`.",
    )
    .without("required")
    .aliases(&[
        alias("table.name"),
        alias("sink.table-name"),
        Alias { name: "querytable-name", documented: false, values: &[] },
    ]),
    here(
        "ssl.mode",
        Kind::Choice(&["disable", "require", "verify-ca", "verify-full"]),
        "TLS, with libpq's meanings: `require` encrypts and checks no certificate, `verify-ca` \
         checks its chain, `verify-full` the host name too.",
    )
    .default("verify-full"),
    here(
        "ssl.root-cert",
        Kind::Text,
        "A PEM file with the certificate authorities to trust, in place of the system's.",
    )
    .without("what `url` says, or else the system's authorities"),
    here(
        "connection.connect-timeout",
        Kind::Time { least: Duration::from_millis(100), most: Duration::from_secs(3600) },
        "The longest that connecting and logging in may take.",
    )
    .default("30 s"),
    here(
        "connection.statement-timeout",
        Kind::Time { least: Duration::ZERO, most: Duration::from_secs(20 * 24 * 3600) },
        "The longest that one statement may take, waiting in its queue included; 0 leaves it to \
         the server.",
    )
    .default("0 s"),
    here(
        "connection.idle-timeout",
        Kind::Time { least: Duration::ZERO, most: DAY },
        "How long a session that is kept for the next commit or flush stays open unused; 0 keeps \
         it open, until another one needs its place (`connection.max`).",
    )
    .default("10 min"),
    here(
        "connection.max",
        Kind::Integer { least: 2, most: limits::CONNECTIONS },
        "The most sessions that one process has open at once as this user in this database, for all \
         of its sinks together; and the most that one sink has open at once, in all of its tasks. \
         Of a sink's, one is the committer's, the others are shared out among the writers, of which \
         each needs one (two with `sink.schema-evolution`). A sink that this is too few for is \
         refused at its start. A job of s sinks over n TaskManagers opens at most min(s, n) times \
         as many.",
    )
    .default("2000"),
    iam("cluster-identifier", Kind::Text, "Provisioned cluster to get temporary credentials for."),
    iam("workgroup-name", Kind::Text, "Serverless workgroup to get temporary credentials for."),
    iam(
        "aws.secrets-manager.secret-id",
        Kind::Text,
        "Name or ARN of the Secrets Manager secret that holds user and password.",
    ),
    iam(
        "aws.credentials-duration",
        Kind::Time { least: SECOND, most: DAY },
        "How long temporary credentials are asked for.",
    ),
];
