//! One process that loads a stream of batches: a writer and the committer, one after the other.

use std::{
    error::Error as StdError,
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use arrow::array::RecordBatch;
use futures::{Stream, StreamExt};
use tokio::time::{Instant as Tick, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    CommitPoint, Committable, CommittableId, Committer, Flushed, Prepared, Writer,
    context::Context, labelled, letters, transaction,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{DeliveryGuarantee, WriteMode},
    session::Session,
    sql::{self, Ledger},
    stage::Part,
};

/// The only point of a batch; its rows carry it as their checkpoint.
const BATCH: u64 = 0;

/// The longest that putting in place what an earlier attempt set aside may take.
const LEFT_PATIENCE: Duration = Duration::from_secs(600);

/// What a load is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Rows flow into parts.
    Staging,
    /// A commit runs.
    Committing,
    /// Everything is applied.
    Done,
}

/// How far a load is; read it from any thread at any time.
#[derive(Debug, Default)]
pub struct Progress {
    rows: AtomicU64,
    staged_bytes: AtomicU64,
    staged_parts: AtomicU64,
    loaded_rows: AtomicU64,
    phase: AtomicU8,
}

impl Progress {
    /// Rows taken from the input.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes written to S3.
    pub fn staged_bytes(&self) -> u64 {
        self.staged_bytes.load(Ordering::Relaxed)
    }

    /// Parts closed on S3.
    pub fn staged_parts(&self) -> u64 {
        self.staged_parts.load(Ordering::Relaxed)
    }

    /// Rows taken from the input that are committed.
    pub fn loaded_rows(&self) -> u64 {
        self.loaded_rows.load(Ordering::Relaxed)
    }

    /// What the load is doing.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Staging,
            1 => Phase::Committing,
            _ => Phase::Done,
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }
}

/// What a load did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows taken from the input.
    pub rows: u64,
    /// Rows taken from the input that this load committed, in either mode: `rows` without those that
    /// were set aside or ignored. Of a keyed table they are changes, however many there are of one
    /// key. None where an earlier run had applied it already.
    pub loaded_rows: u64,
    /// Bytes of all parts.
    pub bytes: u64,
    /// Parts.
    pub parts: u64,
    /// Commits applied by this load.
    pub commits: u64,
    /// Whether an earlier run of the same name had applied it already.
    pub already_applied: bool,
    /// Rows that were set aside.
    pub dead_letters: u64,
    /// Texts that were cut and values that became NULL.
    pub changed_values: u64,
    /// How many keys that were changed had more than one row in the target; none where that was
    /// not counted. A key counts once for each commit.
    pub duplicate_keys: u64,
    /// Tries that failed and were settled.
    pub retries: u32,
    /// How long it took.
    pub took: Duration,
}

impl Prepared {
    /// Loads a stream to its end. `exactly-once` commits once, at the end; `at-least-once`
    /// commits whenever the flush interval has passed, too, and in jdbc mode whenever a batch is
    /// full.
    ///
    /// When the load fails or is stopped, what was not committed is removed from S3. What was
    /// committed stays, with `at-least-once`.
    ///
    /// An identity is one load: a second one under the same launch and sink is found in the ledger,
    /// and is the same load to it. Where the launch has no name, nobody meant it to come again, so
    /// that is an error, and the second one's rows are not loaded.
    pub async fn load<S>(
        self,
        batches: S,
        progress: &Progress,
        stop: &CancellationToken,
    ) -> Result<Summary>
    where
        S: Stream<Item = Result<RecordBatch, Box<dyn StdError + Send + Sync>>>,
    {
        let mut load = Load {
            sink: &self,
            committer: self.committer(),
            progress,
            stop,
            started: Instant::now(),
            timed: 0,
            summary: Summary::default(),
        };
        let left = letters::left(&self.context).await?;
        let done = load.done_before(!left.is_empty()).await?;
        load.settle_left(&left, done).await?;
        if done {
            progress.enter(Phase::Done);
            load.summary.already_applied = true;
            load.summary.took = load.started.elapsed();
            return Ok(load.summary);
        }
        let mut writer = self.writer(0, BATCH)?;
        let result = load.run(&mut writer, batches).await;
        load.note_flushed(&writer);
        let touched = writer.touched();
        load.summary.dead_letters += touched.dead_letters;
        load.summary.changed_values = touched.truncated + touched.nulled;
        if let Err(error) = &result
            && let Err(left) = writer.abort().await
        {
            warn!(%error, cause = %left, "the load failed and its staging was not removed");
        }
        result?;
        progress.enter(Phase::Done);
        load.summary.took = load.started.elapsed();
        Ok(load.summary)
    }
}

