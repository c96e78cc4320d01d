//! Statements that read, change and define data: snapshot and locks in Redshift's order, then
//! PostgreSQL's answer row by row.

use postgres_protocol::message::frontend;

use super::{
    extended::bind_body,
    failure::{Failure, Raw, Step},
    frame::put,
    reply::{self, redshift_tag},
    run::{Done, PortalRun, Run},
    session::Session,
    transaction::{Table, qualified},
};
use crate::dialect::action::{Action, Relation};

impl Session {
    /// Runs a query, in the transaction's snapshot where it reads data.
    pub(super) async fn query(
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

    /// Changes one table, under its write lock.
    pub(super) async fn write(
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

    /// Runs a definition.
    pub(super) async fn define(&mut self, action: &Action, run: &Run) -> Step<Done> {
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
    pub(super) async fn truncate(&mut self, sql: &str, target: &Relation) -> Step<Done> {
        let tables = self.snapshot(&[target]).await?;
        self.backend.run(sql).await?;
        self.record(&[], tables.first().copied().flatten())?;
        self.commit(false).await?;
        Ok(Done::tagged("TRUNCATE TABLE"))
    }

    /// LOCK takes the lock before any snapshot.
    pub(super) async fn lock(&mut self, tables: &[Relation]) -> Step<Done> {
        self.begin().await?;
        let names: Vec<String> = tables.iter().map(qualified).collect();
        self.backend
            .run(&format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", ")))
            .await?;
        Ok(Done::tagged("LOCK TABLE"))
    }

    /// Runs a statement on the backend and sends its rows on as they come.
    async fn rows(&mut self, sql: &str, run: Run) -> Step<Done> {
        self.announce().await;
        let portal = match run {
            Run::Portal(portal) => portal,
            Run::Simple { .. } => {
                let description = self.backend.prepare("front", sql, &[], &[]).await?;
                let bind = bind_body("", "front", &[], 0, &[], &[]);
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
                b'E' => failed = Some(Raw::parse(frame.body)?.translate()),
                b'Z' => break,
                _ => {}
            }
        }
        failed.map_or(Ok(done), |failure| Err(failure.into()))
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
