//! The target: whether it is there and fits, and whether the user may do what a load does to it.

use std::time::Duration;

use super::{Findings, Sink, Told, database::open, granting};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{SchemaEvolution, SinkConfig},
    session::Session,
    sink::{Shape, collation, create, evolve::Changes, prepare, transaction},
    sql::{self, Ledger, LedgerRow, Qualified, Statement},
    stage::Policies,
    types::{self, NameCase, TablePlan, TargetTable},
};

/// The id under which the ledger is tried; it is rolled back, so no load ever finds it.
const NOBODY: &str = "check";

/// Tries the target, and what a commit does to it. Gives a session back that can still be used.
pub(super) async fn check(
    sink: &Sink,
    session: Option<Session>,
    findings: &mut Findings,
) -> Option<Session> {
    let names = names(&sink.config);
    let Some(session) = session else {
        for name in names {
            findings.skip(name, "there is no session");
        }
        return None;
    };
    let Ok(found) = findings.attempt("target", look(sink, &session)).await else {
        for name in &names[1..] {
            findings.skip(name, "there is no target that fits");
        }
        return Some(session);
    };
    let tried = Tried { sink, session: &session, found };
    match tried.all(findings, &names[1..]).await {
        // A session that was told to stop waiting for a lock is of no more use. The new one comes
        // in its place, so that no more are open at once than a load's.
        Err(ErrorKind::LockTimeout | ErrorKind::ConnectionLost) => {
            drop(session);
            open(sink).await.ok()
        }
        _ => Some(session),
    }
}

/// What is tried here, in order.
fn names(config: &SinkConfig) -> Vec<&'static str> {
    let mut names = vec!["target", "lock"];
    if config.evolution != SchemaEvolution::None {
        names.push("evolution");
    }
    names.extend(["ledger", "write"]);
    names
}

/// A target and how it is written; nothing of the latter where the first load creates it.
struct Found {
    name: Qualified,
    shape: Option<Shape>,
    changes: Changes,
}

async fn look(sink: &Sink, session: &Session) -> Result<(Found, Told)> {
    let config = &sink.config;
    let (name, case) = prepare::resolve(session, config).await?;
    let Some(target) = prepare::describe(session, &name, case).await? else {
        missing(sink, session, &name, case).await?;
        let found = Found { name, shape: None, changes: Changes::default() };
        let told = "the table is not there; the first load creates it, and the user may";
        return Ok((found, Told::passed(told)));
    };
    let changes = Changes::of(config, &sink.schema, &target);
    changes.check(&target)?;
    let plan = planned(sink, &name, &changes.applied(&target))?;
    collation::check(session, &name, &plan).await?;
    let columns = plan.columns.len();
    let told = match plan.complete {
        true => format!("{name} is there, and all of its {columns} columns are written"),
        false => format!("{name} is there; {columns} of its columns are written"),
    };
    let (layout, carrier) = (prepare::layout(&plan, &sink.schema), prepare::carrier(config)?);
    let shape = Some(Shape { target: name.clone(), layout, carrier });
    Ok((Found { name, shape, changes }, Told::passed(told)))
}

/// How the target will be written, as far as that does not take a session to know.
fn planned(sink: &Sink, name: &Qualified, target: &TargetTable) -> Result<TablePlan> {
    prepare::check_names(target)?;
    let carrier = prepare::carrier(&sink.config)?;
    let plan = types::plan(&sink.schema, target, carrier)?;
    Policies::resolve(&sink.config.values, &plan, &sink.schema)
        .map_err(|error| error.with("table", name))?;
    Ok(plan)
}

/// A target that is still to be created: whether the user may, by doing it in a transaction that is
/// rolled back, and whether it will fit.
async fn missing(sink: &Sink, session: &Session, name: &Qualified, case: NameCase) -> Result<()> {
    if !sink.config.create.if_not_exists {
        let why = "the target table does not exist";
        return Err(Error::new(ErrorKind::SchemaMismatch, why)
            .with("table", name)
            .hint("create it, or set 'sink.create-table' = 'if-not-exists'"));
    }
    create::check_names(&sink.config.create, &sink.schema)?;
    planned(sink, name, &sink.assumed(name, case))?;
    collation::check_new(session, &sink.schema).await?;
    let create = create::creation(&sink.config, &sink.schema, name, case);
    undone(session, &sink.config, &create).await.map_err(|error| {
        granting(create::explained(error, name), || {
            sql::grant_on_schema(&name.schema, user(&sink.config))
        })
    })
}

