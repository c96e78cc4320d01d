//! `'format' = 'csv'`, with Flink's option names and readings of values.

use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Trim};
use datafusion::{
    arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions},
    error::Result,
};

use super::{
    builder::{ColumnBuilder, TimeText},
    files,
    filesystem::{InputError, Wanted},
    options::TableOptions,
};
use crate::value::time::Digits;

/// `Timestamp.valueOf` and `Date.valueOf`.
const TIME: TimeText = TimeText { separator: ' ', digits: Digits::Free };

/// The format's options.
#[derive(Debug, Clone)]
pub struct CsvFormat {
    delimiter: u8,
    quote: Option<u8>,
    escape: Option<u8>,
    comments: bool,
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
        Some(CsvFormat {
            delimiter: delimiter.unwrap_or(b','),
            quote: (!unquoted).then_some(quote.unwrap_or(b'"')),
            escape: character(options, "csv.escape-character"),
            comments: options.flag("csv.allow-comments"),
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
    let bytes = files::open(file).map_err(|error| unreadable(file, 0, &error))?;
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::None)
        .delimiter(format.delimiter)
        .quoting(format.quote.is_some())
        .quote(format.quote.unwrap_or(b'"'))
        .escape(format.escape)
        .comment(format.comments.then_some(b'#'))
        .from_reader(bytes);
    let mut table = Table::new(format, wanted, file);
    let mut record = ByteRecord::new();
    loop {
        let before = reader.position().line();
        let more = reader
            .read_byte_record(&mut record)
            .map_err(|error| unreadable(file, before, &error))?;
        if !more {
            break;
        }
        let line = record.position().map_or(before, csv::Position::line);
        table.add(&record, line)?;
        if table.rows == rows && !send(table.finish()?) {
            return Ok(false);
        }
    }
    Ok(table.rows == 0 || send(table.finish()?))
}

fn unreadable(file: &Path, line: u64, error: &impl std::error::Error) -> InputError {
    InputError::record(file, line, format!("cannot read the file: {error}"))
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
        let builders = columns.map(|column| ColumnBuilder::new(column.data_type, TIME)).collect();
        Table { format, wanted, file, builders, rows: 0 }
    }

    fn add(&mut self, record: &ByteRecord, line: u64) -> Result<()> {
        let (found, declared) = (record.len(), self.wanted.columns.len());
        if found != declared && !self.format.ignore_errors {
            let message = format!("the record has {found} fields and the table {declared} columns");
            return Err(InputError::record(self.file, line, message).into());
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
                    return Err(InputError::value(self.file, line, column).into());
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
