//! One statement to send, and how it may be shown.

use std::{fmt, sync::Arc, time::Duration};

use super::ident::literal;

/// One statement: what is sent, and what a log or an error may show of it.
#[derive(Clone)]
pub struct Statement {
    text: Text,
    /// Set only where the text holds a secret.
    shown: Option<String>,
}

/// Clones share it: an INSERT of thousands of rows is long, and comes again and again.
#[derive(Clone)]
enum Text {
    Fixed(&'static str),
    Shared(Arc<str>),
}

impl Statement {
    /// A statement without secrets.
    pub fn new(text: impl Into<String>) -> Self {
        Statement { text: Text::Shared(text.into().into()), shown: None }
    }

    /// A statement that never changes.
    pub const fn fixed(text: &'static str) -> Self {
        Statement { text: Text::Fixed(text), shown: None }
    }

    /// A statement that holds a secret, and the form without it.
    pub fn with_secret(text: String, shown: String) -> Self {
        Statement { text: Text::Shared(text.into()), shown: Some(shown) }
    }

    /// The text as it is sent.
    pub fn text(&self) -> &str {
        match &self.text {
            Text::Fixed(text) => text,
            Text::Shared(text) => text,
        }
    }

    /// The first words, for an error's context.
    pub fn verb(&self) -> &str {
        let shown = self.shown.as_deref().unwrap_or_else(|| self.text());
        let end = shown.match_indices(' ').nth(1).map_or(shown.len(), |(at, _)| at);
        shown[..end].trim_end_matches(',')
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown.as_deref().unwrap_or_else(|| self.text()))
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Opens a transaction block; it takes no snapshot yet.
pub const BEGIN: Statement = Statement::fixed("BEGIN");
/// Ends a transaction block for good.
pub const COMMIT: Statement = Statement::fixed("COMMIT");
/// Undoes a transaction block.
pub const ROLLBACK: Statement = Statement::fixed("ROLLBACK");
/// Rows of the session's last COPY; the command tag is no witness.
pub const COPY_COUNT: Statement = Statement::fixed("SELECT pg_last_copy_count()");
/// The session's own process id, by which another session can end it.
pub const BACKEND_PID: Statement = Statement::fixed("SELECT pg_backend_pid()");

/// Labels the session's queries, for WLM and for whoever looks for them later.
pub fn set_query_group(label: &str) -> Statement {
    Statement::new(format!("SET query_group TO {}", literal(label)))
}

/// Limits every later statement of the session.
pub fn set_statement_timeout(timeout: Duration) -> Statement {
    Statement::new(format!("SET statement_timeout TO {}", timeout.as_millis()))
}

/// Ends another session of the same user.
pub fn terminate_session(pid: i32) -> Statement {
    Statement::new(format!("SELECT pg_terminate_backend({pid})"))
}
