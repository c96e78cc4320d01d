//! Taking away what no load needs any more. Only objects that this crate names itself are ever
//! deleted, whatever else lies under the same prefix.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use object_store::{ObjectMeta, path::Path};

use super::{
    Carried, Part, PartKind, Staging,
    failure::Action,
    path::{File, Owner, is_restaged_number},
    store::{delete_paths, within},
};
use crate::{error::Result, options::USUAL_RETENTION};

/// How many keys are gathered before they are deleted: what one request can name.
const KEYS_AT_ONCE: usize = 1000;

/// For how long other launches' objects are spared whatever age is asked for: they may be parts of
/// commits that another job still has to make, or of savepoints that it may be restored from, and
/// a shorter retention of this job's own says nothing about those.
const OTHERS_KEPT: Duration = USUAL_RETENTION;

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

/// An object or an unfinished upload of ours.
#[derive(Debug, Clone, Copy)]
struct Found {
    owner: Owner,
    file: File,
    written: DateTime<Utc>,
    /// Whether it is an upload that was begun and never completed.
    unfinished: bool,
}

impl Staging {
    /// Deletes what this launch's earlier attempts left, apart from the URLs in `keep` (the parts
    /// that restored committables still name), and aborts their unfinished uploads. Attempts that
    /// began later than this one and other launches are not touched.
    ///
    /// Ends within five minutes, with an error if it has not come to the end of the list.
    pub async fn sweep_older_attempts(&self, keep: &HashSet<String>) -> Result<Swept> {
        let older = |found: Found| {
            // A commit that names parts of then may be applied without rows that its committer set
            // aside, which only the ledger names.
            let named = !keep.is_empty() && is_set_aside_late(found);
            found.owner == Owner::Older && !named
        };
        self.sweep(&self.layout().launch, older, keep).await
    }

    /// The same, but for rows that were set aside: they may be those of a commit that was applied
    /// and whose process ended before it put them in place.
    pub async fn sweep_older_rows(&self, keep: &HashSet<String>) -> Result<Swept> {
        let older = |found: Found| {
            let letters = matches!(found.file, File::DeadLetters { .. }) && !found.unfinished;
            found.owner == Owner::Older && !letters
        };
        self.sweep(&self.layout().launch, older, keep).await
    }

    /// The rows that this launch's earlier attempts set aside and that still lie there, in the
    /// order in which they were written.
    ///
    /// Ends within five minutes, with an error if it has not come to the end of the list.
    pub async fn older_dead_letters(&self) -> Result<Vec<Part>> {
        let layout = self.layout();
        within(SWEEP_PATIENCE, self.request(Action::List, &layout.launch), async {
            let mut found = Vec::new();
            let mut listed = self.store().list(Some(&layout.launch));
            while let Some(object) = listed.next().await {
                let object = object
                    .map_err(|error| self.request(Action::List, &layout.launch).failed(error))?;
                let path = &object.location;
                if let Some((Owner::Older, File::DeadLetters { subtask, checkpoint, number })) =
                    layout.known(path)
                {
                    let kind = PartKind::DeadLetters;
                    let (url, bytes) = (layout.url(path), object.size);
                    let carried = Carried::default();
                    let (rows, folded, upserts) = (0, 0, false);
                    let part = Part {
                        url,
                        bytes,
                        rows,
                        checkpoint,
                        subtask,
                        kind,
                        upserts,
                        folded,
                        carried,
                    };
                    found.push((number, part));
                }
            }
            found.sort_by_key(|(number, part)| (part.checkpoint, part.subtask, *number));
            Ok(found.into_iter().map(|(_, part)| part).collect())
        })
        .await
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
        self.sweep(&self.layout().root, expired, keep).await
    }

