//! What the stand-in adds to a PostgreSQL database so that it can answer as Redshift.
//!
//! Everything lives in the schema `redshift_sys`, which clients cannot name: the type
//! `redshift_sys."varchar"`, functions, the procedures behind CREATE and ALTER TABLE, the tables in
//! which the server records what it saw, and the catalog views.
//!
//! **Storage.** `VARCHAR(n)` is `redshift_sys."varchar"(n)`: the bytes of text, width in bytes,
//! comparisons that ignore trailing blanks. Its PostgreSQL typmod is already Redshift's (n + 4), so
//! a result's column needs only its type OID mapped: [`VARCHAR_OID`] asks for ours, which stands
//! for 1043. `CHAR(n)` is `bpchar(n)`, `VARBYTE(n)` and `SUPER` are types of ours that
//! hold hexadecimal digits and JSON text, everything else is PostgreSQL's own type.
//!
//! **Constraints** that PostgreSQL enforces for Redshift are CHECKs whose names begin with
//! [`MULTIBYTE_CHECK`], [`VARBYTE_CHECK`] or [`DECIMAL_CHECK`]; a breach (23514) is to be told in Redshift's words.

/// SQL that a superuser runs once in each new database.
pub const BOOTSTRAP: &str = concat!(
    include_str!("varchar.sql"),
    include_str!("semi.sql"),
    include_str!("functions.sql"),
    include_str!("backing.sql"),
    include_str!("define.sql"),
    include_str!("views.sql"),
    include_str!("shows.sql"),
    include_str!("history.sql"),
);

/// The type OID of VARCHAR columns and expressions in this database; clients know it as 1043.
pub const VARCHAR_OID: &str = r#"SELECT 'redshift_sys."varchar"'::regtype::oid"#;

/// The type OIDs of VARBYTE and SUPER in this database; clients know them as 6551 and 4000.
pub const SEMI_OIDS: &str =
    "SELECT 'redshift_sys.varbyte'::regtype::oid, 'redshift_sys.super'::regtype::oid";

/// How the names of CHECKs begin that keep a VARBYTE to hexadecimal digits in pairs.
pub const VARBYTE_CHECK: &str = "redshift_varbyte_";

/// How the names of CHECKs begin that keep multi-byte characters out of CHAR columns.
pub const MULTIBYTE_CHECK: &str = "redshift_multibyte_";

/// How the names of CHECKs begin that bound `DECIMAL(19, s)` to 64 bits.
pub const DECIMAL_CHECK: &str = "redshift_decimal_";

/// The ParameterStatus `show_discovery` by which Amazon's drivers know that SHOW lists databases,
/// schemas, tables and columns, and takes parameters. Without it they fall back to queries of
/// `pg_class` and its like, which are not modelled.
pub const SHOW_DISCOVERY: (&str, &str) = ("show_discovery", "4");

/// Adds a user: name (text), whether a superuser (boolean).
pub const INSERT_USER: &str = "INSERT INTO redshift_sys.users (name, superuser) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET superuser = excluded.superuser";

/// Sets the isolation level that the views show: `Snapshot Isolation` or `Serializable` (text).
pub const SET_ISOLATION: &str = "INSERT INTO redshift_sys.settings (name, value) \
     VALUES ('isolation', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// Sets what the database's text compares like: `case_sensitive` or `case_insensitive` (text).
pub const SET_COLLATION: &str = "INSERT INTO redshift_sys.settings (name, value) \
     VALUES ('collation', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// Notes a session's start: process id (int4), user, application name, driver version, operating
/// system (text).
pub const INSERT_SESSION: &str = "INSERT INTO redshift_sys.sessions (session_id, user_name, \
     start_time, application_name, driver_version, os_version) \
     VALUES ($1, $2, now()::timestamp, $3, $4, $5)";

/// Notes a session's end: process id (int4).
pub const END_SESSION: &str = "UPDATE redshift_sys.sessions SET end_time = now()::timestamp \
     WHERE session_id = $1 AND end_time IS NULL";

/// Notes a statement as running: user (text), query id (int8), query group (text), transaction id
/// (int8), process id (int4), type (text: SELECT, INSERT, UPDATE, COPY, COMMAND, DDL, UTILITY,
/// CTAS, OTHER), statement text with secrets masked (text).
pub const INSERT_QUERY_HISTORY: &str = "INSERT INTO redshift_sys.query_history (user_name, \
     query_id, query_label, transaction_id, session_id, query_type, status, start_time, \
     query_text) VALUES ($1, $2, $3, $4, $5, $6, 'running', clock_timestamp()::timestamp, $7)";

