//! What a stand-in is told when it starts.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// Everything that a stand-in is told when it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port of the Redshift side on loopback; 0 picks a free one.
    pub port: u16,
    /// Port of the S3 side on loopback; 0 picks a free one.
    pub s3_port: u16,
    /// Where databases and objects live; `None` is a temporary directory that goes with the server.
    pub data_dir: Option<PathBuf>,
    /// Database users.
    pub users: Vec<User>,
    /// Databases that exist from the start; the first is the default one.
    pub databases: Vec<String>,
    /// The isolation level of the databases.
    pub isolation: Isolation,
    /// Whether it answers as a provisioned cluster or as Serverless.
    pub edition: Edition,
    /// Whether TLS is offered and required.
    pub tls: Tls,
    /// AWS region of the cluster.
    pub region: String,
    /// Buckets that exist from the start.
    pub buckets: Vec<Bucket>,
    /// Keys that S3 accepts.
    pub keys: Vec<AccessKey>,
    /// Roles that COPY may name.
    pub roles: Vec<Role>,
    /// How slow it is.
    pub latency: Latency,
    /// Connections that it accepts at once, as Redshift limits them.
    pub max_connections: usize,
    /// Whether `GROUP BY` and `PARTITION BY` tell VARCHAR values apart that differ by trailing
    /// blanks alone, while comparisons ignore the blanks. Redshift's documentation speaks of
    /// comparisons only, so what is tested should get along with both.
    pub trailing_blanks_group: bool,
    /// What text columns of the databases compare like that say nothing else.
    pub collation: Collation,
    /// Whether `enable_case_sensitive_identifier` is on in every session, as a cluster's parameter
    /// group can have it.
    pub case_sensitive_identifiers: bool,
    /// The time zone that a session begins with when its client names none, as a user's own setting
    /// can say (`ALTER USER … SET timezone`).
    pub time_zone: String,
}

/// What a database's text columns compare like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collation {
    /// Letters of either case are different.
    CaseSensitive,
    /// Letters are equal whatever their case.
    CaseInsensitive,
}

/// A database user.
#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    /// Name.
    pub name: String,
    /// Password.
    pub password: String,
    /// How the password is stored, which decides how it is asked for.
    pub stored: StoredPassword,
    /// Whether the user may see and do everything.
    pub superuser: bool,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How a user's password is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredPassword {
    /// Asked for by authentication code 5.
    Md5,
    /// Asked for by authentication code 13.
    Sha256,
}

/// A database's isolation level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Isolation {
    /// Snapshot isolation.
    Snapshot,
    /// Serializable, with conflicts per table.
    Serializable,
}

/// What kind of warehouse it answers as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// A provisioned cluster.
    Provisioned,
    /// Redshift Serverless: STL and STV views are denied.
    Serverless,
}

/// Whether TLS is offered and required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// SSLRequest is answered with `N`.
    Off,
    /// TLS is there for those who ask.
    Offered,
    /// A session without TLS is refused.
    Required,
}

/// A bucket of the S3 side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bucket {
    /// Name.
    pub name: String,
    /// AWS region.
    pub region: String,
    /// Whether a put without an encryption header is refused, as a bucket policy would.
    pub requires_encryption: bool,
}

/// A key pair that S3 accepts.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccessKey {
    /// Access key id.
    pub id: String,
    /// Secret access key.
    pub secret: String,
    /// Session token, where the keys are temporary.
    pub session_token: Option<String>,
    /// `s3://bucket/prefix` addresses that the keys may use; empty means all.
    pub prefixes: Vec<String>,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A role attached to the cluster, or one that such a role may assume.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Role {
    /// ARN.
    pub arn: String,
    /// `s3://bucket/prefix` addresses that the role may read.
    pub prefixes: Vec<String>,
    /// Whether it is attached to the cluster.
    pub attached: bool,
    /// Whether it is the default role.
    pub default: bool,
    /// Roles that this one may assume.
    pub may_assume: Vec<String>,
}

/// How slow the stand-in is, so that what only works on a fast server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Latency {
    /// The least time of every statement.
    pub statement: Duration,
    /// The time of a COMMIT that wrote something; such commits pass one at a time.
    pub commit: Duration,
    /// The least time of a COPY.
    pub copy: Duration,
}

impl Default for Config {
    /// One user `awsuser` in database `dev`, SNAPSHOT, TLS offered, no buckets and no roles.
    fn default() -> Self {
        Config {
            port: 0,
            s3_port: 0,
            data_dir: None,
            users: vec![User {
                name: "awsuser".into(),
                password: "Passw0rd".into(),
                stored: StoredPassword::Md5,
                superuser: true,
            }],
            databases: vec!["dev".into()],
            isolation: Isolation::Snapshot,
            edition: Edition::Serverless,
            tls: Tls::Offered,
            region: "us-east-1".into(),
            buckets: Vec::new(),
            keys: Vec::new(),
            roles: Vec::new(),
            latency: Latency::default(),
            max_connections: 2000,
            trailing_blanks_group: false,
            collation: Collation::CaseSensitive,
            case_sensitive_identifiers: false,
            time_zone: "UTC".into(),
        }
    }
}
