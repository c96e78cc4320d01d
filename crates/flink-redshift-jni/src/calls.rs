//! What Java's natives do, without a JVM: one function for each.
//!
//! Everything that fails does so with an [`Error`] that becomes an exception.

use std::{sync::Arc, time::Duration};

use arrow_redshift::{
    Error, ErrorKind, Result,
    sink::{CommitPoint, Committable, Staged, Subtask},
};

use crate::{
    committer::CommitterHandle,
    handles::{self, Entry},
    logs,
    plan::{Declaration, Plan},
    waiting::{Failure, patience},
    writer::{Post, WriterHandle},
};

/// A call's result; the error is shared, since a failure is thrown as often as it is asked for.
pub type Call<T> = std::result::Result<T, Failure>;

/// Java's number for the checkpoint behind the last one.
pub const END_OF_INPUT: i64 = i64::MAX;

/// The version of the library; the jar's must be the same.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Sets the level from which on the library's own events are kept for the log: `error`, `warn`,
/// `info`, `debug`, `trace` or `off`.
pub fn set_log_level(level: &str) -> Call<()> {
    if logs::set_level(level) {
        return Ok(());
    }
    let why = format!("there is no log level '{level}'");
    Err(Arc::new(Error::new(ErrorKind::Internal, why)))
}

/// Which operator of which job is meant, and the plan of its sink.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The plan's bytes.
    pub plan: &'a [u8],
    /// The operator's id, which makes the sink's name.
    pub operator: &'a str,
    /// The job's name, for whoever reads the ledger.
    pub job: &'a str,
}

/// Checks a declaration and gives the plan's bytes.
pub fn plan(declaration: Declaration) -> Call<Vec<u8>> {
    Ok(declaration.plan()?)
}

/// What Java has to know of a plan; see [`Plan::facts`].
pub fn facts(plan: &[u8]) -> Call<[i64; 10]> {
    Ok(Plan::from_bytes(plan)?.facts())
}

/// What may not have been meant, in sentences for the log.
pub fn warnings(plan: &[u8]) -> Call<Vec<String>> {
    Ok(Plan::from_bytes(plan)?.warnings)
}

/// Opens the writer of one subtask. `restored` is below zero where nothing was restored, and
/// `savepoints` says whether one may name what was staged after that.
pub fn open_writer(
    place: Place<'_>,
    subtask: i32,
    parallelism: i32,
    restored: i64,
    timed: bool,
    savepoints: bool,
) -> Call<i64> {
    let subtask = Subtask {
        index: number(subtask, "a subtask's index")?,
        parallelism: number(parallelism, "a parallelism")?,
        restored: u64::try_from(restored).ok(),
        savepoints,
    };
    let plan = Plan::from_bytes(place.plan)?;
    let post = Post { subtask, timed };
    let writer = WriterHandle::open(&plan, place.operator, place.job, post)?;
    Ok(handles::insert(Entry::Writer(Arc::new(writer))))
}

/// Hands over a buffer of rows; whether it was taken.
pub fn push(writer: i64, bytes: &[u8], rows: i32, since: i64) -> Call<bool> {
    let since = number(since, "the time of a row")?;
    handles::writer(writer)?.push(bytes, number(rows, "a number of rows")?, since)
}

/// Waits until a push would be taken; whether it would.
pub fn await_room(writer: i64, millis: i32) -> Call<bool> {
    handles::writer(writer)?.wait(patience(millis))
}

/// Asks for everything that was pushed to be closed.
pub fn begin_close(writer: i64, checkpoint: i64, end_of_input: bool) -> Call<()> {
    let checkpoint = number(checkpoint, "a checkpoint")?;
    handles::writer(writer)?.begin_close(checkpoint, end_of_input)
}

/// Takes what was staged; `None` when it is not there yet, and empty where nothing was staged.
pub fn take_staged(writer: i64, millis: i32) -> Call<Option<Vec<u8>>> {
    handles::writer(writer)?.take_staged(patience(millis))
}

/// Says which checkpoint the last close was for.
pub fn reached(writer: i64, checkpoint: i64) -> Call<()> {
    handles::writer(writer)?.reached(number(checkpoint, "a checkpoint")?)
}

