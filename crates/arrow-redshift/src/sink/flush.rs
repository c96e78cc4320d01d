//! Jdbc mode, at least once: a writer's rows are gathered while its flusher writes those before
//! them, each flush one transaction in one round trip.
//!
//! A flush: (keyed: folded by key) → its turn among the table's writers → BEGIN → (keyed: LOCK) →
//! INSERT → (keyed, or where a column needs an expression: apply the staging table, and empty it) →
//! COMMIT. All of it is sent at once.
//! What fails transiently is sent again as a whole: also where the answer to COMMIT was lost, which
//! may append rows a second time and changes nothing by key.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{array::RecordBatch, compute::concat_batches, datatypes::DataType};
use tokio::time::Instant as Tick;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, warn};

use super::{
    commit::ASIDE_PATIENCE,
    context::Context,
    identity::WriterLabels,
    labelled,
    queue::{Flushed, Pace, Queue},
    transaction::{STAGE, applying, from_stage},
    turn::Turns,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::SinkConfig,
    retry::Tries,
    session::{Piece, Session},
    sql::{self, Applying, CopyInto, InsertRows, Layout, Statement},
    stage::{Fold, Intake, RowKind, batch_bytes},
};

/// After so many rows the staging table is made anew: deleted rows lie in a table until somebody
/// vacuums it, and nobody does so for a temporary one.
const STAGE_ROWS: u64 = 200_000;

/// The values of one statement take no more bytes than this, one row aside.
const MESSAGE_BYTES: usize = 8 * 1024 * 1024;

/// Writes one subtask's rows.
///
/// **Memory**: 16 MiB of rows that wait and 8 MiB of those that are sent, each with one piece of
/// 1 MiB more, the latter three times over (gathered, folded, and on the wire): below 64 MiB beside
/// the caller's batch.
#[derive(Debug)]
pub(super) struct FlushWriter {
    intake: Intake,
    queue: Arc<Queue>,
    _flusher: AbortOnDropHandle<()>,
}

impl FlushWriter {
    /// A writer and the task that flushes its rows; needs a runtime to run in.
    pub fn new(context: &Arc<Context>, intake: Intake) -> FlushWriter {
        let config = &context.config;
        if context.parallelism > 1 && intake.subtask() == 0 {
            let (writers, table) = (context.parallelism, &context.shape.target);
            warn!(
                writers, %table,
                "in jdbc mode a table's writers take turns, and those of several processes wait for \
                 its lock: one writer ('sink.parallelism' = '1') is as fast"
            );
        }
        let pace = Pace { batch_size: config.batch_size, interval: config.flush_interval };
        let queue = Arc::new(Queue::new(pace));
        let flusher = Flusher::new(Arc::clone(context), intake.subtask());
        let task = tokio::spawn(flusher.run(Arc::clone(&queue)));
        FlushWriter { intake, queue, _flusher: AbortOnDropHandle::new(task) }
    }

    /// Checks a batch and puts it in line, once there is room.
    pub async fn write(&mut self, batch: &RecordBatch, kinds: Option<&[RowKind]>) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        // While this batch says what the row that is held does, no flush may take it.
        let held_since = self.queue.take_back();
        if held_since.is_none() {
            self.intake.let_go();
        }
        let taken = self.intake.take(batch, kinds);
        if let (Err(_), Some(since)) = (&taken, held_since) {
            self.hold(since);
        }
        for rows in &taken? {
            self.queue.put(rows).await?;
        }
        self.hold(Tick::now());
        Ok(())
    }

    /// Has the row wait in line that the intake holds, where it holds one.
    fn hold(&self, since: Tick) {
        if let Some(row) = self.intake.held() {
            self.queue.hold(row, since);
        }
    }

    /// Waits until all rows are committed.
    pub async fn close(&mut self, checkpoint: u64) -> Result<()> {
        self.queue.drain().await?;
        self.intake.let_go();
        self.intake.end(checkpoint);
        Ok(())
    }

    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Rows so far that are flushed or wait for it; not the one that is held back.
    pub fn rows(&self) -> u64 {
        let let_go = self.intake.held().is_some() && !self.queue.holds();
        self.intake.rows() + u64::from(let_go)
    }

    pub fn flushed(&self) -> Flushed {
        self.queue.flushed()
    }

    /// What became of a flush that nobody waited for.
    pub fn check(&self) -> Result<()> {
        self.queue.check()
    }
}

