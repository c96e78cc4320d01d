//! Every statement shape that the connector sends, as a golden file that is reviewed like code;
//! and that a commit needs the same statements whatever the number of its parts.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use arrow::array::{
    AsArray, ListBuilder, RecordBatch, StringArray, StringBuilder, Time64MicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow_redshift::{
    ErrorKind,
    sink::{CommitPoint, Committable, Prepared, Verdict},
    stage::RowKind,
    types::{Column, FlinkType, TableSchema, UTC},
};
use redshift_local::{
    RedshiftLocal,
    config::{AccessKey, Isolation},
    faults::{Effect, Ending, FaultRule, StatementKind, When},
};
use support::{Kind, batch, client, golden_path, options, prepared, sink, stand_in};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

/// The loader's statements so far.
fn sent(server: &RedshiftLocal) -> Vec<String> {
    let log = server.statements().all();
    let ours = log.into_iter().filter(|entry| entry.user == "loader");
    ours.map(|entry| entry.shape).collect()
}

/// A load into table `t`, which is made anew for each.
#[derive(Default)]
struct Case {
    /// The table that is there before, if one is.
    exists: &'static str,
    /// The columns of the key.
    key: &'static [&'static str],
    /// Whether the time is an instant.
    zoned: bool,
    /// Whether the name is an array, which becomes SUPER, and the time one of a day.
    converted: bool,
    /// Whether the name is bytes.
    bytes: bool,
    options: &'static [(&'static str, &'static str)],
    /// Whether the load replaces what the table holds.
    overwrite: bool,
    /// Whether all of its changes are upserts.
    upserts: bool,
    /// What goes wrong, once, at what the loader does.
    fault: Option<(StatementKind, Effect)>,
}

/// A table with a column that the sink does not write.
const PARTIAL: &str = "CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(99) NOT NULL, score DOUBLE \
                       PRECISION, seen TIMESTAMP, note VARCHAR(20) DEFAULT 'none')";
/// The same with instants.
const PARTIAL_ZONED: &str = "CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(99), score DOUBLE \
                             PRECISION, seen TIMESTAMPTZ, note VARCHAR(20) DEFAULT 'none')";
/// A table with a column that is narrower than the sink wants it, and without others.
const NARROW: &str = "CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(9))";
/// The same with all of them.
const WHOLE_AND_NARROW: &str = "CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(9), score DOUBLE \
                                PRECISION, seen TIMESTAMP)";
/// The same with a SUPER and a TIME.
const PARTIAL_CONVERTED: &str = "CREATE TABLE t (id BIGINT NOT NULL, name SUPER, score DOUBLE \
                                 PRECISION, seen TIME, note VARCHAR(20) DEFAULT 'none')";
/// A table with a column that the sink does not write, and a key twice.
const DOUBLED: &str = "CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(99) NOT NULL, score DOUBLE \
                       PRECISION, seen TIMESTAMP, note VARCHAR(20)); INSERT INTO t (id, name) \
                       VALUES (1, 'a'), (1, 'a '), (3, 'c')";
const MERGE: (&str, &str) = ("sink.use-merge", "true");
const CLEAN: (&str, &str) = ("sink.duplicate-keys", "clean");
/// The same with a VARBYTE.
const PARTIAL_BYTES: &str = "CREATE TABLE t (id BIGINT NOT NULL, name VARBYTE(99), score DOUBLE \
                             PRECISION, seen TIMESTAMP, note VARCHAR(20) DEFAULT 'none')";
const CSV: (&str, &str) = ("sink.copy.format", "csv");
const KEYS: (&str, &str) = ("sink.copy.credentials", "keys");
const JDBC: (&str, &str) = ("sink.write.mode", "jdbc");
const EXACTLY_ONCE: (&str, &str) = ("sink.delivery-guarantee", "exactly-once");
const LOOKING: &[(&str, &str)] = &[
    ("sink.value-policy", "dead-letter"),
    ("sink.value-policy.refused-loads", "true"),
    ("sink.dead-letter.s3-uri", "s3://staging/dead"),
];
const ID: &[&str] = &["id"];

