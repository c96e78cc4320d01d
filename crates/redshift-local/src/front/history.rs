//! What the system views show: sessions, statements and loads, written on connections of the
//! server's own, so that a client's rollback does not take it away.

use std::{collections::HashMap, path::PathBuf, sync::Mutex, time::SystemTime};

use anyhow::{Context, Result};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_postgres::Client;

use crate::{
    catalog,
    copy::{LoadError, Loaded},
    postgres::connect_admin,
};

/// So many notes wait at most; who has another waits until there is room.
const WAITING: usize = 1024;

/// Something to note.
#[derive(Debug)]
pub(crate) enum Note {
    /// A session began.
    Session { pid: i32, user: String, application: String, driver: String, os: String },
    /// A session ended.
    SessionEnd { pid: i32 },
    /// A statement began.
    Began(Statement),
    /// A statement ended.
    Ended { query: i64, status: &'static str, error: Option<String>, rows: Option<i64> },
    /// A load ended.
    Load(Box<LoadNote>),
    /// Tell when everything before this is written.
    Written(oneshot::Sender<()>),
}

/// A statement as `sys_query_history` shows it.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// User.
    pub(crate) user: String,
    /// Query id.
    pub(crate) query: i64,
    /// `query_group`.
    pub(crate) label: String,
    /// Transaction id; 0 where there is none.
    pub(crate) transaction: i64,
    /// Process id.
    pub(crate) pid: i32,
    /// Its kind, as the view names it.
    pub(crate) kind: &'static str,
    /// Its text, secrets masked.
    pub(crate) text: String,
}

/// A load as `sys_load_history`, `sys_load_detail` and the load-error views show it.
#[derive(Debug)]
pub(crate) struct LoadNote {
    /// The statement.
    pub(crate) statement: Statement,
    /// Target table.
    pub(crate) table: String,
    /// Its OID.
    pub(crate) table_oid: u32,
    /// When it began.
    pub(crate) start: SystemTime,
    /// The address after FROM.
    pub(crate) source: String,
    /// Format, as the views name it.
    pub(crate) format: &'static str,
    /// What was loaded; `None` where the load failed.
    pub(crate) loaded: Option<Loaded>,
    /// Number and bytes of its files.
    pub(crate) files: (i32, i64),
    /// Rows that could not be loaded.
    pub(crate) errors: Vec<LoadError>,
}

/// The writer of notes.
#[derive(Debug)]
pub(crate) struct History {
    sender: mpsc::Sender<(String, Note)>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl History {
    /// Starts the writer on PostgreSQL's socket directory.
    pub(crate) fn start(socket_dir: PathBuf) -> History {
        let (sender, receiver) = mpsc::channel(WAITING);
        let writer = tokio::spawn(write_all(socket_dir, receiver));
        History { sender, writer: Mutex::new(Some(writer)) }
    }

    /// Adds a note for a database.
    pub(crate) async fn note(&self, database: &str, note: Note) {
        // The writer only ends with the server.
        let _ = self.sender.send((database.to_owned(), note)).await;
    }

    /// Waits until everything noted so far can be read.
    pub(crate) async fn written(&self, database: &str) {
        let (done, wait) = oneshot::channel();
        self.note(database, Note::Written(done)).await;
        let _ = wait.await;
    }

    /// Ends the writer.
    pub(crate) async fn stop(&self) {
        let writer = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(writer) = writer {
            writer.abort();
            let _ = writer.await;
        }
    }
}

async fn write_all(socket_dir: PathBuf, mut notes: mpsc::Receiver<(String, Note)>) {
    let mut clients: HashMap<String, Client> = HashMap::new();
    while let Some((database, note)) = notes.recv().await {
        if let Err(e) = write(&socket_dir, &mut clients, &database, note).await {
            // A view that lacks a row must not fail the client's statement; the reason is told.
            tracing::warn!(error = format!("{e:#}"), "a system view misses an entry");
        }
    }
}

async fn write(
    socket_dir: &std::path::Path,
    clients: &mut HashMap<String, Client>,
    database: &str,
    note: Note,
) -> Result<()> {
    if clients.get(database).is_none_or(Client::is_closed) {
        clients.insert(database.to_owned(), connect_admin(socket_dir, database).await?);
    }
    let client = clients.get(database).context("no connection")?;
    match note {
        Note::Session { pid, user, application, driver, os } => {
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                [&pid, &user, &application, &driver, &os];
            client.execute(catalog::INSERT_SESSION, &values).await?;
        }
        Note::SessionEnd { pid } => {
            client.execute(catalog::END_SESSION, &[&pid]).await?;
        }
        Note::Began(s) => {
            client
                .execute(
                    catalog::INSERT_QUERY_HISTORY,
                    &[&s.user, &s.query, &s.label, &s.transaction, &s.pid, &s.kind, &s.text],
                )
                .await?;
        }
        Note::Ended { query, status, error, rows } => {
            client.execute(catalog::END_QUERY_HISTORY, &[&query, &status, &error, &rows]).await?;
        }
        Note::Load(load) => write_load(client, &load).await?,
        Note::Written(done) => {
            // Who asked may have gone.
            let _ = done.send(());
        }
    }
    Ok(())
}

async fn write_load(client: &Client, load: &LoadNote) -> Result<()> {
    let s = &load.statement;
    let status = if load.loaded.is_some() { "completed" } else { "aborted" };
    let (rows, bytes) = load.loaded.as_ref().map_or((0, 0), |l| (number(l.rows), number(l.bytes)));
    let (files, file_bytes) = load.files;
    let errors = i64::try_from(load.errors.len()).unwrap_or(i64::MAX);
    client
        .execute(
            catalog::INSERT_LOAD_HISTORY,
            &[
                &s.user,
                &s.query,
                &s.transaction,
                &s.pid,
                &status,
                &load.table,
                &load.start,
                &load.source,
                &load.format,
                &rows,
                &bytes,
                &files,
                &file_bytes,
                &files,
                &file_bytes,
                &errors,
            ],
        )
        .await?;
    for file in load.loaded.iter().flat_map(|loaded| &loaded.files) {
        let (bytes, rows, skipped) = (number(file.bytes), number(file.rows), number(file.skipped));
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&s.user, &s.query, &file.name, &bytes, &rows, &skipped, &load.format];
        client.execute(catalog::INSERT_LOAD_FILE, &values).await?;
    }
    for error in &load.errors {
        write_error(client, load, error).await?;
    }
    Ok(())
}

async fn write_error(client: &Client, load: &LoadNote, error: &LoadError) -> Result<()> {
    let s = &load.statement;
    let table = load.table_oid.cast_signed();
    let code = error.error_code;
    client
        .execute(
            catalog::INSERT_LOAD_ERROR,
            &[
                &s.user,
                &s.query,
                &s.transaction,
                &s.pid,
                &table,
                &load.start,
                &error.file_name,
                &error.line_number,
                &error.column_name,
                &error.column_type,
                &error.column_length,
                &error.position,
                &error.raw_line,
                &error.raw_field_value,
                &code,
                &error.error_message,
                &error.start_offset,
            ],
        )
        .await?;
    Ok(())
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
