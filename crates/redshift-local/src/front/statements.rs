//! The log of every statement that clients sent, for tests and golden files.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::mask::masked;

/// So many bytes of texts and shapes are kept; the oldest statements go first.
const KEPT: usize = 64 << 20;

/// So many bytes of a statement's text are kept.
const TEXT: usize = 16 * 1024;

/// A statement that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRecord {
    /// The session's process id.
    pub pid: i32,
    /// The session's user.
    pub user: String,
    /// The session's `application_name`.
    pub application_name: String,
    /// The session's `query_group`; empty when unset.
    pub query_group: String,
    /// The message's text with secrets masked, cut after 16 KiB. Several statements of one message
    /// share it.
    pub text: String,
    /// The statement's shape: literals as `?`. Empty where the gate refused the text.
    pub shape: String,
    /// Whether it came through the extended protocol.
    pub prepared: bool,
}

/// The log. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Statements(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    records: VecDeque<StatementRecord>,
    bytes: usize,
}

impl Statements {
    /// All statements since the start or the last [`Statements::clear`], in order of arrival.
    pub fn all(&self) -> Vec<StatementRecord> {
        self.lock().records.iter().cloned().collect()
    }

    /// Forgets all statements.
    pub fn clear(&self) {
        *self.lock() = Log::default();
    }

    /// Adds a statement; masks and cuts its text.
    pub(crate) fn add(&self, mut record: StatementRecord) {
        record.text = kept_text(&record.text);
        let size = |record: &StatementRecord| record.text.len() + record.shape.len();
        let mut log = self.lock();
        log.bytes += size(&record);
        log.records.push_back(record);
        while log.bytes > KEPT
            && let Some(oldest) = log.records.pop_front()
        {
            log.bytes -= size(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A text as logs keep it: secrets masked, its end cut off.
pub(crate) fn kept_text(text: &str) -> String {
    // Cut first: an INSERT of thousands of rows is long. A literal that the cut leaves open is masked
    // to its end.
    let mut text = masked(&text[..text.floor_char_boundary(TEXT)]);
    text.truncate(text.floor_char_boundary(TEXT));
    text
}
