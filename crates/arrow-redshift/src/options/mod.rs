//! Options: text in, complete typed configs out, with every problem in one error.
//!
//! Knows text, durations, sizes and enums; no network and no Arrow.

mod config;
mod secret;

pub use config::{
    AwsKeys, ConnectionConfig, CopyAuthorization, CopyConfig, CopyFormat, CreateTable,
    DeliveryGuarantee, Distribution, Encryption, S3Config, S3Uri, SinkConfig, SslMode, TableName,
    WriteMode,
};
pub use secret::Secret;
