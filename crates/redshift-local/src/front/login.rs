//! From a fresh connection to a user whose password was right: TLS, startup message, password.

use std::{collections::BTreeMap, io};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use postgres_protocol::authentication::md5_hash;
use rand::Rng;
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;

use super::{
    failure::{Failure, Step, Stop},
    frame::{FrameReader, invalid, put, take_i32, take_text},
    server::Server,
    stream::Client,
};
use crate::config::{StoredPassword, Tls, User};

const SSL_REQUEST: i32 = 80_877_103;
const GSS_REQUEST: i32 = 80_877_104;
const CANCEL_REQUEST: i32 = 80_877_102;

/// Parameters of a startup message.
pub(crate) type Parameters = BTreeMap<String, String>;

/// What a connection turned out to want.
pub(crate) enum Arrival {
    /// A session; whether it is encrypted.
    Session { client: Client, parameters: Parameters, encrypted: bool },
    /// The cancellation of another session's statement.
    Cancel { pid: i32, secret: i32 },
}

/// Reads up to the startup message, through TLS where it is asked for.
pub(crate) async fn arrive(server: &Server, mut stream: TcpStream) -> io::Result<Arrival> {
    loop {
        let mut reader = FrameReader::new(&mut stream, 10_000);
        let Some(mut packet) = reader.startup().await? else { return Err(invalid("no startup")) };
        match take_i32(&mut packet)? {
            SSL_REQUEST => {
                // What came unencrypted before TLS must not be taken for what came through it.
                if reader.has_more() {
                    return Err(invalid("data before TLS"));
                }
                match server.tls() {
                    Some(acceptor) => {
                        write_byte(&mut stream, b'S').await?;
                        return startup_in(acceptor.accept(stream).await?).await;
                    }
                    None => write_byte(&mut stream, b'N').await?,
                }
            }
            GSS_REQUEST => write_byte(&mut stream, b'N').await?,
            CANCEL_REQUEST => {
                let pid = take_i32(&mut packet)?;
                return Ok(Arrival::Cancel { pid, secret: take_i32(&mut packet)? });
            }
            version => {
                if reader.has_more() {
                    return Err(invalid("data before the password"));
                }
                let parameters = parameters(version, packet)?;
                let client = Client::new(stream);
                return Ok(Arrival::Session { client, parameters, encrypted: false });
            }
        }
    }
}

async fn startup_in(mut stream: tokio_rustls::server::TlsStream<TcpStream>) -> io::Result<Arrival> {
    let mut reader = FrameReader::new(&mut stream, 10_000);
    let Some(mut packet) = reader.startup().await? else { return Err(invalid("no startup")) };
    match take_i32(&mut packet)? {
        CANCEL_REQUEST => {
            let pid = take_i32(&mut packet)?;
            Ok(Arrival::Cancel { pid, secret: take_i32(&mut packet)? })
        }
        version => {
            if reader.has_more() {
                return Err(invalid("data before the password"));
            }
            let parameters = parameters(version, packet)?;
            Ok(Arrival::Session { client: Client::new(stream), parameters, encrypted: true })
        }
    }
}

async fn write_byte(stream: &mut TcpStream, byte: u8) -> io::Result<()> {
    use tokio::io::AsyncWriteExt;
    stream.write_all(&[byte]).await?;
    stream.flush().await
}

/// Parameters that the stand-in does not know are kept and ignored, as Redshift does.
fn parameters(version: i32, mut packet: Bytes) -> io::Result<Parameters> {
    if version >> 16 != 3 {
        return Err(invalid("not version 3 of the protocol"));
    }
    let mut parameters = Parameters::new();
    while packet.first().is_some_and(|byte| *byte != 0) {
        let name = take_text(&mut packet)?;
        parameters.insert(name, take_text(&mut packet)?);
    }
    Ok(parameters)
}

/// Asks for the password of the user whom `parameters` name, and answers who it is.
pub(crate) async fn authenticate(
    server: &Server,
    client: &mut Client,
    parameters: &Parameters,
    encrypted: bool,
) -> Step<User> {
    let name = parameters
        .get("user")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| fatal("28000", "no PostgreSQL user name specified in startup packet"))?;
    let database = parameters.get("database").unwrap_or(name);
    if server.config().tls == Tls::Required && !encrypted {
        return Err(fatal(
            "28000",
            format!(
                "no pg_hba.conf entry for host \"127.0.0.1\", user \"{name}\", database \
                 \"{database}\", SSL off"
            ),
        ));
    }
    let user = server.config().users.iter().find(|user| user.name == *name);
    let right = match user.map_or(StoredPassword::Md5, |user| user.stored) {
        StoredPassword::Md5 => md5(client, name, user).await?,
        StoredPassword::Sha256 => sha256(client, user).await?,
    };
    let locked = server.count_login(name, right);
    match user {
        Some(user) if right && !locked => Ok(user.clone()),
        _ => Err(fatal("28000", format!("password authentication failed for user \"{name}\""))),
    }
}

fn fatal(sqlstate: &str, message: impl Into<String>) -> Stop {
    Failure::new(sqlstate, message).with_severity("FATAL").into()
}

/// Authentication code 5.
async fn md5(client: &mut Client, name: &str, user: Option<&User>) -> Step<bool> {
    let salt: [u8; 4] = rand::rng().random();
    let mut body = BytesMut::new();
    body.put_i32(5);
    body.put_slice(&salt);
    let mut answer = ask(client, &body, b'p').await?;
    let given = take_text(&mut answer)?;
    Ok(user.is_some_and(|user| md5_hash(name.as_bytes(), user.password.as_bytes(), salt) == given))
}

/// Authentication code 13: Redshift's own digest, for passwords stored as SHA-256.
async fn sha256(client: &mut Client, user: Option<&User>) -> Step<bool> {
    let salt: [u8; 16] = rand::rng().random();
    let nonce: [u8; 16] = rand::rng().random();
    let mut body = BytesMut::new();
    body.put_i32(13);
    body.put_i32(0);
    for bytes in [salt, nonce] {
        body.put_i32(16);
        body.put_slice(&bytes);
    }
    let mut answer = ask(client, &body, b'd').await?;
    let digest = sized(&mut answer)?;
    let client_nonce = sized(&mut answer)?;
    Ok(user.is_some_and(|user| {
        let stored = Sha256::new().chain_update(&user.password).chain_update(salt).finalize();
        let expected =
            Sha256::new().chain_update(stored).chain_update(nonce).chain_update(client_nonce);
        expected.finalize()[..] == digest[..]
    }))
}

fn sized(body: &mut Bytes) -> io::Result<Bytes> {
    let length = usize::try_from(take_i32(body)?).unwrap_or(usize::MAX);
    if body.remaining() < length {
        return Err(invalid("a digest is cut short"));
    }
    Ok(body.split_to(length))
}

async fn ask(client: &mut Client, question: &[u8], answer: u8) -> Step<Bytes> {
    put(client.out(), b'R', question);
    client.flush().await?;
    match client.next().await? {
        Some(frame) if frame.tag == answer => Ok(frame.body),
        Some(_) => Err(fatal("08P01", "expected a password response")),
        None => Err(Stop::Gone),
    }
}
