//! Statements over the front, by a plain client beside those that are tested.

use anyhow::{Context as _, Result};
use redshift_local::RedshiftLocal;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::connection::{WATCHER, password};

/// The last result of a text: names of its columns, and its rows as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Runs statements in a session of their own.
///
/// # Errors
/// What the server says, as [`tokio_postgres::Error`].
pub async fn query(local: &RedshiftLocal, text: &str) -> Result<Rows> {
    let (client, connection) = tokio_postgres::Config::new()
        .host("127.0.0.1")
        .port(local.port())
        .user(WATCHER)
        .password(password())
        .dbname(local.config().databases.first().context("there is no database")?)
        .application_name("controlled")
        .connect(NoTls)
        .await
        .context("cannot connect")?;
    let connection = tokio::spawn(connection);
    let messages = client.simple_query(text).await;
    drop(client);
    // An error of the connection is told by the query.
    let _ = connection.await;
    Ok(collect(messages?))
}

fn collect(messages: Vec<SimpleQueryMessage>) -> Rows {
    let mut last = Rows::default();
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                let columns = columns.iter().map(|column| column.name().to_owned()).collect();
                last = Rows { columns, rows: Vec::new() };
            }
            SimpleQueryMessage::Row(row) => {
                last.rows.push((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect());
            }
            _ => {}
        }
    }
    last
}
