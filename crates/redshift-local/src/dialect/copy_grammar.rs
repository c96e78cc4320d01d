//! The grammar of `COPY … FROM 's3://…'`, and which parameters go with which format.

mod authorization;
mod format;
mod lexer;
mod parameters;
mod statement;

pub use statement::parse_copy;

use super::action::Refusal;

/// A statement that is wrong in itself.
fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("42601", message)
}
