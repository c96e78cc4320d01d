//! A part on its way to S3, while it is still being written: nothing is held back but the chunk
//! that is being filled and a few that are on the wire.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, PutResult, path::Path};
use tokio::{
    task::{JoinError, JoinSet},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Staging,
    failure::{Action, Request},
};
use crate::error::{Error, ErrorKind, Result};

/// How many chunks of one part are on the wire at once.
pub(super) const CHUNKS_IN_FLIGHT: usize = 3;

/// The longest that giving up waits for a request that is still on its way.
const ABORT_PATIENCE: Duration = Duration::from_secs(30);

/// One part's upload: a single put where it is smaller than a chunk, else a multipart upload.
///
/// Any of its futures may be dropped at any time: [`abort`](Upload::abort) still takes back
/// whatever S3 has, and nothing else may be called then. Dropping the upload itself stops its
/// requests but may leave an unfinished upload behind, which a sweep aborts.
pub(super) struct Upload {
    staging: Staging,
    path: Path,
    bytes: u64,
    state: State,
    /// Whether a request was sent that makes the object appear.
    ending: bool,
}

enum State {
    /// Nothing is on S3.
    Unsent,
    /// In a task of its own, because only the answer has the id that an abort needs: it must come
    /// in even when nobody waits for it any more.
    Beginning(AbortOnDropHandle<object_store::Result<Box<dyn MultipartUpload>>>),
    Begun(Multipart),
    /// In a task of its own, so that an abort can wait until the object is there to be deleted.
    Putting(AbortOnDropHandle<object_store::Result<PutResult>>),
}

struct Multipart {
    upload: Box<dyn MultipartUpload>,
    chunks: JoinSet<object_store::Result<()>>,
}

impl Upload {
    pub fn new(staging: Staging, path: Path) -> Upload {
        Upload { staging, path, bytes: 0, state: State::Unsent, ending: false }
    }

    /// Sends full chunks, once there is room on the wire for each.
    pub async fn send(&mut self, full: Vec<Bytes>) -> Result<()> {
        for chunk in full {
            self.bytes += chunk.len() as u64;
            self.begin().await?;
            if let State::Begun(multipart) = &mut self.state {
                let sent = multipart.send(chunk).await;
                sent.map_err(|error| error.at(self.request()))?;
            }
        }
        Ok(())
    }

    /// Sends the rest and completes the object. Gives its URL and size in bytes.
    pub async fn finish(&mut self, full: Vec<Bytes>, rest: Bytes) -> Result<(String, u64)> {
        if let Err(error) = self.complete(full, rest).await {
            self.abort().await;
            return Err(error);
        }
        (self.state, self.ending) = (State::Unsent, false);
        Ok((self.staging.layout().url(&self.path), self.bytes))
    }

    async fn complete(&mut self, full: Vec<Bytes>, rest: Bytes) -> Result<()> {
        self.send(full).await?;
        self.bytes += rest.len() as u64;
        self.ending = true;
        let State::Begun(multipart) = &mut self.state else {
            return self.put(rest).await.map_err(|error| error.at(self.request()));
        };
        match multipart.complete(rest).await {
            Ok(()) => Ok(()),
            // The answer to a completion that worked may have been lost, and its repetition then
            // finds no upload any more.
            Err(Failed::Store(object_store::Error::NotFound { .. }))
                if is_there(&self.staging, &self.path, self.bytes).await =>
            {
                Ok(())
            }
            Err(error) => Err(error.at(self.request())),
        }
    }

    async fn put(&mut self, body: Bytes) -> Result<(), Failed> {
        let (store, path) = (Arc::clone(self.staging.store()), self.path.clone());
        let put = async move { store.put(&path, PutPayload::from(body)).await };
        let task = AbortOnDropHandle::new(tokio::spawn(put));
        self.state = State::Putting(task);
        let State::Putting(task) = &mut self.state else { return Ok(()) };
        let answer = task.await.map_err(Failed::Task).and_then(|put| put.map_err(Failed::Store));
        self.state = State::Unsent;
        answer.map(|_| ())
    }

    /// Stops, and takes back what S3 has of the part, within a few requests' time. A failure to do
    /// so is only logged: whoever aborts has an error of its own to report, and a sweep finds what
    /// is left.
    pub async fn abort(&mut self) {
        let begins = matches!(self.state, State::Beginning(_));
        if begins && timeout(ABORT_PATIENCE, self.begin()).await.is_err() {
            tracing::warn!(
                key = %self.path,
                "S3 did not say whether an upload was begun; if so, a later sweep aborts it"
            );
        }
        match &mut self.state {
            State::Unsent | State::Beginning(_) => {}
            State::Begun(Multipart { upload, chunks }) => {
                chunks.shutdown().await;
                let aborted = upload.abort().await;
                self.note(aborted);
            }
            // Whatever came of it, the object is deleted below.
            State::Putting(task) => drop(timeout(ABORT_PATIENCE, task).await),
        }
        self.state = State::Unsent;
        if self.ending {
            let url = self.staging.layout().url(&self.path);
            if let Err(error) = self.staging.delete([url.as_str()]).await {
                tracing::warn!(%error, "a part that was given up is left for a later sweep");
            }
            self.ending = false;
        }
    }

    /// Logs what became of an upload that was to be aborted. One that is gone was completed: then
    /// the object is there to be deleted.
    fn note(&self, aborted: object_store::Result<()>) {
        match aborted {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => {
                let request = Request { action: Action::AbortUpload, ..self.request() };
                let error = request.failed(error);
                tracing::warn!(%error, "an unfinished upload is left for a later sweep");
            }
        }
    }

    /// Begins a multipart upload, unless that was done.
    async fn begin(&mut self) -> Result<()> {
        if let State::Unsent = self.state {
            let (store, path) = (Arc::clone(self.staging.store()), self.path.clone());
            let begin = async move { store.put_multipart(&path).await };
            self.state = State::Beginning(AbortOnDropHandle::new(tokio::spawn(begin)));
        }
        let State::Beginning(task) = &mut self.state else { return Ok(()) };
        let answer =
            task.await.map_err(Failed::Task).and_then(|begun| begun.map_err(Failed::Store));
        self.state = State::Unsent;
        let upload = answer.map_err(|error| error.at(self.request()))?;
        self.state = State::Begun(Multipart { upload, chunks: JoinSet::new() });
        Ok(())
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

/// Whether an object is there, whole: its name is one upload's alone.
async fn is_there(staging: &Staging, path: &Path, bytes: u64) -> bool {
    let found = staging.store().head(path).await;
    found.is_ok_and(|found| found.size == bytes)
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
