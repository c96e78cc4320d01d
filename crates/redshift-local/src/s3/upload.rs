//! A multipart upload in progress.
//!
//! Parts of one size are written side by side into one shared file, each at its final place, so
//! that completing the upload moves no bytes. A part that does not fit that pattern (of another
//! size, or sent again) lies in a file of its own; then completing copies.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, TempPath};
use uuid::Uuid;

use super::{
    failure::S3Failure,
    journal::Journal,
    object::About,
    receive::{Received, Target},
};

/// The least size of every part but the last, bytes.
pub(super) const LEAST_PART: u64 = 5 * 1024 * 1024;
/// The greatest part number.
const MOST_PARTS: i32 = 10_000;

/// A multipart upload in progress.
#[derive(Debug)]
pub(super) struct Upload {
    pub id: String,
    pub key: String,
    pub initiated: SystemTime,
    pub about: About,
    dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Room for one part in the shared file, bytes; set by the first part. 0: nothing fits.
    room: Option<u64>,
    /// Numbers whose place in the shared file is taken, by a part that is there or on its way.
    taken: BTreeSet<u32>,
    parts: BTreeMap<u32, Part>,
    journal: Journal,
    /// Being completed, completed or aborted.
    closed: bool,
}

/// A part that arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub number: u32,
    pub size: u64,
    pub etag: String,
    pub modified: SystemTime,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    /// In the shared file, from this byte.
    Shared(u64),
    /// A file of its own in the upload's directory.
    Own(String),
}

/// What is kept of an upload beside its parts.
#[derive(Serialize, Deserialize)]
struct Description {
    key: String,
    initiated: SystemTime,
    about: About,
}

/// Where a part on its way is written.
#[derive(Debug)]
pub(super) enum Landing {
    Shared(Claim),
    Own(TempPath),
}

/// A place in the shared file, given back when the part does not arrive.
#[derive(Debug)]
pub(super) struct Claim {
    upload: Arc<Upload>,
    number: u32,
    arrived: bool,
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.arrived {
            self.upload.state().taken.remove(&self.number);
        }
    }
}

/// The bytes of a completed upload.
#[derive(Debug)]
pub(super) enum Assembled {
    /// They are all in this file, which nothing writes to any more.
    InPlace(PathBuf),
    /// They were copied.
    Copied(TempPath),
}

impl Upload {
    /// Starts an upload in a directory of its own under `uploads`.
    pub(super) fn create(uploads: &Path, key: String, about: About) -> io::Result<Upload> {
        let id = Uuid::now_v7().simple().to_string();
        let dir = uploads.join(&id);
        std::fs::create_dir(&dir)?;
        let description = Description { key, initiated: SystemTime::now(), about };
        std::fs::write(dir.join("upload.json"), serde_json::to_vec(&description)?)?;
        Upload::new(id, dir, description, BTreeMap::new())
    }

