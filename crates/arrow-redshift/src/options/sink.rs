//! A sink's options, read: each key of a built part once, then what must hold across them.

use std::{path::PathBuf, time::Duration};

use super::{
    AwsKeys, ConnectionConfig, CopyAuthorization, CopyConfig, CopyFormat, CreateTable,
    DeliveryGuarantee, Distribution, Encryption, S3Config, Secret, SinkConfig, SslMode, WriteMode,
    given::{Given, Taken},
    grammar,
    problem::Findings,
    url::{self, JdbcUrl},
};
use crate::error::Result;

/// The least time between two COPYs of a table, unless the user asks for less: each COPY costs
/// seconds and a commit, and commits of a cluster queue behind each other.
const COPY_FLUSH_INTERVAL: Duration = Duration::from_secs(10);

/// What is left of a JDBC flush interval that is not set.
const JDBC_FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// How long the ledger remembers when nothing says otherwise.
const LEDGER_RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What options became, and what may not have been meant.
#[derive(Debug, Clone)]
pub struct Parsed<T> {
    /// The complete configuration.
    pub config: T,
    /// Sentences to show to the user; none of them holds a secret.
    pub warnings: Vec<String>,
}

/// Reads the options of a table that is written to, as `(key, value)` pairs in any order.
///
/// Every problem comes in one [`crate::ErrorKind::InvalidOptions`], on numbered lines, each naming
/// the key as it was spelled. No secret is in the error, in the warnings, or in the
/// configuration's `Debug`.
pub fn sink(options: &[(String, String)]) -> Result<Parsed<SinkConfig>> {
    let mut findings = Findings::default();
    let mut given = Given::new(options, &mut findings);
    let config = read(&mut given, &mut findings);
    debug_assert!(given.left().is_empty(), "nobody reads {:?}", given.left());
    match config {
        Some(config) if findings.is_clean() => Ok(Parsed { config, warnings: findings.warnings }),
        _ => Err(findings.into_error()),
    }
}

/// Reads everything, whatever has failed before; `None` only beside a problem.
pub(super) fn read(given: &mut Given, findings: &mut Findings) -> Option<SinkConfig> {
    given.choice("connector");
    let connection = connection(given, findings);
    let table = given
        .text("table-name")
        .parse(findings, |name| grammar::table_name(name))
        .required(findings, "it names the table to write to");
    let mode = mode(given, findings);
    let guarantee = given.choice("sink.delivery-guarantee");
    let exactly_once = guarantee.value.map(|word| word == "exactly-once");
    let batch_size = given.integer("sink.batch-size").value;
    let flush = given.time("sink.flush-interval");
    let max_retries = given.integer("sink.max-retries").value;
    let lock_target = given.flag("sink.lock-target").value;
    let lock_timeout = given.time("sink.lock-timeout").value;
    let ledger = given.time("sink.ledger.retention");
    let parallelism = given.integer("sink.parallelism").value;
    let run_id = given.text("sink.run-id").parse(findings, |id| grammar::run_id(id)).value;
    let staging = given.time("sink.staging.retention");
    let commit_interval = given.time("sink.commit.interval");
    longer(&staging, &commit_interval, findings);
    let ledger_retention = ledger_retention(&ledger, &staging, findings);
    let copy = copy(given, staging.value, mode == Some(WriteMode::Copy), findings);
    let create = create(given, findings);
    let guarantee = match (exactly_once, mode) {
        (Some(true), _) | (None, Some(WriteMode::Copy)) => DeliveryGuarantee::ExactlyOnce,
        _ => DeliveryGuarantee::AtLeastOnce,
    };
    warn_of_flushes(&flush, mode, guarantee, findings);
    let (flush_interval, mode) = (flush_interval(&flush, mode), mode?);
    let copy = if mode == WriteMode::Copy { Some(copy?) } else { None };
    Some(SinkConfig {
        connection: connection?,
        table: table?,
        mode,
        guarantee,
        batch_size: batch_size?,
        flush_interval,
        max_retries: max_retries?,
        copy,
        commit_interval: commit_interval.value?,
        lock_target: lock_target?,
        lock_timeout: lock_timeout?,
        run_id,
        parallelism,
        ledger_retention,
        create: create?,
    })
}

