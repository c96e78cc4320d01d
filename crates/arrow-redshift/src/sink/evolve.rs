//! A target that lacks something declared gets it: columns, and wider text. At the start, in one
//! place, one job at a time; nothing is dropped and nothing narrowed.

use tracing::{info, warn};

use super::{
    create::{self, created_type, new_column, wanted_width},
    prepare::describe,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{SchemaEvolution, SinkConfig},
    session::{Connections, Session},
    sql::{self, Ledger, NewColumn, Qualified, Statement},
    types::{Column, NameCase, RedshiftType, TableSchema, TargetColumn, TargetTable},
};

/// SQLSTATE of a column that is there already.
const DUPLICATE_COLUMN: &str = "42701";

/// One thing that the target lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// A column, with the type that it gets.
    Add(NewColumn, RedshiftType),
    /// Width of a VARCHAR column.
    Widen {
        /// The column as stored.
        column: String,
        /// Its width now, in bytes.
        from: u32,
        /// Its width then.
        to: u32,
    },
}

/// What may be done to a target, and what may not and is told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub all: Vec<Change>,
    /// Columns that stay narrower than declared, and why.
    pub kept: Vec<String>,
    /// Whether a column of the key is missing, which is never added.
    without_key: bool,
}

impl Changes {
    /// What a target lacks of what is declared, as far as the option lets it be changed.
    ///
    /// A column of the key is never added: rows that are there would all have the key NULL. What
    /// is declared NOT NULL is added as NULL all the same, for the rows that are there; the writers
    /// check it for those to come.
    pub fn of(config: &SinkConfig, schema: &TableSchema, target: &TargetTable) -> Changes {
        let mut changes = Changes::default();
        if config.evolution == SchemaEvolution::None {
            return changes;
        }
        for column in &schema.declared {
            // One that differs by letters' case alone is there, and told of by the plan.
            let found = target.column(&column.name).or_else(|| target.likeness(&column.name));
            match found {
                None if schema.primary_key.contains(&column.name) => changes.without_key = true,
                None => changes.add(column, config, schema, target.case),
                Some(found) if config.evolution == SchemaEvolution::AddAndWiden => {
                    changes.widen(column, found, config);
                }
                Some(_) => {}
            }
        }
        changes
    }

    fn add(&mut self, column: &Column, config: &SinkConfig, schema: &TableSchema, case: NameCase) {
        let new = new_column(column, &config.create, schema, case);
        let data_type = created_type(column, &config.create);
        self.all.push(Change::Add(NewColumn { nullable: true, ..new }, data_type));
    }

    fn widen(&mut self, column: &Column, found: &TargetColumn, config: &SinkConfig) {
        let Some(to) = wanted_width(column, &config.create) else { return };
        let stays = match found.data_type {
            RedshiftType::VarChar(from) if from >= to => return,
            RedshiftType::VarChar(from) if found.default.is_none() => {
                self.all.push(Change::Widen { column: found.name.clone(), from, to });
                return;
            }
            RedshiftType::VarChar(_) => "Redshift widens no column that has a default",
            RedshiftType::Char(from) if from < to => "Redshift widens VARCHAR only",
            _ => return,
        };
        self.kept.push(format!("{} stays {}: {stays}", found.name, found.data_type));
    }

    /// The target as it is to be.
    pub fn applied(&self, target: &TargetTable) -> TargetTable {
        let mut target = target.clone();
        for change in &self.all {
            match change {
                Change::Add(new, data_type) => target.columns.push(TargetColumn {
                    name: new.name.clone(),
                    data_type: data_type.clone(),
                    nullable: true,
                    default: None,
                }),
                Change::Widen { column, to, .. } => {
                    let found = target.columns.iter_mut().find(|found| found.name == *column);
                    if let Some(found) = found {
                        found.data_type = RedshiftType::VarChar(*to);
                    }
                }
            }
        }
        target
    }

    /// The statements that add columns.
    pub fn additions(&self, name: &Qualified) -> Vec<Statement> {
        let added = self.all.iter().filter(|change| matches!(change, Change::Add(..)));
        added.map(|change| change.statement(name)).collect()
    }

    /// Adds to a mismatch why it was not mended.
    pub fn explain(&self, error: Error) -> Error {
        match self.without_key {
            true => error.hint(
                "'sink.schema-evolution' adds other columns, but a column of the key is never \
                 added: the rows that are there would all have NULL for it",
            ),
            false => error,
        }
    }

