//! A bucket: an index of keys in memory, its journal, and one file per object.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, TempPath};
use uuid::Uuid;

use super::{
    condition::WriteCondition,
    failure::S3Failure,
    journal::Journal,
    object::{About, Encryption, Stored},
    upload::{Assembled, Upload},
};
use crate::config;

/// A bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    pub config: config::Bucket,
    pub created: SystemTime,
    dir: PathBuf,
    index: Mutex<Index>,
    uploads: Mutex<BTreeMap<(String, String), Arc<Upload>>>,
}

#[derive(Debug)]
struct Index {
    objects: BTreeMap<String, Arc<Stored>>,
    journal: Journal,
}

/// One change of the index.
#[derive(Serialize, Deserialize)]
enum Change {
    Put(Box<Stored>),
    Delete(String),
}

/// What is kept of a bucket beside its objects.
#[derive(Serialize, Deserialize)]
pub(super) struct Description {
    pub region: String,
    pub requires_encryption: bool,
    pub created: SystemTime,
}

/// An object that is about to take its place.
#[derive(Debug)]
pub(super) struct New {
    pub key: String,
    pub size: u64,
    pub etag: String,
    pub about: About,
}

/// Where the bytes of a new object are.
#[derive(Debug)]
pub(super) enum Bytes {
    /// In a temporary file, which is moved.
    Written(TempPath),
    /// In a file that nothing writes to any more, which gets a second name.
    Settled(PathBuf),
}

impl From<Assembled> for Bytes {
    fn from(assembled: Assembled) -> Bytes {
        match assembled {
            Assembled::InPlace(path) => Bytes::Settled(path),
            Assembled::Copied(path) => Bytes::Written(path),
        }
    }
}

