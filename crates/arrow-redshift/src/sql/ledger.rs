//! The ledger: one small table beside each target, one row per commit, written in the same
//! transaction as the data.

use std::{borrow::Cow, time::Duration};

use sha2::{Digest, Sha256};

use super::{
    ident::{Qualified, literal},
    statement::Statement,
};
use crate::{
    error::{Error, ErrorKind},
    limits,
};

/// The longest name of a table.
const IDENTIFIER_BYTES: usize = limits::IDENTIFIER_BYTES as usize;

/// The ledger's columns, in order, with their types as DDL spells them.
pub const LEDGER_COLUMNS: &[(&str, &str)] = &[
    ("version", "SMALLINT NOT NULL"),
    ("id", "VARCHAR(512) NOT NULL"),
    ("job", "VARCHAR(256) NOT NULL"),
    ("rows_staged", "BIGINT NOT NULL"),
    ("parts", "INTEGER NOT NULL"),
    ("committed_at", "TIMESTAMP NOT NULL"),
    ("keep_until", "TIMESTAMP NOT NULL"),
];

/// What the column for the job's name holds.
pub const LEDGER_JOB_BYTES: usize = 256;

/// The latest version that this code knows. A row of a later one is a reason to stop, not to guess.
pub const LEDGER_VERSION: i16 = 2;

/// The version of a unit's row where nothing more has to be known of it.
const PLAIN_VERSION: i16 = 1;

/// What stands between a unit's id and the name of rows that were set aside at its commit, in the
/// rows that say so.
const ASIDE: &str = "#aside/";

const SUFFIX: &str = "__flink_commits";

/// One row of the ledger, to be written.
#[derive(Debug, Clone)]
pub struct LedgerRow<'a> {
    /// The unit's id, or an [`aside_id`] of it.
    pub id: Cow<'a, str>,
    /// The job's name.
    pub job: &'a str,
    /// Rows that were staged.
    pub rows: u64,
    /// Parts that were staged.
    pub parts: usize,
    /// How long the row is kept.
    pub keep: Duration,
    /// Whether rows were set aside that only the ledger names: then other rows do so.
    pub names_more: bool,
}

/// The id of a ledger row that names rows that a unit's committer set aside.
pub fn aside_id(id: &str, name: &str) -> String {
    format!("{id}{ASIDE}{name}")
}

/// The name in an [`aside_id`] of this unit.
pub fn aside_name<'a>(id: &str, found: &'a str) -> Option<&'a str> {
    found.strip_prefix(id)?.strip_prefix(ASIDE)
}

/// The ledger of one target table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The ledger table.
    pub table: Qualified,
}

impl Ledger {
    /// The ledger beside a target. A name that would grow too long keeps its head and a digest,
    /// so that two long names never share a ledger.
    pub fn beside(target: &Qualified) -> Self {
        let mut name = format!("{}{SUFFIX}", target.table);
        if name.len() > IDENTIFIER_BYTES {
            let digest = Sha256::digest(target.table.as_bytes());
            let tail = format!(
                "_{:02x}{:02x}{:02x}{:02x}{SUFFIX}",
                digest[0], digest[1], digest[2], digest[3]
            );
            let mut end = IDENTIFIER_BYTES - tail.len();
            while !target.table.is_char_boundary(end) {
                end -= 1;
            }
            name = format!("{}{tail}", &target.table[..end]);
        }
        Ledger { table: Qualified { schema: target.schema.clone(), table: name } }
    }

    /// Creates the table.
    pub fn create(&self) -> Statement {
        let columns: Vec<String> =
            LEDGER_COLUMNS.iter().map(|(name, data_type)| format!("{name} {data_type}")).collect();
        Statement::new(format!(
            "CREATE TABLE IF NOT EXISTS {} ({}) DISTSTYLE ALL SORTKEY (committed_at)",
            self.table,
            columns.join(", ")
        ))
    }

    /// Which of these ids are there: id, version and job of each. Only a read under the table's
    /// lock is an answer for those that are not.
    pub fn find(&self, ids: &[&str]) -> Statement {
        let ids: Vec<String> = ids.iter().map(|id| literal(id)).collect();
        Statement::new(format!(
            "SELECT id, version, job FROM {} WHERE id IN ({})",
            self.table,
            ids.join(", ")
        ))
    }

    /// The rows that name what was set aside at the commit of a unit: id and number of rows of each.
    pub fn aside(&self, id: &str) -> Statement {
        Statement::new(format!(
            "SELECT id, rows_staged FROM {} WHERE STRPOS(id, {}) = 1",
            self.table,
            literal(&aside_id(id, ""))
        ))
    }

    /// Records what a transaction applies.
    pub fn record(&self, rows: &[LedgerRow<'_>]) -> Statement {
        let values: Vec<String> = rows
            .iter()
            .map(|row| {
                let version = if row.names_more { LEDGER_VERSION } else { PLAIN_VERSION };
                format!(
                    "({version}, {}, {}, {}, {}, GETDATE(), DATEADD(second, {}, GETDATE()))",
                    literal(&row.id),
                    literal(row.job),
                    row.rows,
                    row.parts,
                    row.keep.as_secs(),
                )
            })
            .collect();
        Statement::new(format!(
            "INSERT INTO {} (version, id, job, rows_staged, parts, committed_at, keep_until) VALUES \
             {}",
            self.table,
            values.join(", ")
        ))
    }

    /// Forgets what every job that wrote here has agreed to forget: each row says how long it is
    /// kept, so that one job's retention never decides about another's rows.
    pub fn prune(&self) -> Statement {
        Statement::new(format!("DELETE FROM {} WHERE keep_until < GETDATE()", self.table))
    }

    /// Adds to a refusal what the user has to be granted.
    pub fn explain(&self, error: Error, user: &str) -> Error {
        match error.kind() {
            ErrorKind::PermissionDenied => error.hint(self.grant(user)),
            _ => error,
        }
    }

    /// What to grant to a user who may not create the table.
    pub fn grant(&self, user: &str) -> String {
        format!(
            "create it once as a user who may: {}; GRANT SELECT, INSERT, DELETE ON {} TO {}",
            self.create(),
            self.table,
            super::identifier(user),
        )
    }
}
