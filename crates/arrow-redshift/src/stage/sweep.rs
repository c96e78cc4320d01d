//! Taking away what no load needs any more. Only objects that this crate names itself are ever
//! deleted, whatever else lies under the same prefix.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use object_store::{ObjectMeta, path::Path};

use super::{Staging, failure::Action, store::delete_paths};
use crate::error::Result;

/// How many keys are gathered before they are deleted: what one request can name.
const KEYS_AT_ONCE: usize = 1000;

/// What a sweep took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects deleted.
    pub objects: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Unfinished uploads aborted.
    pub uploads: u64,
}

impl Staging {
    /// Deletes what this launch's other attempts left, apart from the URLs in `keep` (the parts
    /// that restored committables still name), and aborts their unfinished uploads. Other launches
    /// are not looked at.
    pub async fn sweep_older_attempts(&self, keep: &HashSet<String>) -> Result<Swept> {
        let own = |path: &Path| path.prefix_matches(&self.layout().attempt);
        let launch = &self.layout().launch;
        self.sweep(launch, |path, _| !own(path) && !keep.contains(&self.layout().url(path))).await
    }

    /// Deletes everything of every launch under the temporary path that was last written longer
    /// ago than `older_than`, and aborts unfinished uploads of that age.
    ///
    /// Parts that a restored savepoint still needs may be among them: `older_than` must exceed the
    /// age of the oldest savepoint that may be restored.
    pub async fn sweep_expired(&self, older_than: Duration) -> Result<Swept> {
        // A duration beyond the calendar keeps everything.
        let limit = chrono::Duration::from_std(older_than)
            .ok()
            .and_then(|age| Utc::now().checked_sub_signed(age))
            .unwrap_or(DateTime::<Utc>::MIN_UTC);
        self.sweep(&self.layout().root, |_, written| written < limit).await
    }

    async fn sweep(
        &self,
        below: &Path,
        goes: impl Fn(&Path, DateTime<Utc>) -> bool,
    ) -> Result<Swept> {
        let goes = |path: &Path, written| self.layout().is_ours(path) && goes(path, written);
        let mut swept = Swept::default();
        let mut listed = self.store().list(Some(below)).chunks(KEYS_AT_ONCE);
        while let Some(page) = listed.next().await {
            let page: Vec<ObjectMeta> = page
                .into_iter()
                .collect::<object_store::Result<_>>()
                .map_err(|error| self.request(Action::List, below).failed(error))?;
            let gone: Vec<ObjectMeta> = page
                .into_iter()
                .filter(|object| goes(&object.location, object.last_modified))
                .collect();
            swept.bytes += gone.iter().map(|object| object.size).sum::<u64>();
            let paths = gone.into_iter().map(|object| object.location).collect();
            swept.objects +=
                delete_paths(self.store().as_ref(), &self.layout().bucket, paths).await?;
        }
        swept.uploads = self.abort_uploads(below, goes).await?;
        Ok(swept)
    }

    async fn abort_uploads(
        &self,
        below: &Path,
        goes: impl Fn(&Path, DateTime<Utc>) -> bool,
    ) -> Result<u64> {
        let Some(uploads) = self.uploads() else { return Ok(0) };
        let mut aborted = 0;
        for upload in uploads.list(below).await? {
            // A key that is no path of ours is none of our business.
            let Ok(path) = Path::parse(&upload.key) else { continue };
            if goes(&path, upload.initiated) {
                uploads.abort(&upload).await?;
                aborted += 1;
            }
        }
        Ok(aborted)
    }
}
