//! CSV files into rows.

mod datetime;
mod field;
mod number;
mod records;

use std::io::{BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use self::{
    field::Rules,
    records::{LONGEST, Next, Records},
};
use super::{
    CopyContext, CopyError, Loaded,
    error::{LoadError, Place},
    files::{self, DataFile},
    notice,
    reason::Reason,
    rows::{Closed, Rows},
    target::TargetColumn,
};
use crate::dialect::copy::{CopyStatement, CsvFormat};

/// What a load of CSV files is told.
pub struct Parse<'a> {
    columns: &'a [TargetColumn],
    format: &'a CsvFormat,
    rules: Rules,
    fill_record: bool,
    max_error: u32,
    /// `NOLOAD`: records are checked and not written.
    discard: bool,
    context: &'a CopyContext,
}

/// A bad field or record, and where in the record it is.
struct Fault {
    /// The column's place and the field's bytes, unless the record as a whole is at fault.
    field: Option<(usize, std::ops::Range<usize>)>,
    reason: Reason,
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Fault {
        Fault { field: None, reason }
    }
}

impl<'a> Parse<'a> {
    /// A load of `columns`, as `statement` says.
    pub fn new(
        statement: &CopyStatement,
        format: &'a CsvFormat,
        columns: &'a [TargetColumn],
        context: &'a CopyContext,
    ) -> Result<Parse<'a>, CopyError> {
        Ok(Parse {
            columns,
            format,
            rules: Rules::new(format, super::replacement(statement)?)?,
            fill_record: statement.fill_record,
            max_error: statement.max_error.max(1),
            discard: statement.no_load,
            context,
        })
    }

    /// Writes the records of all files; those that cannot be loaded are skipped until there are
    /// MAXERROR of them.
    pub fn run(&self, files: &[DataFile], rows: &mut Rows) -> Result<Loaded, CopyError> {
        let mut loaded = Loaded::new("Text");
        for file in files {
            self.file(file, &mut loaded, rows)?;
        }
        Ok(loaded)
    }

    fn file(&self, file: &DataFile, loaded: &mut Loaded, rows: &mut Rows) -> Result<(), CopyError> {
        let bytes = BufReader::with_capacity(256 * 1024, files::open(file, self.context)?);
        if self.format.gzip {
            self.records(file, MultiGzDecoder::new(bytes), loaded, rows)
        } else {
            self.records(file, bytes, loaded, rows)
        }
    }

    fn records(
        &self,
        file: &DataFile,
        input: impl Read,
        loaded: &mut Loaded,
        rows: &mut Rows,
    ) -> Result<(), CopyError> {
        let unreadable = |error: std::io::Error| self.unreadable(file, &error);
        let mut records = Records::new(input, self.format.delimiter, self.format.quote);
        records.skip_lines(self.format.ignore_header).map_err(unreadable)?;
        let mut scratch = Scratch::default();
        let (mut count, mut skipped) = (0, 0);
        loop {
            let next = records.next().map_err(unreadable)?;
            let fault = match next {
                Next::End => break,
                Next::Blank if self.format.ignore_blank_lines => continue,
                Next::Blank => Err(Reason::empty_line().into()),
                Next::BadQuotes => Err(Reason::quoting().into()),
                Next::TooLong => Err(Reason::line_too_long(LONGEST).into()),
                Next::Record => self.row(&records, &mut scratch, rows),
            };
            match fault {
                Ok(()) if self.discard => rows.discard(),
                Ok(()) => {
                    rows.end().map_err(|Closed| CopyError::abandoned())?;
                    count += 1;
                }
                Err(fault) => {
                    rows.discard();
                    skipped += 1;
                    loaded.errors.push(self.load_error(file, &records, &fault));
                    // Nothing can be read after a record beyond the buffer.
                    if loaded.errors.len() >= self.max_error as usize || next == Next::TooLong {
                        return Err(self.failed(std::mem::take(&mut loaded.errors)));
                    }
                }
            }
        }
        loaded.add(file, count, skipped);
        Ok(())
    }

    fn row(
        &self,
        records: &Records<impl Read>,
        scratch: &mut Scratch,
        rows: &mut Rows,
    ) -> Result<(), Fault> {
        let (record, fields) = (records.record(), records.fields());
        if fields.len() > self.columns.len() {
            return Err(Reason::extra_columns().into());
        }
        if fields.len() < self.columns.len() && !self.fill_record {
            return Err(Reason::missing_columns().into());
        }
        if record.contains(&0) {
            return Err(Reason::unknown("NUL in a CSV record").into());
        }
        rows.begin(self.columns.len());
        for (i, column) in self.columns.iter().enumerate() {
            let at = |range: &std::ops::Range<usize>| Some((i, range.clone()));
            let Some(field) = fields.get(i) else {
                let filled = self.rules.fill(column, rows);
                filled.map_err(|reason| Fault { field: Some((i, 0..0)), reason })?;
                continue;
            };
            let mut value = &record[field.range.clone()];
            if field.doubled {
                scratch.undouble(value, self.format.quote);
                value = &scratch.undoubled;
            }
            self.rules
                .write(column, value, &mut scratch.replaced, rows)
                .map_err(|reason| Fault { field: at(&field.range), reason })?;
        }
        Ok(())
    }

    fn load_error(
        &self,
        file: &DataFile,
        records: &Records<impl Read>,
        fault: &Fault,
    ) -> LoadError {
        let record = records.record();
        let field =
            fault.field.as_ref().map(|(i, range)| (&self.columns[*i], &record[range.clone()]));
        let name = file.address.to_string();
        let place = Place { file: &name, line: records.line(), record, field };
        LoadError::new(&self.context.session, place, &fault.reason)
    }

    fn failed(&self, load_errors: Vec<LoadError>) -> CopyError {
        let message = notice::load_failed(&self.context.session.table, self.context.edition);
        CopyError { load_errors, ..CopyError::plain(super::error::INTERNAL_ERROR, message) }
    }

    fn unreadable(&self, file: &DataFile, error: &std::io::Error) -> CopyError {
        let message = if self.format.gzip {
            "Failed to inflate with invalid or incomplete deflate data. zlib error code: -3"
        } else {
            "Problem reading file"
        };
        let context = format!("{}: {error}", file.address);
        CopyError::leader(&self.context.session, message, 1200, &context)
    }
}

/// Room for fields that are not taken as they are.
#[derive(Default)]
struct Scratch {
    undoubled: Vec<u8>,
    replaced: Vec<u8>,
}

impl Scratch {
    /// `value` with one quote for each pair.
    fn undouble(&mut self, value: &[u8], quote: u8) {
        self.undoubled.clear();
        let mut rest = value;
        while let Some(at) = rest.iter().position(|byte| *byte == quote) {
            self.undoubled.extend_from_slice(&rest[..=at]);
            rest = rest.get(at + 2..).unwrap_or_default();
        }
        self.undoubled.extend_from_slice(rest);
    }
}
