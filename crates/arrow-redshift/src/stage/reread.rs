//! Reading a part's rows back, batch by batch.

use std::{io::Read, sync::Arc};

use ::parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use arrow::{
    array::{ArrayRef, AsArray, BinaryArray, RecordBatch, StringArray, StringBuilder},
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, SchemaRef, TimeUnit, TimestampMicrosecondType},
    util::display::FormatOptions,
};
use bytes::{Buf, Bytes, buf::Reader};
use csv::{ByteRecord, ReaderBuilder};
use flate2::read::MultiGzDecoder;

use super::csv::NULL;
use crate::{
    error::{Error, ErrorKind, Result},
    options::CopyFormat,
};

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// What is not what was written is an error.
const STRICT: CastOptions<'static> =
    CastOptions { safe: false, format_options: FormatOptions::new() };

/// The batches of a part's bytes, whose columns are those of `schema`.
pub(super) fn batches(
    bytes: Bytes,
    format: CopyFormat,
    schema: &SchemaRef,
) -> Result<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>> {
    match format {
        CopyFormat::Parquet => {
            let options = ArrowReaderOptions::new().with_schema(Arc::clone(schema));
            let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options)
                .and_then(|builder| builder.with_batch_size(BATCH_ROWS).build())
                .map_err(|error| unreadable().source(error))?;
            Ok(Box::new(reader.map(|batch| batch.map_err(|_| unreadable()))))
        }
        CopyFormat::Csv => Ok(Box::new(CsvBatches::open(bytes, Arc::clone(schema)))),
    }
}

struct CsvBatches {
    reader: csv::Reader<MultiGzDecoder<Reader<Bytes>>>,
    schema: SchemaRef,
}

impl CsvBatches {
    fn open(bytes: Bytes, schema: SchemaRef) -> CsvBatches {
        let plain = MultiGzDecoder::new(bytes.reader());
        CsvBatches { reader: records(plain), schema }
    }

    fn read(&mut self) -> Result<Option<RecordBatch>> {
        let mut fields: Vec<StringBuilder> =
            self.schema.fields().iter().map(|_| StringBuilder::new()).collect();
        let (mut rows, mut record) = (0, ByteRecord::new());
        // The library's own messages would show fields.
        while rows < BATCH_ROWS
            && self.reader.read_byte_record(&mut record).map_err(|_| unreadable())?
        {
            if record.len() != fields.len() {
                return Err(unreadable());
            }
            for (field, column) in record.iter().zip(&mut fields) {
                let text = std::str::from_utf8(field).map_err(|_| unreadable())?;
                column.append_option((text != NULL).then_some(text));
            }
            rows += 1;
        }
        if rows == 0 {
            return Ok(None);
        }
        let columns = fields.iter_mut().zip(self.schema.fields());
        let columns: Vec<ArrayRef> = columns
            .map(|(texts, field)| typed(texts.finish(), field.data_type()))
            .collect::<Result<_>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        batch.map(Some).map_err(|_| unreadable())
    }
}

impl Iterator for CsvBatches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

fn records<R: Read>(plain: R) -> csv::Reader<R> {
    ReaderBuilder::new().has_headers(false).flexible(true).from_reader(plain)
}

/// The values that texts of a CSV part stand for.
fn typed(texts: StringArray, data_type: &DataType) -> Result<ArrayRef> {
    match data_type {
        DataType::Utf8 => Ok(Arc::new(texts)),
        DataType::Binary => {
            let bytes = texts.iter().map(|text| text.map(unhex).transpose());
            let bytes = bytes.collect::<Result<Vec<Option<Vec<u8>>>>>()?;
            Ok(Arc::new(bytes.iter().map(Option::as_deref).collect::<BinaryArray>()))
        }
        // The text says its offset itself, and no zone has to be known by name.
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => {
            let micros = typed(texts, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let micros = micros.as_primitive::<TimestampMicrosecondType>().clone();
            Ok(Arc::new(micros.with_timezone(Arc::clone(zone))))
        }
        other => cast_with_options(&texts, other, &STRICT).map_err(|_| unreadable()),
    }
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).ok_or_else(unreadable);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Ok((digit(*high)? * 16 + digit(*low)?) as u8),
            _ => Err(unreadable()),
        })
        .collect()
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Internal, "a staged part does not hold what was written into it")
}

#[cfg(test)]
#[path = "reread_tests.rs"]
mod tests;
