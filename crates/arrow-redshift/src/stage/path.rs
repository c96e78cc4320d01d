//! Where things lie: `<temp prefix>/<launch>/<attempt>/part-<subtask>-<checkpoint>-<n>.<ending>`
//! (`letters-…` for rows that were set aside), and whose what lies there is.
//!
//! COPY's scanner skips names that begin with `_` or `.`, and takes a `//` for another key: neither
//! can come out of here.
//!
//! Other programs write files called `part-…` below the same prefixes, so every segment has a form
//! that theirs do not have: a launch ends in a dot and sixteen hexadecimal digits, an attempt is a
//! UUID of version 7, and a file's name is exactly one of those made here. What differs in any of
//! them is somebody else's, and is never touched.

use std::{
    cmp::Ordering,
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use object_store::path::Path;
use sha2::{Digest, Sha256};
use uuid::{Uuid, Variant, Version};

use super::{Carried, Part, PartKind};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{CopyFormat, S3Uri},
};

/// The longest launch or attempt id.
const MAX_ID_BYTES: usize = 128;

/// How many characters of a committable's id a manifest's name shows.
const SHOWN_ID_CHARS: usize = 48;

/// Hexadecimal digits of a digest in a name.
const DIGEST_DIGITS: usize = 16;

/// Whose a path is, seen from one launch's attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// This attempt.
    Own,
    /// An attempt of this launch that began before.
    Older,
    /// An attempt of this launch that began later: another process has taken over.
    Newer,
    /// Another launch, of this job or of any other.
    Other,
}

/// What a file of ours is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    /// A part.
    Part {
        /// The writer.
        subtask: u32,
        /// The checkpoint that the part's first rows belong to, or belonged to when it was begun.
        checkpoint: u64,
    },
    /// A part of rows that were set aside.
    DeadLetters {
        /// The writer.
        subtask: u32,
        /// The same as a part's.
        checkpoint: u64,
        /// Its running number within the writer.
        number: u64,
    },
    /// A manifest.
    Manifest,
}

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
    launch_name: String,
    attempt_id: Uuid,
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
        check_launch(launch)?;
        let attempt_id = attempt_id(attempt).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidOptions,
                "cannot stage: the attempt id must be a UUID of version 7",
            )
            .with("value", attempt)
            .hint("attempts are told apart and put in order by it")
        })?;
        let launch_name = launch.to_owned();
        let launch = root.clone().join(launch);
        let attempt = launch.clone().join(attempt);
        let bucket = location.bucket.clone();
        Ok(Layout { bucket, root, launch, attempt, launch_name, attempt_id })
    }

    /// The path of a writer's `number`th part.
    pub fn part(&self, subtask: u32, checkpoint: u64, number: u64, format: CopyFormat) -> Path {
        self.attempt.clone().join(part_name(subtask, checkpoint, number, format))
    }

    /// The path of a writer's `number`th part, where it holds rows that were set aside.
    pub fn dead_letters(&self, subtask: u32, checkpoint: u64, number: u64) -> Path {
        self.attempt.clone().join(letters_name(subtask, checkpoint, number))
    }

    /// The path of a committable's manifest: short whatever the id is, and still readable.
    pub fn manifest(&self, id: &str) -> Path {
        self.attempt.clone().join(format!("manifest-{}.json", short(id)))
    }

    pub fn url(&self, path: &Path) -> String {
        format!("s3://{}/{path}", self.bucket)
    }

    /// Whose a path is, and what lies there; `None` where it is none that this module makes.
    ///
    /// Attempts are ordered by the clocks of the machines that they began on, which may differ: a
    /// restart within that difference may take the attempt before it for a newer one and spare it.
    pub fn known(&self, path: &Path) -> Option<(Owner, File)> {
        let segments: Vec<_> = path.prefix_match(&self.root)?.collect();
        let [launch, attempt, name] = segments.as_slice() else { return None };
        if !is_launch(launch.as_ref()) {
            return None;
        }
        let (attempt, file) = (attempt_id(attempt.as_ref())?, file(name.as_ref())?);
        if launch.as_ref() != self.launch_name {
            return Some((Owner::Other, file));
        }
        let owner = match attempt.cmp(&self.attempt_id) {
            Ordering::Less => Owner::Older,
            Ordering::Equal => Owner::Own,
            Ordering::Greater => Owner::Newer,
        };
        Some((owner, file))
    }
}