/// Shows that this attempt at a writer's work has begun: from then on none that began before it
/// opens a session any more. The writer's own first flush, which makes sure of it, may be long to
/// come.
pub(super) async fn begin(context: &Context, subtask: u32) -> Result<()> {
    let labels = context.identity.writer_labels(context.attempt, subtask, context.parallelism);
    let shown = tokio::time::timeout(ASIDE_PATIENCE, async {
        let session = labelled_session(context, &labels).await?;
        labelled::fail_if_superseded(&session, &labels).await
    });
    match shown.await {
        Ok(Err(error)) if error.kind() == ErrorKind::WriterSuperseded => Err(error),
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            warn!(%error, subtask, "a writer's start could not be shown, its first flush does");
            Ok(())
        }
        Err(_) => {
            warn!(subtask, "a writer's start was not answered, its first flush shows it");
            Ok(())
        }
    }
}

/// A new session under a writer's label.
async fn labelled_session(context: &Context, labels: &WriterLabels) -> Result<Session> {
    let Context { identity, shape, connections, .. } = context;
    let session = connections.open(&identity.application(&shape.target)).await?;
    prepare(&session, [sql::set_query_group(&labels.own)]).await?;
    Ok(session)
}

/// Flushes one writer's rows.
struct Flusher {
    context: Arc<Context>,
    turns: Turns,
    fold: Option<Fold>,
    labels: WriterLabels,
    texts: Texts,
    session: Option<Open>,
    /// Whether no earlier transaction of this sink's can come through any more that is not this
    /// writer's peers': by key, an older one that comes after a newer one would undo it.
    clear: bool,
    /// Whether the last try had a session.
    reached: bool,
}

/// The flusher's session, and how many rows have gone through its staging table.
struct Open {
    session: Session,
    staged: Option<u64>,
}

impl Flusher {
    fn new(context: Arc<Context>, subtask: u32) -> Flusher {
        let turns = Turns::of(&context.place());
        let labels = context.identity.writer_labels(context.attempt, subtask, context.parallelism);
        let fold = Fold::new(&context.plan);
        let clear = !context.shape.layout.keyed();
        let texts = Texts::default();
        Flusher { context, turns, fold, labels, texts, session: None, clear, reached: false }
    }

    /// Flushes what is due until a flush fails for good.
    async fn run(mut self, queue: Arc<Queue>) {
        // Also where this task ends in another way: then nobody waits for a flush that never comes.
        let over = Over(&queue);
        loop {
            let batches = queue.due().await;
            let ended = self.flush(&batches).await;
            let failed = ended.is_err();
            queue.note(ended);
            if failed {
                break;
            }
        }
        drop(over);
    }

    async fn flush(&mut self, batches: &[RecordBatch]) -> Result<Flushed> {
        let started = Instant::now();
        let rows: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        let batch = match &self.fold {
            Some(fold) => gathered(&fold.fold(batches.to_vec())?.batches)?,
            None => gathered(batches)?,
        };
        let mut flushed = Flushed { rows, transactions: 1, ..Flushed::default() };
        let mut tries = Tries::new(self.context.config.max_retries);
        loop {
            let waited = Instant::now();
            let turn = self.turns.take().await;
            flushed.turn_wait += waited.elapsed();
            let tried = self.attempt(&batch).await;
            drop(turn);
            let error = match tried {
                Ok(()) => break,
                Err(error) => error,
            };
            self.clear &= match error.kind() {
                ErrorKind::LockTimeout => false,
                ErrorKind::CommitUnknown => !self.is_keyed(),
                _ => true,
            };
            match tries.next_after(error.kind(), self.reached) {
                Some(delay) => {
                    flushed.retries += 1;
                    let (retry, most) = (flushed.retries, self.context.config.max_retries);
                    let reached = self.reached;
                    warn!(
                        %error, ?delay, retry, most, reached, rows,
                        "a flush failed, trying again"
                    );
                    tokio::time::sleep(delay).await;
                }
                None => return Err(self.told(error, rows, flushed.retries + 1)),
            }
        }
        flushed.took = started.elapsed();
        debug!(rows, took = ?flushed.took, retries = flushed.retries, "flushed");
        Ok(flushed)
    }

