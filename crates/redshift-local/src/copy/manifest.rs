//! Manifests: the list of files to load, as JSON.

use serde::Deserialize;

use super::Address;

/// A file that a manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The full object.
    pub address: Address,
    /// Whether COPY fails when the object is not there.
    pub mandatory: bool,
    /// `meta.content_length`, bytes.
    pub content_length: Option<u64>,
}

/// Parses a manifest; a file listed twice stays listed twice. `None` where it is none.
pub fn parse(bytes: &[u8]) -> Option<Vec<Entry>> {
    let manifest: Manifest = serde_json::from_slice(bytes).ok()?;
    manifest.entries.into_iter().map(RawEntry::resolve).collect()
}

// Other keys are ignored, so that a manifest of UNLOAD can be loaded.
#[derive(Deserialize)]
struct Manifest {
    entries: Vec<RawEntry>,
}

#[derive(Deserialize)]
struct RawEntry {
    url: String,
    #[serde(default)]
    mandatory: bool,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    content_length: Option<u64>,
}

impl RawEntry {
    fn resolve(self) -> Option<Entry> {
        let address = Address::parse(&self.url).filter(|address| !address.key.is_empty())?;
        let content_length = self.meta.and_then(|meta| meta.content_length);
        Some(Entry { address, mandatory: self.mandatory, content_length })
    }
}
