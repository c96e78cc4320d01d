//! The commit itself, step by step. The order of the steps is the promise.

use std::{
    collections::HashSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{
    committable::{Committable, Shape, Unit},
    course::{Duplicates, Spent, timed},
    flush::{Texts, inserts},
    identity::CommittableId,
    prepare,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{CopyAuthorization, CopyConfig, DuplicateKeys, SinkConfig},
    session::Session,
    sql::{
        self, Applying, CopyInto, FileFormat, InsertRows, LEDGER_VERSION, Layout, Ledger,
        Qualified, Statement,
    },
    stage::{CSV_PARAMETERS, CarriedRows, Part, restaged_letters, restaged_name},
    types::Carrier,
};

/// The session's staging table. One commit runs at a time, and its transaction drops it.
pub(super) const STAGE: &str = "frc_stage";

/// How many units one statement names: with the longest ids and names that is a tenth of what
/// Redshift reads. A commit that gathers more needs a few more statements.
const UNITS_AT_ONCE: usize = 1000;

/// The units to apply, and where their rows are.
#[derive(Debug, Clone)]
pub(super) struct Load<'a> {
    pub units: Vec<&'a Unit>,
    pub rows: Rows,
}

/// Where the rows of a load are.
#[derive(Debug, Clone)]
pub(super) enum Rows {
    /// Nowhere: an overwrite with nothing.
    None,
    /// On S3, in the files that a manifest names.
    Manifest { url: String, region: Option<String> },
    /// In the units themselves.
    Carried,
}

impl Load<'_> {
    /// Whether there are any.
    pub fn has_rows(&self) -> bool {
        !matches!(self.rows, Rows::None)
    }

    /// Whether all of them are known to be upserts.
    pub fn upserts(&self) -> bool {
        self.units.iter().flat_map(|unit| unit.loads()).all(|part| part.upserts)
    }
}

/// Loads the parts into a staging table of the session, outside of any transaction, so that the
/// locks are held only while rows are applied.
pub(super) async fn stage(
    session: &Session,
    config: &SinkConfig,
    commit: &Committable,
    load: &Load<'_>,
    spent: &mut Spent,
) -> Result<()> {
    session.run(&sql::create_stage(STAGE, &commit.shape.layout)).await?;
    timed(&mut spent.copy, load_into(session, config, commit, CopyInto::Stage(STAGE), load)).await
}

/// The tables that a commit locks: the ledger, and the target where rows are applied by key or
/// replaced.
pub(super) fn locked<'a>(
    config: &SinkConfig,
    target: &'a Qualified,
    ledger: &'a Ledger,
    rewrites: bool,
) -> Vec<&'a Qualified> {
    let mut tables = vec![&ledger.table];
    if rewrites && config.lock_target {
        tables.push(target);
    }
    tables
}

/// Locks the ledger, and the target where rows are applied by key or replaced.
///
/// It is the first statement after BEGIN: any other would take the snapshot before the lock, and
/// what another writer commits in between would neither be seen nor deleted.
pub(super) async fn lock(
    session: &Session,
    config: &SinkConfig,
    commit: &Committable,
) -> Result<()> {
    let (target, ledger) = (&commit.shape.target, commit.ledger());
    let rewrites = commit.shape.layout.keyed() || commit.overwrite;
    let tables = locked(config, target, &ledger, rewrites);
    let locked = session.run_within(&sql::lock(&tables), config.lock_timeout).await;
    locked.map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied if tables.contains(&target) => {
            let user = &config.connection.username;
            let grants = sql::grant_on_both(target, &ledger.table, user);
            error.hint(format!("a commit locks both tables and writes to them: {grants}"))
        }
        _ => ledger.explain(error, &config.connection.username),
    })
}

/// What the ledger holds of some units.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    /// Those that are applied.
    pub ids: HashSet<CommittableId>,
    /// Those of them at whose commit rows were set aside that only the ledger names.
    pub names_more: HashSet<CommittableId>,
}

/// The rows that were set aside at the commit of a unit, as the ledger names them.
pub(super) async fn set_aside(
    session: &Session,
    ledger: &Ledger,
    unit: &Unit,
    patience: Duration,
) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let id = unit.id.as_str();
    for row in session.query_within(&ledger.aside(id), patience).await? {
        let [Some(found), Some(rows)] = row.as_slice() else { continue };
        // Another unit's id may begin like this.
        let Some(name) = sql::aside_name(id, found.trim_end()) else { continue };
        let rows = rows.trim().parse().unwrap_or_default();
        parts.push(restaged_letters(&unit.parts, name, rows)?);
    }
    parts.sort_by_cached_key(|part| restaged_name(&part.url));
    Ok(parts)
}