/// Notes a statement's end: query id (int8), status (text: success, failed, canceled), error
/// message (text or NULL), rows returned (int8 or NULL).
pub const END_QUERY_HISTORY: &str = "UPDATE redshift_sys.query_history SET status = $2, \
     end_time = clock_timestamp()::timestamp, error_message = $3, returned_rows = $4 \
     WHERE query_id = $1";

/// Notes a COPY: user (text), query id, transaction id (int8), process id (int4), status (text:
/// completed, aborted), table (text), start (timestamp), address after FROM, format (text), rows
/// and bytes loaded (int8), files (int4) and their bytes (int8), files scanned (int4) and their
/// bytes (int8), errors (int8).
pub const INSERT_LOAD_HISTORY: &str = "INSERT INTO redshift_sys.load_history VALUES ($1, $2, $3, \
     $4, $5, $6, $7, clock_timestamp()::timestamp, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

/// Notes one file of a COPY: user (text), query id (int8), address (text), bytes, lines, errors
/// (int8), format (text).
pub const INSERT_LOAD_FILE: &str = "INSERT INTO redshift_sys.load_files VALUES ($1, $2, $3, $4, \
     $5, $6, $7, clock_timestamp()::timestamp)";

/// Notes a load error: user (text), query id, transaction id (int8), process id, table oid (int4),
/// start (timestamp), file (text), line (int8), column, type, length (text), position (int4), raw
/// line, raw field (text), code (int4), message (text), start offset (int8).
pub const INSERT_LOAD_ERROR: &str = "INSERT INTO redshift_sys.load_errors VALUES ($1, $2, $3, $4, \
     $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

/// The columns of a COPY's target in order, on the client's own connection: parameter the table
/// (text, quoted, as a `regclass` reads it). Gives name, type (`character varying`, `numeric`, …),
/// typmod, not null, whether there is a default (or an IDENTITY that takes values and makes up those
/// that are left out), whether it is an IDENTITY that refuses values, the table's oid.
pub const TARGET_COLUMNS: &str = "SELECT attname::text, type::text, atttypmod, attnotnull, \
     (column_default IS NOT NULL AND NOT is_identity) OR identity_by_default, \
     is_identity AND NOT identity_by_default, oid FROM redshift_sys.shown_columns \
     WHERE oid = $1::text::regclass ORDER BY attnum";

/// Removes what is recorded of tables that are gone; for an administrator's connection at start.
pub const SWEEP: &str = "DELETE FROM redshift_sys.table_attributes t WHERE NOT EXISTS \
     (SELECT 1 FROM pg_class c WHERE c.oid = t.table_oid); \
     DELETE FROM redshift_sys.column_attributes t WHERE NOT EXISTS \
     (SELECT 1 FROM pg_class c WHERE c.oid = t.table_oid); \
     DELETE FROM redshift_sys.table_keys t WHERE NOT EXISTS \
     (SELECT 1 FROM pg_class c WHERE c.oid = t.table_oid); \
     UPDATE redshift_sys.sessions SET end_time = now()::timestamp WHERE end_time IS NULL";

/// The last query id that any record names, of this start or an earlier one over the same data: new
/// ones go on from there, since all records are found by it. Gives an int8.
pub const LAST_QUERY_ID: &str = "SELECT COALESCE(MAX(query_id), 0) FROM \
     (SELECT query_id FROM redshift_sys.query_history \
     UNION ALL SELECT query_id FROM redshift_sys.load_history \
     UNION ALL SELECT query_id FROM redshift_sys.load_files \
     UNION ALL SELECT query_id FROM redshift_sys.load_errors) AS recorded";

/// What the client's own session runs after a COPY, so that `pg_last_copy_count()` and
/// `pg_last_copy_id()` tell of it; inside a transaction it goes with a rollback, as there.
pub fn note_copy(rows: u64, query_id: i64) -> String {
    format!("SET redshift.last_copy_count = '{rows}'; SET redshift.last_copy_id = '{query_id}'")
}

/// What the client's own session runs so that `pg_last_query_id()` tells of a statement.
pub fn note_query(query_id: i64) -> String {
    format!("SET redshift.last_query_id = '{query_id}'")
}

/// A message of PostgreSQL's with Redshift's names in it: no schema of ours, and VARCHAR as
/// `character varying`.
pub fn redshift_words(message: &str) -> String {
    message
        .replace("redshift_sys.\"varchar\"", "character varying")
        .replace("redshift_sys.varbyte", "binary varying")
        .replace("redshift_sys.", "")
        .replace("redshift_front.", "")
        .replace("pg_catalog.", "")
}

#[cfg(test)]
mod tests {
    #[test]
    fn messages_name_nothing_of_ours() {
        assert_eq!(
            super::redshift_words(
                "function redshift_sys.sum(redshift_sys.\"varchar\") is not there"
            ),
            "function sum(character varying) is not there"
        );
    }
}