struct Load<'a> {
    sink: &'a Prepared,
    committer: Committer,
    progress: &'a Progress,
    stop: &'a CancellationToken,
    started: Instant,
    /// Number of the next timed commit; never used twice, whatever became of it.
    timed: u64,
    summary: Summary,
}

impl Load<'_> {
    /// Whether an earlier run of this name committed everything: then there is nothing to read.
    /// A "no" may be overtaken by a session that is still at it; the commit itself settles that.
    /// Where it must not be, the ledger is read under its lock.
    async fn done_before(&mut self, surely: bool) -> Result<bool> {
        let context = &self.sink.context;
        let config = &context.config;
        if config.run_id.is_none() || config.guarantee == DeliveryGuarantee::AtLeastOnce {
            return Ok(false);
        }
        let id = CommittableId::new(&context.identity, &CommitPoint::End);
        let asked = async {
            match self.recorded(&id, surely).await {
                // A session of a process that is gone holds the lock.
                Err(error) if error.kind() == ErrorKind::LockTimeout && surely => {
                    labelled::end_lost(&self.session().await?, &id.label()).await?;
                    self.recorded(&id, surely).await
                }
                recorded => recorded,
            }
        };
        let found = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(stopped()),
            found = asked => found,
        };
        match found {
            Err(error) if error.kind() == ErrorKind::LockTimeout && !surely => Ok(false),
            found => found,
        }
    }

    async fn session(&self) -> Result<Session> {
        let Context { identity, connections, .. } = self.sink.context.as_ref();
        connections.open(&identity.job).await
    }

    /// Whether the ledger holds an id, which is certain under its lock only.
    async fn recorded(&self, id: &CommittableId, surely: bool) -> Result<bool> {
        let Context { config, identity, shape, .. } = self.sink.context.as_ref();
        let session = self.session().await?;
        let (ledger, patience) = (Ledger::beside(&shape.target), config.lock_timeout);
        if surely {
            session.run(&sql::BEGIN).await?;
            session.run_within(&sql::lock(&[&ledger.table]), patience).await?;
        }
        let job = identity.recorded_job();
        let found = transaction::applied(&session, &ledger, &[id], &job, patience).await?;
        Ok(found.ids.contains(id))
    }

    /// What an earlier attempt of this name set aside is put in place where that attempt committed,
    /// and removed where it did not: then this one sets the rows aside again.
    async fn settle_left(&mut self, left: &[Part], done: bool) -> Result<()> {
        if left.is_empty() {
            return Ok(());
        }
        let Context { config, identity, .. } = self.sink.context.as_ref();
        let staging = self.sink.context.staging()?;
        if done {
            let id = CommittableId::new(identity, &CommitPoint::End);
            letters::place(config, staging, &id, left, true, LEFT_PATIENCE).await?;
        }
        staging.delete(left.iter().map(|part| part.url.as_str())).await.map(drop)
    }

    async fn run<S>(&mut self, writer: &mut Writer, batches: S) -> Result<()>
    where
        S: Stream<Item = Result<RecordBatch, Box<dyn StdError + Send + Sync>>>,
    {
        let config = &self.sink.context.config;
        let at_least_once = config.guarantee == DeliveryGuarantee::AtLeastOnce;
        let flushes = at_least_once && config.mode == WriteMode::Jdbc;
        let timed = at_least_once && !flushes;
        let interval = config.flush_interval;
        let mut due: Option<Tick> = None;
        let mut batches = std::pin::pin!(batches);
        loop {
            let next = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(stopped()),
                () = wait(due), if due.is_some() => {
                    let point = self.next_timed();
                    self.commit(writer, point).await?;
                    due = None;
                    continue;
                }
                next = batches.next() => next,
            };
            let Some(batch) = next else { break };
            let batch = batch.map_err(|error| {
                Error::new(ErrorKind::SourceFailed, "the input failed").source(error)
            })?;
            self.write(writer, &batch).await?;
            if timed && due.is_none() && batch.num_rows() > 0 {
                due = Some(Tick::now() + interval);
            }
        }
        match (flushes, timed) {
            (true, _) => self.flush(writer).await,
            (false, true) => {
                let point = self.next_timed();
                self.commit(writer, point).await
            }
            (false, false) => self.commit(writer, CommitPoint::End).await,
        }
    }

    /// Waits until everything is committed that the writer commits on its own.
    async fn flush(&mut self, writer: &mut Writer) -> Result<()> {
        self.progress.enter(Phase::Committing);
        self.close(writer).await?;
        self.note_flushed(writer);
        let Flushed { rows, transactions, retries, .. } = writer.flushed();
        self.summary.loaded_rows = rows;
        self.summary.commits = transactions;
        self.summary.retries = retries;
        Ok(())
    }

    /// Ends what is open, unless the load is stopped: S3 may keep it waiting.
    async fn close(&self, writer: &mut Writer) -> Result<Vec<Part>> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(stopped()),
            closed = writer.close(BATCH) => closed,
        }
    }

    fn note_flushed(&self, writer: &Writer) {
        let rows = writer.flushed().rows;
        self.progress.loaded_rows.fetch_max(rows, Ordering::Relaxed);
    }

    fn next_timed(&mut self) -> CommitPoint {
        let number = self.timed;
        self.timed += 1;
        CommitPoint::Timed { attempt: self.sink.attempt, number }
    }

    async fn write(&mut self, writer: &mut Writer, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows() as u64;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(stopped()),
            written = writer.write(batch, None) => written?,
        }
        self.summary.rows += rows;
        self.progress.rows.fetch_add(rows, Ordering::Relaxed);
        self.progress.staged_bytes.store(writer.staged_bytes(), Ordering::Relaxed);
        self.note_flushed(writer);
        Ok(())
    }

    /// Whether an earlier run may have applied this point, and this one is meant to be the same.
    fn may_come_again(&self, point: &CommitPoint) -> bool {
        self.sink.context.identity.launch.is_named() && *point == CommitPoint::End
    }

    async fn commit(&mut self, writer: &mut Writer, point: CommitPoint) -> Result<()> {
        let parts = self.close(writer).await?;
        self.progress.staged_bytes.store(writer.staged_bytes(), Ordering::Relaxed);
        self.progress.staged_parts.fetch_add(parts.len() as u64, Ordering::Relaxed);
        let Some(commit) = self.sink.gather(&point, parts)? else { return Ok(()) };
        self.progress.enter(Phase::Committing);
        let applied =
            self.committer.commit_once(&commit, self.stop).await.inspect_err(|error| {
                // It is applied; what it set aside still has to be put in place.
                if error.kind() == ErrorKind::DeadLettersPending {
                    self.progress.loaded_rows.fetch_add(commit.taken(), Ordering::Relaxed);
                }
            })?;
        if applied.before && !self.may_come_again(&point) {
            return Err(taken(&commit));
        }
        self.summary.parts += applied.parts as u64;
        self.summary.bytes += commit.bytes();
        self.summary.retries += applied.retries;
        self.summary.duplicate_keys += applied.duplicate_keys;
        self.summary.dead_letters += applied.dead_letters - commit.dead_letters();
        self.summary.already_applied |= applied.before;
        if !applied.before {
            self.summary.commits += 1;
            self.summary.loaded_rows += applied.rows;
            self.progress.loaded_rows.fetch_add(applied.rows, Ordering::Relaxed);
        }
        self.progress.enter(Phase::Staging);
        Ok(())
    }
}

/// Other rows were loaded under the identity: to go on would lose these without a word.
fn taken(commit: &Committable) -> Error {
    let why = "another load was committed under this identity before, so these rows are not loaded";
    Error::new(ErrorKind::InvalidOptions, why).with("commit", commit.id()).hint(
        "give each load a launch of its own (LaunchId::fresh), or another name of the sink; one \
         that is to be run again takes LaunchId::named",
    )
}

async fn wait(due: Option<Tick>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Interrupted, "stopped before the end of the input; nothing of it is left")
}
