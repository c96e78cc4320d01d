//! The database's side: reaching it, its settings, the target and what the user may do to it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Findings, Sink, Told, granting};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{SinkConfig, SslMode},
    session::Session,
    sink::{Shape, collation, create, evolve::Changes, prepare, transaction},
    sql::{self, Ledger, LedgerRow, Qualified, Statement},
    types,
};

/// The id under which the ledger is tried; it is rolled back, so no load ever finds it.
const NOBODY: &str = "check";

/// A session like those of a load.
pub(super) async fn open(sink: &Sink) -> Result<Session> {
    Session::open(Arc::new(sink.config.connection.clone()), &sink.identity.job).await
}

/// Connection, TLS and login, which one attempt tells apart by where it ends.
pub(super) async fn connect(sink: &Sink, findings: &mut Findings) -> Option<Session> {
    let config = &sink.config.connection;
    let started = Instant::now();
    let opened = open(sink).await;
    let took = started.elapsed();
    let reached = format!("{}:{} answers", config.hostname, config.port);
    let error = match opened {
        Ok(session) => {
            findings.add("connection", Told::passed(reached), took);
            findings.add("tls", encryption(config.ssl_mode), Duration::ZERO);
            let who = format!("{} is logged in to {}", config.username, config.database);
            findings.pass("login", who);
            return Some(session);
        }
        Err(error) => error,
    };
    let no_session = "there is no connection";
    match stage_of(&error) {
        Stage::Connection => {
            findings.fail("connection", &error, took);
            findings.skip("tls", no_session);
            findings.skip("login", no_session);
        }
        Stage::Tls => {
            findings.pass("connection", reached);
            findings.fail("tls", &error, took);
            findings.skip("login", "without TLS no password is sent");
        }
        Stage::Login => {
            findings.pass("connection", reached);
            findings.add("tls", encryption(config.ssl_mode), Duration::ZERO);
            findings.fail("login", &error, took);
        }
    }
    for name in ["isolation", "identifiers"] {
        findings.skip(name, "there is no session");
    }
    None
}

enum Stage {
    Connection,
    Tls,
    Login,
}

/// How far an attempt to connect came.
fn stage_of(error: &Error) -> Stage {
    match error.kind() {
        ErrorKind::TlsFailed => Stage::Tls,
        // The certificates to trust could not be read: nothing of it came from the server.
        ErrorKind::InvalidOptions if error.code().is_none() => Stage::Tls,
        ErrorKind::ConnectionLost if error.code().is_none() => Stage::Connection,
        _ => Stage::Login,
    }
}

fn encryption(mode: SslMode) -> Told {
    let advice = "'ssl.mode' = 'verify-full' is the default and the safe one";
    match mode {
        SslMode::Disable => Told::warning("the connection is not encrypted", advice),
        SslMode::Require => {
            Told::warning("the connection is encrypted, the certificate not checked", advice)
        }
        SslMode::VerifyCa => Told::passed("the certificate's chain is checked, its name not"),
        SslMode::VerifyFull => Told::passed("the certificate and its name are checked"),
    }
}

/// What the database and the session are set to. Loads work with either.
pub(super) async fn settings(session: &Session, findings: &mut Findings) {
    // Nothing depends on either of them.
    let _ = findings
        .attempt("isolation", async {
            let level = session.text(&sql::isolation_level()).await?.unwrap_or_default();
            let told = if level.contains("concurrency_model=2") {
                "SERIALIZABLE: a commit that meets another writer's is tried again"
            } else if level.contains("concurrency_model=1") {
                "SNAPSHOT"
            } else {
                "the database says nothing of it; loads work with either level"
            };
            Ok(((), Told::passed(told)))
        })
        .await;
    let _ = findings
        .attempt("identifiers", async {
            let sensitive = session.text(&sql::case_sensitive_identifiers()).await?;
            Ok((
                (),
                match sensitive.as_deref() {
                    Some("on" | "true") => Told::warning(
                        "names keep their case in this user's sessions",
                        "declare tables as they are stored; tables that others make in sessions of \
                     the usual setting have names in lower case",
                    ),
                    _ => Told::passed("names fold to lower case, as usual"),
                },
            ))
        })
        .await;
}