/// Which of a commit's units the ledger holds. Under its lock this is the truth; without it only
/// what is there is.
pub(super) async fn applied(
    session: &Session,
    ledger: &Ledger,
    ids: &[&CommittableId],
    job: &str,
    patience: Duration,
) -> Result<Recorded> {
    let texts: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    let mut rows = Vec::new();
    for texts in texts.chunks(UNITS_AT_ONCE) {
        rows.extend(session.query_within(&ledger.find(texts), patience).await?);
    }
    let mut found = Recorded::default();
    for row in rows {
        let [Some(text), version, recorded] = row.as_slice() else { continue };
        let Some(id) = ids.iter().find(|id| id.as_str() == text.trim_end()) else { continue };
        let version = version.as_deref().and_then(|version| version.parse::<i16>().ok());
        if version.is_none_or(|version| version > LEDGER_VERSION) {
            let why = "the ledger holds this commit in a version that is not known here";
            return Err(Error::new(ErrorKind::LedgerInvalid, why)
                .with("ledger", &ledger.table)
                .hint("upgrade the connector to the version that wrote it, or a later one"));
        }
        let recorded = recorded.as_deref().unwrap_or_default().trim_end();
        if recorded != job.trim_end() {
            let why = "another job has committed under this id, so these rows are not loaded";
            return Err(Error::new(ErrorKind::LedgerInvalid, why)
                .with("ledger", &ledger.table)
                .with("id", id)
                .with("recorded by", recorded)
                .with("this job", job)
                .hint("give every job a 'sink.run-id' of its own"));
        }
        if version == Some(LEDGER_VERSION) {
            found.names_more.insert((*id).clone());
        }
        found.ids.insert((*id).clone());
    }
    Ok(found)
}

/// Refuses units that are not in the ledger only because it may have forgotten them already.
pub(super) fn check_age(commit: &Committable, missing: &[&Unit]) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let Some(old) = missing.iter().find(|unit| now.saturating_sub(unit.staged_at) > commit.keep)
    else {
        return Ok(());
    };
    let days = now.saturating_sub(old.staged_at) / 86_400;
    let why = format!(
        "a restored commit was staged {days} days ago, longer than the ledger keeps its rows: \
         whether it was applied cannot be known any more"
    );
    Err(Error::new(ErrorKind::LedgerInvalid, why)
        .with("ledger", commit.ledger().table)
        .hint("restore a younger savepoint; 'sink.ledger.retention' has to exceed the oldest one"))
}

/// Puts the rows in place and records the commit: everything between the ledger's answer and
/// COMMIT.
pub(super) async fn apply(
    session: &Session,
    config: &SinkConfig,
    commit: &Committable,
    load: &Load<'_>,
    prune: bool,
    spent: &mut Spent,
) -> Result<Duplicates> {
    let Committable { shape, .. } = commit;
    let ledger = commit.ledger();
    if commit.overwrite {
        session.run(&sql::overwrite(&shape.target)).await?;
    }
    let mut duplicates = Duplicates::default();
    if load.has_rows() {
        if !shape.layout.staged() {
            let target = CopyInto::Target(&shape.target);
            timed(&mut spent.copy, load_into(session, config, commit, target, load)).await?;
        } else {
            let applying = applying(config, &shape.layout, load.upserts());
            if !commit.overwrite {
                duplicates = settle_duplicates(session, config, shape, applying).await?;
            }
            for statement in from_stage(&shape.target, &shape.layout, applying) {
                session.run(&statement).await?;
            }
            session.run(&sql::drop_stage(STAGE, &shape.layout, applying)).await?;
        }
    }
    if prune {
        session.run(&ledger.prune()).await?;
    }
    for rows in commit.ledger_rows(&load.units).chunks(UNITS_AT_ONCE) {
        session.run(&ledger.record(rows)).await?;
    }
    Ok(duplicates)
}

/// By which statements changes are applied, of which it is known whether all are upserts.
pub(super) fn applying(config: &SinkConfig, layout: &Layout, upserts: bool) -> Applying {
    match config.use_merge && upserts && layout.merges() {
        true => Applying::Merge,
        false => Applying::Changes,
    }
}

/// From the staging table into the target.
pub(super) fn from_stage(
    target: &Qualified,
    layout: &Layout,
    applying: Applying,
) -> Vec<Statement> {
    match applying {
        _ if !layout.keyed() => vec![sql::insert_staged(target, STAGE, layout)],
        Applying::Changes => sql::apply_changes(target, STAGE, layout),
        Applying::Folded => sql::apply_folded(target, STAGE, layout),
        Applying::Merge => sql::merge(target, STAGE, layout),
    }
}

