//! What the tests of the front share: clients of a stand-in.
#![allow(dead_code, clippy::unwrap_used)]

use redshift_local::{
    RedshiftLocal,
    config::{Config, Isolation},
};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A stand-in with the defaults.
pub async fn start() -> RedshiftLocal {
    RedshiftLocal::start(Config::default()).await.expect("the stand-in starts")
}

/// A stand-in with SERIALIZABLE databases.
pub async fn start_serializable() -> RedshiftLocal {
    let config = Config { isolation: Isolation::Serializable, ..Config::default() };
    RedshiftLocal::start(config).await.expect("the stand-in starts")
}

/// A client of the default user.
pub async fn connect(local: &RedshiftLocal) -> Client {
    connect_as(local, "awsuser", "Passw0rd", "test").await.expect("logged in")
}

/// A client.
pub async fn connect_as(
    local: &RedshiftLocal,
    user: &str,
    password: &str,
    application: &str,
) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::Config::new()
        .host("127.0.0.1")
        .port(local.port())
        .user(user)
        .password(password)
        .dbname("dev")
        .application_name(application)
        .connect(NoTls)
        .await?;
    // It ends with the client; tests that lose connections expect its error.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// The rows of a simple query as texts, NULL as `NULL`, columns joined by `|`.
pub async fn rows(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|at| row.get(at).unwrap_or("NULL"))
                    .collect::<Vec<_>>()
                    .join("|"),
            ),
            _ => None,
        })
        .collect()
}

/// The one value of a simple query.
pub async fn value(client: &Client, sql: &str) -> String {
    let rows = rows(client, sql).await;
    assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
    rows[0].clone()
}

/// Runs statements that must succeed.
pub async fn run(client: &Client, sql: &str) {
    client.batch_execute(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
}

/// SQLSTATE, message and detail of statements that must fail.
pub async fn failure(client: &Client, sql: &str) -> (String, String, String) {
    let error = client.batch_execute(sql).await.expect_err(sql);
    told(&error)
}

/// SQLSTATE, message and detail of an error of the server.
pub fn told(error: &tokio_postgres::Error) -> (String, String, String) {
    let error = error.as_db_error().unwrap_or_else(|| panic!("not told by the server: {error:?}"));
    (
        error.code().code().to_owned(),
        error.message().to_owned(),
        error.detail().unwrap_or_default().to_owned(),
    )
}