impl Bucket {
    /// Reads what a directory says of its bucket, `None` where it holds none.
    pub(super) fn describe(dir: &Path) -> io::Result<Option<Description>> {
        match std::fs::read(dir.join("bucket.json")) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a bucket's directory, or makes it, and removes what a killed process left half-done.
    pub(super) fn open(dir: PathBuf, config: config::Bucket) -> io::Result<Bucket> {
        let partial = dir.join("partial");
        if partial.exists() {
            std::fs::remove_dir_all(&partial)?;
        }
        for sub in ["objects", "partial", "uploads"] {
            std::fs::create_dir_all(dir.join(sub))?;
        }
        let created = Self::describe(&dir)?.map_or_else(SystemTime::now, |old| old.created);
        let description = Description {
            region: config.region.clone(),
            requires_encryption: config.requires_encryption,
            created,
        };
        std::fs::write(dir.join("bucket.json"), serde_json::to_vec(&description)?)?;
        let index = Mutex::new(open_index(&dir)?);
        let uploads = Mutex::new(load_uploads(&dir)?);
        Ok(Bucket { config, created, dir, index, uploads })
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // A change reaches the journal before the map and the map in one step.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn uploads(&self) -> MutexGuard<'_, BTreeMap<(String, String), Arc<Upload>>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join("objects").join(name)
    }

    /// Where bytes are put before they belong to an object; emptied at the next start.
    pub(super) fn partial(&self) -> PathBuf {
        self.dir.join("partial")
    }

    /// A temporary file on the bucket's file system.
    pub(super) fn temporary(&self) -> io::Result<(File, TempPath)> {
        Ok(NamedTempFile::new_in(self.partial())?.into_parts())
    }

    /// Refuses a write without encryption headers where the bucket's policy asks for them.
    pub(super) fn admit(&self, encryption: &Encryption) -> Result<(), S3Failure> {
        if self.config.requires_encryption && !encryption.requested {
            return Err(S3Failure::access_denied());
        }
        Ok(())
    }

    /// What the index knows of a key.
    pub(super) fn head(&self, key: &str) -> Result<Arc<Stored>, S3Failure> {
        self.index().objects.get(key).cloned().ok_or_else(S3Failure::no_such_key)
    }

    /// Opens an object. The file stays as it is, whatever happens to the key meanwhile.
    pub(super) fn read(&self, key: &str) -> Result<(Arc<Stored>, File), S3Failure> {
        // Under the lock: an overwrite could remove the file between look-up and opening.
        let index = self.index();
        let object = index.objects.get(key).ok_or_else(S3Failure::no_such_key)?;
        let file = File::open(self.file(&object.file))?;
        Ok((Arc::clone(object), file))
    }

    /// Puts an object in its place, all at once.
    ///
    /// # Errors
    /// What the condition says; then nothing changed.
    pub(super) fn put(
        &self,
        new: New,
        bytes: Bytes,
        condition: &WriteCondition,
    ) -> Result<Arc<Stored>, S3Failure> {
        let New { key, size, etag, about } = new;
        let file = Uuid::new_v4().simple().to_string();
        let object = Stored { key, size, etag, modified: SystemTime::now(), file, about };
        let mut index = self.index();
        condition.check(index.objects.get(&object.key).map(Arc::as_ref))?;
        let path = self.file(&object.file);
        match bytes {
            Bytes::Written(from) => from.persist(&path).map_err(|error| error.error)?,
            Bytes::Settled(from) => std::fs::hard_link(from, &path)?,
        }
        if let Err(error) = index.journal.append(&Change::Put(Box::new(object.clone()))) {
            std::fs::remove_file(&path)?;
            return Err(error.into());
        }
        let object = Arc::new(object);
        let old = index.objects.insert(object.key.clone(), Arc::clone(&object));
        drop(index);
        self.discard(old);
        Ok(object)
    }

    /// Removes an object. That there is none is as good.
    pub(super) fn delete(&self, key: &str, condition: &WriteCondition) -> Result<(), S3Failure> {
        let mut index = self.index();
        condition.check(index.objects.get(key).map(Arc::as_ref))?;
        if !index.objects.contains_key(key) {
            return Ok(());
        }
        index.journal.append(&Change::Delete(key.to_owned()))?;
        let old = index.objects.remove(key);
        drop(index);
        self.discard(old);
        Ok(())
    }

    /// Removes the bytes of an object that the index no longer holds. What stays is removed at the
    /// next start.
    fn discard(&self, old: Option<Arc<Stored>>) {
        let Some(old) = old else { return };
        if let Err(error) = std::fs::remove_file(self.file(&old.file)) {
            tracing::warn!(%error, bucket = self.config.name, "could not remove an object's bytes");
        }
    }

    /// An object as it is now, with a second name for its bytes that outlives the first.
    pub(super) fn snapshot(&self, key: &str) -> Result<(Arc<Stored>, TempPath), S3Failure> {
        let index = self.index();
        let object = index.objects.get(key).ok_or_else(S3Failure::no_such_key)?;
        let path = self.partial().join(Uuid::new_v4().simple().to_string());
        std::fs::hard_link(self.file(&object.file), &path)?;
        Ok((Arc::clone(object), TempPath::try_from_path(path)?))
    }

    /// Walks the objects whose keys are at or after `from`, in the order of their bytes, until
    /// `each` says stop.
    pub(super) fn walk(&self, from: &str, mut each: impl FnMut(&Arc<Stored>) -> bool) {
        let from = (std::ops::Bound::Included(from), std::ops::Bound::Unbounded);
        for (_, object) in self.index().objects.range::<str, _>(from) {
            if !each(object) {
                return;
            }
        }
    }

    /// Starts a multipart upload.
    pub(super) fn start_upload(&self, key: String, about: About) -> io::Result<Arc<Upload>> {
        let upload = Arc::new(Upload::create(&self.dir.join("uploads"), key, about)?);
        self.uploads().insert((upload.key.clone(), upload.id.clone()), Arc::clone(&upload));
        Ok(upload)
    }

    /// A multipart upload in progress.
    pub(super) fn upload(&self, key: &str, id: &str) -> Result<Arc<Upload>, S3Failure> {
        let found = self.uploads().get(&(key.to_owned(), id.to_owned())).cloned();
        found.ok_or_else(S3Failure::no_such_upload)
    }

    /// The multipart uploads in progress, by key and id.
    pub(super) fn list_uploads(&self) -> Vec<Arc<Upload>> {
        self.uploads().values().cloned().collect()
    }

    /// Ends an upload and removes its parts.
    pub(super) fn end_upload(&self, upload: &Upload) -> io::Result<()> {
        self.uploads().remove(&(upload.key.clone(), upload.id.clone()));
        upload.remove()
    }
}

/// Replays the journal, shortens it, and removes files that belong to no object.
fn open_index(dir: &Path) -> io::Result<Index> {
    let path = dir.join("journal");
    let mut objects = BTreeMap::new();
    for change in Journal::read(&path)? {
        match change {
            Change::Put(object) => objects.insert(object.key.clone(), Arc::from(object)),
            Change::Delete(key) => objects.remove(&key),
        };
    }
    let changes = objects.values().map(|object| Change::Put(Box::new(Stored::clone(object))));
    let journal = Journal::rewrite(&path, changes)?;
    let known: std::collections::HashSet<_> = objects.values().map(|o| o.file.as_str()).collect();
    for entry in std::fs::read_dir(dir.join("objects"))? {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(|name| known.contains(name)) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(Index { objects, journal })
}

fn load_uploads(dir: &Path) -> io::Result<BTreeMap<(String, String), Arc<Upload>>> {
    let mut uploads = BTreeMap::new();
    for entry in std::fs::read_dir(dir.join("uploads"))? {
        let path = entry?.path();
        match Upload::load(path.clone())? {
            Some(upload) => {
                uploads.insert((upload.key.clone(), upload.id.clone()), Arc::new(upload));
            }
            None => std::fs::remove_dir_all(path)?,
        }
    }
    Ok(uploads)
}
