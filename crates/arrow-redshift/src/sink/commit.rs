//! The committer: runs one commit until it is applied, found applied, or failed for good.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use super::{
    aftermath::manifest_name,
    committable::{Committable, Unit},
    course::{Applied, Course, Spent, timed},
    identity::{CommittableId, Identity},
    labelled::{self, Labelled},
    patience::Patience,
    prepare,
    settle::{self, Settled},
    transaction::{self, Load, Rows},
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{DeliveryGuarantee, SinkConfig},
    retry::Tries,
    session::{Connections, Session},
    sql,
    stage::{Manifest, Part, Staging},
    types::{Carrier, TableSchema},
};

/// The longest wait for COMMIT's answer before the connection is given up and the ledger asked.
const COMMIT_PATIENCE: Duration = Duration::from_secs(120);
/// The longest that anything beside the commit itself may take: looking for lost sessions, asking
/// why a load failed, removing what was loaded.
pub(super) const ASIDE_PATIENCE: Duration = Duration::from_secs(60);
/// The longest that one look at what the server refuses may take, row by row.
const LOOK_PATIENCE: Duration = Duration::from_secs(300);
/// How often old ledger rows are pruned in passing.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// Applies committables, one at a time, in the order they are given.
///
/// It connects with its first commit, and keeps the session for the next one.
#[derive(Debug)]
pub struct Committer {
    config: Arc<SinkConfig>,
    connections: Arc<Connections>,
    identity: Identity,
    attempt: Uuid,
    timeout: Option<Duration>,
    /// Where manifests go; opened by the first commit that needs it.
    staging: Option<Staging>,
    /// Whether manifests that earlier attempts left are seen to.
    swept: bool,
    /// The session between tries and commits. A try owns it and gives it back when it has ended
    /// in order, so that a dropped future leaves no open transaction behind.
    session: Option<Labelled>,
    /// The present commit, and whether a COMMIT of it was sent whose outcome is not known.
    present: Option<CommittableId>,
    unsettled: bool,
    /// Rows that were set aside at the commits of units that were found applied, as the ledger
    /// names them.
    aside: HashMap<CommittableId, Vec<Part>>,
    pruned: Option<Instant>,
    schema: Arc<TableSchema>,
}

/// How a try ended, apart from errors.
enum Step {
    /// Everything is in place; COMMIT makes it so.
    Ready,
    /// The ledger holds all units.
    AllApplied,
    /// The ledger holds some units that this try had loaded again.
    SomeApplied,
}

/// The end of a commit that is applied.
struct Ended {
    /// What is reported of it.
    applied: Applied,
    /// The commit as it was applied, with all rows that were set aside.
    commit: Committable,
    /// All that was staged for it.
    staged: Vec<Part>,
}

enum Outcome {
    Committed,
    Found,
    Again,
}

impl Committer {
    /// A committer of a sink; `staging` is that of its attempt, where it is open already.
    pub(super) fn new(
        config: Arc<SinkConfig>,
        connections: Arc<Connections>,
        identity: Identity,
        attempt: Uuid,
        staging: Option<Staging>,
        schema: Arc<TableSchema>,
    ) -> Self {
        // At-least-once has writers commit side by side, and none may take another's manifest for
        // an earlier attempt's. Who has opened the staging area has swept it.
        let swept = staging.is_some() || config.guarantee == DeliveryGuarantee::AtLeastOnce;
        let timeout = config.commit_timeout;
        Committer {
            config,
            connections,
            identity,
            attempt,
            timeout,
            staging,
            swept,
            session: None,
            present: None,
            unsettled: false,
            aside: HashMap::new(),
            pruned: None,
            schema,
        }
    }

    /// Bounds each call of [`commit`](Committer::commit), its tries and waits together; `None` is
    /// no bound. Without this it is what `sink.commit.timeout` says.
    ///
    /// When the time is over before COMMIT was sent, nothing is applied and the error is
    /// [`ErrorKind::CommitTimeout`]. What comes after it (taking a statement back, the answer to a
    /// COMMIT that was sent, removing what was loaded) takes five seconds each at most.
    pub fn with_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// Applies a commit, or finds that it was applied before. An error means that it is not
    /// applied, except for [`ErrorKind::CommitUnknown`]: then the same committable must be given
    /// again, here or in another process. After COMMIT its staged files go.
    ///
    /// `stop` ends the waiting: before COMMIT nothing is applied then; a COMMIT that was sent is
    /// waited for, two minutes at most. Dropping the future ends it at once: nothing is lost by
    /// that, but whether the commit is applied is as open as after `CommitUnknown`.
    pub async fn commit(
        &mut self,
        commit: &Committable,
        stop: &CancellationToken,
    ) -> Result<Applied> {
        if self.present.as_ref() != Some(commit.id()) {
            self.present = Some(commit.id().clone());
            self.unsettled = false;
            self.aside.clear();
        }
        let patience = Patience::begin(stop, self.timeout);
        let ended = self.run(commit, patience).await;
        if let Some(held) = &self.session {
            held.session.rest();
        }
        let Ended { applied, commit: as_applied, staged } = ended?;
        self.place(&as_applied, &applied, patience).await?;
        self.remove(commit, &staged, patience.at_most(ASIDE_PATIENCE)).await;
        if !self.swept {
            self.swept = true;
            self.sweep_manifests(patience.at_most(ASIDE_PATIENCE)).await;
        }
        Ok(applied)
    }

