//! Arrow batches into Amazon Redshift, exactly once: rows become Parquet parts on S3, parts become
//! one COPY, and a ledger row in the same transaction says that it happened.

pub mod error;
pub mod limits;
pub mod options;
mod retry;
pub mod session;
pub mod sink;
pub mod sql;
pub mod stage;
pub mod types;

pub use error::{Error, ErrorKind, Result};
