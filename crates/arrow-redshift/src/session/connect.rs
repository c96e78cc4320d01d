//! TCP, TLS and login, up to a ready session.

use std::{io, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_postgres::{Client, Connection, NoTls, config::SslMode as Wire, tls::NoTlsStream};

use super::{classify, digest, tls};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{ConnectionConfig, SslMode},
};

/// Firewalls drop silent connections after minutes; a COPY may be silent for longer.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// Unacknowledged bytes end the connection after this, instead of the kernel's quarter hour.
const UNACKNOWLEDGED: Duration = Duration::from_secs(120);

/// PostgreSQL's SSLRequest: its length and its code.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A byte stream to the server, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

pub(super) type BoxedStream = Box<dyn Stream>;
type Opened = (Client, Connection<digest::Replay<BoxedStream>, NoTlsStream>);

/// Connects and logs in.
pub(super) async fn open(config: &ConnectionConfig, application: &str) -> Result<Opened> {
    let stream = stream(config).await?;
    let stream = digest::start(stream, config, application).await.map_err(|e| at(e, config))?;
    let mut wire = tokio_postgres::Config::new();
    wire.user(&config.username)
        .password(config.password.expose())
        .dbname(&config.database)
        .ssl_mode(Wire::Disable);
    wire.connect_raw(stream, NoTls).await.map_err(|e| at(classify::connection(e), config))
}

/// Connects, with TLS where the mode asks for it.
pub(super) async fn stream(config: &ConnectionConfig) -> Result<BoxedStream> {
    let tcp = tcp(config).await.map_err(|error| {
        let why = format!("could not connect: {error}");
        at(Error::new(ErrorKind::ConnectionLost, why), config)
            .hint("check host name, port, security group and that the warehouse is running")
    })?;
    if config.ssl_mode == SslMode::Disable {
        return Ok(Box::new(tcp));
    }
    encrypted(tcp, config).await.map_err(|error| at(error, config))
}

/// The error of a connection that took too long.
pub(super) fn too_slow(config: &ConnectionConfig) -> Error {
    let why = format!("no session within {:?}", config.connect_timeout);
    at(Error::new(ErrorKind::ConnectionLost, why), config)
        .hint("a firewall may swallow the packets, or set 'connection.connect-timeout' higher")
}

async fn tcp(config: &ConnectionConfig) -> io::Result<TcpStream> {
    let tcp = TcpStream::connect((config.hostname.as_str(), config.port)).await?;
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(&tcp);
    socket.set_tcp_keepalive(
        &TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL),
    )?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(tcp)
}

async fn encrypted(mut tcp: TcpStream, config: &ConnectionConfig) -> Result<BoxedStream> {
    let refused = |why: String| Error::new(ErrorKind::TlsFailed, why);
    let lost = |error: io::Error| {
        Error::new(ErrorKind::ConnectionLost, "the connection broke before TLS").source(error)
    };
    tcp.write_all(&SSL_REQUEST).await.map_err(lost)?;
    match tcp.read_u8().await.map_err(lost)? {
        b'S' => {}
        b'N' => {
            return Err(refused("the server offers no TLS".into())
                .hint("only for a server without TLS: 'ssl.mode' = 'disable'"));
        }
        // An error message: a server that is starting, or has no connection left.
        _ => return Err(lost(io::Error::other("the server answered with an error"))),
    }
    let name = rustls::pki_types::ServerName::try_from(config.hostname.clone())
        .map_err(|_| refused("the host name cannot stand in a certificate".into()))?;
    let connector = tls::connector(config)?;
    match connector.connect(name, tcp).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) if is_tls(&error) => Err(refused(format!("the TLS handshake failed: {error}"))
            .hint(
                "behind a DNS alias use 'ssl.mode' = 'verify-ca'; for a private authority set \
                 'ssl.root-cert'",
            )),
        // A restart or a failover in the middle of it.
        Err(error) => Err(lost(error)),
    }
}

fn is_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>())
}

fn at(error: Error, config: &ConnectionConfig) -> Error {
    error
        .with("host", format_args!("{}:{}", config.hostname, config.port))
        .with("database", &config.database)
        .with("user", &config.username)
}
