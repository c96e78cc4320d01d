//! A session's transaction: when it begins on the backend, when it takes its snapshot, which locks
//! it takes, and how it ends.
//!
//! On the backend every transaction is opened by the front, so that PostgreSQL never commits by
//! itself. It is opened as late as possible: a block that has only asked the leader node anything
//! has no snapshot yet, and LOCK after that still comes before it.

use std::collections::BTreeSet;

use super::{
    failure::{Failure, Step, Stop},
    session::Session,
    settings::SessionSettings,
};
use crate::{
    config::Isolation,
    dialect::action::Relation,
    faults::{Effect, Ending, StatementKind},
};

/// What a client's transaction looks like from outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Block {
    /// None: the next statement gets one of its own.
    #[default]
    None,
    /// One statement's own, or one message's.
    Implicit,
    /// Between BEGIN and its end.
    Open,
    /// Between an error in a block and its end.
    Failed,
}

/// A session's transaction.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// What it looks like from outside.
    pub(super) block: Block,
    /// Whether it has begun on the backend.
    pub(super) begun: bool,
    /// `READ ONLY`.
    pub(super) read_only: bool,
    /// Its id, once it has a snapshot.
    pub(super) xid: Option<u64>,
    /// Whether a cursor is open.
    pub(super) cursor: bool,
    /// OIDs of tables whose write lock it holds.
    locked: BTreeSet<u32>,
    /// The table that it wrote to last.
    target: Option<Table>,
    /// Settings as they were before it.
    before: Option<SessionSettings>,
    /// The last statement's text, for faults at a commit that no statement asked for.
    pub(super) text: String,
}

impl Transaction {
    /// The status in ReadyForQuery.
    pub(super) fn status(&self) -> u8 {
        match self.block {
            Block::None | Block::Implicit => b'I',
            Block::Open => b'T',
            Block::Failed => b'E',
        }
    }

    /// Whether the client is in a block.
    pub(super) fn in_block(&self) -> bool {
        matches!(self.block, Block::Open | Block::Failed)
    }
}

/// A table that a statement names, as the backend knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    /// OID.
    pub(super) oid: u32,
    /// Whether it is temporary, and so nobody else's concern.
    pub(super) temporary: bool,
}

