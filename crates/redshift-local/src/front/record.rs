//! What is remembered of statements: the log for tests, and the system views.

use super::{
    failure::{Step, Stop},
    history::{Note, Statement},
    run::Done,
    session::Session,
    statements::{StatementRecord, kept_text},
};
use crate::dialect::action::Action;

impl Session {
    /// Lets the system views show the statement as running. What takes a snapshot is shown once it
    /// has a transaction id.
    pub(super) async fn announce(&mut self) {
        if let Some(mut statement) = self.unannounced.take() {
            statement.transaction = self.transaction_id();
            self.server.history.note(&self.database, Note::Began(statement)).await;
        }
    }

    /// The transaction's id for the system views; 0 where it has none.
    pub(super) fn transaction_id(&self) -> i64 {
        i64::try_from(self.transaction.xid.unwrap_or_default()).unwrap_or_default()
    }

    /// Adds a statement to the log.
    pub(super) fn log(&self, text: &str, shape: &str, prepared: bool) {
        let info = self.who.entry.info().clone();
        self.server.statements.add(StatementRecord {
            pid: info.pid,
            user: info.user,
            application_name: info.application_name,
            query_group: info.query_group,
            text: text.to_owned(),
            shape: shape.to_owned(),
            prepared,
        });
    }

    /// The present statement as the system views show it.
    pub(super) fn statement_note(&self, action: &Action, text: &str) -> Statement {
        Statement {
            user: self.who.user.name.clone(),
            query: self.query,
            label: self.settings.query_group().to_owned(),
            transaction: self.transaction_id(),
            pid: self.backend.pid,
            kind: kind(action, text),
            text: kept_text(text).replace('\0', ""),
        }
    }

    /// Lets the system views show how the statement ended.
    pub(super) async fn note_end(&self, result: &Step<Done>) {
        let (status, error, rows) = match result {
            Ok(done) => ("success", None, done.rows),
            Err(Stop::Failed(failure) | Stop::Fatal(failure)) => {
                let canceled = failure.sqlstate == "57014";
                let status = if canceled { "canceled" } else { "failed" };
                (status, Some(failure.message.clone()), None)
            }
            Err(Stop::Gone) => ("failed", Some("connection lost".to_owned()), None),
        };
        let note = Note::Ended { query: self.query, status, error, rows };
        self.server.history.note(&self.database, note).await;
    }
}

/// `query_type` of `sys_query_history`.
fn kind(action: &Action, text: &str) -> &'static str {
    match action {
        Action::Query { .. } => "SELECT",
        Action::Write { .. } => {
            let first = text.trim_start().get(..6).unwrap_or_default().to_ascii_uppercase();
            match first.as_str() {
                "INSERT" => "INSERT",
                "UPDATE" => "UPDATE",
                "DELETE" => "DELETE",
                _ => "OTHER",
            }
        }
        Action::Copy(_) => "COPY",
        Action::Define { .. } | Action::Truncate { .. } => "DDL",
        _ => "UTILITY",
    }
}
