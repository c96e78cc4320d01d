//! What is wrong with a file that is read, where, and what to do about it. The data itself is not
//! shown.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use datafusion::error::DataFusionError;

use super::files;
use crate::script::DeclaredColumn;

/// A value or record of a file that could not be read.
#[derive(Debug)]
pub struct InputError {
    file: PathBuf,
    line: u64,
    column: Option<String>,
    message: String,
    advice: String,
}

impl InputError {
    /// An error in a record.
    pub fn record(
        file: &Path,
        line: u64,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let (message, advice) = (message.into(), advice.into());
        InputError { file: file.to_owned(), line, column: None, message, advice }
    }

    /// An error in a value.
    pub fn value(
        file: &Path,
        line: u64,
        column: &DeclaredColumn,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let column = Some(column.name.clone());
        InputError { column, ..InputError::record(file, line, message, advice) }
    }

    /// Bytes that could not be read.
    pub fn unreadable(file: &Path, line: u64, error: &io::Error) -> Self {
        let (message, advice) = match error.kind() {
            // What the decompressor says of a wrong header and of wrong bytes behind it.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if files::is_gzip(file) => (
                "the file is no gzip file, though its name ends like one's, or it is damaged"
                    .into(),
                "give it another name where it is not compressed, or compress it anew",
            ),
            io::ErrorKind::UnexpectedEof if files::is_gzip(file) => (
                "the gzip file ends before its end".to_owned(),
                "write or copy it anew: it is not complete",
            ),
            io::ErrorKind::PermissionDenied => {
                (format!("cannot read the file: {error}"), "let the user of this process read it")
            }
            _ => (format!("cannot read the file: {error}"), "see to the file and its disk"),
        };
        InputError::record(file, line, message, advice)
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if let Some(column) = &self.column {
            write!(f, "column {column}: ")?;
        }
        write!(f, "{}\n  what to do: {}", self.message, self.advice)
    }
}

impl std::error::Error for InputError {}

impl From<InputError> for DataFusionError {
    fn from(error: InputError) -> Self {
        DataFusionError::External(Box::new(error))
    }
}

/// What is wrong with a file that has no lines.
#[derive(Debug)]
pub struct FileError {
    file: PathBuf,
    column: Option<String>,
    message: String,
    advice: &'static str,
}

impl FileError {
    /// An error in the file as a whole.
    pub fn new(file: &Path, message: impl Into<String>, advice: &'static str) -> Self {
        FileError { file: file.to_owned(), column: None, message: message.into(), advice }
    }

    /// An error in one of its columns.
    pub fn column(
        file: &Path,
        column: &str,
        message: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        let column = Some(column.to_owned());
        FileError { column, ..FileError::new(file, message, advice) }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if let Some(column) = &self.column {
            write!(f, "column {column}: ")?;
        }
        write!(f, "{}\n  what to do: {}", self.message, self.advice)
    }
}

impl std::error::Error for FileError {}

impl From<FileError> for DataFusionError {
    fn from(error: FileError) -> Self {
        DataFusionError::External(Box::new(error))
    }
}