/// What a writer counted: rows and bytes that were pushed, staged files and bytes, milliseconds of
/// the last batch, uncommitted bytes, when the oldest uncommitted row came; and of timed commits
/// retries, rows, and milliseconds in COPY, waiting for locks, and in COMMIT; rows that were set
/// aside, and values that policies changed; milliseconds of waiting for a session; transactions of
/// flushes, and keys that had several rows.
pub fn writer_metrics(writer: i64) -> Call<[i64; 17]> {
    Ok(handles::writer(writer)?.meters())
}

/// Stops a writer and forgets it. Closing twice is closing once.
pub fn close_writer(writer: i64) -> Call<()> {
    if let Some(Entry::Writer(writer)) = handles::remove(writer)? {
        writer.close();
    }
    Ok(())
}

/// Makes one commit of what all writers staged; `None` where there is nothing to commit.
pub fn gather(place: Place<'_>, checkpoint: i64, staged: &[Vec<u8>]) -> Call<Option<Vec<u8>>> {
    let point = match checkpoint {
        END_OF_INPUT => CommitPoint::End,
        checkpoint => CommitPoint::Checkpoint(number(checkpoint, "a checkpoint")?),
    };
    let sink = Plan::from_bytes(place.plan)?.sink(place.operator, place.job)?;
    let staged = staged.iter().map(|bytes| Staged::from_bytes(bytes)).collect::<Result<_>>()?;
    let commit = sink.gather(&point, staged)?;
    Ok(commit.map(|commit| commit.to_bytes()).transpose()?)
}

/// Takes a later commit into an earlier one.
pub fn absorb(earlier: &[u8], later: &[u8]) -> Call<Vec<u8>> {
    let mut commit = Committable::from_bytes(earlier)?;
    commit.absorb(Committable::from_bytes(later)?)?;
    Ok(commit.to_bytes()?)
}

/// Staged rows, bytes and parts of a commit, and when its oldest row came, in milliseconds since 1970;
/// zero where that is not known.
pub fn committable_facts(committable: &[u8]) -> Call<[i64; 4]> {
    let commit = Committable::from_bytes(committable)?;
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (rows, bytes) = (number(commit.rows()), number(commit.bytes()));
    let oldest = commit.first_row_at().map_or(0, number);
    Ok([rows, bytes, number(commit.parts().count() as u64), oldest])
}

/// Opens the committer of a sink. `timeout` bounds each commit where the options do not; zero is no
/// bound.
pub fn open_committer(place: Place<'_>, timeout_millis: i64) -> Call<i64> {
    let timeout = u64::try_from(timeout_millis).ok().filter(|millis| *millis > 0);
    let timeout = timeout.map(Duration::from_millis);
    let plan = Plan::from_bytes(place.plan)?;
    let committer = CommitterHandle::open(&plan, place.operator, place.job, timeout)?;
    Ok(handles::insert(Entry::Committer(Arc::new(committer))))
}

/// Begins to apply a commit.
pub fn begin_commit(committer: i64, committable: &[u8]) -> Call<()> {
    handles::committer(committer)?.begin(committable)
}

/// Waits for the commit that was begun; `None` when it is not at its end yet. What it tells are
/// eleven facts (applied before, rows, parts, retries; milliseconds in all, in COPY, waiting for
/// locks, in COMMIT, waiting for a session; rows set aside, keys of several rows) and the retries by
/// kind of error, in the order of the kinds.
pub fn await_commit(committer: i64, millis: i32) -> Call<Option<Vec<i64>>> {
    handles::committer(committer)?.wait(patience(millis))
}

/// Ends the waiting of a writer or committer, now and from now on.
pub fn interrupt(handle: i64) -> Call<()> {
    match handles::find(handle)? {
        Some(Entry::Writer(writer)) => writer.interrupt(),
        Some(Entry::Committer(committer)) => committer.interrupt(),
        // It was closed in the meantime, and nobody waits for it.
        None => {}
    }
    Ok(())
}

/// Stops a committer and forgets it. Closing twice is closing once.
pub fn close_committer(committer: i64) -> Call<()> {
    if let Some(Entry::Committer(committer)) = handles::remove(committer)? {
        committer.close();
    }
    Ok(())
}

/// How many handles are open.
pub fn open_handles() -> i64 {
    handles::open() as i64
}

/// Java's number as one of ours.
fn number<J: TryInto<N> + Copy + std::fmt::Display, N>(number: J, what: &str) -> Result<N> {
    let why = || Error::new(ErrorKind::Internal, format!("{number} is not {what}"));
    number.try_into().map_err(|_| why())
}
