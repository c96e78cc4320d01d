//! Random changelogs of a composite key, cut at random into batches, writers and checkpoints, in
//! every way in which changes go: the table equals a sequential replay.
//!
//! A key is a time to the microsecond and a text, whose trailing blanks do not count. Rows come,
//! change, change their key (a delete of the old one and an insert of the new one) and go, in any
//! order, whether or not they were there.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::print_stdout, reason = "seeds and figures are told")]

mod support;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_redshift::{
    sink::{CommitPoint, Writer},
    stage::RowKind,
    types::{Column, FlinkType, TableSchema},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use support::{
    Place, campaign, client, isolations, options, rows, sink, updates_as_one, warehouse,
};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

const SUBTASKS: usize = 3;
const CHECKPOINTS: u64 = 6;
/// 2013-01-01 10:00:00, and keys begin some microseconds around it.
const TIME: i64 = 1_357_034_400_000_000;
/// Four keys in nine spellings.
const CODES: [&str; 9] = ["", " ", "a", "a ", "a   ", " a", "\"b\\'", "\"b\\' ", "\"b\\'  "];
/// Cases of each kind in a run of the tests.
const CASES: u64 = 12;

/// A key as the target compares it.
type Key = (i64, &'static str);

/// A change, and its place among all of its sink.
#[derive(Debug, Clone)]
struct Change {
    place: (u64, u64, usize),
    key: (i64, &'static str),
    number: i64,
    kind: RowKind,
}

impl Change {
    fn key(&self) -> Key {
        (self.key.0, self.key.1.trim_end_matches(' '))
    }
}

/// Of every so many seeds one is of upserts alone, which MERGE applies.
const UPSERTS_EVERY: u64 = 4;

/// Everything that a seed decides.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// `copy` as Parquet or CSV, jdbc with either guarantee.
    way: &'static str,
    /// The target has columns that the sink does not write.
    partial: bool,
    /// A key's changes go to any writer.
    scattered: bool,
    ignoring: bool,
    merging: bool,
    /// `sink.batch-size`: flushes end anywhere.
    batch_size: u32,
    /// The target has every key that it holds twice before each commit.
    doubled: bool,
}

impl Cut {
    fn of(way: &'static str, seed: u64, random: &mut StdRng) -> Cut {
        let commits = way != "at-least-once";
        let mut cut = Cut {
            way,
            partial: random.random(),
            // A flush is a commit, and which of two writers' comes first is not defined.
            scattered: commits && random.random(),
            ignoring: random.random_bool(0.3),
            merging: random.random(),
            batch_size: random.random_range(1..=20),
            doubled: commits && random.random_bool(0.3),
        };
        if seed.is_multiple_of(UPSERTS_EVERY) {
            (cut.ignoring, cut.merging) = (true, true);
        }
        cut
    }

    /// Whether all commits are by MERGE.
    fn merges(&self) -> bool {
        self.ignoring && self.merging
    }

    fn options(&self, place: &impl Place, table: &str) -> BTreeMap<String, String> {
        let mut options = options(place, table);
        let mut set = |key: &str, value: &str| options.insert(key.into(), value.into());
        match self.way {
            "parquet" | "csv" => set("sink.copy.format", self.way),
            guarantee => {
                set("sink.write.mode", "jdbc");
                // A flush when a batch is full and at each checkpoint, and no other.
                set("sink.flush-interval", "1 h");
                set("sink.delivery-guarantee", guarantee)
            }
        };
        set("sink.ignore-delete", &self.ignoring.to_string());
        set("sink.use-merge", &self.merging.to_string());
        set("sink.batch-size", &self.batch_size.to_string());
        if self.doubled {
            set("sink.duplicate-keys", "clean");
        }
        options
    }
}

/// The number and the note of each key; the note is what the sink does not write.
#[derive(Default)]
struct Model {
    rows: BTreeMap<Key, (i64, &'static str)>,
}

impl Model {
    fn apply(&mut self, change: &Change) {
        let note = self.rows.remove(&change.key()).map_or("new", |(_, note)| note);
        if !change.kind.retracts() {
            self.rows.insert(change.key(), (change.number, note));
        }
    }

    /// The table's rows as a query gives them.
    fn rows(&self, partial: bool) -> Vec<Vec<String>> {
        let row = |(key, value): (&Key, &(i64, &str))| {
            let mut row = vec![(key.0 - TIME).to_string(), key.1.to_owned(), value.0.to_string()];
            row.extend(partial.then(|| value.1.to_owned()));
            row
        };
        self.rows.iter().map(row).collect()
    }
}

fn schema() -> TableSchema {
    let column =
        |name: &str, data_type, nullable| Column { name: name.into(), data_type, nullable };
    let columns = vec![
        column("at", FlinkType::Timestamp(6), false),
        column("n", FlinkType::BigInt, true),
        column("code", FlinkType::VarChar(9), false),
    ];
    TableSchema::new(columns, vec!["at".into(), "code".into()]).unwrap()
}

fn batch(changes: &[Change]) -> RecordBatch {
    let times = TimestampMicrosecondArray::from_iter_values(changes.iter().map(|c| c.key.0));
    // Only its key is said of a row that goes.
    let numbers = changes.iter().map(|c| (!c.kind.retracts()).then_some(c.number));
    let numbers: Int64Array = numbers.collect();
    let codes = StringArray::from_iter_values(changes.iter().map(|c| c.key.1));
    let columns: Vec<ArrayRef> = vec![Arc::new(times), Arc::new(numbers), Arc::new(codes)];
    RecordBatch::try_new(schema().arrow(), columns).unwrap()
}

fn key(random: &mut StdRng) -> (i64, &'static str) {
    (TIME + random.random_range(-1..2), CODES[random.random_range(0..CODES.len())])
}

/// What one change does to a key, as it is spelled.
type Deed = ((i64, &'static str), RowKind);

/// What happens to one row, or to two where a row changes its key.
fn happening(random: &mut StdRng) -> Vec<Deed> {
    use RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
    let (one, other) = (key(random), key(random));
    match random.random_range(0..10) {
        0..3 => vec![(one, Insert)],
        3..5 => vec![(one, UpdateAfter)],
        5 => vec![(one, UpdateBefore), (one, UpdateAfter)],
        6 | 7 => vec![(one, UpdateBefore), (other, UpdateAfter)],
        _ => vec![(one, Delete)],
    }
}

/// One changelog on its way.
struct Run {
    cut: Cut,
    random: StdRng,
    writers: Vec<Writer>,
    taken: [u64; SUBTASKS],
    number: i64,
    /// What the checkpoint before has cut off from what happened.
    rest: Vec<Deed>,
}

impl Run {
    fn subtask(&mut self, key: Key) -> usize {
        match self.cut.scattered {
            true => self.random.random_range(0..SUBTASKS),
            false => (key.0 + key.1.len() as i64).rem_euclid(SUBTASKS as i64) as usize,
        }
    }

    /// The changes of a checkpoint, each writer's in its order.
    fn changes(&mut self, checkpoint: u64) -> [Vec<Change>; SUBTASKS] {
        let mut changes: [Vec<Change>; SUBTASKS] = Default::default();
        let mut deeds = std::mem::take(&mut self.rest);
        for _ in 0..self.random.random_range(0..60) {
            deeds.extend(happening(&mut self.random));
        }
        if self.random.random_bool(0.5) {
            self.rest.extend(deeds.pop());
        }
        for (key, kind) in deeds {
            self.number += 1;
            let number = self.number;
            let mut change = Change { place: (0, 0, 0), key, number, kind };
            let subtask = self.subtask(change.key());
            change.place = (checkpoint, self.taken[subtask], subtask);
            // What is dropped has no place.
            self.taken[subtask] += u64::from(!(self.cut.ignoring && kind.retracts()));
            changes[subtask].push(change);
        }
        changes
    }

    async fn write(&mut self, changes: &[Vec<Change>; SUBTASKS]) {
        for (subtask, mine) in changes.iter().enumerate() {
            let mut rest = mine.as_slice();
            while !rest.is_empty() {
                let most = self.random.random_range(1..20).min(rest.len());
                let (now, later) = rest.split_at(most);
                let kinds: Vec<_> = now.iter().map(|change| change.kind).collect();
                self.writers[subtask].write(&batch(now), Some(&kinds)).await.unwrap();
                rest = later;
            }
        }
    }
}

async fn replay(place: &impl Place, table: &str, way: &'static str, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let cut = Cut::of(way, seed, &mut random);
    let context = format!("seed {seed}: {cut:?}");
    let watcher = client(place).await;
    if cut.partial {
        // In another order than they are declared, and one of them in the midst.
        let ddl = format!(
            "CREATE TABLE {table} (code VARCHAR(9) NOT NULL, note VARCHAR(9) DEFAULT 'new', n \
             BIGINT, at TIMESTAMP NOT NULL)"
        );
        watcher.batch_execute(&ddl).await.unwrap();
    }
    let sink = sink(&cut.options(place, table), schema()).prepare(&[]).await.unwrap();
    let writers = (0..SUBTASKS as u32).map(|at| sink.writer(at, 1).unwrap()).collect();
    let mut run = Run { cut, random, writers, taken: [0; SUBTASKS], number: 0, rest: Vec::new() };
    let (mut model, mut committer) = (Model::default(), sink.committer());
    for checkpoint in 1..=CHECKPOINTS {
        let changes = run.changes(checkpoint);
        run.write(&changes).await;
        let mut parts = Vec::new();
        for writer in &mut run.writers {
            parts.extend(writer.close(checkpoint).await.unwrap());
        }
        let settled = |mut mine: Vec<Change>| {
            mine.retain(|change| !(cut.ignoring && change.kind.retracts()));
            updates_as_one(&mine, Change::key, |change| change.kind)
        };
        let mut all: Vec<Change> = changes.into_iter().flat_map(settled).collect();
        all.sort_by_key(|change| change.place);
        let doubled = if cut.doubled { double(&watcher, table, &mut model, &all).await } else { 0 };
        all.iter().for_each(|change| model.apply(change));
        if let Some(commit) = sink.gather(&CommitPoint::Checkpoint(checkpoint), parts).unwrap() {
            let stop = CancellationToken::new();
            let applied = committer.commit(&commit, &stop).await;
            let applied = applied.unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_eq!(applied.duplicate_keys, doubled, "{context}, checkpoint {checkpoint}");
        }
        let found = found(&watcher, table, cut.partial).await;
        assert_eq!(found, model.rows(cut.partial), "{context}, checkpoint {checkpoint}");
        if cut.partial {
            // What others have written there is what must stay.
            watcher.batch_execute(&format!("UPDATE {table} SET note = 'kept'")).await.unwrap();
            model.rows.values_mut().for_each(|(_, note)| *note = "kept");
        }
    }
    if cut.merges() {
        let sent = format!(
            "SELECT COUNT(*) FROM sys_query_history WHERE query_text LIKE 'MERGE INTO %{table}%'"
        );
        let merged = rows(&watcher, &sent).await;
        assert_ne!(merged, [["0"]], "{context}: nothing was merged");
    }
}

async fn found(watcher: &Client, table: &str, partial: bool) -> Vec<Vec<String>> {
    let note = if partial { ", note" } else { "" };
    let sql = format!(
        "SELECT DATEDIFF(microsecond, '2013-01-01 10:00:00'::timestamp, at), RTRIM(code), n{note} \
         FROM {table}"
    );
    let mut rows = rows(watcher, &sql).await;
    rows.sort_by_key(|row| (row[0].parse::<i64>().unwrap(), row[1].clone()));
    rows
}

/// Doubles every row that the changes will touch; gives how many keys they are.
async fn double(watcher: &Client, table: &str, model: &mut Model, changes: &[Change]) -> u64 {
    let mut keys: Vec<Key> = changes.iter().map(Change::key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|key| model.rows.contains_key(key));
    for (time, code) in &keys {
        let code = code.replace('\\', "\\\\").replace('\'', "''");
        let copy = format!(
            "INSERT INTO {table} SELECT * FROM {table} WHERE at = DATEADD(microsecond, {}, \
             '2013-01-01 10:00:00'::timestamp) AND code = '{code}'",
            time - TIME
        );
        watcher.batch_execute(&copy).await.unwrap_or_else(|error| panic!("{copy}: {error:?}"));
    }
    keys.len() as u64
}

async fn replays(way: &'static str, seeds: Range<u64>) {
    for isolation in isolations() {
        let place = warehouse(*isolation).await;
        println!("{way}: seeds {seeds:?} at {isolation:?}");
        for seed in seeds.clone() {
            replay(&place, &format!("composite_{seed}"), way, seed).await;
        }
        place.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_composite_key_end_as_a_replay_from_parquet() {
    replays("parquet", 0..CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_composite_key_end_as_a_replay_from_csv() {
    replays("csv", 100..100 + CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_composite_key_end_as_a_replay_from_checkpoints() {
    replays("exactly-once", 200..200 + CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_composite_key_end_as_a_replay_from_flushes() {
    replays("at-least-once", 300..300 + CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign: run it with `cargo xtask soak`"]
async fn soak_changes_of_composite_keys_equal_a_replay() {
    let (first, rounds) = (campaign("SOAK_SEED"), campaign("SOAK_ROUNDS"));
    let (levels, ways) = (isolations(), ["parquet", "csv", "exactly-once", "at-least-once"]);
    for (at, isolation) in (0..).zip(levels) {
        let place = warehouse(*isolation).await;
        for round in (at..rounds).step_by(levels.len()) {
            let seed = first.wrapping_add(round);
            let way = ways[(seed / 2) as usize % ways.len()];
            println!("seed {seed}, {way} at {isolation:?}");
            replay(&place, &format!("soaked_{round}"), way, seed).await;
        }
        place.stop().await.unwrap();
    }
}
