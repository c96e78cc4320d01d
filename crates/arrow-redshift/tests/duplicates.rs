//! Keys that the target holds more than once before a commit: counted among those that it changes,
//! and brought down to one row where that is asked for.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeMap;

use arrow_redshift::{
    options::{self, DuplicateKeys},
    sink::{Applied, Prepared},
    stage::RowKind,
};
use redshift_local::{RedshiftLocal, config::Isolation};
use support::{Kind, Place, client, options as options_of, prepared, rows, staged, warehouse};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

/// Key 1 three times, 2 and 3 twice, 4 once.
const HELD: [(i64, &str); 8] =
    [(1, "a"), (1, "b"), (1, "c"), (2, "d"), (2, "e"), (3, "f"), (3, "g"), (4, "h")];

/// A table with these rows, and with a note of each where the sink is not to write all columns.
async fn table(watcher: &Client, name: &str, partial: bool) {
    let note = if partial { ", note VARCHAR(9)" } else { "" };
    let ddl = format!(
        "DROP TABLE IF EXISTS {name}, {name}__flink_commits; CREATE TABLE {name} (id BIGINT NOT \
         NULL, name VARCHAR(20), score DOUBLE PRECISION, seen TIMESTAMP{note})"
    );
    watcher.batch_execute(&ddl).await.unwrap();
    for (id, text) in HELD {
        let (columns, values) =
            if partial { ("id, name, note", "'kept'") } else { ("id, name", "") };
        let values = [id.to_string(), format!("'{text}'"), values.to_owned()];
        let values = values[..if partial { 3 } else { 2 }].join(", ");
        let insert = format!("INSERT INTO {name} ({columns}) VALUES ({values})");
        watcher.batch_execute(&insert).await.unwrap();
    }
}

async fn commit(sink: &Prepared, rows: &[(i64, &str)], kinds: Option<&[RowKind]>) -> Applied {
    let commit = staged(sink, 1, rows, kinds).await;
    sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap()
}

/// `id` and `name` of all rows.
async fn found(watcher: &Client, table: &str) -> Vec<(i64, String)> {
    let rows = rows(watcher, &format!("SELECT id, name FROM {table} ORDER BY id, name")).await;
    rows.into_iter().map(|row| (row[0].parse().unwrap(), row[1].clone())).collect()
}

struct Case {
    partial: bool,
    merge: bool,
    /// `sink.duplicate-keys`.
    what: &'static str,
    /// How many rows of key 1 are left, which the commit changes, and of 2, which it deletes.
    left: (usize, usize),
}

const CASES: [Case; 8] = [
    Case { partial: false, merge: false, what: "report", left: (1, 0) },
    Case { partial: false, merge: false, what: "clean", left: (1, 0) },
    Case { partial: false, merge: false, what: "ignore", left: (1, 0) },
    Case { partial: true, merge: false, what: "report", left: (3, 0) },
    Case { partial: true, merge: false, what: "clean", left: (1, 0) },
    Case { partial: true, merge: false, what: "ignore", left: (3, 0) },
    // No delete, which would make it a commit like any other.
    Case { partial: false, merge: true, what: "report", left: (3, 2) },
    Case { partial: true, merge: true, what: "clean", left: (1, 1) },
];

async fn case(place: &impl Place, watcher: &Client, mode: &str, case: &Case) {
    let Case { partial, merge, what, left } = case;
    let context = format!("{mode}, partial {partial}, merge {merge}, {what}");
    table(watcher, "doubled", *partial).await;
    let mut options = options_of(place, "doubled");
    for (key, value) in [
        ("sink.write.mode", mode),
        ("sink.delivery-guarantee", "exactly-once"),
        ("sink.duplicate-keys", what),
        ("sink.use-merge", &merge.to_string()),
    ] {
        options.insert(key.into(), value.into());
    }
    let sink = prepared(&options, Kind::Keyed).await;
    let second = if *merge { RowKind::UpdateAfter } else { RowKind::Delete };
    let kinds = [RowKind::UpdateAfter, second, RowKind::Insert];
    let applied = commit(&sink, &[(1, "new"), (2, "new"), (5, "new")], Some(&kinds)).await;
    let counted = if *what == "ignore" { 0 } else { 2 };
    assert_eq!(applied.duplicate_keys, counted, "{context}");

    let mut expected: Vec<(i64, String)> = Vec::new();
    let mut add = |id, name: &str, count| {
        expected.extend((0..count).map(|_| (id, name.to_owned())));
    };
    add(1, "new", left.0);
    add(2, "new", left.1);
    // Nobody touched these.
    HELD.iter().filter(|(id, _)| *id > 2).for_each(|(id, name)| add(*id, name, 1));
    add(5, "new", 1);
    assert_eq!(found(watcher, "doubled").await, expected, "{context}");
    if *partial {
        let sql = "SELECT id, COUNT(*) FROM doubled WHERE note = 'kept' GROUP BY id ORDER BY id";
        let kept = rows(watcher, sql).await.len();
        assert_eq!(kept, 3 + usize::from(left.1 > 0), "{context}: what the sink does not write");
    }
    // What was found once is not found again where it was cleaned.
    let again = commit(&prepared(&options, Kind::Keyed).await, &[(1, "again")], None).await;
    let still = u64::from(left.0 > 1 && *what != "ignore");
    assert_eq!(again.duplicate_keys, still, "{context}: again");
}

