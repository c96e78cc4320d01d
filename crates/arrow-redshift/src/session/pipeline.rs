//! Statements that are sent without waiting for each other's answers: a transaction in the time of
//! one round trip.

use std::{fmt, ops::Range, pin::Pin, time::Duration};

use arrow::array::RecordBatch;
use futures::future::{BoxFuture, FutureExt, MaybeDone, maybe_done, try_join_all};
use tokio_postgres::{
    Statement as Prepared,
    types::{ToSql, Type},
};
use tracing::{debug, trace};

use super::{CANCEL_PATIENCE, Session, binds::Column, classify, shapes::Known};
use crate::{
    error::{Error, ErrorKind, Result},
    sql::{self, Statement},
};

/// The longest wait for the answer to a statement that waits for no lock.
const ANSWER_PATIENCE: Duration = Duration::from_secs(120);

/// One statement of a pipeline.
#[derive(Clone)]
pub(crate) enum Piece<'a> {
    /// A statement without parameters.
    Run(Statement),
    /// LOCK, whose answer may take as long as the lock.
    Lock(Statement),
    /// An INSERT of these rows of a batch, its parameters in the rows' order.
    Insert(Statement, &'a RecordBatch, Range<usize>),
}

impl Piece<'_> {
    fn statement(&self) -> &Statement {
        match self {
            Piece::Run(statement) | Piece::Lock(statement) | Piece::Insert(statement, ..) => {
                statement
            }
        }
    }

    fn patience(&self, lock: Duration) -> Duration {
        match self {
            Piece::Lock(_) => lock,
            // An INSERT waits for whoever writes to the table.
            _ => lock.max(ANSWER_PATIENCE),
        }
    }

    /// What an error of this piece means: the server's own `statement_timeout` may be shorter than
    /// the wait for a lock may take.
    fn explain(&self, error: Error) -> Error {
        match self {
            Piece::Lock(statement) if error.kind() == ErrorKind::StatementCancelled => {
                no_lock("the server cancelled the wait for a lock", statement).source(error)
            }
            _ => error,
        }
    }
}

impl fmt::Debug for Piece<'_> {
    /// Without the rows, which are the user's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.statement().verb())
    }
}

/// How the pieces of a pipeline ended.
struct Answers {
    /// Rows that its INSERTs reported.
    inserted: u64,
    /// The first error, and the place of its statement.
    failed: Option<(usize, Error)>,
}

