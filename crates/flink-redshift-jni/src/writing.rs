//! A writer's task: it prepares the target, writes the batches that come, and closes parts.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::array::RecordBatch;
use arrow_redshift::{
    Error, ErrorKind, Result,
    sink::{Flushed, Prepared, Sink, Subtask, Writer},
    stage::RowKind,
};
use futures::FutureExt;
use tokio::{sync::OwnedSemaphorePermit, sync::mpsc::UnboundedReceiver, time::sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    meters::{Meter, Meters},
    throw,
    timed::Timed,
    waiting::Board,
    writer::{ABORT_PATIENCE, News},
};

/// The shortest and the longest pause between two looks at flushes.
const OFTEN: Duration = Duration::from_millis(100);
const SELDOM: Duration = Duration::from_secs(1);

/// What a writer's task is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// To write a batch.
    Write(Box<Batch>),
    /// To close the open part: everything before belongs to a checkpoint.
    Close { checkpoint: u64, end_of_input: bool },
    /// To know the checkpoint that the last close was for.
    Reached { checkpoint: u64 },
}

/// Decoded rows on their way.
#[derive(Debug)]
pub(crate) struct Batch {
    pub batch: RecordBatch,
    pub kinds: Option<Vec<RowKind>>,
    /// When the first of them came, in milliseconds since 1970.
    pub came_at: u64,
    /// The room that the batch takes up while it waits.
    pub room: OwnedSemaphorePermit,
}

/// What a task shares with who opened it.
#[derive(Debug)]
pub(crate) struct Course {
    pub board: Arc<Board<News>>,
    pub meters: Arc<Meters>,
    pub stop: CancellationToken,
}

/// All that a writer's task knows when it begins.
#[derive(Debug)]
pub(crate) struct Writing {
    pub sink: Sink,
    pub subtask: Subtask,
    pub pace: Pace,
    pub overwrite: bool,
    pub course: Course,
}

/// What makes rows move on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Checkpoints, or the end of the input.
    Checkpoints,
    /// The clock: the writer commits what it staged when a row has waited for so long.
    Timed(Duration),
    /// The core's writer itself, batch by batch; a row waits for so long at most.
    Flushes(Duration),
}

/// A writer at work.
struct Work<'a> {
    course: &'a Course,
    prepared: &'a Prepared,
    writer: &'a mut Writer,
    timed: Option<Timed>,
    /// How often flushes are looked at while rows wait.
    look: Option<Duration>,
    /// What flushes had done when they were looked at.
    flushed: Flushed,
    overwrite: bool,
    /// When the first row came that no close and no timed commit has covered.
    first_row_at: Option<u64>,
    /// Bytes that were staged when the last close or timed commit was.
    covered: u64,
}

impl Writing {
    /// Works until it is stopped, and tells why where it fails.
    pub async fn run(self, commands: UnboundedReceiver<Command>) {
        let board = self.course.board.clone();
        let work = AssertUnwindSafe(self.work(commands)).catch_unwind().await;
        let failed = work.unwrap_or_else(|panic| Err(throw::panicked(panic.as_ref())));
        board.note(|state| {
            state.ended = true;
            if let Err(error) = failed {
                state.failure.get_or_insert(Arc::new(error));
            }
        });
    }

    async fn work(self, mut commands: UnboundedReceiver<Command>) -> Result<()> {
        let Writing { sink, subtask, pace, overwrite, course } = self;
        let prepared = unless_stopped(&course.stop, sink.prepare_subtask(subtask)).await?;
        let first = subtask.restored.map_or(0, |restored| restored.saturating_add(1));
        let mut writer = prepared.writer(subtask.index, first)?;
        let mut work = Work {
            course: &course,
            prepared: &prepared,
            writer: &mut writer,
            timed: match pace {
                Pace::Timed(interval) => Some(Timed::new(&prepared, interval)),
                Pace::Checkpoints | Pace::Flushes(_) => None,
            },
            look: match pace {
                Pace::Flushes(interval) => Some(interval.clamp(OFTEN, SELDOM)),
                Pace::Checkpoints | Pace::Timed(_) => None,
            },
            flushed: Flushed::default(),
            overwrite,
            first_row_at: None,
            covered: 0,
        };
        let done = work.go_on(&mut commands).await;
        if let Err(error) = done {
            // Before the cleaning up, so that nobody waits for that.
            course.board.note(|state| state.failure = Some(Arc::new(error)));
        }
        give_up(writer).await;
        Ok(())
    }
}