    /// Runs it to its end.
    async fn run(&mut self, given: &Committable, patience: Patience<'_>) -> Result<Ended> {
        let mut tries = Tries::new(self.config.max_retries);
        let mut course = Course::begin();
        let mut revised: Option<Committable> = None;
        let waited = self.connections.waited();
        loop {
            let commit = revised.as_ref().unwrap_or(given);
            let tried = self.attempt(commit, &mut course, patience).await;
            course.spent.connections = self.connections.waited().saturating_sub(waited);
            let error = match tried {
                Ok(Outcome::Committed) => {
                    course.warn_of_duplicates(commit);
                    return Ok(self.applied(given, commit, &course, false));
                }
                Ok(Outcome::Found) => return Ok(self.applied(given, commit, &course, true)),
                Ok(Outcome::Again) => continue,
                Err(error) => error.with("commit", commit.id()),
            };
            course.sent |= error.kind() == ErrorKind::CommitUnknown;
            let error = match tries.next_after(error.kind(), course.reached) {
                None => error,
                Some(delay) => {
                    course.retry(error.kind());
                    match self.wait(commit, error, delay, &course, patience).await {
                        Ok(()) => continue,
                        Err(over) => over,
                    }
                }
            };
            let error = error.with("tries", course.tries());
            match self.settle(commit, error, &course, patience).await {
                Settled::Applied => return Ok(self.applied(given, commit, &course, true)),
                Settled::Failed(error) => {
                    let error = self.unless_unknown(error);
                    if !may_be_applied(error.kind()) {
                        let limit = patience.at_most(ASIDE_PATIENCE);
                        self.take_back(given, &course.restaged, limit).await;
                    }
                    return Err(error);
                }
                Settled::Again(done) => course.done = done,
                Settled::Revised(commit) => {
                    course.revisions += 1;
                    course.restaged.extend(commit.all_parts().cloned());
                    revised = Some(*commit);
                }
            }
        }
    }

    /// Waits for the next try, unless patience ends before it.
    async fn wait(
        &self,
        commit: &Committable,
        error: Error,
        delay: Duration,
        course: &Course,
        patience: Patience<'_>,
    ) -> Result<()> {
        let (retry, most) = (course.retries(), self.config.max_retries);
        let (id, reached) = (commit.id(), course.reached);
        warn!(commit = %id, %error, ?delay, retry, most, reached, "trying again");
        tokio::select! {
            biased;
            over = patience.over() => Err(over.with("commit", id).source(error)),
            () = self.pause(commit, error.kind(), delay) => Ok(()),
        }
    }

    /// The end of a commit that is applied: as this call went on with it, or, where it was `found`
    /// or some of its units were, as the ledger says.
    fn applied(
        &self,
        given: &Committable,
        revised: &Committable,
        course: &Course,
        found: bool,
    ) -> Ended {
        let mut applied = given.clone();
        for (unit, revised) in applied.units.iter_mut().zip(&revised.units) {
            if found || course.done.contains(&unit.id) {
                let aside = self.aside.get(&unit.id).map_or(&[][..], Vec::as_slice);
                unit.parts.extend_from_slice(aside);
            } else {
                unit.parts.clone_from(&revised.parts);
            }
        }
        let staged = [given, &applied].into_iter().flat_map(Committable::all_parts);
        let staged = staged.chain(&course.restaged).cloned().collect();
        // Rows that were set aside on the way had been taken in to be loaded.
        let aside = applied.dead_letters() - given.dead_letters();
        let rows = given.taken().saturating_sub(aside);
        Ended { applied: course.report(&applied, rows, found), commit: applied, staged }
    }

    /// What lies between a try that failed and the next one.
    async fn pause(&self, commit: &Committable, cause: ErrorKind, delay: Duration) {
        if cause == ErrorKind::LockTimeout {
            self.end_lost_sessions(commit).await;
        }
        tokio::time::sleep(delay).await;
    }

    /// An error that ends the tries. While a COMMIT that was sent is not settled, whatever came
    /// after it, the outcome is unknown.
    fn unless_unknown(&self, error: Error) -> Error {
        if !self.unsettled || error.kind() == ErrorKind::CommitUnknown {
            return error;
        }
        let why = "COMMIT was sent, its answer lost, and the ledger could not be asked";
        Error::new(ErrorKind::CommitUnknown, why).source(error).hint(
            "give the same commit again: a restored checkpoint does, and so does running a \
             script again with the same 'sink.run-id'",
        )
    }

