//! What options become once they are read: complete, typed, and trusted from here on.

use std::{path::PathBuf, time::Duration};

use super::Secret;

/// Everything that a sink needs, from one table's options.
#[derive(Debug, Clone)]
pub struct SinkConfig {
    /// How to reach the database.
    pub connection: ConnectionConfig,
    /// The target table.
    pub table: TableName,
    /// How rows are written.
    pub mode: WriteMode,
    /// What is promised about rows.
    pub guarantee: DeliveryGuarantee,
    /// `sink.batch-size`: rows of one flush in jdbc mode, of one Arrow batch in copy mode.
    pub batch_size: usize,
    /// `sink.flush-interval`, as it applies to the mode and guarantee (never below 10 s in copy
    /// mode unless set).
    pub flush_interval: Duration,
    /// `sink.max-retries`: how often a failed unit of work is tried again.
    pub max_retries: u32,
    /// Copy mode's settings; present exactly when `mode` is [`WriteMode::Copy`].
    pub copy: Option<CopyConfig>,
    /// `sink.checkpoint-size-limit`: bytes of rows, compressed, that one checkpoint may hold of all
    /// writers, in jdbc mode with exactly-once.
    pub checkpoint_size_limit: u64,
    /// `sink.commit.interval`: the least time between two commits; zero is every checkpoint.
    pub commit_interval: Duration,
    /// `sink.commit.timeout`: the longest that a commit may take, all its tries together; `None`
    /// is no bound.
    pub commit_timeout: Option<Duration>,
    /// `sink.lock-target`.
    pub lock_target: bool,
    /// `sink.lock-timeout`: the longest wait for the ledger's and the target's lock.
    pub lock_timeout: Duration,
    /// `sink.run-id`: the name of a batch run; `None` mints a fresh UUID.
    pub run_id: Option<String>,
    /// `sink.parallelism`.
    pub parallelism: Option<u32>,
    /// `sink.ledger.retention`.
    pub ledger_retention: Duration,
    /// `sink.create-table` and what goes with it.
    pub create: CreateTable,
    /// What becomes of values that do not fit.
    pub values: ValueConfig,
    /// `sink.ignore-delete`: deletes and the old rows of updates are dropped.
    pub ignore_delete: bool,
    /// `sink.use-merge`: commits that hold upserts only are applied by MERGE.
    pub use_merge: bool,
    /// `sink.duplicate-keys`.
    pub duplicate_keys: DuplicateKeys,
    /// `sink.schema-evolution`: what may be done to a target that lacks what is declared.
    pub evolution: SchemaEvolution,
}

/// How to reach and log in to the database.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// Host name, as verified by TLS.
    pub hostname: String,
    /// TCP port.
    pub port: u16,
    /// Database name.
    pub database: String,
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// `ssl.mode`.
    pub ssl_mode: SslMode,
    /// `ssl.root-cert`: a PEM file to trust in place of the system's roots.
    pub ssl_root_cert: Option<PathBuf>,
    /// `connection.connect-timeout`.
    pub connect_timeout: Duration,
    /// `connection.statement-timeout`; zero is the server's own default.
    pub statement_timeout: Duration,
    /// `connection.idle-timeout`: how long a session that is kept for later stays open unused;
    /// zero keeps it open.
    pub idle_timeout: Duration,
    /// `connection.max`: the most sessions that this process has open at once as this user in this
    /// database, and that one sink has in all its tasks.
    pub most: u32,
}

/// `ssl.mode`, with libpq's meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS, certificate unchecked.
    Require,
    /// TLS, chain checked.
    VerifyCa,
    /// TLS, chain and host name checked.
    VerifyFull,
}

impl SslMode {
    /// The mode of this name, in lower case.
    pub(super) fn from_name(name: &str) -> Option<SslMode> {
        match name {
            "disable" => Some(SslMode::Disable),
            "require" => Some(SslMode::Require),
            "verify-ca" => Some(SslMode::VerifyCa),
            "verify-full" => Some(SslMode::VerifyFull),
            _ => None,
        }
    }
}

/// A table's name: an optional schema and the table, unquoted and unfolded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    /// Schema; `None` is the session's current schema.
    pub schema: Option<String>,
    /// Table.
    pub table: String,
}

/// `sink.write.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// Statements over the database connection.
    Jdbc,
    /// Parts on S3 and COPY.
    Copy,
}

/// `sink.delivery-guarantee`, with Flink's meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryGuarantee {
    /// Every acknowledged row is there once.
    ExactlyOnce,
    /// Every acknowledged row is there, possibly more than once.
    AtLeastOnce,
}

/// What is done about keys that have more than one row in the target, among those that a commit
/// changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// They are counted, and it is said how many they are.
    Report,
    /// The same, and one row of each is left.
    Clean,
    /// Nobody looks.
    Ignore,
}

/// What becomes of a value that its column cannot hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ValuePolicy {
    /// The job ends with an error.
    #[default]
    Fail,
    /// Text that is too long is cut; whatever else does not fit fails.
    Truncate,
    /// The value becomes NULL.
    Null,
    /// The whole row is set aside.
    DeadLetter,
}

