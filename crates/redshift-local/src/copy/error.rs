//! What a COPY that fails tells: the error as the client sees it, and the rows of the load-error
//! views.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Session, reason::Reason, target::TargetColumn};

/// SQLSTATE of nearly everything that goes wrong inside a load.
pub const INTERNAL_ERROR: &str = "XX000";
/// SQLSTATE of what Redshift, or this stand-in, does not support.
pub const NOT_SUPPORTED: &str = "0A000";

/// A COPY that failed: nothing of it may stay in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyError {
    /// SQLSTATE.
    pub sqlstate: &'static str,
    /// The message.
    pub message: String,
    /// The DETAIL block, where there is one.
    pub detail: Option<String>,
    /// Rows for the load-error views (CSV only: Parquet errors are in `detail` alone).
    pub load_errors: Vec<LoadError>,
}

impl CopyError {
    /// An error that is a message alone.
    pub fn plain(sqlstate: &'static str, message: impl Into<String>) -> CopyError {
        CopyError { sqlstate, message: message.into(), detail: None, load_errors: Vec::new() }
    }

    /// A refusal because this stand-in does not know what Redshift does with `what`.
    pub fn not_modelled(what: impl fmt::Display) -> CopyError {
        CopyError::plain(NOT_SUPPORTED, format!("not modelled: {what}"))
    }

    /// An error of the leader node: `message`, and a DETAIL block that repeats it.
    pub fn leader(session: &Session, message: &str, code: u32, context: &str) -> CopyError {
        CopyError {
            sqlstate: INTERNAL_ERROR,
            message: message.to_owned(),
            detail: Some(
                Block { error: message, code, context, location: LEADER, process: "padbmaster" }
                    .text(session),
            ),
            load_errors: Vec::new(),
        }
    }

    /// An error of the layer that scans Parquet.
    pub fn spectrum(session: &Session, code: u32, context: &str) -> CopyError {
        CopyError::spectrum_named(session, SPECTRUM, code, context)
    }

    /// As [`CopyError::spectrum`], with a message that says more than `Spectrum Scan Error`.
    pub fn spectrum_named(session: &Session, message: &str, code: u32, context: &str) -> CopyError {
        let block =
            Block { error: SPECTRUM, code, context, location: SCAN, process: "worker_thread" };
        CopyError {
            sqlstate: INTERNAL_ERROR,
            message: message.to_owned(),
            detail: Some(block.text(session)),
            load_errors: Vec::new(),
        }
    }
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.sqlstate)
    }
}

impl std::error::Error for CopyError {}

const SPECTRUM: &str = "Spectrum Scan Error";
const LEADER: &str = "s3_utility.cpp:671";
const SCAN: &str = "dory_util.cpp:1226";
const RULE: &str = "-----------------------------------------------";

/// The lines of a DETAIL block.
struct Block<'a> {
    error: &'a str,
    code: u32,
    context: &'a str,
    location: &'a str,
    process: &'a str,
}

impl Block<'_> {
    fn text(&self, session: &Session) -> String {
        let Block { error, code, context, location, process } = self;
        let (query, pid) = (session.query_id, session.pid);
        format!(
            "\n  {RULE}\n  error:  {error}\n  code:      {code}\n  context:   {context}\n  query:     \
             {query}\n  location:  {location}\n  process:   {process} [pid={pid}]\n  {RULE}\n"
        )
    }
}

/// One row that a load could not take, with every column of `sys_load_error_detail` and
/// `stl_load_errors`.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadError {
    /// `userid`, `user_id`.
    pub user_id: i32,
    /// `slice`.
    pub slice: i32,
    /// `tbl`, `table_id`.
    pub table_id: i64,
    /// `starttime`, `start_time`.
    pub start_time: DateTime<Utc>,
    /// `session`, `session_id`.
    pub session_id: i32,
    /// `query`, `query_id`.
    pub query_id: i64,
    /// `transaction_id`.
    pub transaction_id: i64,
    /// `database_name`.
    pub database_name: String,
    /// `filename`, `file_name`: the whole address.
    pub file_name: String,
    /// `line_number`, from 1, the line on which the record begins.
    pub line_number: i64,
    /// `colname`, `column_name`; empty when the record as a whole is at fault.
    pub column_name: String,
    /// `type`, `column_type`: the type's internal name.
    pub column_type: String,
    /// `col_length`, `column_length`; `0` where the type has none.
    pub column_length: String,
    /// `position`: byte in the field, from 0.
    pub position: i32,
    /// `raw_line`, its first 1024 bytes.
    pub raw_line: String,
    /// `raw_field_value`, its first 1024 bytes.
    pub raw_field_value: String,
    /// `err_code`, `error_code`.
    pub error_code: i32,
    /// `err_reason` (its first 100 bytes), `error_message`.
    pub error_message: String,
    /// `is_partial`: 1 where a file was split among slices; never here.
    pub is_partial: i32,
    /// `start_offset`: where the part of a split file begins.
    pub start_offset: i64,
    /// `copy_job_id`: 0, no job.
    pub copy_job_id: i64,
}

/// Where a record that could not be loaded lies.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Address of the file.
    pub file: &'a str,
    /// Line, from 1.
    pub line: u64,
    /// The record's bytes.
    pub record: &'a [u8],
    /// The column and its bytes, unless the record as a whole is at fault.
    pub field: Option<(&'a TargetColumn, &'a [u8])>,
}

impl LoadError {
    /// The record for `reason` at `place`.
    pub fn new(session: &Session, place: Place<'_>, reason: &Reason) -> LoadError {
        let (column, value) = match place.field {
            Some((column, value)) => (Some(column), value),
            None => (None, &[][..]),
        };
        let (column_type, column_length) = column.map_or_else(Default::default, |c| {
            let (name, length) = c.data_type.internal_name();
            (cut(name, 10), cut(&length, 10))
        });
        LoadError {
            user_id: session.user_id,
            slice: 0,
            table_id: session.table_id,
            start_time: session.start_time,
            session_id: session.pid,
            query_id: session.query_id,
            transaction_id: session.transaction_id,
            database_name: cut(&session.database, 64),
            file_name: cut(place.file, 256),
            line_number: i64::try_from(place.line).unwrap_or(i64::MAX),
            column_name: column.map(|c| cut(&c.name, 127)).unwrap_or_default(),
            column_type,
            column_length,
            position: reason.position,
            raw_line: cut(&printable(place.record), 1024),
            raw_field_value: cut(&printable(value), 1024),
            error_code: reason.code,
            error_message: cut(&reason.text, 512),
            is_partial: 0,
            start_offset: 0,
            copy_job_id: 0,
        }
    }
}

/// `text` up to `bytes` bytes, whole characters only.
fn cut(text: &str, bytes: usize) -> String {
    let end = text.floor_char_boundary(bytes);
    text[..end].to_owned()
}

/// Bytes as the views show them: what is no UTF-8, and NUL, as a replacement character.
fn printable(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(1024)];
    String::from_utf8_lossy(head).replace('\0', "\u{fffd}")
}