/// Where the `number`th file of rows that a committable set aside is put for good: the same name
/// for the same committable, whoever puts it there and however often.
pub(super) fn placed(prefix: &str, id: &str, number: usize) -> Result<Path> {
    let name = format!("{}-{number}.jsonl", short(id));
    let key = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
    Path::parse(key).map_err(|error| {
        let why = "'sink.dead-letter.s3-uri' has a path that is no S3 key prefix";
        Error::new(ErrorKind::InvalidOptions, why).with("prefix", prefix).source(error)
    })
}

/// The least running number of what a committer stages anew: writers never come that far.
const RESTAGED: u64 = 1 << 63;

/// Whether rows that were set aside under this number were so by a committer.
pub(super) fn is_restaged_number(number: u64) -> bool {
    number >= RESTAGED
}

/// Whether a part holds rows that a committer set aside.
pub(crate) fn is_restaged(part: &Part) -> bool {
    let name = part.url.rsplit_once('/').map_or("", |(_, name)| name);
    matches!(file(name), Some(File::DeadLetters { number, .. }) if is_restaged_number(number))
}

/// The names of what a part is replaced by: beside it, of its writer and checkpoint (so that
/// sweeping spares the one with the other), under a number that no other process takes.
pub(super) struct RestagedName {
    subtask: u32,
    checkpoint: u64,
    number: u64,
}

impl RestagedName {
    /// Names for what replaces a part.
    pub fn new(part: &Part) -> RestagedName {
        // Microseconds, so that a process's names are in order, and chance behind them.
        let micros = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let chance = Uuid::new_v4().as_u128() & 0xFFF;
        let number = RESTAGED | ((micros << 12 | chance) as u64 & (RESTAGED - 1));
        let (subtask, checkpoint) = (part.subtask, part.checkpoint);
        RestagedName { subtask, checkpoint, number }
    }

    /// The name of the rows that stay.
    pub fn part(&self, format: CopyFormat) -> String {
        part_name(self.subtask, self.checkpoint, self.number, format)
    }

    /// The name of the rows that are set aside.
    pub fn letters(&self) -> String {
        letters_name(self.subtask, self.checkpoint, self.number)
    }
}

fn part_name(subtask: u32, checkpoint: u64, number: u64, format: CopyFormat) -> String {
    let ending = match format {
        CopyFormat::Parquet => "parquet",
        CopyFormat::Csv => "csv.gz",
    };
    format!("part-{subtask}-{checkpoint}-{number}.{ending}")
}

fn letters_name(subtask: u32, checkpoint: u64, number: u64) -> String {
    format!("letters-{subtask}-{checkpoint}-{number}.jsonl")
}

/// The URL of a name in the directory of another URL.
pub(super) fn beside(url: &str, name: &str) -> Result<String> {
    parse_url(url)?;
    let directory = url.rsplit_once('/').map_or(url, |(directory, _)| directory);
    Ok(format!("{directory}/{name}"))
}

/// How a ledger names rows that a committer set aside: by a digest of the directory, which is that
/// of a part of the commit, and the file's name. See [`restaged_letters`].
pub(crate) fn restaged_name(url: &str) -> String {
    let (directory, name) = url.rsplit_once('/').unwrap_or(("", url));
    format!("{}/{name}", digest(directory))
}

