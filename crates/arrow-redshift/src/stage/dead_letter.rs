//! Rows that are set aside: JSON lines, each a whole row with why it was refused, staged beside the
//! parts and put in place after the commit.

use arrow::array::{Array, RecordBatch};
use serde::Serialize;

use super::{
    Carried, Part, PartKind, RowKind, Staging,
    chunk::Chunks,
    json,
    policy::Policies,
    review::{Aside, Reason},
    shape::Place,
    upload::Upload,
};
use crate::{
    error::{Error, ErrorKind, Result},
    types::TablePlan,
};

/// Lines are handed to the upload in pieces of about this many bytes.
const PIECE_BYTES: usize = 1024 * 1024;

/// One writer's rows that are set aside. Its memory is a chunk that is being filled and those on
/// the wire: 24 MiB.
pub(super) struct DeadLetters {
    table: String,
    open: Option<Open>,
}

struct Open {
    chunks: Chunks,
    upload: Upload,
    /// Bytes that were given to the upload.
    sent: u64,
    rows: u64,
}

/// What a line says beside the row.
#[derive(Serialize)]
struct About<'a> {
    table: &'a str,
    /// The checkpoint that the row was to belong to when it came.
    checkpoint: u64,
    subtask: u32,
    /// The row's running number within its writer, from 1, as errors count it.
    number: u64,
    /// What the row did, in Flink's short form.
    kind: &'static str,
    refused: Vec<Why<'a>>,
}

#[derive(Serialize)]
struct Why<'a> {
    column: Option<&'a str>,
    rule: &'static str,
    reason: String,
}

/// The rows of a batch that are set aside, and all that is said about them.
pub(super) struct Letters<'a> {
    pub plan: &'a TablePlan,
    pub policies: &'a Policies,
    pub batch: &'a RecordBatch,
    pub kinds: Option<&'a [RowKind]>,
    pub place: Place,
    pub aside: &'a Aside,
    /// For each column whether its text is the JSON of a value; none beyond the list's end.
    pub nests: &'a [bool],
}

impl DeadLetters {
    /// `table` is how lines name the target.
    pub fn new(table: String) -> DeadLetters {
        DeadLetters { table, open: None }
    }

    /// Whether a part is open.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Opens the part that the next rows go into.
    pub fn open(&mut self, upload: Upload) {
        self.open = Some(Open { chunks: Chunks::default(), upload, sent: 0, rows: 0 });
    }

    /// Writes rows into the open part; gives its size so far.
    pub async fn write(&mut self, letters: &Letters<'_>) -> Result<u64> {
        let Some(open) = &mut self.open else {
            let why = "rows were set aside and no part was open for them";
            return Err(Error::new(ErrorKind::Internal, why));
        };
        let mut piece = Vec::new();
        for (row, reasons) in letters.aside {
            letters.line(&self.table, *row, reasons, &mut piece)?;
            open.rows += 1;
            if piece.len() >= PIECE_BYTES {
                open.send(&mut piece).await?;
            }
        }
        open.send(&mut piece).await?;
        Ok(open.sent + open.chunks.len() as u64)
    }

    /// Closes the open part, if there is one.
    pub async fn close(&mut self, place: Place) -> Result<Option<Part>> {
        let Some(open) = &mut self.open else { return Ok(None) };
        let (full, rest) = std::mem::take(&mut open.chunks).into_parts();
        let (url, bytes) = open.upload.finish(full, rest).await?;
        let rows = open.rows;
        self.open = None;
        tracing::warn!(%url, rows, "rows were set aside");
        let Place { checkpoint, subtask, .. } = place;
        Ok(Some(Part {
            url,
            bytes,
            rows,
            checkpoint,
            subtask,
            kind: PartKind::DeadLetters,
            upserts: false,
            folded: 0,
            carried: Carried::default(),
        }))
    }

    /// Takes back what S3 has of the open part.
    pub async fn abort(&mut self) {
        if let Some(mut open) = self.open.take() {
            open.upload.abort().await;
        }
    }
}

impl Open {
    async fn send(&mut self, piece: &mut Vec<u8>) -> Result<()> {
        std::io::Write::write_all(&mut self.chunks, piece).map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot write rows as JSON lines").source(error)
        })?;
        piece.clear();
        let full = self.chunks.take_full();
        self.sent += full.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
        self.upload.send(full).await
    }
}

impl Letters<'_> {
    /// Writes one row as a line.
    pub fn line(
        &self,
        table: &str,
        row: usize,
        reasons: &[Reason],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let about = About {
            table,
            checkpoint: self.place.checkpoint,
            subtask: self.place.subtask,
            number: self.place.sequence + row as u64 + 1,
            kind: short(self.kinds.map_or(RowKind::Insert, |kinds| kinds[row])),
            refused: reasons.iter().map(|reason| self.why(reason)).collect(),
        };
        serde_json::to_writer(&mut *out, &about).map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot say as JSON why a row is set aside")
                .source(error)
        })?;
        // The object ends with a brace, before which the row goes.
        out.pop();
        out.extend_from_slice(b",\"row\":");
        let columns = self.plan.columns.iter().enumerate().filter_map(|(index, plan)| {
            let array: &dyn Array = self.batch.columns().get(plan.source)?.as_ref();
            let nests = self.nests.get(index).copied().unwrap_or_default();
            Some((self.policies.name(index), array, nests))
        });
        json::object_of(columns, row, out)?;
        out.extend_from_slice(b"}\n");
        Ok(())
    }

    fn why(&self, reason: &Reason) -> Why<'_> {
        let column = reason.column.map(|index| self.policies.name(index));
        let plan = reason.column.map(|index| &self.plan.columns[index]);
        let Reason { cause, found, .. } = *reason;
        Why { column, rule: cause.name(), reason: cause.reason(plan, found) }
    }
}

/// A row's kind in Flink's short form.
const fn short(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Insert => "+I",
        RowKind::UpdateBefore => "-U",
        RowKind::UpdateAfter => "+U",
        RowKind::Delete => "-D",
    }
}

/// The upload of a writer's next part of rows that are set aside.
pub(super) fn upload(staging: &Staging, place: Place, number: u64) -> Upload {
    let path = staging.layout().dead_letters(place.subtask, place.checkpoint, number);
    Upload::new(staging.clone(), path)
}
