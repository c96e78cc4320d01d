//! A load, from what is asked to what came of it.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::{sync::mpsc, task};

use super::{
    Access, CopyError, DataFile, LoadError, Source,
    columns::columns_of,
    csv::Parse,
    files::data_files,
    parquet::Scan,
    rows::{Closed, Rows},
    target::TargetColumn,
};
use crate::{
    config::{AccessKey, Edition, Role},
    dialect::copy::{CopyStatement, Format},
};

/// What COPY needs to know beside its statement.
#[derive(Clone)]
pub struct CopyContext {
    /// S3, as the cluster reads it.
    pub source: Arc<dyn Source>,
    /// Roles that there are.
    pub roles: Vec<Role>,
    /// Keys that there are.
    pub keys: Vec<AccessKey>,
    /// Ids of those whose sessions are over.
    pub expired_keys: Vec<String>,
    /// AWS region of the cluster.
    pub region: String,
    /// What the cluster is, which decides which view an error names.
    pub edition: Edition,
    /// Whose load it is.
    pub session: Session,
}

/// Whose load it is, as errors and system views name it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Id of the database user.
    pub user_id: i32,
    /// Database.
    pub database: String,
    /// The session's process id.
    pub pid: i32,
    /// Transaction.
    pub transaction_id: i64,
    /// The COPY's query id.
    pub query_id: i64,
    /// When the COPY began.
    pub start_time: DateTime<Utc>,
    /// Id of the target table.
    pub table_id: i64,
    /// Name of the target table, without its schema.
    pub table: String,
}

/// A load whose statement, authorization and files have been found to be in order.
pub struct Load {
    statement: CopyStatement,
    columns: Vec<TargetColumn>,
    files: Vec<DataFile>,
    context: CopyContext,
}

impl Load {
    /// Does what comes before the load itself; an error here leaves `pg_last_copy_count()` and
    /// `pg_last_copy_id()` as they were. `target` is the whole table in its own order.
    pub async fn prepare(
        statement: &CopyStatement,
        target: &[TargetColumn],
        context: CopyContext,
    ) -> Result<Load, CopyError> {
        let columns = columns_of(statement, target)?;
        replacement(statement)?;
        if let Format::Csv(format) = &statement.format {
            // Layouts that are not modelled are refused before the load counts as begun.
            Parse::new(statement, format, &columns, &context)?;
        }
        let statement = statement.clone();
        blocking(move || {
            let access = Access::authorize(&statement.authorization, &context)?;
            let files = data_files(&statement, &access, &context)?;
            Ok(Load { statement, columns, files, context })
        })
        .await
    }

    /// The columns that PostgreSQL's `COPY t (…) FROM STDIN (FORMAT binary)` must name, in order.
    pub fn pg_columns(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }

    /// The files that it reads.
    pub fn files(&self) -> &[DataFile] {
        &self.files
    }

    /// Reads the files and sends their rows as one binary COPY stream. The stream is whole only
    /// when this answers `Ok`: after an error the receiver must fail PostgreSQL's COPY. Memory is
    /// bounded by the channel's capacity of 160 KiB chunks, and by one page of each column or one
    /// record.
    pub async fn run(self, sender: mpsc::Sender<Bytes>) -> Result<Loaded, CopyError> {
        blocking(move || self.scan(sender)).await
    }

    fn scan(&self, sender: mpsc::Sender<Bytes>) -> Result<Loaded, CopyError> {
        let mut rows = Rows::new(sender);
        let loaded = match &self.statement.format {
            Format::Parquet { serialize_to_json } => {
                let scan = Scan {
                    columns: &self.columns,
                    fill_record: self.statement.fill_record,
                    serialize_to_json: *serialize_to_json,
                    accept_inv_chars: replacement(&self.statement)?,
                    context: &self.context,
                };
                scan.run(&self.files, &mut rows)?
            }
            Format::Csv(format) => {
                let parse = Parse::new(&self.statement, format, &self.columns, &self.context)?;
                parse.run(&self.files, &mut rows)?
            }
        };
        rows.finish().map_err(|Closed| CopyError::abandoned())?;
        Ok(loaded)
    }
}

/// The replacement of ACCEPTINVCHARS as a byte.
pub(super) fn replacement(statement: &CopyStatement) -> Result<Option<u8>, CopyError> {
    let byte = |with: char| match u8::try_from(with) {
        Ok(byte) if byte.is_ascii() && byte != 0 => Ok(byte),
        _ => {
            let text = "ACCEPTINVCHARS takes one ASCII character that is not NUL";
            Err(CopyError::plain("42601", text))
        }
    };
    statement.accept_inv_chars.map(byte).transpose()
}

impl CopyError {
    /// The receiver of the rows went away: the session is gone, or its COPY was cancelled.
    pub(super) fn abandoned() -> CopyError {
        CopyError::plain("57014", "COPY was cancelled: nobody takes its rows")
    }
}

async fn blocking<T, F>(work: F) -> Result<T, CopyError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, CopyError> + Send + 'static,
{
    let failed = |e| CopyError::plain("XX000", format!("COPY's own thread failed: {e}"));
    task::spawn_blocking(work).await.map_err(failed)?
}

/// What came of a load.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Rows that were sent: `pg_last_copy_count()`.
    pub rows: u64,
    /// Bytes of the files as they lie on S3.
    pub bytes: u64,
    /// Rows that MAXERROR let pass.
    pub skipped: u64,
    /// `file_format`, as the system views name it.
    pub file_format: &'static str,
    /// The files, in the order in which they were read; one that was listed twice is there twice.
    pub files: Vec<FileLoaded>,
    /// Why rows were skipped.
    pub errors: Vec<LoadError>,
}

/// One file's share of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLoaded {
    /// Its address.
    pub name: String,
    /// Its bytes as they lie on S3.
    pub bytes: u64,
    /// Rows that were loaded.
    pub rows: u64,
    /// Rows that were skipped.
    pub skipped: u64,
}

impl Loaded {
    pub(super) fn new(file_format: &'static str) -> Loaded {
        Loaded { rows: 0, bytes: 0, skipped: 0, file_format, files: Vec::new(), errors: Vec::new() }
    }

    pub(super) fn add(&mut self, file: &DataFile, rows: u64, skipped: u64) {
        self.rows += rows;
        self.bytes += file.size;
        self.skipped += skipped;
        let name = file.address.to_string();
        self.files.push(FileLoaded { name, bytes: file.size, rows, skipped });
    }
}
