//! A column of a row group, read in batches.

use parquet::{
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::{ByteArray, DataType, FixedLenByteArray, Int96},
    errors::Result,
};

/// Values of one batch, without NULLs.
#[derive(Debug)]
pub enum Values {
    /// BOOLEAN.
    Bool(Vec<bool>),
    /// INT32.
    Int32(Vec<i32>),
    /// INT64.
    Int64(Vec<i64>),
    /// INT96.
    Int96(Vec<Int96>),
    /// FLOAT.
    Float(Vec<f32>),
    /// DOUBLE.
    Double(Vec<f64>),
    /// BYTE_ARRAY.
    Bytes(Vec<ByteArray>),
    /// FIXED_LEN_BYTE_ARRAY.
    Fixed(Vec<FixedLenByteArray>),
}

/// One column's share of a batch, and how far it has been taken.
pub struct Column {
    reader: ColumnReader,
    nullable: bool,
    levels: Vec<i16>,
    values: Values,
    rows: usize,
    taken: usize,
}

impl Column {
    /// A column of a flat schema; `nullable` where it is not REQUIRED.
    pub fn new(reader: ColumnReader, nullable: bool) -> Column {
        let values = match &reader {
            ColumnReader::BoolColumnReader(_) => Values::Bool(Vec::new()),
            ColumnReader::Int32ColumnReader(_) => Values::Int32(Vec::new()),
            ColumnReader::Int64ColumnReader(_) => Values::Int64(Vec::new()),
            ColumnReader::Int96ColumnReader(_) => Values::Int96(Vec::new()),
            ColumnReader::FloatColumnReader(_) => Values::Float(Vec::new()),
            ColumnReader::DoubleColumnReader(_) => Values::Double(Vec::new()),
            ColumnReader::ByteArrayColumnReader(_) => Values::Bytes(Vec::new()),
            ColumnReader::FixedLenByteArrayColumnReader(_) => Values::Fixed(Vec::new()),
        };
        Column { reader, nullable, levels: Vec::new(), values, rows: 0, taken: 0 }
    }

    /// Reads up to `most` rows in place of the last batch; answers how many there were.
    pub fn read(&mut self, most: usize) -> Result<usize> {
        let levels = &mut self.levels;
        let rows = match (&mut self.reader, &mut self.values) {
            (ColumnReader::BoolColumnReader(r), Values::Bool(v)) => fill(r, levels, v, most),
            (ColumnReader::Int32ColumnReader(r), Values::Int32(v)) => fill(r, levels, v, most),
            (ColumnReader::Int64ColumnReader(r), Values::Int64(v)) => fill(r, levels, v, most),
            (ColumnReader::Int96ColumnReader(r), Values::Int96(v)) => fill(r, levels, v, most),
            (ColumnReader::FloatColumnReader(r), Values::Float(v)) => fill(r, levels, v, most),
            (ColumnReader::DoubleColumnReader(r), Values::Double(v)) => fill(r, levels, v, most),
            (ColumnReader::ByteArrayColumnReader(r), Values::Bytes(v)) => fill(r, levels, v, most),
            (ColumnReader::FixedLenByteArrayColumnReader(r), Values::Fixed(v)) => {
                fill(r, levels, v, most)
            }
            _ => unreachable!("values are made for their reader"),
        }?;
        self.rows = rows;
        self.taken = 0;
        Ok(rows)
    }

    /// The place of row `row`'s value among the values; `None` is NULL. Rows are taken in order.
    #[inline]
    pub fn take(&mut self, row: usize) -> Option<usize> {
        if !self.nullable {
            return Some(row);
        }
        if self.levels[row] == 0 {
            return None;
        }
        self.taken += 1;
        Some(self.taken - 1)
    }

    /// The values of the batch.
    #[inline]
    pub fn values(&self) -> &Values {
        &self.values
    }
}

fn fill<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    levels: &mut Vec<i16>,
    values: &mut Vec<T::T>,
    most: usize,
) -> Result<usize> {
    levels.clear();
    values.clear();
    let (rows, _, _) = reader.read_records(most, Some(levels), None, values)?;
    Ok(rows)
}
