//! A writer as Java sees it: buffers in, parts out, and no call that waits for long.
//!
//! The rows of a push are decoded on the caller's thread and handed to the writer's task, which
//! checks, encodes and uploads them. One batch may wait while another is written; a push that finds
//! no room is not taken.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arrow_redshift::{Error, ErrorKind, Result, sink::Subtask};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    meters::{COUNT, Meter, Meters},
    plan::Plan,
    row::{Decoder, Rows},
    runtime::Lease,
    waiting::{Board, Failure},
    writing::{Batch, Command, Course, Pace, Writing},
};

/// How long giving up may take: the open upload is aborted, and what nobody holds is removed.
pub(crate) const ABORT_PATIENCE: Duration = Duration::from_secs(3);
/// Batches that wait beside the one that is being written.
const WAITING: usize = 1;

/// Where a writer stands in its job, and how it writes.
#[derive(Debug, Clone, Copy)]
pub struct Post {
    /// Which of the sink's writers it is.
    pub subtask: Subtask,
    /// Whether it commits on its own by the clock, since there are no checkpoints.
    pub timed: bool,
}

/// What a writer's task tells.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// What was staged up to the close that was asked for; empty where nothing was.
    pub staged: Option<Vec<u8>>,
    /// Whether a close was asked for and not taken yet.
    pub closing: bool,
}

/// One open writer. Its task is stopped by [`close`](WriterHandle::close), or when it is dropped.
#[derive(Debug)]
pub struct WriterHandle {
    decoder: Decoder,
    inbox: mpsc::UnboundedSender<Command>,
    room: Arc<Semaphore>,
    board: Arc<Board<News>>,
    meters: Arc<Meters>,
    /// Rows that were decoded.
    rows: AtomicU64,
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Keeps the threads, and is given back last.
    _lease: Lease,
}

impl WriterHandle {
    /// Begins a writer. It prepares its target while the first rows already come.
    pub fn open(plan: &Plan, operator: &str, job: &str, post: Post) -> Result<WriterHandle> {
        let sink = plan.sink(operator, job)?;
        let decoder = plan.decoder()?;
        let lease = Lease::take()?;
        let (inbox, commands) = mpsc::unbounded_channel();
        let board = Arc::new(Board::new(News::default()));
        let (meters, stop) = (Arc::new(Meters::default()), CancellationToken::new());
        let course = Course { board: board.clone(), meters: meters.clone(), stop: stop.clone() };
        let interval = plan.config.flush_interval;
        let pace = match (plan.flushes(), post.timed) {
            (true, _) => Pace::Flushes(interval),
            (false, true) => Pace::Timed(interval),
            (false, false) => Pace::Checkpoints,
        };
        let overwrite = plan.overwrite;
        let writing = Writing { sink, subtask: post.subtask, pace, overwrite, course };
        let task = lease.spawn(writing.run(commands));
        Ok(WriterHandle {
            decoder,
            inbox,
            room: Arc::new(Semaphore::new(WAITING)),
            board,
            meters,
            rows: AtomicU64::new(0),
            stop,
            task: Mutex::new(Some(task)),
            _lease: lease,
        })
    }

    /// Takes a buffer of rows, or says that there is no room now. The first of them came at `since`,
    /// in milliseconds since 1970.
    pub fn push(&self, bytes: &[u8], rows: usize, since: u64) -> Result<bool, Failure> {
        self.board.check()?;
        let Ok(room) = self.room.clone().try_acquire_owned() else { return Ok(false) };
        if rows == 0 && bytes.is_empty() {
            return Ok(true);
        }
        let before = self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        let Rows { batch, kinds } = self.decoder.decode(bytes, rows, before)?;
        self.meters.add(Meter::Rows, rows as u64);
        self.meters.add(Meter::Bytes, bytes.len() as u64);
        let batch = Batch { batch, kinds, came_at: since, room };
        self.send(Command::Write(Box::new(batch)))?;
        Ok(true)
    }

    /// Waits until a push would be taken; whether it would.
    pub fn wait(&self, patience: Duration) -> Result<bool, Failure> {
        let free = |_: &mut _| (self.room.available_permits() > 0).then_some(());
        Ok(self.board.wait(patience, free)?.is_some())
    }

    /// Asks for the open part to be closed: what was pushed so far belongs to `checkpoint`.
    pub fn begin_close(&self, checkpoint: u64, end_of_input: bool) -> Result<(), Failure> {
        self.board.check()?;
        let closing = self.board.look(|state| std::mem::replace(&mut state.news.closing, true));
        if closing {
            return Err(Arc::new(broken("a close was asked for before the last one was taken")));
        }
        self.send(Command::Close { checkpoint, end_of_input })
    }

    /// Takes what was staged up to the close that was asked for; `None` when it has not come within
    /// `patience`, and empty where nothing was staged.
    pub fn take_staged(&self, patience: Duration) -> Result<Option<Vec<u8>>, Failure> {
        if !self.board.look(|state| state.news.closing) {
            return Err(Arc::new(broken("nothing was asked to be closed")));
        }
        self.board.wait(patience, |state| {
            let staged = state.news.staged.take()?;
            state.news.closing = false;
            Some(staged)
        })
    }

    /// Says which checkpoint the last close was for: rows that come later belong to a later one.
    pub fn reached(&self, checkpoint: u64) -> Result<(), Failure> {
        self.board.check()?;
        self.send(Command::Reached { checkpoint })
    }

    /// What the writer counted so far.
    pub(crate) fn meters(&self) -> [i64; COUNT] {
        self.meters.read()
    }

    /// Ends all waiting: whoever waits, and whoever calls next, gets the error that says so.
    pub fn interrupt(&self) {
        self.board.note(|state| state.interrupted = true);
    }

    /// Stops the writer: what it was doing is given up, and its open upload is aborted.
    pub fn close(&self) {
        self.stop.cancel();
        self.interrupt();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return };
        // Giving up has its own bound; this one is for a task that does not come to it.
        if !self.board.wait_for_end(ABORT_PATIENCE + Duration::from_secs(1)) {
            tracing::warn!("a writer did not stop in time; what it has staged goes with a sweep");
            task.abort();
        }
    }

    fn send(&self, command: Command) -> Result<(), Failure> {
        // A task whose inbox is gone has told why, or is being closed.
        self.inbox.send(command).map_err(|_| match self.board.check() {
            Err(failure) => failure,
            Ok(()) => Arc::new(broken("the writer has ended")),
        })
    }
}

impl Drop for WriterHandle {
    fn drop(&mut self) {
        self.close();
    }
}

fn broken(why: &str) -> Error {
    Error::new(ErrorKind::Internal, why)
}