impl Work<'_> {
    async fn go_on(&mut self, commands: &mut UnboundedReceiver<Command>) -> Result<()> {
        loop {
            let due = self.timed.as_ref().and_then(Timed::due);
            let look = self.look.filter(|_| self.first_row_at.is_some());
            let command = tokio::select! {
                biased;
                () = self.course.stop.cancelled() => return Ok(()),
                () = until(due), if due.is_some() => {
                    self.commit().await?;
                    continue;
                }
                () = tokio::time::sleep(look.unwrap_or_default()), if look.is_some() => {
                    self.look()?;
                    continue;
                }
                command = commands.recv() => command,
            };
            match command {
                Some(Command::Write(batch)) => self.write(*batch).await?,
                Some(Command::Close { checkpoint, end_of_input }) => {
                    let staged = self.close(checkpoint, end_of_input).await?;
                    self.course.board.note(|state| state.news.staged = Some(staged));
                }
                Some(Command::Reached { checkpoint }) => self.writer.reached(checkpoint),
                None => return Ok(()),
            }
        }
    }

    async fn write(&mut self, batch: Batch) -> Result<()> {
        let Batch { batch, kinds, came_at, room } = batch;
        drop(room);
        self.course.board.note(|_| ());
        if self.first_row_at.is_none() {
            self.first_row_at = Some(came_at);
            self.course.meters.set(Meter::OldestRow, came_at);
        }
        let started = Instant::now();
        let written = self.writer.write(&batch, kinds.as_deref());
        unless_stopped(&self.course.stop, written).await?;
        self.course.meters.set(Meter::LastSend, started.elapsed().as_millis() as u64);
        self.measure();
        if let Some(timed) = &mut self.timed {
            timed.came();
        }
        Ok(())
    }

    /// Closes the open part; gives what was staged, for who gathers it.
    async fn close(&mut self, checkpoint: u64, end_of_input: bool) -> Result<Vec<u8>> {
        if self.timed.is_some() {
            self.commit().await?;
            return Ok(Vec::new());
        }
        let parts = unless_stopped(&self.course.stop, self.writer.close(checkpoint)).await?;
        self.measure_flushes();
        let first_row_at = self.first_row_at;
        self.cover();
        if parts.is_empty() && !(self.overwrite && end_of_input) {
            return Ok(Vec::new());
        }
        self.prepared.staged(parts, first_row_at).to_bytes()
    }

    /// Sees what became of flushes that nobody waited for.
    fn look(&mut self) -> Result<()> {
        self.writer.check()?;
        self.measure_flushes();
        if self.flushed.rows == self.writer.rows() {
            self.cover();
        }
        Ok(())
    }

    fn measure_flushes(&mut self) {
        let now = self.writer.flushed();
        let before = std::mem::replace(&mut self.flushed, now);
        let transactions = now.transactions - before.transactions;
        if transactions == 0 {
            return;
        }
        let meters = &self.course.meters;
        meters.add(Meter::Retries, u64::from(now.retries - before.retries));
        meters.add(Meter::RowsLoaded, now.rows - before.rows);
        meters.add(Meter::Flushes, transactions);
        let mean = |spent: Duration| spent.as_millis() as u64 / transactions;
        meters.set(Meter::LockTime, mean(now.turn_wait.saturating_sub(before.turn_wait)));
        meters.set(Meter::CommitTime, mean(now.took.saturating_sub(before.took)));
    }

    /// Commits what was written, on this writer's own.
    async fn commit(&mut self) -> Result<()> {
        let Some(timed) = &mut self.timed else { return Ok(()) };
        let applied = timed.commit(self.prepared, self.writer, &self.course.stop).await?;
        let millis = |duration: Duration| duration.as_millis() as u64;
        if let Some(applied) = applied {
            let meters = &self.course.meters;
            meters.add(Meter::Retries, u64::from(applied.retries));
            meters.add(Meter::RowsLoaded, applied.rows);
            meters.add(Meter::DuplicateKeys, applied.duplicate_keys);
            meters.set(Meter::CopyTime, millis(applied.copy));
            meters.set(Meter::LockTime, millis(applied.lock_wait));
            meters.set(Meter::ConnectionTime, millis(applied.connection_wait));
            meters.set(Meter::CommitTime, millis(applied.commit));
        }
        self.cover();
        Ok(())
    }

    /// Everything so far is with who gathers it, or committed.
    fn cover(&mut self) {
        self.first_row_at = None;
        self.covered = self.writer.staged_bytes();
        self.course.meters.set(Meter::OldestRow, 0);
        self.measure();
    }

    fn measure(&self) {
        let (meters, staged) = (&self.course.meters, self.writer.staged_bytes());
        meters.set(Meter::StagedFiles, self.writer.staged_parts());
        meters.set(Meter::StagedBytes, staged);
        meters.set(Meter::Uncommitted, staged.saturating_sub(self.covered));
        let touched = self.writer.touched();
        meters.set(Meter::DeadLetters, touched.dead_letters);
        meters.set(Meter::ChangedValues, touched.truncated + touched.nulled);
    }
}

/// Gives up what waits for S3 or Redshift as soon as the writer is closed.
pub(crate) async fn unless_stopped<T>(
    stop: &CancellationToken,
    step: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => {
            Err(Error::new(ErrorKind::Interrupted, "the writer is being closed"))
        }
        done = step => done,
    }
}

/// Aborts the open upload, and removes parts that nobody was given.
async fn give_up(writer: Writer) {
    match tokio::time::timeout(ABORT_PATIENCE, writer.abort()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "what a writer had staged was not removed"),
        Err(_) => warn!("what a writer had staged was not removed in time"),
    }
}

async fn until(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
