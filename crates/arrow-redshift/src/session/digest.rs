//! Redshift's own login message (authentication code 13: users stored as SHA-256), which the
//! PostgreSQL driver does not know.
//!
//! The startup message goes out here. If the server asks for code 13, the exchange is done here
//! and the driver is shown its end; otherwise the driver is shown the server's question as it
//! came. Either way the driver's own startup message is swallowed.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::{Buf, BufMut, BytesMut};
use postgres_protocol::message::frontend;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::connect::BoxedStream;
use crate::{
    error::{Error, ErrorKind, Result},
    options::ConnectionConfig,
};

const DIGEST: u32 = 13;
const IDENTITY_PROVIDER: u32 = 14;
const SHA256: u32 = 0;
/// Longer than any message of a login; what claims to be longer is not a PostgreSQL server.
const LONGEST: usize = 64 * 1024;

/// Sends the startup message and settles code 13.
pub(super) async fn start(
    mut stream: BoxedStream,
    config: &ConnectionConfig,
    application: &str,
) -> Result<Replay<BoxedStream>> {
    let lost = |error: io::Error| {
        Error::new(ErrorKind::ConnectionLost, "the connection broke during login").source(error)
    };
    stream.write_all(&startup(config, application)?).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    let mut answer = message(&mut stream).await.map_err(lost)?;
    match code(&answer) {
        Some(DIGEST) => {
            let reply = reply(&answer[9..], config.password.expose())?;
            stream.write_all(&reply).await.map_err(lost)?;
            stream.flush().await.map_err(lost)?;
            answer = message(&mut stream).await.map_err(lost)?;
        }
        Some(IDENTITY_PROVIDER) => {
            let why = "the server asks for an identity provider's token (authentication code 14)";
            return Err(Error::new(ErrorKind::AuthenticationFailed, why)
                .hint("log in as a database user with a password"));
        }
        _ => {}
    }
    Ok(Replay { stream, show: answer, swallow: Swallow::Header(Vec::with_capacity(4)) })
}

fn startup(config: &ConnectionConfig, application: &str) -> Result<BytesMut> {
    let parameters = [
        ("user", config.username.as_str()),
        ("database", config.database.as_str()),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO"),
        ("application_name", application),
    ];
    let mut buffer = BytesMut::new();
    frontend::startup_message(parameters, &mut buffer).map_err(|error| {
        let why = "user, database and application name must not hold a NUL character";
        Error::new(ErrorKind::InvalidOptions, why).source(error)
    })?;
    Ok(buffer)
}

/// One whole backend message: tag, length, body.
async fn message(stream: &mut BoxedStream) -> io::Result<BytesMut> {
    let mut header = [0u8; 5];
    stream.read_exact(&mut header).await?;
    let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
    if !(4..=LONGEST).contains(&length) {
        return Err(io::Error::other("the answer is not one of a PostgreSQL server"));
    }
    let mut whole = BytesMut::zeroed(1 + length);
    whole[..5].copy_from_slice(&header);
    stream.read_exact(&mut whole[5..]).await?;
    Ok(whole)
}

/// The code of an authentication request.
fn code(message: &[u8]) -> Option<u32> {
    let code: [u8; 4] = message.get(5..9)?.try_into().ok()?;
    (message[0] == b'R').then(|| u32::from_be_bytes(code))
}

