//! A changelog of more bytes than a writer folds at once: the table equals a sequential replay
//! whether what a full window holds stays in it, is staged, or passes unseen.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeMap;

use arrow_redshift::{
    sink::{CommitPoint, Prepared, Writer},
    stage::RowKind,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use support::{
    Kind, batch, client, isolations, options, prepared, rows, updates_as_one, warehouse,
};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

/// Bytes of each row's text: some 280 rows make a window of 16 MiB.
const WIDE: usize = 60_000;
/// Changes of a checkpoint: two windows and more.
const CHANGES: usize = 700;
const CHECKPOINTS: u64 = 2;

/// A changelog's keys, and what becomes of a full window of them.
#[derive(Debug, Clone, Copy)]
struct Case {
    seed: u64,
    keys: i64,
    /// Whether a checkpoint stages keys more than once, since a window was staged before its end.
    again: bool,
}

const CASES: [Case; 3] = [
    // Little is left of a window, and stays in it.
    Case { seed: 1, keys: 12, again: false },
    // Too much is left, and is staged.
    Case { seed: 2, keys: 300, again: true },
    // Hardly anything is overtaken: the next window passes unseen.
    Case { seed: 3, keys: 4000, again: true },
];

#[derive(Debug, Clone)]
struct Change {
    id: i64,
    number: u32,
    kind: RowKind,
}

/// The next change, or the two rows of an update.
fn happening(random: &mut StdRng, keys: i64, number: u32) -> Vec<Change> {
    let id = random.random_range(0..keys);
    let change = |kind| Change { id, number, kind };
    match random.random_range(0..6) {
        0 => vec![change(RowKind::Insert)],
        1 => vec![change(RowKind::Delete)],
        2 | 3 => vec![change(RowKind::UpdateBefore), change(RowKind::UpdateAfter)],
        _ => vec![change(RowKind::UpdateAfter)],
    }
}

async fn write(writer: &mut Writer, random: &mut StdRng, mut changes: &[Change]) {
    while !changes.is_empty() {
        let (now, later) = changes.split_at(random.random_range(1..40).min(changes.len()));
        let texts: Vec<String> = now.iter().map(|c| format!("{:x<WIDE$}", c.number)).collect();
        let rows: Vec<_> = now.iter().zip(&texts).map(|(c, text)| (c.id, text.as_str())).collect();
        let kinds: Vec<_> = now.iter().map(|change| change.kind).collect();
        writer.write(&batch(&rows), Some(&kinds)).await.unwrap();
        changes = later;
    }
}

/// The number and the note of each id; the note is a column that the sink does not write.
async fn found(watcher: &Client, table: &str) -> BTreeMap<i64, (String, String)> {
    let sql = format!("SELECT id, name, note FROM {table}");
    let row = |row: Vec<String>| {
        let [id, name, note]: [String; 3] = row.try_into().unwrap();
        assert_eq!(name.len(), WIDE);
        (id.parse().unwrap(), (name.trim_end_matches('x').to_owned(), note))
    };
    rows(watcher, &sql).await.into_iter().map(row).collect()
}

/// How many rows are left where all changes are folded at once: of each key the last change, and the
/// last delete where that is another one.
fn folded(changes: &[Change]) -> u64 {
    let mut left: BTreeMap<i64, (usize, Option<usize>)> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        let (last, delete) = left.entry(change.id).or_default();
        *last = at;
        *delete = if change.kind.retracts() { Some(at) } else { *delete };
    }
    let rows = |(last, delete): &(usize, Option<usize>)| match delete {
        Some(delete) if delete != last => 2,
        _ => 1,
    };
    left.values().map(rows).sum()
}

async fn replay(sink: &Prepared, watcher: &Client, table: &str, case: Case) {
    let (mut random, mut number) = (StdRng::seed_from_u64(case.seed), 0);
    let (mut writer, mut committer) = (sink.writer(0, 1).unwrap(), sink.committer());
    let mut model: BTreeMap<i64, (String, String)> = BTreeMap::new();
    for checkpoint in 1..=CHECKPOINTS {
        let mut changes = Vec::new();
        while changes.len() < CHANGES {
            number += 1;
            changes.extend(happening(&mut random, case.keys, number));
        }
        write(&mut writer, &mut random, &changes).await;
        let parts = writer.close(checkpoint).await.unwrap();
        let commit = sink.gather(&CommitPoint::Checkpoint(checkpoint), parts).unwrap().unwrap();
        let changes = updates_as_one(&changes, |change| change.id, |change| change.kind);
        let (staged, once) = (commit.rows(), folded(&changes));
        assert_eq!(staged > once, case.again, "{case:?}: {staged} rows staged, {once} if once");
        for change in &changes {
            let note = model.remove(&change.id).map_or("new".to_owned(), |(_, note)| note);
            if !change.kind.retracts() {
                model.insert(change.id, (change.number.to_string(), note));
            }
        }
        committer.commit(&commit, &CancellationToken::new()).await.unwrap();
        assert!(found(watcher, table).await == model, "{case:?}, checkpoint {checkpoint}");
        watcher.batch_execute(&format!("UPDATE {table} SET note = 'kept'")).await.unwrap();
        model.values_mut().for_each(|(_, note)| "kept".clone_into(note));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_beyond_what_is_folded_at_once_end_as_a_replay() {
    for isolation in isolations() {
        let place = warehouse(*isolation).await;
        let watcher = client(&place).await;
        for case in CASES {
            let table = format!("wide_{}", case.keys);
            let ddl = format!(
                "CREATE TABLE {table} (id BIGINT NOT NULL, note VARCHAR(9) DEFAULT 'new', name \
                 VARCHAR(65535), score DOUBLE PRECISION, seen TIMESTAMP)"
            );
            watcher.batch_execute(&ddl).await.unwrap();
            let sink = prepared(&options(&place, &table), Kind::Keyed).await;
            replay(&sink, &watcher, &table, case).await;
        }
        place.stop().await.unwrap();
    }
}
