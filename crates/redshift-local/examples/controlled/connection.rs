//! What the stand-in has, and how it is reached.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use redshift_local::{
    RedshiftLocal,
    config::{AccessKey, Bucket, Config, Isolation, Role, StoredPassword, User},
};
use serde::Serialize;

use crate::arguments::Arguments;

/// The user whom connections are for; faults meet this user's sessions unless they say otherwise.
pub const LOADER: &str = "loader";

/// The user who runs the commands' SQL.
pub const WATCHER: &str = "watcher";

/// Passwords and keys reach nothing but this stand-in, which only this machine reaches.
const PASSWORD: &str = "Local-Passw0rd";
const ACCESS_KEY: (&str, &str) = ("redshift-local", "redshift-local-secret");
const ROLE: &str = "arn:aws:iam::000000000000:role/redshift-local";

/// The stand-in's configuration.
pub fn config(arguments: &Arguments) -> Config {
    let bucket = |name: &String| Bucket {
        name: name.clone(),
        region: arguments.region.clone(),
        requires_encryption: false,
    };
    Config {
        users: vec![user(LOADER, StoredPassword::Sha256), user(WATCHER, StoredPassword::Md5)],
        isolation: match arguments.serializable {
            true => Isolation::Serializable,
            false => Isolation::Snapshot,
        },
        region: arguments.region.clone(),
        buckets: arguments.buckets.iter().map(bucket).collect(),
        keys: vec![AccessKey {
            id: ACCESS_KEY.0.into(),
            secret: ACCESS_KEY.1.into(),
            session_token: None,
            prefixes: Vec::new(),
        }],
        roles: vec![Role {
            arn: ROLE.into(),
            prefixes: arguments.buckets.iter().map(|name| format!("s3://{name}")).collect(),
            attached: true,
            default: true,
            may_assume: Vec::new(),
        }],
        ..Config::default()
    }
}

fn user(name: &str, stored: StoredPassword) -> User {
    User { name: name.into(), password: PASSWORD.into(), stored, superuser: true }
}

/// The password of both users.
pub fn password() -> &'static str {
    PASSWORD
}

/// A running stand-in. The fields are those of the file that `flink-redshift local` writes, and
/// the bucket and the role that are there.
#[derive(Serialize)]
pub struct Connection {
    host: &'static str,
    port: u16,
    user: &'static str,
    password: &'static str,
    database: String,
    ca_file: PathBuf,
    s3_endpoint: String,
    region: String,
    access_key_id: &'static str,
    secret_access_key: &'static str,
    bucket: String,
    role: &'static str,
    postgres_socket: PathBuf,
}

impl Connection {
    /// How a stand-in that has started is reached.
    pub fn of(local: &RedshiftLocal) -> Connection {
        let config = local.config();
        Connection {
            host: "127.0.0.1",
            port: local.port(),
            user: LOADER,
            password: PASSWORD,
            database: config.databases.first().cloned().unwrap_or_default(),
            ca_file: local.ca_file().to_owned(),
            s3_endpoint: local.s3().endpoint(),
            region: config.region.clone(),
            access_key_id: ACCESS_KEY.0,
            secret_access_key: ACCESS_KEY.1,
            bucket: config.buckets.first().map(|bucket| bucket.name.clone()).unwrap_or_default(),
            role: ROLE,
            postgres_socket: local.postgres_socket(),
        }
    }

    /// Writes it into a file that only its owner can read. Whoever waits for the file finds it
    /// complete: it gets its name last.
    pub fn write(&self, file: &Path) -> Result<()> {
        let unfinished = file.with_extension("unfinished");
        let written = || -> Result<()> {
            let mut out = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&unfinished)?;
            out.write_all(&serde_json::to_vec_pretty(self)?)?;
            out.write_all(b"\n")?;
            Ok(fs::rename(&unfinished, file)?)
        };
        written().with_context(|| format!("cannot write {}", file.display()))
    }
}
