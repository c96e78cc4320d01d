//! `s3://bucket/key` addresses.

use std::fmt;

/// A bucket and a key, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Bucket.
    pub bucket: String,
    /// Key or key prefix, exactly as written: `a//b` is not `a/b`. May be empty.
    pub key: String,
}

impl Address {
    /// Parses `s3://bucket[/key]`; `None` where it is no such address.
    pub fn parse(text: &str) -> Option<Address> {
        let rest = text.strip_prefix("s3://")?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return None;
        }
        Some(Address { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// Whether everything under `other` lies under this address.
    pub fn covers(&self, other: &Address) -> bool {
        self.bucket == other.bucket && other.key.starts_with(&self.key)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}
