//! Flink's BinaryRowData into Arrow, column by column.
//!
//! A buffer holds rows one after the other: four bytes of length, then the row. A row is its kind in
//! one byte, a bit for each field that is NULL, eight bytes a field, and what does not fit into
//! these: long texts and numbers, arrays, maps, and rows again. Everything is little-endian.
//!
//! What another process wrote into a buffer is input like any other: every length and offset is
//! checked before it is used, and what does not hold is an error, never a panic and never a read
//! outside of the row.

mod bytes;
mod cells;
mod column;
mod decimal;
mod elements;
mod frame;
mod nested;
mod time;

use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    datatypes::{Field, Schema, SchemaRef},
};
use arrow_redshift::{Error, ErrorKind, Result, stage::RowKind, types::FlinkType};

pub use frame::fixed_part;
use frame::{Frame, RowCells};

/// A field of Flink's rows.
#[derive(Debug, Clone)]
pub struct RowField {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub data_type: FlinkType,
}

/// Decodes the rows of one table.
#[derive(Debug, Clone)]
pub struct Decoder {
    /// Fields of a row.
    arity: usize,
    /// The fields that are decoded, each with its place in the row.
    fields: Vec<(usize, RowField)>,
    schema: SchemaRef,
}

/// The rows of one buffer.
#[derive(Debug)]
pub struct Rows {
    /// One column for each decoded field. All of them may hold NULL, whatever was declared: the
    /// sink checks that, and a delete may leave out what is no key. So may what is within them, but
    /// for keys of maps.
    pub batch: RecordBatch,
    /// What each row does; `None` is all inserts.
    pub kinds: Option<Vec<RowKind>>,
}

impl Decoder {
    /// A decoder of the `written` fields, in that order, from rows of all `fields`.
    pub fn new(fields: &[RowField], written: &[usize]) -> Result<Decoder> {
        let field = |at: &usize| fields.get(*at).map(|field| (*at, field.clone()));
        let decoded = written.iter().map(field).collect::<Option<Vec<_>>>().ok_or_else(|| {
            let why = format!("a row of {} fields lacks one that is written", fields.len());
            Error::new(ErrorKind::Internal, why)
        })?;
        let arrow = |(_, field): &(usize, RowField)| {
            Field::new(&field.name, nested::open(field.data_type.arrow()), true)
        };
        let schema = Arc::new(Schema::new(decoded.iter().map(arrow).collect::<Vec<_>>()));
        Ok(Decoder { arity: fields.len(), fields: decoded, schema })
    }

    /// Decodes a buffer that holds `rows` rows. `before` is how many came before them, for messages.
    pub fn decode(&self, bytes: &[u8], rows: usize, before: u64) -> Result<Rows> {
        let frame = Frame::find(bytes, rows, self.arity, before)?;
        let kinds = frame.kinds()?;
        let mut columns = Vec::with_capacity(self.fields.len());
        for (place, field) in &self.fields {
            let cells = RowCells { frame: &frame, place: *place, column: &field.name };
            columns.push(column::decode(&cells, &field.data_type)?);
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| {
            Error::new(ErrorKind::Internal, "decoded rows are not what their schema says")
                .source(error)
        })?;
        Ok(Rows { batch, kinds })
    }
}
