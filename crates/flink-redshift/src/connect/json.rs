//! `'format' = 'json'`: one object a line, with Flink's option names and readings of values.

use std::{
    io::{BufRead, Read},
    path::Path,
};

use datafusion::{
    arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions},
    error::Result,
};
use serde_json::{Map, Value};

use super::{
    builder::{ColumnBuilder, TimeText},
    files,
    input_error::InputError,
    options::TableOptions,
    streamed::Wanted,
};
use crate::value::{number, time::Digits};

/// The longest line that is read, in bytes: memory stays bounded on a file without line ends.
const LONGEST: u64 = 64 * 1024 * 1024;

/// The format's options.
#[derive(Debug, Clone)]
pub struct JsonFormat {
    fail_on_missing: bool,
    ignore_errors: bool,
    time: TimeText,
}

impl JsonFormat {
    /// Reads the options.
    pub fn open(options: &mut TableOptions<'_>) -> Option<Self> {
        for key in [
            "json.map-null-key.mode",
            "json.map-null-key.literal",
            "json.encode.decimal-as-plain-number",
            "json.encode.ignore-null-fields",
            "json.decode.json-parser.enabled",
        ] {
            options.refuse(key);
        }
        let fail_on_missing = options.flag("json.fail-on-missing-field");
        let ignore_errors = options.flag("json.ignore-parse-errors");
        if fail_on_missing && ignore_errors {
            options.problem(
                "'json.fail-on-missing-field' and 'json.ignore-parse-errors' cannot both be true",
            );
        }
        let separator = match options.get("json.timestamp-format.standard") {
            None | Some("SQL") => ' ',
            Some("ISO-8601") => 'T',
            Some(other) => {
                options.problem(format!(
                    "'json.timestamp-format.standard' = '{other}': it must be SQL or ISO-8601"
                ));
                ' '
            }
        };
        let time = TimeText { separator, digits: Digits::Fixed };
        Some(JsonFormat { fail_on_missing, ignore_errors, time })
    }
}

/// Reads a file into batches of so many rows, until there is no more or `send` wants no more.
pub fn read(
    file: &Path,
    format: &JsonFormat,
    wanted: &Wanted<'_>,
    rows: usize,
    send: &mut impl FnMut(RecordBatch) -> bool,
) -> Result<bool> {
    let mut lines = files::open(file).map_err(|error| InputError::unreadable(file, 1, &error))?;
    let mut table = Table::new(format, wanted, file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let taken = (&mut lines)
            .take(LONGEST)
            .read_until(b'\n', &mut line)
            .map_err(|error| InputError::unreadable(file, number, &error))?;
        if taken == 0 {
            break;
        }
        if taken as u64 == LONGEST {
            let message = format!("the line has more than {LONGEST} bytes");
            let advice = "the format wants one object on each line";
            return Err(InputError::record(file, number, message, advice).into());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        table.add(&line, number)?;
        if table.rows == rows && !send(table.finish()?) {
            return Ok(false);
        }
    }
    Ok(table.rows == 0 || send(table.finish()?))
}

/// The rows of one batch.
struct Table<'a> {
    format: &'a JsonFormat,
    wanted: &'a Wanted<'a>,
    file: &'a Path,
    builders: Vec<ColumnBuilder>,
    rows: usize,
}

impl<'a> Table<'a> {
    fn new(format: &'a JsonFormat, wanted: &'a Wanted<'a>, file: &'a Path) -> Self {
        let columns = wanted.projection.iter().map(|index| &wanted.columns[*index]);
        let builders =
            columns.map(|column| ColumnBuilder::new(&column.data_type, format.time)).collect();
        Table { format, wanted, file, builders, rows: 0 }
    }

    fn add(&mut self, line: &[u8], number: u64) -> Result<()> {
        let object: Map<String, Value> = match serde_json::from_slice(line) {
            Ok(object) => object,
            Err(_) if self.format.ignore_errors => return Ok(()),
            // The parser's own message may quote the data.
            Err(error) => {
                let message = format!("the line is no JSON object (at byte {})", error.column());
                let advice = "the format wants one object on each line; \
                              'json.ignore-parse-errors' = 'true' leaves other lines out";
                return Err(InputError::record(self.file, number, message, advice).into());
            }
        };
        for (builder, index) in self.builders.iter_mut().zip(self.wanted.projection) {
            let column = &self.wanted.columns[*index];
            let value = object.get(&column.name);
            if value.is_none() && self.format.fail_on_missing {
                let message = format!("the object has no field '{}'", column.name);
                let advice = "without 'json.fail-on-missing-field' it is read as NULL";
                return Err(InputError::record(self.file, number, message, advice).into());
            }
            let text = value.and_then(text);
            if builder.push(text.as_deref()).is_none() {
                if !self.format.ignore_errors {
                    let message = format!("the value is no {}", column.data_type);
                    let advice = "correct the file, or declare the column as STRING and CAST it in \
                                  the query; 'json.ignore-parse-errors' = 'true' reads NULL";
                    let error = InputError::value(self.file, number, column, message, advice);
                    return Err(error.into());
                }
                builder.push_null();
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<RecordBatch> {
        let columns: Vec<ArrayRef> =
            self.builders.iter_mut().map(ColumnBuilder::finish).collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        Ok(RecordBatch::try_new_with_options(self.wanted.schema.clone(), columns, &options)?)
    }
}

/// The text of a value, as Jackson's `asText` gives it; objects and arrays stay JSON.
fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Number(float) if float.is_f64() => number::format_double(float.as_f64()?),
        other => other.to_string(),
    })
}
