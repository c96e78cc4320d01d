//! Several writers of one table, in one process and in several: they take turns and never meet.

use std::time::Duration;

use arrow_redshift::sink::{Flushed, LaunchId, Sink, Subtask};
use redshift_local::{RedshiftLocal, config::Isolation};

use crate::{
    case::{AT_LEAST_ONCE, jdbc},
    support::{KINDS, Kind, batch, client, identity, rows, schema, start},
};

const WRITERS: i64 = 4;
const ROWS: i64 = 40;

/// The sink as each task of a job has it: the same launch in all of them.
fn sink(server: &RedshiftLocal, table: &str, kind: Kind, launch: &LaunchId) -> Sink {
    let mut options = jdbc(server, table, AT_LEAST_ONCE);
    options.insert("sink.batch-size".into(), "5".into());
    // A conflict would fail the writer: none is hidden by another try.
    options.insert("sink.max-retries".into(), "0".into());
    let pairs: Vec<_> = options.into_iter().collect();
    let config = arrow_redshift::options::sink(&pairs).unwrap().config;
    Sink::new(config, schema(kind), identity(launch.clone())).unwrap()
}

async fn write(sink: Sink, index: i64) -> Flushed {
    let subtask = Subtask { index: index as u32, parallelism: WRITERS as u32, restored: None };
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

async fn all_at_once(isolation: Isolation, one_process: bool) {
    let server = start(isolation).await;
    let watcher = client(&server).await;
    for kind in KINDS {
        let table = format!("t_{kind:?}").to_lowercase();
        let launch = LaunchId::fresh();
        // The table is there before they race for it.
        sink(&server, &table, kind, &launch).prepare(&[]).await.unwrap();
        let tasks = (0..WRITERS).map(|index| {
            // Another launch takes its turns elsewhere, as another process does.
            let launch = if one_process { launch.clone() } else { LaunchId::fresh() };
            tokio::spawn(write(sink(&server, &table, kind, &launch), index))
        });
        for ended in futures::future::join_all(tasks).await {
            let flushed = ended.expect("no writer failed");
            assert_eq!((flushed.rows, flushed.retries), (ROWS as u64, 0), "{kind:?}");
        }
        let counts = format!("SELECT COUNT(*), COUNT(DISTINCT id) FROM {table}");
        let all = (WRITERS * ROWS).to_string();
        assert_eq!(rows(&watcher, &counts).await, [[all.clone(), all]], "{isolation:?} {kind:?}");
    }
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
