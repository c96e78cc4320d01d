//! Which part COPY refuses. Its errors about Parquet name a file rarely and a row never, so the
//! manifest is halved until one part is left; nothing that is tried is ever committed.

use std::time::Duration;

use tracing::debug;

use super::{
    Committable, Committer,
    transaction::{self, STAGE},
};
use crate::{
    error::{ErrorKind, Result},
    session::Session,
    sql::{self, CopyInto},
    stage::{Manifest, Part, Staging},
};

/// The longest that is spent on it: together the tries load what the refused COPY had to.
const PATIENCE: Duration = Duration::from_secs(60);

/// The part that COPY refuses, and what there is to say of it; `None` where none is refused by
/// itself, or it could not be found in time.
pub(super) async fn name(committer: &Committer, commit: &Committable) -> Option<(Part, String)> {
    let parts: Vec<Part> = commit.parts().cloned().collect();
    if let [part] = parts.as_slice() {
        let Part { url, rows, subtask, .. } = part;
        let says = format!("the only part is {url}, with {rows} rows of subtask {subtask}");
        return Some((part.clone(), says));
    }
    let of = parts.len();
    match tokio::time::timeout(PATIENCE, find(committer, commit, parts)).await {
        Ok(Ok(part)) => part.map(|part| {
            let Part { url, rows, subtask, .. } = &part;
            let says =
                format!("of {of} parts COPY refuses {url}, with {rows} rows of subtask {subtask}");
            (part, says)
        }),
        Ok(Err(error)) => {
            debug!(%error, "the part that COPY refuses was not found");
            None
        }
        Err(_) => {
            debug!("the part that COPY refuses was not found in time");
            None
        }
    }
}

async fn find(
    committer: &Committer,
    commit: &Committable,
    parts: Vec<Part>,
) -> Result<Option<Part>> {
    let Some(staging) = committer.opened() else { return Ok(None) };
    let session = committer.open(commit).await?;
    let trial = Trial { committer, commit, session: &session, staging };
    let mut suspects = parts.as_slice();
    while suspects.len() > 1 {
        let (first, second) = suspects.split_at(suspects.len() / 2);
        suspects = if trial.is_refused(first).await? { first } else { second };
    }
    // What is left may be so for no other reason than that the others are not refused.
    Ok(match suspects {
        [part] if trial.is_refused(suspects).await? => Some(part.clone()),
        _ => None,
    })
}

struct Trial<'a> {
    committer: &'a Committer,
    commit: &'a Committable,
    session: &'a Session,
    staging: &'a Staging,
}

impl Trial<'_> {
    /// Whether COPY refuses these parts, where the commit's own COPY puts them.
    async fn is_refused(&self, parts: &[Part]) -> Result<bool> {
        let name = format!("{}-trial", self.commit.id());
        let url = self.staging.write_manifest(&name, &Manifest::new(parts)?).await?;
        self.session.run(&sql::BEGIN).await?;
        let loaded = self.load(&url).await;
        self.session.run(&sql::ROLLBACK).await?;
        self.staging.delete([url.as_str()]).await?;
        match loaded {
            Ok(()) => Ok(false),
            Err(error) if error.kind() == ErrorKind::LoadRefused => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn load(&self, manifest: &str) -> Result<()> {
        let shape = &self.commit.shape;
        let into = match shape.layout.staged() {
            true => {
                self.session.run(&sql::create_stage(STAGE, &shape.layout)).await?;
                CopyInto::Stage(STAGE)
            }
            false => CopyInto::Target(&shape.target),
        };
        let (config, region) = (self.committer.config(), self.staging.region());
        transaction::copy(self.session, config, self.commit, into, manifest, region).await.map(drop)
    }
}
