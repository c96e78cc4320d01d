//! What a client is told when something fails, and PostgreSQL's errors put as Redshift puts them.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};

use super::frame::take_text;
use crate::dialect::action::Refusal;

/// What to do about a refusal of the stand-in's own.
const NOT_MODELLED: &str = "The local stand-in refuses what it does not know, and Redshift may know \
                            it: say it another way here, or try it on a real cluster.";

/// An error or notice as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// ERROR, FATAL, or a notice's severity.
    pub(crate) severity: &'static str,
    /// SQLSTATE.
    pub(crate) sqlstate: String,
    /// Message.
    pub(crate) message: String,
    /// Detail.
    pub(crate) detail: Option<String>,
}

/// Why a client's request was not carried out.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It failed; the session goes on.
    Failed(Box<Failure>),
    /// The session ends after telling the client.
    Fatal(Box<Failure>),
    /// The session ends without a word: a connection is gone, or a fault took it.
    Gone,
}

/// The result of a step of a session.
pub(crate) type Step<T> = Result<T, Stop>;

impl Failure {
    /// An ERROR.
    pub(crate) fn new(sqlstate: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure {
            severity: "ERROR",
            sqlstate: sqlstate.into(),
            message: message.into(),
            detail: None,
        }
    }

    /// The same with a detail.
    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Failure {
        self.detail = Some(detail.into());
        self
    }

    /// The same with another severity.
    pub(crate) fn with_severity(mut self, severity: &'static str) -> Failure {
        self.severity = severity;
        self
    }

    /// A transaction that was refused because of others: Redshift's error 1023.
    pub(crate) fn conflict(table: u32, xids: &[u64], pid: i32) -> Failure {
        let xids: Vec<String> = xids.iter().map(u64::to_string).collect();
        Failure::new("XX000", "1023").with_detail(format!(
            "Serializable isolation violation on table - {table}, transactions forming the cycle \
             are: {} (pid:{pid})",
            xids.join(", ")
        ))
    }

    /// A statement that was cancelled, by request or by `statement_timeout`.
    pub(crate) fn cancelled(query: i64) -> Failure {
        Failure::new("57014", format!("Query ({query}) cancelled on user's request"))
    }

    /// A statement in a transaction that an earlier error has ended.
    pub(crate) fn aborted() -> Failure {
        Failure::new(
            "25P02",
            "current transaction is aborted, commands ignored until end of transaction block",
        )
    }

    /// A statement that may not run in a transaction block.
    pub(crate) fn in_block(command: &str) -> Failure {
        Failure::new("25001", format!("{command} cannot run inside a transaction block"))
    }

    /// The body of an ErrorResponse or NoticeResponse.
    pub(crate) fn body(&self) -> BytesMut {
        let mut body = BytesMut::new();
        let mut field = |kind: u8, text: &str| {
            body.put_u8(kind);
            body.put_slice(text.replace('\0', "").as_bytes());
            body.put_u8(0);
        };
        field(b'S', self.severity);
        field(b'C', &self.sqlstate);
        field(b'M', &self.message);
        if let Some(detail) = &self.detail {
            field(b'D', detail);
        }
        if self.message.starts_with("not modelled: ") {
            field(b'H', NOT_MODELLED);
        }
        body.put_u8(0);
        body
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        match failure.severity {
            "FATAL" | "PANIC" => Stop::Fatal(Box::new(failure)),
            _ => Stop::Failed(Box::new(failure)),
        }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Failure::new(refusal.sqlstate, refusal.message).into()
    }
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Stop {
        Stop::Gone
    }
}

/// PostgreSQL's own words for an error or notice, with the fields that it alone has.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    severity: String,
    sqlstate: String,
    message: String,
    detail: Option<String>,
    constraint: String,
    column: String,
}

