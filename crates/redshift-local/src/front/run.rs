//! One statement: faults and slowness first, then what its kind asks for.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::{
    describe::result_format,
    failure::{Failure, Step, Stop},
    reply::Column,
    request::format_of,
    session::Session,
    transaction::Block,
};
use crate::{
    dialect::action::{Action, Checked},
    faults::{Effect, Event, StatementKind},
    latency::at_least,
};

/// How a statement came, and what its client wants of it.
#[derive(Debug, Clone)]
pub(super) enum Run {
    /// By a simple query: rows are described first; `alone` in its message or not.
    Simple {
        /// Whether the message holds nothing else.
        alone: bool,
    },
    /// By a portal.
    Portal(PortalRun),
}

/// A portal's next run.
#[derive(Debug, Clone)]
pub(super) struct PortalRun {
    /// The portal's name on the backend.
    pub(super) portal: String,
    /// The Bind message's body for the backend; `None` where the portal is already there.
    pub(super) bind: Option<bytes::Bytes>,
    /// The most rows that are wanted; 0 is all.
    pub(super) max_rows: i32,
}

/// What came of a statement.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The command tag; empty where the portal has more rows.
    pub(super) tag: String,
    /// Rows sent.
    pub(super) rows: Option<i64>,
}

impl Done {
    /// Done without rows.
    pub(super) fn tagged(tag: impl Into<String>) -> Done {
        Done { tag: tag.into(), rows: None }
    }
}

impl Session {
    /// Carries out one statement of a client's `text`.
    pub(super) async fn carry_out(
        &mut self,
        checked: &Checked,
        text: &str,
        run: Run,
    ) -> Step<Done> {
        let prepared = matches!(run, Run::Portal(_));
        self.log(text, &checked.shape, prepared);
        let ends_block = matches!(checked.action, Action::Commit | Action::Rollback);
        if self.transaction.block == Block::Failed && !ends_block {
            return Err(Failure::aborted().into());
        }
        self.cancellations.mark_unchanged();
        self.query = self.server.next_query_id();
        self.transaction.text = text.to_owned();
        let begin = Instant::now();
        let _timer = self.timer();
        self.unannounced = Some(self.statement_note(&checked.action, text));

        let result = self.act_with_faults(checked, text, run).await;
        at_least(begin, self.server.pace.get().statement).await;
        let result = result.map_err(|stop| self.redshift_words(stop));
        self.announce().await;
        self.note_end(&result).await;
        result
    }

    async fn act_with_faults(&mut self, checked: &Checked, text: &str, run: Run) -> Step<Done> {
        let kind = StatementKind::of(&checked.action);
        // A commit meets its faults where it happens, asked for or not.
        let effect = match kind {
            StatementKind::Commit => None,
            kind => self.meet(self.fault(kind, false, text)).await?,
        };
        let done = self.act(&checked.action, run).await?;
        if effect == Some(Effect::LoseAfter) {
            // Done means committed, where no block says otherwise.
            self.end_statement().await?;
            self.lose()?;
        }
        Ok(done)
    }

    async fn act(&mut self, action: &Action, run: Run) -> Step<Done> {
        let gets_snapshot = matches!(
            action,
            Action::Query { .. }
                | Action::Write { .. }
                | Action::Define { .. }
                | Action::Truncate { .. }
                | Action::Copy(_)
        );
        if !gets_snapshot {
            self.announce().await;
        }
        match action {
            Action::Query { sql, reads, leader_only } => {
                self.query(sql, reads, *leader_only, run).await
            }
            Action::Write { sql, target, reads, tag, .. } => {
                self.write(sql, target, reads, *tag, run).await
            }
            Action::Define { .. } => self.define(action, &run).await,
            Action::Truncate { sql, target } => self.truncate(sql, target).await,
            Action::Lock { tables } => self.lock(tables).await,
            Action::Copy(statement) => self.copy(statement).await,
            Action::Begin { read_only } => Ok(self.begin_block(*read_only)),
            Action::Commit => self.commit_block().await,
            Action::Rollback => self.rollback_block().await,
            Action::Set { name, value, sql } => {
                self.set(name, value.as_deref(), sql.as_deref()).await
            }
            Action::ShowSetting { name } => self.show(name, &run).await,
            Action::Cancel { pid } => self.cancel(*pid).await,
        }
    }

    /// What a fault rule makes of an event of this session.
    pub(super) fn fault(
        &self,
        statement: StatementKind,
        implied: bool,
        text: &str,
    ) -> Option<Effect> {
        let application = self.who.entry.info().application_name.clone();
        let labels = [application.as_str(), self.settings.query_group()];
        self.server.faults.at(&Event {
            user: &self.who.user.name,
            labels,
            statement,
            implied,
            text,
        })
    }

    /// Lets an effect happen; one that strikes after the statement is given back.
    pub(super) async fn meet(&mut self, effect: Option<Effect>) -> Step<Option<Effect>> {
        match effect {
            None => Ok(None),
            Some(Effect::LoseAfter) => Ok(effect),
            Some(Effect::LoseBefore | Effect::Refuse) => self.lose().map(|()| None),
            Some(Effect::LiveOn { hold, then }) => self.live_on(hold, then).await.map(|()| None),
            Some(Effect::Fail { sqlstate, message, detail }) => {
                let mut failure = Failure::new(sqlstate, message);
                failure.detail = detail;
                Err(failure.into())
            }
            Some(Effect::Terminate) => {
                let text = "terminating connection due to administrator command";
                Err(Failure::new("57P01", text).with_severity("FATAL").into())
            }
            Some(Effect::Stall(time)) => self.wait(time).await.map(|()| None),
            Some(Effect::Outdate { sqlstate, message, detail }) => {
                let failure = Failure { detail, ..Failure::new(sqlstate, message) };
                self.outdate(&failure);
                Ok(None)
            }
        }
    }

    /// Waits, unless the statement is cancelled meanwhile.
    pub(super) async fn wait(&mut self, time: Duration) -> Step<()> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            _ = self.cancellations.changed() => Err(Failure::cancelled(self.query).into()),
            // Nothing was asked of the backend: it speaks up only when somebody terminates it.
            ended = self.backend.next() => Err(ended.err().unwrap_or(Stop::Gone)),
        }
    }

    /// Cancels the statement when `statement_timeout` is over.
    fn timer(&self) -> Option<AbortOnDropHandle<()>> {
        let timeout = self.settings.statement_timeout()?;
        let entry = self.who.entry.clone();
        let socket = self.server.socket().to_owned();
        Some(AbortOnDropHandle::new(tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            entry.cancel(&socket).await;
        })))
    }

    /// Cancellations and row conflicts are told with what only the session knows.
    fn redshift_words(&self, stop: Stop) -> Stop {
        match stop {
            Stop::Failed(failure) if failure.sqlstate == "57014" => {
                Failure::cancelled(self.query).into()
            }
            Stop::Failed(failure) if failure.sqlstate == "40001" => self.row_conflict().into(),
            other => other,
        }
    }
}

/// The formats in which a portal's columns are sent.
pub(super) fn formats(columns: &[Column], wanted: &[i16]) -> Vec<i16> {
    columns
        .iter()
        .enumerate()
        .map(|(at, column)| result_format(column, format_of(wanted, at)))
        .collect()
}