/// The write mode; `None` beside the complaint that there is only one yet.
fn mode(given: &mut Given, findings: &mut Findings) -> Option<WriteMode> {
    let mode = given.choice("sink.write.mode");
    match mode.value? {
        "copy" => return Some(WriteMode::Copy),
        _ if mode.set => findings.problem(format!(
            "'{}' asks for the jdbc write mode, which this version does not have yet; set \
             'sink.write.mode' = 'copy'",
            mode.name
        )),
        _ => findings.problem(format!(
            "'{}' is not set and means jdbc, a write mode which this version does not have yet; \
             set it to 'copy'",
            mode.name
        )),
    }
    None
}

fn connection(given: &mut Given, findings: &mut Findings) -> Option<ConnectionConfig> {
    let url = given.text("url").parse(findings, |text| url::parse(text));
    // A bad URL was complained about: what it would have said is not missing as well.
    let url_is_bad = url.set && url.value.is_none();
    let url_name = url.name;
    let url = url.value.unwrap_or_default();
    if !url.ignored.is_empty() {
        findings.warn(format!(
            "'{url_name}' has parameters that are ignored here: {}",
            url.ignored.join(", ")
        ));
    }
    let JdbcUrl { hostname, port, database, username, password, ssl_mode, ssl_root_cert, .. } = url;
    let or_url = |taken: Taken<String>, other: Option<String>, findings: &mut Findings, why| {
        let taken = taken.parse(findings, grammar::no_nul);
        if (other.is_some() || url_is_bad) && taken.is_absent() {
            return other;
        }
        taken.required(findings, why)
    };
    let host = given.text("hostname").parse(findings, |text| grammar::hostname(text));
    let hostname = or_url(host, hostname, findings, "set it, or 'url'");
    let username = or_url(
        given.text("username"),
        username,
        findings,
        "the connector logs in as a database user",
    );
    let password = or_url(
        given.text("password"),
        password.map(|secret| secret.expose().to_owned()),
        findings,
        "the connector logs in with the user's password",
    );
    let database = beaten(given.text("database-name").parse(findings, grammar::no_nul), database);
    let port = beaten(given.integer("port"), port);
    let mode = given.choice("ssl.mode");
    let mode =
        Taken { value: mode.value.and_then(SslMode::from_name), name: mode.name, set: mode.set };
    let ssl_mode = beaten(mode, ssl_mode);
    let root = given.text("ssl.root-cert");
    let root_name = root.name;
    let ssl_root_cert = root.value.map(PathBuf::from).or(ssl_root_cert);
    if ssl_root_cert.is_some() && matches!(ssl_mode, Some(SslMode::Disable | SslMode::Require)) {
        findings.warn(format!("'{root_name}' has no effect: this ssl.mode checks no certificate"));
    }
    let connect_timeout = given.time("connection.connect-timeout").value;
    let statement_timeout = given.time("connection.statement-timeout").value;
    Some(ConnectionConfig {
        hostname: hostname?,
        port: port?,
        database: database?,
        username: username?,
        password: Secret::new(password?),
        ssl_mode: ssl_mode?,
        ssl_root_cert,
        connect_timeout: connect_timeout?,
        statement_timeout: statement_timeout?,
    })
}

/// What was set, or else what the URL says, or else the default.
fn beaten<T>(taken: Taken<T>, url: Option<T>) -> Option<T> {
    if taken.set { taken.value } else { url.or(taken.value) }
}

/// A staged file must outlive the commits that name it.
fn longer(staging: &Taken<Duration>, commit: &Taken<Duration>, findings: &mut Findings) {
    if let (Some(retention), Some(interval)) = (staging.value, commit.value)
        && retention <= interval
    {
        findings.problem(format!(
            "'{}' must be longer than '{}', or staged files go before they are loaded",
            staging.name, commit.name
        ));
    }
}

