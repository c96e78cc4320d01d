//! How many sessions a sink has open, and how long one is kept that nobody uses.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arrow_redshift::{
    ErrorKind, options,
    options::SinkConfig,
    session::Connections,
    sink::{Identity, LaunchId, Sink, Subtask},
};
use redshift_local::{RedshiftLocal, config::Isolation};
use support::{Kind, batch, client, content, eventually, options, schema, sink, staged, stand_in};
use tokio_util::sync::CancellationToken;

fn read(options: &BTreeMap<String, String>) -> SinkConfig {
    let pairs: Vec<_> = options.clone().into_iter().collect();
    options::sink(&pairs).unwrap().config
}

fn open(server: &RedshiftLocal) -> usize {
    server.sessions().iter().filter(|session| session.user == "loader").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_one_session_too_many_waits_and_the_wait_is_measured() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let connection = read(&options(&server, "t")).connection;
    let connections = Arc::new(Connections::new(&connection, 2));
    let first = connections.open("first").await.unwrap();
    let second = connections.open("second").await.unwrap();
    assert_eq!((open(&server), connections.waited() < Duration::from_millis(100)), (2, true));
    let third = tokio::spawn({
        let connections = Arc::clone(&connections);
        async move { connections.open("third").await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!third.is_finished() && open(&server) == 2);
    drop(first);
    let third = third.await.unwrap();
    assert!(connections.waited() >= Duration::from_millis(450), "{:?}", connections.waited());
    eventually("one of them has gone", async || open(&server) == 2).await;
    drop((second, third));
    server.stop().await.unwrap();
}

/// Who lets its session rest and takes it right back, again and again, makes room all the same.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_gets_the_place_of_a_session_that_is_hardly_at_rest() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let mut connection = read(&options(&server, "t")).connection;
    connection.most = 1;
    let of = || Arc::new(Connections::new(&connection, 1));
    let busy = of().open("busy").await.unwrap();
    let waiting = of();
    let waits = tokio::spawn({
        let waiting = Arc::clone(&waiting);
        async move { waiting.open("waiting").await.unwrap() }
    });
    // It is in use while the other comes to wait.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waits.is_finished() && !busy.is_closed());
    busy.rest();
    assert!(!busy.resume(), "it was taken again before the other got to look");
    let other = tokio::time::timeout(Duration::from_secs(30), waits).await.unwrap().unwrap();
    assert!(waiting.waited() >= Duration::from_millis(250), "{:?}", waiting.waited());

    // Nobody waits any more.
    other.rest();
    assert!(other.resume());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_gets_its_share_or_the_job_does_not_start() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let mut options = options(&server, "shared");
    options.insert("connection.max".into(), "5".into());
    let start = async |options: &BTreeMap<String, String>, parallelism| {
        let subtask = Subtask { index: 0, parallelism, restored: None, savepoints: false };
        sink(options, schema(Kind::Append)).prepare_subtask(subtask).await
    };
    start(&options, 4).await.unwrap();
    let error = start(&options, 5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOptions);
    let text = error.to_string();
    assert!(text.contains("too few for 5 writers") && text.contains("to 6 at least"), "{text}");

    // A writer that may change the table needs one more while it does.
    options.insert("sink.schema-evolution".into(), "add-columns".into());
    start(&options, 2).await.unwrap();
    let error = start(&options, 3).await.unwrap_err().to_string();
    assert!(error.contains("needs two") && error.contains("to 7 at least"), "{error}");

    // Where the options say how many there will be, planning says so.
    options.insert("sink.parallelism".into(), "3".into());
    let planned =
        Sink::new(read(&options), schema(Kind::Append), support::identity(LaunchId::fresh()));
    assert_eq!(planned.unwrap_err().kind(), ErrorKind::InvalidOptions);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_nobody_uses_is_closed_and_opened_again() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let mut options = options(&server, "idle");
    options.insert("connection.idle-timeout".into(), "5 s".into());
    let prepared = sink(&options, schema(Kind::Keyed)).prepare(&[]).await.unwrap();
    let mut committer = prepared.committer();
    let stop = CancellationToken::new();
    let mut pids = Vec::new();
    for (checkpoint, pause) in [(1, 0), (2, 0), (3, 3)] {
        let commit = staged(&prepared, checkpoint, &[(checkpoint as i64, "a")], None).await;
        if pause > 0 {
            eventually("the idle session is closed", async || open(&server) == 0).await;
        }
        let applied = committer.commit(&commit, &stop).await.unwrap();
        assert_eq!(applied.retries, 0);
        let ours = server.sessions().into_iter().find(|session| session.user == "loader");
        pids.push(ours.map(|session| session.pid));
    }
    assert_eq!(content(&watcher, "idle").await.len(), 3);
    // It was kept while there was something to do.
    assert!(pids[0].is_some() && pids[0] == pids[1] && pids[1] != pids[2], "{pids:?}");
    server.stop().await.unwrap();
}

/// Who flushes keeps its session, with its staging table; unused it goes all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_flushes_lets_its_session_go_and_opens_another() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let mut options = flushing(&server, "idle_flush");
    options.insert("connection.idle-timeout".into(), "1 s".into());
    let prepared = sink(&options, schema(Kind::Keyed)).prepare(&[]).await.unwrap();
    let mut writer = prepared.writer(0, 0).unwrap();
    for checkpoint in 1..=2 {
        writer.write(&batch(&[(checkpoint, "a")]), None).await.unwrap();
        writer.close(checkpoint as u64).await.unwrap();
        eventually("the idle session is closed", async || open(&server) == 0).await;
    }
    assert_eq!((content(&watcher, "idle_flush").await.len(), writer.flushed().retries), (2, 0));
    server.stop().await.unwrap();
}

