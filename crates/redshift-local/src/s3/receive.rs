//! From a request's body to a file: streamed, hashed, bounded in memory.

use std::{fs::File, io, os::unix::fs::FileExt};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::StreamExt;
use md5::{Digest, Md5};
use s3s::{
    StdError,
    checksum::ChecksumHasher,
    dto::{Checksum, StreamingBlob},
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{checksum::Claimed, cut::Cut, failure::S3Failure};

/// Pieces of a body on their way to the disk. A piece is as large as the connection's read buffer,
/// so this bounds what one request holds.
const PIECES_AHEAD: usize = 4;

/// What arrived.
#[derive(Debug)]
pub(super) struct Received {
    /// Bytes written.
    pub size: u64,
    /// MD5 of them, from which the entity tag is made.
    pub md5: [u8; 16],
    /// The checksums that the client uses.
    pub checksum: Checksum,
}

/// Where a body goes.
#[derive(Debug)]
pub(super) struct Target<G> {
    /// The file, written from `offset`.
    pub file: File,
    /// First byte that is written.
    pub offset: u64,
    /// What must outlive the last write, and be dropped where the request ends half-way.
    pub guard: G,
}

/// What the body must be.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// `Content-Length`, bytes.
    pub length: Option<u64>,
    /// `Content-MD5`, base64.
    pub md5: Option<String>,
    /// The checksums that come with it.
    pub claimed: Claimed,
    /// Where the connection is to be cut on purpose.
    pub cut: Option<Cut>,
}

/// Writes a body to its target, and gives back the guard once the last byte is written.
///
/// Hashing and writing happen on a blocking thread, beside the reading of the connection.
///
/// # Errors
/// What S3 says of a body that is cut short or altered, and trouble with the disk.
pub(super) async fn receive<G: Send + 'static>(
    tasks: &TaskTracker,
    body: Option<StreamingBlob>,
    target: Target<G>,
    expected: &Expected,
) -> Result<(Received, G), S3Failure> {
    let (pieces, arriving) = mpsc::channel(PIECES_AHEAD);
    let Target { file, offset, guard } = target;
    // The guard travels with the writes: when this future is dropped because the client went away,
    // it is let go only after the last write.
    let hasher = expected.claimed.hasher();
    let writing = tasks.spawn_blocking(move || (write(arriving, &file, offset, hasher), guard));
    let forwarded = forward(body, pieces, expected).await;
    let (written, guard) = writing.await.map_err(io::Error::other)?;
    forwarded?;
    let received = written?;
    verify(&received, expected)?;
    Ok((received, guard))
}

async fn forward(
    body: Option<StreamingBlob>,
    pieces: mpsc::Sender<Bytes>,
    expected: &Expected,
) -> Result<(), S3Failure> {
    let Some(mut body) = body else { return Ok(()) };
    let cut = expected.cut.as_ref().map(|cut| (cut, cut.after(expected.length)));
    let mut seen = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| broken_body(&error))?;
        seen += piece.len() as u64;
        if let Some((cut, _)) = cut.filter(|&(_, after)| seen > after) {
            return Err(cut.now());
        }
        if pieces.send(piece).await.is_err() {
            // The writer ended early: it holds the reason.
            return Ok(());
        }
    }
    match cut {
        Some((cut, _)) => Err(cut.now()),
        None => Ok(()),
    }
}

fn write(
    mut arriving: mpsc::Receiver<Bytes>,
    file: &File,
    offset: u64,
    mut hasher: ChecksumHasher,
) -> io::Result<Received> {
    let mut md5 = Md5::new();
    let mut size = 0;
    while let Some(piece) = arriving.blocking_recv() {
        file.write_all_at(&piece, offset + size)?;
        md5.update(&piece);
        hasher.update(&piece);
        size += piece.len() as u64;
    }
    Ok(Received { size, md5: md5.finalize().into(), checksum: hasher.finalize() })
}

fn verify(received: &Received, expected: &Expected) -> Result<(), S3Failure> {
    if expected.length.is_some_and(|length| length != received.size) {
        return Err(S3Failure::incomplete_body());
    }
    match &expected.md5 {
        Some(md5) if *md5 != BASE64_STANDARD.encode(received.md5) => Err(S3Failure::bad_digest()),
        _ => expected.claimed.verify(&received.checksum),
    }
}

/// The signature check hands on its findings as an opaque error within the body, so its text is
/// all there is to tell an altered body from one that ended early.
fn broken_body(error: &StdError) -> S3Failure {
    let text = error.to_string();
    if text.contains("Sha256Mismatch") {
        S3Failure::payload_mismatch()
    } else if text.contains("SignatureMismatch") {
        S3Failure::new(403, "SignatureDoesNotMatch", "A chunk's signature does not match.")
    } else {
        S3Failure::incomplete_body()
    }
}
