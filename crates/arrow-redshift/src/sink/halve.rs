//! Which part is refused. Errors about Parquet name a file rarely and a row never, and those of the
//! way from a staging table into the target none at all, so the manifest is halved until one part is
//! left; nothing that is tried is ever committed.

use std::time::Duration;

use super::{
    Committable, Committer,
    settle::Suspects,
    transaction::{self, STAGE},
};
use crate::{
    error::{ErrorKind, Result},
    session::Session,
    sql::{self, Applying, CopyInto},
    stage::{Manifest, Part, Staging},
};

/// The longest that is spent on it: together the tries load what the refused load had to.
const PATIENCE: Duration = Duration::from_secs(60);

/// What refuses the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// COPY.
    Copy,
    /// What brings staged rows into the target.
    Apply,
}

/// The part that is refused, or why it is not known.
pub(super) async fn name(committer: &Committer, commit: &Committable, step: Step) -> Suspects {
    let parts: Vec<Part> = commit.parts().cloned().collect();
    if let [Part { url, rows, subtask, .. }] = parts.as_slice() {
        let says = format!("the only part is {url}, with {rows} rows of subtask {subtask}");
        return Suspects { parts, says: Some(says) };
    }
    let of = parts.len();
    let why = match tokio::time::timeout(PATIENCE, find(committer, commit, parts, step)).await {
        Ok(Ok(Some(part))) => {
            let Part { url, rows, subtask, .. } = &part;
            let refuses = match step {
                Step::Copy => "COPY refuses",
                Step::Apply => "the table refuses rows of",
            };
            let says =
                format!("of {of} parts {refuses} {url}, with {rows} rows of subtask {subtask}");
            return Suspects { parts: vec![part], says: Some(says) };
        }
        Ok(Ok(None)) => "none is refused by itself".to_owned(),
        Ok(Err(error)) => format!("a try failed: {error}"),
        Err(_) => format!("it was not found within {} s", PATIENCE.as_secs()),
    };
    let says = format!("which of {of} parts is refused is not known: {why}");
    Suspects { parts: Vec::new(), says: Some(says) }
}

async fn find(
    committer: &Committer,
    commit: &Committable,
    parts: Vec<Part>,
    step: Step,
) -> Result<Option<Part>> {
    let Some(staging) = committer.opened() else { return Ok(None) };
    let session = committer.open(commit).await?;
    let trial = Trial { committer, commit, session: &session, staging, step };
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
    step: Step,
}

impl Trial<'_> {
    /// Whether these parts are refused on the way that the commit's own take.
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
        transaction::copy(self.session, config, self.commit, into, manifest, region).await?;
        if self.step == Step::Copy {
            return Ok(());
        }
        for statement in transaction::from_stage(&shape.target, &shape.layout, Applying::Changes) {
            self.session.run(&statement).await?;
        }
        Ok(())
    }
}
