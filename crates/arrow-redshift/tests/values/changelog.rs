//! Random changelogs with values that do not fit, cut at random into batches, writers and
//! checkpoints: table and dead letters are those of a model that takes the changes one by one.

use std::collections::BTreeMap;

use arrow_redshift::{
    sink::CommitPoint,
    stage::{Part, RowKind},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use redshift_local::{RedshiftLocal, config::Isolation};
use tokio_util::sync::CancellationToken;

use crate::{
    letters::{Letter, files, left},
    options::narrow,
    support::{BUCKET, Kind, batch, client, content, prepared, stand_in, updates_as_one},
};

const POLICIES: [&str; 3] = ["truncate", "null", "dead-letter"];
const NAMES: [&str; 7] = ["a", "", "abcde", "abcdef", "ééé", "aéé", "aéb😀"];
const WRITERS: usize = 2;
const CHECKPOINTS: u64 = 5;

#[derive(Debug, Clone)]
struct Change {
    id: i64,
    name: &'static str,
    kind: RowKind,
    /// Its number within the writer.
    number: u64,
}

/// A row that was set aside: writer, number, id, name, kind.
type Aside = (u64, u64, i64, String, String);

/// What a sink with these options does, one change after the other.
struct Model {
    policy: &'static str,
    kind: Kind,
    ignore_deletes: bool,
    keyed: BTreeMap<i64, String>,
    appended: Vec<(i64, String)>,
    aside: Vec<Aside>,
    /// How many rows each writer has counted.
    numbers: [u64; WRITERS],
}

impl Model {
    /// The upserts and deletes that a writer's changes up to a checkpoint are.
    fn settled(&mut self, writer: usize, mut changes: Vec<Change>) -> Vec<Change> {
        changes.retain(|change| !(self.ignore_deletes && change.kind.retracts()));
        for change in &mut changes {
            self.numbers[writer] += 1;
            change.number = self.numbers[writer];
        }
        updates_as_one(&changes, |change| change.id, |change| change.kind)
    }

    fn apply(&mut self, writer: usize, Change { id, name, kind, number }: &Change) {
        if kind.retracts() {
            self.keyed.remove(id);
            return;
        }
        let name = match (name.len() > 5, self.policy) {
            (false, _) => (*name).to_owned(),
            (true, "null") => "NULL".to_owned(),
            (true, "truncate") => {
                let fits = |end: &usize| *end <= 5 && name.is_char_boundary(*end);
                name[..(0..=5).rev().find(fits).unwrap()].to_owned()
            }
            _ => {
                let told = match (kind, self.kind) {
                    (RowKind::UpdateAfter, Kind::Keyed) => "+U",
                    _ => "+I",
                };
                let (name, told) = ((*name).to_owned(), told.to_owned());
                self.aside.push((writer as u64, *number, *id, name, told));
                return;
            }
        };
        match self.kind {
            Kind::Keyed => drop(self.keyed.insert(*id, name)),
            Kind::Append => self.appended.push((*id, name)),
        }
    }

    fn content(&self) -> Vec<(i64, String)> {
        let mut rows = match self.kind {
            Kind::Keyed => self.keyed.iter().map(|(id, name)| (*id, name.clone())).collect(),
            Kind::Append => self.appended.clone(),
        };
        rows.sort();
        rows
    }
}

fn random_change(random: &mut StdRng, kinds: &[RowKind]) -> Change {
    let id = random.random_range(0..8);
    let name = NAMES[random.random_range(0..NAMES.len())];
    Change { id, name, kind: kinds[random.random_range(0..kinds.len())], number: 0 }
}

fn told(letter: &Letter) -> Aside {
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    assert_eq!(letter.refused(), [("name".to_owned(), "max-bytes".to_owned())]);
    let id = letter.cell("id").as_i64().expect("an id");
    let place = (letter.number("subtask"), letter.number("number"));
    (place.0, place.1, id, text(letter.cell("name")), text(&letter.0["kind"]))
}

async fn replay(server: &RedshiftLocal, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let policy = POLICIES[seed as usize % POLICIES.len()];
    let kind = if (seed / 3).is_multiple_of(2) { Kind::Keyed } else { Kind::Append };
    let ignore_deletes = (seed / 6).is_multiple_of(2);
    let context = format!("seed {seed}: {policy} {kind:?}, deletes ignored: {ignore_deletes}");
    let table = format!("random_{seed}");
    let mut options = narrow(server, &table).await;
    let format = if random.random_bool(0.5) { "csv" } else { "parquet" };
    options.insert("sink.copy.format".into(), format.into());
    options.insert("sink.value-policy".into(), policy.into());
    options.insert("sink.ignore-delete".into(), ignore_deletes.to_string());
    if policy == "dead-letter" {
        let place = format!("s3://{BUCKET}/dead/{table}");
        options.insert("sink.dead-letter.s3-uri".into(), place);
    }
    let kinds: &[RowKind] = match (kind, ignore_deletes) {
        (Kind::Append, false) => &[RowKind::Insert],
        _ => &[RowKind::Insert, RowKind::UpdateBefore, RowKind::UpdateAfter, RowKind::Delete],
    };
    let (keyed, appended, aside) = (BTreeMap::new(), Vec::new(), Vec::new());
    let numbers = [0; WRITERS];
    let mut model = Model { policy, kind, ignore_deletes, keyed, appended, aside, numbers };
    let sink = prepared(&options, kind).await;
    let writer = |at: usize| sink.writer(at as u32, 1).unwrap();
    let mut writers: Vec<_> = (0..WRITERS).map(writer).collect();
    let watcher = client(server).await;
    for checkpoint in 1..=CHECKPOINTS {
        let mut parts: Vec<Part> = Vec::new();
        for (at, writer) in writers.iter_mut().enumerate() {
            let mut all: Vec<Change> = Vec::new();
            for _ in 0..random.random_range(0..4) {
                let mut changes: Vec<Change> = Vec::new();
                while changes.len() < random.random_range(1..9) {
                    let change = random_change(&mut random, kinds);
                    if change.id as usize % WRITERS == at {
                        changes.push(change);
                    }
                }
                let rows: Vec<_> = changes.iter().map(|c| (c.id, c.name)).collect();
                let kinds: Vec<_> = changes.iter().map(|c| c.kind).collect();
                writer.write(&batch(&rows), Some(&kinds)).await.unwrap();
                all.extend(changes);
            }
            model.settled(at, all).iter().for_each(|change| model.apply(at, change));
            parts.extend(writer.close(checkpoint).await.unwrap());
        }
        let point = CommitPoint::Checkpoint(checkpoint);
        let Some(commit) = sink.gather(&point, parts).unwrap() else { continue };
        sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
        let mut found = content(&watcher, &table).await;
        found.sort();
        assert_eq!(found, model.content(), "{context}, {checkpoint}");
    }
    let letters = files(server, BUCKET, &format!("dead/{table}/")).into_values().flatten();
    let mut found: Vec<Aside> = letters.map(|letter| told(&letter)).collect();
    found.sort();
    model.aside.sort();
    assert_eq!(found, model.aside, "{context}");
    let touched = writers.iter().map(|writer| writer.touched().dead_letters).sum::<u64>();
    assert_eq!(touched, found.len() as u64, "{context}");
}

#[tokio::test(flavor = "multi_thread")]
async fn table_and_dead_letters_are_those_of_a_model() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    for seed in 0..24 {
        replay(&server, seed).await;
    }
    assert_eq!(left(&server), Vec::<String>::new());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_set_aside_leaves_the_row_as_it_was_and_the_next_one_counts() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let mut options = narrow(&server, "kept").await;
    options.insert("sink.value-policy".into(), "dead-letter".into());
    crate::letters::placing(&mut options);
    let sink = prepared(&options, Kind::Keyed).await;
    let (before, after, delete) = (RowKind::UpdateBefore, RowKind::UpdateAfter, RowKind::Delete);
    type Rows = &'static [(i64, &'static str)];
    let steps: [(Rows, &[RowKind], Rows); 5] = [
        (&[(1, "one"), (2, "two")], &[after, after], &[(1, "one"), (2, "two")]),
        // Set aside: what is there stays.
        (&[(1, "much too long")], &[after], &[(1, "one"), (2, "two")]),
        // Also where the old row comes first.
        (&[(1, "one"), (1, "much too long")], &[before, after], &[(1, "one"), (2, "two")]),
        // A delete needs its key only, whatever else it holds.
        (&[(2, "much too long")], &[delete], &[(1, "one")]),
        (&[(1, "again"), (1, "too long again")], &[after, after], &[(1, "again")]),
    ];
    for (checkpoint, (rows, kinds, expected)) in (1..).zip(steps) {
        let commit = crate::support::staged(&sink, checkpoint, rows, Some(kinds)).await;
        sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
        let expected = crate::support::owned(expected);
        assert_eq!(content(&watcher, "kept").await, expected, "checkpoint {checkpoint}");
    }
    assert_eq!(crate::letters::placed(&server).len(), 3);
    server.stop().await.unwrap();
}
