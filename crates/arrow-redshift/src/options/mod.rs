//! Options: text in, complete typed configs out, with every problem in one error.
//!
//! Knows text, durations, sizes and enums; no network and no Arrow. [`table`] holds every key once;
//! [`sink()`] reads those of a table that is written to; [`markdown()`] and [`help()`] print the
//! table.

mod config;
mod connection;
mod copy;
mod create;
mod docs;
mod given;
mod grammar;
mod problem;
mod quantity;
mod resolved;
mod secret;
mod sink;
pub mod table;
mod url;
mod value;
mod values;

pub use config::{
    AwsKeys, ConnectionConfig, CopyAuthorization, CopyConfig, CopyFormat, CreateTable,
    DeliveryGuarantee, Distribution, DuplicateKeys, Encryption, S3Config, S3Uri, SchemaEvolution,
    SinkConfig, SslMode, TableName, ValueConfig, ValuePolicy, WriteMode,
};
pub use docs::{help, markdown};
pub use quantity::{duration, duration_text};
pub use resolved::ResolvedOption;
pub use secret::Secret;
pub use sink::{Parsed, USUAL_RETENTION, sink};

#[cfg(test)]
mod tests;
