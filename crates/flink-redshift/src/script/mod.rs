//! A script's text becomes statements with line numbers, and nothing is known here of what they
//! name: tables, types of connectors and functions are checked by the plan.

mod create_table;
mod cursor;
mod dialect;
mod problem;
mod split;
mod statement;

pub use create_table::{CreateTable, DeclaredColumn};
pub use dialect::FlinkDialect;
pub use problem::{Problem, ScriptError};
pub use statement::{CreateView, DropTable, Insert, Setting, Statement, StatementKind};

/// Reads a script: all its statements, or everything that is wrong with their form.
pub fn read(text: &str) -> (Vec<Statement>, Vec<Problem>) {
    let mut statements = Vec::new();
    let mut problems = Vec::new();
    let parts = match split::split(text) {
        Ok(parts) => parts,
        Err(problem) => return (statements, vec![problem]),
    };
    for part in &parts {
        match Statement::parse(part) {
            Ok(statement) => statements.push(statement),
            Err(found) => problems.extend(found),
        }
    }
    (statements, problems)
}
