//! The staging area: where parts and manifests lie, and every request that reaches them.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey},
    path::Path,
};

use super::{
    Manifest, Part,
    credentials::Access,
    endpoint,
    failure::{Action, Request},
    path::{Layout, parse_url},
    uploads::Uploads,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{CopyConfig, Encryption, S3Config, S3Uri},
};

/// One request is tried at most eleven times …
const MAX_RETRIES: usize = 10;
/// … and no new try begins a minute after the first one. S3 recovers from "503 Slow Down" in
/// seconds; what takes longer is for the caller's own backoff, which knows what else waits.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);
/// The first wait; each further one is up to twice the last, with jitter, …
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// … and none is longer than this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
/// The longest time for one try: a chunk of 6 MiB at a slow line's 100 KB/s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest that one request takes with all its tries: more than [`RETRY_TIMEOUT`], the last
/// try's wait and [`REQUEST_TIMEOUT`], and half a minute for the credentials.
const REQUEST_PATIENCE: Duration = Duration::from_secs(160);
/// What each round of requests may take beyond the first, on average.
const ROUND_PATIENCE: Duration = Duration::from_secs(2);
/// The longest that the removal of one round of objects takes: what it removes is of no use any
/// more, and a sweep finds it again.
const REMOVAL_PATIENCE: Duration = Duration::from_secs(30);

/// How many parts are looked at at once.
const HEADS_AT_ONCE: usize = 16;

/// How many objects one request deletes.
const DELETES_AT_ONCE: usize = 1000;

/// How many missing parts an error names.
const NAMED_PARTS: usize = 5;

/// The staging area of one launch's attempt: `<temp uri>/<launch>/<attempt>/`.
///
/// Requests are retried by `object_store`: 5xx ("503 Slow Down" too), 429, 408 and lost
/// connections, at most ten times and for at most a minute, with jittered backoff from 100 ms to
/// 5 s. What still fails then is [`ErrorKind::StorageUnavailable`].
///
/// Cheap to clone; clones share connections and credentials.
#[derive(Clone)]
pub struct Staging {
    area: Arc<Area>,
}

struct Area {
    layout: Layout,
    store: Arc<dyn ObjectStore>,
    /// How other buckets are reached, and what S3 has beyond `object_store`; `None` over any
    /// other store.
    s3: Option<S3>,
}

#[derive(Clone)]
pub(super) struct S3 {
    config: S3Config,
    encryption: Encryption,
    access: Access,
    uploads: Arc<Uploads>,
}

impl Staging {
    /// Opens the staging area on S3. `launch` and `attempt` are directory names below the temporary
    /// path, of forms that other programs' directories do not have: `launch` is letters, digits,
    /// `.`, `_` and `-`, and ends in a dot and sixteen hexadecimal digits; `attempt` is a UUID of
    /// version 7, as later attempts must sort behind earlier ones.
    ///
    /// Sends no request to S3 yet. Where keys or region are not given, AWS's default chain is
    /// asked; the credentials themselves are fetched with the first request.
    pub async fn open(config: &CopyConfig, launch: &str, attempt: &str) -> Result<Staging> {
        let layout = Layout::new(&config.temp_uri, launch, attempt)?;
        let access = Access::find(&config.s3).await?;
        let store = connect(&config.s3, &config.encryption, &access, &layout.bucket)?;
        let uploads = Uploads::new(&config.s3, access.clone(), &layout.bucket, store.clone())?;
        let s3 = S3 {
            config: config.s3.clone(),
            encryption: config.encryption.clone(),
            access,
            uploads: Arc::new(uploads),
        };
        Ok(Staging { area: Arc::new(Area { layout, store, s3: Some(s3) }) })
    }

    /// A staging area in any object store, for programs that bring their own and for tests. Only
    /// its one bucket can be reached, and uploads that a crash left open cannot be found in it.
    /// `launch` and `attempt` are those of [`open`](Staging::open).
    pub fn over(
        store: Arc<dyn ObjectStore>,
        location: &S3Uri,
        launch: &str,
        attempt: &str,
    ) -> Result<Staging> {
        let layout = Layout::new(location, launch, attempt)?;
        Ok(Staging { area: Arc::new(Area { layout, store, s3: None }) })
    }

    /// The region that S3 is reached in; `None` over another store than S3.
    pub fn region(&self) -> Option<&str> {
        self.area.s3.as_ref().map(|s3| s3.access.region.as_str())
    }

    /// Fetches the credentials that requests are signed with; S3 has not seen them then.
    pub async fn find_credentials(&self) -> Result<()> {
        let Some(s3) = &self.area.s3 else { return Ok(()) };
        let request = self.request(Action::List, &self.layout().attempt);
        let found = s3.access.credentials.get_credential().await;
        found.map(drop).map_err(|error| request.failed(error))
    }

