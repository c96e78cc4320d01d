//! Several writers of one table, in one process and in several: they take turns and never meet.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    time::Duration,
};

use arrow_redshift::sink::{Flushed, Identity, LaunchId, Sink, Subtask};
use redshift_local::{RedshiftLocal, config::Isolation};

use crate::{
    case::{AT_LEAST_ONCE, jdbc},
    support::{KINDS, Kind, batch, client, content, eventually, identity, rows, schema, start},
};

const WRITERS: i64 = 4;
const ROWS: i64 = 40;

/// Where a writer in a process of its own finds what it is to do: options, kind, launch and index.
const TASK: &str = "JDBC_TEST_WRITER";

fn options(server: &RedshiftLocal, table: &str) -> BTreeMap<String, String> {
    let mut options = jdbc(server, table, AT_LEAST_ONCE);
    options.insert("sink.batch-size".into(), "5".into());
    // A conflict would fail the writer: none is hidden by another try.
    options.insert("sink.max-retries".into(), "0".into());
    options
}

/// A sink as each task of a job has it: the same launch in all of them.
fn sink(options: &BTreeMap<String, String>, kind: Kind, launch: &str, name: &str) -> Sink {
    let pairs: Vec<_> = options.clone().into_iter().collect();
    let config = arrow_redshift::options::sink(&pairs).unwrap().config;
    let identity = Identity { sink: name.into(), ..identity(LaunchId::named(launch)) };
    Sink::new(config, schema(kind), identity).unwrap()
}

async fn write(sink: Sink, index: i64) -> Flushed {
    let subtask = Subtask {
        index: index as u32,
        parallelism: WRITERS as u32,
        restored: None,
        savepoints: false,
    };
    let prepared = sink.prepare_subtask(subtask).await.unwrap();
    let mut writer = prepared.writer(index as u32, 0).unwrap();
    for first in (0..ROWS).step_by(5) {
        let rows: Vec<(i64, &str)> =
            (first..first + 5).map(|row| (index * ROWS + row, "x")).collect();
        writer.write(&batch(&rows), None).await.unwrap();
        tokio::time::sleep(Duration::from_millis(3)).await;
        if first % 10 == 0 {
            writer.close(first as u64).await.unwrap();
        }
    }
    writer.close(ROWS as u64).await.unwrap();
    writer.flushed()
}

fn check(flushed: Flushed, what: &str) {
    assert_eq!((flushed.rows, flushed.retries), (ROWS as u64, 0), "{what}");
}

/// Not a test of its own: a writer in a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writer_process() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (options, keyed, launch, index): (BTreeMap<String, String>, bool, String, i64) =
        serde_json::from_str(&task).unwrap();
    let kind = if keyed { Kind::Keyed } else { Kind::Append };
    check(write(sink(&options, kind, &launch, "1:test"), index).await, "in its own process");
}

fn process(options: &BTreeMap<String, String>, kind: Kind, launch: &str, index: i64) -> Child {
    let task = serde_json::to_string(&(options, kind == Kind::Keyed, launch, index)).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writers::writer_process", "--nocapture"])
        .env(TASK, task)
        .stdout(Stdio::null())
        .spawn();
    child.expect("this binary starts again")
}

/// No transaction of the connector began while another one was under way.
fn assert_one_at_a_time(server: &RedshiftLocal) {
    let mut under_way = None;
    let mut seen = 0;
    for entry in server.statements().all().iter().filter(|entry| entry.user == "loader") {
        match entry.shape.as_str() {
            "begin" => {
                assert_eq!(under_way, None, "{} began meanwhile", entry.pid);
                under_way = Some(entry.pid);
                seen += 1;
            }
            "commit" => assert_eq!(under_way.take(), Some(entry.pid)),
            _ => {}
        }
    }
    assert!(seen >= WRITERS, "only {seen} transactions");
}

async fn all_at_once(isolation: Isolation, one_process: bool) {
    let server = start(isolation).await;
    let watcher = client(&server).await;
    for kind in KINDS {
        let table = format!("t_{kind:?}").to_lowercase();
        let options = options(&server, &table);
        let launch = format!("run-{kind:?}");
        // The table is there before they race for it.
        sink(&options, kind, &launch, "1:test").prepare(&[]).await.unwrap();
        server.statements().clear();
        if one_process {
            // Two INSERTs of a job, each with two writers.
            let names = ["1:test", "2:test"];
            let tasks = (0..WRITERS).map(|index| {
                let sink = sink(&options, kind, &launch, names[index as usize % 2]);
                tokio::spawn(write(sink, index))
            });
            for ended in futures::future::join_all(tasks).await {
                check(ended.expect("no writer failed"), &table);
            }
            assert_one_at_a_time(&server);
        } else {
            let children: Vec<Child> =
                (0..WRITERS).map(|index| process(&options, kind, &launch, index)).collect();
            for mut child in children {
                let ended = tokio::task::spawn_blocking(move || child.wait()).await.unwrap();
                assert!(ended.unwrap().success(), "a writer of {table} failed");
            }
        }
        let counts = format!("SELECT COUNT(*), COUNT(DISTINCT id) FROM {table}");
        let all = (WRITERS * ROWS).to_string();
        assert_eq!(rows(&watcher, &counts).await, [[all.clone(), all]], "{isolation:?} {kind:?}");
    }
    server.stop().await.unwrap();
}

/// Who has not the turn has not begun, and says how long it waited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_whose_turn_it_is_not_waits_here_and_not_on_the_server() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let options = options(&server, "t_turns");
    let mut writers = Vec::new();
    for name in ["1:test", "2:test"] {
        let prepared = sink(&options, Kind::Append, "run", name).prepare(&[]).await.unwrap();
        writers.push(prepared.writer(0, 0).unwrap());
    }
    let begun = || {
        let sent = server.statements().all();
        sent.iter().filter(|entry| entry.user == "loader" && entry.shape == "begin").count()
    };
    watcher.batch_execute("BEGIN; LOCK t_turns").await.unwrap();
    server.statements().clear();
    let mut tasks = Vec::new();
    for (id, mut writer) in (1..).zip(writers) {
        tasks.push(tokio::spawn(async move {
            writer.write(&batch(&[(id, "x")]), None).await.unwrap();
            writer.close(1).await.unwrap();
            writer.flushed()
        }));
        eventually("the first one has begun", async || begun() == 1).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(begun(), 1, "the second one waits on the server");
    watcher.batch_execute("COMMIT").await.unwrap();
    let first = tasks.remove(0).await.unwrap();
    let second = tasks.remove(0).await.unwrap();
    assert!(second.turn_wait >= Duration::from_millis(400), "{second:?}");
    assert!(first.turn_wait < second.turn_wait, "{first:?}, {second:?}");
    assert_eq!(content(&watcher, "t_turns").await.len(), 2);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_writers_of_one_process_meet_no_conflict_under_snapshot() {
    all_at_once(Isolation::Snapshot, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_writers_of_one_process_meet_no_conflict_under_serializable() {
    all_at_once(Isolation::Serializable, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_writers_of_four_processes_meet_no_conflict_under_snapshot() {
    all_at_once(Isolation::Snapshot, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_writers_of_four_processes_meet_no_conflict_under_serializable() {
    all_at_once(Isolation::Serializable, false).await;
}
