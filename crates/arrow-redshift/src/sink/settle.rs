//! What a commit's final error turns out to be.

use std::{collections::HashSet, time::Duration};

use tracing::debug;

use super::{
    Committable, CommittableId, Committer,
    course::Course,
    halve::{self, Step},
    refused::{self, MOST_REVISIONS},
};
use crate::{
    error::{Error, ErrorKind},
    session::{self, Row},
    sql,
    stage::Part,
    types::Carrier,
};

/// How many load errors a message quotes.
const SHOWN_ERRORS: u32 = 20;

/// The width of the load-error view's column for the file.
const VIEW_NAME_BYTES: usize = 256;

/// What a final error turned out to be.
pub(super) enum Settled {
    /// The commit is applied after all.
    Applied,
    /// Some of its units are, and their files are gone: the others can go on without them.
    Again(HashSet<CommittableId>),
    /// The server refused rows about which their policies say what to do: it goes on like this.
    Revised(Box<Committable>),
    /// It failed.
    Failed(Error),
}

/// What was found out about a final error.
pub(super) enum Verdict {
    /// The commit is applied after all.
    Applied,
    /// Some of its units are, and their files are gone.
    Again(HashSet<CommittableId>),
    /// It is not applied, whatever the error says about that.
    NotApplied,
    /// The error says what there is to say.
    Stands,
    /// The ledger did not answer.
    Unasked(Error),
    /// Parts are gone; the error names them.
    Missing(Error),
    /// There is more to say about why the load was refused.
    Explained(String),
    /// What the server refused met its policies.
    Revised(Box<Committable>),
}

/// The parts in which refused rows are looked for, and what is said about them.
pub(super) struct Suspects {
    pub parts: Vec<Part>,
    pub says: Option<String>,
}

impl Suspects {
    /// What is said where no row is found.
    pub fn explained(self) -> Verdict {
        self.says.map_or(Verdict::Stands, Verdict::Explained)
    }
}

impl Verdict {
    /// What becomes of the error.
    pub fn conclude(self, error: Error) -> Settled {
        Settled::Failed(match self {
            Verdict::Applied => return Settled::Applied,
            Verdict::Again(done) => return Settled::Again(done),
            Verdict::Revised(commit) => return Settled::Revised(commit),
            // What is reported is why no further try is made.
            Verdict::NotApplied if error.kind() == ErrorKind::CommitUnknown => {
                error.into_kind(ErrorKind::ConnectionLost)
            }
            Verdict::NotApplied | Verdict::Stands => error,
            // It was refused for the same reason, which says enough.
            Verdict::Unasked(silent)
                if (silent.kind(), silent.code()) == (error.kind(), error.code()) =>
            {
                unasked(error, "it was refused in the same way")
            }
            Verdict::Unasked(silent) => unasked(error, &silent.to_string()),
            Verdict::Missing(missing) => missing.source(error),
            Verdict::Explained(more) => {
                let said = error.server_detail().map(|said| format!("{}\n  ", said.trim_end()));
                error.detail(said.unwrap_or_default() + &more)
            }
        })
    }
}

/// A final error about which the server could not be asked any more.
pub(super) fn unasked(error: Error, why: &str) -> Error {
    let advice = match error.advice() {
        Some(advice) => format!("{advice} (the ledger could not be asked: {why})"),
        None => format!("the ledger could not be asked: {why}"),
    };
    error.hint(advice)
}

/// A refused load of which no more was found out in time.
pub(super) fn unsought(error: Error, limit: Duration) -> Error {
    let said = error.server_detail().map(|said| format!("{}\n  ", said.trim_end()));
    let why = format!("which rows are refused was not found within {} s", limit.as_secs());
    error.detail(said.unwrap_or_default() + &why)
}

