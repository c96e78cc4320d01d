//! What is kept in checkpoints, as bytes: magic, version, JSON; in the second version the JSON's
//! length before it, and behind it the rows that parts carry.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{Error, ErrorKind, Result},
    stage::{Carried, Part},
};

/// The version in which nothing but JSON is stored. It is still written where that is enough, so
/// that an older connector reads it.
const PLAIN: u8 = 1;
/// Bytes of the JSON's length.
const LENGTH: usize = 4;

/// One kind of bytes: what it is called in errors, how it begins, and its latest version. Older
/// versions are read; a later one is refused by name.
pub(super) struct Format {
    pub name: &'static str,
    pub magic: &'static [u8; 3],
    pub version: u8,
}

impl Format {
    /// The bytes of a value, with what its parts carry.
    pub fn write<'a, T: Serialize>(
        &self,
        value: &T,
        parts: impl Iterator<Item = &'a Part>,
    ) -> Result<Vec<u8>> {
        let unwritten = || Error::new(ErrorKind::Internal, format!("cannot write a {}", self.name));
        let json = serde_json::to_vec(value).map_err(|error| unwritten().source(error))?;
        let carried: Vec<&[u8]> =
            parts.filter(|part| part.is_carried()).map(|part| &part.carried.bytes()[..]).collect();
        if carried.is_empty() {
            return Ok([self.magic.as_slice(), &[PLAIN], &json].concat());
        }
        let length = u32::try_from(json.len()).map_err(|error| unwritten().source(error))?;
        let head = [self.magic.as_slice(), &[self.version], &length.to_be_bytes(), &json];
        Ok(head.into_iter().chain(carried).collect::<Vec<_>>().concat())
    }

    /// Reads a value and gives its parts, as `parts` finds them, what they carry.
    pub fn read<T: DeserializeOwned>(
        &self,
        bytes: &[u8],
        parts: impl FnOnce(&mut T) -> Vec<&mut Part>,
    ) -> Result<T> {
        let body = bytes.strip_prefix(self.magic);
        let body = body.ok_or_else(|| self.unreadable("it is not one of ours"))?;
        let (version, body) =
            body.split_first().ok_or_else(|| self.unreadable("its text ends early"))?;
        if *version > self.version {
            let why = format!("its version {version} is later than {}", self.version);
            return Err(self.unreadable(&why).into_kind(ErrorKind::Unsupported).hint(
                "restore with the connector version that took the savepoint, or a later one",
            ));
        }
        let (json, mut rest) = if *version == PLAIN { (body, &[][..]) } else { self.split(body)? };
        let mut value = serde_json::from_slice(json)
            .map_err(|error| self.unreadable("its text is damaged").source(error))?;
        for part in parts(&mut value).into_iter().filter(|part| part.is_carried()) {
            let length = usize::try_from(part.bytes).unwrap_or(usize::MAX);
            let (carried, more) = rest
                .split_at_checked(length)
                .ok_or_else(|| self.unreadable("the rows that it carries end early"))?;
            part.carried = Carried::new(carried.to_vec());
            rest = more;
        }
        if rest.is_empty() { Ok(value) } else { Err(self.unreadable("more follows its rows")) }
    }

    /// The JSON of a later version, and what follows it.
    fn split<'a>(&self, body: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
        let early = || self.unreadable("its text ends early");
        let (length, body) = body.split_first_chunk::<LENGTH>().ok_or_else(early)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| early())?;
        body.split_at_checked(length).ok_or_else(early)
    }

    pub fn unreadable(&self, why: &str) -> Error {
        Error::new(ErrorKind::Internal, format!("cannot read a {}: {why}", self.name))
    }
}
