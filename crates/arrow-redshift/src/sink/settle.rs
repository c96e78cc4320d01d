//! What a commit's final error turns out to be.

use std::collections::HashSet;

use tracing::debug;

use super::{Committable, CommittableId, Committer, course::Course, halve};
use crate::{
    error::{Error, ErrorKind},
    session::Row,
    sql,
    types::Carrier,
};

/// Markers behind which a reason quotes the value that was refused.
const VALUE_MARKERS: [&str; 4] = [", Value", "Invalid char", "hex sequence", "hex:"];

/// What a final error turned out to be.
pub(super) enum Settled {
    /// The commit is applied after all.
    Applied,
    /// Some of its units are, and their files are gone: the others can go on without them.
    Again(HashSet<CommittableId>),
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
    /// The server says more about why the load was refused.
    Explained(String),
}

impl Verdict {
    /// What becomes of the error.
    pub fn conclude(self, error: Error) -> Settled {
        Settled::Failed(match self {
            Verdict::Applied => return Settled::Applied,
            Verdict::Again(done) => return Settled::Again(done),
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
    match (commit.shape.carrier, error.kind(), course.pid) {
        (Carrier::Csv, LoadRefused, Some(pid)) => explain(committer, commit, pid).await,
        (Carrier::Parquet, LoadRefused, _) if !course.copied => {
            halve::explain(committer, commit).await.map_or(Verdict::Stands, Verdict::Explained)
        }
        _ => Verdict::Stands,
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

/// What the load-error view says of a session's failed load.
async fn explain(committer: &Committer, commit: &Committable, pid: i32) -> Verdict {
    let asked = async {
        let session = committer.open(commit).await?;
        session.query(&sql::load_errors(pid)).await
    };
    match asked.await {
        Ok(rows) => load_errors(commit, &rows).map_or(Verdict::Stands, Verdict::Explained),
        Err(silent) => {
            debug!(error = %silent, "the load-error view could not be read");
            Verdict::Stands
        }
    }
}

/// One line per error of this commit's files: file, line, column, code and reason, without the
/// value. The view may hold errors of an older session with the same process id.
fn load_errors(commit: &Committable, rows: &[Row]) -> Option<String> {
    let ours: HashSet<&str> = commit.parts().map(|part| part.url.as_str()).collect();
    let lines: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let cell = |at: usize| row.get(at).and_then(Option::as_deref).unwrap_or("?").trim();
            ours.contains(cell(0)).then(|| {
                format!(
                    "file {}, line {}, column {}: {} (code {}, query {})",
                    cell(0),
                    cell(1),
                    cell(2),
                    without_value(cell(4)),
                    cell(3),
                    cell(5)
                )
            })
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n  "))
}

fn without_value(reason: &str) -> &str {
    let ends = VALUE_MARKERS.iter().filter_map(|marker| reason.find(marker));
    reason[..ends.min().unwrap_or(reason.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_shown_without_the_value() {
        let shown = without_value("Invalid digit, Value 'a', Pos 0, Type: Integer");
        assert_eq!(shown, "Invalid digit");
        let shown = without_value("String contains invalid UTF8. Bad UTF8 hex sequence: a4");
        assert_eq!(shown, "String contains invalid UTF8. Bad UTF8");
        assert_eq!(
            without_value("String length exceeds DDL length"),
            "String length exceeds DDL length"
        );
    }
}
