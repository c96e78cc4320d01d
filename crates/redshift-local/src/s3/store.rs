//! All buckets of a data directory.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Context;
use tokio_util::task::TaskTracker;

use super::{bucket::Bucket, failure::S3Failure};
use crate::config;

/// All buckets of a data directory, which is this process's alone.
#[derive(Debug)]
pub(super) struct Store {
    dir: PathBuf,
    buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
    /// Everything that runs on blocking threads for a request.
    pub tasks: TaskTracker,
    _lock: File,
}

impl Store {
    /// Opens a data directory with the buckets that it holds and those that are named.
    pub(super) fn open(dir: PathBuf, named: Vec<config::Bucket>) -> anyhow::Result<Store> {
        let buckets = dir.join("buckets");
        std::fs::create_dir_all(&buckets)
            .with_context(|| format!("could not make the S3 directory {}", buckets.display()))?;
        let lock = lock(&dir)?;
        let store =
            Store { dir, buckets: RwLock::default(), tasks: TaskTracker::new(), _lock: lock };
        store.load(&buckets, named).context("could not open the buckets of the data directory")?;
        Ok(store)
    }

    fn load(&self, dir: &std::path::Path, named: Vec<config::Bucket>) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if named.iter().any(|bucket| bucket.name == name) {
                continue;
            }
            if let Some(found) = Bucket::describe(&path).with_context(|| name.to_owned())? {
                self.open_bucket(config::Bucket {
                    name: name.to_owned(),
                    region: found.region,
                    requires_encryption: found.requires_encryption,
                })?;
            }
        }
        for bucket in named {
            anyhow::ensure!(
                s3s::path::check_bucket_name(&bucket.name),
                "'{}' is no valid bucket name",
                bucket.name
            );
            self.open_bucket(bucket)?;
        }
        Ok(())
    }

    fn open_bucket(&self, config: config::Bucket) -> anyhow::Result<()> {
        let name = config.name.clone();
        let dir = self.dir.join("buckets").join(&name);
        let bucket = Bucket::open(dir, config).with_context(|| format!("bucket {name}"))?;
        self.buckets.write().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::new(bucket));
        Ok(())
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// `BucketAlreadyOwnedByYou`, or `InvalidBucketName`.
    pub(super) fn create(&self, config: config::Bucket) -> Result<(), S3Failure> {
        if !s3s::path::check_bucket_name(&config.name) {
            let message = "The specified bucket is not valid.";
            return Err(S3Failure::new(400, "InvalidBucketName", message));
        }
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if buckets.contains_key(&config.name) {
            return Err(S3Failure::bucket_exists());
        }
        let dir = self.dir.join("buckets").join(&config.name);
        let bucket = Arc::new(Bucket::open(dir, config)?);
        buckets.insert(bucket.config.name.clone(), bucket);
        Ok(())
    }

    pub(super) fn bucket(&self, name: &str) -> Result<Arc<Bucket>, S3Failure> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.get(name).cloned().ok_or_else(S3Failure::no_such_bucket)
    }

    pub(super) fn buckets(&self) -> Vec<Arc<Bucket>> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.values().cloned().collect()
    }

    /// Runs work that waits for the disk.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, S3Failure> + Send + 'static,
    ) -> Result<T, S3Failure> {
        self.tasks.spawn_blocking(work).await.map_err(io::Error::other)?
    }
}

/// Two processes on one directory would lose each other's objects.
fn lock(dir: &std::path::Path) -> anyhow::Result<File> {
    let path = dir.join("lock");
    let file = File::create(&path).with_context(|| format!("could not make {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "the S3 directory {} is in use by another process: stop that one, or name another \
             data directory",
            dir.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("could not lock {}", path.display()))
        }
    }
}
