//! Ways to say no.

use super::action::Refusal;

impl Refusal {
    /// Something that Redshift may well have, but the stand-in does not know.
    pub fn not_modelled(what: impl std::fmt::Display) -> Refusal {
        Refusal { sqlstate: "0A000", message: format!("not modelled: {what}") }
    }

    /// Something that Redshift itself does not support, in its words.
    pub fn unsupported(message: impl Into<String>) -> Refusal {
        Refusal { sqlstate: "0A000", message: message.into() }
    }

    /// A syntax error at a piece of the text.
    pub fn syntax(near: impl std::fmt::Display) -> Refusal {
        Refusal { sqlstate: "42601", message: format!("syntax error at or near \"{near}\"") }
    }

    /// A syntax error at the end of the text.
    pub fn end_of_input() -> Refusal {
        Refusal { sqlstate: "42601", message: "syntax error at end of input".into() }
    }

    /// A refusal with an SQLSTATE of its own.
    pub fn new(sqlstate: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { sqlstate, message: message.into() }
    }
}
