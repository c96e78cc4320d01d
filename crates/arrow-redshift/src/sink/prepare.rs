//! Before the first row: the target is read and compared (or created), and the ledger is there.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    Shape, collation,
    context::Context,
    create,
    evolve::{Changes, evolve},
    identity::Identity,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{ConnectionConfig, CopyConfig, DeliveryGuarantee, SinkConfig, WriteMode},
    session::{Connections, Row, Session},
    sql::{self, LEDGER_COLUMNS, Ledger, LoadColumn, Qualified},
    stage::{Policies, Staging},
    types::{
        self, Carrier, NameCase, RedshiftType, TablePlan, TableSchema, TargetColumn, TargetTable,
    },
};

/// Everything that the writers and the committer of a sink share.
pub(super) async fn prepare(
    config: Arc<SinkConfig>,
    connections: Arc<Connections>,
    schema: &Arc<TableSchema>,
    identity: &Identity,
    attempt: Uuid,
    parallelism: u32,
) -> Result<Context> {
    let carrier = carrier(&config)?;
    let session = connections.open(&identity.job).await?;
    let (name, case) = resolve(&session, &config).await?;
    let found = target(&session, &config, schema, &name, case).await?;
    // As it is to be: what will not fit is told before anything is changed.
    let changes = Changes::of(&config, schema, &found);
    changes.check(&found)?;
    let mut target = changes.applied(&found);
    check_names(&target)?;
    let mut plan = types::plan(schema, &target, carrier).map_err(|e| changes.explain(e))?;
    let policies_of = |plan: &TablePlan| {
        let resolved = Policies::resolve(&config.values, plan, schema);
        resolved.map_err(|error| error.with("table", &name))
    };
    let mut policies = policies_of(&plan)?;
    collation::check(&session, &name, &plan).await?;
    if has_ledger(&config) || !changes.all.is_empty() {
        ensure_ledger(&session, &config, &name).await?;
    }
    changes.announce(&name);
    if !changes.all.is_empty() {
        // It opens two sessions at once, and who has one in use must not wait for another.
        drop(session);
        let application = &identity.job;
        target = evolve(&connections, &config, schema, (&name, case), application).await?;
        plan = types::plan(schema, &target, carrier)?;
        policies = policies_of(&plan)?;
    }
    let staging = match config.mode {
        WriteMode::Copy => Some(staging(&config, identity, &name, attempt).await?),
        WriteMode::Jdbc => None,
    };
    let shape = Shape { target: name, layout: layout(&plan, schema), carrier };
    let (identity, plan, schema) = (identity.clone(), Arc::new(plan), Arc::clone(schema));
    Ok(Context {
        config,
        identity,
        shape,
        schema,
        plan,
        policies,
        staging,
        attempt,
        parallelism,
        connections,
    })
}

/// What carries a sink's rows to the server.
pub(super) fn carrier(config: &SinkConfig) -> Result<Carrier> {
    match config.mode {
        WriteMode::Copy => Ok(copy_config(config)?.format.into()),
        WriteMode::Jdbc => Ok(Carrier::Binds),
    }
}

/// Whether commits are recorded: not where each flush is one and none is ever asked for.
pub(super) fn has_ledger(config: &SinkConfig) -> bool {
    config.mode == WriteMode::Copy || config.guarantee == DeliveryGuarantee::ExactlyOnce
}

/// The staging area of one attempt of a sink into a target.
pub(super) async fn staging(
    config: &SinkConfig,
    identity: &Identity,
    target: &Qualified,
    attempt: Uuid,
) -> Result<Staging> {
    let ConnectionConfig { hostname, database, .. } = &config.connection;
    let directory = identity.directory(hostname, database, target);
    Staging::open(copy_config(config)?, &directory, &attempt.to_string()).await
}

pub(super) fn copy_config(config: &SinkConfig) -> Result<&CopyConfig> {
    config.copy.as_ref().ok_or_else(|| {
        let why = "a commit has its rows on S3, and this sink is in jdbc mode";
        Error::new(ErrorKind::InvalidOptions, why)
            .hint("restore it once with 'sink.write.mode' = 'copy', and change the mode after that")
    })
}

/// The target's full name as the server stores it, and what it does with the case of names.
pub(super) async fn resolve(
    session: &Session,
    config: &SinkConfig,
) -> Result<(Qualified, NameCase)> {
    let case = name_case(session).await?;
    let schema = match &config.table.schema {
        Some(schema) => case.stored(schema),
        None => session.text(&sql::current_schema()).await?.ok_or_else(|| {
            Error::new(ErrorKind::InvalidOptions, "the session has no current schema")
                .hint("name the schema: 'table-name' = 'schema.table'")
        })?,
    };
    Ok((Qualified { schema, table: case.stored(&config.table.table) }, case))
}