    /// Refuses what would make the table too wide for Redshift.
    pub fn check(&self, target: &TargetTable) -> Result<()> {
        let added = self.all.iter().filter(|change| matches!(change, Change::Add(..))).count();
        create::check_count(target.columns.len(), added, "with what is declared the target")
    }

    /// Tells what is to be done, and what is not.
    pub fn announce(&self, name: &Qualified) {
        for kept in &self.kept {
            warn!(table = %name, "{kept}; longer values are refused one by one");
        }
        for change in &self.all {
            let statement = change.statement(name);
            info!(table = %name, %statement, "the target lacks what is declared, changing it");
        }
    }
}

impl Change {
    fn statement(&self, name: &Qualified) -> Statement {
        match self {
            Change::Add(new, _) => sql::add_column(name, new),
            Change::Widen { column, to, .. } => sql::resize_column(name, column, *to),
        }
    }

    fn comment(&self, name: &Qualified) -> Option<Statement> {
        match self {
            Change::Add(new, _) => {
                Some(sql::comment_on_column(name, &new.name, new.comment.as_ref()?))
            }
            Change::Widen { .. } => None,
        }
    }
}

/// Changes the target and describes it again.
///
/// Jobs take turns by the ledger's lock. Redshift widens no column within a transaction, so one
/// session holds the lock while another looks at the target again and changes it: a job that looked
/// before another one widened would narrow the column again otherwise, which Redshift allows as
/// long as the data fits.
///
/// Each change is one statement and complete by itself, so whatever ends this half-way, the next
/// start finds what is still lacking.
pub(super) async fn evolve(
    connections: &Connections,
    config: &SinkConfig,
    schema: &TableSchema,
    (name, case): (&Qualified, NameCase),
    application: &str,
) -> Result<TargetTable> {
    let (turn, session) = connections.open_two(application).await?;
    turn.run(&sql::BEGIN).await?;
    let ledger = Ledger::beside(name);
    let locked = turn.run_within(&sql::lock(&[&ledger.table]), config.lock_timeout).await;
    locked.map_err(|error| ledger.explain(error, &config.connection.username))?;
    let target = found(&session, name, case).await?;
    let changes = Changes::of(config, schema, &target);
    changes.check(&target)?;
    for change in &changes.all {
        apply(&session, config, name, change).await?;
    }
    // A turn that was lost on the way is no reason to fail: what is done is done, and whether it
    // is what was wanted shows in what is there.
    let ended = turn.run(&sql::ROLLBACK).await;
    if let Err(error) = ended {
        warn!(table = %name, %error, "the turn for changing the target was lost while it was changed");
    }
    found(&session, name, case).await
}

async fn found(session: &Session, name: &Qualified, case: NameCase) -> Result<TargetTable> {
    describe(session, name, case).await?.ok_or_else(|| {
        Error::new(ErrorKind::SchemaMismatch, "the target went away while the sink started")
            .with("table", name)
    })
}

async fn apply(
    session: &Session,
    config: &SinkConfig,
    name: &Qualified,
    change: &Change,
) -> Result<()> {
    let statement = change.statement(name);
    let done = session.run_within(&statement, config.lock_timeout).await;
    match (done, change) {
        (Ok(()), _) => {}
        // Encodings and constraints that forbid it are not asked for beforehand: what the server
        // says of this very column is surer.
        (Err(error), Change::Widen { column, from, .. }) if is_refusal(&error) => {
            warn!(
                table = %name, column, %error,
                "the column stays VARCHAR({from}); longer values are refused one by one"
            );
        }
        // A session that was lost in an earlier start was still at it.
        (Err(error), Change::Add(..)) if error.code() == Some(DUPLICATE_COLUMN) => {}
        (Err(error), _) => return Err(explained(error, config, name, &statement)),
    }
    if let Some(comment) = change.comment(name) {
        session.run(&comment).await?;
    }
    Ok(())
}

/// Whether the server will not widen this column, now or later.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::ServerError)
}

fn explained(error: Error, config: &SinkConfig, name: &Qualified, statement: &Statement) -> Error {
    let user = &config.connection.username;
    let advice = match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "a table is changed by its owner: run as such {statement}; or {}",
            sql::grant_ownership(name, user)
        ),
        ErrorKind::LockTimeout => format!(
            "{statement} waits for whoever reads or writes the table; see svv_transactions, or \
             raise 'sink.lock-timeout'"
        ),
        _ => return error.with("table", name),
    };
    error.with("table", name).hint(advice)
}
