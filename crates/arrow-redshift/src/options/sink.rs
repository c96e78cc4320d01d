//! A sink's options, read: each key of a built part once, then what must hold across them.

use std::time::Duration;

use super::{
    DeliveryGuarantee, DuplicateKeys, SinkConfig, WriteMode,
    connection::connection,
    copy::copy,
    create::create,
    given::{Given, Taken},
    grammar,
    problem::Findings,
    resolved::{self, ResolvedOption},
    values::values,
};
use crate::error::Result;

/// The least time between two COPYs of a table, unless the user asks for less: each COPY costs
/// seconds and a commit, and commits of a cluster queue behind each other.
const COPY_FLUSH_INTERVAL: Duration = Duration::from_secs(10);

/// What is left of a JDBC flush interval that is not set.
const JDBC_FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// How long the ledger remembers, and staged files are kept, when nothing says otherwise.
pub const USUAL_RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What options became, and what may not have been meant.
#[derive(Debug, Clone)]
pub struct Parsed<T> {
    /// The complete configuration.
    pub config: T,
    /// Sentences to show to the user; none of them holds a secret.
    pub warnings: Vec<String>,
    /// What each option came to be, in the table's order; secrets are masked.
    pub options: Vec<ResolvedOption>,
}

/// Reads the options of a table that is written to, as `(key, value)` pairs in any order.
///
/// Every problem comes in one [`crate::ErrorKind::InvalidOptions`], on numbered lines, each naming
/// the key as it was spelled. No secret is in the error, in the warnings, or in the
/// configuration's `Debug`.
pub fn sink(options: &[(String, String)]) -> Result<Parsed<SinkConfig>> {
    let mut findings = Findings::default();
    let mut given = Given::new(options, &mut findings);
    let mut resolved = resolved::of(&given);
    let config = read(&mut given, &mut findings);
    debug_assert!(given.left().is_empty(), "nobody reads {:?}", given.left());
    match config {
        Some(config) if findings.is_clean() => {
            resolved::say_connection(&mut resolved, &config.connection);
            Ok(Parsed { config, warnings: findings.warnings, options: resolved })
        }
        _ => Err(findings.into_error()),
    }
}

