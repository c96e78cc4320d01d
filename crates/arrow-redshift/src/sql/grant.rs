//! What a user has to be granted, as text for whoever grants it. None of it is ever sent.

use super::ident::{Qualified, identifier};

const REWRITE: &str = "SELECT, INSERT, UPDATE, DELETE";
const RECORD: &str = "SELECT, INSERT, DELETE";

/// What a load needs on its target: by key it also reads and takes away.
pub fn grant_on_target(target: &Qualified, keyed: bool, user: &str) -> String {
    on_table(target, if keyed { REWRITE } else { "INSERT" }, user)
}

/// What a load needs on its ledger, once it is there.
pub fn grant_on_ledger(ledger: &Qualified, user: &str) -> String {
    on_table(ledger, RECORD, user)
}

/// What a load that rewrites its target needs on that and on its ledger beside it.
pub fn grant_on_both(target: &Qualified, ledger: &Qualified, user: &str) -> String {
    let records = on_table_alone(ledger, RECORD, user);
    format!("{}; {records}", on_table(target, REWRITE, user))
}

/// What altering a table needs: it is its owner's to alter.
pub fn grant_ownership(table: &Qualified, user: &str) -> String {
    format!("ALTER TABLE {table} OWNER TO {}", identifier(user))
}

fn on_table(table: &Qualified, rights: &str, user: &str) -> String {
    let schema = identifier(&table.schema);
    let rights = on_table_alone(table, rights, user);
    format!("GRANT USAGE ON SCHEMA {schema} TO {}; {rights}", identifier(user))
}

fn on_table_alone(table: &Qualified, rights: &str, user: &str) -> String {
    format!("GRANT {rights} ON {table} TO {}", identifier(user))
}

/// What creating a table needs.
pub fn grant_on_schema(schema: &str, user: &str) -> String {
    format!("GRANT USAGE, CREATE ON SCHEMA {} TO {}", identifier(schema), identifier(user))
}

/// What a staging table needs, which everybody has unless it was taken away.
pub fn grant_temporary(database: &str, user: &str) -> String {
    format!("GRANT TEMP ON DATABASE {} TO {}", identifier(database), identifier(user))
}