/// Counts the staged keys that have more than one row in the target, and leaves one row of each
/// where that is asked for and the apply does not do it anyway.
async fn settle_duplicates(
    session: &Session,
    config: &SinkConfig,
    shape: &Shape,
    applying: Applying,
) -> Result<Duplicates> {
    let Shape { target, layout, .. } = shape;
    if !layout.keyed() || config.duplicate_keys == DuplicateKeys::Ignore {
        return Ok(Duplicates::default());
    }
    let keys = session.number(&sql::count_duplicates(target, STAGE, layout)).await?;
    let replaced = layout.complete && applying != Applying::Merge;
    let clean = config.duplicate_keys == DuplicateKeys::Clean;
    if keys > 0 && clean && !replaced {
        let table = prepare::describe(session, target, prepare::AS_STORED).await?;
        let columns = table.iter().flat_map(|table| &table.columns);
        let columns: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
        for statement in sql::clean_duplicates(target, &columns, STAGE, layout) {
            session.run(&statement).await?;
        }
    }
    Ok(Duplicates { keys, cleaned: replaced || clean })
}

/// Loads all rows, and makes sure that they are exactly as many as were staged.
async fn load_into(
    session: &Session,
    config: &SinkConfig,
    commit: &Committable,
    into: CopyInto<'_>,
    load: &Load<'_>,
) -> Result<()> {
    match &load.rows {
        Rows::None => Ok(()),
        Rows::Carried => insert(session, config, commit, into, load).await,
        Rows::Manifest { url, region } => {
            let region = region.as_deref();
            let loaded = copy(session, config, commit, into, url, region).await?;
            let staged: u64 = load.units.iter().map(|unit| unit.rows()).sum();
            exactly("COPY", loaded, staged).map_err(|error| {
                error
                    .with("manifest", url)
                    .hint("nothing was committed; see sys_load_history for what COPY read")
            })
        }
    }
}

fn exactly(what: &str, loaded: u64, staged: u64) -> Result<()> {
    if loaded == staged {
        return Ok(());
    }
    let why = format!("{what} loaded {loaded} rows where {staged} were staged");
    Err(Error::new(ErrorKind::LoadRefused, why))
}

/// Inserts the rows that the units carry, a piece of them at a time.
async fn insert(
    session: &Session,
    config: &SinkConfig,
    commit: &Committable,
    into: CopyInto<'_>,
    load: &Load<'_>,
) -> Result<()> {
    let insert = InsertRows::new(into, &commit.shape.layout);
    let mut texts = Texts::default();
    for part in load.units.iter().flat_map(|unit| &unit.parts) {
        for batch in CarriedRows::open(&part.carried)? {
            let batch = batch?;
            let pieces = inserts(insert, &batch, config.batch_size, &mut texts);
            let inserted = session.pipeline(&pieces, config.lock_timeout).await?;
            exactly("INSERT", inserted, batch.num_rows() as u64)?;
        }
    }
    Ok(())
}

/// COPY, and how many rows it says it has loaded.
pub(super) async fn copy(
    session: &Session,
    config: &SinkConfig,
    commit: &Committable,
    into: CopyInto<'_>,
    manifest: &str,
    region: Option<&str>,
) -> Result<u64> {
    let statement = copy_statement(config, &commit.shape, into, manifest, region)?;
    session.run(&statement).await.map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied if error.advice().is_none() => match &config.copy {
            Some(copy) => error.hint(copy_advice(copy)),
            None => error,
        },
        _ => error,
    })?;
    session.number(&sql::COPY_COUNT).await
}

/// What to do about a COPY that may not read what it is to load.
pub(super) fn copy_advice(copy: &CopyConfig) -> &'static str {
    match &copy.authorization {
        CopyAuthorization::DefaultRole => {
            "give the cluster or workgroup a default role, and the role the policy that \
             `flink-redshift check --print-policy` shows; the bucket has to be in the cluster's own \
             region"
        }
        CopyAuthorization::Role(_) => {
            "attach the role to the cluster or workgroup, have it trust redshift.amazonaws.com, and \
             give it the policy that `flink-redshift check --print-policy` shows; the bucket has to \
             be in the cluster's own region"
        }
        CopyAuthorization::Keys(_) => {
            "let these keys read the temporary path too; the bucket has to be in the cluster's own \
             region"
        }
    }
}

/// The COPY of a manifest whose files have this shape.
pub(super) fn copy_statement(
    config: &SinkConfig,
    shape: &Shape,
    into: CopyInto<'_>,
    manifest: &str,
    region: Option<&str>,
) -> Result<Statement> {
    let copy = prepare::copy_config(config)?;
    let format = match shape.carrier {
        Carrier::Csv => FileFormat::Csv(CSV_PARAMETERS),
        Carrier::Parquet | Carrier::Binds => FileFormat::Parquet,
    };
    Ok(sql::copy(into, &shape.layout, manifest, &copy.authorization, format, region))
}
