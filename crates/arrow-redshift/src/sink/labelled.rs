//! The session of a commit: under its label, by which it is found when it is lost.

use std::time::Duration;

use tracing::info;

use super::{Committable, Identity, identity::WriterLabels};
use crate::{
    error::{Error, ErrorKind, Result},
    session::{Connections, Session},
    sql::{self, Statement},
};

/// The longest wait for a rollback or a cancel request before the connection is dropped instead.
const UNDO_PATIENCE: Duration = Duration::from_secs(5);

/// An open session, under the label of the commit that it runs.
#[derive(Debug)]
pub(super) struct Labelled {
    pub session: Session,
    label: String,
    /// Whether the session holds the loaded staging table of that commit.
    pub staged: bool,
}

impl Labelled {
    /// The session under this commit's label: the kept one of the last try or commit where it
    /// still lives and holds nothing of another commit, or a new one.
    pub async fn take(
        kept: Option<Labelled>,
        connections: &Connections,
        identity: &Identity,
        commit: &Committable,
    ) -> Result<Labelled> {
        let label = commit.id().label();
        // What is not taken goes at once: it holds the place that a new one takes.
        let kept = kept.filter(|held| held.session.resume());
        let mut held = match kept.filter(|held| held.label == label || !held.staged) {
            Some(held) => held,
            None => {
                let session = open(connections, identity, commit).await?;
                Labelled { session, label: String::new(), staged: false }
            }
        };
        if held.label != label {
            held.session.run(&sql::set_query_group(&label)).await?;
            held.label = label;
        }
        Ok(held)
    }

    /// Rolls back, unless even that is not answered.
    pub async fn undo(&self) -> bool {
        let answer = tokio::time::timeout(UNDO_PATIENCE, self.session.run(&sql::ROLLBACK)).await;
        matches!(answer, Ok(Ok(())))
    }

    /// Has the server stop what runs, or it would go on with what nobody waits for.
    pub async fn cancel(&self) {
        // Where that fails the connection is dropped, which ends it too, if later.
        let _ = tokio::time::timeout(UNDO_PATIENCE, self.session.cancel()).await;
    }
}

/// A session without a label, beside the commit's own.
pub(super) async fn open(
    connections: &Connections,
    identity: &Identity,
    commit: &Committable,
) -> Result<Session> {
    connections.open(&identity.application(&commit.shape.target)).await
}

/// Ends sessions that an earlier try left behind with its locks: those whose latest query carries
/// its label.
pub(super) async fn end_lost(session: &Session, label: &str) -> Result<()> {
    end(session, &sql::sessions_with_label(label), label).await
}

/// Ends sessions that a writer left behind before a restart or at an earlier try, and those that
/// writers left behind of which there were another number, before the job was rescaled.
pub(super) async fn end_earlier_writers(session: &Session, labels: &WriterLabels) -> Result<()> {
    end(session, &sql::sessions_of_writers_before(&labels.before()), &labels.own).await
}

/// Fails where another attempt at a writer's work has begun after this one: the job has been
/// restarted, and this writer, held up for so long that it was given up, has nothing to write any
/// more. By key its rows would come after newer ones.
///
/// Run under the writer's own label it also says that this attempt has begun.
pub(super) async fn fail_if_superseded(session: &Session, labels: &WriterLabels) -> Result<()> {
    let later = sql::later_writer(&labels.own, &labels.before());
    match session.text(&later).await? {
        None => Ok(()),
        Some(later) => {
            let why = "a later attempt of this job writes what this one wrote, which was given up";
            let hint = "nothing has to be done where the job was restarted; where two jobs run under \
                        one 'sink.run-id', stop one of them";
            Err(Error::new(ErrorKind::WriterSuperseded, why).with("writer", later).hint(hint))
        }
    }
}

async fn end(session: &Session, found: &Statement, label: &str) -> Result<()> {
    for row in session.query(found).await? {
        let pid = row.first().and_then(Option::as_deref);
        let pid = pid.and_then(|pid| pid.trim().parse().ok());
        if let Some(pid) = pid.filter(|pid| *pid != session.pid()) {
            info!(pid, label, "ending a lost session of an earlier try");
            session.run(&sql::terminate_session(pid)).await?;
        }
    }
    Ok(())
}
