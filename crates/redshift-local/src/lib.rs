//! A strict local stand-in for Amazon Redshift and S3.

pub mod catalog;
pub mod config;
pub mod copy;
pub mod dialect;
pub mod s3;
