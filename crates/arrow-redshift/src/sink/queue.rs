//! Rows that wait for a flush: the writer puts them in and waits while there are too many; the
//! flusher takes what is due.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arrow::array::RecordBatch;
use tokio::{sync::Notify, time::Instant};

use crate::{
    error::{Error, ErrorKind, Result},
    stage::batch_bytes,
};

/// Bytes that wait at most, one piece aside; the writer waits beyond that.
const WAITING_BYTES: usize = 16 * 1024 * 1024;
/// Rows that wait at most, where a batch is not larger.
const WAITING_ROWS: usize = 65_536;
/// Bytes of one transaction at most, one piece aside; so many are due whatever else is said.
const FLUSH_BYTES: usize = 8 * 1024 * 1024;
/// A batch waits, and is compressed, in pieces of about so many bytes.
pub(super) const PIECE_BYTES: usize = 1024 * 1024;

/// A row that is held back waits for so many intervals: the one behind it may come an interval later,
/// where rows are brought by the clock.
const HELD_INTERVALS: u32 = 2;
/// And for so long at least.
const HELD: Duration = Duration::from_secs(1);

/// When rows are due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// So many rows are a batch.
    pub batch_size: usize,
    /// The longest that a row waits.
    pub interval: Duration,
}

impl Pace {
    /// The longest that a row is held back.
    fn patience(&self) -> Duration {
        self.interval.saturating_mul(HELD_INTERVALS).max(HELD)
    }
}

/// What flushes have done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Rows that were taken from the input and are committed.
    pub rows: u64,
    /// Transactions that committed them.
    pub transactions: u64,
    /// Tries that failed and were followed by another.
    pub retries: u32,
    /// How long the flushes took, their tries and waits together.
    pub took: Duration,
    /// How much of that was the wait for other writers of the sink.
    pub turn_wait: Duration,
}

/// Rows on their way from a writer to its flusher.
#[derive(Debug)]
pub(super) struct Queue {
    pace: Pace,
    state: Mutex<State>,
    came: Notify,
    went: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Piece>,
    rows: usize,
    bytes: usize,
    /// The last row of all, which may turn out to have nothing to do.
    held: Option<Piece>,
    /// Whether a flush is under way.
    in_flight: bool,
    /// Whether everything is due.
    draining: bool,
    flushed: Flushed,
    failure: Option<Error>,
    failed: bool,
}

#[derive(Debug)]
struct Piece {
    batch: RecordBatch,
    bytes: usize,
    came: Instant,
}

impl Queue {
    pub fn new(pace: Pace) -> Queue {
        let state = Mutex::default();
        Queue { pace, state, came: Notify::new(), went: Notify::new() }
    }

    /// Adds rows, once there is room.
    pub async fn put(&self, batch: &RecordBatch) -> Result<()> {
        for piece in pieces(batch) {
            self.until(|state| self.has_room(state)).await?;
            let piece = Piece { bytes: batch_bytes(&piece), batch: piece, came: Instant::now() };
            let mut state = self.lock();
            state.rows += piece.batch.num_rows();
            state.bytes += piece.bytes;
            state.waiting.push_back(piece);
            drop(state);
            self.came.notify_one();
        }
        Ok(())
    }

    /// Holds a row back behind all others until it is taken back, has waited for too long, or
    /// everything is due.
    pub fn hold(&self, row: &RecordBatch, since: Instant) {
        let piece = Piece { bytes: batch_bytes(row), batch: row.clone(), came: since };
        self.lock().held = Some(piece);
        self.came.notify_one();
    }

    /// Takes the row back that is held; gives since when it was, or nothing where there is none or
    /// it went the way of all rows.
    pub fn take_back(&self) -> Option<Instant> {
        self.lock().held.take().map(|piece| piece.came)
    }

    /// Whether a row is held back.
    pub fn holds(&self) -> bool {
        self.lock().held.is_some()
    }

    /// Makes everything due, and waits until it is committed.
    pub async fn drain(&self) -> Result<()> {
        self.lock().draining = true;
        self.came.notify_one();
        self.until(|state| state.waiting.is_empty() && state.held.is_none() && !state.in_flight)
            .await?;
        self.lock().draining = false;
        Ok(())
    }

    /// Waits for rows that are due, and takes them: those of all whole batches, or all there are
    /// where the first has waited long enough; but no more than one transaction is to hold.
    pub async fn due(&self) -> Vec<RecordBatch> {
        loop {
            let wake = {
                let mut state = self.lock();
                let now = Instant::now();
                state.admit(now, self.pace.patience());
                let rows = self.due_rows(&state, now);
                if rows > 0 {
                    let taken = state.take(rows, self.most_rows());
                    drop(state);
                    // There is room now, not only once these rows are written.
                    self.went.notify_one();
                    return taken;
                }
                self.wake(&state)
            };
            tokio::select! {
                () = self.came.notified() => {}
                () = until(wake) => {}
            }
        }
    }