impl Session {
    /// Runs statements in one transaction and one round trip: BEGIN, all of them and COMMIT are
    /// sent before the first answer is read. Gives how many rows the INSERTs took.
    ///
    /// To send COMMIT so early is sound because in a block that has failed it rolls back. So
    /// whatever COMMIT answers, a statement that failed means that nothing was committed, and the
    /// error is that statement's. Where the connection broke, COMMIT had been sent: then the
    /// outcome is unknown.
    ///
    /// `lock` bounds the wait for LOCK. After [`ErrorKind::LockTimeout`] the session is of no use.
    pub(crate) async fn transact(&self, pieces: &[Piece<'_>], lock: Duration) -> Result<u64> {
        let mut all = vec![Piece::Run(sql::BEGIN)];
        all.extend_from_slice(pieces);
        all.push(Piece::Run(sql::COMMIT));
        let Answers { inserted, failed } = self.answers(&all, lock).await?;
        let Some((at, error)) = failed else { return Ok(inserted) };
        let at_commit = at == all.len() - 1;
        Err(match error.kind() {
            ErrorKind::ConnectionLost => error.into_kind(ErrorKind::CommitUnknown),
            ErrorKind::TransactionConflict | ErrorKind::LockTimeout => error,
            _ if at_commit => error.into_kind(ErrorKind::CommitUnknown),
            _ => error,
        })
    }

    /// Runs statements in one round trip, in the transaction that is open or, where none is, each
    /// for itself. Gives how many rows the INSERTs took.
    pub(crate) async fn pipeline(&self, pieces: &[Piece<'_>], lock: Duration) -> Result<u64> {
        let Answers { inserted, failed } = self.answers(pieces, lock).await?;
        failed.map_or(Ok(inserted), |(_, error)| Err(error))
    }

    async fn answers(&self, pieces: &[Piece<'_>], lock: Duration) -> Result<Answers> {
        let prepared = self.prepared(pieces).await?;
        let mut pending: Vec<Pin<Box<MaybeDone<_>>>> = pieces
            .iter()
            .zip(&prepared)
            .map(|(piece, prepared)| Box::pin(maybe_done(self.answer(piece, prepared.as_ref()))))
            .collect();
        // The first poll of each puts its messages in the wire's queue, so the order is theirs.
        for answer in &mut pending {
            let _ = futures::poll!(answer.as_mut());
        }
        let mut answers = Answers { inserted: 0, failed: None };
        for (at, (piece, answer)) in pieces.iter().zip(&mut pending).enumerate() {
            if tokio::time::timeout(piece.patience(lock), answer.as_mut()).await.is_err() {
                return Err(self.overdue(piece, lock).await);
            }
            match answer.as_mut().take_output() {
                Some(Ok(rows)) => answers.inserted += rows,
                Some(Err(error)) if answers.failed.is_none() => {
                    answers.failed = Some((at, piece.explain(error)));
                }
                _ => {}
            }
        }
        if answers.failed.is_some() {
            self.shapes.forget();
        }
        Ok(answers)
    }

    /// The prepared form of each INSERT whose text has come before. Those that are still to be
    /// prepared are so in one round trip.
    async fn prepared(&self, pieces: &[Piece<'_>]) -> Result<Vec<Option<Prepared>>> {
        let mut ready = vec![None; pieces.len()];
        // A piece of each text that is to be prepared, and all pieces of that text.
        let mut lacking: Vec<(&Piece<'_>, Vec<usize>)> = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            if !matches!(piece, Piece::Insert(..)) {
                continue;
            }
            let text = piece.statement().text();
            match self.shapes.meet(text) {
                Known::No => {}
                Known::Prepared(prepared) => ready[at] = Some(prepared),
                Known::Once => {
                    match lacking.iter_mut().find(|(other, _)| other.statement().text() == text) {
                        Some((_, places)) => places.push(at),
                        None => lacking.push((piece, vec![at])),
                    }
                }
            }
        }
        let Some((first, _)) = lacking.first() else { return Ok(ready) };
        let preparing = try_join_all(lacking.iter().map(|(piece, _)| self.prepare(piece)));
        let prepared = match tokio::time::timeout(ANSWER_PATIENCE, preparing).await {
            Ok(prepared) => prepared?,
            Err(_) => return Err(self.overdue(first, ANSWER_PATIENCE).await),
        };
        for ((_, places), prepared) in lacking.iter().zip(prepared) {
            for at in places {
                ready[*at] = Some(prepared.clone());
            }
        }
        Ok(ready)
    }

    /// Has the server read and plan an INSERT.
    async fn prepare(&self, piece: &Piece<'_>) -> Result<Prepared> {
        let Piece::Insert(statement, batch, rows) = piece else {
            return Err(Error::new(ErrorKind::Internal, "only INSERTs of rows are prepared"));
        };
        let columns = batch.columns().iter().map(Column::of).collect::<Result<Vec<_>>>()?;
        let of_row = || columns.iter().map(|column| column.parameter.clone());
        let types: Vec<Type> = rows.clone().flat_map(|_| of_row()).collect();
        let answer = self.client.prepare_typed(statement.text(), &types).await;
        let prepared = answer.map_err(|error| classify::statement(error, statement))?;
        self.shapes.keep(statement.text(), &prepared);
        Ok(prepared)
    }

    fn answer<'a>(
        &'a self,
        piece: &'a Piece<'_>,
        prepared: Option<&'a Prepared>,
    ) -> BoxFuture<'a, Result<u64>> {
        match piece {
            Piece::Run(statement) | Piece::Lock(statement) => {
                self.send(statement).map(|rows| rows.map(|_| 0)).boxed()
            }
            Piece::Insert(statement, batch, rows) => {
                self.insert(statement, prepared, batch, rows.clone()).boxed()
            }
        }
    }

    async fn insert(
        &self,
        statement: &Statement,
        prepared: Option<&Prepared>,
        batch: &RecordBatch,
        rows: Range<usize>,
    ) -> Result<u64> {
        trace!(pid = self.pid, verb = statement.verb(), rows = rows.len());
        let columns = batch.columns().iter().map(Column::of).collect::<Result<Vec<_>>>()?;
        let cells: Vec<_> = rows
            .flat_map(|row| columns.iter().map(move |column| (column.cell(row), &column.parameter)))
            .collect();
        let cell = |cell| cell as &(dyn ToSql + Sync);
        let answer = match prepared {
            Some(prepared) => {
                let parameters: Vec<_> = cells.iter().map(|(value, _)| cell(value)).collect();
                self.client.execute(prepared, &parameters).await
            }
            None => {
                let parameters: Vec<(&(dyn ToSql + Sync), Type)> =
                    cells.iter().map(|(value, of)| (cell(value), (*of).clone())).collect();
                self.client.execute_typed(statement.text(), &parameters).await
            }
        };
        answer.map_err(|error| classify::statement(error, statement))
    }

    /// Gives up a statement that is not answered in time.
    async fn overdue(&self, piece: &Piece<'_>, lock: Duration) -> Error {
        let cancelled = tokio::time::timeout(CANCEL_PATIENCE, self.cancel()).await;
        debug!(pid = self.pid, answered = cancelled.is_ok(), "cancelled a statement in a pipeline");
        let limit = piece.patience(lock);
        let why = match piece {
            Piece::Lock(_) => format!("no lock within {limit:?}"),
            _ => format!("no answer within {limit:?}"),
        };
        no_lock(&why, piece.statement())
    }
}

fn no_lock(why: &str, statement: &Statement) -> Error {
    Error::new(ErrorKind::LockTimeout, why)
        .with("statement", statement.verb())
        .hint("another transaction holds the lock; see svv_transactions")
}
