//! Encoded bytes on their way to S3, cut into chunks of one multipart upload's part.

use std::{io, mem};

use bytes::Bytes;

use super::parquet::ROW_GROUP_BYTES;
use crate::limits;

/// Size of an uploaded chunk, 6 MiB: above S3's minimum for all but an upload's last, and small enough
/// that a few of them in flight are cheap.
pub(super) const CHUNK_BYTES: usize = limits::S3_PIECE_BYTES as usize + 1024 * 1024;

// The largest part, with the row group by which it may exceed its size, fits one upload.
const _: () = assert!(
    (limits::PART_MAX_BYTES + ROW_GROUP_BYTES as u64) / (CHUNK_BYTES as u64)
        < limits::S3_UPLOAD_PIECES
);

/// A writer that keeps what is written as full chunks and a rest.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    full: Vec<Bytes>,
    rest: Vec<u8>,
    /// Whether a chunk was full before.
    cut: bool,
}

impl Chunks {
    /// Bytes that have not been taken.
    pub fn len(&self) -> usize {
        self.full.iter().map(Bytes::len).sum::<usize>() + self.rest.len()
    }

    /// Takes the chunks that are full.
    pub fn take_full(&mut self) -> Vec<Bytes> {
        mem::take(&mut self.full)
    }

    /// The chunks that are left and the rest, which may be empty.
    pub fn into_parts(self) -> (Vec<Bytes>, Bytes) {
        (self.full, self.rest.into())
    }
}

impl io::Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut left = bytes;
        while !left.is_empty() {
            let (fits, more) = left.split_at(left.len().min(CHUNK_BYTES - self.rest.len()));
            if self.rest.capacity() < self.rest.len() + fits.len() && self.cut {
                // A part of several chunks: this one will be filled too, so it need not be moved
                // as it grows.
                self.rest.reserve_exact(CHUNK_BYTES - self.rest.len());
            }
            self.rest.extend_from_slice(fits);
            if self.rest.len() == CHUNK_BYTES {
                self.full.push(mem::take(&mut self.rest).into());
                self.cut = true;
            }
            left = more;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn chunks_are_full_and_in_order() {
        let mut chunks = Chunks::default();
        let written: Vec<u8> = (0..2 * CHUNK_BYTES + 5).map(|n| (n % 251) as u8).collect();
        for piece in written.chunks(3_000_017) {
            chunks.write_all(piece).unwrap();
        }
        let mut read = chunks.take_full();
        assert!(read.iter().all(|chunk| chunk.len() == CHUNK_BYTES));
        assert_eq!(read.len(), 2);
        let (full, rest) = chunks.into_parts();
        assert!(full.is_empty());
        read.push(rest);
        assert!(read.concat() == written);
    }
}
