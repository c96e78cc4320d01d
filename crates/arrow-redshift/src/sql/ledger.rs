//! The ledger: one small table beside each target, one row per commit, written in the same
//! transaction as the data.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{
    ident::{Qualified, literal},
    statement::Statement,
};
use crate::limits;

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
];

/// The version that this code writes. A row of a later one is a reason to stop, not to guess.
pub const LEDGER_VERSION: i16 = 1;

const SUFFIX: &str = "__flink_commits";

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

    /// Whether an id is there: its row's version, or no row. Only a read under the table's lock
    /// is an answer when the id is not there.
    pub fn find(&self, id: &str) -> Statement {
        Statement::new(format!("SELECT version FROM {} WHERE id = {}", self.table, literal(id)))
    }

    /// Records a commit.
    pub fn record(&self, id: &str, job: &str, rows: u64, parts: usize) -> Statement {
        Statement::new(format!(
            "INSERT INTO {} (version, id, job, rows_staged, parts, committed_at) VALUES \
             ({LEDGER_VERSION}, {}, {}, {rows}, {parts}, GETDATE())",
            self.table,
            literal(id),
            literal(job),
        ))
    }

    /// Forgets commits that are older than anything that may still be restored.
    pub fn prune(&self, retention: Duration) -> Statement {
        Statement::new(format!(
            "DELETE FROM {} WHERE committed_at < DATEADD(second, -{}, GETDATE())",
            self.table,
            retention.as_secs()
        ))
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
