//! From a file to a response's body: read ahead in large pieces, bounded in memory.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::Stream;
use s3s::{
    StdError,
    dto::StreamingBlob,
    stream::{ByteStream, RemainingLength},
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::cut::Cut;

/// Bytes of one piece: large enough that hand-over costs nothing, small enough for the caches.
const PIECE: u64 = 512 * 1024;
/// Pieces that wait for the connection.
const PIECES_AHEAD: usize = 2;

/// Streams a range of a file. A blocking thread reads ahead and ends with the response.
pub(super) fn send(
    tasks: &TaskTracker,
    file: File,
    range: Range<u64>,
    cut: Option<Cut>,
) -> StreamingBlob {
    let length = range.end - range.start;
    let (pieces, arriving) = mpsc::channel(PIECES_AHEAD);
    tasks.spawn_blocking(move || {
        if let Err(error) = read(file, range, cut, &pieces) {
            // A client that is gone has no use for it.
            let _gone = pieces.blocking_send(Err(error));
        }
    });
    StreamingBlob::new(FileBody { arriving, remaining: length })
}

fn read(
    mut file: File,
    range: Range<u64>,
    cut: Option<Cut>,
    pieces: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let length = range.end - range.start;
    let mut left = cut.as_ref().map_or(length, |cut| cut.after(Some(length)));
    file.seek(SeekFrom::Start(range.start))?;
    while left > 0 {
        let wanted = left.min(PIECE);
        let mut piece = Vec::with_capacity(wanted as usize);
        (&mut file).take(wanted).read_to_end(&mut piece)?;
        if piece.len() as u64 != wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left -= wanted;
        if pieces.blocking_send(Ok(piece.into())).is_err() {
            return Ok(());
        }
    }
    match cut {
        Some(cut) => Err(io::Error::other(cut.now())),
        None => Ok(()),
    }
}

/// The pieces of a file, with the length that is promised to the client.
struct FileBody {
    arriving: mpsc::Receiver<io::Result<Bytes>>,
    remaining: u64,
}

impl Stream for FileBody {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.arriving.poll_recv(cx).map(|piece| match piece {
            Some(Ok(piece)) => {
                self.remaining -= piece.len() as u64;
                Some(Ok(piece))
            }
            Some(Err(error)) => Some(Err(error.into())),
            // The reader always ends with all bytes or an error, unless it panicked.
            None if self.remaining > 0 => Some(Err("the file's reader ended early".into())),
            None => None,
        })
    }
}

impl ByteStream for FileBody {
    fn remaining_length(&self) -> RemainingLength {
        RemainingLength::new_exact(usize::try_from(self.remaining).unwrap_or(usize::MAX))
    }
}
