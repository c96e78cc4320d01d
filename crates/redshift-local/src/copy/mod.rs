//! COPY from S3: files are checked as Redshift checks them, and become rows for PostgreSQL.
//!
//! [`Load::prepare`] does what Redshift does before a load begins: columns, authorization, the list
//! of files. [`Load::run`] then reads the files and sends rows in PostgreSQL's binary COPY format.
//! An error in either means that nothing of the load may stay.

mod access;
mod address;
mod columns;
mod csv;
mod error;
mod files;
mod limits;
mod load;
mod manifest;
pub mod notice;
mod parquet;
mod reason;
mod rows;
mod source;
pub mod target;
mod text;

use access::Access;
pub use address::Address;
pub use error::{CopyError, LoadError};
pub use files::DataFile;
use load::replacement;
pub use load::{CopyContext, FileLoaded, Load, Loaded, Session};
pub use source::{Directory, Object, Source, SourceFailure};
