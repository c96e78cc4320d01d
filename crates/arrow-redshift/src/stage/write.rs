//! From batches to parts: check, convert, encode, and upload while the part is still being written.

use std::{fmt, sync::Arc};

use arrow::array::RecordBatch;

use super::{
    Carried, Part, PartKind, Policies, RowKind, StagedShape, Staging, Touched,
    dead_letter::{self, DeadLetters},
    encode::Encoder,
    fold::Fold,
    intake::{Intake, SetAside, batch_bytes},
    upload::Upload,
    window::Window,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::CopyFormat,
    types::TablePlan,
};

/// A batch is encoded in slices of about this many bytes, so that between them full chunks go out
/// and parts roll, however large the caller's batch is.
const SLICE_BYTES: usize = 4 * 1024 * 1024;

/// Writes one subtask's rows as parts.
///
/// **Memory**: beside the caller's batch (and a copy of those of its columns whose type changes) a
/// writer holds at most 16 MiB of a row group that is being filled, as much again for the moment in
/// which it is written out, one chunk of 6 MiB that is being filled and three on the wire: 56 MiB,
/// and with a slice's working buffers below 96 MiB, whatever the volume and however slow S3 is.
/// Rows that are set aside take 24 MiB more. For a keyed table up to 16 MiB of changes are held back
/// to be folded by key, and folding them takes less than twice as much: 48 MiB more. `write` waits
/// while the wire is full.
///
/// A refused value ([`ErrorKind::ValueRefused`]) leaves the writer as it was before that batch.
/// After any other error, and after a future of [`write`](StageWriter::write) or
/// [`close`](StageWriter::close) was dropped before its end, it only takes
/// [`abort`](StageWriter::abort). Dropping it leaves its open upload and closed parts to a later
/// sweep.
pub struct StageWriter {
    staging: Staging,
    intake: Intake,
    format: CopyFormat,
    part_size: u64,
    /// Rows that are set aside, where a policy does so.
    dead_letters: Option<DeadLetters>,
    /// Changes by key that are held back, to be folded.
    window: Option<Window>,
    /// Rows that went into it since parts were given.
    taken: u64,
    /// Number of the next part; never starts again, so that no name comes twice.
    next_part: u64,
    open: Option<OpenPart>,
    /// Parts that are on S3 and not given to the caller yet.
    closed: Vec<Part>,
    /// Bytes of all parts that were closed.
    closed_bytes: u64,
    /// How many they are.
    closed_parts: u64,
    /// Whether rows may have been lost or half written: set before each wait and cleared after it,
    /// so that it stays set where the wait was given up.
    failed: bool,
}

/// A part that is being written.
struct OpenPart {
    encoder: Encoder,
    upload: Upload,
    rows: u64,
}

impl StageWriter {
    /// A writer of parts with the plan's columns in `shape`.
    ///
    /// `checkpoint` is the one that the first rows belong to. Where a batch program has no
    /// checkpoints it is any constant.
    /// `part_size` is the size in bytes at which a part is closed and the next one begun, as
    /// written (compressed); parts exceed it by a row group at most.
    pub fn new(
        staging: Staging,
        plan: Arc<TablePlan>,
        shape: StagedShape,
        subtask: u32,
        checkpoint: u64,
        format: CopyFormat,
        part_size: u64,
    ) -> Result<StageWriter> {
        let window = match shape {
            StagedShape::Keyed => Fold::new(&plan).map(Window::new),
            StagedShape::Append => None,
        };
        let intake = Intake::new(plan, shape, subtask, checkpoint, format.into())?;
        Ok(StageWriter {
            staging,
            intake,
            format,
            part_size,
            dead_letters: None,
            window,
            taken: 0,
            next_part: 0,
            open: None,
            closed: Vec::new(),
            closed_bytes: 0,
            closed_parts: 0,
            failed: false,
        })
    }

    /// Has values that do not fit meet these policies, in place of being errors. Rows that are set
    /// aside name the target by `table`.
    pub fn with_policies(mut self, policies: Policies, table: String) -> StageWriter {
        self.dead_letters = policies.set_aside().then(|| DeadLetters::new(table));
        self.intake = self.intake.with_policies(policies);
        self
    }

