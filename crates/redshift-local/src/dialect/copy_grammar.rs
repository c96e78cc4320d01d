//! The grammar of `COPY … FROM 's3://…'`, and which parameters go with which format.

mod authorization;
mod format;
mod lexer;
mod parameters;
mod statement;

pub use statement::parse_copy;

use super::action::Refusal;

/// A syntax error near `found`.
fn syntax(found: &str) -> Refusal {
    Refusal { sqlstate: "42601", message: format!("syntax error at or near \"{found}\"") }
}

/// A statement that is wrong in itself.
fn invalid(message: impl Into<String>) -> Refusal {
    Refusal { sqlstate: "42601", message: message.into() }
}

/// What Redshift refuses as not supported.
fn unsupported(message: impl Into<String>) -> Refusal {
    Refusal { sqlstate: "0A000", message: message.into() }
}

/// What this stand-in does not know.
fn not_modelled(what: impl std::fmt::Display) -> Refusal {
    unsupported(format!("not modelled: {what}"))
}