/// Reads everything, whatever has failed before; `None` only beside a problem.
pub(super) fn read(given: &mut Given, findings: &mut Findings) -> Option<SinkConfig> {
    given.choice("connector");
    // The jar has read it when this library runs.
    given.text("native.directory");
    let connection = connection(given, findings);
    let table = given
        .text("table-name")
        .parse(findings, |name| grammar::table_name(name))
        .required(findings, "it names the table to write to");
    let mode = given.choice("sink.write.mode").value.map(|mode| match mode {
        "copy" => WriteMode::Copy,
        _ => WriteMode::Jdbc,
    });
    let guarantee = given.choice("sink.delivery-guarantee");
    let exactly_once = guarantee.value.map(|word| word == "exactly-once");
    let batch_size = given.integer("sink.batch-size").value;
    let flush = given.time("sink.flush-interval");
    let checkpoint_size_limit = given.size("sink.checkpoint-size-limit");
    let max_retries = given.integer("sink.max-retries").value;
    let lock_target = given.flag("sink.lock-target").value;
    let lock_timeout = given.time("sink.lock-timeout").value;
    let ledger = given.time("sink.ledger.retention");
    let parallelism = given.integer("sink.parallelism").value;
    let run_id = given.text("sink.run-id").parse(findings, |id| grammar::run_id(id)).value;
    let staging = given.time("sink.staging.retention");
    let commit_interval = given.time("sink.commit.interval");
    let commit_timeout = given.time("sink.commit.timeout").value;
    longer(&staging, &commit_interval, findings);
    let ledger_retention = ledger_retention(&ledger, &staging, findings);
    let copy = copy(given, staging.value, mode == Some(WriteMode::Copy), findings);
    let create = create(given, findings);
    let values = values(given, mode, findings);
    let ignore_delete = given.flag("sink.ignore-delete").value;
    let use_merge = given.flag("sink.use-merge").value;
    let duplicate_keys = given.choice("sink.duplicate-keys");
    let guarantee = match (exactly_once, mode) {
        (Some(true), _) | (None, Some(WriteMode::Copy)) => DeliveryGuarantee::ExactlyOnce,
        _ => DeliveryGuarantee::AtLeastOnce,
    };
    uncarried(&commit_interval, mode, guarantee, findings);
    warn_of_flushes(&flush, mode, guarantee, findings);
    let commits = mode == Some(WriteMode::Copy) || guarantee == DeliveryGuarantee::ExactlyOnce;
    let duplicate_keys = self::duplicate_keys(&duplicate_keys, commits, findings);
    warn_of_limit(&checkpoint_size_limit, mode, guarantee, findings);
    let (flush_interval, mode) = (flush_interval(&flush, mode), mode?);
    let copy = if mode == WriteMode::Copy { Some(copy?) } else { None };
    let (create, evolution) = create?;
    Some(SinkConfig {
        connection: connection?,
        table: table?,
        mode,
        guarantee,
        batch_size: batch_size?,
        flush_interval,
        max_retries: max_retries?,
        copy,
        checkpoint_size_limit: checkpoint_size_limit.value?,
        commit_interval: commit_interval.value?,
        commit_timeout,
        lock_target: lock_target?,
        lock_timeout: lock_timeout?,
        run_id,
        parallelism,
        ledger_retention,
        create,
        evolution,
        values: values?,
        ignore_delete: ignore_delete?,
        use_merge: use_merge?,
        duplicate_keys: duplicate_keys?,
    })
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

/// Rows that ride in checkpoints are bounded for one of them: a commit gathers no others.
fn uncarried(
    interval: &Taken<Duration>,
    mode: Option<WriteMode>,
    guarantee: DeliveryGuarantee,
    findings: &mut Findings,
) {
    let carried = mode == Some(WriteMode::Jdbc) && guarantee == DeliveryGuarantee::ExactlyOnce;
    if carried && interval.value.is_some_and(|interval| interval > Duration::ZERO) {
        findings.problem(format!(
            "'{}' gathers the rows of several checkpoints, and in jdbc mode with exactly-once rows \
             are held in the checkpoint: take checkpoints less often, or set 'sink.write.mode' = \
             'copy'",
            interval.name
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
        return USUAL_RETENTION.max(staging_retention);
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

/// What is done about keys that have more than one row, which only commits do.
fn duplicate_keys(
    given: &Taken<&'static str>,
    commits: bool,
    findings: &mut Findings,
) -> Option<DuplicateKeys> {
    let what = match given.value? {
        "report" => DuplicateKeys::Report,
        "clean" => DuplicateKeys::Clean,
        _ => DuplicateKeys::Ignore,
    };
    if !commits && given.set && what != DuplicateKeys::Ignore {
        findings.problem(format!(
            "'{}' needs commits, which jdbc mode has with 'sink.delivery-guarantee' = \
             'exactly-once' only",
            given.name
        ));
    }
    Some(if commits { what } else { DuplicateKeys::Ignore })
}

fn warn_of_limit(
    limit: &Taken<u64>,
    mode: Option<WriteMode>,
    guarantee: DeliveryGuarantee,
    findings: &mut Findings,
) {
    let used = mode == Some(WriteMode::Jdbc) && guarantee == DeliveryGuarantee::ExactlyOnce;
    if limit.set && mode.is_some() && !used {
        findings.warn(format!(
            "'{}' has no effect: rows travel in checkpoints in jdbc mode with exactly-once only",
            limit.name
        ));
    }
}

fn warn_of_flushes(
    flush: &Taken<Duration>,
    mode: Option<WriteMode>,
    guarantee: DeliveryGuarantee,
    findings: &mut Findings,
) {
    let (Some(interval), Some(mode)) = (flush.value, mode) else { return };
    if guarantee == DeliveryGuarantee::ExactlyOnce && mode == WriteMode::Jdbc {
        findings.warn(format!(
            "'{}' has no effect in jdbc mode with exactly-once: rows are written at checkpoints, or \
             at the end of a batch",
            flush.name
        ));
    } else if mode == WriteMode::Jdbc {
        // Whatever the user likes.
    } else if guarantee == DeliveryGuarantee::ExactlyOnce {
        findings.warn(format!(
            "'{}' has no effect in copy mode with exactly-once: rows are loaded at checkpoints, and \
             in a batch at its end",
            flush.name
        ));
    } else if interval < COPY_FLUSH_INTERVAL {
        findings.warn(format!(
            "'{}' is below 10 s: each flush is a COPY, which takes seconds and a commit",
            flush.name
        ));
    }
}
