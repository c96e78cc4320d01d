//! COPY: the target's write lock as for other DML, then the files' rows into PostgreSQL's own COPY,
//! inside the client's transaction. The client is answered when the backend has taken the last row;
//! whatever goes wrong before fails the backend's COPY, so that no half of a load can stay.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use chrono::Utc;
use postgres_protocol::message::frontend;
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

use super::{
    failure::{Failure, Raw, Step, Stop},
    frame::put,
    history::{LoadNote, Note},
    run::Done,
    session::Session,
    transaction::{Table, identifier, literal, qualified},
};
use crate::{
    catalog,
    copy::{CopyContext, CopyError, Load, Loaded, Session as LoadSession, notice, target},
    dialect::{
        action::Action,
        copy::{CopyStatement, Format},
    },
    latency::at_least,
};

/// So many pieces of a load wait for the backend.
const PIECES: usize = 4;

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Failure {
        let failure = Failure::new(error.sqlstate, error.message);
        match error.detail {
            Some(detail) => failure.with_detail(detail),
            None => failure,
        }
    }
}

impl Session {
    /// Loads a table.
    pub(super) async fn copy(&mut self, statement: &CopyStatement) -> Step<Done> {
        if let Some(other) = statement.database.as_ref().filter(|name| **name != self.database) {
            let text = format!("not modelled: COPY into the database \"{other}\" from another one");
            return Err(Failure::new("0A000", text).into());
        }
        let tables = self.enter_write(&statement.target, &[]).await?;
        let Some(table) = tables.first().copied().flatten() else {
            let text = format!("relation \"{}\" does not exist", statement.target.name);
            return Err(Failure::new("42P01", text).into());
        };
        self.record(&[], Some(table))?;
        let begin = (Instant::now(), SystemTime::now());
        let columns = self.target_columns(statement).await?;
        let context = self.load_context(statement, table);
        let prepared = Load::prepare(statement, &columns, context).await;
        let load = prepared.map_err(|error| Stop::from(Failure::from(error)))?;
        let files = load.files().iter().map(|file| file.size).sum::<u64>();
        let files = (
            i32::try_from(load.files().len()).unwrap_or(i32::MAX),
            i64::try_from(files).unwrap_or(i64::MAX),
        );
        let result = self.run_load(statement, load).await;
        at_least(begin.0, self.server.pace.get().copy).await;
        self.note_load(statement, table, begin.1, files, &result).await;
        match result {
            Ok(loaded) => self.loaded(statement, &loaded).await,
            Err(LoadStop::Session(stop)) => Err(stop),
            Err(LoadStop::Copy(error)) => {
                // The load had begun: its id and its count of nothing outlive the rollback.
                self.undo().await?;
                self.backend.run(&catalog::note_copy(0, self.query)).await?;
                Err(Failure::from(error).into())
            }
        }
    }

    async fn loaded(&mut self, statement: &CopyStatement, loaded: &Loaded) -> Step<Done> {
        self.backend.run(&catalog::note_copy(loaded.rows, self.query)).await?;
        let table = &statement.target.name;
        let info = |text| Failure::new("00000", text).with_severity("INFO");
        self.notice(&info(notice::completed(table, loaded.rows)));
        if loaded.skipped > 0 {
            let edition = self.server.config().edition;
            self.notice(&info(notice::skipped(table, loaded.skipped, edition)));
        }
        Ok(Done::tagged("COPY"))
    }

    /// The target's columns in the order of the table.
    async fn target_columns(
        &mut self,
        statement: &CopyStatement,
    ) -> Step<Vec<target::TargetColumn>> {
        let name = literal(&qualified(&statement.target));
        let rows = self.backend.run(&catalog::TARGET_COLUMNS.replace("$1", &name)).await?;
        rows.iter()
            .map(|row| {
                target_column(row).ok_or_else(|| {
                    let text = "not modelled: COPY into a table with a column of this type";
                    Failure::new("0A000", text).into()
                })
            })
            .collect()
    }

