//! Messages of PostgreSQL's protocol as they lie on the wire: a tag, a length, a body.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Output is written when so many bytes have gathered, so that results stream through.
const FLUSH_AT: usize = 64 * 1024;

/// One message.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// What it is.
    pub(crate) tag: u8,
    /// Its body, without tag and length.
    pub(crate) body: Bytes,
}

/// Reads messages. Waiting for one can be given up at any time; nothing is lost.
#[derive(Debug)]
pub(crate) struct FrameReader<R> {
    stream: R,
    buffer: BytesMut,
    limit: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads from `stream`, refusing messages longer than `limit` bytes.
    pub(crate) fn new(stream: R, limit: usize) -> Self {
        FrameReader { stream, buffer: BytesMut::with_capacity(8 * 1024), limit }
    }

    /// The next message; `None` when the peer has closed the connection.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.buffered()? {
                return Ok(Some(frame));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// A message that has already arrived in full.
    pub(crate) fn buffered(&mut self) -> io::Result<Option<Frame>> {
        let Some(header) = self.buffer.get(..5) else { return Ok(None) };
        let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
        if length < 4 || length > self.limit {
            return Err(invalid("a message's length is out of range"));
        }
        if self.buffer.len() < 1 + length {
            self.buffer.reserve(1 + length - self.buffer.len());
            return Ok(None);
        }
        let mut whole = self.buffer.split_to(1 + length).freeze();
        let tag = whole.get_u8();
        whole.advance(4);
        Ok(Some(Frame { tag, body: whole }))
    }

    /// The next message of the kind that has no tag: what a connection starts with.
    pub(crate) async fn startup(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(header) = self.buffer.get(..4) {
                let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
                let length = length as usize;
                if !(8..=10_000).contains(&length) {
                    return Err(invalid("a startup packet's length is out of range"));
                }
                if self.buffer.len() >= length {
                    let mut whole = self.buffer.split_to(length).freeze();
                    whole.advance(4);
                    return Ok(Some(whole));
                }
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Whether bytes have arrived that no message has claimed.
    pub(crate) fn has_more(&self) -> bool {
        !self.buffer.is_empty()
    }

    async fn fill(&mut self) -> io::Result<bool> {
        if self.stream.read_buf(&mut self.buffer).await? > 0 {
            return Ok(true);
        }
        if self.buffer.is_empty() {
            return Ok(false);
        }
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended within a message"))
    }
}

/// Writes messages, gathering small ones.
#[derive(Debug)]
pub(crate) struct FrameWriter<W> {
    stream: W,
    buffer: BytesMut,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    /// Writes to `stream`.
    pub(crate) fn new(stream: W) -> Self {
        FrameWriter { stream, buffer: BytesMut::with_capacity(8 * 1024) }
    }

    /// Where messages are built in place.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Adds a message, and writes when enough have gathered.
    pub(crate) async fn send(&mut self, tag: u8, body: &[u8]) -> io::Result<()> {
        put(&mut self.buffer, tag, body);
        if self.buffer.len() >= FLUSH_AT { self.flush().await } else { Ok(()) }
    }

    /// Writes all that has gathered.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.stream.write_all_buf(&mut self.buffer).await?;
        }
        self.stream.flush().await
    }

    /// Writes all that has gathered and closes the sending side.
    pub(crate) async fn close(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.stream.shutdown().await
    }
}

/// Appends one message.
pub(crate) fn put(buffer: &mut BytesMut, tag: u8, body: &[u8]) {
    buffer.reserve(5 + body.len());
    buffer.put_u8(tag);
    buffer.put_u32(u32::try_from(4 + body.len()).unwrap_or(u32::MAX));
    buffer.put_slice(body);
}

/// Takes a text that a zero byte ends.
pub(crate) fn take_text(body: &mut Bytes) -> io::Result<String> {
    let end =
        body.iter().position(|byte| *byte == 0).ok_or_else(|| invalid("a text has no end"))?;
    let text = body.split_to(end);
    body.advance(1);
    String::from_utf8(text.into()).map_err(|_| invalid("a text is not UTF-8"))
}

/// Takes a 16-bit number.
pub(crate) fn take_i16(body: &mut Bytes) -> io::Result<i16> {
    if body.len() < 2 { Err(invalid("a message is too short")) } else { Ok(body.get_i16()) }
}

/// Takes a 32-bit number.
pub(crate) fn take_i32(body: &mut Bytes) -> io::Result<i32> {
    if body.len() < 4 { Err(invalid("a message is too short")) } else { Ok(body.get_i32()) }
}

/// An error for a message that breaks the protocol.
pub(crate) fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn reads_what_was_written_whatever_the_pieces() {
        let (near, far) = tokio::io::duplex(3);
        let write = tokio::spawn(async move {
            let mut writer = FrameWriter::new(near);
            writer.send(b'Q', b"select 1\0").await.expect("sent");
            writer.send(b'X', b"").await.expect("sent");
            writer.close().await.expect("closed");
        });
        let mut reader = FrameReader::new(far, 1000);
        let first = reader.next().await.expect("read").expect("a frame");
        assert_eq!((first.tag, &first.body[..]), (b'Q', &b"select 1\0"[..]));
        let second = reader.next().await.expect("read").expect("a frame");
        assert_eq!((second.tag, second.body.len()), (b'X', 0));
        assert!(reader.next().await.expect("read").is_none());
        write.await.expect("written");
    }

    #[tokio::test]
    async fn refuses_lengths_that_lie() {
        for header in [[b'Q', 0, 0, 0, 3], [b'Q', 0, 1, 0, 0]] {
            let mut reader = FrameReader::new(&header[..], 1000);
            assert!(reader.next().await.is_err());
        }
        let mut cut = FrameReader::new(&b"Q\0\0\0\x09ab"[..], 1000);
        let error = cut.next().await.expect_err("cut");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