fn cases() -> Vec<Case> {
    use StatementKind::Commit;
    let case = Case::default;
    let lives_on = Effect::LiveOn { hold: Duration::from_secs(600), then: Ending::Commit };
    let conflict = Effect::Fail {
        sqlstate: "XX000".into(),
        message: "1023".into(),
        detail: Some("Serializable isolation violation on table".into()),
    };
    vec![
        case(),
        Case { options: &[CSV], ..case() },
        Case { overwrite: true, ..case() },
        Case { zoned: true, ..case() },
        Case { key: ID, ..case() },
        Case { key: ID, options: &[CSV], ..case() },
        Case { key: ID, overwrite: true, ..case() },
        Case { key: ID, zoned: true, ..case() },
        Case { key: ID, exists: PARTIAL, ..case() },
        Case { key: ID, exists: PARTIAL_ZONED, zoned: true, ..case() },
        Case { converted: true, ..case() },
        Case { converted: true, options: &[CSV], ..case() },
        Case { key: ID, converted: true, ..case() },
        Case { key: ID, exists: PARTIAL_CONVERTED, converted: true, ..case() },
        Case { key: &["name"], ..case() },
        Case { key: &["id", "name"], exists: PARTIAL, ..case() },
        Case { key: ID, options: &[MERGE], upserts: true, ..case() },
        Case { key: ID, options: &[MERGE], upserts: true, zoned: true, ..case() },
        Case { key: &["name"], options: &[MERGE], upserts: true, ..case() },
        Case { key: ID, options: &[MERGE], upserts: true, converted: true, ..case() },
        Case { key: ID, options: &[MERGE, JDBC, EXACTLY_ONCE], upserts: true, ..case() },
        Case { key: ID, options: &[CLEAN], exists: DOUBLED, ..case() },
        Case { key: &["id", "name"], options: &[CLEAN], exists: DOUBLED, ..case() },
        Case { key: ID, options: &[("sink.duplicate-keys", "ignore")], ..case() },
        Case { key: ID, options: &[("sink.lock-target", "false")], ..case() },
        Case { options: &[("connection.statement-timeout", "5 min")], ..case() },
        // COPY reads S3 as the default role, and with keys.
        Case { options: &[("aws.iam-role", "default")], ..case() },
        Case { options: &[KEYS], ..case() },
        Case { key: ID, options: &[KEYS], ..case() },
        Case {
            options: &[
                KEYS,
                ("aws.credentials.provider.basic.accesskeyid", "temporary"),
                ("aws.credentials.provider.basic.secretkey", "secret-of-a-day"),
                ("aws.credentials.provider.basic.sessiontoken", "token-of-a-day"),
            ],
            ..case()
        },
        // Attributes of a table that is created.
        Case { key: ID, options: &[("sink.create-table.encodings", "name:zstd")], ..case() },
        Case {
            options: &[
                ("sink.create-table.distribution-style", "even"),
                ("sink.create-table.sort-key", "seen,id"),
            ],
            ..case()
        },
        Case {
            key: ID,
            options: &[
                ("sink.create-table.distribution-style", "key"),
                ("sink.create-table.distribution-key", "id"),
                ("sink.create-table.sort-key", "seen"),
            ],
            ..case()
        },
        Case { options: &[("sink.create-table.distribution-style", "all")], ..case() },
        // Jdbc mode, exactly once.
        Case { options: &[JDBC, EXACTLY_ONCE], ..case() },
        Case { options: &[JDBC, EXACTLY_ONCE], overwrite: true, ..case() },
        Case { key: ID, options: &[JDBC, EXACTLY_ONCE], ..case() },
        Case {
            key: ID,
            options: &[JDBC, EXACTLY_ONCE],
            zoned: true,
            exists: PARTIAL_ZONED,
            ..case()
        },
        Case { options: &[JDBC, EXACTLY_ONCE], converted: true, ..case() },
        Case { key: ID, options: &[JDBC, EXACTLY_ONCE], converted: true, ..case() },
        Case { options: &[JDBC, EXACTLY_ONCE], bytes: true, ..case() },
        Case { key: &["name"], options: &[JDBC, EXACTLY_ONCE], bytes: true, ..case() },
        Case {
            key: ID,
            options: &[JDBC, EXACTLY_ONCE],
            bytes: true,
            exists: PARTIAL_BYTES,
            ..case()
        },
        Case {
            options: &[
                ("sink.create-table.comment", "a table"),
                ("sink.create-table.column-comments", "name:a column"),
            ],
            ..case()
        },
        // A target that lacks columns and width.
        Case {
            key: ID,
            exists: NARROW,
            options: &[
                ("sink.schema-evolution", "add-and-widen"),
                ("sink.create-table.varchar-widths", "name:500"),
                ("sink.create-table.encodings", "seen:zstd"),
                ("sink.create-table.column-comments", "score:a column"),
            ],
            ..case()
        },
        // A transaction that has to be repeated, an answer that is lost, a session that lives on.
        Case { key: ID, fault: Some((Commit, conflict)), ..case() },
        Case { fault: Some((Commit, Effect::LoseAfter)), ..case() },
        Case {
            fault: Some((Commit, lives_on)),
            options: &[("sink.lock-timeout", "1 s")],
            ..case()
        },
    ]
}

