//! A session's own connection to PostgreSQL, message by message.

use std::{collections::VecDeque, path::Path};

use bytes::{Buf, Bytes, BytesMut};
use postgres_protocol::message::frontend;
use tokio::net::{
    UnixStream,
    unix::{OwnedReadHalf, OwnedWriteHalf},
};

use super::{
    failure::{Failure, Raw, Step, Stop},
    frame::{Frame, FrameReader, FrameWriter, take_i16, take_i32, take_text},
    reply::Column,
};

/// The longest message of PostgreSQL that is taken.
const LONGEST: usize = 1 << 30;

/// A connection to one PostgreSQL backend.
#[derive(Debug)]
pub(crate) struct Backend {
    reader: FrameReader<OwnedReadHalf>,
    writer: FrameWriter<OwnedWriteHalf>,
    /// Process id.
    pub(crate) pid: i32,
    /// What cancelling it takes.
    pub(crate) secret: i32,
    /// Notices that no client has been told yet.
    pub(crate) notices: VecDeque<Failure>,
    /// Changes of parameters that no client has been told yet.
    pub(crate) parameters: VecDeque<(String, String)>,
}

/// The rows of a short answer, as texts.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// What PostgreSQL says of a prepared statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Description {
    /// Types of parameters.
    pub(crate) parameters: Vec<u32>,
    /// Columns of the result; `None` where there is none.
    pub(crate) columns: Option<Vec<Column>>,
}

impl Backend {
    /// Connects as `user`, whom the front has let in.
    pub(crate) async fn connect(socket: &Path, parameters: &[(&str, &str)]) -> Step<Backend> {
        let (read, write) = UnixStream::connect(socket).await?.into_split();
        let mut backend = Backend {
            reader: FrameReader::new(read, LONGEST),
            writer: FrameWriter::new(write),
            pid: 0,
            secret: 0,
            notices: VecDeque::new(),
            parameters: VecDeque::new(),
        };
        frontend::startup_message(parameters.iter().copied(), backend.writer.buffer())?;
        backend.writer.flush().await?;
        loop {
            let mut frame = backend.next().await?;
            match frame.tag {
                b'K' => {
                    backend.pid = take_i32(&mut frame.body)?;
                    backend.secret = take_i32(&mut frame.body)?;
                }
                b'E' => {
                    return Err(Raw::parse(frame.body)?.translate().with_severity("FATAL").into());
                }
                b'Z' => return Ok(backend),
                _ => {}
            }
        }
    }

    /// The next message that is not a notice or a parameter's new value; those are kept aside.
    /// A FATAL error ends the session.
    pub(crate) async fn next(&mut self) -> Step<Frame> {
        loop {
            let mut frame = self.reader.next().await?.ok_or(Stop::Gone)?;
            match frame.tag {
                b'N' => self.notices.push_back(Raw::parse(frame.body)?.translate_notice()),
                b'S' => {
                    let name = take_text(&mut frame.body)?;
                    self.parameters.push_back((name, take_text(&mut frame.body)?));
                }
                b'A' => {}
                b'E' if is_fatal(&frame.body) => {
                    return Err(Raw::parse(frame.body)?.translate().into());
                }
                _ => return Ok(frame),
            }
        }
    }

    /// Runs statements and gathers their (few) rows.
    pub(crate) async fn run(&mut self, sql: &str) -> Step<Rows> {
        frontend::query(sql, self.writer.buffer())?;
        self.writer.flush().await?;
        let mut rows = Vec::new();
        let mut failed = None;
        loop {
            let frame = self.next().await?;
            match frame.tag {
                b'D' => rows.push(texts(frame.body)?),
                b'E' => failed = Some(Raw::parse(frame.body)?),
                b'Z' => return failed.map_or(Ok(rows), |raw| Err(raw.translate().into())),
                _ => {}
            }
        }
    }

