//! What the connector asks the catalog.

use super::{
    ident::{Qualified, literal},
    statement::Statement,
};

/// The schema that unqualified names fall into.
pub fn current_schema() -> Statement {
    Statement::fixed("SELECT current_schema()")
}

/// Whether names keep their case in this session (`on` or `off`).
pub fn case_sensitive_identifiers() -> Statement {
    Statement::fixed("SHOW enable_case_sensitive_identifier")
}

/// The database's own settings, its isolation level among them: `concurrency_model=1` is SNAPSHOT,
/// `concurrency_model=2` SERIALIZABLE. The view that names the level is closed on Serverless.
pub fn isolation_level() -> Statement {
    Statement::fixed("SELECT datconfig FROM pg_database_info WHERE datname = current_database()")
}

/// Columns of a table, in order; no rows when there is no such table. Widths are in bytes.
///
/// Columns: column_name, is_nullable, column_default, data_type, character_maximum_length,
/// numeric_precision, numeric_scale.
pub fn describe_table(table: &Qualified) -> Statement {
    Statement::new(format!(
        "SELECT column_name, is_nullable, column_default, data_type, character_maximum_length, \
         numeric_precision, numeric_scale FROM svv_all_columns WHERE database_name = \
         current_database() AND schema_name = {} AND table_name = {} ORDER BY ordinal_position",
        literal(&table.schema),
        literal(&table.table),
    ))
}

/// What the database's text columns compare like that say nothing else: `case_sensitive` or
/// `case_insensitive`.
pub fn database_collation() -> Statement {
    Statement::fixed("SELECT db_collation()")
}

/// Columns of a table with all that there is to know about them, [`COLLATION_COLUMNS`] among it,
/// which no view tells.
pub fn show_columns(table: &Qualified) -> Statement {
    Statement::new(format!("SHOW COLUMNS FROM TABLE {table}"))
}

/// The columns of [`show_columns`]' answer that tell what a column compares like: its name, and
/// `case_sensitive`, `case_insensitive` or `default`.
pub const COLLATION_COLUMNS: [&str; 2] = ["column_name", "collation"];

/// The user's sessions whose latest query of the last day carries this label: a lost session that
/// may still hold its locks, but not one whose process id has gone to somebody else since.
pub fn sessions_with_label(label: &str) -> Statement {
    Statement::new(format!(
        "SELECT session_id FROM sys_query_history WHERE TRIM(username) = current_user AND \
         start_time > DATEADD(day, -1, GETDATE()) GROUP BY session_id HAVING MAX(start_time) = \
         MAX(CASE WHEN TRIM(query_label) = {} THEN start_time END)",
        literal(label),
    ))
}

/// The same for a writer of a sink, where [`WritersBefore`] says whose sessions.
pub fn sessions_of_writers_before(whose: &WritersBefore<'_>) -> Statement {
    Statement::new(format!(
        "SELECT session_id FROM sys_query_history WHERE TRIM(username) = current_user AND \
         start_time > DATEADD(day, -1, GETDATE()) GROUP BY session_id HAVING MAX(start_time) = \
         MAX(CASE WHEN {} THEN start_time END)",
        whose.condition(),
    ))
}

/// The label of an attempt that [`WritersBefore`] names and that began after `own`, in the last day:
/// then `own` is the one before. By the server's clock, since those of writers differ; an attempt of
/// which the view tells nothing yet has just begun.
pub fn later_writer(own: &str, whose: &WritersBefore<'_>) -> Statement {
    let lately = "TRIM(username) = current_user AND start_time > DATEADD(day, -1, GETDATE())";
    Statement::new(format!(
        "SELECT TRIM(query_label) FROM sys_query_history WHERE {lately} AND {} \
         GROUP BY TRIM(query_label) HAVING MIN(start_time) > (SELECT MIN(start_time) FROM \
         sys_query_history WHERE {lately} AND TRIM(query_label) = {}) LIMIT 1",
        whose.condition(),
        literal(own),
    ))
}

/// The attempts at one writer of a sink, and the sink's other writers (whose labels begin alike) as
/// far as they are not its peers (whose labels end alike): those before the sink was rescaled.
#[derive(Debug, Clone, Copy)]
pub struct WritersBefore<'a> {
    /// What the labels of all the sink's writers begin with.
    pub all: &'a str,
    /// What the labels of this writer's attempts end with.
    pub writer: &'a str,
    /// What the labels of its peers end with, and its own.
    pub peers: &'a str,
}

impl WritersBefore<'_> {
    fn condition(&self) -> String {
        format!(
            "LEFT(query_label, {}) = {} AND (RIGHT(TRIM(query_label), {}) = {} OR \
             RIGHT(TRIM(query_label), {}) <> {})",
            self.all.chars().count(),
            literal(self.all),
            self.writer.chars().count(),
            literal(self.writer),
            self.peers.chars().count(),
            literal(self.peers),
        )
    }
}

/// What the last failed load of a session says, at most so many errors of it: file, line, column,
/// code, reason.
pub fn load_errors(pid: i32, most: u32) -> Statement {
    Statement::new(format!(
        "SELECT TRIM(file_name), line_number, TRIM(column_name), error_code, \
         TRIM(error_message), query_id FROM sys_load_error_detail WHERE session_id = {pid} \
         ORDER BY start_time DESC LIMIT {most}"
    ))
}
