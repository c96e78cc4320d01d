//! The database's side: reaching it, and its settings.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Findings, Sink, Told};
use crate::{
    error::{Error, ErrorKind, Result},
    options::SslMode,
    session::Session,
    sink::{budget, prepare},
    sql,
    types::NameCase,
};

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
            let told = match prepare::name_case(session).await? {
                NameCase::Kept => Told::warning(
                    "names keep their case in this user's sessions",
                    "declare tables and columns as they are stored; those that others make in \
                     sessions of the usual setting have names in lower case",
                ),
                NameCase::Folded => Told::passed("names fold to lower case, as usual"),
            };
            Ok(((), told))
        })
        .await;
}

/// Whether as many sessions may be open as the writers need.
pub(super) async fn connections(sink: &Sink, findings: &mut Findings) {
    let config = &sink.config;
    // In the command one task writes; in Flink as many as the job's parallelism says, which the
    // options need not know.
    let writers = config.parallelism.unwrap_or(1);
    let work = async {
        budget::share(config, writers)?;
        let most = config.connection.most;
        let writers = match budget::writers(config) {
            1 => "one writer".to_owned(),
            more => format!("{more} writers"),
        };
        let told = format!("'connection.max' = {most} is enough for {writers} and a committer");
        Ok(((), Told::passed(told)))
    };
    // Nothing depends on it.
    let _ = findings.attempt("connections", work).await;
}
