//! A strict local stand-in for Amazon Redshift and S3.

pub mod catalog;
pub mod config;
pub mod copy;
pub mod dialect;
pub mod faults;
mod front;
mod kept;
mod latency;
mod local;
mod postgres;
pub mod s3;
mod temporary;
mod tls;
mod transactions;

pub use front::{SessionInfo, StatementRecord, Statements};
pub use kept::is_told;
pub use local::RedshiftLocal;
