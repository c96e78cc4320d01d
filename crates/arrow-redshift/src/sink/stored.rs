//! What is kept in checkpoints, as bytes: magic, version, JSON.

use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, ErrorKind, Result};

/// One kind of bytes: what it is called in errors, how it begins, and the version that is written.
/// Older versions are read; a later one is refused by name.
pub(super) struct Format {
    pub name: &'static str,
    pub magic: &'static [u8; 3],
    pub version: u8,
}

impl Format {
    pub fn write<T: Serialize>(&self, value: &T) -> Result<Vec<u8>> {
        let mut bytes = [self.magic.as_slice(), &[self.version]].concat();
        serde_json::to_writer(&mut bytes, value).map_err(|error| {
            let why = format!("cannot write a {}", self.name);
            Error::new(ErrorKind::Internal, why).source(error)
        })?;
        Ok(bytes)
    }

    pub fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        let body = bytes.strip_prefix(self.magic);
        let body = body.ok_or_else(|| self.unreadable("it is not one of ours"))?;
        let (version, json) =
            body.split_first().ok_or_else(|| self.unreadable("its text ends early"))?;
        if *version > self.version {
            let why = format!("its version {version} is later than {}", self.version);
            return Err(self.unreadable(&why).into_kind(ErrorKind::Unsupported).hint(
                "restore with the connector version that took the savepoint, or a later one",
            ));
        }
        serde_json::from_slice(json)
            .map_err(|error| self.unreadable("its text is damaged").source(error))
    }

    pub fn unreadable(&self, why: &str) -> Error {
        Error::new(ErrorKind::Internal, format!("cannot read a {}: {why}", self.name))
    }
}
