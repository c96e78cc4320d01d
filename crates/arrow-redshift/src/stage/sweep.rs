//! Taking away what no load needs any more. Only objects that this crate names itself are ever
//! deleted, whatever else lies under the same prefix.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use object_store::{ObjectMeta, path::Path};

use super::{
    Staging,
    failure::Action,
    path::Owner,
    store::{delete_paths, within},
};
use crate::error::Result;

/// How many keys are gathered before they are deleted: what one request can name.
const KEYS_AT_ONCE: usize = 1000;

/// For how long other launches' objects are spared whatever age is asked for: they may be parts of
/// commits that another job still has to make, or of savepoints that it may be restored from, and
/// a shorter retention of this job's own says nothing about those.
const OTHERS_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// The longest that a sweep takes: it runs when a job starts, and what it has not come to is left
/// for the next start.
const SWEEP_PATIENCE: Duration = Duration::from_secs(300);

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
    /// Deletes what this launch's earlier attempts left, apart from the URLs in `keep` (the parts
    /// that restored committables still name), and aborts their unfinished uploads. Attempts that
    /// began later than this one and other launches are not touched.
    ///
    /// Ends within five minutes, with an error if it has not come to the end of the list.
    pub async fn sweep_older_attempts(&self, keep: &HashSet<String>) -> Result<Swept> {
        let older = |owner, _| owner == Owner::Older;
        self.sweep(&self.layout().launch, keep, older).await
    }

    /// Deletes what was last written longer than `age` ago, apart from the URLs in `keep` (the
    /// parts that restored committables still name), and aborts unfinished uploads of that age.
    ///
    /// That holds for this launch's earlier attempts. What other launches staged under the same
    /// temporary path, and later attempts of this one, goes after `age` but never in its first
    /// seven days. This attempt's own objects stay.
    ///
    /// Parts that a savepoint still needs may be among them: `age` must exceed the age of the
    /// oldest savepoint that may be restored.
    ///
    /// Ends within five minutes, with an error if it has not come to the end of the list.
    pub async fn sweep_expired(&self, age: Duration, keep: &HashSet<String>) -> Result<Swept> {
        let expired = expiry(Utc::now(), age);
        self.sweep(&self.layout().root, keep, expired).await
    }

    async fn sweep(
        &self,
        below: &Path,
        keep: &HashSet<String>,
        goes: impl Fn(Owner, DateTime<Utc>) -> bool,
    ) -> Result<Swept> {
        let layout = self.layout();
        let goes = |path: &Path, written| {
            let owner = layout.owner(path);
            owner.is_some_and(|owner| goes(owner, written)) && !keep.contains(&layout.url(path))
        };
        within(SWEEP_PATIENCE, self.request(Action::Sweep, below), async {
            let mut swept = self.delete_objects(below, &goes).await?;
            swept.uploads = self.abort_uploads(below, goes).await?;
            Ok(swept)
        })
        .await
    }

    async fn delete_objects(
        &self,
        below: &Path,
        goes: impl Fn(&Path, DateTime<Utc>) -> bool,
    ) -> Result<Swept> {
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
        Ok(swept)
    }

    async fn abort_uploads(
        &self,
        below: &Path,
        goes: impl Fn(&Path, DateTime<Utc>) -> bool,
    ) -> Result<u64> {
        let Some(uploads) = self.uploads() else { return Ok(0) };
        uploads
            .abort_all(below, |upload| {
                // A key that is no path of ours is none of our business.
                Path::parse(&upload.key).is_ok_and(|path| goes(&path, upload.initiated))
            })
            .await
    }
}

/// What has passed its age at a time.
fn expiry(now: DateTime<Utc>, age: Duration) -> impl Fn(Owner, DateTime<Utc>) -> bool {
    let before = |age: Duration| {
        // A duration beyond the calendar keeps everything.
        chrono::Duration::from_std(age)
            .ok()
            .and_then(|age| now.checked_sub_signed(age))
            .unwrap_or(DateTime::<Utc>::MIN_UTC)
    };
    let (older, others) = (before(age), before(age.max(OTHERS_KEPT)));
    move |owner, written| match owner {
        Owner::Own => false,
        Owner::Older => written < older,
        Owner::Newer | Owner::Other => written < others,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_age_says_nothing_about_other_launches() {
        use Owner::{Newer, Older, Other, Own};
        let now = Utc::now();
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        for (age, written, gone) in [
            (hours(0), hours(1), vec![Older]),
            (hours(24), hours(23), vec![]),
            (hours(24), hours(25), vec![Older]),
            (hours(24), hours(7 * 24 - 1), vec![Older]),
            (hours(24), hours(7 * 24 + 1), vec![Older, Newer, Other]),
            (hours(30 * 24), hours(7 * 24 + 1), vec![]),
            (hours(30 * 24), hours(30 * 24 + 1), vec![Older, Newer, Other]),
            (Duration::MAX, hours(1000 * 24), vec![]),
        ] {
            let expired = expiry(now, age);
            for owner in [Own, Older, Newer, Other] {
                let found = expired(owner, now - written);
                assert_eq!(found, gone.contains(&owner), "{owner:?} {age:?} {written:?}");
            }
        }
    }
}