impl Case {
    fn schema(&self) -> TableSchema {
        let column = |name: &str, data_type| Column {
            name: name.into(),
            data_type,
            nullable: !self.key.contains(&name) && name != "id",
        };
        let seen = if self.zoned { FlinkType::TimestampLtz(3) } else { FlinkType::Timestamp(3) };
        let (name, seen) = match self.converted {
            false => (FlinkType::String, seen),
            true => ("ARRAY<STRING>".parse().unwrap(), FlinkType::Time(3)),
        };
        let name = if self.bytes { FlinkType::Bytes } else { name };
        let columns = vec![
            column("id", FlinkType::BigInt),
            column("name", name),
            column("score", FlinkType::Double),
            column("seen", seen),
        ];
        TableSchema::new(columns, self.key.iter().map(|name| (*name).to_owned()).collect()).unwrap()
    }

    fn batch(&self) -> RecordBatch {
        let plain = batch(&[(1, "a"), (2, "b")]);
        let mut columns = plain.columns().to_vec();
        if self.zoned {
            let times = columns[3].as_primitive::<TimestampMicrosecondType>().clone();
            columns[3] = Arc::new(times.with_timezone(UTC));
        }
        if self.converted {
            let mut names = ListBuilder::new(StringBuilder::new());
            names.append_value(columns[1].as_string::<i32>());
            names.append_null();
            columns[1] = Arc::new(names.finish());
            columns[3] = Arc::new(Time64MicrosecondArray::from(vec![1_500_000, 0]));
        }
        if self.bytes {
            columns[1] = cast(&columns[1], &DataType::Binary).unwrap();
        }
        RecordBatch::try_new(self.schema().arrow(), columns).unwrap()
    }

    /// The table as it is before the load, and a sink into it.
    async fn prepare(&self, server: &RedshiftLocal, watcher: &Client) -> Prepared {
        let anew = format!("DROP TABLE IF EXISTS t, t__flink_commits; {}", self.exists);
        watcher.batch_execute(&anew).await.unwrap();
        let mut options = options(server, "t");
        for (key, value) in self.options {
            if *key == KEYS.0 {
                options.remove("aws.iam-role");
            }
            options.insert((*key).into(), (*value).into());
        }
        let sink = sink(&options, self.schema());
        let sink = if self.overwrite { sink.overwriting().unwrap() } else { sink };
        sink.prepare(&[]).await.unwrap()
    }

    async fn staged(&self, sink: &Prepared, checkpoint: u64) -> Committable {
        let kinds = [RowKind::Insert, RowKind::Delete];
        let kinds = (!self.key.is_empty() && !self.upserts).then_some(kinds.as_slice());
        let mut writer = sink.writer(0, checkpoint).unwrap();
        writer.write(&self.batch(), kinds).await.unwrap();
        let parts = writer.close(checkpoint).await.unwrap();
        sink.gather(&CommitPoint::Checkpoint(checkpoint), parts).unwrap().unwrap()
    }

    /// Writes as one flush: jdbc mode, at least once.
    async fn flush(self, server: &RedshiftLocal, watcher: &Client) {
        let sink = self.prepare(server, watcher).await;
        let mut writer = sink.writer(0, 0).unwrap();
        writer.write(&self.batch(), None).await.unwrap();
        assert!(writer.close(1).await.unwrap().is_empty());
        assert_eq!((writer.flushed().rows, writer.flushed().retries), (2, 0));
    }

    async fn load(self, server: &RedshiftLocal, watcher: &Client) {
        let sink = self.prepare(server, watcher).await;
        let commit = self.staged(&sink, 1).await;
        let mut faults = 0;
        if let Some((statement, effect)) = self.fault {
            let user = Some("loader".into());
            let when = When { statement: Some(statement), user, ..When::default() };
            server.faults().inject(FaultRule { when, skip: 0, count: 1, effect });
            faults = 1;
        }
        let applied = sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
        assert!(!applied.before);
        assert_eq!(server.faults().taken(), faults, "the fault never struck");
        server.faults().clear();
    }
}

/// A load that the server refuses row by row, after which the load-error view is asked: the column
/// became a number after it was looked at.
async fn load_that_is_refused(server: &RedshiftLocal, watcher: &Client) {
    let case = Case { exists: PARTIAL, options: &[CSV], ..Case::default() };
    let sink = case.prepare(server, watcher).await;
    let commit = case.staged(&sink, 1).await;
    let other = PARTIAL.replace("name VARCHAR(99)", "name INTEGER");
    watcher.batch_execute(&format!("DROP TABLE t; {other}")).await.unwrap();
    let stop = CancellationToken::new();
    let error = sink.committer().commit(&commit, &stop).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoadRefused);
    assert!(error.to_string().contains("column name: Invalid digit (code 1207"), "{error}");
}

