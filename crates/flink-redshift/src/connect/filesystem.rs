//! `'connector' = 'filesystem'`: files of this machine as a source, read as a stream.

use std::{path::PathBuf, sync::Arc};

use datafusion::{arrow::array::RecordBatch, error::Result};

use super::{
    csv::{self, CsvFormat},
    files,
    json::{self, JsonFormat},
    options::TableOptions,
    parquet::{self, ParquetFormat},
    streamed::{RowSource, Wanted},
};
use crate::script::{DeclaredColumn, Problem};

/// Files that are read.
#[derive(Debug, Clone)]
pub struct Filesystem {
    files: Vec<PathBuf>,
    format: Format,
    columns: Arc<[DeclaredColumn]>,
}

#[derive(Debug, Clone)]
enum Format {
    Csv(CsvFormat),
    Json(JsonFormat),
    Parquet(ParquetFormat),
}

impl Filesystem {
    /// Reads the table's options and looks for its files.
    pub fn open(options: &mut TableOptions<'_>, columns: &[DeclaredColumn]) -> Option<Self> {
        for key in
            ["source.monitor-interval", "source.path.regex-pattern", "partition.default-name"]
        {
            options.refuse(key);
        }
        let files = match options.get("path") {
            None => {
                options.problem("the table has no 'path'");
                None
            }
            Some(path) => match files::local_path(path).and_then(|path| files::list(&path)) {
                Ok(files) => Some(files),
                Err(message) => {
                    options.problem(message);
                    None
                }
            },
        };
        let format = match options.get("format") {
            Some("csv") => CsvFormat::open(options).map(Format::Csv),
            Some("json") => JsonFormat::open(options).map(Format::Json),
            Some("parquet") => ParquetFormat::open(options, columns).map(Format::Parquet),
            Some(other) => {
                let what = format!("'format' = '{other}'");
                options.problem(Problem::unsupported(options.line(), what).message);
                None
            }
            None => {
                options.problem("the table has no 'format'");
                None
            }
        };
        Some(Filesystem { files: files?, format: format?, columns: columns.into() })
    }
}

impl RowSource for Filesystem {
    fn columns(&self) -> &Arc<[DeclaredColumn]> {
        &self.columns
    }

    /// With a parallelism of 1 one stream reads all files, in order.
    fn split(&self, most: usize) -> Vec<Self> {
        let streams = most.min(self.files.len()).max(1);
        let every = |first| self.files.iter().skip(first).step_by(streams).cloned().collect();
        (0..streams).map(|first| Filesystem { files: every(first), ..self.clone() }).collect()
    }

    fn read(
        &self,
        wanted: &Wanted<'_>,
        rows: usize,
        send: &mut impl FnMut(RecordBatch) -> bool,
    ) -> Result<()> {
        for file in &self.files {
            let more = match &self.format {
                Format::Csv(format) => csv::read(file, format, wanted, rows, send)?,
                Format::Json(format) => json::read(file, format, wanted, rows, send)?,
                Format::Parquet(_) => parquet::read(file, wanted, rows, send)?,
            };
            if !more {
                break;
            }
        }
        Ok(())
    }
}