    /// Takes up an upload that an earlier process left; `None` where it never came to be.
    pub(super) fn load(dir: PathBuf) -> io::Result<Option<Upload>> {
        let Some(id) = dir.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
            return Ok(None);
        };
        let Ok(text) = std::fs::read(dir.join("upload.json")) else { return Ok(None) };
        let Ok(description) = serde_json::from_slice(&text) else { return Ok(None) };
        let parts = Journal::read::<Part>(&dir.join("parts"))?;
        let parts = parts.into_iter().map(|part| (part.number, part)).collect();
        Upload::new(id, dir, description, parts).map(Some)
    }

    fn new(
        id: String,
        dir: PathBuf,
        description: Description,
        parts: BTreeMap<u32, Part>,
    ) -> io::Result<Upload> {
        let journal = Journal::rewrite(&dir.join("parts"), parts.values())?;
        let shared = |part: &&Part| matches!(part.place, Place::Shared(_));
        let state = State {
            // How the parts of an earlier process were laid out is not known for certain.
            room: (!parts.is_empty()).then_some(0),
            taken: parts.values().filter(shared).map(|part| part.number).collect(),
            parts,
            journal,
            closed: false,
        };
        let Description { key, initiated, about } = description;
        Ok(Upload { id, key, initiated, about, dir, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is a single step, so a panic leaves nothing half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shared(&self) -> PathBuf {
        self.dir.join("shared")
    }

    /// Finds a place for a part of `length` bytes.
    ///
    /// # Errors
    /// A number out of range, or an upload that is over.
    pub(super) fn land(
        self: &Arc<Self>,
        number: i32,
        length: Option<u64>,
    ) -> Result<(u32, Target<Landing>), S3Failure> {
        if !(1..=MOST_PARTS).contains(&number) {
            return Err(S3Failure::invalid_argument(
                "Part number must be an integer between 1 and 10000, inclusive",
            ));
        }
        let number = number.unsigned_abs();
        let (file, offset, guard) = match self.claim(number, length)? {
            Some((claim, offset)) => {
                let mut open = OpenOptions::new();
                let file = open.write(true).create(true).truncate(false).open(self.shared())?;
                (file, offset, Landing::Shared(claim))
            }
            None => {
                let (file, path) = NamedTempFile::with_prefix_in("part-", &self.dir)?.into_parts();
                (file, 0, Landing::Own(path))
            }
        };
        Ok((number, Target { file, offset, guard }))
    }

    /// Takes a part's place in the shared file, if it has one.
    fn claim(
        self: &Arc<Self>,
        number: u32,
        length: Option<u64>,
    ) -> Result<Option<(Claim, u64)>, S3Failure> {
        let mut state = self.state();
        if state.closed {
            return Err(S3Failure::no_such_upload());
        }
        let Some(length) = length else { return Ok(None) };
        let room = *state.room.get_or_insert(if length >= LEAST_PART { length } else { 0 });
        if length > room || !state.taken.insert(number) {
            return Ok(None);
        }
        let claim = Claim { upload: Arc::clone(self), number, arrived: false };
        Ok(Some((claim, room * u64::from(number - 1))))
    }

    /// Notes a part that arrived; it replaces an earlier one of its number.
    ///
    /// # Errors
    /// `NoSuchUpload` where the upload ended meanwhile.
    pub(super) fn arrived(
        &self,
        number: u32,
        received: &Received,
        offset: u64,
        landing: Landing,
    ) -> Result<String, S3Failure> {
        let mut state = self.state();
        if state.closed {
            // The claim gives its place back on this same state.
            drop(state);
            return Err(S3Failure::no_such_upload());
        }
        let place = match landing {
            Landing::Shared(mut claim) => {
                claim.arrived = true;
                Place::Shared(offset)
            }
            Landing::Own(path) => {
                let name = format!("part-{}", Uuid::new_v4().simple());
                path.persist(self.dir.join(&name)).map_err(|error| error.error)?;
                Place::Own(name)
            }
        };
        let etag = hex::encode(received.md5);
        let part = Part {
            number,
            size: received.size,
            etag: etag.clone(),
            modified: SystemTime::now(),
            place,
        };
        state.journal.append(&part)?;
        if let Some(Part { place: Place::Own(name), .. }) = state.parts.insert(number, part) {
            std::fs::remove_file(self.dir.join(name))?;
        }
        Ok(etag)
    }

    /// The parts that arrived, by number.
    pub(super) fn parts(&self) -> Vec<Part> {
        self.state().parts.values().cloned().collect()
    }

    /// Closes the upload to further parts, and to a second end.
    ///
    /// # Errors
    /// `NoSuchUpload` where it is closed already.
    pub(super) fn close(&self) -> Result<(), S3Failure> {
        let mut state = self.state();
        if state.closed {
            return Err(S3Failure::no_such_upload());
        }
        state.closed = true;
        Ok(())
    }

    /// Opens it again, after its completion was refused.
    pub(super) fn reopen(&self) {
        self.state().closed = false;
    }

    /// Puts the listed parts together: the bytes, their number, and the entity tag.
    /// The upload must be closed. Copied bytes go to `partial`.
    ///
    /// # Errors
    /// What S3 says of a list that does not fit what arrived.
    pub(super) fn assemble(
        &self,
        listed: &[(i32, Option<String>)],
        partial: &Path,
    ) -> Result<(Assembled, u64, String), S3Failure> {
        let parts = self.listed(listed)?;
        let size = parts.iter().map(|part| part.size).sum();
        let mut md5 = Md5::new();
        for part in &parts {
            md5.update(hex::decode(&part.etag).map_err(io::Error::other)?);
        }
        let etag = format!("{}-{}", hex::encode(md5.finalize()), parts.len());
        let bytes = match self.in_place(&parts, size) {
            Some(path) => Assembled::InPlace(path),
            None => Assembled::Copied(self.copy(&parts, partial)?),
        };
        Ok((bytes, size, etag))
    }

    fn listed(&self, listed: &[(i32, Option<String>)]) -> Result<Vec<Part>, S3Failure> {
        if listed.is_empty() {
            return Err(S3Failure::malformed_xml());
        }
        if !listed.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(S3Failure::invalid_part_order());
        }
        let state = self.state();
        let found = listed.iter().map(|(number, etag)| {
            let part = u32::try_from(*number).ok().and_then(|number| state.parts.get(&number));
            part.filter(|part| etag.as_deref() == Some(&part.etag)).cloned()
        });
        let parts: Vec<Part> = found.collect::<Option<_>>().ok_or_else(S3Failure::invalid_part)?;
        match parts.split_last() {
            Some((_, all_but_last)) if all_but_last.iter().any(|part| part.size < LEAST_PART) => {
                Err(S3Failure::entity_too_small())
            }
            _ => Ok(parts),
        }
    }

    /// The file that holds exactly these parts one after the other, if there is one.
    fn in_place(&self, parts: &[Part], size: u64) -> Option<PathBuf> {
        if let [Part { place: Place::Own(name), .. }] = parts {
            return Some(self.dir.join(name));
        }
        // A number that is taken but not listed may still be written to.
        let listed: BTreeSet<u32> = parts.iter().map(|part| part.number).collect();
        if listed != self.state().taken {
            return None;
        }
        let mut end = 0;
        for part in parts {
            if part.place != Place::Shared(end) {
                return None;
            }
            end += part.size;
        }
        let path = self.shared();
        std::fs::metadata(&path).is_ok_and(|file| file.len() == size).then_some(path)
    }

    fn copy(&self, parts: &[Part], partial: &Path) -> io::Result<TempPath> {
        let (mut whole, path) = NamedTempFile::new_in(partial)?.into_parts();
        for part in parts {
            let mut from = match &part.place {
                Place::Shared(offset) => {
                    let mut shared = File::open(self.shared())?;
                    shared.seek(SeekFrom::Start(*offset))?;
                    shared
                }
                Place::Own(name) => File::open(self.dir.join(name))?,
            };
            // Stays within the kernel, where the file system can.
            io::copy(&mut (&mut from).take(part.size), &mut whole)?;
        }
        Ok(path)
    }

    /// Removes what the upload left on disk.
    pub(super) fn remove(&self) -> io::Result<()> {
        std::fs::remove_dir_all(&self.dir)
    }
}
