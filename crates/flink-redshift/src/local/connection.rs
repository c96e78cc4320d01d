//! How a running stand-in is reached: a small JSON file that programs read.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use arrow_redshift::options::{AwsKeys, Secret, SslMode};
use serde::{Deserialize, Serialize};

use crate::{connect::Connector, plan::Plan};

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
    /// Reads a connection file.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| {
            format!("cannot read the connection file {} (is the stand-in running?)", file.display())
        })?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is no connection file", file.display()))
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
    /// has just started holds no tables, so missing ones are created.
    pub fn redirect(&self, plan: &mut Plan) {
        for insert in &mut plan.inserts {
            let Connector::Redshift(table) = &mut insert.sink else { continue };
            let config = &mut table.config;
            config.create.if_not_exists = true;
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
    }
}
