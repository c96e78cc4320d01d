//! Arrow batches into Amazon Redshift, exactly once: rows become Parquet parts on S3, parts become
//! one COPY, and a ledger row in the same transaction says that it happened.

pub mod error;
pub mod limits;
pub mod options;
pub mod types;
pub mod session;
pub mod sql;

pub use error::{Error, ErrorKind, Result};
