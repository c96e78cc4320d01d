//! Rows that were set aside: from staging to the user's place, once their commit is applied.

use std::time::Duration;

use tracing::{info, warn};

use super::{CommittableId, context::Context};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{S3Uri, SinkConfig},
    retry::Tries,
    stage::{Part, Staging},
};

/// Puts them in place; what fails in passing is tried again. Whoever calls gives the same parts
/// again after an error, in this process or another one. `before` says that another call had
/// applied the commit.
pub(super) async fn place(
    config: &SinkConfig,
    staging: &Staging,
    id: &CommittableId,
    parts: &[Part],
    before: bool,
    limit: Duration,
) -> Result<()> {
    let to = target(config)?;
    let placed = tokio::time::timeout(limit, patiently(config, staging, id, parts, to)).await;
    let placed = placed.unwrap_or_else(|_| {
        let why = format!("not done within {} seconds", limit.as_secs());
        Err(Error::new(ErrorKind::StorageUnavailable, why))
    });
    let rows: u64 = parts.iter().map(|part| part.rows).sum();
    match placed {
        Ok(0) => {
            info!(commit = %id, rows, at = %url(to), "rows that were set aside are in place");
            Ok(())
        }
        // A commit of an old savepoint, whose files somebody has taken away from their place since.
        Ok(missing) if before => {
            let why = "rows that were set aside are not staged any more, so they were put in place";
            warn!(commit = %id, missing, "{why}");
            Ok(())
        }
        Ok(missing) => {
            let why = format!("{missing} of their {} files are gone from staging", parts.len());
            Err(pending(Error::new(ErrorKind::StagingMissing, why), id, parts, rows, to))
        }
        Err(error) => Err(pending(error, id, parts, rows, to)),
    }
}

async fn patiently(
    config: &SinkConfig,
    staging: &Staging,
    id: &CommittableId,
    parts: &[Part],
    to: &S3Uri,
) -> Result<usize> {
    let mut tries = Tries::new(config.max_retries);
    loop {
        let error = match staging.place(parts, id.as_str(), to).await {
            Ok(missing) => return Ok(missing),
            Err(error) => error,
        };
        match tries.next(error.kind()) {
            Some(delay) => {
                let what = "rows that were set aside are not in place, trying again";
                warn!(commit = %id, %error, ?delay, "{what}");
                tokio::time::sleep(delay).await;
            }
            None => return Err(error),
        }
    }
}

/// The commit is applied, so its kind must be one that loads nothing again.
fn pending(error: Error, id: &CommittableId, parts: &[Part], rows: u64, to: &S3Uri) -> Error {
    let why = format!(
        "the commit is applied, but {rows} rows that were set aside could not be put in place"
    );
    let hint = match error.advice() {
        Some(advice) => format!("{advice}; {AGAIN}"),
        None => AGAIN.to_owned(),
    };
    Error::new(ErrorKind::DeadLettersPending, why)
        .with("commit", id)
        .with("place", url(to))
        .with("staged at", parts.first().map_or("", |part| part.url.as_str()))
        .with("files", parts.len())
        .hint(hint)
        .source(error)
}

const AGAIN: &str = "then give the same commit again, as a restored checkpoint does and a script \
                     that is run again with the same 'sink.run-id'; or copy the staged files \
                     yourself";

fn target(config: &SinkConfig) -> Result<&S3Uri> {
    config.values.dead_letters.as_ref().ok_or_else(|| {
        let why = "the commit is applied, but holds rows that were set aside, and nothing says \
                   where to put them";
        Error::new(ErrorKind::DeadLettersPending, why)
            .hint("set 'sink.dead-letter.s3-uri' as it was when they were written")
    })
}

fn url(to: &S3Uri) -> String {
    format!("s3://{}/{}", to.bucket, to.prefix)
}

/// What an earlier attempt of a named batch run set aside. It is not known yet whether that attempt
/// committed, so it was spared by the sweep.
pub(super) async fn left(context: &Context) -> Result<Vec<Part>> {
    if !waits(context) {
        return Ok(Vec::new());
    }
    context.staging()?.older_dead_letters().await
}

/// Whether rows that earlier attempts set aside have to wait for the ledger's answer: a named run
/// keeps no committable that would name them.
pub(super) fn waits(context: &Context) -> bool {
    context.identity.launch.is_named() && context.config.values.dead_letters.is_some()
}