    /// Writes the manifest of the committable of that id, and gives its URL.
    ///
    /// Ends within 160 seconds.
    pub async fn write_manifest(&self, id: &str, manifest: &Manifest) -> Result<String> {
        let path = self.layout().manifest(id);
        let text = manifest.to_json()?;
        let request = self.request(Action::WriteManifest, &path);
        within(REQUEST_PATIENCE, request, async {
            let put = self.store().put(&path, text.into()).await;
            put.map_err(|error| request.failed(error))
        })
        .await?;
        Ok(self.layout().url(&path))
    }

    /// Looks at every part as COPY will find it: one that is gone or has another length is
    /// [`ErrorKind::StagingMissing`].
    ///
    /// Ends within 160 seconds and two more for every sixteen parts.
    pub async fn missing(&self, parts: &[Part]) -> Result<()> {
        let patience = patience(REQUEST_PATIENCE, parts.len().div_ceil(HEADS_AT_ONCE));
        let request = self.request(Action::Head, &self.layout().attempt);
        let missing = within(patience, request, self.look_at(parts)).await?;
        if missing.is_empty() { Ok(()) } else { Err(missing_parts(&missing, parts.len())) }
    }

    /// What is wrong with parts.
    async fn look_at(&self, parts: &[Part]) -> Result<Vec<String>> {
        let mut found: Vec<Option<String>> = Vec::with_capacity(parts.len());
        for (bucket, places) in by_bucket(parts.iter().map(|part| part.url.as_str()))? {
            let store = self.store_of(&bucket)?;
            let looks = places.into_iter().map(|(index, path)| {
                let (store, bucket, part) = (Arc::clone(&store), bucket.clone(), &parts[index]);
                async move { look(store.as_ref(), &bucket, &path, part).await }
            });
            found.extend(
                stream::iter(looks).buffer_unordered(HEADS_AT_ONCE).try_collect::<Vec<_>>().await?,
            );
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// Where the manifest of a committable of that id lies, in an area that need not be there.
    pub fn manifest_url(location: &S3Uri, launch: &str, attempt: &str, id: &str) -> Result<String> {
        let layout = Layout::new(location, launch, attempt)?;
        Ok(layout.url(&layout.manifest(id)))
    }

    /// How S3 says that a part is encrypted: `AES256`, `aws:kms` and the like; `None` where it says
    /// nothing, and over another store than S3.
    pub async fn encryption(&self, part: &Part) -> Result<Option<String>> {
        let Some(uploads) = self.uploads() else { return Ok(None) };
        let (_, path) = parse_url(&part.url)?;
        let request = self.request(Action::Head, &path);
        within(REQUEST_PATIENCE, request, uploads.encryption(&path)).await
    }

    /// Deletes a committable's parts and its manifest; what is gone already is no error.
    ///
    /// Ends within 30 seconds and two more for every thousand parts: what is left then is swept.
    pub async fn remove(&self, id: &str, parts: &[Part]) -> Result<()> {
        let manifest = self.layout().url(&self.layout().manifest(id));
        let urls = parts.iter().map(|part| part.url.as_str());
        self.delete(urls.chain([manifest.as_str()])).await.map(|_| ())
    }

    /// Deletes objects by URL; one that is gone already is no error. Gives how many were named.
    ///
    /// Ends within 30 seconds and two more for every thousand objects.
    pub async fn delete<'a>(&self, urls: impl IntoIterator<Item = &'a str>) -> Result<u64> {
        let buckets = by_bucket(urls)?;
        let rounds = buckets.values().map(|places| places.len().div_ceil(DELETES_AT_ONCE)).sum();
        let request = self.request(Action::Delete, &self.layout().attempt);
        within(patience(REMOVAL_PATIENCE, rounds), request, async {
            let mut deleted = 0;
            for (bucket, places) in buckets {
                let paths = places.into_iter().map(|(_, path)| path).collect();
                deleted += delete_paths(self.store_of(&bucket)?.as_ref(), &bucket, paths).await?;
            }
            Ok(deleted)
        })
        .await
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.area.layout
    }

    pub(super) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.area.store
    }

    pub(super) fn uploads(&self) -> Option<&Uploads> {
        self.area.s3.as_ref().map(|s3| s3.uploads.as_ref())
    }

    pub(super) fn request<'a>(&'a self, action: Action, path: &'a Path) -> Request<'a> {
        Request { action, bucket: &self.layout().bucket, key: path.as_ref() }
    }

    /// The store of a bucket: a restored committable may name parts in the bucket of the time when
    /// it was made.
    pub(super) fn store_of(&self, bucket: &str) -> Result<Arc<dyn ObjectStore>> {
        if bucket == self.layout().bucket {
            return Ok(Arc::clone(self.store()));
        }
        match &self.area.s3 {
            Some(s3) => Ok(connect(&s3.config, &s3.encryption, &s3.access, bucket)?),
            None => Err(Error::new(
                ErrorKind::StorageFailed,
                "cannot reach a staged part: it lies in another bucket than the staging area",
            )
            .with("bucket", bucket)),
        }
    }
}

impl fmt::Debug for Staging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Staging").field(&self.layout().url(&self.layout().attempt)).finish()
    }
}

