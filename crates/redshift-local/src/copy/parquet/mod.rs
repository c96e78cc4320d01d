//! Parquet files into rows, as Redshift's scan layer reads them.

mod column;
mod footer;
mod judge;
mod value;

use std::fs::File;

use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};

use self::{
    column::Column,
    footer::{Checked, Expectation},
    judge::Decode,
    value::Writer,
};
use super::{
    CopyContext, CopyError, Loaded,
    files::DataFile,
    rows::{Closed, Rows},
    target::TargetColumn,
};

/// Rows that are decoded at a time: with one page of every column, all that is in memory.
const BATCH: usize = 2048;

/// What a load of Parquet files is told.
pub struct Scan<'a> {
    /// Columns to fill, in the order of the files' columns.
    pub columns: &'a [TargetColumn],
    /// `FILLRECORD`.
    pub fill_record: bool,
    /// `SERIALIZETOJSON`.
    pub serialize_to_json: bool,
    /// `ACCEPTINVCHARS` and its replacement.
    pub accept_inv_chars: Option<u8>,
    /// Whose load it is.
    pub context: &'a CopyContext,
}

impl Scan<'_> {
    /// Checks every file's footer, then writes all rows. One bad row fails the whole load.
    pub fn run(&self, files: &[DataFile], rows: &mut Rows) -> Result<Loaded, CopyError> {
        for file in files {
            self.open(file)?;
        }
        let mut loaded = Loaded::new("Parquet");
        for file in files {
            let checked = self.open(file)?;
            let count = self.file(file, &checked, rows)?;
            loaded.add(file, count, 0);
        }
        Ok(loaded)
    }

    fn open(&self, file: &DataFile) -> Result<Checked, CopyError> {
        let expectation = Expectation {
            columns: self.columns,
            fill_record: self.fill_record,
            serialize_to_json: self.serialize_to_json,
        };
        footer::open(file, &expectation, self.context)
    }

    fn file(&self, file: &DataFile, checked: &Checked, rows: &mut Rows) -> Result<u64, CopyError> {
        let mut writer = Writer::new(self, file);
        let mut count = 0;
        for group in 0..checked.reader.num_row_groups() {
            count += self.row_group(file, checked, group, &mut writer, rows)?;
        }
        Ok(count)
    }

    fn row_group(
        &self,
        file: &DataFile,
        Checked { reader, decodes }: &Checked,
        group: usize,
        writer: &mut Writer<'_>,
        rows: &mut Rows,
    ) -> Result<u64, CopyError> {
        let corrupt = |e: parquet::errors::ParquetError| self.corrupt(file, &e.to_string());
        let group = reader.get_row_group(group).map_err(corrupt)?;
        let mut columns = open_columns(reader, group.as_ref()).map_err(corrupt)?;
        let expected = u64::try_from(group.metadata().num_rows()).unwrap_or(0);
        let mut done = 0;
        while done < expected {
            let most = usize::try_from(expected - done).unwrap_or(BATCH).min(BATCH);
            for column in &mut columns {
                if column.read(most).map_err(corrupt)? != most {
                    return Err(self.corrupt(file, "a column has fewer values than rows"));
                }
            }
            self.batch(&mut columns, decodes, most, writer, rows)?;
            done += most as u64;
        }
        Ok(done)
    }

    fn batch(
        &self,
        columns: &mut [Column],
        decodes: &[Decode],
        count: usize,
        writer: &mut Writer<'_>,
        rows: &mut Rows,
    ) -> Result<(), CopyError> {
        let filled = &self.columns[columns.len()..];
        for row in 0..count {
            rows.begin(self.columns.len());
            for (i, column) in columns.iter_mut().enumerate() {
                let target = &self.columns[i];
                match column.take(row) {
                    Some(at) => writer.value(target, decodes[i], column.values(), at, rows)?,
                    None => writer.null(target, rows)?,
                }
            }
            for target in filled {
                writer.null(target, rows)?;
            }
            rows.end().map_err(|Closed| CopyError::abandoned())?;
        }
        Ok(())
    }

    fn corrupt(&self, file: &DataFile, cause: &str) -> CopyError {
        let text = format!("File '{}' is corrupt: {cause}", file.address);
        CopyError::spectrum(&self.context.session, 15001, &text)
    }
}

fn open_columns(
    reader: &SerializedFileReader<File>,
    group: &dyn RowGroupReader,
) -> parquet::errors::Result<Vec<Column>> {
    let schema = reader.metadata().file_metadata().schema_descr();
    (0..schema.num_columns())
        .map(|i| {
            let nullable = schema.column(i).max_def_level() > 0;
            Ok(Column::new(group.get_column_reader(i)?, nullable))
        })
        .collect()
}