/// What the user's sessions do with the case of names.
pub(super) async fn name_case(session: &Session) -> Result<NameCase> {
    let sensitive = session.text(&sql::case_sensitive_identifiers()).await?;
    Ok(match sensitive.as_deref() {
        Some("on" | "true") => NameCase::Kept,
        _ => NameCase::Folded,
    })
}

/// The target as the catalog describes it, created first where that is asked for.
async fn target(
    session: &Session,
    config: &SinkConfig,
    schema: &TableSchema,
    name: &Qualified,
    case: NameCase,
) -> Result<TargetTable> {
    if let Some(found) = describe(session, name, case).await? {
        return Ok(found);
    }
    if !config.create.if_not_exists {
        return Err(Error::new(ErrorKind::SchemaMismatch, "the target table does not exist")
            .with("table", name)
            .hint("create it, or set 'sink.create-table' = 'if-not-exists'"));
    }
    create::target(session, config, schema, name, case).await
}

/// A table as the catalog describes it; `None` where there is none.
pub(super) async fn describe(
    session: &Session,
    name: &Qualified,
    case: NameCase,
) -> Result<Option<TargetTable>> {
    let rows = session.query(&sql::describe_table(name)).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let columns = rows.iter().map(column).collect::<Result<_>>()?;
    let Qualified { schema, table } = name.clone();
    Ok(Some(TargetTable { schema, table, columns, case }))
}

fn column(row: &Row) -> Result<TargetColumn> {
    let [name, nullable, default, data_type, length, precision, scale] = row.as_slice() else {
        return Err(Error::new(ErrorKind::Internal, "the catalog answered with other columns"));
    };
    let number = |cell: &Option<String>| cell.as_deref().and_then(|text| text.trim().parse().ok());
    Ok(TargetColumn {
        name: name.clone().unwrap_or_default(),
        data_type: RedshiftType::from_catalog(
            data_type.as_deref().unwrap_or_default(),
            number(length),
            number(precision),
            number(scale),
        ),
        nullable: nullable.as_deref().is_none_or(|text| !text.trim().eq_ignore_ascii_case("no")),
        default: default.clone().filter(|text| !text.trim().is_empty()),
    })
}

/// Names that a commit's own statements use.
pub(super) fn check_names(target: &TargetTable) -> Result<()> {
    let names = target.columns.iter().map(|column| &column.name).chain([&target.table]);
    match names.into_iter().find(|name| types::fold(name).starts_with("frc_")) {
        None => Ok(()),
        Some(name) => {
            let why = "names that begin with 'frc_' are those of staged changes";
            Err(Error::new(ErrorKind::SchemaMismatch, why)
                .with("table", &target.table)
                .with("name", name)
                .hint("rename it"))
        }
    }
}

/// For whoever goes by columns' names as they are stored, not as they are declared.
pub(super) const AS_STORED: NameCase = NameCase::Folded;

/// The ledger beside the target, created where it is missing and checked for being ours.
async fn ensure_ledger(session: &Session, config: &SinkConfig, target: &Qualified) -> Result<()> {
    let ledger = Ledger::beside(target);
    let found = match describe(session, &ledger.table, AS_STORED).await? {
        Some(found) => found,
        None => create::table(session, &[ledger.create()], &ledger.table, AS_STORED)
            .await
            .map_err(|error| {
                let advice = ledger.grant(&config.connection.username);
                if error.kind() == ErrorKind::PermissionDenied { error.hint(advice) } else { error }
            })?,
    };
    let names: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
    let ours: Vec<&str> = LEDGER_COLUMNS.iter().map(|(name, _)| *name).collect();
    if names != ours {
        return Err(Error::new(
            ErrorKind::LedgerInvalid,
            "the ledger's table has other columns than a ledger of this version",
        )
        .with("table", &ledger.table)
        .with("found", names.join(", "))
        .with("expected", ours.join(", "))
        .hint("rename that table if it is not the connector's, or upgrade the connector"));
    }
    Ok(())
}

pub(super) fn layout(plan: &TablePlan, schema: &TableSchema) -> sql::Layout {
    let columns = plan.columns.iter().map(|column| LoadColumn {
        name: column.target.clone(),
        stage_type: column.staging_type.to_string(),
        conversion: match column.expression {
            types::LoadExpression::Plain => sql::Conversion::None,
            types::LoadExpression::AtTimeZoneUtc => sql::Conversion::Utc,
            types::LoadExpression::CastToTime => sql::Conversion::Time,
            types::LoadExpression::JsonParse => sql::Conversion::Json,
            types::LoadExpression::FromHex => sql::Conversion::Hex,
        },
        key: column.key,
        text: matches!(column.target_type, RedshiftType::Char(_) | RedshiftType::VarChar(_)),
    });
    debug_assert_eq!(plan.columns.len(), schema.columns.len());
    sql::Layout { columns: columns.collect(), direct: plan.direct, complete: plan.complete }
}
