//! CSV with gzip, the way out where COPY of Parquet is refused.
//!
//! Every field can be told from every other: text is always quoted (COPY drops blanks between a
//! delimiter and a quote, and keeps them within), quotes in it are doubled, line breaks stay as
//! they are. NULL is the unquoted [`NULL`] marker. Whether COPY compares a *quoted* field with the
//! marker too is not documented, so text that equals it is refused here rather than loaded as NULL.
//! Floating point is written with the fewest digits that read back to the same DOUBLE.

use std::{
    io::{self, Write},
    mem,
    num::FpCategory,
};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, BooleanArray, PrimitiveArray, RecordBatch,
        StringArray,
    },
    datatypes::{
        ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type,
        Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    },
};
use bytes::Bytes;
use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};
use flate2::{Compression, write::GzEncoder};

use super::{
    check::rows,
    chunk::Chunks,
    misfit::{Cause, Misfit},
};
use crate::error::{Error, ErrorKind, Result};

/// The text that stands for NULL.
pub const NULL: &str = "@NULL@";

/// What COPY must be told, behind `FORMAT AS CSV`, to read these parts; `GZIP` is said apart.
pub const CSV_PARAMETERS: &str = "QUOTE AS '\"' DELIMITER AS ',' NULL AS '@NULL@'";

/// The same for a file that is loaded to learn which of its rows are refused.
pub(crate) const CSV_TRIAL_PARAMETERS: &str =
    "QUOTE AS '\"' DELIMITER AS ',' NULL AS '@NULL@' MAXERROR 1000";

/// After how many errors such a load ends.
pub(crate) const TRIAL_ERRORS: u32 = 1000;

/// Rows are compressed in pieces of about this many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// An open CSV file.
pub(super) struct CsvEncoder {
    writer: GzEncoder<Chunks>,
    /// Compressed bytes that were taken already.
    taken: usize,
    piece: Vec<u8>,
}

impl CsvEncoder {
    /// Opens a file.
    pub fn open() -> CsvEncoder {
        // Level 1: the parts live for minutes, and compressing is most of the cost.
        let writer = GzEncoder::new(Chunks::default(), Compression::fast());
        CsvEncoder { writer, taken: 0, piece: Vec::with_capacity(PIECE_BYTES * 2) }
    }

    /// Encodes rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = batch.columns().iter().map(Cells::of).collect::<Result<Vec<_>>>()?;
        for row in 0..batch.num_rows() {
            self.write_row(&columns, row).map_err(failure)?;
        }
        self.compress().map_err(failure)
    }

    fn write_row(&mut self, columns: &[Cells<'_>], row: usize) -> io::Result<()> {
        for (index, cells) in columns.iter().enumerate() {
            if index > 0 {
                self.piece.push(b',');
            }
            cells.write(row, &mut self.piece)?;
        }
        self.piece.push(b'\n');
        if self.piece.len() >= PIECE_BYTES { self.compress() } else { Ok(()) }
    }

    fn compress(&mut self) -> io::Result<()> {
        self.writer.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }

    /// Compressed bytes so far, about.
    pub fn encoded_bytes(&self) -> usize {
        self.taken + self.writer.get_ref().len()
    }

    /// Takes the chunks that are full.
    pub fn take_full(&mut self) -> Vec<Bytes> {
        let full = self.writer.get_mut().take_full();
        self.taken += full.iter().map(Bytes::len).sum::<usize>();
        full
    }

    /// Ends the file; gives what has not been taken. Nothing can be written any more.
    pub fn finish(&mut self) -> Result<(Vec<Bytes>, Bytes)> {
        self.writer.try_finish().map_err(failure)?;
        Ok(mem::take(self.writer.get_mut()).into_parts())
    }
}

/// Finds what CSV cannot carry into a column for sure: text that [`NULL`] could be taken for,
/// empty bytes, which could be, and floating-point numbers that COPY reads from no text. Those are the ones that are no numbers, and
/// those below the least normal one, which Redshift answers with "out of range".
pub(super) fn check(array: &dyn Array) -> Option<Misfit> {
    let (cause, refused) = match array.data_type() {
        DataType::Utf8 => {
            let text = array.as_string::<i32>();
            (Cause::CsvNull, rows(array, |row| (text.value(row) == NULL).then_some(0)))
        }
        DataType::Float32 => {
            let numbers = array.as_primitive::<Float32Type>();
            (Cause::CsvNumber, rows(array, |row| unreadable(numbers.value(row).classify())))
        }
        DataType::Float64 => {
            let numbers = array.as_primitive::<Float64Type>();
            (Cause::CsvNumber, rows(array, |row| unreadable(numbers.value(row).classify())))
        }
        DataType::Binary => {
            let bytes = array.as_binary::<i32>();
            (Cause::CsvEmpty, rows(array, |row| bytes.value(row).is_empty().then_some(0)))
        }
        _ => return None,
    };
    Misfit::of(cause, refused.into_iter())
}

fn unreadable(category: FpCategory) -> Option<u64> {
    (!matches!(category, FpCategory::Normal | FpCategory::Zero)).then_some(0)
}

