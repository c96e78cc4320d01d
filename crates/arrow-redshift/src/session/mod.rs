//! One database session: connection, TLS, login, statements, and what an error means. The only
//! user of `tokio_postgres`.
//!
//! Statements go through the simple protocol: a prepared one would make the driver look types up
//! in catalogs that Redshift does not have, which aborts a transaction. Results come as text. Only
//! INSERTs of rows have parameters; their types are declared and their result has no columns, so
//! nothing is looked up.
//!
//! The driver writes the text of every statement to the `log` crate at debug level. A program that
//! collects such records and has COPY use keys must keep `tokio_postgres` at info.

mod binds;
mod classify;
mod connect;
mod connections;
mod digest;
mod pipeline;
mod pool;
mod rest;
mod shapes;
mod tls;
mod unquoted;

use std::{sync::Arc, time::Duration};

pub(crate) use pipeline::Piece;
pub(crate) use unquoted::reason;

pub use connections::Connections;
use pool::{Place, Pool};
use rest::Rest;
use tokio_postgres::{
    AsyncMessage, CancelToken, Client, NoTls, SimpleQueryMessage, SimpleQueryRow,
};
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, trace};

use crate::{
    error::{Error, ErrorKind, Result},
    limits,
    options::ConnectionConfig,
    sql::{self, Statement},
};

/// How long a server may take to answer a cancel request before the session is given up.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

/// One row of a result, as text; NULL is `None`.
pub type Row = Vec<Option<String>>;