impl Session {
    /// Begins the transaction on the backend.
    pub(super) async fn begin(&mut self) -> Step<()> {
        if self.transaction.begun {
            return Ok(());
        }
        if self.transaction.block == Block::None {
            self.transaction.block = Block::Implicit;
        }
        self.remember_settings();
        let mode = if self.transaction.read_only { " READ ONLY" } else { "" };
        self.backend.run(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ{mode}")).await?;
        self.transaction.begun = true;
        Ok(())
    }

    /// Keeps the settings that a rollback brings back.
    pub(super) fn remember_settings(&mut self) {
        if self.transaction.before.is_none() {
            self.transaction.before = Some(self.settings.clone());
        }
    }

    /// Takes the snapshot, unless there is one, and finds the tables that `relations` name. A table
    /// that the snapshot does not know is error 1018; one that is not there is `None`, for
    /// PostgreSQL to report.
    pub(super) async fn snapshot(&mut self, relations: &[&Relation]) -> Step<Vec<Option<Table>>> {
        self.begin().await?;
        let sql = snapshot_sql(self.query, relations);
        let transactions = self.who.transactions.clone();
        let rows = if self.transaction.xid.is_some() {
            self.backend.run(&sql).await?
        } else {
            let _order = transactions.taking_snapshot().await;
            let rows = self.backend.run(&sql).await?;
            let xid = rows
                .first()
                .and_then(|row| row.first())
                .and_then(|text| text.as_deref()?.parse().ok())
                .ok_or_else(|| Failure::new("XX000", "PostgreSQL gave no transaction id"))?;
            transactions.log().open(xid);
            self.transaction.xid = Some(xid);
            rows
        };
        self.announce().await;
        let tables: Vec<Option<Table>> = rows.iter().skip(1).map(|row| table(row)).collect();
        let xid = self.transaction.xid.unwrap_or_default();
        let log = transactions.log();
        if tables.iter().flatten().any(|table| log.is_younger(xid, table.oid)) {
            return Err(Failure::new("XX000", "1018")
                .with_detail("Relation does not exist")
                .into());
        }
        Ok(tables)
    }

    /// Takes the write lock of a table, behind the snapshot as plain DML does.
    pub(super) async fn write_lock(&mut self, table: Table) -> Step<()> {
        if table.temporary || self.transaction.locked.contains(&table.oid) {
            return Ok(());
        }
        self.backend.run(&format!("SELECT redshift_front.write_lock({})", table.oid)).await?;
        self.transaction.locked.insert(table.oid);
        Ok(())
    }

    /// Records what a statement reads and writes, and fails where that closes a cycle.
    pub(super) fn record(&mut self, reads: &[Option<Table>], writes: Option<Table>) -> Step<()> {
        let Some(xid) = self.transaction.xid else { return Ok(()) };
        let mut log = self.who.transactions.log();
        for table in reads.iter().flatten().filter(|table| !table.temporary) {
            log.read(xid, table.oid);
        }
        if let Some(table) = writes.filter(|table| !table.temporary) {
            log.write(xid, table.oid);
            self.transaction.target = Some(table);
        }
        drop(log);
        self.check_conflict()
    }

    /// Fails where the transaction is part of a cycle.
    fn check_conflict(&self) -> Step<()> {
        let (Some(xid), Isolation::Serializable) = (self.transaction.xid, self.who.isolation)
        else {
            return Ok(());
        };
        match self.who.transactions.log().conflict(xid) {
            Some(cycle) => {
                Err(Failure::conflict(cycle.table, &cycle.xids, self.backend.pid).into())
            }
            None => Ok(()),
        }
    }

    /// Tables that exist now, whatever the snapshot knows, and are the transaction's own creation.
    pub(super) async fn record_created(&mut self, relations: &[&Relation]) -> Step<()> {
        let rows = self.backend.run(&snapshot_sql(self.query, relations)).await?;
        let Some(xid) = self.transaction.xid else { return Ok(()) };
        let mut log = self.who.transactions.log();
        for row in rows.iter().skip(1).filter(|row| is_own(row)) {
            if let Some(table) = table(row).filter(|table| !table.temporary) {
                log.create(xid, table.oid);
            }
        }
        Ok(())
    }

    /// Redshift's words for a row that another transaction changed behind the snapshot.
    pub(super) fn row_conflict(&self) -> Failure {
        let xid = self.transaction.xid.unwrap_or_default();
        let table = self.transaction.target.map_or(0, |table| table.oid);
        let other = self.who.transactions.log().newer_writer(xid, table);
        let xids: Vec<u64> = std::iter::once(xid).chain(other).collect();
        Failure::conflict(table, &xids, self.backend.pid)
    }

    /// Commits, as COMMIT or as the end of a statement outside a block.
    pub(super) async fn commit(&mut self, asked: bool) -> Step<()> {
        let wrote = self.has_written();
        let effect = if asked || wrote {
            let text = if asked { "COMMIT".to_owned() } else { self.transaction.text.clone() };
            match self.meet(self.fault(StatementKind::Commit, !asked, &text)).await {
                Ok(effect) => effect,
                Err(stop) => return self.end_badly(stop).await,
            }
        } else {
            None
        };
        if let Err(stop) = self.commit_on_backend(wrote).await {
            return self.end_badly(stop).await;
        }
        self.finish(true);
        if effect == Some(Effect::LoseAfter) { self.lose() } else { Ok(()) }
    }

    /// A commit that failed ends the transaction: no block is left to be rolled back.
    async fn end_badly(&mut self, stop: Stop) -> Step<()> {
        if let Stop::Failed(_) = &stop {
            self.rollback().await?;
        }
        Err(stop)
    }

    fn has_written(&self) -> bool {
        self.transaction.xid.is_some_and(|xid| self.who.transactions.log().has_written(xid))
    }

    async fn commit_on_backend(&mut self, wrote: bool) -> Step<()> {
        if !self.transaction.begun {
            return Ok(());
        }
        let transactions = self.who.transactions.clone();
        let slowness = self.server.pace.get().commit;
        if wrote && !slowness.is_zero() {
            let _turn = transactions.commit_queue().lock().await;
            self.wait(slowness).await?;
        }
        let _order = transactions.committing().await;
        self.check_conflict()?;
        self.backend.run("COMMIT").await?;
        self.transaction.begun = false;
        if let Some(xid) = self.transaction.xid.take() {
            transactions.log().commit(xid);
        }
        Ok(())
    }

    /// Rolls back, as ROLLBACK.
    pub(super) async fn rollback(&mut self) -> Step<()> {
        self.undo().await?;
        self.finish(false);
        Ok(())
    }

    /// Rolls back after an error; a block then waits for its end.
    pub(super) async fn fail(&mut self) -> Step<()> {
        self.undo().await?;
        let in_block = self.transaction.in_block();
        self.finish(false);
        if in_block {
            self.transaction.block = Block::Failed;
        }
        self.show_block();
        Ok(())
    }

    /// Undoes on the backend what the transaction did.
    pub(super) async fn undo(&mut self) -> Step<()> {
        if self.transaction.begun {
            // Locks go with PostgreSQL's own rollback, so the log must not wait for it.
            self.forget_transaction();
            self.transaction.begun = false;
            self.backend.run("ROLLBACK").await?;
        }
        Ok(())
    }

    /// Takes an unfinished transaction out of the log.
    pub(super) fn forget_transaction(&mut self) {
        if let Some(xid) = self.transaction.xid.take() {
            self.who.transactions.log().abort(xid);
        }
    }

    fn finish(&mut self, committed: bool) {
        let before = self.transaction.before.take();
        if let (false, Some(before)) = (committed, before) {
            self.settings = before;
            self.show_settings();
        }
        self.transaction = Transaction::default();
        self.portals.clear();
        self.show_block();
    }

    /// Lets others see whether the session is in a block.
    pub(super) fn show_block(&self) {
        self.who.entry.info().in_block = self.transaction.in_block();
    }

    /// Lets others see the session's labels.
    pub(super) fn show_settings(&self) {
        let group = self.settings.query_group().to_owned();
        self.who.entry.info().query_group = group;
    }

    /// Drops the client's connection without a word; the transaction, if any, rolls back.
    pub(super) fn lose(&mut self) -> Step<()> {
        self.client.lose();
        Err(Stop::Gone)
    }

    /// Drops the client's connection and lives on with transaction and locks, as a server does that
    /// has not noticed; then ends as told.
    pub(super) async fn live_on(&mut self, hold: std::time::Duration, then: Ending) -> Step<()> {
        self.client.lose();
        tokio::select! {
            () = tokio::time::sleep(hold) => {}
            // Somebody terminates it: PostgreSQL says so, and rolls back.
            ended = self.backend.next() => {
                ended?;
                return Err(Stop::Gone);
            }
        }
        if then == Ending::Commit {
            let wrote = self.has_written();
            self.commit_on_backend(wrote).await?;
        }
        Err(Stop::Gone)
    }
}

/// One statement that takes the snapshot, gives the transaction's id in its first row, and one row
/// for each relation: OID, persistence, and whether this transaction made it.
fn snapshot_sql(query: i64, relations: &[&Relation]) -> String {
    let mut sql = format!(
        "SELECT txid_current()::text, set_config('redshift.last_query_id', '{query}', false), \
         NULL, NULL"
    );
    for (index, relation) in relations.iter().enumerate() {
        let name = literal(&qualified(relation));
        sql.push_str(&format!(
            " UNION ALL SELECT '{index}', o::oid::text, c.relpersistence::text, (c.xmin::text = \
             (txid_current() % 4294967296)::text)::text FROM pg_catalog.to_regclass({name}) o \
             LEFT JOIN pg_catalog.pg_class c ON c.oid = o"
        ));
    }
    sql
}

fn table(row: &[Option<String>]) -> Option<Table> {
    let oid = row.get(1)?.as_deref()?.parse().ok()?;
    Some(Table { oid, temporary: row.get(2)?.as_deref() == Some("t") })
}

fn is_own(row: &[Option<String>]) -> bool {
    row.get(3).is_some_and(|own| own.as_deref() == Some("true"))
}

/// A relation's name as PostgreSQL's SQL text.
pub(super) fn qualified(relation: &Relation) -> String {
    let name = identifier(&relation.name);
    match &relation.schema {
        Some(schema) => format!("{}.{name}", identifier(schema)),
        None => name,
    }
}

/// A quoted identifier.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal; the backend takes backslashes as they are.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_names() {
        let relation = Relation { schema: Some("a\"b".into()), name: "it's".into() };
        assert_eq!(qualified(&relation), "\"a\"\"b\".\"it's\"");
        assert!(snapshot_sql(7, &[&relation]).contains("to_regclass('\"a\"\"b\".\"it''s\"')"));
    }
}
