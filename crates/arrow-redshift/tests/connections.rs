//! How many sessions a sink has open, and how long one is kept that nobody uses.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arrow_redshift::{
    ErrorKind, options,
    options::SinkConfig,
    session::Connections,
    sink::{LaunchId, Sink, Subtask},
};
use redshift_local::{RedshiftLocal, config::Isolation};
use support::{Kind, client, content, eventually, options, schema, sink, staged, stand_in};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_gets_its_share_or_the_job_does_not_start() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let mut options = options(&server, "shared");
    options.insert("connection.max".into(), "5".into());
    let start = async |options: &BTreeMap<String, String>, parallelism| {
        let subtask = Subtask { index: 0, parallelism, restored: None };
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