    /// Drops rows that take content away. Without a key the new rows of updates are then rows like
    /// any other.
    pub fn ignoring_deletes(mut self, ignore: bool) -> StageWriter {
        self.intake = self.intake.ignoring_deletes(ignore);
        self
    }

    /// Checks and writes a batch of the declared columns. `kinds` says what each row does; `None`
    /// is all inserts.
    pub async fn write(&mut self, batch: &RecordBatch, kinds: Option<&[RowKind]>) -> Result<()> {
        self.check_alive()?;
        let taken = self.intake.sort(batch, kinds)?;
        self.failed = true;
        if let Some(aside) = &taken.aside {
            self.set_aside(aside).await?;
        }
        for rows in &taken.rows {
            self.write_taken(rows).await?;
        }
        self.failed = false;
        Ok(())
    }

    /// Closes the open part and gives all parts since the last call, none where no rows came. They
    /// belong to `checkpoint`; rows that come later belong to the next one.
    pub async fn close(&mut self, checkpoint: u64) -> Result<Vec<Part>> {
        self.check_alive()?;
        self.failed = true;
        if let Some(row) = self.intake.let_go() {
            self.write_taken(&row).await?;
        }
        if let Some(window) = &mut self.window {
            let held = window.take()?;
            self.write_folded(held).await?;
        }
        self.close_part().await?;
        self.close_dead_letters().await?;
        self.failed = false;
        let mut parts = std::mem::take(&mut self.closed);
        for part in &mut parts {
            part.checkpoint = checkpoint;
            part.upserts = self.intake.upserts();
        }
        self.note_folded(&mut parts);
        self.intake.end(checkpoint);
        Ok(parts)
    }

    /// Says that the checkpoint of the last [`close`](StageWriter::close) was this one, where its
    /// number was not known then but only a bound: rows that come later belong to a later one.
    pub fn reached(&mut self, checkpoint: u64) {
        self.intake.reached(checkpoint);
    }

    /// Gives up: aborts the open upload and deletes the parts that [`close`](StageWriter::close)
    /// has not given yet.
    pub async fn abort(mut self) -> Result<()> {
        if let Some(mut open) = self.open.take() {
            open.upload.abort().await;
        }
        if let Some(letters) = &mut self.dead_letters {
            letters.abort().await;
        }
        let urls = self.closed.iter().map(|part| part.url.as_str());
        self.staging.delete(urls).await.map(|_| ())
    }

    /// Values and rows that policies have touched so far.
    pub fn touched(&self) -> Touched {
        self.intake.touched()
    }

    /// Rows taken so far, those that were set aside included.
    pub fn staged_rows(&self) -> u64 {
        self.intake.rows()
    }

    /// Bytes that those rows held in the batches' Arrow buffers.
    pub fn taken_bytes(&self) -> u64 {
        self.intake.taken_bytes()
    }

    /// Parts closed so far.
    pub fn staged_parts(&self) -> u64 {
        self.closed_parts
    }

    /// Bytes of all parts so far, the open one included (about).
    pub fn staged_bytes(&self) -> u64 {
        self.closed_bytes + self.open.as_ref().map_or(0, |open| open.encoder.encoded_bytes())
    }

