//! Every statement shape that the connector sends, as a golden file that is reviewed like code;
//! and that a commit needs the same statements whatever the number of its parts.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::{collections::BTreeSet, path::Path};

use arrow_redshift::stage::RowKind;
use redshift_local::{RedshiftLocal, config::Isolation};
use support::{Kind, batch, client, options, prepared, schema, sink, staged};
use tokio_util::sync::CancellationToken;

/// The loader's statements since the last look.
fn sent(server: &RedshiftLocal) -> Vec<String> {
    let log = server.statements().all();
    let ours = log.into_iter().filter(|entry| entry.user == "loader");
    ours.map(|entry| entry.shape).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_those_of_the_golden_file() {
    let server = support::start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let stop = CancellationToken::new();
    let rows = &[(1, "a"), (2, "b")];
    watcher
        .batch_execute(
            "CREATE TABLE partial (id BIGINT NOT NULL, name VARCHAR(10), score DOUBLE PRECISION, \
             seen TIMESTAMP, note VARCHAR(20) DEFAULT 'none'); \
             CREATE TABLE zoned (id BIGINT NOT NULL, name VARCHAR(10), score DOUBLE PRECISION, \
             seen TIMESTAMPTZ)",
        )
        .await
        .unwrap();

    for (table, kind, format) in [
        ("append", Kind::Append, "parquet"),
        ("keyed", Kind::Keyed, "parquet"),
        ("partial", Kind::Keyed, "parquet"),
        ("as_csv", Kind::Append, "csv"),
    ] {
        let mut options = options(&server, table);
        options.insert("sink.copy.format".into(), format.into());
        let sink = prepared(&options, kind).await;
        let kinds = [RowKind::Insert, RowKind::Delete];
        let kinds = (kind == Kind::Keyed).then_some(kinds.as_slice());
        let commit = staged(&sink, 1, rows, kinds).await;
        sink.committer().commit(&commit, &stop).await.unwrap();
    }
    let sink = sink(&options(&server, "keyed"), schema(Kind::Keyed)).overwriting();
    let sink = sink.prepare(&[]).await.unwrap();
    let commit = staged(&sink, 1, rows, None).await;
    sink.committer().commit(&commit, &stop).await.unwrap();

    let seen: BTreeSet<String> = sent(&server).into_iter().collect();
    let found: String = seen.iter().map(|shape| format!("{shape}\n")).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/statements.txt");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, golden, "review the change, then run with UPDATE_GENERATED=1");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_sends_the_same_statements_whatever_the_number_of_parts() {
    let server = support::start(Isolation::Snapshot).await;
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
            let point = arrow_redshift::sink::CommitPoint::Checkpoint(checkpoint);
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
