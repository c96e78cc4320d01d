//! The table of handles: what Java holds are keys into it, and a stale one is an error.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arrow_redshift::{Error, ErrorKind, Result};

use crate::{committer::CommitterHandle, writer::WriterHandle};

/// What a handle stands for.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Writer(Arc<WriterHandle>),
    Committer(Arc<CommitterHandle>),
}

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<i64, Entry>,
    /// The last handle that was given; none is given twice.
    last: i64,
}

static TABLE: Mutex<Option<Table>> = Mutex::new(None);

fn table() -> MutexGuard<'static, Option<Table>> {
    // Each change of the table is one insertion or removal, so a panic leaves it whole.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps an entry and gives its handle, which is never zero.
pub(crate) fn insert(entry: Entry) -> i64 {
    let mut table = table();
    let table = table.get_or_insert_default();
    table.last += 1;
    table.entries.insert(table.last, entry);
    table.last
}

/// The entry of a handle; `None` where it was closed.
pub(crate) fn find(handle: i64) -> Result<Option<Entry>> {
    let table = table();
    let Some(table) = table.as_ref() else { return Err(unknown(handle)) };
    match table.entries.get(&handle) {
        Some(entry) => Ok(Some(entry.clone())),
        None if (1..=table.last).contains(&handle) => Ok(None),
        None => Err(unknown(handle)),
    }
}

/// The writer of a handle.
pub(crate) fn writer(handle: i64) -> Result<Arc<WriterHandle>> {
    match find(handle)? {
        Some(Entry::Writer(writer)) => Ok(writer),
        found => Err(wrong(handle, "a writer", found.as_ref())),
    }
}

/// The committer of a handle.
pub(crate) fn committer(handle: i64) -> Result<Arc<CommitterHandle>> {
    match find(handle)? {
        Some(Entry::Committer(committer)) => Ok(committer),
        found => Err(wrong(handle, "a committer", found.as_ref())),
    }
}

/// Takes an entry out of the table, for the one that closes it; `None` where another one did.
pub(crate) fn remove(handle: i64) -> Result<Option<Entry>> {
    find(handle)?;
    Ok(table().as_mut().and_then(|table| table.entries.remove(&handle)))
}

/// How many handles are open.
pub(crate) fn open() -> usize {
    table().as_ref().map_or(0, |table| table.entries.len())
}

fn unknown(handle: i64) -> Error {
    Error::new(ErrorKind::Internal, format!("handle {handle} was never given"))
}

fn wrong(handle: i64, wanted: &str, found: Option<&Entry>) -> Error {
    let found = match found {
        None => "closed",
        Some(Entry::Writer(_)) => "a writer's",
        Some(Entry::Committer(_)) => "a committer's",
    };
    Error::new(ErrorKind::Internal, format!("handle {handle} of {wanted} is {found}"))
}