    /// One try. The session stays where its transaction has surely ended.
    async fn attempt(&mut self, batch: &RecordBatch) -> Result<()> {
        self.reached = false;
        let open = self.opened().await?;
        self.reached = true;
        let context = &self.context;
        let (target, layout) = (&context.shape.target, &context.shape.layout);
        let (insert, applying) = match layout.staged() {
            true => {
                let applying = self.applying(batch)?;
                (staging(layout, applying), Some(applying))
            }
            false => (InsertRows::new(CopyInto::Target(target), layout), None),
        };
        let sent = first_columns(batch, insert.columns())?;
        let mut pieces = Vec::new();
        if layout.keyed() && context.config.lock_target {
            pieces.push(Piece::Lock(sql::lock(&[target])));
        }
        let batch_size = context.config.batch_size;
        pieces.extend(inserts(insert, &sent, batch_size, &mut self.texts));
        if let Some(applying) = applying {
            let statements = from_stage(target, layout, applying).into_iter();
            let clear = sql::clear_stage(STAGE, layout, applying);
            pieces.extend(statements.chain(clear).map(Piece::Run));
        }
        let taken = open.session.transact(&pieces, context.config.lock_timeout).await;
        let again = matches!(&taken, Err(e) if e.kind() == ErrorKind::TransactionConflict);
        if taken.is_ok() || (again && !open.session.is_closed()) {
            let staged = open.staged.map(|staged| staged + batch.num_rows() as u64);
            open.session.rest();
            self.session = Some(Open { staged, ..open });
        }
        match taken? {
            taken if taken == batch.num_rows() as u64 => Ok(()),
            taken => {
                let why = format!("the server took {taken} rows of {}", batch.num_rows());
                Err(Error::new(ErrorKind::Internal, why))
            }
        }
    }

    /// By which statements a folded batch is applied.
    fn applying(&self, batch: &RecordBatch) -> Result<Applying> {
        let upserts = match &self.fold {
            Some(fold) => !fold.retracts(batch)?,
            None => true,
        };
        let Context { config, shape, .. } = &*self.context;
        Ok(applying_flush(config, &shape.layout, upserts))
    }

    /// The session of the last flush, or a new one; for a keyed table with its staging table.
    async fn opened(&mut self) -> Result<Open> {
        // What is not taken goes at once: it holds the place that a new one takes.
        let kept = self.session.take().filter(|open| open.session.resume());
        let mut open = match kept {
            Some(open) => open,
            None => Open { session: self.alone().await?, staged: None },
        };
        let shape = &self.context.shape;
        if shape.layout.staged() && open.staged.is_none_or(|rows| rows >= STAGE_ROWS) {
            let old = open.staged.map(|_| sql::drop_table(STAGE));
            // What is prepared leads to the old table, which an old server does not notice.
            open.session.forget_prepared();
            let new = sql::create_stage(STAGE, &shape.layout);
            prepare(&open.session, old.into_iter().chain([new])).await?;
            open.staged = Some(0);
        }
        Ok(open)
    }

    fn is_keyed(&self) -> bool {
        self.context.shape.layout.keyed()
    }

