//! A strict local stand-in for Amazon Redshift and S3.

pub mod config;
pub mod s3;