/// The options of a sink in jdbc mode that flushes at checkpoints only.
fn flushing(server: &RedshiftLocal, table: &str) -> BTreeMap<String, String> {
    let mut options = options(server, table);
    options.retain(|key, _| !key.starts_with("aws.") && !key.contains("s3"));
    options.insert("sink.write.mode".into(), "jdbc".into());
    options.insert("sink.flush-interval".into(), "1 h".into());
    options
}

/// Sinks of one process share what may be open: each goes on once the other rests, whatever it
/// keeps, and none waits for the other for ever. The flushes of two of them take turns as well.
#[tokio::test(flavor = "multi_thread")]
async fn sinks_that_share_one_session_or_two_wait_for_each_other_and_go_on() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    for most in [1, 2] {
        let table = format!("shared_{most}");
        let flushes = |name: &'static str, first: i64| {
            let options = flushing(&server, &table);
            async move {
                let mut config = read(&options);
                // 0 keeps a session open for ever, if nobody needs its place.
                config.connection.idle_timeout = Duration::ZERO;
                config.connection.most = most;
                let identity =
                    Identity { sink: name.into(), ..support::identity(LaunchId::fresh()) };
                let sink = Sink::new(config, schema(Kind::Keyed), identity).unwrap();
                let mut writer = sink.prepare(&[]).await.unwrap().writer(0, 0).unwrap();
                for checkpoint in 0..10 {
                    writer.write(&batch(&[(first + checkpoint, "a")]), None).await.unwrap();
                    writer.close(checkpoint as u64).await.unwrap();
                }
                // It lives on, and its session with it.
                writer
            }
        };
        let commits = async {
            let mut config = read(&options(&server, &format!("committed_{most}")));
            config.connection.idle_timeout = Duration::ZERO;
            config.connection.most = most;
            let identity = support::identity(LaunchId::fresh());
            let sink = Sink::new(config, schema(Kind::Keyed), identity).unwrap();
            let prepared = sink.prepare(&[]).await.unwrap();
            let mut committer = sink.committer();
            for checkpoint in 1..=5 {
                let commit = staged(&prepared, checkpoint, &[(checkpoint as i64, "a")], None).await;
                committer.commit(&commit, &CancellationToken::new()).await.unwrap();
            }
            committer
        };
        let all = async { tokio::join!(flushes("1", 0), flushes("2", 100), commits) };
        let limit = Duration::from_secs(120);
        let kept = tokio::time::timeout(limit, all).await.expect("somebody waits for ever");
        eventually("no more are open", async || open(&server) <= most as usize).await;
        assert_eq!(content(&watcher, &table).await.len(), 20);
        assert_eq!(content(&watcher, &format!("committed_{most}")).await.len(), 5);
        drop(kept);
    }
    server.stop().await.unwrap();
}

/// Both need two sessions at once, of which there are two.
#[tokio::test(flavor = "multi_thread")]
async fn sinks_that_change_tables_at_once_do_not_wait_for_each_other_for_ever() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let tables = ["evolves_1", "evolves_2", "evolves_3"];
    for table in tables {
        watcher.batch_execute(&format!("CREATE TABLE {table} (id BIGINT)")).await.unwrap();
    }
    let starts = tables.map(|table| {
        let mut options = flushing(&server, table);
        options.insert("connection.max".into(), "2".into());
        options.insert("sink.schema-evolution".into(), "add-columns".into());
        let sink = sink(&options, schema(Kind::Append));
        async move { sink.prepare(&[]).await.map(drop) }
    });
    let all = futures::future::join_all(starts);
    let limit = Duration::from_secs(120);
    let started = tokio::time::timeout(limit, all).await.expect("somebody waits for ever");
    for ended in started {
        ended.unwrap();
    }
    for table in tables {
        assert_eq!(content(&watcher, table).await.len(), 0, "{table} has all columns");
    }
    server.stop().await.unwrap();
}
