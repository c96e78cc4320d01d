//! The stand-in as a whole: PostgreSQL, the front before it, and S3 beside it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::DropGuard;

use crate::{
    config::{Config, Isolation, Latency, Tls},
    faults::Faults,
    front::{self, Server, SessionInfo, Statements, history},
    kept,
    postgres::{Postgres, bootstrap},
    s3::{S3, S3Config},
    temporary::Temporary,
    tls::Authority,
};

/// PostgreSQL needs memory for every connection that it may get; more are refused with 53300 as
/// well, only earlier than the configured limit.
const BACKENDS: usize = 300;

/// A running stand-in. It stops when it is dropped; [`RedshiftLocal::stop`] also waits for all of
/// it to end.
#[derive(Debug)]
pub struct RedshiftLocal {
    server: Arc<Server>,
    postgres: Postgres,
    s3: S3,
    authority: Authority,
    address: SocketAddr,
    ca_file: PathBuf,
    accept: JoinHandle<()>,
    _stop_when_dropped: DropGuard,
    _temporary: Option<Temporary>,
}

impl RedshiftLocal {
    /// Starts a stand-in on loopback.
    ///
    /// # Errors
    /// Where PostgreSQL's server is not installed (the message names the package), a port is taken,
    /// or the data directory cannot be used.
    pub async fn start(config: Config) -> Result<RedshiftLocal> {
        let (home, temporary) = home(config.data_dir.as_deref())?;
        let config = match &config.data_dir {
            Some(dir) => kept::remember(&dir.clone(), config)?,
            None => config,
        };
        let kept = config.data_dir.as_deref();
        let authority = Authority::open(kept.map(|dir| dir.join("tls")).as_deref())?;
        let ca_file = home.join("ca.pem");
        std::fs::write(&ca_file, authority.ca_pem())
            .with_context(|| format!("cannot write {}", ca_file.display()))?;
        let s3 = S3::start(S3Config {
            port: config.s3_port,
            data_dir: home.join("s3"),
            buckets: config.buckets.clone(),
            keys: config.keys.clone(),
        })
        .await?;
        // A few for the superuser's own connections.
        let backends = config.max_connections.min(BACKENDS) + 16;
        let postgres = Postgres::start(kept, backends).await?;
        let prepared = bootstrap::prepare(&postgres, &config).await?;

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))
            .await
            .with_context(|| format!("could not listen on port {} of loopback", config.port))?;
        let address = listener.local_addr().context("the listener has no address")?;
        let tls = match config.tls {
            Tls::Off => None,
            Tls::Offered | Tls::Required => Some(authority.acceptor()?),
        };
        let history = history::History::start(postgres.socket_dir().to_owned());
        let server = Server::new(config, postgres.socket(), tls, history, prepared, s3.clone());
        let server = Arc::new(server);
        let _stop_when_dropped = server.stop.clone().drop_guard();
        let accept = tokio::spawn(front::accept(Arc::clone(&server), listener));
        Ok(RedshiftLocal {
            server,
            postgres,
            s3,
            authority,
            address,
            ca_file,
            accept,
            _stop_when_dropped,
            _temporary: temporary,
        })
    }

    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The port that clients connect to.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The socket of the PostgreSQL behind it, whose superuser `rdsdb` needs no password: for
    /// measurements that compare with a client of PostgreSQL's own.
    pub fn postgres_socket(&self) -> PathBuf {
        self.postgres.socket()
    }

    /// The S3 side.
    pub fn s3(&self) -> &S3 {
        &self.s3
    }

    /// The certificate of the stand-in's authority, for clients that verify.
    pub fn ca_pem(&self) -> &str {
        self.authority.ca_pem()
    }

    /// The same as a file, which lives as long as the stand-in or its data directory.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Faults by script of the Redshift side; S3 has its own.
    pub fn faults(&self) -> &Faults {
        &self.server.faults
    }

    /// Every statement that clients sent.
    pub fn statements(&self) -> &Statements {
        &self.server.statements
    }

    /// The sessions that are there, those without a client among them.
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.server.sessions.all()
    }

    /// What the stand-in was told when it started.
    pub fn config(&self) -> &Config {
        self.server.config()
    }

    /// Changes how slow it is, at once.
    pub fn set_latency(&self, latency: Latency) {
        self.server.pace.set(latency);
    }

    /// Changes the isolation level that new sessions get, as `ALTER DATABASE` does.
    ///
    /// # Errors
    /// Where PostgreSQL cannot be reached.
    pub async fn set_isolation(&self, isolation: Isolation) -> Result<()> {
        for database in &self.config().databases {
            bootstrap::set_isolation(&self.postgres.admin(database).await?, isolation).await?;
        }
        self.server.set_isolation(isolation);
        Ok(())
    }

    /// Waits until the system views show everything that has happened so far.
    pub async fn history_written(&self) {
        for database in &self.config().databases {
            self.server.history.written(database).await;
        }
    }

    /// Stops it, and waits until every connection, task and process of it has ended.
    ///
    /// # Errors
    /// Where PostgreSQL does not stop.
    pub async fn stop(mut self) -> Result<()> {
        self.server.stop.cancel();
        // It ends by itself; it fails only when it panics, which was told then.
        let _ = (&mut self.accept).await;
        self.server.tasks.close();
        self.server.tasks.wait().await;
        self.server.history.stop().await;
        self.s3.stop().await;
        self.postgres.stop().await
    }
}

fn home(data_dir: Option<&Path>) -> Result<(PathBuf, Option<Temporary>)> {
    match data_dir {
        Some(dir) => {
            std::fs::create_dir_all(dir)
                .with_context(|| format!("cannot make the data directory {}", dir.display()))?;
            Ok((dir.to_owned(), None))
        }
        None => {
            let dir = Temporary::new("redshift-local-s3-")?;
            Ok((dir.path().to_owned(), Some(dir)))
        }
    }
}