    /// A session under this writer's label, beside which no other writes what it writes.
    ///
    /// By key nothing may come through later than what is newer. So a try fails that cannot be sure
    /// of two things: that what earlier tries, or writers before a restart, left behind has ended
    /// (all of a transaction is sent at once, COMMIT too: a lost one that waits for the lock would
    /// be committed later); and that this writer is not itself what was left behind of an attempt
    /// that somebody gave up. Who comes later first shows that it is there and then ends the sessions
    /// of those before, and those look for it on each new session: whichever of the two comes first,
    /// the older one does not go on.
    ///
    /// Without a key nothing is in order, and what stays behind costs no more than the wait for its
    /// lock, so that is only tried.
    async fn alone(&mut self) -> Result<Session> {
        let session = labelled_session(&self.context, &self.labels).await?;
        if self.clear && !self.is_keyed() {
            return Ok(session);
        }
        let looked = tokio::time::timeout(ASIDE_PATIENCE, async {
            if self.is_keyed() {
                labelled::fail_if_superseded(&session, &self.labels).await?;
            }
            match self.clear {
                true => Ok(()),
                false => labelled::end_earlier_writers(&session, &self.labels).await,
            }
        });
        let looked = looked.await.unwrap_or_else(|_| {
            let why = format!("it was not answered within {ASIDE_PATIENCE:?}");
            Err(Error::new(ErrorKind::ServerUnavailable, why))
        });
        match looked {
            Err(error) if self.is_keyed() => {
                Err(error.with("while", "looking for other sessions of this writer"))
            }
            Err(error) => {
                warn!(%error, "lost sessions of a writer were not found");
                self.clear = true;
                drop(session);
                labelled_session(&self.context, &self.labels).await
            }
            Ok(()) => {
                self.clear = true;
                Ok(session)
            }
        }
    }

    /// The error of a flush that is given up.
    fn told(&self, error: Error, rows: u64, tries: u32) -> Error {
        error.with("table", &self.context.shape.target).with("rows", rows).with("tries", tries)
    }
}

/// Runs statements that wait for no lock. Their answers do not take for ever: a flush that waits for
/// them has its turn, and all other writers of the table wait for it.
async fn prepare(session: &Session, statements: impl IntoIterator<Item = Statement>) -> Result<()> {
    let pieces: Vec<Piece<'_>> = statements.into_iter().map(Piece::Run).collect();
    session.pipeline(&pieces, Duration::ZERO).await.map(drop)
}

/// Says when it goes that no flush will come any more.
struct Over<'a>(&'a Queue);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn gathered(batches: &[RecordBatch]) -> Result<RecordBatch> {
    let [first, rest @ ..] = batches else {
        return Err(Error::new(ErrorKind::Internal, "a flush without rows"));
    };
    if rest.is_empty() {
        return Ok(first.clone());
    }
    concat_batches(&first.schema(), batches).map_err(|error| {
        Error::new(ErrorKind::Internal, "batches could not be gathered").source(error)
    })
}

/// By which statements a flush is applied. All changes of its keys are its own, so that folding has
/// left one of each where it can tell keys apart as the target does.
pub(super) fn applying_flush(config: &SinkConfig, layout: &Layout, upserts: bool) -> Applying {
    match applying(config, layout, upserts) {
        Applying::Changes if layout.folds() => Applying::Folded,
        other => other,
    }
}

/// The INSERTs into the staging table of a flush.
pub(super) fn staging(layout: &Layout, applying: Applying) -> InsertRows<'_> {
    match applying {
        Applying::Folded => InsertRows::folded(STAGE, layout),
        Applying::Changes | Applying::Merge => InsertRows::new(CopyInto::Stage(STAGE), layout),
    }
}

fn first_columns(batch: &RecordBatch, count: usize) -> Result<RecordBatch> {
    batch.project(&(0..count).collect::<Vec<_>>()).map_err(|error| {
        Error::new(ErrorKind::Internal, "a batch has too few columns").source(error)
    })
}

/// The INSERTs of a batch's rows: one, unless it would have too many parameters or their values be
/// too large. Where one is not enough they are of whole `batch_size`s, so that few texts come again
/// and again, which the server then reads once.
pub(super) fn inserts<'a>(
    insert: InsertRows<'_>,
    batch: &'a RecordBatch,
    batch_size: usize,
    texts: &mut Texts,
) -> Vec<Piece<'a>> {
    let most = insert.most_rows();
    let step = if batch_size < most { most - most % batch_size.max(1) } else { most };
    let starts = (0..batch.num_rows()).step_by(step);
    let ranges = starts.map(|start| start..batch.num_rows().min(start + step));
    ranges
        .flat_map(|rows| cut(batch, rows))
        .map(|rows| Piece::Insert(texts.of(insert, rows.len()), batch, rows))
        .collect()
}

