//! Parquet as COPY is sure to load it, and as fast as it can be written.
//!
//! The settings, and why:
//! - version 1.0 pages, plain and dictionary encodings, snappy: what UNLOAD itself writes;
//! - no statistics, no page index, no Arrow schema: COPY reads a part once and whole. On one core
//!   and six columns that is 5.5 M rows/s against 4.4 M with them;
//! - dictionaries for text of few distinct values only, as the part's first batch shows: 4.4 M
//!   rows/s against 3.1 M with the library's default of trying one for every column;
//! - row groups end by memory, not by rows, so that wide rows do not grow them;
//! - decimals as the library lays them out, and planned so that it is in one of the forms that COPY was
//!   seen to load: INT64 for 10 to 18 digits, a FIXED_LEN_BYTE_ARRAY of 16 bytes for 38.

use std::{collections::HashSet, mem};

use ::parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::Compression,
    errors::ParquetError,
    file::properties::{EnabledStatistics, WriterProperties},
    schema::types::ColumnPath,
};
use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{DataType, SchemaRef},
};
use bytes::Bytes;

use super::chunk::Chunks;
use crate::error::{Error, ErrorKind, Result};

/// Memory at which a row group ends.
pub(super) const ROW_GROUP_BYTES: usize = 16 * 1024 * 1024;

/// Rows of a part's first batch that decide about dictionaries.
const SAMPLE_ROWS: usize = 4096;

/// Below this many rows a sample says nothing; a dictionary that turns out wrong is given up by the
/// writer itself once it outgrows a page.
const LEAST_SAMPLE_ROWS: usize = 64;

/// A dictionary pays where a sample has at least this many rows for each distinct value.
const ROWS_PER_VALUE: usize = 8;

/// An open Parquet file.
pub(super) struct ParquetEncoder {
    writer: ArrowWriter<Chunks>,
}

impl ParquetEncoder {
    /// Opens a file; `sample` is its first batch.
    pub fn open(schema: &SchemaRef, sample: &RecordBatch) -> Result<ParquetEncoder> {
        let options = ArrowWriterOptions::new()
            .with_properties(properties(sample))
            .with_skip_arrow_metadata(true);
        let chunks = Chunks::default();
        let writer = ArrowWriter::try_new_with_options(chunks, schema.clone(), options)
            .map_err(|error| failure("open a Parquet part", error))?;
        Ok(ParquetEncoder { writer })
    }

    /// Encodes rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch).map_err(|error| failure("encode rows as Parquet", error))?;
        if self.writer.memory_size() >= ROW_GROUP_BYTES {
            self.writer.flush().map_err(|error| failure("end a Parquet row group", error))?;
        }
        Ok(())
    }

    /// Encoded bytes so far, about, including the row group that is being filled.
    pub fn encoded_bytes(&self) -> usize {
        self.writer.bytes_written() + self.writer.in_progress_size()
    }

    /// Takes the chunks that are full.
    pub fn take_full(&mut self) -> Vec<Bytes> {
        self.writer.inner_mut().take_full()
    }

    /// Ends the file; gives what has not been taken. Nothing can be written any more.
    pub fn finish(&mut self) -> Result<(Vec<Bytes>, Bytes)> {
        self.writer.finish().map_err(|error| failure("end a Parquet part", error))?;
        Ok(mem::take(self.writer.inner_mut()).into_parts())
    }
}

/// The writer's settings for a file whose first rows are `sample`.
fn properties(sample: &RecordBatch) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("flink-connector-redshift ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_dictionary_enabled(false)
        // Row groups end by memory; a limit in rows would only make small ones of narrow rows.
        .set_max_row_group_row_count(None);
    for (field, array) in sample.schema_ref().fields().iter().zip(sample.columns()) {
        if *field.data_type() == DataType::Utf8 && repeats(array.as_ref()) {
            let path = ColumnPath::from(vec![field.name().clone()]);
            properties = properties.set_column_dictionary_enabled(path, true);
        }
    }
    properties.build()
}

/// Whether a text column's first rows have few distinct values.
fn repeats(array: &dyn Array) -> bool {
    let Some(text) = array.as_string_opt::<i32>() else { return false };
    let rows = text.len().min(SAMPLE_ROWS);
    let most = rows / ROWS_PER_VALUE;
    let mut distinct = HashSet::new();
    for row in 0..rows {
        if text.is_valid(row) && distinct.insert(text.value(row)) && distinct.len() > most {
            return rows < LEAST_SAMPLE_ROWS;
        }
    }
    true
}

fn failure(attempted: &str, error: ParquetError) -> Error {
    Error::new(ErrorKind::Internal, format!("cannot {attempted}")).source(error)
}

#[cfg(test)]
#[path = "parquet_tests.rs"]
mod tests;
