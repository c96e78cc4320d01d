//! The manifest that one COPY loads: every part exactly once, none of them optional.

use std::collections::HashSet;

use serde::Serialize;

use super::Part;
use crate::error::{Error, ErrorKind, Result};

/// The list of parts that one COPY loads.
#[derive(Debug, Clone, Serialize)]
pub struct Manifest {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Serialize)]
struct Entry {
    url: String,
    /// COPY silently skips a missing file unless this says otherwise.
    mandatory: bool,
    meta: Meta,
}

#[derive(Debug, Clone, Serialize)]
struct Meta {
    /// COPY of Parquet refuses an entry without the file's exact length.
    content_length: u64,
}

impl Manifest {
    /// The manifest of these parts, in order.
    ///
    /// Refuses what COPY would load wrongly: no part at all, and a part listed twice (its rows
    /// would be loaded twice).
    pub fn new(parts: &[Part]) -> Result<Manifest> {
        if parts.is_empty() {
            return Err(Error::new(ErrorKind::Internal, "cannot make a manifest without parts"));
        }
        if let Some(letters) = parts.iter().find(|part| part.is_dead_letters()) {
            let why = "cannot make a manifest of rows that were set aside";
            return Err(Error::new(ErrorKind::Internal, why).with("part", &letters.url));
        }
        let mut seen = HashSet::with_capacity(parts.len());
        if let Some(twice) = parts.iter().find(|part| !seen.insert(part.url.as_str())) {
            return Err(Error::new(
                ErrorKind::Internal,
                "cannot make a manifest: a part is listed twice and COPY would load it twice",
            )
            .with("part", &twice.url));
        }
        let entries = parts
            .iter()
            .map(|part| Entry {
                url: part.url.clone(),
                mandatory: true,
                meta: Meta { content_length: part.bytes },
            })
            .collect();
        Ok(Manifest { entries })
    }

    /// The manifest's JSON text.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot write a manifest as JSON").source(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{
        super::{Carried, PartKind},
        *,
    };

    fn part(url: &str, bytes: u64) -> Part {
        Part {
            url: url.to_owned(),
            bytes,
            rows: 1,
            checkpoint: 1,
            subtask: 0,
            kind: PartKind::Rows,
            upserts: false,
            folded: 0,
            carried: Carried::default(),
        }
    }

    #[test]
    fn the_text_is_what_copy_reads() {
        let manifest = Manifest::new(&[part("s3://b/k1", 7), part("s3://b/k2", 12345)]).unwrap();
        assert_eq!(
            manifest.to_json().unwrap(),
            r#"{"entries":[{"url":"s3://b/k1","mandatory":true,"meta":{"content_length":7}},"#
                .to_owned()
                + r#"{"url":"s3://b/k2","mandatory":true,"meta":{"content_length":12345}}]}"#
        );
    }

    #[test]
    fn what_copy_would_load_wrongly_is_refused() {
        assert!(Manifest::new(&[]).is_err());
        let twice = Manifest::new(&[part("s3://b/k", 1), part("s3://b/k", 1)]).unwrap_err();
        assert!(twice.to_string().contains("s3://b/k"), "{twice}");
        let letters = Part { kind: PartKind::DeadLetters, ..part("s3://b/k", 1) };
        assert!(Manifest::new(&[letters]).is_err());
    }

    proptest! {
        #[test]
        fn any_key_and_length_comes_back(keys in prop::collection::hash_set(".{1,40}", 1..20)) {
            let parts: Vec<Part> = keys
                .iter()
                .enumerate()
                .map(|(n, key)| part(&format!("s3://bucket/{key}"), n as u64 * 1_000_003))
                .collect();
            let text = Manifest::new(&parts).unwrap().to_json().unwrap();
            let json: Value = serde_json::from_str(&text).unwrap();
            let entries = json["entries"].as_array().unwrap();
            prop_assert_eq!(entries.len(), parts.len());
            for (entry, part) in entries.iter().zip(&parts) {
                prop_assert_eq!(entry["url"].as_str().unwrap(), &part.url);
                prop_assert_eq!(&entry["mandatory"], &Value::Bool(true));
                prop_assert_eq!(entry["meta"]["content_length"].as_u64().unwrap(), part.bytes);
            }
        }
    }
}