/// The target: whether it is there and fits, and whether the user may do what a commit does. Gives
/// a session back that can still be used.
pub(super) async fn target(
    sink: &Sink,
    session: Option<Session>,
    findings: &mut Findings,
) -> Option<Session> {
    const NAMES: [&str; 4] = ["target", "lock", "ledger", "write"];
    let Some(session) = session else {
        for name in NAMES {
            findings.skip(name, "there is no session");
        }
        return None;
    };
    let Ok(found) = findings.attempt("target", look(sink, &session)).await else {
        for name in &NAMES[1..] {
            findings.skip(name, "there is no target that fits");
        }
        return Some(session);
    };
    let tried = Tried { sink, session: &session, found };
    if tried.lock(findings).await == Err(ErrorKind::LockTimeout) {
        for name in ["ledger", "write"] {
            findings.skip(name, "somebody holds the lock");
        }
        return Some(session);
    }
    let mut waited = match prepare::has_ledger(&sink.config) {
        true => findings.attempt("ledger", tried.ledger()).await,
        false => {
            findings.skip("ledger", "jdbc mode, at least once, needs none");
            Ok(())
        }
    };
    if waited == Err(ErrorKind::LockTimeout) {
        findings.skip("write", "somebody holds the lock");
    } else {
        waited = tried.write(findings).await;
    }
    match waited {
        // A session that was told to stop waiting for a lock is of no more use.
        Err(ErrorKind::LockTimeout | ErrorKind::ConnectionLost) => open(sink).await.ok(),
        _ => Some(session),
    }
}

/// A target and the plan for it; no plan where it is created by the first load.
struct Found {
    name: Qualified,
    shape: Option<Shape>,
}

async fn look(sink: &Sink, session: &Session) -> Result<(Found, Told)> {
    let config = &sink.config;
    let name = prepare::resolve(session, config).await?;
    let Some(target) = prepare::describe(session, &name).await? else {
        return Ok((
            missing(sink, session, name).await?,
            Told::passed("the table is not there; the first load creates it, and the user may"),
        ));
    };
    let changes = Changes::of(config, &sink.schema, &target);
    changes.check(&target)?;
    let target = changes.applied(&target);
    prepare::check_names(&target)?;
    let carrier = prepare::carrier(config)?;
    let plan = types::plan(&sink.schema, &target, carrier)?;
    prepare::check_carried(&plan, carrier)?;
    collation::check(session, &name, &plan).await?;
    let columns = plan.columns.len();
    let told = match plan.complete {
        true => format!("{name} is there, and all of its {columns} columns are written"),
        false => format!("{name} is there; {columns} of its columns are written"),
    };
    if !changes.all.is_empty() {
        let told = "the table is there, and the first load changes it, as 'sink.schema-evolution' \
                    says";
        return Ok((Found { name, shape: None }, Told::passed(told)));
    }
    let shape =
        Shape { target: name.clone(), layout: prepare::layout(&plan, &sink.schema), carrier };
    Ok((Found { name, shape: Some(shape) }, Told::passed(told)))
}

/// A target that is still to be created: whether the user may, by doing it in a transaction that is
/// rolled back.
async fn missing(sink: &Sink, session: &Session, name: Qualified) -> Result<Found> {
    if !sink.config.create.if_not_exists {
        let why = "the target table does not exist";
        return Err(Error::new(ErrorKind::SchemaMismatch, why)
            .with("table", &name)
            .hint("create it, or set 'sink.create-table' = 'if-not-exists'"));
    }
    collation::check_new(session, &sink.schema).await?;
    let create = create::creation(&sink.config, &sink.schema, &name);
    undone(session, &sink.config, &create).await.map_err(|error| {
        granting(error, || sql::grant_on_schema(&name.schema, user(&sink.config)))
    })?;
    Ok(Found { name, shape: None })
}

