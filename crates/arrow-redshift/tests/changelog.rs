//! Random changelogs, cut at random into batches, writers and commits: the table equals a
//! sequential replay.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeMap;

use arrow_redshift::{sink::CommitPoint, stage::RowKind};
use rand::{Rng, SeedableRng, rngs::StdRng};
use redshift_local::config::Isolation;
use support::{Kind, batch, client, content, options, prepared, rows};
use tokio_util::sync::CancellationToken;

/// A changelog of one key's life after another: what a Flink query gives for an upsert table.
struct Life {
    random: StdRng,
    table: BTreeMap<i64, String>,
    changes: u32,
}

impl Life {
    fn new(seed: u64) -> Life {
        Life { random: StdRng::seed_from_u64(seed), table: BTreeMap::new(), changes: 0 }
    }

    /// The next change; updates come with or without the old row first.
    fn next(&mut self, out: &mut Vec<(i64, String, RowKind)>) {
        let id = self.random.random_range(0..12);
        self.changes += 1;
        let name = format!("v{}", self.changes);
        match self.table.get(&id).cloned() {
            Some(_) if self.random.random_bool(0.35) => {
                self.table.remove(&id);
                out.push((id, name, RowKind::Delete));
            }
            Some(old) => {
                if self.random.random_bool(0.5) {
                    out.push((id, old, RowKind::UpdateBefore));
                }
                self.table.insert(id, name.clone());
                out.push((id, name, RowKind::UpdateAfter));
            }
            None => {
                self.table.insert(id, name.clone());
                out.push((id, name, RowKind::Insert));
            }
        }
    }
}

async fn replay(table: &str, partial: bool, seed: u64) {
    let server = support::start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    if partial {
        let ddl = format!(
            "CREATE TABLE {table} (id BIGINT NOT NULL, note VARCHAR(9) DEFAULT 'new', name \
             VARCHAR(99), score DOUBLE PRECISION, seen TIMESTAMP)"
        );
        watcher.batch_execute(&ddl).await.unwrap();
    }
    let sink = prepared(&options(&server, table), Kind::Keyed).await;
    let (mut committer, stop) = (sink.committer(), CancellationToken::new());
    let mut life = Life::new(seed);
    // What the column that is not written holds: 'kept' from the mark on, until the row goes.
    let mut notes: BTreeMap<i64, &str> = BTreeMap::new();
    for checkpoint in 1..=12u64 {
        let mut changes = Vec::new();
        for _ in 0..life.random.random_range(1..40) {
            life.next(&mut changes);
        }
        for (id, _, kind) in &changes {
            match kind {
                RowKind::Insert => drop(notes.insert(*id, "new")),
                RowKind::Delete => drop(notes.remove(id)),
                _ => {}
            }
        }
        // A key's changes stay with one writer, as a keyed shuffle would have it.
        let mut parts = Vec::new();
        for subtask in 0..3i64 {
            let mine: Vec<_> = changes.iter().filter(|(id, ..)| id % 3 == subtask).collect();
            let mut writer = sink.writer(subtask as u32, checkpoint).unwrap();
            let mut at = 0;
            while at < mine.len() {
                let end = (at + life.random.random_range(1..9)).min(mine.len());
                let rows: Vec<_> =
                    mine[at..end].iter().map(|(id, n, _)| (*id, n.as_str())).collect();
                let kinds: Vec<_> = mine[at..end].iter().map(|(.., kind)| *kind).collect();
                writer.write(&batch(&rows), Some(&kinds)).await.unwrap();
                at = end;
            }
            parts.extend(writer.close(checkpoint).await.unwrap());
        }
        if let Some(commit) = sink.gather(&CommitPoint::Checkpoint(checkpoint), parts).unwrap() {
            committer.commit(&commit, &stop).await.unwrap();
        }
        let expected: Vec<_> = life.table.clone().into_iter().collect();
        assert_eq!(content(&watcher, table).await, expected, "seed {seed}, {checkpoint}");
        if partial {
            let sql = format!("SELECT id, note FROM {table} ORDER BY id");
            let found = rows(&watcher, &sql).await;
            let expected: Vec<_> =
                notes.iter().map(|(id, note)| vec![id.to_string(), (*note).to_owned()]).collect();
            assert_eq!(found, expected, "seed {seed}, {checkpoint}: columns that are not written");
            let mark = format!("UPDATE {table} SET note = 'kept'");
            watcher.batch_execute(&mark).await.unwrap();
            notes.values_mut().for_each(|note| *note = "kept");
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_table_equals_a_sequential_replay() {
    for seed in [1, 2, 3] {
        replay("complete", false, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_not_written_keep_their_values() {
    for seed in [4, 5, 6] {
        replay("partial", true, seed).await;
    }
}

/// A number of the campaign, from `cargo xtask soak`.
fn campaign(variable: &str) -> u64 {
    let text = std::env::var(variable).unwrap_or_default();
    text.parse().unwrap_or_else(|_| panic!("{variable} is not set to a number"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign: run it with `cargo xtask soak`"]
async fn soak_random_changelogs_equal_a_replay() {
    let first = campaign("SOAK_SEED");
    for round in 0..campaign("SOAK_ROUNDS") {
        let seed = first.wrapping_add(round);
        println!("seed {seed}");
        replay("soaked", round % 2 == 1, seed).await;
    }
}
