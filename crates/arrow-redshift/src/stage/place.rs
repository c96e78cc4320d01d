//! Putting rows that were set aside in place: from staging to where the user wants them, under
//! names that are the committable's own.
//!
//! Every step may be done again. A committable's files are put there from the last to the first, so
//! that where the first one is all are.

use std::sync::Arc;

use futures::StreamExt;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, WriteMultipart, path::Path};

use super::{
    Part, Staging,
    chunk::CHUNK_BYTES,
    failure::{Action, Request},
    path::{parse_url, placed},
    store::within,
    upload::CHUNKS_IN_FLIGHT,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::S3Uri,
};

/// The longest that putting one file in place takes, tries of `object_store` included.
const FILE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// Where one file goes.
struct To<'a> {
    store: Arc<dyn ObjectStore>,
    bucket: &'a str,
    path: Path,
}

impl Staging {
    /// Puts the parts of rows that a committable set aside in place under `to`, unless they are
    /// there. Gives how many were missing in staging: they were in place before and have been taken
    /// away since, or somebody removed them from staging.
    ///
    /// Ends within five minutes for each part.
    pub async fn place(&self, parts: &[Part], id: &str, to: &S3Uri) -> Result<usize> {
        if parts.is_empty() {
            return Ok(0);
        }
        let store = self.store_of(&to.bucket)?;
        let target = |number: usize| -> Result<To<'_>> {
            let path = placed(&to.prefix, id, number)?;
            Ok(To { store: Arc::clone(&store), bucket: &to.bucket, path })
        };
        if target(0)?.is_there().await? {
            return Ok(0);
        }
        let mut missing = 0;
        for (number, part) in parts.iter().enumerate().rev() {
            let target = target(number)?;
            let request = target.request();
            if !within(FILE_PATIENCE, request, self.place_one(part, &target)).await? {
                missing += 1;
            }
        }
        Ok(missing)
    }

    /// Whether a file may be put in place under `to`: an upload is begun and given up, so that
    /// nothing lies there at any moment.
    ///
    /// Ends within five minutes.
    pub async fn try_place(&self, to: &S3Uri) -> Result<()> {
        let id = format!("check-{}", self.layout().attempt.filename().unwrap_or_default());
        let (store, path) = (self.store_of(&to.bucket)?, placed(&to.prefix, &id, 0)?);
        let target = To { store, bucket: &to.bucket, path };
        let request = target.request();
        within(FILE_PATIENCE, request, async {
            let begun = target.store.put_multipart(&target.path).await;
            let mut upload = begun.map_err(|error| request.failed(error))?;
            let given_up = Request { action: Action::AbortUpload, ..request };
            upload.abort().await.map_err(|error| given_up.failed(error))
        })
        .await
    }

    /// Whether the part was there to be put in place.
    async fn place_one(&self, part: &Part, to: &To<'_>) -> Result<bool> {
        let (bucket, path) = parse_url(&part.url)?;
        let from = self.store_of(&bucket)?;
        let placed = if bucket == to.bucket {
            from.copy(&path, &to.path).await
        } else {
            transfer(from.as_ref(), &path, to).await
        };
        match placed {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => match from.head(&path).await {
                Err(object_store::Error::NotFound { .. }) => Ok(false),
                // The part is there, so what is not found is the bucket that it goes to.
                Ok(_) => Err(Error::new(
                    ErrorKind::StorageFailed,
                    "cannot put rows that were set aside in place: their bucket does not exist",
                )
                .with("bucket", to.bucket)
                .hint("check 'sink.dead-letter.s3-uri', or make the bucket")),
                Err(error) => Err(to.request().failed(error)),
            },
            Err(error) => Err(to.request().failed(error)),
        }
    }
}

impl To<'_> {
    fn request(&self) -> Request<'_> {
        Request { action: Action::PlaceDeadLetters, bucket: self.bucket, key: self.path.as_ref() }
    }

    async fn is_there(&self) -> Result<bool> {
        match self.store.head(&self.path).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            // Without s3:ListBucket a missing object is answered with 403.
            Err(
                object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. },
            ) => Ok(false),
            Err(error) => Err(self.request().failed(error)),
        }
    }
}

/// Copies between buckets, which S3's own copy does only within one client's.
async fn transfer(from: &dyn ObjectStore, path: &Path, to: &To<'_>) -> object_store::Result<()> {
    let mut chunks = from.get(path).await?.into_stream();
    let upload = to.store.put_multipart(&to.path).await?;
    let mut upload = WriteMultipart::new_with_chunk_size(upload, CHUNK_BYTES);
    while let Some(chunk) = chunks.next().await {
        let sent = match chunk {
            Ok(chunk) => {
                upload.put(chunk);
                upload.wait_for_capacity(CHUNKS_IN_FLIGHT).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            // What S3 keeps of it goes with the bucket's rule for unfinished uploads.
            let _ = upload.abort().await;
            return Err(error);
        }
    }
    upload.finish().await.map(|_| ())
}