/// Work that is given up when its time is over.
pub(super) async fn within<T>(
    limit: Duration,
    request: Request<'_>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(request.too_slow(limit)),
    }
}

/// The longest that so many rounds of requests take.
fn patience(first: Duration, rounds: usize) -> Duration {
    first + ROUND_PATIENCE * u32::try_from(rounds).unwrap_or(u32::MAX)
}

/// What is wrong with a part, if anything is.
async fn look(
    store: &dyn ObjectStore,
    bucket: &str,
    path: &Path,
    part: &Part,
) -> Result<Option<String>> {
    match store.head(path).await {
        Ok(found) if found.size == part.bytes => Ok(None),
        Ok(found) => Ok(Some(format!(
            "{} has {} bytes where {} were written",
            part.url, found.size, part.bytes
        ))),
        Err(object_store::Error::NotFound { .. }) => Ok(Some(format!("{} is gone", part.url))),
        Err(error) => {
            Err(Request { action: Action::Head, bucket, key: path.as_ref() }.failed(error))
        }
    }
}

fn missing_parts(missing: &[String], of: usize) -> Error {
    let mut named = missing.iter().take(NAMED_PARTS).cloned().collect::<Vec<_>>().join("; ");
    if missing.len() > NAMED_PARTS {
        named.push_str("; …");
    }
    Error::new(
        ErrorKind::StagingMissing,
        format!("cannot load: {} of {of} staged parts are not as they were written", missing.len()),
    )
    .detail(named)
    .hint(
        "their rows are not in the table. Restore from an older savepoint, or load them again from \
         the source; let S3 lifecycle rules on the temporary path keep objects for longer than the \
         oldest savepoint that may be restored with parts that were not loaded",
    )
}

/// Deletes paths of one bucket, in requests of up to 1000 keys.
pub(super) async fn delete_paths(
    store: &dyn ObjectStore,
    bucket: &str,
    paths: Vec<Path>,
) -> Result<u64> {
    let first = paths.first().cloned().unwrap_or_default();
    let mut deleted = 0;
    let mut results = store.delete_stream(stream::iter(paths).map(Ok).boxed());
    while let Some(result) = results.next().await {
        match result {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => deleted += 1,
            Err(error) => {
                let request = Request { action: Action::Delete, bucket, key: first.as_ref() };
                return Err(request.failed(error));
            }
        }
    }
    Ok(deleted)
}

/// URLs by bucket, each with its index and path.
fn by_bucket<'a>(
    urls: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Vec<(usize, Path)>>> {
    let mut buckets: BTreeMap<String, Vec<(usize, Path)>> = BTreeMap::new();
    for (index, url) in urls.into_iter().enumerate() {
        let (bucket, path) = parse_url(url)?;
        buckets.entry(bucket).or_default().push((index, path));
    }
    Ok(buckets)
}

/// A client of one bucket.
fn connect(
    config: &S3Config,
    encryption: &Encryption,
    access: &Access,
    bucket: &str,
) -> Result<Arc<AmazonS3>> {
    let endpoint = endpoint::of_bucket(config, &access.region, bucket)?;
    let https = endpoint.starts_with("https://");
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&access.region)
        .with_endpoint(endpoint)
        // The endpoint names the bucket already, whichever the style.
        .with_virtual_hosted_style_request(true)
        .with_credentials(Arc::clone(&access.credentials))
        // TLS already keeps a body from being changed on its way; hashing it again would cost more
        // than encoding it does.
        .with_unsigned_payload(https)
        .with_client_options(client_options(https))
        .with_retry(retry());
    let encryption = match encryption {
        Encryption::BucketDefault | Encryption::None => None,
        Encryption::SseS3 => Some(("AES256", None)),
        Encryption::SseKms(key) => Some(("aws:kms", key.as_ref())),
    };
    if let Some((method, key)) = encryption {
        builder = builder.with_config(header_key("aws_server_side_encryption")?, method);
        if let Some(key) = key {
            builder = builder.with_config(header_key("aws_sse_kms_key_id")?, key);
        }
    }
    builder.build().map(Arc::new).map_err(|error| {
        Error::new(ErrorKind::InvalidOptions, "cannot set up the connection to S3")
            .with("bucket", bucket)
            .source(error)
    })
}

/// Names of the encryption settings, whose type `object_store` does not export.
fn header_key(name: &str) -> Result<AmazonS3ConfigKey> {
    name.parse().map_err(|error: object_store::Error| {
        Error::new(ErrorKind::Internal, "object_store does not know an encryption setting")
            .source(error)
    })
}

pub(super) fn client_options(https: bool) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(!https)
        .with_timeout(REQUEST_TIMEOUT)
        .with_connect_timeout(CONNECT_TIMEOUT)
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: FIRST_BACKOFF,
            max_backoff: LONGEST_BACKOFF,
            base: 2.0,
        },
        max_retries: MAX_RETRIES,
        retry_timeout: RETRY_TIMEOUT,
    }
}
