//! Before the first row: what an older attempt of this launch left on S3 goes.

use std::{collections::HashSet, time::Duration};

use tracing::{debug, warn};

use super::{Committable, context::Context, letters, prepare::copy_config};
use crate::{
    error::{Error, ErrorKind, Result},
    stage::Swept,
};

/// Which of a sink's writers one is, and where its input begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subtask {
    /// Its index, below the parallelism.
    pub index: u32,
    /// How many writers the sink has.
    pub parallelism: u32,
    /// The checkpoint that the job was restored from; `None` where it starts from nothing.
    pub restored: Option<u64>,
    /// Whether what was closed after that checkpoint may be named all the same: by a savepoint, to
    /// which a job does not go back by itself.
    pub savepoints: bool,
}

/// Removes what nobody will load any more: of this launch's older attempts all that no committable
/// in `restored` names, and of any launch what has passed its age.
///
/// It is the first that a sink asks of S3, so a bucket that is not there ends it here, and not
/// after all rows were read.
pub(super) async fn launch(context: &Context, restored: &[Committable]) -> Result<()> {
    if context.staging.is_none() {
        return Ok(());
    }
    let urls = restored.iter().flat_map(|held| held.all_parts().map(|part| part.url.clone()));
    let keep = urls.collect();
    unless_in_vain(swept(context, &keep).await)
}

async fn swept(context: &Context, keep: &HashSet<String>) -> Result<[Swept; 2]> {
    let staging = context.staging()?;
    let older = match letters::waits(context) {
        true => staging.sweep_older_rows(keep).await?,
        false => staging.sweep_older_attempts(keep).await?,
    };
    Ok([older, staging.sweep_expired(retention(context)?, keep).await?])
}

/// The same for one writer among several: what its own older attempts staged after the restored
/// checkpoint, as soon as no savepoint can name it or it has passed its age. The first one also sees
/// to writers that there are no more, and to ages.
pub(super) async fn subtask(context: &Context, subtask: Subtask) -> Result<()> {
    if context.staging.is_none() {
        return Ok(());
    }
    unless_in_vain(swept_by(context, subtask).await)
}

async fn swept_by(context: &Context, subtask: Subtask) -> Result<[Swept; 2]> {
    let Subtask { index, parallelism, restored, savepoints } = subtask;
    let spared = if savepoints { Some(retention(context)?) } else { None };
    let older = context.staging()?.sweep_subtask(index, parallelism, restored, spared).await?;
    let expired = match index {
        0 => context.staging()?.sweep_forgotten(retention(context)?).await?,
        _ => Swept::default(),
    };
    Ok([older, expired])
}

fn retention(context: &Context) -> Result<Duration> {
    Ok(copy_config(&context.config)?.staging_retention)
}

/// What cannot be removed now is tried again by the next start, and is no reason to fail this one.
/// A bucket that is not there, or not in that region, is: nothing could be staged either.
fn unless_in_vain(swept: Result<[Swept; 2], Error>) -> Result<()> {
    match swept {
        Ok(swept) => debug!(?swept, "swept what older runs staged"),
        Err(error) if error.kind() == ErrorKind::InvalidOptions => return Err(error),
        Err(error) => warn!(%error, "what older runs staged was not swept"),
    }
    Ok(())
}
