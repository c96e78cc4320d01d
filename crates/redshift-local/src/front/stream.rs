//! A client's connection, with or without TLS.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};

use super::frame::{Frame, FrameReader, FrameWriter};

/// The longest message of a client that is taken: a statement of 16 MB and its parameters.
const LONGEST: usize = 48 << 20;

/// What a client's connection can be.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A client's connection after TLS, if any.
pub(crate) struct Client {
    reader: FrameReader<Box<dyn AsyncRead + Send + Sync + Unpin>>,
    writer: FrameWriter<Box<dyn AsyncWrite + Send + Sync + Unpin>>,
}

impl Client {
    /// Reads and writes messages on `wire`.
    pub(crate) fn new(wire: impl Wire + Sync + 'static) -> Client {
        let (read, write) = tokio::io::split(wire);
        Client {
            reader: FrameReader::new(Box::new(read), LONGEST),
            writer: FrameWriter::new(Box::new(write)),
        }
    }

    /// The next message; `None` when the client is gone.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Frame>> {
        self.reader.next().await
    }

    /// Where messages are built; they are sent by [`Client::flush`].
    pub(crate) fn out(&mut self) -> &mut BytesMut {
        self.writer.buffer()
    }

    /// Adds a message, and sends when enough have gathered.
    pub(crate) async fn send(&mut self, frame: &Frame) -> io::Result<()> {
        self.writer.send(frame.tag, &frame.body).await
    }

    /// Sends what has gathered.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().await
    }

    /// Sends what has gathered and closes the connection in good order.
    pub(crate) async fn close(&mut self) {
        // A client that is gone already needs no goodbye.
        let _ = self.writer.close().await;
    }

    /// Drops the connection at once, with what was not sent yet.
    pub(crate) fn lose(&mut self) {
        self.reader = FrameReader::new(Box::new(tokio::io::empty()), LONGEST);
        self.writer = FrameWriter::new(Box::new(tokio::io::sink()));
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
