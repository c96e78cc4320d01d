//! Where COPY reads objects from.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use crate::s3::{S3, S3Failure};

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Key.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
}

/// S3's own answer to a read that it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFailure {
    /// HTTP status.
    pub status: u16,
    /// S3's error code, such as `NoSuchKey`.
    pub code: String,
    /// S3's message.
    pub message: String,
}

impl SourceFailure {
    /// `NoSuchKey`.
    pub fn no_such_key() -> SourceFailure {
        SourceFailure {
            status: 404,
            code: "NoSuchKey".into(),
            message: "The specified key does not exist.".into(),
        }
    }

    /// `NoSuchBucket`.
    pub fn no_such_bucket() -> SourceFailure {
        SourceFailure {
            status: 404,
            code: "NoSuchBucket".into(),
            message: "The specified bucket does not exist".into(),
        }
    }

    fn io(error: &std::io::Error) -> SourceFailure {
        match error.kind() {
            std::io::ErrorKind::NotFound => SourceFailure::no_such_key(),
            _ => SourceFailure {
                status: 500,
                code: "InternalError".into(),
                message: format!("We encountered an internal error: {error}"),
            },
        }
    }

    /// Whether the answer says that the object is not there.
    pub fn is_missing(&self) -> bool {
        self.status == 404
    }
}

/// The reads of S3 that COPY needs. Who may read what is not its concern. Its methods may wait, so
/// they are only called where waiting is allowed.
pub trait Source: Send + Sync + 'static {
    /// The objects whose keys begin with `prefix`, in the order of their keys.
    fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>, SourceFailure>;

    /// An object's size in bytes.
    fn size(&self, bucket: &str, key: &str) -> Result<u64, SourceFailure>;

    /// An object's bytes.
    fn open(&self, bucket: &str, key: &str) -> Result<File, SourceFailure>;

    /// The AWS region of a bucket; `None` where there is no such bucket.
    fn region(&self, bucket: &str) -> Option<String>;
}

impl From<S3Failure> for SourceFailure {
    fn from(failure: S3Failure) -> SourceFailure {
        SourceFailure {
            status: failure.status,
            code: failure.code.to_owned(),
            message: failure.message,
        }
    }
}

/// The S3 side of the stand-in, read in process with a credential of its own.
impl Source for S3 {
    fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>, SourceFailure> {
        let objects = S3::list(self, bucket, prefix)?;
        Ok(objects.into_iter().map(|o| Object { key: o.key, size: o.size }).collect())
    }

    fn size(&self, bucket: &str, key: &str) -> Result<u64, SourceFailure> {
        Ok(S3::head(self, bucket, key)?)
    }

    fn open(&self, bucket: &str, key: &str) -> Result<File, SourceFailure> {
        Ok(S3::open(self, bucket, key)?.0)
    }

    fn region(&self, bucket: &str) -> Option<String> {
        self.bucket_region(bucket)
    }
}

/// A directory with one directory per bucket and one file per key, all in one region.
#[derive(Debug, Clone)]
pub struct Directory {
    root: PathBuf,
    region: String,
}

impl Directory {
    /// The buckets under `root`, all of `region`.
    pub fn new(root: impl Into<PathBuf>, region: &str) -> Directory {
        Directory { root: root.into(), region: region.to_owned() }
    }

    /// The file of a key. A key with an empty segment is no file here, as `a//b` is not `a/b`.
    fn path(&self, bucket: &str, key: &str) -> Result<PathBuf, SourceFailure> {
        if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(SourceFailure::no_such_key());
        }
        Ok(self.root.join(bucket).join(key))
    }
}

impl Source for Directory {
    fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>, SourceFailure> {
        let base = self.root.join(bucket);
        if !base.is_dir() {
            return Err(SourceFailure::no_such_bucket());
        }
        let mut objects = Vec::new();
        walk(&base, "", &mut objects).map_err(|e| SourceFailure::io(&e))?;
        objects.retain(|object| object.key.starts_with(prefix));
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    fn size(&self, bucket: &str, key: &str) -> Result<u64, SourceFailure> {
        let path = self.path(bucket, key)?;
        Ok(path.metadata().map_err(|e| SourceFailure::io(&e))?.len())
    }

    fn open(&self, bucket: &str, key: &str) -> Result<File, SourceFailure> {
        File::open(self.path(bucket, key)?).map_err(|e| SourceFailure::io(&e))
    }

    fn region(&self, bucket: &str) -> Option<String> {
        self.root.join(bucket).is_dir().then(|| self.region.clone())
    }
}

fn walk(directory: &Path, prefix: &str, objects: &mut Vec<Object>) -> std::io::Result<()> {
    for entry in directory.read_dir()? {
        let entry = entry?;
        let key = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            walk(&entry.path(), &format!("{key}/"), objects)?;
        } else {
            objects.push(Object { key, size: metadata.len() });
        }
    }
    Ok(())
}