    /// Prepares `sql` under `name`, and describes it; closes statements that are not needed.
    pub(crate) async fn prepare(
        &mut self,
        name: &str,
        sql: &str,
        types: &[u32],
        unused: &[String],
    ) -> Step<Description> {
        let out = self.writer.buffer();
        // Closing first: a name may be taken, and closing one that is not is no error.
        for unused in unused.iter().map(String::as_str).chain([name]) {
            frontend::close(b'S', unused, out)?;
        }
        frontend::parse(name, sql, types.iter().copied(), out)?;
        frontend::describe(b'S', name, out)?;
        let mut description = Description::default();
        self.exchange(|frame| {
            match frame.tag {
                b't' => description.parameters = parameter_types(frame.body)?,
                b'T' => description.columns = Some(columns(frame.body)?),
                _ => {}
            }
            Ok(())
        })
        .await?;
        Ok(description)
    }

    /// Sends what was put into the buffer and Sync, and reads the answers. A transaction that the
    /// front has opened by BEGIN stays open.
    pub(crate) async fn exchange(
        &mut self,
        mut each: impl FnMut(Frame) -> std::io::Result<()>,
    ) -> Step<()> {
        frontend::sync(self.writer.buffer());
        self.writer.flush().await?;
        let mut failed = None;
        loop {
            let frame = self.next().await?;
            match frame.tag {
                b'E' => failed = Some(Raw::parse(frame.body)?),
                b'Z' => return failed.map_or(Ok(()), |raw| Err(raw.translate().into())),
                _ => each(frame)?,
            }
        }
    }

    /// Where messages for PostgreSQL are built.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        self.writer.buffer()
    }

    /// Sends what was built.
    pub(crate) async fn flush(&mut self) -> Step<()> {
        Ok(self.writer.flush().await?)
    }

    /// Says goodbye; PostgreSQL rolls back what is open.
    pub(crate) async fn close(mut self) {
        frontend::terminate(self.writer.buffer());
        // PostgreSQL may be gone already, which is what is wanted.
        let _ = self.writer.close().await;
    }
}

/// Asks PostgreSQL to cancel what a backend is doing.
pub(crate) async fn cancel(socket: &Path, pid: i32, secret: i32) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = UnixStream::connect(socket).await?;
    let mut message = BytesMut::new();
    frontend::cancel_request(pid, secret, &mut message);
    stream.write_all(&message).await?;
    // PostgreSQL closes the connection once the signal is sent.
    let _ = stream.read(&mut [0; 1]).await;
    Ok(())
}

fn is_fatal(body: &[u8]) -> bool {
    body.starts_with(b"SFATAL\0") || body.starts_with(b"SPANIC\0")
}

fn texts(mut body: Bytes) -> std::io::Result<Vec<Option<String>>> {
    let count = take_i16(&mut body)?;
    let mut row = Vec::with_capacity(usize::from(count.cast_unsigned()));
    for _ in 0..count {
        let length = take_i32(&mut body)?;
        row.push(match usize::try_from(length) {
            Ok(length) if length <= body.remaining() => {
                Some(String::from_utf8_lossy(&body.split_to(length)).into_owned())
            }
            _ => None,
        });
    }
    Ok(row)
}

fn parameter_types(mut body: Bytes) -> std::io::Result<Vec<u32>> {
    let count = take_i16(&mut body)?.cast_unsigned();
    (0..count).map(|_| take_i32(&mut body).map(i32::cast_unsigned)).collect()
}

fn columns(mut body: Bytes) -> std::io::Result<Vec<Column>> {
    let count = take_i16(&mut body)?;
    let mut columns = Vec::with_capacity(usize::from(count.cast_unsigned()));
    for _ in 0..count {
        let column = Column {
            name: take_text(&mut body)?,
            table: take_i32(&mut body)?.cast_unsigned(),
            attribute: take_i16(&mut body)?,
            type_oid: take_i32(&mut body)?.cast_unsigned(),
            size: take_i16(&mut body)?,
            modifier: take_i32(&mut body)?,
        };
        take_i16(&mut body)?;
        columns.push(column);
    }
    Ok(columns)
}