    fn load_context(&self, statement: &CopyStatement, table: Table) -> CopyContext {
        let config = self.server.config();
        CopyContext {
            source: Arc::new(self.server.s3.clone()),
            roles: config.roles.clone(),
            keys: self.server.s3.keys(),
            expired_keys: self.server.s3.expired_keys(),
            region: config.region.clone(),
            edition: config.edition,
            session: LoadSession {
                user_id: self.server.user_id(&self.who.user.name),
                database: self.database.clone(),
                pid: self.backend.pid,
                transaction_id: self.transaction_id(),
                query_id: self.query,
                start_time: Utc::now(),
                table_id: i64::from(table.oid),
                table: statement.target.name.clone(),
            },
        }
    }

    async fn run_load(
        &mut self,
        statement: &CopyStatement,
        load: Load,
    ) -> Result<Loaded, LoadStop> {
        let columns: Vec<String> = load.pg_columns().into_iter().map(identifier).collect();
        let sql = format!(
            "COPY {} ({}) FROM STDIN (FORMAT binary)",
            qualified(&statement.target),
            columns.join(", ")
        );
        let (sender, receiver) = mpsc::channel(PIECES);
        if statement.no_load {
            return drain(load, sender, receiver).await;
        }
        frontend::query(&sql, self.backend.buffer()).map_err(Stop::from)?;
        self.backend.flush().await?;
        let answer = self.backend.next().await?;
        if answer.tag != b'G' {
            return Err(self.end_copy(answer.tag, answer.body).await.into());
        }
        let reading = tokio::spawn(load.run(sender));
        self.feed(receiver, reading).await
    }

    /// Hands a load's rows to the backend until they end, and settles how.
    async fn feed(
        &mut self,
        mut rows: mpsc::Receiver<Bytes>,
        reading: JoinHandle<Result<Loaded, CopyError>>,
    ) -> Result<Loaded, LoadStop> {
        loop {
            tokio::select! {
                piece = rows.recv() => match piece {
                    Some(piece) => {
                        put(self.backend.buffer(), b'd', &piece);
                        self.backend.flush().await?;
                    }
                    None => break,
                },
                // The backend speaks up within COPY only to refuse a row, or to end the session.
                refused = self.backend.next() => {
                    let refused = refused?;
                    return Err(self.end_copy(refused.tag, refused.body).await.into());
                }
                _ = self.cancellations.changed() => {
                    drop(rows);
                    self.fail_copy().await?;
                    return Err(Stop::from(Failure::cancelled(self.query)).into());
                }
            }
        }
        let read = reading.await.map_err(|e| {
            Stop::from(Failure::new("XX000", format!("COPY ended unexpectedly: {e}")))
        })?;
        match read {
            Ok(loaded) => {
                frontend::copy_done(self.backend.buffer());
                self.backend.flush().await?;
                let answer = self.backend.next().await?;
                match answer.tag {
                    b'C' => self.until_ready().await?,
                    _ => return Err(self.end_copy(answer.tag, answer.body).await.into()),
                }
                Ok(loaded)
            }
            Err(error) => {
                self.fail_copy().await?;
                Err(LoadStop::Copy(error))
            }
        }
    }

    async fn fail_copy(&mut self) -> Step<()> {
        frontend::copy_fail("the load failed", self.backend.buffer())?;
        self.backend.flush().await?;
        self.until_ready().await
    }

    async fn until_ready(&mut self) -> Step<()> {
        while self.backend.next().await?.tag != b'Z' {}
        Ok(())
    }

    /// What the backend said instead of taking rows.
    async fn end_copy(&mut self, tag: u8, body: Bytes) -> Stop {
        let failure = match (tag, Raw::parse(body)) {
            (b'E', Ok(raw)) => raw.translate(),
            _ => Failure::new("XX000", "PostgreSQL answered COPY out of turn"),
        };
        match self.until_ready().await {
            Ok(()) => failure.into(),
            Err(stop) => stop,
        }
    }