impl ValuePolicy {
    /// The policy of this name, in any letter case.
    pub(super) fn from_name(name: &str) -> Option<ValuePolicy> {
        match name.to_ascii_lowercase().as_str() {
            "fail" => Some(ValuePolicy::Fail),
            "truncate" => Some(ValuePolicy::Truncate),
            "null" => Some(ValuePolicy::Null),
            "dead-letter" => Some(ValuePolicy::DeadLetter),
            _ => None,
        }
    }
}

/// `sink.value-policy` and what goes with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueConfig {
    /// `sink.value-policy`, for the columns that are not named.
    pub policy: ValuePolicy,
    /// `sink.value-policy.columns`: columns, as they were named, with policies of their own.
    pub columns: Vec<(String, ValuePolicy)>,
    /// `sink.value-policy.show-key`: whether errors show the key of the row.
    pub show_key: bool,
    /// `sink.value-policy.refused-loads`: whether policies hold for what only the server refuses.
    pub refused_loads: bool,
    /// `sink.dead-letter.s3-uri`; present exactly when a policy is [`ValuePolicy::DeadLetter`].
    pub dead_letters: Option<S3Uri>,
}

/// Copy mode's settings.
#[derive(Debug, Clone)]
pub struct CopyConfig {
    /// `sink.write.temp.s3-uri`.
    pub temp_uri: S3Uri,
    /// How parts are reached on S3 from here.
    pub s3: S3Config,
    /// What COPY reads S3 with.
    pub authorization: CopyAuthorization,
    /// `sink.copy.format`.
    pub format: CopyFormat,
    /// `sink.copy.part-size` in bytes.
    pub part_size: u64,
    /// `sink.write.temp.s3.encryption`.
    pub encryption: Encryption,
    /// `sink.staging.retention`.
    pub staging_retention: Duration,
}

/// An `s3://bucket/prefix` address; the prefix has no leading or trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Uri {
    /// Bucket.
    pub bucket: String,
    /// Key prefix, possibly empty.
    pub prefix: String,
}

/// How to reach S3.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// `aws.region`; `None` asks the AWS chain.
    pub region: Option<String>,
    /// `s3.endpoint` (or `aws.endpoint`); `None` is AWS's own.
    pub endpoint: Option<String>,
    /// `s3.path-style-access`.
    pub path_style: bool,
    /// Keys given outright; `None` is AWS's default credential chain.
    pub credentials: Option<AwsKeys>,
}

/// Keys for AWS.
#[derive(Debug, Clone)]
pub struct AwsKeys {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: Secret,
    /// Session token of temporary keys.
    pub session_token: Option<Secret>,
}

/// What COPY presents to S3.
#[derive(Debug, Clone)]
pub enum CopyAuthorization {
    /// `IAM_ROLE default`.
    DefaultRole,
    /// `IAM_ROLE 'arn[,arn…]'`.
    Role(Vec<String>),
    /// Keys in the statement, where the user insists.
    Keys(AwsKeys),
}

/// `sink.copy.format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum CopyFormat {
    /// Parquet, snappy.
    Parquet,
    /// CSV, gzip.
    Csv,
}

/// `sink.write.temp.s3.encryption`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// Whatever the bucket does by default.
    BucketDefault,
    /// No encryption asked for.
    None,
    /// SSE-S3.
    SseS3,
    /// SSE-KMS, with a key or the account's default one.
    SseKms(Option<String>),
}

/// `sink.create-table` and the attributes of a table that is created.
#[derive(Debug, Clone)]
pub struct CreateTable {
    /// Create a target that is missing.
    pub if_not_exists: bool,
    /// `sink.create-table.distribution-style` and `-key`.
    pub distribution: Distribution,
    /// `sink.create-table.sort-key`: column names, compound.
    pub sort_key: Vec<String>,
    /// `sink.create-table.encodings`: column to encoding.
    pub encodings: Vec<(String, String)>,
    /// `sink.create-table.varchar-width` for STRING columns, in bytes.
    pub string_width: u32,
    /// Whether that was set, and is not the default.
    pub string_width_set: bool,
    /// `sink.create-table.varchar-widths`: text column to its width in bytes.
    pub widths: Vec<(String, u32)>,
    /// `sink.create-table.comment`: of the table.
    pub comment: Option<String>,
    /// `sink.create-table.column-comments`: column to its comment.
    pub column_comments: Vec<(String, String)>,
}

/// `sink.schema-evolution`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaEvolution {
    /// The target stays as it is.
    None,
    /// Declared columns that it lacks are added.
    AddColumns,
    /// The same, and VARCHAR columns that are narrower than declared are widened.
    AddAndWiden,
}

/// Distribution of a created table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distribution {
    /// `DISTSTYLE AUTO`, Redshift's own default.
    Auto,
    /// `DISTSTYLE EVEN`.
    Even,
    /// `DISTSTYLE ALL`.
    All,
    /// `DISTKEY (column)`.
    Key(String),
}
