//! Statement text, and nothing else: no connection, no S3, no decision about when to send what.

mod apply;
mod copy;
mod ddl;
mod discover;
mod duplicates;
mod grant;
mod ident;
mod insert;
mod layout;
mod ledger;
mod merge;
mod statement;

pub use apply::{
    Applying, apply_changes, apply_folded, clear_stage, drop_stage, insert_staged, lock, overwrite,
};
pub use copy::{CopyInto, FileFormat, copy};
pub use ddl::{
    NewColumn, add_column, comment_on_column, comment_on_table, create_stage, create_table,
    drop_table, resize_column,
};
pub use discover::{
    COLLATION_COLUMNS, WritersBefore, case_sensitive_identifiers, current_schema,
    database_collation, describe_table, isolation_level, later_writer, load_errors,
    sessions_of_writers_before, sessions_with_label, show_columns,
};
pub use duplicates::{clean_duplicates, count_duplicates};
pub use grant::{
    grant_on_both, grant_on_ledger, grant_on_schema, grant_on_target, grant_ownership,
    grant_temporary,
};
pub use ident::{Qualified, identifier, literal};
pub use insert::{InsertRows, insert_nothing};
pub use layout::{Conversion, Layout, LoadColumn, StageColumns};
pub use ledger::{
    LEDGER_COLUMNS, LEDGER_JOB_BYTES, LEDGER_VERSION, Ledger, LedgerRow, aside_id, aside_name,
};
pub use merge::merge;
pub use statement::{
    BACKEND_PID, BEGIN, COMMIT, COPY_COUNT, ROLLBACK, Statement, set_query_group,
    set_statement_timeout, terminate_session,
};