    /// One try. Everything up to COMMIT can be interrupted; COMMIT itself is waited for.
    async fn attempt(
        &mut self,
        commit: &Committable,
        course: &mut Course,
        patience: Patience<'_>,
    ) -> Result<Outcome> {
        course.reached = false;
        let kept = self.session.take();
        let mut held = tokio::select! {
            biased;
            over = patience.over() => return Err(over),
            held = Labelled::take(kept, &self.connections, &self.identity, commit) => held?,
        };
        course.reached = true;
        course.pid = Some(held.session.pid());
        let prune = self.pruned.is_none_or(|at| at.elapsed() > PRUNE_EVERY);
        let step = tokio::select! {
            biased;
            over = patience.over() => Err(over),
            step = self.work(&mut held, commit, course, prune) => step,
        };
        match step {
            Ok(Step::Ready) => {
                // From here until an answer the outcome is open, also for who drops this future.
                self.unsettled = true;
                let limit = patience.at_most(COMMIT_PATIENCE);
                timed(&mut course.spent.commit, self.send_commit(held, limit)).await?;
                self.unsettled = false;
                self.pruned = if prune { Some(Instant::now()) } else { self.pruned };
                Ok(Outcome::Committed)
            }
            // The staging table, if there is one, goes with the session.
            Ok(Step::AllApplied) => {
                self.unsettled = false;
                Ok(Outcome::Found)
            }
            Ok(Step::SomeApplied) => Ok(Outcome::Again),
            Err(error) => {
                course.copied = held.staged;
                let keep = match error.kind() {
                    // The loaded staging table survives a rollback and serves the next try; one
                    // that is half loaded must not.
                    ErrorKind::TransactionConflict | ErrorKind::StorageUnavailable => {
                        (held.staged || !commit.shape.layout.staged()) && held.undo().await
                    }
                    ErrorKind::Interrupted | ErrorKind::CommitTimeout => {
                        held.cancel().await;
                        false
                    }
                    _ => false,
                };
                self.session = keep.then_some(held);
                Err(error)
            }
        }
    }

    /// COMMIT. Only a conflict, which the server says before it commits, is a clear no.
    async fn send_commit(&mut self, mut held: Labelled, limit: Duration) -> Result<()> {
        let answer = tokio::time::timeout(limit, held.session.commit()).await;
        let answer = answer.unwrap_or_else(|_| {
            let why = format!("COMMIT was not answered within {limit:?}");
            Err(Error::new(ErrorKind::CommitUnknown, why))
        });
        match &answer {
            Ok(()) => held.staged = false,
            Err(error) if error.kind() == ErrorKind::TransactionConflict => self.unsettled = false,
            Err(_) => return answer,
        }
        self.session = Some(held);
        answer
    }

    async fn work(
        &mut self,
        held: &mut Labelled,
        commit: &Committable,
        course: &mut Course,
        prune: bool,
    ) -> Result<Step> {
        let config = Arc::clone(&self.config);
        if self.unsettled {
            // Before anything is loaded again.
            held.session.run(&sql::BEGIN).await?;
            course.done = self.ask(&held.session, commit, &mut course.spent).await?;
            held.session.run(&sql::ROLLBACK).await?;
        }
        let units: Vec<&Unit> =
            commit.units.iter().filter(|unit| !course.done.contains(&unit.id)).collect();
        if units.is_empty() {
            return Ok(Step::AllApplied);
        }
        let load = self.load(commit, units).await?;
        if commit.shape.layout.staged() && !held.staged && load.has_rows() {
            transaction::stage(&held.session, &config, commit, &load, &mut course.spent).await?;
            held.staged = true;
        }
        held.session.run(&sql::BEGIN).await?;
        let found = self.ask(&held.session, commit, &mut course.spent).await?;
        if load.units.iter().any(|unit| found.contains(&unit.id)) {
            let all = commit.units.iter().all(|unit| found.contains(&unit.id));
            course.done = found;
            return Ok(if all { Step::AllApplied } else { Step::SomeApplied });
        }
        transaction::check_age(commit, &load.units)?;
        let spent = &mut course.spent;
        course.duplicates =
            transaction::apply(&held.session, &config, commit, &load, prune, spent).await?;
        Ok(Step::Ready)
    }

