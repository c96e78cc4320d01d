//! Random changelogs, cut at random into batches, writers, checkpoints and commits: the table
//! equals a sequential replay.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::{collections::BTreeMap, process::Command};

use arrow_redshift::{
    sink::{CommitPoint, Committable, Prepared, Writer},
    stage::RowKind,
    types::{Column, FlinkType, TableSchema},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use redshift_local::config::{Config, Isolation};
use support::{
    Kind, Place, batch, campaign, client, config, content, isolations, options, owned, prepared,
    rows, sink, skipped, stand_in, start_with, updates_as_one, warehouse,
};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

/// Writers of a sink.
const SUBTASKS: usize = 3;
/// Checkpoints of one changelog.
const CHECKPOINTS: u64 = 12;

/// A change, and its place among all changes of its sink: by checkpoint, by its number within the
/// writer, by writer.
#[derive(Debug, Clone)]
struct Change {
    place: (u64, u64, usize),
    id: i64,
    name: String,
    kind: RowKind,
}

/// What a table holds: name and note of each id. The note is a column that the sink does not write.
#[derive(Debug, Clone, Default)]
struct Rows {
    rows: BTreeMap<i64, (String, &'static str)>,
}

impl Rows {
    fn apply(&mut self, Change { id, name, kind, .. }: &Change) {
        let note = self.rows.remove(id).map_or("new", |(_, note)| note);
        if !kind.retracts() {
            self.rows.insert(*id, (name.clone(), note));
        }
    }

    fn names(&self) -> Vec<(i64, String)> {
        self.rows.iter().map(|(id, (name, _))| (*id, name.clone())).collect()
    }
}

/// A changelog of one key's life after another: what a Flink query gives for an upsert table.
struct Life {
    random: StdRng,
    alive: BTreeMap<i64, String>,
    changes: u32,
}

impl Life {
    fn new(seed: u64) -> Life {
        Life { random: StdRng::seed_from_u64(seed), alive: BTreeMap::new(), changes: 0 }
    }

    /// The next change; updates come with or without the old row first.
    fn next(&mut self) -> Vec<(i64, String, RowKind)> {
        let id = self.random.random_range(0..12);
        self.changes += 1;
        let name = format!("v{}", self.changes);
        match self.alive.get(&id).cloned() {
            Some(old) if self.random.random_bool(0.35) => {
                self.alive.remove(&id);
                vec![(id, old, RowKind::Delete)]
            }
            Some(old) => {
                self.alive.insert(id, name.clone());
                let after = (id, name, RowKind::UpdateAfter);
                match self.random.random_bool(0.5) {
                    true => vec![(id, old, RowKind::UpdateBefore), after],
                    false => vec![after],
                }
            }
            None => {
                self.alive.insert(id, name.clone());
                vec![(id, name, RowKind::Insert)]
            }
        }
    }
}

/// In which way the changes go.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Mode {
    /// Parts on S3.
    #[default]
    Copy,
    /// Jdbc mode, exactly once: in the committables.
    Carried,
    /// Jdbc mode, at least once: each writer's flush at each checkpoint.
    Flushed,
}

/// How a changelog meets its table.
#[derive(Debug, Clone, Copy, Default)]
struct Cut {
    mode: Mode,
    /// The table has a column that the sink does not write.
    partial: bool,
    /// A key's changes go to any writer, as where no keyed shuffle stands before the sink, and not
    /// always to the same.
    scattered: bool,
    /// Commits hold several checkpoints, of writers that begin again in between as after a restart.
    gathered: bool,
    /// Rows that take content away are dropped.
    ignoring: bool,
}

impl Cut {
    /// One of all, for a campaign.
    fn of(seed: u64) -> Cut {
        let mut random = StdRng::seed_from_u64(seed);
        let mode = [Mode::Copy, Mode::Carried, Mode::Flushed][random.random_range(0..3)];
        // A flush is a commit, and which of two writers' comes first is not defined.
        let commits = mode != Mode::Flushed;
        Cut {
            mode,
            partial: random.random(),
            scattered: commits && random.random(),
            gathered: commits && random.random(),
            ignoring: random.random_bool(0.3),
        }
    }
}

/// One changelog on its way into one table.
struct Run {
    life: Life,
    cut: Cut,
    writers: Vec<Writer>,
    /// How many changes each writer has taken.
    taken: [u64; SUBTASKS],
    expected: Rows,
}

impl Run {
    /// Writes some changes and closes the parts of a checkpoint; gives the upserts and deletes that
    /// they are, in total order.
    async fn checkpoint(
        &mut self,
        checkpoint: u64,
    ) -> (Vec<Change>, Vec<arrow_redshift::stage::Part>) {
        let mut changes: [Vec<Change>; SUBTASKS] = Default::default();
        for _ in 0..self.life.random.random_range(1..40) {
            for (id, name, kind) in self.life.next() {
                let subtask = match self.cut.scattered {
                    true => self.life.random.random_range(0..SUBTASKS),
                    false => id as usize % SUBTASKS,
                };
                let place = (checkpoint, self.taken[subtask], subtask);
                // What is dropped has no place.
                self.taken[subtask] += u64::from(!(self.cut.ignoring && kind.retracts()));
                changes[subtask].push(Change { place, id, name, kind });
            }
        }
        let mut parts = Vec::new();
        for (mine, writer) in changes.iter().zip(&mut self.writers) {
            let mut rest = mine.as_slice();
            while !rest.is_empty() {
                let (now, later) =
                    rest.split_at(self.life.random.random_range(1..9).min(rest.len()));
                let rows: Vec<_> = now.iter().map(|c| (c.id, c.name.as_str())).collect();
                let kinds: Vec<_> = now.iter().map(|c| c.kind).collect();
                writer.write(&batch(&rows), Some(&kinds)).await.unwrap();
                rest = later;
            }
            parts.extend(writer.close(checkpoint).await.unwrap());
        }
        let counts = |change: &Change| !(self.cut.ignoring && change.kind.retracts());
        let settled = |mine: Vec<Change>| {
            let mine: Vec<Change> = mine.into_iter().filter(counts).collect();
            updates_as_one(&mine, |change| change.id, |change| change.kind)
        };
        let mut all: Vec<Change> = changes.into_iter().flat_map(settled).collect();
        all.sort_by_key(|change| change.place);
        (all, parts)
    }

    /// The table is as a replay of everything committed leaves it.
    async fn check(&mut self, watcher: &Client, table: &str, context: &str) {
        assert_eq!(content(watcher, table).await, self.expected.names(), "{context}");
        if !self.cut.partial {
            return;
        }
        let found = rows(watcher, &format!("SELECT id, note FROM {table} ORDER BY id")).await;
        let notes = self.expected.rows.iter();
        let notes: Vec<_> =
            notes.map(|(id, (_, note))| vec![id.to_string(), (*note).to_owned()]).collect();
        assert_eq!(found, notes, "{context}: the column that is not written");
        watcher.batch_execute(&format!("UPDATE {table} SET note = 'kept'")).await.unwrap();
        self.expected.rows.values_mut().for_each(|(_, note)| *note = "kept");
    }
}

async fn replay(place: &impl Place, table: &str, cut: Cut, seed: u64) {
    let watcher = client(place).await;
    if cut.partial {
        let ddl = format!(
            "CREATE TABLE {table} (id BIGINT NOT NULL, note VARCHAR(9) DEFAULT 'new', name \
             VARCHAR(99), score DOUBLE PRECISION, seen TIMESTAMP)"
        );
        watcher.batch_execute(&ddl).await.unwrap();
    }
    let mut given = options(place, table);
    let guarantee = if cut.mode == Mode::Flushed { "at-least-once" } else { "exactly-once" };
    if cut.mode != Mode::Copy {
        given.insert("sink.write.mode".into(), "jdbc".into());
        given.insert("sink.delivery-guarantee".into(), guarantee.into());
    }
    given.insert("sink.ignore-delete".into(), cut.ignoring.to_string());
    let mut life = Life::new(seed);
    // So that flushes end anywhere.
    given.insert("sink.batch-size".into(), life.random.random_range(1..=20).to_string());
    let sink = prepared(&given, Kind::Keyed).await;
    let (mut committer, stop) = (sink.committer(), CancellationToken::new());
    let writers = |checkpoint| -> Vec<Writer> {
        (0..SUBTASKS as u32).map(|subtask| sink.writer(subtask, checkpoint).unwrap()).collect()
    };
    let (taken, expected) = ([0; SUBTASKS], Rows::default());
    let mut run = Run { life, cut, writers: writers(1), taken, expected };
    let mut held: Option<Committable> = None;
    for checkpoint in 1..=CHECKPOINTS {
        if cut.gathered && run.life.random.random_bool(0.3) {
            (run.writers, run.taken) = (writers(checkpoint), [0; SUBTASKS]);
        }
        let (changes, parts) = run.checkpoint(checkpoint).await;
        changes.iter().for_each(|change| run.expected.apply(change));
        // What was scattered may have ended otherwise than it was told.
        run.life.alive = run.expected.names().into_iter().collect();
        let context = format!("{cut:?}, seed {seed}, checkpoint {checkpoint}");
        let commit = sink.gather(&CommitPoint::Checkpoint(checkpoint), parts).unwrap();
        // Where nothing but dropped rows came, there is nothing to commit.
        assert!(commit.is_none() == (cut.mode == Mode::Flushed) || cut.ignoring, "{context}");
        let Some(commit) = commit else {
            if cut.gathered {
                continue;
            }
            run.check(&watcher, table, &context).await;
            continue;
        };
        held = Some(match held.take() {
            Some(mut earlier) => {
                earlier.absorb(commit).unwrap();
                earlier
            }
            None => commit,
        });
        if cut.gathered && checkpoint < CHECKPOINTS && run.life.random.random_bool(0.6) {
            continue;
        }
        let Some(commit) = held.take() else { continue };
        committer.commit(&commit, &stop).await.unwrap();
        run.check(&watcher, table, &context).await;
    }
}

/// Each seed in a table of its own, at both isolation levels.
async fn replays(cut: Cut, seeds: [u64; 3]) {
    for isolation in isolations() {
        let place = warehouse(*isolation).await;
        for seed in seeds {
            replay(&place, &format!("replayed_{seed}"), cut, seed).await;
        }
        place.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_table_equals_a_sequential_replay() {
    replays(Cut::default(), [1, 2, 3]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_not_written_keep_their_values() {
    replays(Cut { partial: true, ..Cut::default() }, [4, 5, 6]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_several_writers_change_ends_by_the_total_order() {
    replays(Cut { scattered: true, ..Cut::default() }, [7, 8, 9]).await;
    replays(Cut { scattered: true, partial: true, ..Cut::default() }, [10, 11, 12]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_of_several_checkpoints_end_as_each_by_itself() {
    replays(Cut { gathered: true, ..Cut::default() }, [13, 14, 15]).await;
    let all = Cut { gathered: true, partial: true, scattered: true, ..Cut::default() };
    replays(all, [16, 17, 18]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jdbc_mode_ends_as_a_sequential_replay_with_either_guarantee() {
    let carried = Cut { mode: Mode::Carried, ..Cut::default() };
    replays(Cut { scattered: true, ..carried }, [19, 20, 27]).await;
    replays(Cut { gathered: true, partial: true, scattered: true, ..carried }, [21, 22, 28]).await;
    let flushed = Cut { mode: Mode::Flushed, ..Cut::default() };
    replays(flushed, [23, 24, 29]).await;
    replays(Cut { partial: true, ..flushed }, [25, 26, 30]).await;
    replays(Cut { ignoring: true, ..flushed }, [31, 32, 33]).await;
    replays(Cut { ignoring: true, ..carried }, [34, 35, 36]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletes_that_are_ignored_leave_what_is_there() {
    replays(Cut { ignoring: true, ..Cut::default() }, [19, 20, 21]).await;
    replays(Cut { ignoring: true, partial: true, ..Cut::default() }, [22, 23, 24]).await;
}

/// Without a key the new rows of updates are rows like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_key_takes_updates_as_rows_where_deletes_are_ignored() {
    let place = warehouse(Isolation::Snapshot).await;
    let mut options = options(&place, "logged");
    let kinds = [RowKind::Insert, RowKind::UpdateBefore, RowKind::UpdateAfter, RowKind::Delete];
    let rows = [(1, "a"), (1, "a"), (1, "b"), (1, "b")];
    let refused = prepared(&options, Kind::Append).await;
    let mut writer = refused.writer(0, 1).unwrap();
    let error = writer.write(&batch(&rows), Some(&kinds)).await.unwrap_err();
    assert!(error.to_string().contains("'sink.ignore-delete'"), "{error}");
    options.insert("sink.ignore-delete".into(), "true".into());
    let sink = prepared(&options, Kind::Append).await;
    let commit = support::staged(&sink, 1, &rows, Some(&kinds)).await;
    assert_eq!(commit.rows(), 2);
    sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
    let found = content(&client(&place).await, "logged").await;
    assert_eq!(found, owned(&[(1, "a"), (1, "b")]));
    place.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_differ_by_trailing_blanks_are_one_row_whatever_makes_a_group() {
    if skipped() {
        return;
    }
    for trailing_blanks_group in [false, true] {
        let server = start_with(Config { trailing_blanks_group, ..config() }).await;
        let watcher = client(&server).await;
        let ddl = "CREATE TABLE partial (id BIGINT, name VARCHAR(9) NOT NULL, score DOUBLE \
                   PRECISION, seen TIMESTAMP, note INT)";
        watcher.batch_execute(ddl).await.unwrap();
        for table in ["complete", "partial"] {
            let sink = sink(&options(&server, table), by_name()).prepare(&[]).await.unwrap();
            let (mut committer, stop) = (sink.committer(), CancellationToken::new());
            let commits: [(&[_], &[_]); 2] = [
                (&[(1, "a"), (2, "a "), (3, "b"), (4, "a  ")], &[(3, "b"), (4, "a")]),
                (&[(5, "a "), (6, "b "), (7, "a")], &[(6, "b"), (7, "a")]),
            ];
            for (checkpoint, (staged, left)) in (1..).zip(commits) {
                let commit = by_as_many_writers(&sink, checkpoint, staged).await;
                assert_eq!(commit.rows(), staged.len() as u64, "nothing is folded");
                committer.commit(&commit, &stop).await.unwrap();
                let context = format!("{table}, groups by blanks: {trailing_blanks_group}");
                let mut found = content(&watcher, table).await;
                // An update leaves the key's blanks as they were.
                found.iter_mut().for_each(|(_, name)| name.truncate(name.trim_end().len()));
                assert_eq!(found, owned(left), "{context}");
            }
        }
        server.stop().await.unwrap();
    }
}

/// Stages rows, each by a writer of its own, so that SQL and no writer finds the last of each key.
async fn by_as_many_writers(sink: &Prepared, checkpoint: u64, rows: &[(i64, &str)]) -> Committable {
    let mut parts = Vec::new();
    for (subtask, row) in (0..).zip(rows) {
        let mut writer = sink.writer(subtask, checkpoint).unwrap();
        writer.write(&batch(&[*row]), None).await.unwrap();
        parts.extend(writer.close(checkpoint).await.unwrap());
    }
    sink.gather(&CommitPoint::Checkpoint(checkpoint), parts).unwrap().unwrap()
}

/// The usual columns, with the text as the key.
fn by_name() -> TableSchema {
    let column =
        |name: &str, data_type, nullable| Column { name: name.into(), data_type, nullable };
    let columns = vec![
        column("id", FlinkType::BigInt, true),
        column("name", FlinkType::String, false),
        column("score", FlinkType::Double, true),
        column("seen", FlinkType::Timestamp(3), true),
    ];
    TableSchema::new(columns, vec!["name".to_owned()]).unwrap()
}

/// The switch to a cluster: this binary again, with the address of a stand-in in the place of a
/// cluster's.
#[tokio::test(flavor = "multi_thread")]
async fn the_suite_runs_on_the_cluster_that_a_url_names() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let given: BTreeMap<_, _> = server.given().into_iter().collect();
    let url = format!(
        "jdbc:redshift://127.0.0.1:{}/dev?user=watcher&password={}",
        server.port(),
        support::PASSWORD
    );
    let more = [
        "ssl.root-cert",
        "aws.region",
        "s3.endpoint",
        "s3.path-style-access",
        "aws.credentials.provider.basic.accesskeyid",
        "aws.credentials.provider.basic.secretkey",
    ];
    let more: Vec<String> = more.iter().map(|key| format!("{key}={}", given[*key])).collect();
    let mut suite = Command::new(std::env::current_exe().unwrap());
    suite
        .args(["--nocapture", "a_complete_table", "keys_that_differ_by_trailing_blanks"])
        .env("REDSHIFT_TEST_URL", url)
        .env("REDSHIFT_TEST_S3", format!("s3://{}/temp/there", support::BUCKET))
        .env("REDSHIFT_TEST_ROLE", support::ROLE)
        .env("REDSHIFT_TEST_OPTIONS", more.join(";"));
    let ended = tokio::task::spawn_blocking(move || suite.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.contains("2 passed"), "{said}");
    assert!(said.contains("skipped: needs the stand-in's faults"), "{said}");

    let log = server.statements().all();
    let loads = log.iter().filter(|s| s.shape.starts_with("copy \"frc_stage\"")).count();
    assert_eq!(loads, 3 * CHECKPOINTS as usize, "every commit of the suite came here");
    let watcher = client(&server).await;
    let left = "SELECT schema_name FROM svv_all_schemas WHERE schema_name LIKE 'flink_test%'";
    assert_eq!(rows(&watcher, left).await, Vec::<Vec<String>>::new(), "it cleans up");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign: run it with `cargo xtask soak`"]
async fn soak_random_changelogs_equal_a_replay() {
    let (first, rounds) = (campaign("SOAK_SEED"), campaign("SOAK_ROUNDS"));
    let levels = isolations();
    for (at, isolation) in (0..).zip(levels) {
        let place = warehouse(*isolation).await;
        for round in (at..rounds).step_by(levels.len()) {
            let seed = first.wrapping_add(round);
            println!("seed {seed} at {isolation:?}");
            replay(&place, &format!("soaked_{round}"), Cut::of(seed), seed).await;
        }
        place.stop().await.unwrap();
    }
}
