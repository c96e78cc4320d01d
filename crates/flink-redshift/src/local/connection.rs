//! How a running stand-in is reached: a small JSON file that programs read.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use arrow_redshift::options::{AwsKeys, Secret, SslMode};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpStream, time::timeout};

use crate::{connect::Connector, plan::Plan};

/// How long a stand-in of this machine may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running stand-in, as its connection file describes it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Connection {
    /// Address of the Redshift side, always of this machine.
    pub host: String,
    /// Port of the Redshift side.
    pub port: u16,
    /// The first user, who may do everything.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The first database.
    pub database: String,
    /// The authority that signed the server's certificate, as a PEM file.
    pub ca_file: PathBuf,
    /// Address of the S3 side.
    pub s3_endpoint: String,
    /// The region of the cluster.
    pub region: String,
    /// A key that S3 accepts everywhere.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

impl Connection {
    /// Reads the connection file of a stand-in that is running.
    pub async fn read(file: &Path) -> Result<Self> {
        let name = file.display();
        let start = format!("start it: flink-redshift local --connection-file {name}");
        let text = fs::read_to_string(file).with_context(|| {
            format!("cannot read the connection file {name} (is the stand-in running? {start})")
        })?;
        let connection: Self = serde_json::from_str(&text)
            .with_context(|| format!("{name} is no connection file of 'flink-redshift local'"))?;
        let port = connection.port;
        ensure!(
            connection.answers().await,
            "the stand-in of {name} is not running: nothing answers at port {port}; {start}"
        );
        Ok(connection)
    }

    /// Whether the file belongs to a stand-in that is running.
    pub async fn is_alive(file: &Path) -> bool {
        Connection::read(file).await.is_ok()
    }

    async fn answers(&self) -> bool {
        let connected = TcpStream::connect((&*self.host, self.port));
        matches!(timeout(PATIENCE, connected).await, Ok(Ok(_)))
    }

    /// Writes a connection file that only its owner can read. Whoever waits for the file finds it
    /// complete: it gets its name last.
    pub fn write(&self, file: &Path) -> Result<()> {
        let unfinished = file.with_extension("unfinished");
        let written = || -> std::io::Result<()> {
            let mut out = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&unfinished)?;
            out.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
            out.write_all(b"\n")?;
            fs::rename(&unfinished, file)
        };
        written().with_context(|| format!("cannot write the connection file {}", file.display()))
    }

    /// Points every table of Redshift at the stand-in, whatever hostname it names; a stand-in that
    /// has just started holds no tables, so missing ones are created. Names the tables for which
    /// the script does not ask for that.
    pub fn redirect(&self, plan: &mut Plan) -> Vec<String> {
        let mut created = Vec::new();
        for insert in &mut plan.inserts {
            let Connector::Redshift(table) = &mut insert.sink else { continue };
            let config = &mut table.config;
            if !std::mem::replace(&mut config.create.if_not_exists, true)
                && !created.contains(&insert.table)
            {
                created.push(insert.table.clone());
            }
            config.connection.hostname.clone_from(&self.host);
            config.connection.port = self.port;
            if matches!(config.connection.ssl_mode, SslMode::VerifyCa | SslMode::VerifyFull) {
                config.connection.ssl_root_cert = Some(self.ca_file.clone());
            }
            let Some(copy) = &mut config.copy else { continue };
            copy.s3.endpoint = Some(self.s3_endpoint.clone());
            copy.s3.path_style = true;
            copy.s3.region.get_or_insert_with(|| self.region.clone());
            copy.s3.credentials.get_or_insert_with(|| AwsKeys {
                access_key_id: self.access_key_id.clone(),
                secret_access_key: Secret::new(&*self.secret_access_key),
                session_token: None,
            });
        }
        created
    }
}