    /// Locks the ledger and reads which units it holds. Under the lock this is certain: what is
    /// not there now never went through, and never will.
    async fn ask(
        &mut self,
        session: &Session,
        commit: &Committable,
        spent: &mut Spent,
    ) -> Result<HashSet<CommittableId>> {
        let locked = transaction::lock(session, &self.config, commit);
        timed(&mut spent.lock_wait, locked).await?;
        let ids: Vec<&CommittableId> = commit.units.iter().map(|unit| &unit.id).collect();
        let (ledger, patience) = (commit.ledger(), self.config.lock_timeout);
        let found = transaction::applied(session, &ledger, &ids, &commit.job, patience).await?;
        for unit in &commit.units {
            if found.names_more.contains(&unit.id) && !self.aside.contains_key(&unit.id) {
                let aside = transaction::set_aside(session, &ledger, unit, patience).await?;
                self.aside.insert(unit.id.clone(), aside);
            }
        }
        self.unsettled = false;
        Ok(found.ids)
    }

    /// Where the rows of the units are that are still to be applied; writes the manifest of those
    /// that are on S3.
    async fn load<'a>(&mut self, commit: &Committable, units: Vec<&'a Unit>) -> Result<Load<'a>> {
        let letters: Vec<_> = units.iter().flat_map(|unit| unit.dead_letters().cloned()).collect();
        if !letters.is_empty() {
            // COPY misses a part of rows by itself; of these nobody else would know.
            self.staging(commit).await?.missing(&letters).await?;
        }
        let parts: Vec<_> = units.iter().flat_map(|unit| unit.loads().cloned()).collect();
        if parts.is_empty() {
            return Ok(Load { units, rows: Rows::None });
        }
        if commit.shape.carrier == Carrier::Binds {
            return Ok(Load { units, rows: Rows::Carried });
        }
        let manifest = Manifest::new(&parts)?;
        let name = manifest_name(commit, units.len());
        let staging = self.staging(commit).await?;
        let url = staging.write_manifest(&name, &manifest).await?;
        let region = staging.region().map(str::to_owned);
        self.staging = Some(staging);
        Ok(Load { units, rows: Rows::Manifest { url, region } })
    }

    /// The staging area of this attempt, opened where it is not yet.
    pub(super) async fn staging(&self, commit: &Committable) -> Result<Staging> {
        if let Some(staging) = &self.staging {
            return Ok(staging.clone());
        }
        let target = &commit.shape.target;
        prepare::staging(&self.config, &self.identity, target, self.attempt).await
    }

    /// The sink's configuration.
    pub(super) fn config(&self) -> &SinkConfig {
        &self.config
    }

    /// The columns that the sink's rows are declared with.
    pub(super) fn schema(&self) -> &Arc<TableSchema> {
        &self.schema
    }

    /// The staging area, if a commit has opened it.
    pub(super) fn opened(&self) -> Option<&Staging> {
        self.staging.as_ref()
    }

    pub(super) async fn open(&self, commit: &Committable) -> Result<Session> {
        labelled::open(&self.connections, &self.identity, commit).await
    }

    /// What a final error turns out to be: an unknown outcome is asked for once more; a part that
    /// vanished is a commit that another one applied, or a staging that is lost; a refused load
    /// says where.
    async fn settle(
        &mut self,
        commit: &Committable,
        error: Error,
        course: &Course,
        patience: Patience<'_>,
    ) -> Settled {
        self.session = None;
        let looks = self.config.values.refused_loads && error.kind() == ErrorKind::LoadRefused;
        let aside = if looks { LOOK_PATIENCE } else { ASIDE_PATIENCE };
        let limit = patience.at_most(self.config.lock_timeout + aside);
        let asked = settle::settle(self, commit, &error, course);
        match tokio::time::timeout(limit, asked).await {
            Ok(verdict) => verdict.conclude(error),
            Err(_) if looks => Settled::Failed(settle::unsought(error, limit)),
            Err(_) => Settled::Failed(settle::unasked(error, "it did not answer in time")),
        }
    }

    /// Which units are applied, read under the lock on a session of its own.
    pub(super) async fn ask_anew(
        &mut self,
        commit: &Committable,
    ) -> Result<HashSet<CommittableId>> {
        let session = self.open(commit).await?;
        session.run(&sql::BEGIN).await?;
        self.ask(&session, commit, &mut Spent::default()).await
    }

    /// Whether an answer to a COMMIT of the present commit is still owed.
    pub(super) fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    /// What cannot be found now is looked for again at the next timeout.
    async fn end_lost_sessions(&self, commit: &Committable) {
        let ended = async {
            let session = self.open(commit).await?;
            labelled::end_lost(&session, &commit.id().label()).await
        };
        match tokio::time::timeout(ASIDE_PATIENCE, ended).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(commit = %commit.id(), %error, "lost sessions not found"),
            Err(_) => warn!(commit = %commit.id(), "lost sessions not found in time"),
        }
    }
}

/// Whether a commit that ended with such an error may be applied.
pub(super) fn may_be_applied(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::CommitUnknown | ErrorKind::DeadLettersPending)
}
