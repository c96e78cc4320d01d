//! A sink whose writers and committer live in processes of their own, as in a cluster: each is
//! made from the same plan, and all that passes between them is bytes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use arrow_redshift::{
    ErrorKind, options,
    sink::{Applied, CommitPoint, Committable, Identity, LaunchId, Sink, Staged, Subtask, Writer},
    stage::{Part, RowKind},
};
use redshift_local::{
    RedshiftLocal,
    config::Isolation,
    faults::{Effect, FaultRule, StatementKind, When},
};
use support::{BUCKET, Kind, batch, client, content, eventually, options, owned, schema};
use tokio_util::sync::CancellationToken;

/// A job: what its processes are made from.
struct Job<'a> {
    server: &'a RedshiftLocal,
    table: &'static str,
    kind: Kind,
    launch: LaunchId,
}

impl<'a> Job<'a> {
    fn new(server: &'a RedshiftLocal, table: &'static str, kind: Kind) -> Job<'a> {
        Job { server, table, kind, launch: LaunchId::fresh() }
    }

    /// The sink as a new process has it.
    fn sink(&self) -> Sink {
        let pairs: Vec<(String, String)> = options(self.server, self.table).into_iter().collect();
        let config = options::sink(&pairs).unwrap().config;
        let (launch, sink) = (self.launch.clone(), format!("{}#op", self.table));
        let identity = Identity { launch, sink, job: "job".into() };
        Sink::new(config, schema(self.kind), identity).unwrap()
    }

    async fn start(&self, index: u32, parallelism: u32, restored: Option<u64>) -> Running {
        let subtask = Subtask { index, parallelism, restored, savepoints: false };
        let prepared = self.sink().prepare_subtask(subtask).await.unwrap();
        let writer = prepared.writer(index, restored.map_or(1, |last| last + 1)).unwrap();
        Running { prepared, writer, taken: Vec::new() }
    }

    async fn start_all(&self, parallelism: u32, restored: Option<u64>) -> Vec<Running> {
        let mut all = Vec::new();
        for index in 0..parallelism {
            all.push(self.start(index, parallelism, restored).await);
        }
        all
    }

    fn gather(&self, checkpoint: u64, staged: &[Vec<u8>]) -> Committable {
        let staged = staged.iter().map(|bytes| Staged::from_bytes(bytes).unwrap()).collect();
        let gathered = self.sink().gather(&CommitPoint::Checkpoint(checkpoint), staged);
        gathered.unwrap().unwrap()
    }

    async fn commit(&self, commit: &Committable) -> Applied {
        let commit = Committable::from_bytes(&commit.to_bytes().unwrap()).unwrap();
        let stop = CancellationToken::new();
        self.sink().committer().commit(&commit, &stop).await.unwrap_or_else(|e| panic!("{e:?}"))
    }

    /// Keys of everything that is staged.
    fn staged(&self) -> Vec<String> {
        let objects = self.server.s3().list(BUCKET, "temp/").unwrap();
        objects.into_iter().map(|object| object.key).collect()
    }

    #[track_caller]
    fn assert_there(&self, parts: &[Part]) {
        let staged = self.staged();
        for part in parts {
            assert!(staged.iter().any(|key| part.url.ends_with(key)), "{} is gone", part.url);
        }
    }

    #[track_caller]
    fn assert_gone(&self, parts: &[Part]) {
        let staged = self.staged();
        for part in parts {
            assert!(!staged.iter().any(|key| part.url.ends_with(key)), "{} is there", part.url);
        }
    }
}

/// A writer in its process.
struct Running {
    prepared: arrow_redshift::sink::Prepared,
    writer: Writer,
    taken: Vec<Part>,
}

impl Running {
    /// Writes rows and closes for a checkpoint; gives the bytes that travel.
    async fn stage(&mut self, checkpoint: u64, rows: &[(i64, &str)]) -> Vec<u8> {
        self.writer.write(&batch(rows), None).await.unwrap();
        let parts = self.writer.close(checkpoint).await.unwrap();
        self.taken.extend(parts.iter().cloned());
        self.prepared.staged(parts, Some(1_700_000_000_000 + checkpoint)).to_bytes().unwrap()
    }
}

