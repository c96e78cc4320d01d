//! A strict local stand-in for Amazon Redshift and S3.
