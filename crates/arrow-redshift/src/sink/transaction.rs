//! The commit itself, step by step. The order of the steps is the promise.

use super::{committable::Committable, context::Context, identity::CommittableId};
use crate::{
    error::{Error, ErrorKind, Result},
    options::CopyFormat,
    session::Session,
    sql::{self, CopyInto, FileFormat, LEDGER_VERSION, Ledger, Statement},
    stage::CSV_PARAMETERS,
};

/// The session's staging table. One commit runs at a time, and its transaction drops it.
pub(super) const STAGE: &str = "frc_stage";

/// Whether a transaction changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Everything is in place; COMMIT makes it so.
    Ready,
    /// The ledger holds the id: it was applied before.
    AlreadyApplied,
}

/// Loads the parts into a staging table of the session, outside of any transaction, so that the
/// locks are held only while rows are applied.
pub(super) async fn stage(
    session: &Session,
    context: &Context,
    commit: &Committable,
    manifest: &str,
) -> Result<()> {
    session.run(&sql::create_stage(STAGE, &commit.shape.layout)).await?;
    load(session, context, commit, CopyInto::Stage(STAGE), manifest).await
}

/// Puts the rows in place and records the commit: everything between the ledger's answer and
/// COMMIT.
pub(super) async fn apply(
    session: &Session,
    context: &Context,
    commit: &Committable,
    manifest: Option<&str>,
    prune: bool,
) -> Result<()> {
    let Committable { shape, .. } = commit;
    let ledger = commit.ledger();
    if commit.overwrite {
        session.run(&sql::overwrite(&shape.target)).await?;
    }
    if let Some(manifest) = manifest {
        if !shape.layout.staged() {
            load(session, context, commit, CopyInto::Target(&shape.target), manifest).await?;
        } else {
            for statement in from_stage(commit) {
                session.run(&statement).await?;
            }
            session.run(&sql::drop_stage(STAGE, &shape.layout)).await?;
        }
    }
    if prune {
        session.run(&ledger.prune(context.config.ledger_retention)).await?;
    }
    let id = commit.id.as_str();
    session.run(&ledger.record(id, &commit.job, commit.rows(), commit.parts.len())).await
}

/// Locks the ledger, and the target where rows are applied by key or replaced.
///
/// It is the first statement after BEGIN: any other would take the snapshot before the lock, and
/// what another writer commits in between would neither be seen nor deleted.
pub(super) async fn lock(session: &Session, context: &Context, commit: &Committable) -> Result<()> {
    let (target, ledger) = (&commit.shape.target, commit.ledger());
    let mut tables = vec![&ledger.table];
    if (commit.shape.layout.keyed() || commit.overwrite) && context.config.lock_target {
        tables.push(target);
    }
    session.run_within(&sql::lock(&tables), context.config.lock_timeout).await
}

/// Whether the ledger holds the id. Under its lock this is the truth; without it only a yes is.
pub(super) async fn applied(
    session: &Session,
    ledger: &Ledger,
    id: &CommittableId,
) -> Result<bool> {
    let rows = session.query(&ledger.find(id.as_str())).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let version = row.first().and_then(Option::as_deref).and_then(|text| text.parse::<i16>().ok());
    if version.is_none_or(|version| version > LEDGER_VERSION) {
        let why = "the ledger holds this commit in a version that is not known here";
        return Err(Error::new(ErrorKind::LedgerInvalid, why)
            .with("ledger", &ledger.table)
            .hint("upgrade the connector to the version that wrote it, or a later one"));
    }
    Ok(true)
}

fn from_stage(commit: &Committable) -> Vec<Statement> {
    let (target, layout) = (&commit.shape.target, &commit.shape.layout);
    if layout.keyed() {
        sql::apply(target, STAGE, layout)
    } else {
        vec![sql::insert_staged(target, STAGE, layout)]
    }
}

/// COPY, and a count that must be exactly what was staged.
async fn load(
    session: &Session,
    context: &Context,
    commit: &Committable,
    into: CopyInto<'_>,
    manifest: &str,
) -> Result<()> {
    let copy = super::prepare::copy_config(&context.config)?;
    let (shape, region) = (&commit.shape, context.staging.region());
    let format = match shape.format {
        CopyFormat::Parquet => FileFormat::Parquet,
        CopyFormat::Csv => FileFormat::Csv(CSV_PARAMETERS),
    };
    let statement = sql::copy(into, &shape.layout, manifest, &copy.authorization, format, region);
    session.run(&statement).await?;
    let loaded: u64 = session.number(&sql::COPY_COUNT).await?;
    if loaded != commit.rows() {
        let why = format!("COPY loaded {loaded} rows where {} were staged", commit.rows());
        return Err(Error::new(ErrorKind::LoadRefused, why)
            .with("manifest", manifest)
            .hint("nothing was committed; see sys_load_history for what COPY read"));
    }
    Ok(())
}
