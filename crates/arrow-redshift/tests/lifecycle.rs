//! From no table at all to swept staging: creation, runs that are run again, and whose files go.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow_redshift::{
    ErrorKind,
    options::{self, DeliveryGuarantee},
    sink::{CommitPoint, Committable, Identity, LaunchId, Progress, Sink, Summary},
};
use futures::stream;
use redshift_local::{RedshiftLocal, config::Isolation};
use support::{
    BUCKET, KINDS, Kind, batch, client, content, options, owned, prepared, rows, schema, sink,
    staged,
};
use tokio_util::sync::CancellationToken;

type Batches = Vec<Result<RecordBatch, Box<dyn std::error::Error + Send + Sync>>>;

async fn load(options: &BTreeMap<String, String>, kind: Kind, rows: &[(i64, &str)]) -> Summary {
    let sink = prepared(options, kind).await;
    let batches: Batches = rows.chunks(2).map(|chunk| Ok(batch(chunk))).collect();
    let (progress, stop) = (Progress::default(), CancellationToken::new());
    let summary = sink.load(stream::iter(batches), &progress, &stop).await.expect("loads");
    assert_eq!(progress.loaded_rows(), summary.loaded_rows);
    summary
}

fn staged_objects(server: &RedshiftLocal) -> Vec<String> {
    let objects = server.s3().list(BUCKET, "temp/").expect("lists");
    objects.into_iter().map(|object| object.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn target_and_ledger_are_created_once_by_two_at_once() {
    let Some(server) = support::stand_in(Isolation::Serializable).await else { return };
    let watcher = client(&server).await;
    for kind in KINDS {
        let table = format!("both_{kind:?}").to_lowercase();
        let options = options(&server, &table);
        let (one, two) = tokio::join!(
            load(&options, kind, &[(1, "a"), (2, "b"), (3, "c")]),
            load(&options, kind, &[(4, "d"), (5, "e")]),
        );
        assert_eq!((one.loaded_rows, two.loaded_rows), (3, 2));
        let all = owned(&[(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]);
        assert_eq!(content(&watcher, &table).await, all);
    }
    assert_eq!(staged_objects(&server), Vec::<String>::new(), "staging goes after COMMIT");
    server.stop().await.unwrap();
}

/// Rows that are loaded are those that were read, however many changes there are of one key, and
/// however they reach the table. The ledger's `rows_staged` are those that were sent.
#[tokio::test(flavor = "multi_thread")]
async fn loaded_rows_are_the_changes_that_were_read_in_both_modes() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let changes = [(1, "a"), (2, "b"), (1, "c"), (1, "d"), (3, "e")];
    for (mode, guarantee, staged) in [
        ("copy", "exactly-once", Some("3")),
        ("copy", "at-least-once", Some("3")),
        ("jdbc", "exactly-once", Some("3")),
        ("jdbc", "at-least-once", None),
    ] {
        let context = format!("{mode}, {guarantee}");
        let table = format!("counted_{mode}_{}", &guarantee[..2]);
        let mut options = options(&server, &table);
        options.insert("sink.write.mode".into(), mode.into());
        options.insert("sink.delivery-guarantee".into(), guarantee.into());
        let summary = load(&options, Kind::Keyed, &changes).await;
        assert_eq!((summary.rows, summary.loaded_rows), (5, 5), "{context}");
        let expected = owned(&[(1, "d"), (2, "b"), (3, "e")]);
        assert_eq!(content(&watcher, &table).await, expected, "{context}");
        if let Some(staged) = staged {
            let ledger = format!("SELECT rows_staged FROM {table}__flink_commits");
            assert_eq!(rows(&watcher, &ledger).await, [[staged]], "{context}");
        }
    }
    server.stop().await.unwrap();
}

/// What was folded away travels with the commit, so that whoever applies it counts it.
#[tokio::test(flavor = "multi_thread")]
async fn another_process_counts_what_was_folded() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let prepared = prepared(&options(&server, "folded"), Kind::Keyed).await;
    let given = staged(&prepared, 1, &[(1, "a"), (1, "b"), (2, "c")], None).await;
    let commit = Committable::from_bytes(&given.to_bytes().unwrap()).unwrap();
    assert_eq!((commit.rows(), commit.taken()), (2, 3));
    let stop = CancellationToken::new();
    for before in [false, true] {
        let applied = prepared.committer().commit(&commit, &stop).await.unwrap();
        assert_eq!((applied.before, applied.rows), (before, 3));
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_target_is_an_error_unless_it_may_be_created() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let mut options = options(&server, "nowhere");
    options.remove("sink.create-table");
    let error = sink(&options, schema(Kind::Append)).prepare(&[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
    assert!(error.to_string().contains("sink.create-table"), "{error}");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_cannot_be_staged_in_is_an_error_before_the_first_row() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let options = options(&server, "t");
    for (key, value, names) in [
        ("sink.write.temp.s3-uri", "s3://no-such-bucket/temp", "does not exist"),
        ("aws.region", "eu-west-3", "another region"),
    ] {
        let mut wrong = options.clone();
        wrong.insert(key.to_owned(), value.to_owned());
        let sink = sink(&wrong, schema(Kind::Append));
        let error = sink.prepare(&[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOptions, "{error}");
        assert!(error.to_string().contains(names), "{error}");
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_table_has_the_attributes_that_were_asked_for() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let mut options = options(&server, "made");
    for (key, value) in [
        ("sink.create-table.distribution-style", "key"),
        ("sink.create-table.distribution-key", "id"),
        ("sink.create-table.sort-key", "seen"),
        ("sink.create-table.encodings", "name:zstd"),
    ] {
        options.insert(key.into(), value.into());
    }
    load(&options, Kind::Keyed, &[(1, "a")]).await;
    let columns = "SELECT \"column\", type, encoding, distkey, sortkey, \"notnull\" FROM \
                   pg_table_def WHERE tablename = 'made' AND schemaname = 'public'";
    let mut found = rows(&watcher, columns).await;
    found.sort();
    let of =
        |name: &str| found.iter().find(|row| row[0] == name).expect("the column")[1..].to_vec();
    assert_eq!(of("id")[2..], ["t", "0", "t"]);
    assert_eq!(of("name")[1].trim(), "zstd");
    assert_eq!(of("seen")[3], "1");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_run_loads_once_however_often_it_is_run() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let mut options = options(&server, "named");
    options.insert("sink.run-id".into(), "nightly-2013-01-01".into());
    let rows = [(1, "a"), (2, "b"), (3, "c")];
    let first = load(&options, Kind::Append, &rows).await;
    assert_eq!((first.loaded_rows, first.already_applied), (3, false));
    let again = load(&options, Kind::Append, &rows).await;
    assert_eq!((again.rows, again.loaded_rows, again.already_applied), (0, 0, true));
    assert_eq!(content(&watcher, "named").await, owned(&rows));

    options.insert("sink.run-id".into(), "nightly-2013-01-02".into());
    load(&options, Kind::Append, &rows).await;
    assert_eq!(content(&watcher, "named").await.len(), 6);
    server.stop().await.unwrap();
}

/// A sink that loads twice has one identity: the ledger takes the second load for the first. It
/// must not end well without its rows.
#[tokio::test(flavor = "multi_thread")]
async fn rows_under_an_identity_that_is_taken_are_no_success() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    for (table, guarantee) in [("once", "exactly-once"), ("by_time", "at-least-once")] {
        let mut options = options(&server, table);
        options.insert("sink.delivery-guarantee".into(), guarantee.into());
        let twice = sink(&options, schema(Kind::Append));
        let (progress, stop) = (Progress::default(), CancellationToken::new());
        for (id, loads) in [(1, true), (2, false)] {
            let prepared = twice.prepare(&[]).await.unwrap();
            let rows: Batches = vec![Ok(batch(&[(id, "x")]))];
            let loaded = prepared.load(stream::iter(rows), &progress, &stop).await;
            match loaded {
                Ok(summary) => {
                    assert!(loads && summary.loaded_rows == 1, "{guarantee}: {summary:?}")
                }
                Err(error) => {
                    assert!(!loads, "{guarantee}: {error}");
                    assert_eq!(error.kind(), ErrorKind::InvalidOptions, "{error}");
                    assert!(error.to_string().contains("these rows are not loaded"), "{error}");
                }
            }
        }
        assert_eq!(content(&watcher, table).await, owned(&[(1, "x")]));
    }
    assert_eq!(staged_objects(&server), Vec::<String>::new());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn at_least_once_commits_while_rows_flow() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let mut options = options(&server, "timed");
    options.insert("sink.delivery-guarantee".into(), "at-least-once".into());
    options.insert("sink.flush-interval".into(), "300 ms".into());
    let pairs: Vec<(String, String)> = options.clone().into_iter().collect();
    let config = options::sink(&pairs).unwrap().config;
    assert_eq!(config.guarantee, DeliveryGuarantee::AtLeastOnce);

    let sink = prepared(&options, Kind::Append).await;
    let slowly = stream::unfold(0i64, |id| async move {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        (id < 20).then(|| (Ok(batch(&[(id, "x")])), id + 1))
    });
    let (progress, stop) = (Progress::default(), CancellationToken::new());
    let summary = sink.load(slowly, &progress, &stop).await.unwrap();
    assert!(summary.commits >= 3, "{summary:?}");
    assert_eq!((summary.rows, summary.loaded_rows), (20, 20));
    assert_eq!(content(&watcher, "timed").await.len(), 20);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_load_leaves_nothing_behind() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let sink = prepared(&options(&server, "halted"), Kind::Append).await;
    let (progress, stop) = (Progress::default(), CancellationToken::new());
    let endless = stream::unfold(0i64, |id| async move {
        tokio::task::yield_now().await;
        Some((Ok(batch(&[(id, "x")])), id + 1))
    });
    let halt = async {
        support::eventually("rows flow", async || progress.rows() > 100).await;
        stop.cancel();
    };
    let (stopped, ()) = tokio::join!(sink.load(endless, &progress, &stop), halt);
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(content(&watcher, "halted").await, []);
    assert_eq!(staged_objects(&server), Vec::<String>::new());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn overwriting_replaces_even_with_nothing() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    for kind in KINDS {
        let table = format!("over_{kind:?}").to_lowercase();
        let options = options(&server, &table);
        load(&options, kind, &[(1, "a"), (2, "b")]).await;
        let sets: [&[(i64, &str)]; 2] = [&[(7, "g")], &[]];
        for rows in sets {
            let sink =
                sink(&options, schema(kind)).overwriting().unwrap().prepare(&[]).await.unwrap();
            let batches: Batches = rows.chunks(2).map(|chunk| Ok(batch(chunk))).collect();
            let stop = CancellationToken::new();
            sink.load(stream::iter(batches), &Progress::default(), &stop).await.unwrap();
            assert_eq!(content(&watcher, &table).await, owned(rows));
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_sweeps_its_own_launch_and_spares_what_is_alive() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let plan = |launch: &LaunchId, table: &str| {
        let pairs: Vec<(String, String)> = options(&server, table).into_iter().collect();
        let config = options::sink(&pairs).unwrap().config;
        let identity = Identity { launch: launch.clone(), sink: "1:t".into(), job: "job".into() };
        Sink::new(config, schema(Kind::Append), identity).unwrap()
    };
    let (ours, others) = (LaunchId::fresh(), LaunchId::fresh());
    // Another launch, alive, with a staged commit and a part that is being written.
    let other = plan(&others, "alive").prepare(&[]).await.unwrap();
    let living = staged(&other, 1, &[(1, "a")], None).await;
    let mut writing = other.writer(1, 2).unwrap();
    writing.write(&batch(&[(2, "b")]), None).await.unwrap();

    // An attempt of ours that died: one commit that a checkpoint holds, and one that none does.
    let dead = plan(&ours, "swept").prepare(&[]).await.unwrap();
    let held = staged(&dead, 1, &[(10, "held")], None).await;
    let lost = staged(&dead, 2, &[(11, "lost")], None).await;

    let again = plan(&ours, "swept").prepare(std::slice::from_ref(&held)).await.unwrap();
    let left = staged_objects(&server);
    let there = |url: &str| left.iter().any(|key| url.ends_with(key.as_str()));
    assert!(there(&held.units[0].parts[0].url), "a restored commit's part is spared");
    assert!(!there(&lost.units[0].parts[0].url), "what nothing names is swept");
    assert!(there(&living.units[0].parts[0].url), "another launch's part is spared");

    let stop = CancellationToken::new();
    again.committer().commit(&held, &stop).await.unwrap();
    other.committer().commit(&living, &stop).await.unwrap();
    let parts = writing.close(2).await.unwrap();
    let later = other.gather(&CommitPoint::Checkpoint(2), parts).unwrap().unwrap();
    other.committer().commit(&later, &stop).await.unwrap();
    assert_eq!(content(&watcher, "alive").await, owned(&[(1, "a"), (2, "b")]));
    assert_eq!(content(&watcher, "swept").await, owned(&[(10, "held")]));
    server.stop().await.unwrap();
}

/// A statement names a thousand units at most, so that none outgrows what Redshift reads.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_more_checkpoints_than_a_statement_names_is_applied_once() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let prepared = prepared(&options(&server, "gathered"), Kind::Append).await;
    let mut commit = staged(&prepared, 1, &[(1, "a")], None).await;
    for checkpoint in 2..=1001_u64 {
        let later = staged(&prepared, checkpoint, &[(checkpoint as i64, "a")], None).await;
        commit.absorb(later).unwrap();
    }
    let stop = CancellationToken::new();
    let applied = prepared.committer().commit(&commit, &stop).await.unwrap();
    assert_eq!((applied.before, applied.rows, applied.parts), (false, 1001, 1001));
    let again = prepared.committer().commit(&commit, &stop).await.unwrap();
    assert!(again.before);
    assert_eq!(rows(&watcher, "SELECT count(*) FROM gathered").await, [["1001"]]);
    let ledger = "SELECT count(DISTINCT id) FROM gathered__flink_commits";
    assert_eq!(rows(&watcher, ledger).await, [["1001"]]);
    let log = server.statements().all();
    let sent = |begin: &str| log.iter().filter(|entry| entry.text.starts_with(begin)).count();
    assert_eq!(sent("INSERT INTO \"public\".\"gathered__flink_commits\""), 2);
    server.stop().await.unwrap();
}