/// The ledger remembers a commit for at least as long as its files might be found again.
fn ledger_retention(
    ledger: &Taken<Duration>,
    staging: &Taken<Duration>,
    findings: &mut Findings,
) -> Duration {
    let staging_retention = staging.value.unwrap_or_default();
    let Some(retention) = ledger.value else {
        return LEDGER_RETENTION.max(staging_retention);
    };
    if retention < staging_retention {
        findings.problem(format!(
            "'{}' must be at least '{}': a commit that the ledger has forgotten could be applied \
             again",
            ledger.name, staging.name
        ));
    }
    retention
}

fn flush_interval(flush: &Taken<Duration>, mode: Option<WriteMode>) -> Duration {
    let default = match mode {
        Some(WriteMode::Copy) => COPY_FLUSH_INTERVAL,
        _ => JDBC_FLUSH_INTERVAL,
    };
    flush.value.unwrap_or(default)
}

fn warn_of_flushes(
    flush: &Taken<Duration>,
    mode: Option<WriteMode>,
    guarantee: DeliveryGuarantee,
    findings: &mut Findings,
) {
    let (Some(interval), Some(WriteMode::Copy)) = (flush.value, mode) else { return };
    if guarantee == DeliveryGuarantee::ExactlyOnce {
        findings.warn(format!(
            "'{}' has no effect in copy mode with exactly-once: checkpoints decide when to load",
            flush.name
        ));
    } else if interval < COPY_FLUSH_INTERVAL {
        findings.warn(format!(
            "'{}' is below 10 s: each flush is a COPY, which takes seconds and a commit",
            flush.name
        ));
    }
}

fn copy(
    given: &mut Given,
    staging_retention: Option<Duration>,
    wanted: bool,
    findings: &mut Findings,
) -> Option<CopyConfig> {
    let temp = given.text("sink.write.temp.s3-uri").parse(findings, |text| grammar::s3_uri(text));
    let temp_uri = if wanted {
        temp.required(findings, "copy mode stages its files there")
    } else {
        temp.value
    };
    let s3 = s3(given, findings);
    let authorization = authorization(given, s3.as_ref(), wanted, findings);
    let format = given.choice("sink.copy.format").value.map(|word| match word {
        "csv" => CopyFormat::Csv,
        _ => CopyFormat::Parquet,
    });
    let part_size = given.size("sink.copy.part-size").value;
    let encryption = encryption(given, findings);
    Some(CopyConfig {
        temp_uri: temp_uri?,
        s3: s3?,
        authorization: authorization?,
        format: format?,
        part_size: part_size?,
        encryption: encryption?,
        staging_retention: staging_retention?,
    })
}

fn s3(given: &mut Given, findings: &mut Findings) -> Option<S3Config> {
    let region = given.text("aws.region").parse(findings, |text| grammar::region(text)).value;
    let endpoint = |given: &mut Given, key, findings: &mut Findings| {
        given.text(key).parse(findings, |text| grammar::endpoint(text)).value
    };
    let s3_endpoint = endpoint(given, "s3.endpoint", findings);
    let aws_endpoint = endpoint(given, "aws.endpoint", findings);
    let path_style = given.flag("s3.path-style-access").value;
    let credentials = credentials(given, findings);
    Some(S3Config {
        region,
        endpoint: s3_endpoint.or(aws_endpoint),
        path_style: path_style?,
        credentials,
    })
}

fn credentials(given: &mut Given, findings: &mut Findings) -> Option<AwsKeys> {
    let provider = given.choice("aws.credentials.provider");
    let id = given.text("aws.credentials.basic.accesskeyid");
    let secret = given.text("aws.credentials.basic.secretkey");
    let token = given.text("aws.credentials.basic.sessiontoken");
    let basic = provider.set && provider.value == Some("BASIC");
    match (id.is_absent(), secret.is_absent()) {
        (true, true) if basic => findings.problem(format!(
            "'{}' = 'BASIC' needs '{}' and '{}'",
            provider.name, id.name, secret.name
        )),
        (true, true) if !token.is_absent() => {
            findings.problem(format!("'{}' needs '{}' and '{}'", token.name, id.name, secret.name));
        }
        (true, false) => findings.problem(format!("'{}' needs '{}'", secret.name, id.name)),
        (false, true) => findings.problem(format!("'{}' needs '{}'", id.name, secret.name)),
        (false, false) if provider.set && provider.value == Some("AUTO") => {
            findings.problem(format!(
                "'{}' = 'AUTO' takes no keys, and '{}' is set; leave one of them out",
                provider.name, id.name
            ));
        }
        _ => {}
    }
    Some(AwsKeys {
        access_key_id: id.value?,
        secret_access_key: Secret::new(secret.value?),
        session_token: token.value.map(Secret::new),
    })
}