impl Raw {
    /// Reads the body of an ErrorResponse or NoticeResponse.
    pub(crate) fn parse(mut body: Bytes) -> io::Result<Raw> {
        let mut raw = Raw::default();
        while let Some(kind) = body.first().copied().filter(|kind| *kind != 0) {
            let _ = body.split_to(1);
            let text = take_text(&mut body)?;
            match kind {
                b'S' => raw.severity = text,
                b'C' => raw.sqlstate = text,
                b'M' => raw.message = text,
                b'D' => raw.detail = Some(text),
                b'n' => raw.constraint = text,
                b'c' => raw.column = text,
                _ => {}
            }
        }
        Ok(raw)
    }

    /// The error as Redshift would put it. Positions, hints, contexts and source places belong to
    /// the rewritten statement and to PostgreSQL; details of class 23 hold a row's values.
    pub(crate) fn translate(self) -> Failure {
        let severity = match self.severity.as_str() {
            "FATAL" | "PANIC" => "FATAL",
            "WARNING" => "WARNING",
            "NOTICE" => "NOTICE",
            "INFO" => "INFO",
            "LOG" | "DEBUG" => "LOG",
            _ => "ERROR",
        };
        let (sqlstate, message) = self.translated();
        let detail = self.detail.filter(|_| matches!(self.sqlstate.as_str(), "40P01" | "2BP01"));
        let message = crate::catalog::redshift_words(&message);
        Failure { severity, sqlstate, message, detail }
    }

    /// A notice as Redshift would put it: what is there (or not) already is told as INFO.
    pub(crate) fn translate_notice(self) -> Failure {
        let skipping = self.message.ends_with(", skipping");
        let message = skipped(&self.message);
        let notice = Failure { message, detail: None, ..self.translate() };
        if skipping { notice.with_severity("INFO") } else { notice }
    }

    fn translated(&self) -> (String, String) {
        let same = || (self.sqlstate.clone(), self.message.clone());
        match self.sqlstate.as_str() {
            "23514" => broken_check(&self.constraint).unwrap_or_else(same),
            "25006" => ("25006".into(), "transaction is read-only".into()),
            "23502" => {
                ("23502".into(), format!("Cannot insert a NULL value into column {}", self.column))
            }
            "23505" => ("XX000".into(), "a system table holds this entry already".into()),
            "42P07" => ("42P07".into(), already_exists(&self.message)),
            "21000" if self.message.starts_with("MERGE command") => {
                ("XX000".into(), "Found multiple matches to update the same tuple.".into())
            }
            "55P04" | "XX001" | "XX002" => ("XX000".into(), self.message.clone()),
            _ => same(),
        }
    }
}

/// `relation "t" already exists` begins with a capital in Redshift.
fn already_exists(message: &str) -> String {
    match message.strip_prefix("relation ") {
        Some(rest) => format!("Relation {rest}"),
        None => message.to_owned(),
    }
}

/// PostgreSQL's notices about things that are or are not there, in Redshift's words.
fn skipped(message: &str) -> String {
    let Some(rest) = message.strip_suffix(", skipping") else { return message.to_owned() };
    let mut rest = rest.to_owned();
    if let Some(first) = rest.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{rest} and will be skipped")
}

/// What Redshift says where PostgreSQL finds one of the catalog's checks broken.
fn broken_check(constraint: &str) -> Option<(String, String)> {
    let said = |sqlstate: &str, message: &str| Some((sqlstate.to_owned(), message.to_owned()));
    if constraint.starts_with(crate::catalog::MULTIBYTE_CHECK) {
        let text = "Multibyte character not supported for CHAR (Hint: Try using VARCHAR).";
        return said("XX000", text);
    }
    if constraint.starts_with(crate::catalog::VARBYTE_CHECK) {
        return said("XX000", "invalid hexadecimal digits in a VARBYTE");
    }
    if constraint.starts_with(crate::catalog::DECIMAL_CHECK) {
        return said("22003", "numeric field overflow");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn what_is_not_modelled_says_who_refuses_it() {
        let told = |message: &str| {
            let body = Failure::new("0A000", message).body();
            String::from_utf8_lossy(&body).contains("\0HThe local stand-in refuses")
        };
        assert!(told("not modelled: relation pg_class"));
        assert!(!told("relation \"t\" does not exist"));
    }
}