    /// Says how a flush ended.
    pub fn note(&self, ended: Result<Flushed>) {
        let mut state = self.lock();
        state.in_flight = false;
        match ended {
            Ok(more) => {
                state.flushed.rows += more.rows;
                state.flushed.transactions += more.transactions;
                state.flushed.retries += more.retries;
                state.flushed.took += more.took;
                state.flushed.turn_wait += more.turn_wait;
            }
            Err(error) => {
                state.failure = Some(error);
                state.failed = true;
            }
        }
        drop(state);
        self.went.notify_one();
    }

    /// Says that no flush will come any more.
    pub fn end(&self) {
        self.lock().failed = true;
        self.went.notify_one();
    }

    /// The error of a flush that failed for good, where it was not told yet.
    pub fn check(&self) -> Result<()> {
        let mut state = self.lock();
        match state.failed {
            true => Err(state.failure.take().unwrap_or_else(failed_before)),
            false => Ok(()),
        }
    }

    /// What flushes have done so far.
    pub fn flushed(&self) -> Flushed {
        self.lock().flushed
    }

    async fn until(&self, done: impl Fn(&State) -> bool) -> Result<()> {
        loop {
            self.check()?;
            if done(&self.lock()) {
                return Ok(());
            }
            self.went.notified().await;
        }
    }

    fn has_room(&self, state: &State) -> bool {
        state.bytes < WAITING_BYTES && state.rows < self.most_rows()
    }

    fn most_rows(&self) -> usize {
        WAITING_ROWS.max(self.pace.batch_size)
    }

    fn due_rows(&self, state: &State, now: Instant) -> usize {
        let Some(first) = state.waiting.front() else { return 0 };
        let late = now.saturating_duration_since(first.came) >= self.pace.interval;
        if state.draining || late || state.bytes >= FLUSH_BYTES {
            return state.rows;
        }
        state.rows / self.pace.batch_size * self.pace.batch_size
    }

