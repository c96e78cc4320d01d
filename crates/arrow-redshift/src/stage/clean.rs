//! Clearing a temporary path by age, for whoever runs no job at the moment: what writers left that
//! never came back. Only what this crate names itself is counted or touched.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use serde::Serialize;
use uuid::Uuid;

use super::{
    Staging,
    failure::Action,
    store::{delete_paths, within},
    uploads::Upload,
};
use crate::{
    error::Result,
    options::{CopyConfig, S3Uri},
};

/// How many keys one request deletes.
const KEYS_AT_ONCE: usize = 1000;

/// The longest that looking and removing may take, each.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A launch that no attempt has: everything that is found is somebody else's.
const NOBODY: &str = "clean.0000000000000000";

/// What one attempt of a launch left, all of it older than the age that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leftover {
    /// Where it lies, with a final slash.
    pub url: String,
    /// Objects.
    pub objects: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Unfinished uploads, whose parts no listing of objects shows and S3 bills.
    pub uploads: u64,
    /// When the youngest of all was written, in seconds since 1970.
    pub newest: i64,
}

/// A temporary path, and how old something has to be to go.
#[derive(Debug)]
pub struct Cleaning {
    staging: Staging,
    age: Duration,
}

impl Cleaning {
    /// Opens a temporary path. Sends no request yet.
    ///
    /// An attempt's files go together, once the youngest of them is older than `age`: one that
    /// still writes loses nothing. Parts that a savepoint still names may be among what goes, so
    /// `age` must exceed that of the oldest savepoint that may be restored, and the longest time
    /// that a batch takes.
    pub async fn open(config: &CopyConfig, age: Duration) -> Result<Cleaning> {
        let attempt = Uuid::now_v7().to_string();
        Ok(Cleaning { staging: Staging::open(config, NOBODY, &attempt).await?, age })
    }

    /// The same over a staging area that is open already, in any object store. What its own
    /// attempt has staged is looked at like everybody's.
    pub fn of(staging: Staging, age: Duration) -> Cleaning {
        Cleaning { staging, age }
    }

    /// Where it looks.
    pub fn place(&self) -> S3Uri {
        let layout = self.staging.layout();
        S3Uri { bucket: layout.bucket.clone(), prefix: layout.root.to_string() }
    }

    /// How old something has to be.
    pub fn age(&self) -> Duration {
        self.age
    }

    /// What has passed the age, in the order of its place. Removes nothing.
    pub async fn look(&self) -> Result<Vec<Leftover>> {
        let root = &self.staging.layout().root;
        within(PATIENCE, self.staging.request(Action::List, root), async {
            let mut found: BTreeMap<Path, Leftover> = BTreeMap::new();
            let mut objects = self.staging.store().list(Some(root));
            while let Some(object) = objects.next().await {
                let object = object
                    .map_err(|error| self.staging.request(Action::List, root).failed(error))?;
                if let Some(left) =
                    self.attempt_of(&mut found, &object.location, object.last_modified)
                {
                    left.objects += 1;
                    left.bytes += object.size;
                }
            }
            for (path, upload) in self.uploads(root).await? {
                if let Some(left) = self.attempt_of(&mut found, &path, upload.initiated) {
                    left.uploads += 1;
                }
            }
            let before = self.before();
            Ok(found.into_values().filter(|left| left.newest < before).collect())
        })
        .await
    }

    /// Removes what an earlier look found of one attempt: its files and unfinished uploads that
    /// have passed the age by now.
    pub async fn remove(&self, left: &Leftover) -> Result<()> {
        let (_, attempt) = super::path::parse_url(left.url.trim_end_matches('/'))?;
        within(PATIENCE, self.staging.request(Action::Delete, &attempt), async {
            let before = self.before();
            let goes = |path: &Path, at: DateTime<Utc>| {
                self.staging.layout().known(path).is_some() && at.timestamp() < before
            };
            let bucket = &self.staging.layout().bucket;
            let mut pages = self.staging.store().list(Some(&attempt)).try_chunks(KEYS_AT_ONCE);
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| {
                    self.staging.request(Action::List, &attempt).failed(error.1)
                })?;
                let paths = page.into_iter().filter(|it| goes(&it.location, it.last_modified));
                let paths: Vec<Path> = paths.map(|object| object.location).collect();
                if !paths.is_empty() {
                    delete_paths(self.staging.store().as_ref(), bucket, paths).await?;
                }
            }
            let Some(uploads) = self.staging.uploads() else { return Ok(()) };
            for (path, upload) in self.uploads(&attempt).await? {
                if goes(&path, upload.initiated) {
                    uploads.abort(&upload).await?;
                }
            }
            Ok(())
        })
        .await
    }

    /// The attempt that a path belongs to, counted once more; `None` where it is none of ours.
    fn attempt_of<'a>(
        &self,
        found: &'a mut BTreeMap<Path, Leftover>,
        path: &Path,
        written: DateTime<Utc>,
    ) -> Option<&'a mut Leftover> {
        let layout = self.staging.layout();
        layout.known(path)?;
        let parts: Vec<_> = path.parts().collect();
        let attempt: Path = parts[..parts.len() - 1].iter().cloned().collect();
        let url = format!("{}/", layout.url(&attempt));
        let newest = written.timestamp();
        let left = found.entry(attempt).or_insert(Leftover {
            url,
            objects: 0,
            bytes: 0,
            uploads: 0,
            newest,
        });
        left.newest = left.newest.max(newest);
        Some(left)
    }

    /// Open uploads below a prefix whose keys are paths.
    async fn uploads(&self, below: &Path) -> Result<Vec<(Path, Upload)>> {
        let Some(uploads) = self.staging.uploads() else { return Ok(Vec::new()) };
        let listed = uploads.list(below).await?.into_iter();
        Ok(listed.filter_map(|upload| Some((Path::parse(&upload.key).ok()?, upload))).collect())
    }

    /// What was written before this, in seconds since 1970, has passed the age.
    fn before(&self) -> i64 {
        let age = i64::try_from(self.age.as_secs()).unwrap_or(i64::MAX);
        Utc::now().timestamp().saturating_sub(age)
    }
}
