//! Accepts connections, each with a task of its own.

use std::sync::Arc;

use rand::Rng;
use tokio::net::{TcpListener, TcpStream};

use super::{
    backend::Backend,
    failure::{Failure, Step, Stop},
    frame::put,
    login::{Arrival, Parameters, arrive, authenticate},
    registry::{Entry, SessionInfo},
    reply,
    server::Server,
    session::{Session, Who},
    settings::check_encoding,
    stream::Client,
};
use crate::{
    config::User,
    faults::{Effect, Event, StatementKind},
};

/// Accepts connections until the stand-in stops.
pub(crate) async fn accept(server: Arc<Server>, listener: TcpListener) {
    loop {
        let stream = tokio::select! {
            () = server.stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(e) => {
                    // Out of descriptors, for instance: others must end before it gets better.
                    tracing::warn!(error = %e, "cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let session = serve(Arc::clone(&server), stream);
        let stop = server.stop.clone();
        server.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = session => {}
            }
        });
    }
}

/// One connection from its first byte to its last.
async fn serve(server: Arc<Server>, stream: TcpStream) {
    // Answers are gathered before they are sent; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let (mut client, parameters, encrypted) = match arrive(&server, stream).await {
        Ok(Arrival::Session { client, parameters, encrypted }) => (client, parameters, encrypted),
        Ok(Arrival::Cancel { pid, secret }) => {
            if let Some(entry) = server.sessions.with_secret(pid, secret) {
                entry.cancel(server.socket()).await;
            }
            return;
        }
        Err(e) => {
            tracing::debug!(error = %e, "a connection ended before its startup message");
            return;
        }
    };
    let Some(_place) = server.admit() else {
        let limit = server.config().max_connections;
        let text = format!("connection limit \"{limit}\" exceeded for non-bootstrap users");
        return refuse(&mut client, &Failure::new("53300", text)).await;
    };
    match open(&server, &mut client, parameters, encrypted).await {
        Ok((backend, who)) => Session::new(server, client, backend, who).run().await,
        Err(Stop::Failed(failure) | Stop::Fatal(failure)) => refuse(&mut client, &failure).await,
        Err(Stop::Gone) => {}
    }
}

/// Tells a client why it may not stay.
async fn refuse(client: &mut Client, failure: &Failure) {
    let body = failure.clone().with_severity("FATAL").body();
    put(client.out(), b'E', &body);
    client.close().await;
}

/// Logs a client in, gives it a backend, and tells it what a session starts with.
async fn open(
    server: &Server,
    client: &mut Client,
    parameters: Parameters,
    encrypted: bool,
) -> Step<(Backend, Who)> {
    let user = authenticate(server, client, &parameters, encrypted).await?;
    let database = parameters.get("database").unwrap_or(&user.name).clone();
    let Some(transactions) = server.database(&database) else {
        return Err(Failure::new("3D000", format!("database \"{database}\" does not exist")).into());
    };
    let application_name = parameters.get("application_name").cloned().unwrap_or_default();
    let event = Event {
        user: &user.name,
        labels: [&application_name, ""],
        statement: StatementKind::Connect,
        implied: false,
        text: "",
    };
    match server.faults.at(&event) {
        Some(Effect::Fail { sqlstate, message, .. }) => {
            return Err(Failure::new(sqlstate, message).into());
        }
        Some(Effect::Stall(time)) => tokio::time::sleep(time).await,
        Some(_) => return Err(Stop::Gone),
        None => {}
    }
    let backend = connect(server, &user, &database, &parameters).await?;
    let info = SessionInfo {
        pid: backend.pid,
        user: user.name.clone(),
        database,
        application_name,
        query_group: String::new(),
        in_block: false,
    };
    let secret = rand::rng().random();
    greet(client, &user, &parameters, &server.config().time_zone, backend.pid, secret);
    client.flush().await?;
    let entry = Arc::new(Entry::new(info, secret, backend.secret));
    let isolation = server.isolation();
    Ok((backend, Who { user, transactions, isolation, entry, parameters }))
}

async fn connect(
    server: &Server,
    user: &User,
    database: &str,
    parameters: &Parameters,
) -> Step<Backend> {
    let given = |name: &str| {
        parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    };
    if let Some(encoding) = given("client_encoding") {
        check_encoding(encoding)?;
    }
    let mut startup = vec![
        ("user", user.name.as_str()),
        ("database", database),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO, MDY"),
        ("TimeZone", given("TimeZone").unwrap_or(&server.config().time_zone)),
        ("extra_float_digits", given("extra_float_digits").unwrap_or("0")),
        ("application_name", given("application_name").unwrap_or("")),
    ];
    if let Some(path) = given("search_path") {
        startup.push(("search_path", path));
    }
    Backend::connect(server.socket(), &startup).await
}

fn greet(
    client: &mut Client,
    user: &User,
    parameters: &Parameters,
    default_zone: &str,
    pid: i32,
    secret: i32,
) {
    let out = client.out();
    reply::authentication_ok(out);
    let encoding = if parameters.contains_key("client_encoding") { "UTF8" } else { "UNICODE" };
    let zone = parameters.get("TimeZone").map_or(default_zone, String::as_str);
    let name = parameters.get("application_name").map_or("", String::as_str);
    // No standard_conforming_strings (backslashes are escapes here), and no
    // server_protocol_version (its extensions are not spoken).
    for (parameter, value) in [
        ("client_encoding", encoding),
        ("DateStyle", "ISO, MDY"),
        ("integer_datetimes", "on"),
        ("is_superuser", if user.superuser { "on" } else { "off" }),
        ("server_encoding", "UNICODE"),
        ("server_version", "8.0.2"),
        ("padb_version", "1.0.99999"),
        ("session_authorization", &user.name),
        ("TimeZone", zone),
        ("application_name", name),
        ("datashare_enabled", "on"),
        ("external_database", "off"),
        crate::catalog::SHOW_DISCOVERY,
    ] {
        reply::parameter_status(out, parameter, value);
    }
    reply::key_data(out, pid, secret);
    reply::ready(out, b'I');
}