/// The answer to code 13: SHA256(SHA256(password ‖ salt) ‖ server nonce ‖ client nonce).
fn reply(mut request: &[u8], password: &str) -> Result<BytesMut> {
    let malformed =
        || Error::new(ErrorKind::AuthenticationFailed, "the server's digest request is malformed");
    let mut number = || {
        let value = request.get(..4).map(|mut bytes| bytes.get_u32());
        request = request.get(4..).unwrap_or_default();
        value.ok_or_else(malformed)
    };
    let algorithm = number()?;
    if algorithm != SHA256 {
        let name = match algorithm {
            1 => "scrypt",
            2 => "argon2",
            _ => "unknown",
        };
        let why = format!("the user's password is stored with a digest ({name}) not known here");
        return Err(Error::new(ErrorKind::AuthenticationFailed, why)
            .hint("store it as SHA-256 or MD5: ALTER USER … PASSWORD"));
    }
    let (salt, rest) = field(request).ok_or_else(malformed)?;
    let (server_nonce, _) = field(rest).ok_or_else(malformed)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let client_nonce = since.as_millis().to_string();

    let stored = Sha256::new().chain_update(password).chain_update(salt).finalize();
    let digest = Sha256::new()
        .chain_update(stored)
        .chain_update(server_nonce)
        .chain_update(client_nonce.as_bytes())
        .finalize();

    let mut reply = BytesMut::new();
    reply.put_u8(b'd');
    reply.put_u32(4 + 4 + digest.len() as u32 + 4 + client_nonce.len() as u32);
    reply.put_u32(digest.len() as u32);
    reply.put_slice(&digest);
    reply.put_u32(client_nonce.len() as u32);
    reply.put_slice(client_nonce.as_bytes());
    Ok(reply)
}

/// A length and that many bytes, and what follows them.
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let end = length.checked_add(4)?;
    Some((bytes.get(4..end)?, bytes.get(end..)?))
}

/// A stream that shows its reader one message first and swallows its writer's first one.
pub(super) struct Replay<S> {
    stream: S,
    show: BytesMut,
    swallow: Swallow,
}

enum Swallow {
    /// The length is not known yet.
    Header(Vec<u8>),
    /// This many bytes are left.
    Body(usize),
}

impl Swallow {
    /// How many of these bytes belong to the swallowed message.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        if let Swallow::Header(header) = self {
            taken = (4 - header.len()).min(bytes.len());
            header.extend_from_slice(&bytes[..taken]);
            let Ok(length) = <[u8; 4]>::try_from(header.as_slice()) else { return taken };
            *self = Swallow::Body((u32::from_be_bytes(length) as usize).saturating_sub(4));
        }
        if let Swallow::Body(left) = self {
            let more = (*left).min(bytes.len() - taken);
            *left -= more;
            taken += more;
        }
        taken
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Replay<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.show.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.show.len().min(buffer.remaining());
        buffer.put_slice(&self.show.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Replay<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let swallowed = self.swallow.take(bytes);
        if swallowed > 0 {
            return Poll::Ready(Ok(swallowed));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_follows_the_servers_recipe() {
        let mut request = BytesMut::new();
        request.put_u32(SHA256);
        request.put_u32(4);
        request.put_slice(b"salt");
        request.put_u32(5);
        request.put_slice(b"nonce");
        let reply = reply(&request, "secret").unwrap();

        assert_eq!(reply[0], b'd');
        let (digest, rest) = field(&reply[5..]).unwrap();
        let (client_nonce, rest) = field(rest).unwrap();
        assert!(rest.is_empty());
        let inner = Sha256::digest(b"secretsalt");
        let whole = [inner.as_slice(), b"nonce", client_nonce].concat();
        assert_eq!(digest, Sha256::digest(whole).as_slice());
    }

    #[test]
    fn truncated_and_foreign_requests_are_errors() {
        let mut request = vec![0, 0, 0, 0, 0, 0, 0, 4, b's', b'a', b'l', b't', 0, 0, 0, 1, b'n'];
        assert!(reply(&request, "p").is_ok());
        while request.pop().is_some() {
            assert!(reply(&request, "p").is_err(), "{} bytes", request.len());
        }
        let error = reply(&[0, 0, 0, 1], "p").unwrap_err();
        assert!(error.to_string().contains("scrypt"), "{error}");
    }

    #[test]
    fn swallows_exactly_one_message_however_it_is_cut() {
        let message = [0u8, 0, 0, 9, 1, 2, 3, 4, 5, b'Q', b'!'];
        for cut in 1..message.len() {
            let mut swallow = Swallow::Header(Vec::new());
            let kept: Vec<u8> = message
                .chunks(cut)
                .flat_map(|chunk| chunk[swallow.take(chunk)..].to_vec())
                .collect();
            assert_eq!(kept, b"Q!", "cut at {cut}");
        }
    }
}
