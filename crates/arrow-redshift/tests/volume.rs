//! Twenty million changes of five million keys in one checkpoint: within a writer's bound of
//! memory, and the table ends as a sequential replay.
//!
//! The writers are in a process of their own (this binary again), so that what the stand-in takes
//! is not counted. There are 100,000 changes a round, and a campaign has 200 rounds.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::print_stdout, reason = "seeds and figures are told")]

mod support;

use std::{process::Command, sync::Arc, time::Instant};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_redshift::{
    options,
    sink::{CommitPoint, Sink, Writer},
    stage::{Part, RowKind},
    types::{Column, FlinkType, TableSchema},
};
use redshift_local::config::Isolation;
use support::{campaign, client, identity, rows, stand_in};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

const CHANGES_A_ROUND: u64 = 100_000;
const CHANGES_A_KEY: u64 = 4;
const WRITERS: usize = 2;
const BATCH_ROWS: usize = 8192;
const TABLE: &str = "changed";
/// What the writers' process is told by: the options of its sink, as JSON.
const GIVEN: &str = "VOLUME_OPTIONS";
/// What a writer of a keyed table may hold.
const BOUND: u64 = 144 * 1024 * 1024;
/// Keys that one query compares.
const COMPARED: u64 = 200_000;

/// How many changes there are, and of how many keys.
fn counts() -> (u64, u64) {
    let changes = campaign("SOAK_ROUNDS") * CHANGES_A_ROUND;
    (changes, changes / CHANGES_A_KEY)
}

/// The changes, from a seed: which key, and whether it goes. A fifth of them are of few keys.
struct Changes {
    state: u64,
    number: u64,
    changes: u64,
    keys: u64,
}

impl Changes {
    fn new(seed: u64) -> Changes {
        let (changes, keys) = counts();
        Changes { state: seed | 1, number: 0, changes, keys }
    }
}

impl Iterator for Changes {
    type Item = (u64, u64, RowKind);

    fn next(&mut self) -> Option<Self::Item> {
        if self.number == self.changes {
            return None;
        }
        self.number += 1;
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        bits ^= bits >> 33;
        let among = if bits.is_multiple_of(5) { 1000 } else { self.keys };
        let kind = match bits >> 60 {
            0 | 1 => RowKind::Delete,
            _ => RowKind::UpdateAfter,
        };
        Some(((bits >> 8) % among, self.number, kind))
    }
}

fn schema() -> TableSchema {
    let column =
        |name: &str, data_type, nullable| Column { name: name.into(), data_type, nullable };
    let columns = vec![
        column("id", FlinkType::BigInt, false),
        column("number", FlinkType::BigInt, true),
        column("name", FlinkType::VarChar(40), true),
    ];
    TableSchema::new(columns, vec!["id".into()]).unwrap()
}