    /// Deletes the parts that this launch's earlier attempts of one subtask began after a
    /// checkpoint (all of them without one), and aborts their unfinished uploads. Subtask 0 does
    /// so for subtasks from `parallelism` on, too. Parts that were last written less than `spared`
    /// ago stay: a savepoint that was taken since the checkpoint may name them.
    ///
    /// Where none are spared, that is exact. A part's name holds the checkpoint behind the last one that had ended when its
    /// first rows came, so one that a completed checkpoint N names has at most N there, and one that
    /// was staged after it more. What another subtask writes at this moment is not touched.
    ///
    /// Ends within five minutes, with an error if it has not come to the end of the list.
    pub async fn sweep_subtask(
        &self,
        subtask: u32,
        parallelism: u32,
        restored: Option<u64>,
        spared: Option<Duration>,
    ) -> Result<Swept> {
        let spared = spared.map(|age| before(Utc::now(), age));
        let is_own = |of: u32| of == subtask || subtask == 0 && of >= parallelism;
        let left = |found: Found| match found.file {
            // What was never completed is in no checkpoint, whatever it was begun for.
            File::Part { subtask, checkpoint } | File::DeadLetters { subtask, checkpoint, .. } => {
                let later = restored.is_none_or(|restored| checkpoint > restored);
                let is_spared = spared.is_some_and(|since| found.written >= since);
                let goes = found.unfinished || later && !is_spared;
                found.owner == Owner::Older && is_own(subtask) && goes
            }
            File::Manifest => false,
        };
        self.sweep(&self.layout().launch, left, &HashSet::new()).await
    }

    /// Deletes the manifests of this launch's earlier attempts: for the one committer of a sink.
    ///
    /// Ends within five minutes, with an error if it has not come to the end of the list.
    pub async fn sweep_manifests(&self) -> Result<Swept> {
        let left = |found: Found| found.owner == Owner::Older && found.file == File::Manifest;
        self.sweep(&self.layout().launch, left, &HashSet::new()).await
    }

    /// Deletes what was last written longer than `age` ago and aborts unfinished uploads of that
    /// age, but nothing in its first seven days: for one writer among several, which knows neither
    /// what the others have staged nor what a restored committable names. Its own objects stay.
    ///
    /// Ends within five minutes, with an error if it has not come to the end of the list.
    pub async fn sweep_forgotten(&self, age: Duration) -> Result<Swept> {
        self.sweep_expired(age.max(OTHERS_KEPT), &HashSet::new()).await
    }

    async fn sweep(
        &self,
        below: &Path,
        goes: impl Fn(Found) -> bool,
        keep: &HashSet<String>,
    ) -> Result<Swept> {
        let layout = self.layout();
        let goes = |path: &Path, written, unfinished| {
            let found = layout.known(path);
            let found = found.map(|(owner, file)| Found { owner, file, written, unfinished });
            found.is_some_and(&goes) && !keep.contains(&layout.url(path))
        };
        within(SWEEP_PATIENCE, self.request(Action::Sweep, below), async {
            let mut swept = self.delete_objects(below, |path, at| goes(path, at, false)).await?;
            swept.uploads = self.abort_uploads(below, |path, at| goes(path, at, true)).await?;
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

/// Whether a committer set these rows aside.
fn is_set_aside_late(found: Found) -> bool {
    matches!(found.file, File::DeadLetters { number, .. } if is_restaged_number(number))
}

/// What has passed its age at a time.
fn expiry(now: DateTime<Utc>, age: Duration) -> impl Fn(Found) -> bool {
    let (older, others) = (before(now, age), before(now, age.max(OTHERS_KEPT)));
    move |Found { owner, written, .. }| match owner {
        Owner::Own => false,
        Owner::Older => written < older,
        Owner::Newer | Owner::Other => written < others,
    }
}

/// The time that is so long ago.
fn before(now: DateTime<Utc>, age: Duration) -> DateTime<Utc> {
    // A duration beyond the calendar keeps everything.
    let age = chrono::Duration::from_std(age).ok();
    age.and_then(|age| now.checked_sub_signed(age)).unwrap_or(DateTime::<Utc>::MIN_UTC)
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
                let (file, written) = (File::Manifest, now - written);
                let found = expired(Found { owner, file, written, unfinished: false });
                assert_eq!(found, gone.contains(&owner), "{owner:?} {age:?} {written:?}");
            }
        }
    }
}
