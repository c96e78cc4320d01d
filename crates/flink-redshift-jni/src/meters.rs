//! What a writer counts, for Flink's metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// The figures of one writer, in the order in which Java reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Meter {
    /// Rows that were pushed.
    Rows,
    /// Bytes that were pushed.
    Bytes,
    /// Parts that are closed on S3.
    StagedFiles,
    /// Bytes of all parts.
    StagedBytes,
    /// Milliseconds that the last batch took to be written.
    LastSend,
    /// Bytes that were staged since the last close, or wait for their timed commit.
    Uncommitted,
    /// When the oldest row came that neither a close nor a timed commit has covered, in
    /// milliseconds since 1970; zero where there is none.
    OldestRow,
    /// Tries of timed commits and of flushes that failed and were settled.
    Retries,
    /// Rows that timed commits or flushes loaded.
    RowsLoaded,
    /// Milliseconds in COPY, of the last timed commit.
    CopyTime,
    /// Milliseconds of waiting for locks, of the last timed commit; of waiting for a turn, as the
    /// mean of the flushes since the last look.
    LockTime,
    /// Milliseconds in COMMIT, of the last timed commit; of whole flushes, as such a mean.
    CommitTime,
    /// Rows that were set aside.
    DeadLetters,
    /// Texts that were cut and values that became NULL.
    ChangedValues,
    /// Milliseconds of waiting until one more session was allowed, of the last timed commit.
    ConnectionTime,
    /// Transactions of flushes that were committed.
    Flushes,
    /// Keys that had more than one row in the target when timed commits changed them.
    DuplicateKeys,
}

/// How many there are.
pub(crate) const COUNT: usize = Meter::DuplicateKeys as usize + 1;

/// All figures of one writer; read and written from any thread.
#[derive(Debug, Default)]
pub(crate) struct Meters([AtomicU64; COUNT]);

impl Meters {
    pub fn add(&self, meter: Meter, more: u64) {
        self.0[meter as usize].fetch_add(more, Ordering::Relaxed);
    }

    pub fn set(&self, meter: Meter, value: u64) {
        self.0[meter as usize].store(value, Ordering::Relaxed);
    }

    /// All figures, as Java's numbers.
    pub fn read(&self) -> [i64; COUNT] {
        std::array::from_fn(|at| {
            i64::try_from(self.0[at].load(Ordering::Relaxed)).unwrap_or(i64::MAX)
        })
    }
}