    /// When something is due without anything else coming.
    fn wake(&self, state: &State) -> Option<Instant> {
        let at = |piece: Option<&Piece>, wait| piece.and_then(|piece| piece.came.checked_add(wait));
        let first = at(state.waiting.front(), self.pace.interval);
        let held = at(state.held.as_ref(), self.pace.patience());
        first.into_iter().chain(held).min()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Has the row wait like any other that has been held back for long enough.
    fn admit(&mut self, now: Instant, patience: Duration) {
        let over = |held: &mut Piece| {
            self.draining || now.saturating_duration_since(held.came) >= patience
        };
        if let Some(piece) = self.held.take_if(over) {
            self.rows += piece.batch.num_rows();
            self.bytes += piece.bytes;
            self.waiting.push_back(piece);
        }
    }

    /// Takes `rows` rows, or as many pieces as one transaction is to hold.
    fn take(&mut self, rows: usize, most: usize) -> Vec<RecordBatch> {
        let mut left = rows.min(most);
        let mut bytes = 0;
        let mut taken = Vec::new();
        while left > 0 && bytes < FLUSH_BYTES {
            let Some(mut piece) = self.waiting.pop_front() else { break };
            if piece.batch.num_rows() > left {
                let rest = piece.batch.slice(left, piece.batch.num_rows() - left);
                let rest = Piece { bytes: batch_bytes(&rest), batch: rest, came: piece.came };
                piece.batch = piece.batch.slice(0, left);
                piece.bytes = piece.bytes.saturating_sub(rest.bytes);
                self.waiting.push_front(rest);
            }
            left -= piece.batch.num_rows();
            bytes += piece.bytes;
            self.rows -= piece.batch.num_rows();
            self.bytes = self.bytes.saturating_sub(piece.bytes);
            taken.push(piece.batch);
        }
        self.in_flight = true;
        taken
    }
}

/// A batch in pieces, so that none is much larger than what waits or is sent at once.
pub(super) fn pieces(batch: &RecordBatch) -> impl Iterator<Item = RecordBatch> + '_ {
    let count = batch_bytes(batch).div_ceil(PIECE_BYTES).max(1);
    let step = batch.num_rows().div_ceil(count).clamp(1, WAITING_ROWS);
    let piece = move |start| batch.slice(start, step.min(batch.num_rows() - start));
    (0..batch.num_rows()).step_by(step).map(piece)
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

fn failed_before() -> Error {
    Error::new(ErrorKind::Internal, "cannot go on with a writer whose rows were not written")
        .hint("begin again from the last checkpoint")
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(rows: usize) -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows as i64));
        RecordBatch::try_from_iter([("n", numbers)]).unwrap()
    }

    fn queue(batch_size: usize, millis: u64) -> Queue {
        Queue::new(Pace { batch_size, interval: Duration::from_millis(millis) })
    }

    fn rows(taken: &[RecordBatch]) -> usize {
        taken.iter().map(RecordBatch::num_rows).sum()
    }

    #[tokio::test]
    async fn whole_batches_are_due_at_once_and_the_rest_when_it_has_waited() {
        let queue = queue(10, 300);
        queue.put(&batch(4)).await.unwrap();
        queue.put(&batch(21)).await.unwrap();
        assert_eq!(rows(&queue.due().await), 20);
        queue.note(Ok(Flushed { rows: 20, transactions: 1, ..Flushed::default() }));
        let first = queue.lock().waiting.front().map(|piece| piece.came).unwrap();
        assert_eq!(rows(&queue.due().await), 5);
        assert!(first.elapsed() >= Duration::from_millis(300));
        assert_eq!(queue.flushed().rows, 20);
    }

    #[tokio::test]
    async fn draining_waits_until_everything_is_committed() {
        let queue = queue(10, 60_000);
        queue.put(&batch(3)).await.unwrap();
        let mut drained = Box::pin(queue.drain());
        assert!(futures::poll!(&mut drained).is_pending());
        assert_eq!(rows(&queue.due().await), 3);
        assert!(futures::poll!(&mut drained).is_pending());
        queue.note(Ok(Flushed::default()));
        drained.await.unwrap();
        assert!(futures::poll!(Box::pin(queue.due())).is_pending());
    }

    #[tokio::test]
    async fn the_writer_waits_while_too_much_waits() {
        let queue = queue(1_000_000, 60_000);
        let text = "x".repeat(1024);
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..40_000).map(|_| &text)));
        let wide = RecordBatch::try_from_iter([("t", texts)]).unwrap();
        let mut put = Box::pin(queue.put(&wide));
        assert!(futures::poll!(&mut put).is_pending());
        assert!(queue.lock().bytes < WAITING_BYTES + 2 * PIECE_BYTES);
        let mut taken = 0;
        while futures::poll!(&mut put).is_pending() {
            let flush = queue.due().await;
            let bytes: usize = flush.iter().map(batch_bytes).sum();
            assert!(bytes < FLUSH_BYTES + 2 * PIECE_BYTES, "{bytes} bytes in one transaction");
            taken += rows(&flush);
            queue.note(Ok(Flushed::default()));
        }
        assert!(taken > 0);
        assert_eq!(taken + queue.lock().rows, 40_000);
    }

    #[tokio::test]
    async fn a_writer_that_waits_goes_on_while_a_flush_is_under_way() {
        let queue = Arc::new(queue(10, 60_000));
        queue.put(&batch(WAITING_ROWS)).await.unwrap();
        let writer = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.put(&batch(10)).await }
        });
        tokio::task::yield_now().await;
        assert!(!writer.is_finished(), "there is no room");
        assert!(rows(&queue.due().await) > 0);
        tokio::time::timeout(Duration::from_secs(20), writer).await.unwrap().unwrap().unwrap();
        assert!(queue.lock().in_flight);
    }

    #[tokio::test]
    async fn a_row_that_is_held_goes_when_it_has_waited_for_long_or_everything_is_due() {
        let slow = queue(2, 60_000);
        slow.put(&batch(2)).await.unwrap();
        slow.hold(&batch(1), Instant::now());
        assert_eq!(rows(&slow.due().await), 2, "it does not make a batch");
        slow.note(Ok(Flushed::default()));
        assert!(slow.take_back().is_some() && slow.take_back().is_none());
        slow.hold(&batch(1), Instant::now());
        assert!(futures::poll!(Box::pin(slow.due())).is_pending());
        let mut drained = Box::pin(slow.drain());
        assert!(futures::poll!(&mut drained).is_pending());
        assert_eq!(rows(&slow.due().await), 1);
        slow.note(Ok(Flushed::default()));
        drained.await.unwrap();
        assert!(slow.take_back().is_none());

        let quick = queue(2, 10);
        let since = Instant::now();
        quick.hold(&batch(1), since);
        assert_eq!(rows(&quick.due().await), 1);
        assert!(since.elapsed() >= HELD);
    }

    #[tokio::test]
    async fn a_failure_is_told_once_and_ends_the_writer() {
        let queue = queue(1, 0);
        queue.put(&batch(1)).await.unwrap();
        queue.due().await;
        queue.note(Err(Error::new(ErrorKind::LoadRefused, "refused")));
        assert_eq!(queue.drain().await.unwrap_err().kind(), ErrorKind::LoadRefused);
        assert_eq!(queue.put(&batch(1)).await.unwrap_err().kind(), ErrorKind::Internal);
    }
}
