//! `'connector' = 'print'`: rows on standard output, as Flink's print sink writes them.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use arrow_redshift::types::FlinkType;
use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{
        DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type,
        Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
    },
    error::ArrowError,
};

use super::options::TableOptions;
use crate::{
    plan::Class,
    script::{DeclaredColumn, Problem},
    value::{decimal, number, time},
};

/// The table's options.
#[derive(Debug, Clone)]
pub struct Print {
    prefix: String,
    types: Vec<FlinkType>,
    standard_error: bool,
}

impl Print {
    /// Reads the table's options.
    pub fn open(options: &mut TableOptions<'_>, columns: &[DeclaredColumn]) -> Self {
        let prefix =
            options.get("print-identifier").map_or_else(String::new, |name| format!("{name}> "));
        if let Some(number) = options.get("sink.parallelism")
            && number != "1"
        {
            options.problem(Problem::unsupported(0, "'sink.parallelism' of a print sink").message);
        }
        Print {
            prefix,
            types: columns.iter().map(|column| column.data_type.clone()).collect(),
            standard_error: options.flag("standard-error"),
        }
    }
}

impl Print {
    /// Where the rows go, for messages.
    pub fn stream(&self) -> &'static str {
        if self.standard_error { "standard error" } else { "standard output" }
    }
}

/// Writes batches.
pub struct Printer<'a> {
    print: &'a Print,
    line: String,
}

impl<'a> Printer<'a> {
    /// A writer for one INSERT.
    pub fn new(print: &'a Print) -> Self {
        Printer { print, line: String::new() }
    }

    /// Writes each row of a batch as `+I[…]`.
    pub fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let columns = batch
            .columns()
            .iter()
            .zip(&self.print.types)
            .map(|(column, data_type)| texts(column, data_type))
            .collect::<Result<Vec<_>, _>>()
            .map_err(io::Error::other)?;
        let mut out: Box<dyn Write> = match self.print.standard_error {
            true => Box::new(io::stderr().lock()),
            false => Box::new(io::BufWriter::new(io::stdout().lock())),
        };
        for row in 0..batch.num_rows() {
            self.line.clear();
            for (index, column) in columns.iter().enumerate() {
                let separator = if index == 0 { "" } else { ", " };
                // Writing to a String cannot fail.
                let _ =
                    write!(self.line, "{separator}{}", column[row].as_deref().unwrap_or("null"));
            }
            writeln!(out, "{}+I[{}]", self.print.prefix, self.line)?;
        }
        out.flush()
    }
}

/// The text of each value, as its Java object's `toString` gives it.
fn texts(array: &ArrayRef, data_type: &FlinkType) -> Result<Vec<Option<String>>, ArrowError> {
    Ok(match array.data_type() {
        DataType::Boolean => {
            array.as_boolean().iter().map(|value| value.map(|value| value.to_string())).collect()
        }
        DataType::Utf8 => {
            array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
        }
        DataType::Float32 => array
            .as_primitive::<Float32Type>()
            .iter()
            .map(|v| v.map(number::format_float))
            .collect(),
        DataType::Float64 => array
            .as_primitive::<Float64Type>()
            .iter()
            .map(|v| v.map(number::format_double))
            .collect(),
        DataType::Decimal128(_, scale) => {
            let scale = scale.unsigned_abs();
            let values = array.as_primitive::<Decimal128Type>().iter();
            values.map(|value| value.map(|value| decimal::format_java(value, scale))).collect()
        }
        DataType::Date32 => {
            array.as_primitive::<Date32Type>().iter().map(|v| v.map(time::format_date)).collect()
        }
        DataType::Timestamp(..) => {
            let micros = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let format = match data_type {
                FlinkType::TimestampLtz(_) => time::format_instant,
                _ => time::format_iso,
            };
            micros
                .as_primitive::<TimestampMicrosecondType>()
                .iter()
                .map(|v| v.map(format))
                .collect()
        }
        _ if Class::of(array.data_type()) == Class::Carried => {
            let values = (0..array.len()).map(|row| carried(array, row, data_type));
            values.collect::<Result<_, _>>()?
        }
        _ => {
            let numbers = cast(array, &DataType::Int64)?;
            numbers.as_primitive::<Int64Type>().iter().map(|v| v.map(|v| v.to_string())).collect()
        }
    })
}

/// The text of one value that is only carried; `None` for NULL.
fn carried(
    array: &ArrayRef,
    row: usize,
    data_type: &FlinkType,
) -> Result<Option<String>, ArrowError> {
    if array.is_null(row) {
        return Ok(None);
    }
    Ok(Some(match data_type {
        FlinkType::Binary(_) | FlinkType::VarBinary(_) | FlinkType::Bytes => {
            // Java's bytes have a sign.
            let bytes = array.as_binary::<i32>().value(row).iter();
            list(bytes.map(|byte| byte.cast_signed().to_string()))
        }
        FlinkType::Time(_) => {
            time::format_clock(array.as_primitive::<Time64MicrosecondType>().value(row))
        }
        FlinkType::Array(element) => {
            let values = texts(&array.as_list::<i32>().value(row), &element.data_type)?;
            list(values.into_iter().map(or_null))
        }
        FlinkType::Map(key, value) => entries(array, row, &key.data_type, &value.data_type)?,
        FlinkType::Multiset(element) => entries(array, row, &element.data_type, &FlinkType::Int)?,
        FlinkType::Row(fields) => {
            let columns = array.as_struct().columns().iter().zip(fields);
            let texts = columns.map(|(column, field)| {
                let value = texts(&column.slice(row, 1), &field.data_type)?;
                Ok(or_null(value.into_iter().next().flatten()))
            });
            format!("+I{}", list(texts.collect::<Result<Vec<_>, ArrowError>>()?.into_iter()))
        }
        other => return Err(ArrowError::SchemaError(format!("{other} is not only carried"))),
    }))
}

/// A map's entries, as Java writes them; which of them comes first is Java's own secret.
fn entries(
    array: &ArrayRef,
    row: usize,
    key: &FlinkType,
    value: &FlinkType,
) -> Result<String, ArrowError> {
    let entries = array.as_map().value(row);
    let (keys, values) = (texts(entries.column(0), key)?, texts(entries.column(1), value)?);
    let pairs = keys.into_iter().zip(values);
    let texts = pairs.map(|(key, value)| format!("{}={}", or_null(key), or_null(value)));
    Ok(format!("{{{}}}", texts.collect::<Vec<_>>().join(", ")))
}

fn list(texts: impl Iterator<Item = String>) -> String {
    format!("[{}]", texts.collect::<Vec<_>>().join(", "))
}

fn or_null(text: Option<String>) -> String {
    text.unwrap_or_else(|| "null".to_owned())
}