    async fn note_load(
        &self,
        statement: &CopyStatement,
        table: Table,
        start: SystemTime,
        files: (i32, i64),
        result: &Result<Loaded, LoadStop>,
    ) {
        let (loaded, errors) = match result {
            Ok(loaded) => (Some(loaded.clone()), loaded.errors.clone()),
            Err(LoadStop::Copy(error)) => (None, error.load_errors.clone()),
            Err(LoadStop::Session(_)) => (None, Vec::new()),
        };
        let action = Action::Copy(Box::new(statement.clone()));
        let note = LoadNote {
            statement: self.statement_note(&action, &self.transaction.text),
            table: statement.target.name.clone(),
            table_oid: table.oid,
            start,
            source: statement.from.clone(),
            format: match statement.format {
                Format::Parquet { .. } => "parquet",
                Format::Csv(_) => "csv",
            },
            loaded,
            files,
            errors,
        };
        self.server.history.note(&self.database, Note::Load(Box::new(note))).await;
        // A client that is told of load errors looks for them next.
        self.server.history.written(&self.database).await;
    }
}

/// Why a load that had begun did not end well.
enum LoadStop {
    /// COPY itself failed.
    Copy(CopyError),
    /// Something else did.
    Session(Stop),
}

impl From<Stop> for LoadStop {
    fn from(stop: Stop) -> LoadStop {
        LoadStop::Session(stop)
    }
}

/// `NOLOAD`: everything is read and checked, nothing is loaded.
async fn drain(
    load: Load,
    sender: mpsc::Sender<Bytes>,
    mut rows: mpsc::Receiver<Bytes>,
) -> Result<Loaded, LoadStop> {
    let (read, ()) = tokio::join!(load.run(sender), async { while rows.recv().await.is_some() {} });
    read.map(|loaded| Loaded { rows: 0, ..loaded }).map_err(LoadStop::Copy)
}

fn target_column(row: &[Option<String>]) -> Option<target::TargetColumn> {
    let text = |index: usize| row.get(index)?.as_deref();
    Some(target::TargetColumn {
        name: text(0)?.to_owned(),
        data_type: column_type(text(1)?, text(2)?.parse().ok()?)?,
        not_null: text(3)? == "t",
        has_default: text(4)? == "t",
        identity: text(5)? == "t",
    })
}

/// A column's type from PostgreSQL's name of it and its modifier.
fn column_type(name: &str, modifier: i32) -> Option<target::ColumnType> {
    use target::ColumnType as Type;
    let length = u32::try_from(modifier - 4).ok();
    Some(match name {
        "boolean" => Type::Boolean,
        "smallint" => Type::SmallInt,
        "integer" => Type::Integer,
        "bigint" => Type::BigInt,
        "real" => Type::Real,
        "double precision" => Type::Double,
        "numeric" => {
            let packed = length?;
            Type::Decimal(u8::try_from(packed >> 16).ok()?, u8::try_from(packed & 0xffff).ok()?)
        }
        "character" => Type::Char(length?),
        "character varying" => Type::VarChar(length?),
        "date" => Type::Date,
        "timestamp without time zone" => Type::Timestamp,
        "timestamp with time zone" => Type::TimestampTz,
        "time without time zone" => Type::Time,
        // Two digits for each byte.
        "binary varying" => Type::VarByte(length? / 2),
        "super" => Type::Super,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{column_type, target::ColumnType};

    #[test]
    fn reads_modifiers() {
        assert_eq!(column_type("character varying", 24), Some(ColumnType::VarChar(20)));
        assert_eq!(column_type("numeric", ((18 << 16) | 3) + 4), Some(ColumnType::Decimal(18, 3)));
        assert_eq!(column_type("bigint", -1), Some(ColumnType::BigInt));
        assert_eq!(column_type("numeric", -1), None);
        assert_eq!(column_type("jsonb", -1), None);
    }
}