fn authorization(
    given: &mut Given,
    s3: Option<&S3Config>,
    wanted: bool,
    findings: &mut Findings,
) -> Option<CopyAuthorization> {
    let credentials = given.choice("sink.copy.credentials");
    let role = given.text("aws.iam-role").parse(findings, |text| grammar::role(text));
    if credentials.value == Some("keys") {
        if role.set {
            findings.problem(format!(
                "'{}' = 'keys' has COPY use keys, and '{}' a role; leave one of them out",
                credentials.name, role.name
            ));
        }
        let keys = s3.and_then(|s3| s3.credentials.clone());
        if keys.is_none() {
            findings.problem(format!(
                "'{}' = 'keys' needs 'aws.credentials.basic.accesskeyid' and \
                 'aws.credentials.basic.secretkey'",
                credentials.name
            ));
        }
        return keys.map(CopyAuthorization::Keys);
    }
    if !wanted {
        return role.value;
    }
    role.required(
        findings,
        "COPY reads the staged files with a role; give its ARN, or 'default', or set \
         'sink.copy.credentials' = 'keys'",
    )
}

fn encryption(given: &mut Given, findings: &mut Findings) -> Option<Encryption> {
    let encryption = given.choice("sink.write.temp.s3.encryption");
    let key = given.text("sink.write.temp.s3.kms-key-id");
    if key.set && encryption.value != Some("sse-kms") {
        findings.problem(format!("'{}' needs '{}' = 'sse-kms'", key.name, encryption.name));
    }
    match (encryption.value, encryption.set) {
        (Some("sse-kms"), _) => Some(Encryption::SseKms(key.value)),
        (Some("sse-s3"), _) => Some(Encryption::SseS3),
        (Some(_), _) => Some(Encryption::None),
        (None, false) => Some(Encryption::BucketDefault),
        (None, true) => None,
    }
}

fn create(given: &mut Given, findings: &mut Findings) -> Option<CreateTable> {
    let create = given.choice("sink.create-table");
    let style = given.choice("sink.create-table.distribution-style");
    let key = given
        .text("sink.create-table.distribution-key")
        .parse(findings, |text| grammar::column(text));
    let sort =
        given.text("sink.create-table.sort-key").parse(findings, |text| grammar::columns(text));
    let encodings =
        given.text("sink.create-table.encodings").parse(findings, |text| grammar::encodings(text));
    let width = given.integer("sink.create-table.varchar-width");
    let if_not_exists = create.value == Some("if-not-exists");
    let attributes = [
        (&style.name, style.set),
        (&key.name, key.set),
        (&sort.name, sort.set),
        (&encodings.name, encodings.set),
        (&width.name, width.set),
    ];
    for (name, _) in attributes.iter().filter(|(_, set)| *set && create.value == Some("none")) {
        findings
            .warn(format!("'{name}' has no effect without '{}' = 'if-not-exists'", create.name));
    }
    let distribution = distribution(&style, &key, findings);
    create.value?;
    Some(CreateTable {
        if_not_exists,
        distribution: distribution?,
        sort_key: sort.value.unwrap_or_default(),
        encodings: encodings.value.unwrap_or_default(),
        string_width: width.value?,
    })
}

fn distribution(
    style: &Taken<&'static str>,
    key: &Taken<String>,
    findings: &mut Findings,
) -> Option<Distribution> {
    let style_word = style.value?;
    if style_word == "key" && key.is_absent() {
        findings.problem(format!("'{}' = 'key' needs '{}'", style.name, key.name));
    }
    if style_word != "key" && key.set {
        findings.problem(format!("'{}' needs '{}' = 'key'", key.name, style.name));
    }
    match style_word {
        "even" => Some(Distribution::Even),
        "all" => Some(Distribution::All),
        "key" => key.value.clone().map(Distribution::Key),
        _ => Some(Distribution::Auto),
    }
}
