//! What a checked statement is: what the front does with it.

use super::copy::CopyStatement;

/// A table or view, folded as Redshift folds names; `schema` is `None` where the search path
/// decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Relation {
    /// Schema.
    pub schema: Option<String>,
    /// Table or view.
    pub name: String,
}

/// One statement of a client's text that Redshift would accept, ready for PostgreSQL.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The statement's normalised shape: literals as `?`, names kept; what a golden file lists.
    pub shape: String,
    /// What to do.
    pub action: Action,
}

/// What the front does with a statement.
#[derive(Debug, Clone)]
pub enum Action {
    /// Forward a query that only reads (SELECT, SHOW rewritten to a query, EXPLAIN, FETCH).
    Query {
        /// Text for PostgreSQL.
        sql: String,
        /// User tables it reads (catalog relations are not listed).
        reads: Vec<Relation>,
        /// Whether it touches nothing but leader-node relations and functions, and so takes no
        /// snapshot.
        leader_only: bool,
    },
    /// Forward a data change of one table, under that table's write lock.
    Write {
        /// Text for PostgreSQL.
        sql: String,
        /// The table that changes.
        target: Relation,
        /// User tables it reads, the target among them for UPDATE, DELETE and MERGE.
        reads: Vec<Relation>,
        /// Where it inserts rows of nothing but parameters.
        rows: Option<ParameterRows>,
        /// The command tag as Redshift sends it, where it differs from PostgreSQL's.
        tag: Option<&'static str>,
    },
    /// Forward a definition (CREATE, ALTER, DROP), under ACCESS EXCLUSIVE of what it names.
    Define {
        /// Text for PostgreSQL; empty where there is nothing to do.
        sql: String,
        /// Tables it creates, changes or drops.
        relations: Vec<Relation>,
        /// Whether the tables are new.
        creates: bool,
        /// The command tag.
        tag: &'static str,
        /// Whether Redshift refuses it inside a transaction block (25001).
        not_in_block: bool,
    },
    /// `TRUNCATE`: runs, and commits the transaction.
    Truncate {
        /// Text for PostgreSQL.
        sql: String,
        /// The table.
        target: Relation,
    },
    /// `LOCK`: ACCESS EXCLUSIVE on the tables, in the order given.
    Lock {
        /// The tables.
        tables: Vec<Relation>,
    },
    /// `COPY … FROM 's3://…'`.
    Copy(Box<CopyStatement>),
    /// `BEGIN` or `START TRANSACTION`.
    Begin {
        /// Whether `READ ONLY` was given.
        read_only: bool,
    },
    /// `COMMIT` or `END`.
    Commit,
    /// `ROLLBACK` or `ABORT`.
    Rollback,
    /// `SET name TO value`, `RESET name`: kept by the front, and forwarded where PostgreSQL has it.
    Set {
        /// Lower-case name.
        name: String,
        /// Value; `None` resets.
        value: Option<String>,
        /// Text for PostgreSQL, where it has the setting.
        sql: Option<String>,
    },
    /// `SHOW name` of a setting that the front keeps.
    ShowSetting {
        /// Lower-case name.
        name: String,
    },
    /// `CANCEL pid`.
    Cancel {
        /// The session's process id.
        pid: i32,
    },
}

/// Several rows of VALUES at the end of an INSERT's text whose cells are `$1`, `$2` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterRows {
    /// Where `VALUES` begins in the text.
    pub at: usize,
    /// Cells of a row.
    pub width: usize,
}

/// A statement that Redshift, or this stand-in, refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// SQLSTATE.
    pub sqlstate: &'static str,
    /// The message; `not modelled: …` where the stand-in does not know rather than Redshift
    /// refuses.
    pub message: String,
}

/// What of a session decides about the meaning of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `enable_case_sensitive_identifier`.
    pub case_sensitive: bool,
    /// Whether the caller may see everything.
    pub superuser: bool,
    /// Whether STL and STV views are denied (Serverless).
    pub serverless: bool,
    /// Whether values that differ by trailing blanks alone are groups of their own.
    pub trailing_blanks_group: bool,
    /// Whether text columns compare letters whatever their case, where they say nothing else.
    pub case_insensitive: bool,
}