    fn check_alive(&self) -> Result<()> {
        if !self.failed {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Internal, "cannot go on with a writer whose part was lost")
            .hint("abort it and begin again from the last checkpoint"))
    }

    /// Stages the rows of a batch that do not go into a part.
    async fn set_aside(&mut self, aside: &SetAside) -> Result<()> {
        let Some(letters) = &mut self.dead_letters else {
            let why = "rows were set aside where nothing takes them";
            return Err(Error::new(ErrorKind::Internal, why));
        };
        if !letters.is_open() {
            let place = self.intake.place();
            letters.open(dead_letter::upload(&self.staging, place, self.next_part));
            self.next_part += 1;
        }
        if letters.write(&self.intake.letters(aside)).await? >= self.part_size {
            self.close_dead_letters().await?;
        }
        Ok(())
    }

    async fn close_dead_letters(&mut self) -> Result<()> {
        let Some(letters) = &mut self.dead_letters else { return Ok(()) };
        self.closed.extend(letters.close(self.intake.place()).await?);
        Ok(())
    }

    /// Says of a checkpoint's parts how many changes were folded away: its last one tells, since a
    /// window may have gone into several.
    fn note_folded(&mut self, parts: &mut [Part]) {
        let taken = std::mem::take(&mut self.taken);
        let loads = || parts.iter().filter(|part| !part.is_dead_letters());
        let staged: u64 = loads().map(|part| part.rows).sum();
        if let Some(last) = parts.iter_mut().rev().find(|part| !part.is_dead_letters()) {
            last.folded = taken.saturating_sub(staged);
        }
    }

    async fn write_taken(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.window.is_some() {
            self.taken += batch.num_rows() as u64;
        }
        for slice in slices(batch) {
            match &mut self.window {
                Some(window) => {
                    let folded = window.push(slice)?;
                    self.write_folded(folded).await?;
                }
                None => self.write_slice(&slice).await?,
            }
        }
        Ok(())
    }

    async fn write_folded(&mut self, batches: Vec<RecordBatch>) -> Result<()> {
        for batch in batches {
            for slice in slices(&batch) {
                self.write_slice(&slice).await?;
            }
        }
        Ok(())
    }

    async fn write_slice(&mut self, slice: &RecordBatch) -> Result<()> {
        // The part stays where an abort finds it, whatever becomes of this future.
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let part = self.open_part(slice)?;
                self.open.insert(part)
            }
        };
        open.write(slice).await?;
        if open.encoder.encoded_bytes() >= self.part_size {
            self.close_part().await?;
        }
        Ok(())
    }

    fn open_part(&mut self, sample: &RecordBatch) -> Result<OpenPart> {
        let number = self.next_part;
        self.next_part += 1;
        let (checkpoint, subtask) = (self.intake.checkpoint(), self.intake.subtask());
        let path = self.staging.layout().part(subtask, checkpoint, number, self.format);
        let encoder = Encoder::open(self.format, self.intake.schema(), sample)?;
        Ok(OpenPart { encoder, upload: Upload::new(self.staging.clone(), path), rows: 0 })
    }

    async fn close_part(&mut self) -> Result<()> {
        let Some(OpenPart { encoder, upload, rows }) = &mut self.open else { return Ok(()) };
        let (full, rest) = encoder.finish()?;
        let (url, bytes) = upload.finish(full, rest).await?;
        let rows = *rows;
        self.open = None;
        let (checkpoint, subtask) = (self.intake.checkpoint(), self.intake.subtask());
        tracing::debug!(%url, bytes, rows, "staged a part");
        self.closed_bytes += bytes;
        self.closed_parts += 1;
        self.closed.push(Part {
            url,
            bytes,
            rows,
            checkpoint,
            subtask,
            kind: PartKind::Rows,
            upserts: false,
            folded: 0,
            carried: Carried::default(),
        });
        Ok(())
    }
}

impl OpenPart {
    async fn write(&mut self, slice: &RecordBatch) -> Result<()> {
        self.encoder.write(slice)?;
        self.rows += slice.num_rows() as u64;
        let full = self.encoder.take_full();
        self.upload.send(full).await
    }
}

impl fmt::Debug for StageWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageWriter")
            .field("staging", &self.staging)
            .field("format", &self.format)
            .field("intake", &self.intake)
            .finish_non_exhaustive()
    }
}

/// A batch in slices of about [`SLICE_BYTES`].
fn slices(batch: &RecordBatch) -> impl Iterator<Item = RecordBatch> + '_ {
    let count = batch_bytes(batch).div_ceil(SLICE_BYTES).max(1);
    let step = batch.num_rows().div_ceil(count).max(1);
    let slice = move |start| batch.slice(start, step.min(batch.num_rows() - start));
    (0..batch.num_rows()).step_by(step).map(slice)
}