/// The INSERTs into one table that were sent lately, by their numbers of columns and rows: to write
/// thousands of parameters' names takes as long as to send their values.
#[derive(Debug, Default)]
pub(super) struct Texts(VecDeque<((usize, usize), Statement)>);

impl Texts {
    /// As many as a session remembers.
    const KEPT: usize = 16;

    fn of(&mut self, insert: InsertRows<'_>, rows: usize) -> Statement {
        let size = (insert.columns(), rows);
        if let Some((_, known)) = self.0.iter().find(|(known, _)| *known == size) {
            return known.clone();
        }
        let text = insert.statement(rows);
        self.0.push_back((size, text.clone()));
        if self.0.len() > Self::KEPT {
            self.0.pop_front();
        }
        text
    }
}

/// Rows in halves until each fits in a message, or is one row.
fn cut(batch: &RecordBatch, rows: Range<usize>) -> Vec<Range<usize>> {
    if rows.len() < 2 || sent_bytes(&batch.slice(rows.start, rows.len())) <= MESSAGE_BYTES {
        return vec![rows];
    }
    let middle = rows.start + rows.len() / 2;
    let mut ranges = cut(batch, rows.start..middle);
    ranges.extend(cut(batch, middle..rows.end));
    ranges
}

/// Bytes of a batch's values as they are sent: those of a VARBYTE as two digits each.
fn sent_bytes(batch: &RecordBatch) -> usize {
    let binary = batch.columns().iter().filter(|column| *column.data_type() == DataType::Binary);
    let digits = binary.map(|column| column.to_data().get_slice_memory_size().unwrap_or_default());
    batch_bytes(batch) + digits.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, BinaryArray, StringArray};

    use super::*;
    use crate::sql::{Layout, LoadColumn, Qualified};

    fn cuts(widths: &[usize]) -> Vec<Range<usize>> {
        let texts = widths.iter().map(|width| "x".repeat(*width));
        cuts_of(Arc::new(StringArray::from_iter_values(texts)))
    }

    fn cuts_of(values: ArrayRef) -> Vec<Range<usize>> {
        let batch = RecordBatch::try_from_iter([("t", values)]).unwrap();
        let column = LoadColumn {
            name: "t".into(),
            stage_type: String::new(),
            conversion: crate::sql::Conversion::None,
            key: false,
            text: true,
        };
        let layout = Layout { columns: vec![column], direct: true, complete: true };
        let target = Qualified { schema: "s".into(), table: "t".into() };
        let pieces = inserts(
            InsertRows::new(CopyInto::Target(&target), &layout),
            &batch,
            1000,
            &mut Texts::default(),
        );
        let rows = |piece: Piece<'_>| match piece {
            Piece::Insert(_, _, rows) => rows,
            other => panic!("{other:?}"),
        };
        pieces.into_iter().map(rows).collect()
    }

    #[test]
    fn a_statement_has_neither_too_many_parameters_nor_too_large_values() {
        assert_eq!(cuts(&[10; 32_000]), std::slice::from_ref(&(0..32_000)));
        assert_eq!(cuts(&[1; 32_767]), [0..32_000, 32_000..32_767]);
        let wide = 3 * 1024 * 1024;
        assert_eq!(cuts(&[wide; 4]), [0..2, 2..4]);
        assert_eq!(cuts(&[3 * wide, 1, 3 * wide]), [0..1, 1..2, 2..3]);
        // Each byte of these is sent as two.
        let bytes = vec![vec![1_u8; wide / 2]; 4];
        let bytes = BinaryArray::from_iter_values(bytes);
        assert_eq!(cuts_of(Arc::new(bytes)), [0..2, 2..4]);
    }
}