/// One column of a batch, with its type known.
enum Cells<'a> {
    Boolean(&'a BooleanArray),
    Int16(&'a PrimitiveArray<Int16Type>),
    Int32(&'a PrimitiveArray<Int32Type>),
    Int64(&'a PrimitiveArray<Int64Type>),
    Float32(&'a PrimitiveArray<Float32Type>),
    Float64(&'a PrimitiveArray<Float64Type>),
    Decimal(&'a PrimitiveArray<Decimal128Type>, i8),
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
    Date(&'a PrimitiveArray<Date32Type>),
    Timestamp(&'a PrimitiveArray<TimestampMicrosecondType>, bool),
}

impl Cells<'_> {
    fn of(array: &ArrayRef) -> Result<Cells<'_>> {
        Ok(match array.data_type() {
            DataType::Boolean => Cells::Boolean(array.as_boolean()),
            DataType::Int16 => Cells::Int16(array.as_primitive()),
            DataType::Int32 => Cells::Int32(array.as_primitive()),
            DataType::Int64 => Cells::Int64(array.as_primitive()),
            DataType::Float32 => Cells::Float32(array.as_primitive()),
            DataType::Float64 => Cells::Float64(array.as_primitive()),
            DataType::Decimal128(_, scale) => Cells::Decimal(array.as_primitive(), *scale),
            DataType::Utf8 => Cells::Text(array.as_string()),
            DataType::Binary => Cells::Bytes(array.as_binary()),
            DataType::Date32 => Cells::Date(array.as_primitive()),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                Cells::Timestamp(array.as_primitive(), zone.is_some())
            }
            other => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("cannot write a column of {other} as CSV"),
                )
                .hint("set 'sink.copy.format' = 'parquet'"));
            }
        })
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Cells::Boolean(array) if array.is_valid(row) => {
                out.push(if array.value(row) { b't' } else { b'f' });
                Ok(())
            }
            Cells::Int16(array) => plain(array, row, out, |value, out| write!(out, "{value}")),
            Cells::Int32(array) => plain(array, row, out, |value, out| write!(out, "{value}")),
            Cells::Int64(array) => plain(array, row, out, |value, out| write!(out, "{value}")),
            Cells::Float32(array) => plain(array, row, out, float),
            Cells::Float64(array) => plain(array, row, out, float),
            Cells::Decimal(array, scale) => {
                plain(array, row, out, |value, out| decimal(value, *scale, out))
            }
            Cells::Text(array) if array.is_valid(row) => {
                quoted(array.value(row).as_bytes(), out);
                Ok(())
            }
            Cells::Bytes(array) if array.is_valid(row) => {
                hex(array.value(row), out);
                Ok(())
            }
            Cells::Date(array) => plain(array, row, out, date),
            Cells::Timestamp(array, zoned) => {
                plain(array, row, out, |value, out| timestamp(value, *zoned, out))
            }
            Cells::Boolean(_) | Cells::Text(_) | Cells::Bytes(_) => null(out),
        }
    }
}

fn null(out: &mut Vec<u8>) -> io::Result<()> {
    out.extend_from_slice(NULL.as_bytes());
    Ok(())
}

fn plain<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    row: usize,
    out: &mut Vec<u8>,
    write: impl FnOnce(T::Native, &mut Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    if array.is_valid(row) { write(array.value(row), out) } else { null(out) }
}

/// Rust prints the shortest digits that read back, and an exponent where `Display` would print
/// hundreds of zeros. FLOAT gets the digits of its exact value: read as DOUBLE first, as PostgreSQL
/// does, the shortest digits of the greatest FLOAT are already beyond it.
fn float<T: Into<f64>>(value: T, out: &mut Vec<u8>) -> io::Result<()> {
    let wide: f64 = value.into();
    write!(out, "{wide:?}")
}

pub(super) fn decimal(value: i128, scale: i8, out: &mut Vec<u8>) -> io::Result<()> {
    let Ok(scale @ 1..) = u32::try_from(scale) else { return write!(out, "{value}") };
    // Scales end at 38, and 10^38 is below i128's limit.
    let unit = 10_u128.pow(scale);
    let (whole, fraction) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    let sign = if value < 0 { "-" } else { "" };
    write!(out, "{sign}{whole}.{fraction:0width$}", width = scale as usize)
}

/// VARBYTE in CSV is hexadecimal.
fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 0xF)]);
    }
}

fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut pieces = text.split(|&byte| byte == b'"');
    out.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.extend_from_slice(b"\"\"");
        out.extend_from_slice(piece);
    }
    out.push(b'"');
}

fn date(days: i32, out: &mut Vec<u8>) -> io::Result<()> {
    let time = at(i64::from(days) * 86_400_000_000)?;
    write!(out, "{:04}-{:02}-{:02}", time.year(), time.month(), time.day())
}

fn timestamp(micros: i64, zoned: bool, out: &mut Vec<u8>) -> io::Result<()> {
    let time = at(micros)?;
    write!(
        out,
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        micros.rem_euclid(1_000_000),
    )?;
    if zoned { out.write_all(b"+00") } else { Ok(()) }
}

fn at(micros: i64) -> io::Result<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros)
        .map(|time| time.naive_utc())
        .ok_or_else(|| io::Error::other("a time beyond the calendar came past its check"))
}

fn failure(error: io::Error) -> Error {
    Error::new(ErrorKind::Internal, "cannot write rows as CSV").source(error)
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
