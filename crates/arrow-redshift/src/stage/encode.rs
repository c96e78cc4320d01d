//! A part's encoding, whichever it is.

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use bytes::Bytes;

use super::{csv::CsvEncoder, parquet::ParquetEncoder};
use crate::{error::Result, options::CopyFormat};

/// An open part in one of the formats.
pub(super) enum Encoder {
    Parquet(Box<ParquetEncoder>),
    Csv(Box<CsvEncoder>),
}

impl Encoder {
    /// Opens a part of these columns, the first rows of which are `sample`'s.
    pub fn open(format: CopyFormat, schema: &SchemaRef, sample: &RecordBatch) -> Result<Encoder> {
        Ok(match format {
            CopyFormat::Parquet => {
                Encoder::Parquet(Box::new(ParquetEncoder::open(schema, sample)?))
            }
            CopyFormat::Csv => Encoder::Csv(Box::new(CsvEncoder::open())),
        })
    }

    /// Encodes rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Encoder::Parquet(encoder) => encoder.write(batch),
            Encoder::Csv(encoder) => encoder.write(batch),
        }
    }

    /// Encoded bytes so far, about.
    pub fn encoded_bytes(&self) -> u64 {
        let bytes = match self {
            Encoder::Parquet(encoder) => encoder.encoded_bytes(),
            Encoder::Csv(encoder) => encoder.encoded_bytes(),
        };
        bytes as u64
    }

    /// Takes the chunks that are full.
    pub fn take_full(&mut self) -> Vec<Bytes> {
        match self {
            Encoder::Parquet(encoder) => encoder.take_full(),
            Encoder::Csv(encoder) => encoder.take_full(),
        }
    }

    /// Ends the part; gives what has not been taken. Nothing can be written any more.
    pub fn finish(&mut self) -> Result<(Vec<Bytes>, Bytes)> {
        match self {
            Encoder::Parquet(encoder) => encoder.finish(),
            Encoder::Csv(encoder) => encoder.finish(),
        }
    }
}