/// The part of rows that a committer set aside of what `parts` held, by the name in the ledger.
pub(crate) fn restaged_letters(parts: &[Part], named: &str, rows: u64) -> Result<Part> {
    let unknown = || {
        let why = "the ledger names rows that were set aside in a place that is not known here";
        Error::new(ErrorKind::LedgerInvalid, why).with("name", named)
    };
    let (of, name) = named.split_once('/').ok_or_else(unknown)?;
    let Some(File::DeadLetters { subtask, checkpoint, .. }) = file(name) else {
        return Err(unknown());
    };
    let directories = parts.iter().filter_map(|part| part.url.rsplit_once('/'));
    let (directory, _) = directories
        .into_iter()
        .find(|(directory, _)| digest(directory) == of)
        .ok_or_else(unknown)?;
    let (url, kind) = (format!("{directory}/{name}"), PartKind::DeadLetters);
    // How long it is nobody has to know: it is copied as a whole.
    Ok(Part {
        url,
        bytes: 0,
        rows,
        checkpoint,
        subtask,
        kind,
        upserts: false,
        folded: 0,
        carried: Carried::default(),
    })
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())[..DIGEST_DIGITS / 2])
}

/// A committable's id as part of a name: short whatever it is, still readable, and its own.
fn short(id: &str) -> String {
    let shown: String = id
        .chars()
        .map(|c| if c.is_ascii() && is_plain(c as u8) { c } else { '-' })
        .take(SHOWN_ID_CHARS)
        .collect();
    format!("{shown}-{}", digest(id))
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

fn check_launch(launch: &str) -> Result<()> {
    if is_launch(launch) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidOptions,
        "cannot stage: the launch id must be letters, digits, '.', '_' and '-', and end in a dot \
         and sixteen hexadecimal digits",
    )
    .with("value", launch)
    .hint(format!("begin it with a letter or a digit and keep it below {MAX_ID_BYTES} characters")))
}

fn is_launch(launch: &str) -> bool {
    let starts = launch.bytes().next().is_some_and(|c| c.is_ascii_alphanumeric());
    let ends = launch.rsplit_once('.').is_some_and(|(_, digest)| is_digest(digest));
    starts && ends && launch.len() <= MAX_ID_BYTES && launch.bytes().all(is_plain)
}

/// The attempt of that name: a UUID that sorts by time, in the one form that we write.
fn attempt_id(name: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(name).ok()?;
    let sorts = id.get_version() == Some(Version::SortRand) && id.get_variant() == Variant::RFC4122;
    (sorts && id.hyphenated().to_string() == name).then_some(id)
}

/// What a file's name says, if it is one that [`Layout::part`] or [`Layout::manifest`] makes.
fn file(name: &str) -> Option<File> {
    if let Some(rest) = name.strip_prefix("part-") {
        let numbers = rest.strip_suffix(".parquet").or_else(|| rest.strip_suffix(".csv.gz"))?;
        let (subtask, checkpoint, _) = place(numbers)?;
        return Some(File::Part { subtask, checkpoint });
    }
    if let Some(rest) = name.strip_prefix("letters-") {
        let (subtask, checkpoint, number) = place(rest.strip_suffix(".jsonl")?)?;
        return Some(File::DeadLetters { subtask, checkpoint, number });
    }
    let rest = name.strip_prefix("manifest-")?.strip_suffix(".json")?;
    let (shown, digest) = rest.rsplit_once('-')?;
    let is_ours = is_digest(digest) && shown.len() <= SHOWN_ID_CHARS && shown.bytes().all(is_plain);
    is_ours.then_some(File::Manifest)
}

/// Subtask, checkpoint and running number, as a part's name holds them.
fn place(text: &str) -> Option<(u32, u64, u64)> {
    let mut numbers = text.split('-');
    let place = (number(numbers.next()?)?, number(numbers.next()?)?, number(numbers.next()?)?);
    numbers.next().is_none().then_some(place)
}

/// A number as it is printed: without the leading zeros that other programs' parts have.
fn number<N: FromStr + ToString>(text: &str) -> Option<N> {
    text.parse().ok().filter(|number: &N| number.to_string() == text)
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGEST_DIGITS && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_plain(character: u8) -> bool {
    character.is_ascii_alphanumeric() || b"._-".contains(&character)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
