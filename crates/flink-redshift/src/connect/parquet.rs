//! `'format' = 'parquet'`: columns are found by their names, and have to be what the table declares
//! them as.

use std::{fs::File, path::Path, sync::Arc};

use arrow_redshift::types::FlinkType;
use datafusion::{
    arrow::{
        array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array},
        compute::{CastOptions, cast_with_options},
        datatypes::{DataType, Schema, SchemaRef},
        error::ArrowError,
    },
    error::Result,
    parquet::{
        arrow::{
            ProjectionMask,
            arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
        },
        errors::ParquetError,
    },
};

use super::{
    input_error::{FileError, InputError},
    options::TableOptions,
    streamed::Wanted,
};
use crate::{plan::engine_type, script::DeclaredColumn};

/// The format's options, of which nothing is left once they are read.
#[derive(Debug, Clone, Copy)]
pub struct ParquetFormat;

impl ParquetFormat {
    /// Reads the options. Others than these say how Flink writes, or are settings of Hadoop's.
    pub fn open(options: &mut TableOptions<'_>, columns: &[DeclaredColumn]) -> Option<Self> {
        options.refuse("parquet.batch-size");
        let utc = options.flag("parquet.utc-timezone");
        let times = columns.iter().filter(|column| {
            matches!(column.data_type, FlinkType::Timestamp(_) | FlinkType::TimestampLtz(_))
        });
        let names: Vec<&str> = times.map(|column| column.name.as_str()).collect();
        if !utc && !names.is_empty() {
            options.problem(format!(
                "timestamps of Parquet files ({}) are read here as UTC only: set \
                 'parquet.utc-timezone' = 'true' (without it Flink shifts them by its machine's \
                 time zone)",
                names.join(", ")
            ));
            return None;
        }
        Some(ParquetFormat)
    }
}

/// Reads a file into batches of at most so many rows, until there is no more or `send` wants no
/// more.
pub fn read(
    path: &Path,
    wanted: &Wanted<'_>,
    rows: usize,
    send: &mut impl FnMut(RecordBatch) -> bool,
) -> Result<bool> {
    let file = File::open(path).map_err(|error| InputError::unreadable(path, 1, &error))?;
    // What the file says itself, and not what an Arrow writer noted beside it.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|error| damaged(path, &error))?;
    let columns = Columns::find(path, wanted, builder.schema())?;
    let roots = columns.found.iter().flatten().copied();
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_projection(mask).with_batch_size(rows).build();
    for batch in reader.map_err(|error| damaged(path, &error))? {
        let batch = batch.map_err(|error| unreadable(path, &error))?;
        if !send(columns.convert(path, wanted, &batch)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where a file has the wanted columns.
struct Columns {
    /// The index of each among the file's columns; `None` where the file has none of that name,
    /// which is NULL in every row, as in Flink.
    found: Vec<Option<usize>>,
}

impl Columns {
    fn find(path: &Path, wanted: &Wanted<'_>, schema: &Schema) -> Result<Self> {
        let mut found = Vec::with_capacity(wanted.projection.len());
        for index in wanted.projection {
            let column = &wanted.columns[*index];
            let at = schema.index_of(&column.name).ok();
            if let Some(at) = at
                && !fits(&column.data_type, schema.field(at).data_type())
            {
                let held = schema.field(at).data_type();
                let message =
                    format!("the file holds {held}, and the table declares {}", column.data_type);
                let advice = "declare the column as the file has it, and CAST it in the query";
                return Err(FileError::column(path, &column.name, message, advice).into());
            }
            found.push(at);
        }
        Ok(Columns { found })
    }

    /// The wanted columns of a batch, in their order and with the engine's types.
    fn convert(
        &self,
        path: &Path,
        wanted: &Wanted<'_>,
        batch: &RecordBatch,
    ) -> Result<RecordBatch> {
        // What is read has the file's order, whatever the table's is.
        let mut order: Vec<usize> = self.found.iter().flatten().copied().collect();
        order.sort_unstable();
        order.dedup();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.found.len());
        for (found, index) in self.found.iter().zip(wanted.projection) {
            let column = &wanted.columns[*index];
            let engine = engine_type(&column.data_type);
            columns.push(match found {
                None => new_null_array(&engine, batch.num_rows()),
                Some(at) => {
                    let read = order.partition_point(|other| other < at);
                    exact(batch.column(read), &engine).map_err(|_| {
                        let message = format!("a value is no {}", column.data_type);
                        let advice = "correct the file, or declare the column wider";
                        FileError::column(path, &column.name, message, advice)
                    })?
                }
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let schema: SchemaRef = Arc::clone(wanted.schema);
        Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
    }
}

/// Converts a column without losing anything: what does not fit is an error.
fn exact(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    cast_with_options(array, to, &CastOptions { safe: false, ..CastOptions::default() })
}

/// Whether a file's column can be read as a declared type.
fn fits(declared: &FlinkType, held: &DataType) -> bool {
    match *declared {
        FlinkType::Boolean => *held == DataType::Boolean,
        // Parquet has no narrower numbers than 32 bits; their annotation is optional.
        FlinkType::TinyInt | FlinkType::SmallInt | FlinkType::Int => {
            matches!(held, DataType::Int8 | DataType::Int16 | DataType::Int32)
        }
        FlinkType::BigInt => *held == DataType::Int64,
        FlinkType::Float => *held == DataType::Float32,
        FlinkType::Double => *held == DataType::Float64,
        FlinkType::Decimal { precision, scale } => match held {
            DataType::Decimal32(digits, held)
            | DataType::Decimal64(digits, held)
            | DataType::Decimal128(digits, held) => {
                *digits <= precision && i16::from(*held) == i16::from(scale)
            }
            _ => false,
        },
        FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => matches!(
            held,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary
        ),
        FlinkType::Date => *held == DataType::Date32,
        FlinkType::Timestamp(_) | FlinkType::TimestampLtz(_) => {
            matches!(held, DataType::Timestamp(..))
        }
        // Scripts that name others are refused.
        _ => false,
    }
}

fn damaged(path: &Path, error: &ParquetError) -> FileError {
    let advice = "write or copy it anew, or give another 'format'";
    FileError::new(path, format!("it is no Parquet file, or damaged: {error}"), advice)
}

fn unreadable(path: &Path, error: &ArrowError) -> FileError {
    let advice = "write or copy it anew";
    FileError::new(path, format!("its rows cannot be read: {error}"), advice)
}
