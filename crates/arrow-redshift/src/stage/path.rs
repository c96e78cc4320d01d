//! Where things lie: `<temp prefix>/<launch>/<attempt>/part-<subtask>-<checkpoint>-<n>.<ending>`.
//!
//! COPY's scanner skips names that begin with `_` or `.`, and takes a `//` for another key: neither
//! can come out of here.

use object_store::path::Path;
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, ErrorKind, Result},
    options::{CopyFormat, S3Uri},
};

/// The longest launch or attempt id.
const MAX_ID_BYTES: usize = 128;

/// How many characters of a committable's id a manifest's name shows.
const SHOWN_ID_CHARS: usize = 48;

/// The directories of one launch's attempt.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub bucket: String,
    /// The user's own prefix, possibly empty.
    pub root: Path,
    /// `<root>/<launch>`
    pub launch: Path,
    /// `<root>/<launch>/<attempt>`
    pub attempt: Path,
}

impl Layout {
    pub fn new(location: &S3Uri, launch: &str, attempt: &str) -> Result<Layout> {
        let root = Path::parse(&location.prefix).map_err(|error| {
            Error::new(
                ErrorKind::InvalidOptions,
                "cannot stage under 'sink.write.temp.s3-uri': its path is no S3 key prefix that \
                 COPY can name",
            )
            .with("prefix", &location.prefix)
            .hint("use a path without empty segments, '.', '..' and control characters")
            .source(error)
        })?;
        check_segments(&root)?;
        check_id("launch id", launch)?;
        check_id("attempt id", attempt)?;
        let launch = root.clone().join(launch);
        let attempt = launch.clone().join(attempt);
        Ok(Layout { bucket: location.bucket.clone(), root, launch, attempt })
    }

    /// The path of a writer's `number`th part.
    pub fn part(&self, subtask: u32, checkpoint: u64, number: u64, format: CopyFormat) -> Path {
        let ending = match format {
            CopyFormat::Parquet => "parquet",
            CopyFormat::Csv => "csv.gz",
        };
        self.attempt.clone().join(format!("part-{subtask}-{checkpoint}-{number}.{ending}"))
    }

    /// The path of a committable's manifest: short whatever the id is, and still readable.
    pub fn manifest(&self, id: &str) -> Path {
        let shown: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' })
            .take(SHOWN_ID_CHARS)
            .collect();
        let digest = hex(&Sha256::digest(id.as_bytes())[..8]);
        self.attempt.clone().join(format!("manifest-{shown}-{digest}.json"))
    }

    pub fn url(&self, path: &Path) -> String {
        format!("s3://{}/{path}", self.bucket)
    }

    /// Whether a path below the root is one that this module could have made: other people's
    /// objects under the same prefix are never touched.
    pub fn is_ours(&self, path: &Path) -> bool {
        let Some(rest) = path.prefix_match(&self.root) else { return false };
        let segments: Vec<_> = rest.collect();
        let [_launch, _attempt, name] = segments.as_slice() else { return false };
        let name = name.as_ref();
        (name.starts_with("part-") && (name.ends_with(".parquet") || name.ends_with(".csv.gz")))
            || (name.starts_with("manifest-") && name.ends_with(".json"))
    }
}

/// The bucket and key that an `s3://bucket/key` names.
pub(super) fn parse_url(url: &str) -> Result<(String, Path)> {
    let invalid = || {
        Error::new(ErrorKind::StorageFailed, "a staged object's address is no s3:// URL of a key")
            .with("url", url)
    };
    let (bucket, key) =
        url.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or_else(invalid)?;
    if bucket.is_empty() || key.is_empty() {
        return Err(invalid());
    }
    let path = Path::parse(key).map_err(|error| invalid().source(error))?;
    Ok((bucket.to_owned(), path))
}

fn check_segments(root: &Path) -> Result<()> {
    match root.parts().find(|part| part.as_ref().starts_with(['_', '.'])) {
        None => Ok(()),
        Some(part) => Err(Error::new(
            ErrorKind::InvalidOptions,
            format!(
                "cannot stage under 'sink.write.temp.s3-uri': COPY skips names that begin with \
                 '_' or '.', as '{}' does",
                part.as_ref()
            ),
        )
        .with("prefix", root)),
    }
}

fn check_id(what: &'static str, id: &str) -> Result<()> {
    let safe = id.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c));
    let starts = id.bytes().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if safe && starts && id.len() <= MAX_ID_BYTES {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidOptions,
        format!("cannot stage: the {what} must be letters, digits, '.', '_' and '-'"),
    )
    .with("value", id)
    .hint(format!("begin it with a letter or a digit and keep it below {MAX_ID_BYTES} characters")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(prefix: &str) -> Result<Layout> {
        let location = S3Uri { bucket: "b".into(), prefix: prefix.into() };
        Layout::new(&location, "launch-1", "3")
    }

    #[test]
    fn paths_follow_the_layout() {
        let layout = layout("key/temp").unwrap();
        let part = layout.part(2, 17, 4, CopyFormat::Parquet);
        assert_eq!(layout.url(&part), "s3://b/key/temp/launch-1/3/part-2-17-4.parquet");
        let part = layout.part(2, 17, 4, CopyFormat::Csv);
        assert_eq!(part.as_ref(), "key/temp/launch-1/3/part-2-17-4.csv.gz");
        assert_eq!(parse_url(&layout.url(&part)).unwrap(), ("b".to_owned(), part));
    }

    #[test]
    fn an_empty_prefix_makes_no_double_slash() {
        let part = layout("").unwrap().part(0, 1, 0, CopyFormat::Parquet);
        assert_eq!(part.as_ref(), "launch-1/3/part-0-1-0.parquet");
    }

    #[test]
    fn prefixes_and_ids_that_copy_cannot_name_are_refused() {
        for prefix in ["a//b", "_a", "a/.b", "a/../b"] {
            let error = layout(prefix).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidOptions, "{prefix}");
        }
        let location = S3Uri { bucket: "b".into(), prefix: "p".into() };
        for id in ["", "_a", ".a", "a/b", "a b", &"x".repeat(129)] {
            assert!(Layout::new(&location, id, "1").is_err(), "{id}");
            assert!(Layout::new(&location, "1", id).is_err(), "{id}");
        }
    }

    #[test]
    fn manifest_names_are_short_and_differ_where_ids_do() {
        let layout = layout("p").unwrap();
        let long = "x".repeat(5000);
        let name = |id: &str| layout.manifest(id).filename().unwrap().to_owned();
        assert!(name(&long).len() < 100);
        assert_ne!(name(&long), name(&format!("{long}y")));
        assert_ne!(name("a/b"), name("a:b"));
        assert!(name("a/b").starts_with("manifest-a-b-"));
        assert_eq!(name("a/b"), name("a/b"));
    }

    #[test]
    fn only_our_own_objects_are_ours() {
        let layout = layout("p").unwrap();
        let ours = |path: &str| layout.is_ours(&Path::from(path));
        assert!(ours("p/l/1/part-0-1-0.parquet"));
        assert!(ours("p/l/1/part-0-1-0.csv.gz"));
        assert!(ours("p/l/1/manifest-x-0.json"));
        assert!(!ours("p/part-0-1-0.parquet"));
        assert!(!ours("p/l/1/2/part-0-1-0.parquet"));
        assert!(!ours("p/l/1/report.parquet"));
        assert!(!ours("q/l/1/part-0-1-0.parquet"));
    }
}