/// Not run: it compiles when the sink's futures may be given to any runtime's tasks.
#[allow(dead_code)]
fn futures_may_move_between_threads(sink: &Sink, running: Running) {
    fn is_task(_: impl Future + Send + 'static) {}
    let Running { prepared, mut writer, .. } = running;
    let planned = sink.clone();
    is_task(async move {
        planned.prepare(&[]).await.unwrap();
        let subtask = Subtask { index: 0, parallelism: 1, restored: None, savepoints: false };
        planned.prepare_subtask(subtask).await.unwrap();
    });
    let mut committer = sink.committer();
    is_task(async move {
        writer.write(&batch(&[]), None).await.unwrap();
        let parts = writer.close(1).await.unwrap();
        let commit = prepared.gather(&CommitPoint::End, parts).unwrap().unwrap();
        committer.commit(&commit, &CancellationToken::new()).await.unwrap();
        committer.discard(&commit).await;
        writer.abort().await.unwrap();
        let batches = futures::stream::iter([Ok(batch(&[]))]);
        let progress = arrow_redshift::sink::Progress::default();
        prepared.load(batches, &progress, &CancellationToken::new()).await.unwrap();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_start_one_after_the_other_spare_each_other() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let job = Job::new(&server, "staggered", Kind::Append);
    let mut all = Vec::new();
    let mut staged = Vec::new();
    for index in 0..4 {
        let mut running = job.start(index, 4, None).await;
        staged.push(running.stage(1, &[(i64::from(index), "x")]).await);
        all.push(running);
    }
    let parts: Vec<Part> = all.iter().flat_map(|running| running.taken.clone()).collect();
    assert_eq!(parts.len(), 4);
    job.assert_there(&parts);
    job.commit(&job.gather(1, &staged)).await;
    assert_eq!(content(&watcher, "staggered").await.len(), 4);
    assert_eq!(job.staged(), Vec::<String>::new());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_writers_staged_is_committed_by_another_process() {
    let Some(server) = support::stand_in(Isolation::Serializable).await else { return };
    let watcher = client(&server).await;
    for (table, kind) in [("apart", Kind::Append), ("apart_keyed", Kind::Keyed)] {
        let job = Job::new(&server, table, kind);
        let mut all = job.start_all(3, None).await;
        let first = [
            all[0].stage(1, &[(1, "a"), (2, "b")]).await,
            all[1].stage(1, &[(3, "c")]).await,
            all[2].stage(1, &[(4, "d")]).await,
        ];
        let commit = job.gather(1, &first);
        assert_eq!((commit.rows(), commit.parts().count()), (4, 3));
        assert_eq!(commit.first_row_at(), Some(1_700_000_000_001));
        let applied = job.commit(&commit).await;
        assert!(!applied.before && applied.causes.is_empty(), "{applied:?}");
        assert!(!applied.copy.is_zero() && !applied.commit.is_zero(), "{applied:?}");
        assert!(!applied.lock_wait.is_zero(), "{applied:?}");
        let parts = applied.copy + applied.lock_wait + applied.commit;
        assert!(parts <= applied.took, "{applied:?}");
        assert!(job.commit(&commit).await.before, "{kind:?}");

        // Only some have rows; and a connection that is lost on the way shows as a cause.
        let rows = (&batch(&[(4, "d2")]), [RowKind::UpdateAfter]);
        let kinds = (kind == Kind::Keyed).then_some(rows.1.as_slice());
        all[1].writer.write(rows.0, kinds).await.unwrap();
        let parts = all[1].writer.close(2).await.unwrap();
        let second = [all[1].prepared.staged(parts, None).to_bytes().unwrap()];
        let when = When {
            statement: Some(StatementKind::Copy),
            user: Some("loader".into()),
            ..When::default()
        };
        let effect = Effect::LoseBefore;
        server.faults().inject(FaultRule { when, skip: 0, count: 1, effect });
        let applied = job.commit(&job.gather(2, &second)).await;
        server.faults().clear();
        assert_eq!((applied.retries, applied.before), (1, false));
        assert_eq!(applied.causes, [(ErrorKind::ConnectionLost, 1)]);
        let expected = match kind {
            Kind::Append => owned(&[(1, "a"), (2, "b"), (3, "c"), (4, "d"), (4, "d2")]),
            Kind::Keyed => owned(&[(1, "a"), (2, "b"), (3, "c"), (4, "d2")]),
        };
        assert_eq!(content(&watcher, table).await, expected);
        assert_eq!(job.staged(), Vec::<String>::new());
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_what_the_restored_checkpoint_may_name_and_sweeps_the_rest() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let job = Job::new(&server, "restarted", Kind::Append);
    let mut all = job.start_all(2, None).await;
    // Checkpoint 2 was given up, so 3 covers what was staged for it too; 4 never came to its end.
    let mut staged = Vec::new();
    for checkpoint in 1..=4_i64 {
        for (index, running) in all.iter_mut().enumerate() {
            let id = 10 * checkpoint + index as i64;
            staged.push(running.stage(checkpoint as u64, &[(id, "x")]).await);
        }
    }
    let third = job.gather(3, &staged[2..6]);
    let parts: Vec<Part> = all.iter().flat_map(|running| running.taken.clone()).collect();
    drop(all);

    // They restart at different times, and one writes before the other has started.
    let mut one = job.start(1, 2, Some(3)).await;
    let of = |subtask: u32, checkpoint: u64| -> Vec<Part> {
        let found = parts.iter().filter(|p| p.subtask == subtask && p.checkpoint == checkpoint);
        let found: Vec<Part> = found.cloned().collect();
        assert_eq!(found.len(), 1);
        found
    };
    job.assert_gone(&of(1, 4));
    job.assert_there(&of(0, 4));
    let fresh = one.stage(4, &[(99, "again")]).await;
    let zero = job.start(0, 2, Some(3)).await;
    job.assert_gone(&of(0, 4));
    job.assert_there(&one.taken);
    let (spared, _): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|p| p.checkpoint < 4);
    job.assert_there(&spared);

    job.commit(&third).await;
    job.commit(&job.gather(4, &[fresh])).await;
    let expected = [(20, "x"), (21, "x"), (30, "x"), (31, "x"), (99, "again")];
    assert_eq!(content(&watcher, "restarted").await, owned(&expected));
    drop(zero);

    // A start from nothing leaves nothing of the first two: nothing can name them any more.
    job.start_all(2, None).await;
    assert_eq!(job.staged(), Vec::<String>::new());
    server.stop().await.unwrap();
}

/// Who closes for a checkpoint may not know its number yet, as after one that was given up.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_sweeps_also_where_numbers_of_checkpoints_were_left_out() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let job = Job::new(&server, "skipped", Kind::Append);
    let mut writer = job.start(0, 1, Some(3)).await;
    // 4 was given up before the restart: the first is 5, and the one after it never ends.
    let held = writer.stage(4, &[(1, "held")]).await;
    writer.writer.reached(5);
    writer.stage(6, &[(2, "lost")]).await;
    let parts = writer.taken.clone();
    drop(writer);

    let mut again = job.start(0, 1, Some(5)).await;
    job.assert_there(&parts[..1]);
    job.assert_gone(&parts[1..]);
    job.commit(&job.gather(5, &[held])).await;
    let rows = again.stage(6, &[(2, "again")]).await;
    again.writer.reached(6);
    job.commit(&job.gather(6, &[rows])).await;
    assert_eq!(content(&watcher, "skipped").await, owned(&[(1, "held"), (2, "again")]));
    assert_eq!(job.staged(), Vec::<String>::new());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_writers_see_to_what_the_others_left() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let job = Job::new(&server, "rescaled", Kind::Append);
    let mut all = job.start_all(4, None).await;
    let (mut held, mut lost) = (Vec::new(), Vec::new());
    for (index, running) in all.iter_mut().enumerate() {
        held.push(running.stage(1, &[(index as i64, "held")]).await);
        lost.push(running.stage(2, &[(index as i64, "lost")]).await);
    }
    let parts: Vec<Part> = all.into_iter().flat_map(|running| running.taken).collect();
    let lost_of = |subtasks: std::ops::Range<u32>| -> Vec<Part> {
        let lost = parts.iter().filter(|p| p.checkpoint == 2 && subtasks.contains(&p.subtask));
        lost.cloned().collect()
    };

    job.start(1, 2, Some(1)).await;
    job.assert_gone(&lost_of(1..2));
    job.assert_there(&lost_of(0..1));
    job.assert_there(&lost_of(2..4));
    job.start(0, 2, Some(1)).await;
    job.assert_gone(&lost_of(0..4));
    assert_eq!(job.staged().len(), 4, "what the checkpoint holds");

    job.commit(&job.gather(1, &held)).await;
    assert_eq!(content(&watcher, "rescaled").await.len(), 4);
    assert_eq!(job.staged(), Vec::<String>::new());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_from_one_savepoint_spare_each_other() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let origin = Job::new(&server, "forked", Kind::Append);
    let mut all = origin.start_all(2, None).await;
    let held = [all[0].stage(1, &[(1, "a")]).await, all[1].stage(1, &[(2, "b")]).await];
    let held = origin.gather(1, &held);
    drop(all);

    // Both go on from checkpoint 1; the second one starts and restarts while the first one writes.
    let one = Job::new(&server, "forked", Kind::Append);
    let other = Job::new(&server, "forked", Kind::Append);
    let mut living = one.start_all(2, Some(1)).await;
    let first = [living[0].stage(2, &[(3, "c")]).await, living[1].stage(2, &[(4, "d")]).await];
    let mut dead = other.start_all(2, Some(1)).await;
    dead[0].stage(2, &[(5, "lost")]).await;
    let mut again = other.start_all(2, Some(1)).await;
    let second = [again[0].stage(2, &[(5, "e")]).await];
    for running in &living {
        one.assert_there(&running.taken);
    }
    other.assert_gone(&dead[0].taken);

    let befores = [one.commit(&held).await.before, other.commit(&held).await.before];
    assert_eq!(befores, [false, true]);
    one.commit(&one.gather(2, &first)).await;
    other.commit(&other.gather(2, &second)).await;
    let expected = owned(&[(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]);
    assert_eq!(content(&watcher, "forked").await, expected);
    assert_eq!(one.staged(), Vec::<String>::new());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_changes_while_writers_start_is_noticed() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let job = Job::new(&server, "changed", Kind::Keyed);
    let mut zero = job.start(0, 2, None).await;
    watcher.batch_execute("ALTER TABLE changed ADD COLUMN note VARCHAR(9)").await.unwrap();
    let mut one = job.start(1, 2, None).await;
    let staged = [zero.stage(1, &[(1, "a")]).await, one.stage(1, &[(2, "b")]).await];
    let staged = staged.iter().map(|bytes| Staged::from_bytes(bytes).unwrap()).collect();
    let error = job.sink().gather(&CommitPoint::Checkpoint(1), staged).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
    assert!(error.to_string().contains("changed while the job started"), "{error}");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overwrite_empties_the_table_although_no_writer_has_rows() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    for (table, kind) in [("emptied", Kind::Append), ("emptied_keyed", Kind::Keyed)] {
        let job = Job::new(&server, table, kind);
        let mut writer = job.start(0, 1, None).await;
        let rows = writer.stage(1, &[(1, "a"), (2, "b")]).await;
        job.commit(&job.gather(1, &[rows])).await;
        assert_eq!(content(&watcher, table).await.len(), 2);

        let job = Job::new(&server, table, kind);
        let sink = || job.sink().overwriting().unwrap();
        let gather = |staged| sink().gather(&CommitPoint::End, staged).unwrap();
        assert_eq!(gather(Vec::new()), None, "no writer came to its end");
        let mut staged = Vec::new();
        for index in 0..2 {
            let subtask = Subtask { index, parallelism: 2, restored: None, savepoints: false };
            let prepared = sink().prepare_subtask(subtask).await.unwrap();
            staged.push(prepared.staged(Vec::new(), None));
        }
        let commit = gather(staged).unwrap();
        assert!(!job.commit(&commit).await.before);
        assert_eq!(content(&watcher, table).await, []);
        assert!(job.commit(&commit).await.before, "once only");
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_committer_left_goes_with_the_next_commit() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    for (table, kind) in [("orphan", Kind::Append), ("orphan_keyed", Kind::Keyed)] {
        let job = Job::new(&server, table, kind);
        let mut writer = job.start(0, 1, None).await;
        let commit = job.gather(1, &[writer.stage(1, &[(1, "a")]).await]);
        let when = When { statement: Some(StatementKind::Copy), ..When::default() };
        let effect = Effect::Stall(std::time::Duration::from_secs(600));
        server.faults().inject(FaultRule { when, skip: 0, count: 1, effect });
        let mut dying = job.sink().committer();
        let stop = CancellationToken::new();
        tokio::select! {
            _ = dying.commit(&commit, &stop) => panic!("it stalls"),
            () = eventually("COPY stalls", async || server.faults().taken() == 1) => {}
        }
        drop(dying);
        server.faults().clear();
        assert_eq!(job.staged().len(), 2, "a part and a manifest");

        // Each committer is an attempt of its own, so the manifest is not where the next one has its.
        assert!(!job.commit(&commit).await.before);
        assert_eq!(content(&watcher, table).await, owned(&[(1, "a")]));
        assert_eq!(job.staged(), Vec::<String>::new());
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_counts_what_passes_through_it() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let job = Job::new(&server, "counted", Kind::Append);
    let mut running = job.start(0, 1, None).await;
    let counts = |writer: &Writer| (writer.rows(), writer.staged_parts());
    assert_eq!(counts(&running.writer), (0, 0));
    let rows = batch(&[(1, "abc"), (2, "de"), (3, "")]);
    // Half of a batch counts as half, whatever its buffers hold.
    running.writer.write(&rows.slice(0, 2), None).await.unwrap();
    let two = running.writer.taken_bytes();
    running.writer.write(&rows.slice(2, 1), None).await.unwrap();
    let three = running.writer.taken_bytes();
    // Three columns of eight bytes, texts with an offset of four bytes each, and one offset more.
    assert!((2 * 28 + 5..2 * 28 + 5 + 16).contains(&two), "{two}");
    assert!(three > two && three < 2 * two, "{two} {three}");
    assert_eq!(counts(&running.writer), (3, 0));
    let parts = running.writer.close(1).await.unwrap();
    assert_eq!(counts(&running.writer), (3, 1));
    assert_eq!(running.writer.staged_bytes(), parts[0].bytes);
    server.stop().await.unwrap();
}
