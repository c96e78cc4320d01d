//! A part on its way to S3, while it is still being written: nothing is held back but the chunk
//! that is being filled and a few that are on the wire.

use std::mem;

use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, path::Path};
use tokio::task::{JoinError, JoinSet};

use super::{
    Staging,
    failure::{Action, Request},
};
use crate::error::{Error, ErrorKind, Result};

/// How many chunks of one part are on the wire at once.
pub(super) const CHUNKS_IN_FLIGHT: usize = 3;

/// One part's upload: a single put where it is smaller than a chunk, else a multipart upload.
///
/// Dropping it stops the requests but leaves an unfinished upload behind, which a sweep aborts.
pub(super) struct Upload {
    staging: Staging,
    path: Path,
    bytes: u64,
    multipart: Option<Multipart>,
}

struct Multipart {
    upload: Box<dyn MultipartUpload>,
    chunks: JoinSet<object_store::Result<()>>,
}

impl Upload {
    pub fn new(staging: Staging, path: Path) -> Upload {
        Upload { staging, path, bytes: 0, multipart: None }
    }

    /// Sends full chunks, once there is room on the wire for each.
    pub async fn send(&mut self, full: Vec<Bytes>) -> Result<()> {
        for chunk in full {
            self.bytes += chunk.len() as u64;
            if self.multipart.is_none() {
                self.multipart = Some(self.begin().await?);
            }
            if let Some(multipart) = &mut self.multipart {
                multipart.send(chunk).await.map_err(|error| error.at(self.request()))?;
            }
        }
        Ok(())
    }

    /// Sends the rest and completes the object. Gives its URL and size in bytes.
    pub async fn finish(mut self, full: Vec<Bytes>, rest: Bytes) -> Result<(String, u64)> {
        match self.complete(full, rest).await {
            Ok(()) => Ok((self.staging.layout().url(&self.path), self.bytes)),
            Err(error) => {
                self.abort().await;
                Err(error)
            }
        }
    }

    async fn complete(&mut self, full: Vec<Bytes>, rest: Bytes) -> Result<()> {
        self.send(full).await?;
        self.bytes += rest.len() as u64;
        let Some(mut multipart) = self.multipart.take() else {
            let put = self.staging.store().put(&self.path, PutPayload::from(rest)).await;
            return put.map(|_| ()).map_err(|error| self.request().failed(error));
        };
        match multipart.complete(rest).await {
            Ok(()) => Ok(()),
            // The answer to a completion that worked may have been lost, and its repetition then
            // finds no upload any more.
            Err(Failed::Store(object_store::Error::NotFound { .. })) if self.is_there().await => {
                Ok(())
            }
            Err(error) => {
                self.multipart = Some(multipart);
                Err(error.at(self.request()))
            }
        }
    }

    /// Whether the object is there, whole: its name is this upload's alone.
    async fn is_there(&self) -> bool {
        let found = self.staging.store().head(&self.path).await;
        found.is_ok_and(|found| found.size == self.bytes)
    }

    /// Stops, and takes back what S3 has of the part. A failure to do so is only logged: whoever
    /// aborts has an error of its own to report, and a sweep finds the upload again.
    pub async fn abort(&mut self) {
        let Some(Multipart { mut upload, mut chunks }) = mem::take(&mut self.multipart) else {
            return;
        };
        chunks.shutdown().await;
        if let Err(error) = upload.abort().await {
            let request = Request { action: Action::AbortUpload, ..self.request() };
            let error = request.failed(error);
            tracing::warn!(%error, "an unfinished upload is left for a later sweep");
        }
    }

    async fn begin(&self) -> Result<Multipart> {
        let upload = self
            .staging
            .store()
            .put_multipart(&self.path)
            .await
            .map_err(|error| self.request().failed(error))?;
        Ok(Multipart { upload, chunks: JoinSet::new() })
    }

    fn request(&self) -> Request<'_> {
        self.staging.request(Action::WritePart, &self.path)
    }
}

impl Multipart {
    async fn send(&mut self, chunk: Bytes) -> Result<(), Failed> {
        while self.chunks.len() >= CHUNKS_IN_FLIGHT {
            self.landed().await?;
        }
        self.chunks.spawn(self.upload.put_part(chunk.into()));
        Ok(())
    }

    async fn complete(&mut self, rest: Bytes) -> Result<(), Failed> {
        if !rest.is_empty() {
            self.send(rest).await?;
        }
        while !self.chunks.is_empty() {
            self.landed().await?;
        }
        self.upload.complete().await.map(|_| ()).map_err(Failed::Store)
    }

    /// Waits for one chunk to be stored.
    async fn landed(&mut self) -> Result<(), Failed> {
        match self.chunks.join_next().await {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(Failed::Store(error)),
            Some(Err(error)) => Err(Failed::Task(error)),
        }
    }
}

enum Failed {
    Store(object_store::Error),
    Task(JoinError),
}

impl Failed {
    fn at(self, request: Request<'_>) -> Error {
        match self {
            Failed::Store(error) => request.failed(error),
            Failed::Task(error) => {
                Error::new(ErrorKind::Internal, "the task that uploads a part ended")
                    .with("key", request.key)
                    .source(error)
            }
        }
    }
}