/// A load of which the server refuses a row that shows nowhere here, since the staging table is
/// narrower than the target; and the same commit once more.
async fn rows_that_are_refused(server: &RedshiftLocal, watcher: &Client) {
    for key in [&[][..], ID] {
        let case = Case { key, zoned: true, options: LOOKING, ..Case::default() };
        let sink = case.prepare(server, watcher).await;
        let mut columns = case.batch().columns().to_vec();
        columns[1] = Arc::new(StringArray::from(vec!["a", "wide"]));
        let mut writer = sink.writer(0, 1).unwrap();
        let batch = RecordBatch::try_new(case.schema().arrow(), columns).unwrap();
        writer.write(&batch, None).await.unwrap();
        let parts = writer.close(1).await.unwrap();
        let mut commit = sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap();
        commit.shape.layout.columns[1].stage_type = "VARCHAR(3)".into();
        for before in [false, true] {
            let stop = CancellationToken::new();
            let applied = sink.committer().commit(&commit, &stop).await.unwrap();
            assert_eq!((applied.before, applied.rows, applied.dead_letters), (before, 1, 1));
        }
    }
}

/// Two checkpoints in one commit.
async fn gathered(server: &RedshiftLocal, watcher: &Client) {
    let case = Case::default();
    let sink = case.prepare(server, watcher).await;
    let mut commit = case.staged(&sink, 1).await;
    commit.absorb(case.staged(&sink, 2).await).unwrap();
    sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
}

/// A sink that is tried, before its table is there and when it is.
async fn checked(server: &RedshiftLocal, watcher: &Client) {
    let evolving = ("sink.schema-evolution", "add-and-widen");
    for (key, exists, more) in [
        (ID, "", None),
        (ID, PARTIAL, None),
        (ID, PARTIAL, Some(CSV)),
        (&[], PARTIAL, None),
        (&[], PARTIAL, Some(JDBC)),
        (ID, PARTIAL, Some(JDBC)),
        (ID, NARROW, Some(evolving)),
        (ID, WHOLE_AND_NARROW, Some(evolving)),
    ] {
        let case = Case { key, exists, ..Case::default() };
        let anew = format!("DROP TABLE IF EXISTS t, t__flink_commits; {}", case.exists);
        watcher.batch_execute(&anew).await.unwrap();
        let mut options = options(server, "t");
        options.extend(more.map(|(key, value)| (key.to_owned(), value.to_owned())));
        if more == Some(evolving) {
            options.insert("sink.create-table.varchar-widths".into(), "name:500".into());
        }
        let checks = sink(&options, case.schema()).check().await;
        assert!(checks.iter().all(|check| check.verdict != Verdict::Failed), "{checks:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_those_of_the_golden_file() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    server.s3().put_key(AccessKey {
        id: "temporary".into(),
        secret: "secret-of-a-day".into(),
        session_token: Some("token-of-a-day".into()),
        prefixes: Vec::new(),
    });
    let watcher = client(&server).await;
    for case in cases() {
        case.load(&server, &watcher).await;
    }
    let plain: &[_] = &[JDBC];
    for (key, exists, options) in
        [(&[][..], "", plain), (ID, "", plain), (ID, PARTIAL, plain), (ID, "", &[JDBC, MERGE])]
    {
        let case = Case { key, exists, options, ..Case::default() };
        case.flush(&server, &watcher).await;
        Case { key, options: &[JDBC], converted: true, ..Case::default() }
            .flush(&server, &watcher)
            .await;
    }
    load_that_is_refused(&server, &watcher).await;
    rows_that_are_refused(&server, &watcher).await;
    gathered(&server, &watcher).await;
    checked(&server, &watcher).await;

    let seen: BTreeSet<String> = sent(&server).into_iter().collect();
    let found: String = seen.iter().map(|shape| format!("{shape}\n")).collect();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(golden_path(), &found).unwrap();
    }
    let golden = std::fs::read_to_string(golden_path()).unwrap_or_default();
    assert_eq!(found, golden, "review the change, then run with UPDATE_GENERATED=1");

    let log = server.statements().all();
    let with_keys: Vec<_> =
        log.iter().filter(|entry| entry.text.contains("SECRET_ACCESS_KEY")).collect();
    assert_eq!(with_keys.len(), 3, "COPY with keys");
    for entry in with_keys {
        assert!(entry.text.contains("ACCESS_KEY_ID '***' SECRET_ACCESS_KEY '***'"));
    }
    server.stop().await.unwrap();
}