/// What is tried on a target that is there, or that may be created.
struct Tried<'a> {
    sink: &'a Sink,
    session: &'a Session,
    found: Found,
}

impl Tried<'_> {
    /// All of these, one after the other, until a lock is not to be had.
    async fn all(&self, findings: &mut Findings, names: &[&'static str]) -> Result<(), ErrorKind> {
        let mut ended = Ok(());
        for name in names {
            if matches!(ended, Err(ErrorKind::LockTimeout)) {
                findings.skip(name, "somebody holds the lock");
                continue;
            }
            ended = match *name {
                "lock" => self.lock(findings).await,
                "evolution" => self.evolution(findings).await,
                "ledger" => self.ledger(findings).await,
                _ => self.write(findings).await,
            };
        }
        ended
    }

    /// The lock of a commit, on what is there of its tables; in a session of its own, since one
    /// that waits in vain is of no more use.
    async fn lock(&self, findings: &mut Findings) -> Result<(), ErrorKind> {
        let (config, rewrites) = (&self.sink.config, self.rewrites());
        let ledger = Ledger::beside(&self.found.name);
        let records = prepare::has_ledger(config);
        let locks = records || (rewrites && config.lock_target);
        if !locks {
            findings.skip("lock", "these flushes lock no table themselves");
            return Ok(());
        }
        let described = prepare::describe(self.session, &ledger.table, prepare::AS_STORED).await;
        // What is wrong with it the next check says.
        let there = records && described.is_ok_and(|found| found.is_some());
        let mut tables = transaction::locked(config, &self.found.name, &ledger, rewrites);
        tables.retain(|table| match **table == ledger.table {
            true => there,
            false => self.found.shape.is_some(),
        });
        if tables.is_empty() {
            findings.skip("lock", "no table is there yet that a commit locks");
            return Ok(());
        }
        let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
        let work = async {
            let session = open(self.sink).await?;
            session.run(&sql::BEGIN).await?;
            let locked = session.run_within(&sql::lock(&tables), config.lock_timeout).await;
            locked.map_err(|error| self.lock_advice(error, &tables))?;
            session.run(&sql::ROLLBACK).await?;
            Ok(((), Told::passed(format!("{} locked and released", names.join(", ")))))
        };
        findings.attempt("lock", work).await
    }

    /// What to grant for a lock: whatever the commit needs on the tables that it locks.
    fn lock_advice(&self, error: Error, tables: &[&Qualified]) -> Error {
        granting(error, || {
            let user = user(&self.sink.config);
            let grants = tables.iter().map(|table| match **table == self.found.name {
                true => sql::grant_on_target(table, self.rewrites(), user),
                false => sql::grant_on_ledger(table, user),
            });
            grants.rev().collect::<Vec<_>>().join("; ")
        })
    }

    /// What the target lacks and the first load adds. Redshift widens no column within a
    /// transaction, so where only that is to be done, whether the user may alter the table shows by
    /// a column.
    async fn evolution(&self, findings: &mut Findings) -> Result<(), ErrorKind> {
        let (config, name) = (&self.sink.config, &self.found.name);
        if self.found.shape.is_none() {
            findings.skip("evolution", "the table is not there yet");
            return Ok(());
        }
        let count = self.found.changes.all.len();
        if count == 0 {
            findings.pass("evolution", "the table lacks nothing that is declared");
            return Ok(());
        }
        let mut statements = self.found.changes.additions(name);
        if statements.is_empty() {
            statements.push(create::probe(name));
        }
        let work = async {
            undone(self.session, config, &statements).await.map_err(|error| {
                granting(error, || {
                    let owner = sql::grant_ownership(name, user(config));
                    format!("a table is changed by its owner: {owner}")
                })
            })?;
            let told = format!(
                "{count} changes: the first load makes them, and the user may alter the table"
            );
            Ok(((), Told::passed(told)))
        };
        findings.attempt("evolution", work).await
    }

    /// Reading, writing and pruning the ledger, or creating it.
    async fn ledger(&self, findings: &mut Findings) -> Result<(), ErrorKind> {
        let config = &self.sink.config;
        let turns = !self.found.changes.all.is_empty();
        if !prepare::has_ledger(config) && !turns {
            findings.skip("ledger", "jdbc mode, at least once, needs none");
            return Ok(());
        }
        let ledger = Ledger::beside(&self.found.name);
        let explain = |error: Error| ledger.explain(error, user(config));
        let work = async {
            if prepare::describe(self.session, &ledger.table, prepare::AS_STORED).await?.is_none() {
                undone(self.session, config, &[ledger.create()]).await.map_err(explain)?;
                let told = "it is not there; the first load creates it, and the user may";
                return Ok(((), Told::passed(told)));
            }
            let keep = Duration::from_secs(1);
            let row = LedgerRow {
                id: NOBODY.into(),
                job: NOBODY,
                rows: 0,
                parts: 0,
                keep,
                names_more: false,
            };
            let statements = [ledger.find(&[NOBODY]), ledger.record(&[row]), ledger.prune()];
            undone(self.session, config, &statements).await.map_err(explain)?;
            Ok(((), Told::passed(format!("{} can be read and written", ledger.table))))
        };
        findings.attempt("ledger", work).await
    }

    /// A commit's own statements, with no rows: by a staging table where a load has one.
    async fn write(&self, findings: &mut Findings) -> Result<(), ErrorKind> {
        let Some(shape) = &self.found.shape else {
            findings.skip("write", "the table is not there yet");
            return Ok(());
        };
        let config = &self.sink.config;
        let work = async {
            let mut statements = self.found.changes.additions(&self.found.name);
            if shape.layout.staged() {
                let create = sql::create_stage(transaction::STAGE, &shape.layout);
                let database = &config.connection.database;
                undone(self.session, config, std::slice::from_ref(&create)).await.map_err(
                    |error| granting(error, || sql::grant_temporary(database, user(config))),
                )?;
                statements.push(create);
                statements.extend(transaction::from_stage(
                    &shape.target,
                    &shape.layout,
                    transaction::applying(config, &shape.layout, true),
                ));
            } else {
                statements.push(sql::insert_nothing(&shape.target, &shape.layout));
            }
            if self.sink.overwrite {
                statements.insert(0, sql::overwrite(&shape.target));
            }
            undone(self.session, config, &statements).await.map_err(|error| {
                granting(error, || {
                    sql::grant_on_target(&shape.target, self.rewrites(), user(config))
                })
            })?;
            Ok(((), Told::passed(self.applied())))
        };
        findings.attempt("write", work).await
    }

    /// Whether rows that are there change.
    fn rewrites(&self) -> bool {
        self.keyed() || self.sink.overwrite
    }

    fn keyed(&self) -> bool {
        !self.sink.schema.primary_key.is_empty()
    }

    fn applied(&self) -> &'static str {
        if self.keyed() { "rows can be applied by key" } else { "rows can be inserted" }
    }
}

fn user(config: &SinkConfig) -> &str {
    &config.connection.username
}

/// Runs statements in a transaction that is rolled back, whatever came of them; none of them waits
/// for a lock for longer than a load would.
async fn undone(session: &Session, config: &SinkConfig, statements: &[Statement]) -> Result<()> {
    session.run(&sql::BEGIN).await?;
    for statement in statements {
        match session.run_within(statement, config.lock_timeout).await {
            Ok(()) => {}
            // The session ends with it, and the transaction with the session.
            Err(error) if error.kind() == ErrorKind::LockTimeout => return Err(error),
            Err(error) => {
                session.run(&sql::ROLLBACK).await?;
                return Err(error);
            }
        }
    }
    session.run(&sql::ROLLBACK).await
}
