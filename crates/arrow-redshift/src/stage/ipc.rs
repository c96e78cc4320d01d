//! Rows that travel in a checkpoint: an Arrow stream, compressed as a whole.
//!
//! Zstandard rather than LZ4: what counts is how much a checkpoint has to hold, and either is faster
//! than the statements that the rows become. Around the stream rather than within it, so that what
//! one batch has said helps to say the next.

use std::io::BufReader;

use arrow::{
    array::RecordBatch,
    datatypes::SchemaRef,
    error::ArrowError,
    ipc::{reader::StreamReader, writer::StreamWriter},
};
use bytes::{Buf, Bytes, buf::Reader};
use zstd::stream::{Decoder, Encoder};

use super::Carried;
use crate::error::{Error, ErrorKind, Result};

/// The level of compression; higher ones cost more time than they save space.
const LEVEL: i32 = 1;

/// Encodes rows.
pub(crate) struct CarriedStream {
    stream: StreamWriter<Encoder<'static, Vec<u8>>>,
}

impl CarriedStream {
    /// Begins a stream of these columns.
    pub fn open(schema: &SchemaRef) -> Result<CarriedStream> {
        let encoder = Encoder::new(Vec::new(), LEVEL).map_err(unwritten)?;
        Ok(CarriedStream { stream: StreamWriter::try_new(encoder, schema).map_err(unwritten)? })
    }

    /// Adds a batch.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.stream.write(batch).map_err(unwritten)?;
        // So that `bytes` counts it.
        self.stream.flush().map_err(unwritten)
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.stream.get_ref().get_ref().len() as u64
    }

    /// Ends the stream.
    pub fn finish(self) -> Result<Carried> {
        let encoder = self.stream.into_inner().map_err(unwritten)?;
        Ok(Carried::new(encoder.finish().map_err(unwritten)?))
    }
}

/// Reads carried rows, batch by batch.
pub(crate) struct CarriedRows(StreamReader<Decoder<'static, BufReader<Reader<Bytes>>>>);

impl CarriedRows {
    /// Begins to read.
    pub fn open(carried: &Carried) -> Result<CarriedRows> {
        let decoder = Decoder::new(carried.bytes().clone().reader()).map_err(unread)?;
        Ok(CarriedRows(StreamReader::try_new(decoder, None).map_err(unread)?))
    }
}

impl Iterator for CarriedRows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        self.0.next().map(|batch| batch.map_err(unread))
    }
}

fn unwritten(error: impl Into<ArrowError>) -> Error {
    let error: ArrowError = error.into();
    Error::new(ErrorKind::Internal, "rows could not be written into a checkpoint").source(error)
}

fn unread(error: impl Into<ArrowError>) -> Error {
    let error: ArrowError = error.into();
    Error::new(ErrorKind::Internal, "the rows that a checkpoint holds cannot be read").source(error)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(rows: std::ops::Range<i64>) -> RecordBatch {
        let names: StringArray =
            rows.clone().map(|n| (n % 3 != 0).then(|| format!("name {n}"))).collect();
        let numbers: Int64Array = rows.map(Some).collect();
        let columns: [(&str, ArrayRef, bool); 2] =
            [("n", Arc::new(numbers), true), ("name", Arc::new(names), true)];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    fn carried(batches: &[RecordBatch]) -> Carried {
        let mut writer = CarriedStream::open(&batches[0].schema()).unwrap();
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        writer.finish().unwrap()
    }

    #[test]
    fn what_is_carried_reads_back() {
        let batches = [batch(0..1000), batch(1000..1001), batch(7..7)];
        let carried = carried(&batches);
        let read: Vec<RecordBatch> =
            CarriedRows::open(&carried).unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(read, batches);
        let plain: usize = batches.iter().map(super::super::intake::batch_bytes).sum();
        assert!(carried.bytes().len() < plain, "{} of {plain} bytes", carried.bytes().len());
    }

    #[test]
    fn what_is_cut_off_is_an_error_or_fewer_rows_and_no_panic() {
        let whole = carried(&[batch(0..100), batch(100..200)]);
        for end in 0..whole.bytes().len() {
            let cut = Carried::new(whole.bytes().slice(..end));
            let read = CarriedRows::open(&cut).and_then(|rows| rows.collect::<Result<Vec<_>>>());
            let rows = read.map_or(0, |all| all.iter().map(RecordBatch::num_rows).sum());
            assert!(rows <= 200, "{end} bytes gave {rows} rows");
        }
    }
}
