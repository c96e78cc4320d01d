//! The stand-in of a test, which says at its end whether it saw a statement that nobody reviewed.

use std::{fmt, ops::Deref, time::Duration};

use redshift_local::{
    RedshiftLocal,
    config::{AccessKey, Bucket, Config, Isolation, Latency, Role, StoredPassword, User},
};

use super::{golden, place::Place};

pub const ROLE: &str = "arn:aws:iam::123456789012:role/loader";
pub const BUCKET: &str = "staging";
pub const PASSWORD: &str = "Swordfish-1";
pub const SECRET_KEY: &str = "local-secret-key";

/// How slow a warehouse may be: statements that take their time, commits one at a time, a COPY of a
/// second. All suites have to pass under it; `REDSHIFT_LOCAL_LATENCY=1` asks for that.
pub const SLOW: Latency = Latency {
    statement: Duration::from_millis(20),
    commit: Duration::from_millis(300),
    copy: Duration::from_secs(1),
};

/// A stand-in whose statements are compared with the golden file when it stops.
pub struct StandIn(RedshiftLocal);

impl StandIn {
    /// Stops it; fails on a statement of the connector that the golden file does not hold.
    pub async fn stop(self) -> Result<(), impl fmt::Debug> {
        golden::assert_known(&self.0.statements().all());
        self.0.stop().await
    }
}

impl Deref for StandIn {
    type Target = RedshiftLocal;

    fn deref(&self) -> &RedshiftLocal {
        &self.0
    }
}

/// A stand-in with one bucket, one role and one user.
pub async fn start(isolation: Isolation) -> StandIn {
    start_with(Config { isolation, ..config() }).await
}

pub async fn start_with(config: Config) -> StandIn {
    StandIn(RedshiftLocal::start(config).await.expect("the stand-in starts"))
}

pub fn config() -> Config {
    Config {
        users: vec![user("loader", StoredPassword::Sha256), user("watcher", StoredPassword::Md5)],
        buckets: vec![Bucket {
            name: BUCKET.into(),
            region: "us-east-1".into(),
            requires_encryption: false,
        }],
        keys: vec![AccessKey {
            id: "local".into(),
            secret: SECRET_KEY.into(),
            session_token: None,
            prefixes: Vec::new(),
        }],
        roles: vec![Role {
            arn: ROLE.into(),
            prefixes: vec![format!("s3://{BUCKET}/temp")],
            attached: true,
            default: true,
            may_assume: Vec::new(),
        }],
        latency: if slow() { SLOW } else { Latency::default() },
        ..Config::default()
    }
}

/// Whether every stand-in is to be as slow as [`SLOW`].
pub fn slow() -> bool {
    std::env::var("REDSHIFT_LOCAL_LATENCY").is_ok_and(|value| !matches!(value.as_str(), "" | "0"))
}

fn user(name: &str, stored: StoredPassword) -> User {
    User { name: name.into(), password: PASSWORD.into(), stored, superuser: true }
}

impl Place for RedshiftLocal {
    fn given(&self) -> Vec<(String, String)> {
        let port = self.port().to_string();
        let ca = self.ca_file().display().to_string();
        let endpoint = self.s3().endpoint();
        let temp = format!("s3://{BUCKET}/temp");
        [
            ("hostname", "127.0.0.1"),
            ("port", &port),
            ("database-name", "dev"),
            ("username", "loader"),
            ("password", PASSWORD),
            ("ssl.root-cert", &ca),
            ("sink.write.temp.s3-uri", &temp),
            ("aws.iam-role", ROLE),
            ("aws.region", "us-east-1"),
            ("s3.endpoint", &endpoint),
            ("s3.path-style-access", "true"),
            ("aws.credentials.provider.basic.accesskeyid", "local"),
            ("aws.credentials.provider.basic.secretkey", SECRET_KEY),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
    }

    fn watcher(&self) -> Option<&str> {
        Some("watcher")
    }
}

impl Place for StandIn {
    fn given(&self) -> Vec<(String, String)> {
        self.0.given()
    }

    fn watcher(&self) -> Option<&str> {
        self.0.watcher()
    }
}