/// Finds out about a final error.
pub(super) async fn settle(
    committer: &mut Committer,
    commit: &Committable,
    error: &Error,
    course: &Course,
) -> Verdict {
    use ErrorKind::{LoadRefused, PermissionDenied, ServerError, StagingMissing, StorageFailed};
    let unsettled = committer.is_unsettled();
    let about_files = matches!(
        error.kind(),
        LoadRefused | PermissionDenied | ServerError | StagingMissing | StorageFailed
    );
    if !unsettled && !about_files {
        return Verdict::Stands;
    }
    // Another committer of it may have finished first and removed the files under our COPY; and a
    // part may be gone for good.
    let missing = if about_files { missing(committer, commit).await } else { None };
    match committer.ask_anew(commit).await {
        Ok(found) if commit.units.iter().all(|unit| found.contains(&unit.id)) => {
            return Verdict::Applied;
        }
        Ok(found) if !found.is_subset(&course.done) => return Verdict::Again(found),
        Ok(_) if error.kind() == ErrorKind::CommitUnknown => return Verdict::NotApplied,
        Ok(_) => {}
        Err(silent) => return Verdict::Unasked(silent),
    }
    if let Some(missing) = missing {
        return Verdict::Missing(missing.with("commit", commit.id()));
    }
    if error.kind() != LoadRefused || commit.shape.carrier == Carrier::Binds {
        return Verdict::Stands;
    }
    let mut suspects = suspects(committer, commit, course).await;
    if !committer.config().values.refused_loads {
        return suspects.explained();
    }
    if course.revisions >= MOST_REVISIONS {
        let most = format!("its rows were looked at {MOST_REVISIONS} times, and not once more");
        let says = suspects.says.into_iter().chain([most]).collect::<Vec<_>>();
        suspects.says = Some(says.join("\n  "));
        return suspects.explained();
    }
    match refused::look(committer, commit, suspects).await {
        Verdict::Revised(revised) => Verdict::Revised(revised),
        verdict => match committer.ask_anew(commit).await {
            // Another one has done it meanwhile, and taken the files away under the look.
            Ok(found) if commit.units.iter().all(|unit| found.contains(&unit.id)) => {
                Verdict::Applied
            }
            _ => verdict,
        },
    }
}

/// Where the rows are that were refused, as far as the server tells or tries show.
async fn suspects(committer: &Committer, commit: &Committable, course: &Course) -> Suspects {
    if course.copied {
        // COPY took them all: it was the way from the staging table that failed.
        let found = halve::name(committer, commit, Step::Apply).await;
        let all = || commit.parts().cloned().collect();
        let parts = if found.parts.is_empty() { all() } else { found.parts };
        return Suspects { parts, ..found };
    }
    if commit.shape.carrier != Carrier::Csv {
        return halve::name(committer, commit, Step::Copy).await;
    }
    let named = match course.pid {
        Some(pid) => explain(committer, commit, pid).await,
        None => None,
    };
    match named {
        Some((part, says)) => Suspects { parts: vec![part], says: Some(says) },
        None => Suspects { parts: Vec::new(), says: None },
    }
}

/// The error that names the parts that are gone, if some are.
async fn missing(committer: &Committer, commit: &Committable) -> Option<Error> {
    let parts: Vec<_> = commit.all_parts().cloned().collect();
    match committer.opened()?.missing(&parts).await {
        Ok(()) => None,
        Err(missing) if missing.kind() == ErrorKind::StagingMissing => Some(missing),
        Err(unsure) => {
            debug!(error = %unsure, "the parts could not be looked at");
            None
        }
    }
}

/// The first part that a session's failed load has errors of, and what the load-error view says.
async fn explain(committer: &Committer, commit: &Committable, pid: i32) -> Option<(Part, String)> {
    let asked = async {
        let session = committer.open(commit).await?;
        session.query(&sql::load_errors(pid, SHOWN_ERRORS)).await
    };
    match asked.await {
        Ok(rows) => load_errors(commit, &rows),
        Err(silent) => {
            debug!(error = %silent, "the load-error view could not be read");
            None
        }
    }
}

/// One line per error of this commit's files: file, line, column, code and reason, without the
/// value. The view may hold errors of an older session with the same process id.
fn load_errors(commit: &Committable, rows: &[Row]) -> Option<(Part, String)> {
    let mut first = None;
    let mut lines = Vec::new();
    for row in rows {
        let cell = |at: usize| row.get(at).and_then(Option::as_deref).unwrap_or("?").trim();
        let Some(part) = commit.parts().find(|part| is_file(cell(0), &part.url)) else { continue };
        first.get_or_insert_with(|| part.clone());
        lines.push(format!(
            "file {}, line {}, column {}: {} (code {}, query {})",
            part.url,
            cell(1),
            cell(2),
            session::reason(cell(4)),
            cell(3),
            cell(5)
        ));
    }
    first.map(|part| (part, lines.join("\n  ")))
}

/// Whether a file that the view names is this one: it holds the first bytes of long names only.
pub(super) fn is_file(named: &str, url: &str) -> bool {
    named == url || named.len() >= VIEW_NAME_BYTES && url.starts_with(named)
}