async fn cases(isolation: Isolation) {
    let place = warehouse(isolation).await;
    let watcher = client(&place).await;
    for mode in ["copy", "jdbc"] {
        for one in &CASES {
            case(&place, &watcher, mode, one).await;
        }
    }
    place.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_several_rows_are_counted_and_cleaned_under_snapshot() {
    cases(Isolation::Snapshot).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_several_rows_are_counted_and_cleaned_under_serializable() {
    cases(Isolation::Serializable).await;
}

/// Statements of a commit that look for duplicates.
fn looks(server: &RedshiftLocal) -> usize {
    let log = server.statements().all();
    log.iter().filter(|entry| entry.shape.contains("frc_duplicates")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_without_a_key_overwrites_and_flushes_look_for_nothing() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&*server).await;
    let rows: [(i64, &str); 2] = [(1, "a"), (1, "a")];
    for expected in [2, 4] {
        let appended = prepared(&options_of(&*server, "appended"), Kind::Append).await;
        assert_eq!(commit(&appended, &rows, None).await.duplicate_keys, 0);
        assert_eq!(found(&watcher, "appended").await.len(), expected);
    }
    let mut options = options_of(&*server, "flushed");
    options.insert("sink.write.mode".into(), "jdbc".into());
    let flushed = prepared(&options, Kind::Keyed).await;
    let mut writer = flushed.writer(0, 1).unwrap();
    writer.write(&support::batch(&rows), None).await.unwrap();
    writer.close(1).await.unwrap();
    let overwritten = options_of(&*server, "overwritten");
    let sink = support::sink(&overwritten, support::schema(Kind::Keyed)).overwriting().unwrap();
    assert_eq!(commit(&sink.prepare(&[]).await.unwrap(), &rows, None).await.duplicate_keys, 0);
    assert_eq!(looks(&server), 0);
    let keyed = prepared(&options_of(&*server, "keyed"), Kind::Keyed).await;
    commit(&keyed, &rows, None).await;
    assert_eq!(looks(&server), 1);
    server.stop().await.unwrap();
}

/// What the options say, without a server.
#[test]
fn what_needs_commits_is_refused_where_there_are_none() {
    let base: BTreeMap<&str, &str> = [
        ("connector", "redshift"),
        ("hostname", "h"),
        ("username", "u"),
        ("password", "p"),
        ("table-name", "t"),
    ]
    .into();
    let read = |more: &[(&str, &str)]| {
        let mut pairs = base.clone();
        pairs.extend(more.iter().copied());
        let pairs: Vec<(String, String)> =
            pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        options::sink(&pairs).map(|parsed| parsed.config)
    };
    assert_eq!(read(&[]).unwrap().duplicate_keys, DuplicateKeys::Ignore);
    let exactly = ("sink.delivery-guarantee", "exactly-once");
    assert_eq!(read(&[exactly]).unwrap().duplicate_keys, DuplicateKeys::Report);
    let clean = ("sink.duplicate-keys", "clean");
    assert_eq!(read(&[exactly, clean]).unwrap().duplicate_keys, DuplicateKeys::Clean);
    let error = read(&[clean]).unwrap_err().to_string();
    assert!(error.contains("'sink.duplicate-keys' needs commits"), "{error}");
    assert!(read(&[("sink.duplicate-keys", "ignore")]).is_ok());
}