/// What is tried on a target that is there, or that may be created.
struct Tried<'a> {
    sink: &'a Sink,
    session: &'a Session,
    found: Found,
}

impl Tried<'_> {
    /// The lock of a commit, on what is there of its tables; in a session of its own, since one
    /// that waits in vain is of no more use.
    async fn lock(&self, findings: &mut Findings) -> Result<(), ErrorKind> {
        let (config, keyed) = (&self.sink.config, self.keyed());
        let ledger = Ledger::beside(&self.found.name);
        let described = prepare::describe(self.session, &ledger.table).await;
        // What is wrong with it the next check says.
        let there = described.is_ok_and(|found| found.is_some());
        let mut tables = transaction::locked(config, &self.found.name, &ledger, keyed);
        tables.retain(|table| match **table == ledger.table {
            true => there && prepare::has_ledger(config),
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
            locked.map_err(|error| self.lock_advice(error, keyed))?;
            session.run(&sql::ROLLBACK).await?;
            Ok(((), Told::passed(format!("{} locked and released", names.join(", ")))))
        };
        findings.attempt("lock", work).await
    }

    fn lock_advice(&self, error: Error, keyed: bool) -> Error {
        let ledger = Ledger::beside(&self.found.name);
        granting(error, || {
            let user = user(&self.sink.config);
            let mut grant = sql::grant_on_ledger(&ledger.table, user);
            if keyed {
                grant = format!("{}; {grant}", sql::grant_on_target(&self.found.name, true, user));
            }
            grant
        })
    }

    /// Reading, writing and pruning the ledger, or creating it.
    async fn ledger(&self) -> Result<((), Told)> {
        let config = &self.sink.config;
        let ledger = Ledger::beside(&self.found.name);
        let explain = |error: Error| ledger.explain(error, user(config));
        if prepare::describe(self.session, &ledger.table).await?.is_none() {
            undone(self.session, config, &[ledger.create()]).await.map_err(explain)?;
            let told = "it is not there; the first load creates it, and the user may";
            return Ok(((), Told::passed(told)));
        }
        let keep = Duration::from_secs(1);
        let row = LedgerRow { id: NOBODY, job: NOBODY, rows: 0, parts: 0, keep };
        let statements = [ledger.find(&[NOBODY]), ledger.record(&[row]), ledger.prune()];
        undone(self.session, config, &statements).await.map_err(explain)?;
        Ok(((), Told::passed(format!("{} can be read and written", ledger.table))))
    }

    /// A commit's own statements, with a staging table that has no rows.
    async fn write(&self, findings: &mut Findings) -> Result<(), ErrorKind> {
        let Some(shape) = &self.found.shape else {
            findings.skip("write", "the table is not there yet");
            return Ok(());
        };
        let (config, keyed) = (&self.sink.config, self.keyed());
        let work = async {
            let create = sql::create_stage(transaction::STAGE, &shape.layout);
            undone(self.session, config, std::slice::from_ref(&create)).await.map_err(|error| {
                granting(error, || sql::grant_temporary(&config.connection.database, user(config)))
            })?;
            let mut statements = vec![create];
            let applying = transaction::applying(config, &shape.layout, true);
            statements.extend(transaction::from_stage(&shape.target, &shape.layout, applying));
            undone(self.session, config, &statements).await.map_err(|error| {
                granting(error, || sql::grant_on_target(&shape.target, keyed, user(config)))
            })?;
            let what = if keyed { "rows can be applied by key" } else { "rows can be inserted" };
            Ok(((), Told::passed(what)))
        };
        findings.attempt("write", work).await
    }

    fn keyed(&self) -> bool {
        !self.sink.schema.primary_key.is_empty()
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
