//! One statement: faults and slowness first, then what its kind asks for.

use std::time::Duration;

use postgres_protocol::message::frontend;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::{
    describe::result_format,
    failure::{Failure, Step, Stop},
    frame::put,
    history::{Note, Statement},
    reply::{self, redshift_tag, text_column},
    request::format_of,
    session::Session,
    settings::{SessionSettings, check_encoding, milliseconds},
    statements::{StatementRecord, kept_text},
    transaction::{Block, Table, identifier, literal, qualified},
};
use crate::{
    dialect::action::{Action, Checked, Relation},
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

    /// Lets the system views show the statement as running. What takes a snapshot is shown once it
    /// has a transaction id.
    pub(super) async fn announce(&mut self) {
        if let Some(mut statement) = self.unannounced.take() {
            statement.transaction = self.transaction_id();
            self.server.history.note(&self.database, Note::Began(statement)).await;
        }
    }

    /// The transaction's id for the system views; 0 where it has none.
    pub(super) fn transaction_id(&self) -> i64 {
        i64::try_from(self.transaction.xid.unwrap_or_default()).unwrap_or_default()
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
            Action::Write { sql, target, reads, tag } => {
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

    async fn query(
        &mut self,
        sql: &str,
        reads: &[Relation],
        leader_only: bool,
        run: Run,
    ) -> Step<Done> {
        let cursor = Cursor::of(sql);
        self.check_cursor(cursor)?;
        // What asks the leader node alone takes no snapshot, so it stays outside a transaction that
        // has not begun. A portal that is read bit by bit needs one.
        let all_at_once = !matches!(&run, Run::Portal(portal) if portal.max_rows > 0);
        let opens = matches!(cursor, Some(Cursor::Declare));
        if !leader_only || !all_at_once || opens || self.transaction.begun {
            let tables = self.snapshot(&reads.iter().collect::<Vec<_>>()).await?;
            self.record(&tables, None)?;
        }
        let done = self.rows(sql, run).await?;
        match cursor {
            Some(Cursor::Declare) => self.transaction.cursor = true,
            Some(Cursor::Close) => self.transaction.cursor = false,
            None => {}
        }
        Ok(done)
    }

    /// A cursor lives in a block, and a session has one at a time.
    fn check_cursor(&self, cursor: Option<Cursor>) -> Step<()> {
        if cursor != Some(Cursor::Declare) {
            return Ok(());
        }
        if !self.transaction.in_block() {
            let text = "DECLARE CURSOR may only be used in transaction blocks";
            return Err(Failure::new("25P01", text).into());
        }
        if self.transaction.cursor {
            let text = "only one cursor can be open in a session";
            return Err(Failure::new("0A000", text).into());
        }
        Ok(())
    }

    async fn write(
        &mut self,
        sql: &str,
        target: &Relation,
        reads: &[Relation],
        tag: Option<&'static str>,
        run: Run,
    ) -> Step<Done> {
        let tables = self.enter_write(target, reads).await?;
        self.record(tables.get(1..).unwrap_or_default(), tables.first().copied().flatten())?;
        let done = self.rows(sql, run).await?;
        Ok(match tag {
            Some(tag) if !done.tag.is_empty() => Done { tag: tag.to_owned(), ..done },
            _ => done,
        })
    }

    /// Snapshot first, write lock second: what plain DML does. Gives the target, then the reads.
    pub(super) async fn enter_write(
        &mut self,
        target: &Relation,
        reads: &[Relation],
    ) -> Step<Vec<Option<Table>>> {
        if self.transaction.read_only {
            return Err(Failure::new("25006", "transaction is read-only").into());
        }
        let relations: Vec<&Relation> = std::iter::once(target).chain(reads).collect();
        let tables = self.snapshot(&relations).await?;
        if let Some(table) = tables.first().copied().flatten() {
            self.write_lock(table).await?;
        }
        Ok(tables)
    }

    async fn define(&mut self, action: &Action, run: &Run) -> Step<Done> {
        let Action::Define { sql, relations, creates, tag, not_in_block } = action else {
            return Ok(Done::default());
        };
        if *not_in_block {
            let alone = !matches!(run, Run::Simple { alone: false });
            if self.transaction.in_block() || self.transaction.begun || !alone {
                return Err(Failure::in_block(tag).into());
            }
            if !sql.is_empty() {
                self.backend.run(sql).await?;
            }
            return Ok(Done::tagged(*tag));
        }
        let named: Vec<&Relation> = relations.iter().collect();
        let tables = self.snapshot(if *creates { &[] } else { &named }).await?;
        if !sql.is_empty() {
            self.backend.run(sql).await?;
        }
        if *creates {
            self.record_created(&named).await?;
        } else if tag.ends_with(" TABLE") {
            // ALTER and DROP; statistics, rights and comments change no row.
            for table in tables {
                self.record(&[], table)?;
            }
        }
        Ok(Done::tagged(*tag))
    }

    /// TRUNCATE commits what came before it, and itself; a block ends with it.
    async fn truncate(&mut self, sql: &str, target: &Relation) -> Step<Done> {
        let tables = self.snapshot(&[target]).await?;
        self.backend.run(sql).await?;
        self.record(&[], tables.first().copied().flatten())?;
        self.commit(false).await?;
        Ok(Done::tagged("TRUNCATE TABLE"))
    }

    /// LOCK takes the lock before any snapshot.
    async fn lock(&mut self, tables: &[Relation]) -> Step<Done> {
        self.begin().await?;
        let names: Vec<String> = tables.iter().map(qualified).collect();
        self.backend
            .run(&format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", ")))
            .await?;
        Ok(Done::tagged("LOCK TABLE"))
    }

    fn begin_block(&mut self, read_only: bool) -> Done {
        if self.transaction.in_block() {
            let text = "there is already a transaction in progress";
            self.notice(&Failure::new("25001", text).with_severity("WARNING"));
        } else {
            self.transaction.block = Block::Open;
            self.transaction.read_only = read_only;
            self.show_block();
        }
        Done::tagged("BEGIN")
    }

    async fn commit_block(&mut self) -> Step<Done> {
        match self.transaction.block {
            Block::Failed => self.rollback_block().await,
            Block::Open => {
                self.commit(true).await?;
                Ok(Done::tagged("COMMIT"))
            }
            Block::None | Block::Implicit => {
                self.warn_no_transaction();
                self.commit(false).await?;
                Ok(Done::tagged("COMMIT"))
            }
        }
    }

    async fn rollback_block(&mut self) -> Step<Done> {
        if !self.transaction.in_block() {
            self.warn_no_transaction();
        }
        self.rollback().await?;
        Ok(Done::tagged("ROLLBACK"))
    }

    fn warn_no_transaction(&mut self) {
        let text = "there is no transaction in progress";
        self.notice(&Failure::new("25P01", text).with_severity("WARNING"));
    }

    async fn set(&mut self, name: &str, value: Option<&str>, sql: Option<&str>) -> Step<Done> {
        if SessionSettings::keeps(name) {
            if let (Some(value), "statement_timeout") = (value, name)
                && milliseconds(value).is_none()
            {
                let text = format!("invalid value for parameter \"{name}\": \"{value}\"");
                return Err(Failure::new("22023", text).into());
            }
            if self.transaction.block != Block::None {
                self.remember_settings();
            }
            self.settings.set(name, value);
            self.show_settings();
        } else {
            if let (Some(value), "client_encoding") = (value, name) {
                check_encoding(value)?;
            }
            let own = match value {
                Some(value) => format!("SET {} TO {}", identifier(name), literal(value)),
                None => format!("RESET {}", identifier(name)),
            };
            // Outside a block it holds at once; inside, it goes with a rollback.
            if self.transaction.block == Block::Open {
                self.begin().await?;
            }
            self.backend.run(sql.unwrap_or(&own)).await?;
        }
        Ok(Done::tagged(if value.is_some() { "SET" } else { "RESET" }))
    }

    async fn show(&mut self, name: &str, run: &Run) -> Step<Done> {
        let value = match self.settings.get(name) {
            Some(value) => value.to_owned(),
            None => {
                let sql = format!("SHOW {}", identifier(name));
                let rows = self.backend.run(&sql).await?;
                rows.into_iter().flatten().next().flatten().unwrap_or_default()
            }
        };
        if matches!(run, Run::Simple { .. }) {
            reply::row_description(self.client.out(), &[text_column(name)], |_| 0);
        }
        reply::data_row(self.client.out(), &[Some(&value)]);
        Ok(Done { tag: "SHOW".into(), rows: Some(1) })
    }

    async fn cancel(&mut self, pid: i32) -> Step<Done> {
        let Some(entry) = self.server.sessions.find(pid) else {
            return Err(Failure::new("XX000", format!("no session with process id {pid}")).into());
        };
        if entry.info().user != self.who.user.name && !self.who.user.superuser {
            let text = "must be superuser to cancel another user's query";
            return Err(Failure::new("42501", text).into());
        }
        entry.cancel(self.server.socket()).await;
        Ok(Done::tagged("CANCEL"))
    }

    /// Runs a statement on the backend and sends its rows on as they come.
    async fn rows(&mut self, sql: &str, run: Run) -> Step<Done> {
        self.announce().await;
        let portal = match run {
            Run::Portal(portal) => portal,
            Run::Simple { .. } => {
                let description = self.backend.prepare("front", sql, &[], &[]).await?;
                let bind = super::extended::bind_body("", "front", &[], 0, &[], &[]);
                if let Some(columns) = description.columns {
                    let columns = self.server.types.shown_columns(columns);
                    reply::row_description(self.client.out(), &columns, |_| 0);
                }
                PortalRun { portal: String::new(), bind: Some(bind), max_rows: 0 }
            }
        };
        let closed = std::mem::take(&mut self.closed_portals);
        let out = self.backend.buffer();
        for name in &closed {
            frontend::close(b'P', name, out)?;
        }
        if let Some(bind) = &portal.bind {
            put(out, b'B', bind);
        }
        frontend::execute(&portal.portal, portal.max_rows, out)?;
        if portal.max_rows == 0 {
            // It has no more to give.
            frontend::close(b'P', &portal.portal, out)?;
        }
        frontend::sync(out);
        self.backend.flush().await?;
        self.pass_on().await
    }

    async fn pass_on(&mut self) -> Step<Done> {
        let mut done = Done::default();
        let mut rows = 0;
        let mut failed = None;
        loop {
            let frame = self.backend.next().await?;
            match frame.tag {
                b'D' => {
                    rows += 1;
                    done.rows = Some(rows);
                    self.client.send(&frame).await?;
                }
                b'C' => {
                    let text = String::from_utf8_lossy(&frame.body);
                    done.tag = redshift_tag(text.trim_end_matches('\0')).to_owned();
                }
                b'E' => failed = Some(super::failure::Raw::parse(frame.body)?.translate()),
                b'Z' => break,
                _ => {}
            }
        }
        failed.map_or(Ok(done), |failure| Err(failure.into()))
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

    /// Adds a statement to the log.
    pub(super) fn log(&self, text: &str, shape: &str, prepared: bool) {
        let info = self.who.entry.info().clone();
        self.server.statements.add(StatementRecord {
            pid: info.pid,
            user: info.user,
            application_name: info.application_name,
            query_group: info.query_group,
            text: text.to_owned(),
            shape: shape.to_owned(),
            prepared,
        });
    }

    /// The present statement as the system views show it.
    pub(super) fn statement_note(&self, action: &Action, text: &str) -> Statement {
        Statement {
            user: self.who.user.name.clone(),
            query: self.query,
            label: self.settings.query_group().to_owned(),
            transaction: self.transaction_id(),
            pid: self.backend.pid,
            kind: kind(action, text),
            text: kept_text(text).replace('\0', ""),
        }
    }

    async fn note_end(&self, result: &Step<Done>) {
        let (status, error, rows) = match result {
            Ok(done) => ("success", None, done.rows),
            Err(Stop::Failed(failure) | Stop::Fatal(failure)) => {
                let canceled = failure.sqlstate == "57014";
                let status = if canceled { "canceled" } else { "failed" };
                (status, Some(failure.message.clone()), None)
            }
            Err(Stop::Gone) => ("failed", Some("connection lost".to_owned()), None),
        };
        let note = Note::Ended { query: self.query, status, error, rows };
        self.server.history.note(&self.database, note).await;
    }
}

/// What a query does to the session's cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    /// Opens it.
    Declare,
    /// Closes it.
    Close,
}

impl Cursor {
    /// Told by the first word of the text that the gate writes for PostgreSQL.
    fn of(sql: &str) -> Option<Cursor> {
        match sql.split_once(' ')?.0 {
            "DECLARE" => Some(Cursor::Declare),
            "CLOSE" => Some(Cursor::Close),
            _ => None,
        }
    }
}

/// The formats in which a portal's columns are sent.
pub(super) fn formats(columns: &[reply::Column], wanted: &[i16]) -> Vec<i16> {
    columns
        .iter()
        .enumerate()
        .map(|(at, column)| result_format(column, format_of(wanted, at)))
        .collect()
}

/// `query_type` of `sys_query_history`.
fn kind(action: &Action, text: &str) -> &'static str {
    match action {
        Action::Query { .. } => "SELECT",
        Action::Write { .. } => {
            let first = text.trim_start().get(..6).unwrap_or_default().to_ascii_uppercase();
            match first.as_str() {
                "INSERT" => "INSERT",
                "UPDATE" => "UPDATE",
                "DELETE" => "DELETE",
                _ => "OTHER",
            }
        }
        Action::Copy(_) => "COPY",
        Action::Define { .. } | Action::Truncate { .. } => "DDL",
        _ => "UTILITY",
    }
}
