//! `'format' = 'csv'`, with Flink's option names and readings of values.

mod advice;
mod record;
#[cfg(test)]
mod record_tests;

use std::path::Path;

use datafusion::{
    arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions},
    error::Result,
};

use tracing::warn;

use self::{
    advice::Advice,
    record::{Dialect, Malformed, Record, Records},
};
use super::{
    builder::{ColumnBuilder, TimeText},
    files,
    input_error::InputError,
    options::TableOptions,
    streamed::Wanted,
};
use crate::value::time::Digits;

/// `Timestamp.valueOf` and `Date.valueOf`.
const TIME: TimeText = TimeText { separator: ' ', digits: Digits::Free };

/// The format's options.
#[derive(Debug, Clone)]
pub struct CsvFormat {
    dialect: Dialect,
    ignore_errors: bool,
    null: Option<String>,
}

impl CsvFormat {
    /// Reads the options.
    pub fn open(options: &mut TableOptions<'_>) -> Option<Self> {
        options.refuse("csv.array-element-delimiter");
        options.refuse("csv.write-bigdecimal-in-scientific-notation");
        let delimiter = character(options, "csv.field-delimiter");
        let quote = character(options, "csv.quote-character");
        let unquoted = options.flag("csv.disable-quote-character");
        if unquoted && quote.is_some() {
            options.problem("'csv.quote-character' and 'csv.disable-quote-character' contradict");
        }
        let dialect = Dialect {
            delimiter: delimiter.unwrap_or(b','),
            quote: (!unquoted).then_some(quote.unwrap_or(b'"')),
            escape: character(options, "csv.escape-character"),
            comments: options.flag("csv.allow-comments"),
        };
        Some(CsvFormat {
            dialect,
            ignore_errors: options.flag("csv.ignore-parse-errors"),
            null: options.get("csv.null-literal").map(str::to_owned),
        })
    }
}

/// A character of one byte; `\t` and its like may be written so, as in Flink.
fn character(options: &mut TableOptions<'_>, key: &'static str) -> Option<u8> {
    let text = options.get(key)?;
    let found = match text {
        "\\t" => Some(b'\t'),
        "\\\\" => Some(b'\\'),
        _ => match text.strip_prefix("\\u").map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) if byte.is_ascii() => Some(byte),
            _ => <[u8; 1]>::try_from(text.as_bytes()).ok().map(|[byte]| byte),
        },
    };
    if found.is_none() {
        options.problem(format!("'{key}' = '{text}': it must be one ASCII character"));
    }
    found
}

/// Reads a file into batches of so many rows, until there is no more or `send` wants no more.
pub fn read(
    file: &Path,
    format: &CsvFormat,
    wanted: &Wanted<'_>,
    rows: usize,
    send: &mut impl FnMut(RecordBatch) -> bool,
) -> Result<bool> {
    let bytes =
        files::open(file).map_err(|error| malformed(file, &Malformed::Unreadable(1, error)))?;
    let mut records = Records::new(bytes, format.dialect);
    let mut table = Table::new(format, wanted, file);
    let mut record = Record::default();
    loop {
        match records.read(&mut record) {
            Ok(true) => table.add(&record)?,
            Ok(false) => break,
            Err(Malformed::AfterQuote(_)) if format.ignore_errors => {
                records.skip(&mut record).map_err(|error| malformed(file, &error))?;
            }
            Err(Malformed::Unclosed(line)) if format.ignore_errors => {
                // As in Flink, which says nothing of it; but it may be most of the file.
                let file = file.display();
                warn!(
                    "{file}:{line}: a quote opens here that is closed nowhere: this record, \
                       which reaches to the end of the file, is left out"
                );
                break;
            }
            Err(error) => return Err(malformed(file, &error).into()),
        }
        if table.rows == rows && !send(table.finish()?) {
            return Ok(false);
        }
    }
    Ok(table.rows == 0 || send(table.finish()?))
}

fn malformed(file: &Path, error: &Malformed) -> InputError {
    let line = error.line();
    match error {
        Malformed::Unreadable(_, error) => InputError::unreadable(file, line, error),
        other => InputError::record(file, line, other.to_string(), advice::about(other)),
    }
}

/// The rows of one batch.
struct Table<'a> {
    format: &'a CsvFormat,
    wanted: &'a Wanted<'a>,
    file: &'a Path,
    builders: Vec<ColumnBuilder>,
    rows: usize,
}

impl<'a> Table<'a> {
    fn new(format: &'a CsvFormat, wanted: &'a Wanted<'a>, file: &'a Path) -> Self {
        let columns = wanted.projection.iter().map(|index| &wanted.columns[*index]);
        let builders = columns.map(|column| ColumnBuilder::new(&column.data_type, TIME)).collect();
        Table { format, wanted, file, builders, rows: 0 }
    }

    fn add(&mut self, record: &Record) -> Result<()> {
        let (line, declared) = (record.line, self.wanted.columns.len());
        let mut found = record.len();
        // A delimiter behind the last field, and nothing more, is allowed.
        found -= usize::from(found == declared + 1 && record.get(declared).is_some_and(is_blank));
        if found != declared && !self.format.ignore_errors {
            let Advice { message, advice } = advice::about_number(record, declared, self.format);
            return Err(InputError::record(self.file, line, message, advice).into());
        }
        // Where errors are ignored, Flink leaves long records out and fills short ones up.
        if found > declared {
            return Ok(());
        }
        for (builder, index) in self.builders.iter_mut().zip(self.wanted.projection) {
            let field = record.get(*index);
            let text = field.map(str::from_utf8).transpose().ok();
            let pushed = text.and_then(|text| {
                builder.push(text.filter(|text| self.format.null.as_deref() != Some(*text)))
            });
            if pushed.is_none() {
                if !self.format.ignore_errors {
                    let column = &self.wanted.columns[*index];
                    let text = text.map(Option::unwrap_or_default);
                    let Advice { message, advice } =
                        advice::about_value(text, line, &column.data_type, self.format);
                    let error = InputError::value(self.file, line, column, message, advice);
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

fn is_blank(field: &[u8]) -> bool {
    field.iter().all(|byte| *byte <= b' ')
}
