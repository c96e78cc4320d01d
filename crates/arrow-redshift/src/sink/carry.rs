//! Jdbc mode, exactly once: a writer's rows travel in the checkpoint, and are applied after it with
//! a ledger row, as parts on S3 are.

use arrow::{array::RecordBatch, compute::concat_batches};

use super::{
    context::Context,
    queue::{PIECE_BYTES, pieces},
};
use crate::{
    error::{Error, ErrorKind, Result},
    stage::{CarriedStream, Fold, Intake, Part, PartKind, RowKind, Window, batch_bytes},
};

/// Holds one subtask's rows until the next checkpoint.
///
/// **Memory**: its share of `sink.checkpoint-size-limit` for the compressed rows, what a [`Window`]
/// states where the table has a key, and a few pieces of 1 MiB, beside the caller's batch.
pub(super) struct CarryWriter {
    intake: Intake,
    /// Changes by key that are held back, to be folded.
    window: Option<Window>,
    limit: Limit,
    /// Rows that are folded and not compressed yet.
    loose: Vec<RecordBatch>,
    loose_bytes: usize,
    stream: Option<CarriedStream>,
    /// Rows that were taken in for the stream, and those that it has of them.
    taken: u64,
    rows: u64,
    given_bytes: u64,
    given_parts: u64,
}

/// What the rows of one checkpoint may take.
#[derive(Debug, Clone, Copy)]
struct Limit {
    /// Of all writers.
    all: u64,
    writers: u32,
}

impl Limit {
    fn share(self) -> u64 {
        self.all / u64::from(self.writers.max(1))
    }
}

impl CarryWriter {
    pub fn new(context: &Context, intake: Intake) -> CarryWriter {
        let limit =
            Limit { all: context.config.checkpoint_size_limit, writers: context.parallelism };
        CarryWriter {
            intake,
            window: Fold::new(&context.plan).map(Window::new),
            limit,
            loose: Vec::new(),
            loose_bytes: 0,
            stream: None,
            taken: 0,
            rows: 0,
            given_bytes: 0,
            given_parts: 0,
        }
    }

    /// Checks a batch and takes it in.
    pub fn write(&mut self, batch: &RecordBatch, kinds: Option<&[RowKind]>) -> Result<()> {
        let taken = self.intake.take(batch, kinds)?;
        taken.iter().flat_map(pieces).try_for_each(|piece| self.take(piece))
    }

    fn take(&mut self, piece: RecordBatch) -> Result<()> {
        self.taken += piece.num_rows() as u64;
        let folded = match &mut self.window {
            Some(window) => window.push(piece)?,
            None => vec![piece],
        };
        self.loosen(folded)
    }

    /// Takes rows that are folded, where they are, and compresses them when they are enough.
    fn loosen(&mut self, rows: Vec<RecordBatch>) -> Result<()> {
        for piece in rows.iter().flat_map(pieces) {
            self.loose_bytes += batch_bytes(&piece);
            self.loose.push(piece);
            if self.loose_bytes >= PIECE_BYTES {
                self.compress()?;
            }
        }
        Ok(())
    }

    /// Ends the checkpoint: what it carries, or nothing where no rows came.
    pub fn close(&mut self, checkpoint: u64) -> Result<Vec<Part>> {
        if let Some(row) = self.intake.let_go() {
            self.take(row)?;
        }
        if let Some(window) = &mut self.window {
            let left = window.take()?;
            self.loosen(left)?;
        }
        self.compress()?;
        let (subtask, upserts) = (self.intake.subtask(), self.intake.upserts());
        self.intake.end(checkpoint);
        let Some(stream) = self.stream.take() else { return Ok(Vec::new()) };
        let carried = stream.finish()?;
        let bytes = carried.bytes().len() as u64;
        let rows = std::mem::take(&mut self.rows);
        let folded = std::mem::take(&mut self.taken) - rows;
        self.given_bytes += bytes;
        self.given_parts += 1;
        let (url, kind) = (String::new(), PartKind::Rows);
        Ok(vec![Part { url, bytes, rows, checkpoint, subtask, kind, upserts, folded, carried }])
    }

    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    pub fn parts(&self) -> u64 {
        self.given_parts
    }

    /// Bytes of all that was given, and of the present checkpoint's so far.
    pub fn bytes(&self) -> u64 {
        self.given_bytes + self.stream.as_ref().map_or(0, CarriedStream::bytes)
    }

    fn compress(&mut self) -> Result<()> {
        let loose = std::mem::take(&mut self.loose);
        self.loose_bytes = 0;
        if loose.is_empty() {
            return Ok(());
        }
        let schema = self.intake.schema();
        let batch = concat_batches(schema, &loose).map_err(|error| {
            Error::new(ErrorKind::Internal, "batches could not be gathered").source(error)
        })?;
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => self.stream.insert(CarriedStream::open(schema)?),
        };
        stream.write(&batch)?;
        self.rows += batch.num_rows() as u64;
        let bytes = stream.bytes();
        if bytes <= self.limit.share() { Ok(()) } else { Err(self.too_much(bytes)) }
    }

    fn too_much(&self, bytes: u64) -> Error {
        let Limit { all, writers } = self.limit;
        let why = format!(
            "a checkpoint's rows take {bytes} bytes so far, and a writer's share of \
             'sink.checkpoint-size-limit' is {}",
            self.limit.share()
        );
        Error::new(ErrorKind::InvalidOptions, why)
            .with("limit", all)
            .with("writers", writers)
            .with("rows", self.taken)
            .hint(
                "'sink.write.mode' = 'copy' stages rows on S3 and has no such limit; or take \
                 checkpoints more often, or raise the limit as far as the job's checkpoint storage \
                 takes it (Flink's default, 'jobmanager': 5 mb)",
            )
    }
}

impl std::fmt::Debug for CarryWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CarryWriter")
            .field("limit", &self.limit)
            .field("rows", &self.taken)
            .finish_non_exhaustive()
    }
}