fn name(number: u64) -> String {
    format!("name {:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Rows of one writer that are not written yet.
#[derive(Default)]
struct Pending {
    rows: Vec<(u64, u64)>,
    kinds: Vec<RowKind>,
}

impl Pending {
    async fn write(&mut self, writer: &mut Writer) {
        let ids = Int64Array::from_iter_values(self.rows.iter().map(|(id, _)| *id as i64));
        let numbers = Int64Array::from_iter_values(self.rows.iter().map(|(_, n)| *n as i64));
        let names = StringArray::from_iter_values(self.rows.iter().map(|(_, n)| name(*n)));
        let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(numbers), Arc::new(names)];
        let batch = RecordBatch::try_new(schema().arrow(), columns).unwrap();
        writer.write(&batch, Some(&self.kinds)).await.unwrap();
        self.rows.clear();
        self.kinds.clear();
    }
}

/// The writers' process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other half of the campaign, which starts it"]
async fn writers_in_a_process_of_their_own() {
    let Ok(given) = std::env::var(GIVEN) else { return };
    let given: Vec<(String, String)> = serde_json::from_str(&given).unwrap();
    let config = options::sink(&given).unwrap().config;
    let launch = arrow_redshift::sink::LaunchId::fresh();
    let sink = Sink::new(config, schema(), identity(launch)).unwrap().prepare(&[]).await.unwrap();
    let mut writers: Vec<Writer> =
        (0..WRITERS as u32).map(|at| sink.writer(at, 1).unwrap()).collect();
    let mut pending: [Pending; WRITERS] = Default::default();
    let started = Instant::now();
    for (id, number, kind) in Changes::new(campaign("SOAK_SEED")) {
        let writer = id as usize % WRITERS;
        pending[writer].rows.push((id, number));
        pending[writer].kinds.push(kind);
        if pending[writer].rows.len() == BATCH_ROWS {
            pending[writer].write(&mut writers[writer]).await;
        }
    }
    let mut parts: Vec<Part> = Vec::new();
    for (pending, writer) in pending.iter_mut().zip(&mut writers) {
        pending.write(writer).await;
        parts.extend(writer.close(1).await.unwrap());
    }
    let staging = started.elapsed();
    let (count, bytes) = (parts.len(), parts.iter().map(|part| part.bytes).sum::<u64>());
    let commit = sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap();
    let staged = commit.rows();
    let peak = peak_memory();
    let applied = sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
    let (changes, keys) = counts();
    println!(
        "{changes} changes of {keys} keys: {staged} rows staged in {count} parts of {} MB, in \
         {staging:.1?}; applied in {:.1?}; peak memory {} MiB with {WRITERS} writers, {} MiB at \
         the end",
        bytes / 1_000_000,
        applied.took,
        peak >> 20,
        peak_memory() >> 20,
    );
    assert!(staged < changes * 85 / 100, "the few keys of a fifth of the changes are folded");
    let most = WRITERS as u64 * BOUND;
    assert!(peak_memory() < most, "{} MiB, and {} are allowed", peak_memory() >> 20, most >> 20);
}

/// The most memory that this process ever held, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Compares the table with a sequential replay, a range of keys at a time.
async fn compare(watcher: &Client, seed: u64) {
    let (_, keys) = counts();
    let mut expected = vec![0_u64; keys as usize];
    for (id, number, kind) in Changes::new(seed) {
        expected[id as usize] = if kind == RowKind::Delete { 0 } else { number };
    }
    let left = expected.iter().filter(|number| **number > 0).count();
    let count = rows(watcher, &format!("SELECT COUNT(*) FROM {TABLE}")).await;
    assert_eq!(count, [[left.to_string()]]);
    for first in (0..keys).step_by(COMPARED as usize) {
        let end = first + COMPARED;
        let sql = format!(
            "SELECT id, number, name FROM {TABLE} WHERE id >= {first} AND id < {end} ORDER BY id"
        );
        let found = rows(watcher, &sql).await;
        let range = first..end.min(keys);
        let expected = range.filter_map(|id| Some((id, expected[id as usize])).filter(|e| e.1 > 0));
        let expected: Vec<Vec<String>> = expected
            .map(|(id, number)| vec![id.to_string(), number.to_string(), name(number)])
            .collect();
        assert!(found == expected, "keys from {first} on are others than expected");
    }
    println!("{left} rows, each as a sequential replay leaves it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a campaign: run it with `cargo xtask soak`"]
async fn soak_twenty_million_changes_of_five_million_keys() {
    let seed = campaign("SOAK_SEED");
    println!("seed {seed}");
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let given: Vec<(String, String)> = support::options(&server, TABLE).into_iter().collect();
    let mut writers = Command::new(std::env::current_exe().unwrap());
    writers
        .args(["--ignored", "--exact", "--nocapture", "writers_in_a_process_of_their_own"])
        .env(GIVEN, serde_json::to_string(&given).unwrap())
        .env("SOAK_SEED", seed.to_string());
    let ended = tokio::task::spawn_blocking(move || writers.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    println!("{said}");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.contains("1 passed"), "{said}");
    compare(&client(&server).await, seed).await;
    server.stop().await.unwrap();
}