/// The form in which suites with other tables are compared with the golden file.
#[test]
fn the_form_of_a_shape_forgets_columns_and_nothing_else() {
    let form = support::canonical;
    let same = [
        (
            "copy \"public\".\"t\"(\"a\", \"b\") from ? iam_role ? format as parquet manifest",
            "copy \"s\".\"u\"(\"c\") from ? iam_role ? format as parquet manifest",
        ),
        (
            "create temp table \"frc_stage\"(\"a\" bigint, \"frc_kind\" smallint)",
            "create temp table \"frc_stage\"(\"b\" varchar(?), \"c\" decimal(?, ?) encode zstd not \
             null, \"frc_kind\" smallint)",
        ),
        (
            "delete from \"s\".\"t\" using \"frc_stage\" where \"t\".\"a\" = \"frc_stage\".\"a\" and \
             \"t\".\"b\" = \"frc_stage\".\"b\"",
            "delete from \"s\".\"u\" using \"frc_stage\" where \"u\".\"x\" = \"frc_stage\".\"x\"",
        ),
        (
            "select row_number() over(partition by rtrim(\"a\"), \"b\" order by \"frc_sequence\" desc)",
            "select row_number() over(partition by \"c\" order by \"frc_sequence\" desc)",
        ),
        (
            "insert into \"s\".\"t\"(\"a\", \"b\") select \"a\",(\"b\" at time zone ?) from \"frc_stage\"",
            "insert into \"s\".\"t\"(\"a\") select \"a\" from \"frc_stage\"",
        ),
        (
            "insert into \"t\"(\"a\") select cast(null as decimal(?, ?)), cast(null as bigint)",
            "insert into \"t\"(\"a\") select cast(null as timestamp)",
        ),
        (
            "alter table \"s\".\"t\" add column \"a\" varchar(?) encode zstd",
            "alter table \"s\".\"u\" add column \"b\" bigint",
        ),
        ("values(?, ?, f(?)),(?, ?, f(?)),(?, ?, f(?))", "values(?, ?, f(?))"),
        ("where id in(?, ?)", "where id in(?)"),
    ];
    for (one, other) in same {
        assert_eq!(form(one), form(other));
    }
    let different = [
        ("lock \"s\".\"t__flink_commits\", \"s\".\"t\"", "lock \"s\".\"t__flink_commits\""),
        ("delete from \"s\".\"t\"", "truncate \"s\".\"t\""),
        ("delete from \"s\".\"t\"", "delete from \"s\".\"t\" where \"a\" = ?"),
        ("delete from \"s\".\"t\"", "delete from \"s\".\"t__flink_commits\""),
        ("drop table \"frc_stage\"", "drop table \"frc_stage\", \"frc_stage_last\""),
        (
            "select a over(order by \"frc_sequence\" desc, \"frc_subtask\" desc)",
            "select a over(order by \"frc_sequence\" desc)",
        ),
        ("update \"t\" set \"a\" = \"b\".\"a\"", "update \"t\" set \"a\" = ?"),
    ];
    for (one, other) in different {
        assert_ne!(form(one), form(other));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_sends_the_same_statements_whatever_the_number_of_parts() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let stop = CancellationToken::new();
    for kind in [Kind::Append, Kind::Keyed] {
        let sink =
            prepared(&options(&server, &format!("parts_{kind:?}").to_lowercase()), kind).await;
        let mut committer = sink.committer();
        let mut counts = Vec::new();
        for (checkpoint, writers) in [(1, 1), (2, 1), (3, 7), (4, 40)] {
            let mut parts = Vec::new();
            for subtask in 0..writers {
                let mut writer = sink.writer(subtask, checkpoint).unwrap();
                let id = i64::from(subtask);
                writer.write(&batch(&[(id, "x")]), None).await.unwrap();
                parts.extend(writer.close(checkpoint).await.unwrap());
            }
            assert_eq!(parts.len(), writers as usize);
            let point = CommitPoint::Checkpoint(checkpoint);
            let commit = sink.gather(&point, parts).unwrap().unwrap();
            let before = sent(&server).len();
            committer.commit(&commit, &stop).await.unwrap();
            counts.push(sent(&server).len() - before);
        }
        println!("{kind:?}: statements per commit with 1, 1, 7 and 40 parts: {counts:?}");
        // The first commit opens the session and prunes the ledger.
        assert!(counts[0] > counts[1]);
        assert_eq!(counts[1..], [counts[1]; 3]);
    }
    server.stop().await.unwrap();
}