/// An open session. Dropping it closes the connection; the server then rolls back what was open.
pub struct Session {
    client: Client,
    /// Statements with parameters that were sent lately.
    shapes: shapes::Shapes,
    cancel: CancelToken,
    config: Arc<ConnectionConfig>,
    pid: i32,
    rest: Arc<Rest>,
    _driver: AbortOnDropHandle<()>,
    /// The sessions among which it takes a place, where those are counted.
    pool: Option<Arc<Pool>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl Session {
    /// Connects, logs in and sets the statement timeout, within the connect timeout.
    /// `application` is what the server shows as the session's name.
    pub async fn open(config: Arc<ConnectionConfig>, application: &str) -> Result<Session> {
        Session::open_in(config, application, None).await
    }

    /// The same in a place, which is given back once the connection is closed.
    async fn open_in(
        config: Arc<ConnectionConfig>,
        application: &str,
        place: Option<Place>,
    ) -> Result<Session> {
        let limit = config.connect_timeout;
        let opened = Session::begin(Arc::clone(&config), application, place);
        match tokio::time::timeout(limit, opened).await {
            Ok(opened) => opened,
            Err(_) => Err(connect::too_slow(&config)),
        }
    }

    async fn begin(
        config: Arc<ConnectionConfig>,
        application: &str,
        place: Option<Place>,
    ) -> Result<Session> {
        let (client, mut connection) = connect::open(&config, application).await?;
        let rest = Arc::new(Rest::new());
        let pool = place.as_ref().map(Place::pool);
        if let Some(place) = &place {
            place.seat(&rest);
        }
        let resting = Arc::clone(&rest);
        let driver = tokio::spawn(async move {
            // Declared before the connection, so dropped after it.
            let _place = place;
            let mut messages =
                futures::stream::poll_fn(move |context| connection.poll_message(context));
            loop {
                let message = tokio::select! {
                    message = futures::StreamExt::next(&mut messages) => message,
                    // Dropping the connection closes it.
                    () = resting.over() => break,
                };
                let Some(message) = message else { break };
                match message {
                    Ok(AsyncMessage::Notice(notice)) => debug!(notice = notice.message()),
                    Ok(_) => {}
                    // The client's pending call gets the same error.
                    Err(_) => break,
                }
            }
        });
        let cancel = client.cancel_token();
        let mut session = Session {
            client,
            shapes: shapes::Shapes::default(),
            cancel,
            config,
            pid: 0,
            rest,
            _driver: AbortOnDropHandle::new(driver),
            pool,
        };
        session.pid = session.number(&sql::BACKEND_PID).await?;
        if !session.config.statement_timeout.is_zero() {
            let timeout = session.config.statement_timeout;
            session.run(&sql::set_statement_timeout(timeout)).await?;
        }
        Ok(session)
    }

    /// The server's process id of this session, by which another one can end it.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Leaves the session alone until [`resume`](Session::resume): unused for as long as
    /// `connection.idle-timeout` says, it closes, and at once where somebody waits for its place.
    /// Nothing may run on it.
    pub fn rest(&self) {
        let limit = self.config.idle_timeout;
        let limit = (!limit.is_zero()).then_some(limit);
        match &self.pool {
            Some(pool) => pool.rest(&self.rest, limit),
            None => self.rest.begin(limit),
        }
    }

    /// Takes the session into use again; `false` where it is closed.
    pub fn resume(&self) -> bool {
        self.rest.end() && !self.is_closed()
    }

    /// Whether the connection is known to be gone.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Forgets the statements that were prepared: a table that they name is another one now.
    pub fn forget_prepared(&self) {
        self.shapes.forget();
    }

    /// Runs a statement whose result does not matter.
    pub async fn run(&self, statement: &Statement) -> Result<()> {
        self.query(statement).await.map(drop)
    }

    /// Runs a statement and returns its rows as text.
    pub async fn query(&self, statement: &Statement) -> Result<Vec<Row>> {
        let rows = self.send(statement).await?;
        let text = |row: SimpleQueryRow| {
            (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect::<Row>()
        };
        Ok(rows.into_iter().map(text).collect())
    }

    /// Runs a statement whose answer has columns that versions of the server add to, and returns
    /// those of these names.
    pub async fn query_columns(&self, statement: &Statement, names: &[&str]) -> Result<Vec<Row>> {
        let cell = |row: &SimpleQueryRow, name: &str| {
            row.try_get(name).map(|cell| cell.map(str::to_owned)).map_err(|error| {
                let why = format!("the server's answer has no column {name}");
                Error::new(ErrorKind::Unsupported, why).with("statement", statement).source(error)
            })
        };
        let rows = self.send(statement).await?;
        rows.iter().map(|row| names.iter().map(|name| cell(row, name)).collect()).collect()
    }

    async fn send(&self, statement: &Statement) -> Result<Vec<SimpleQueryRow>> {
        trace!(pid = self.pid, %statement);
        check_size(statement)?;
        let answer = self.client.simple_query(statement.text()).await;
        let messages = answer.map_err(|error| classify::statement(error, statement))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Runs a query that answers one text, which may be NULL.
    pub async fn text(&self, statement: &Statement) -> Result<Option<String>> {
        let rows = self.query(statement).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Runs a query that answers one number.
    pub async fn number<N: std::str::FromStr>(&self, statement: &Statement) -> Result<N> {
        let cell = self.text(statement).await?;
        cell.and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
            Error::new(ErrorKind::Internal, "the server's answer is not the number that was asked")
                .with("statement", statement)
        })
    }

    /// Sends COMMIT. Without a clear answer the outcome is unknown, which is a kind of its own:
    /// nothing may be tried again before the ledger has been asked. Clear is a conflict, with
    /// which the server refuses to commit; any other error may have come when it was done.
    pub async fn commit(&self) -> Result<()> {
        self.run(&sql::COMMIT).await.map_err(|error| match error.kind() {
            ErrorKind::TransactionConflict => error,
            _ => error.into_kind(ErrorKind::CommitUnknown),
        })
    }

    /// Runs a statement that waits for a lock, for at most `limit`.
    pub async fn run_within(&self, statement: &Statement, limit: Duration) -> Result<()> {
        self.query_within(statement, limit).await.map(drop)
    }

    /// Runs a query that may wait for a lock, for at most `limit`, then asks the server to cancel
    /// it. The session is of no use after that: a cancel that comes late would hit what it runs
    /// next.
    pub async fn query_within(&self, statement: &Statement, limit: Duration) -> Result<Vec<Row>> {
        let overdue = || {
            Error::new(ErrorKind::LockTimeout, format!("no lock within {limit:?}"))
                .with("statement", statement)
                .hint("another transaction holds the lock; see svv_transactions")
        };
        match tokio::time::timeout(limit, self.query(statement)).await {
            // The server's own timeout may be the shorter one.
            Ok(Err(error)) if error.kind() == ErrorKind::StatementCancelled => {
                Err(overdue().source(error))
            }
            Ok(answer) => answer,
            Err(_) => {
                let cancelled = tokio::time::timeout(CANCEL_PATIENCE, self.cancel()).await;
                debug!(pid = self.pid, answered = cancelled.is_ok(), "cancelled a wait for a lock");
                Err(overdue())
            }
        }
    }

    /// Asks the server, over a connection of its own, to cancel what this session runs.
    pub async fn cancel(&self) -> Result<()> {
        let stream = connect::stream(&self.config).await?;
        self.cancel.cancel_query_raw(stream, NoTls).await.map_err(classify::connection)
    }
}

/// Refuses a statement that is longer than Redshift reads, which would end the session.
fn check_size(statement: &Statement) -> Result<()> {
    let (bytes, most) = (statement.text().len() as u64, limits::STATEMENT_BYTES);
    if bytes <= most {
        return Ok(());
    }
    let why = format!("a statement of {bytes} bytes is longer than the {most} that Redshift reads");
    Err(Error::new(ErrorKind::Unsupported, why)
        .with("statement", statement.verb())
        .with("limit", "SQL statement"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_never_longer_than_redshift_reads() {
        let of = |bytes: usize| Statement::new("x".repeat(bytes));
        let most = limits::STATEMENT_BYTES as usize;
        assert!(check_size(&of(most)).is_ok());
        let error = check_size(&of(most + 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("limit: SQL statement"));
    }
}
