//! The S3 side of the stand-in: a server on loopback over a data directory.
//!
//! What it knows is what a loader of Redshift meets: objects and multipart uploads, conditions,
//! paged listings, encryption headers, regions, keys with limited addresses, and trouble by
//! script. Operations that are not modelled answer `NotImplemented`. It knows nothing of COPY,
//! which reads through [`S3`] in process, with a credential of its own.

mod access;
mod bucket;
mod checksum;
mod condition;
mod cut;
mod failure;
mod faults;
mod journal;
mod keys;
mod list;
mod object;
mod ops;
mod receive;
mod send;
mod serve;
mod store;
mod upload;

use std::{
    fs::File,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, PoisonError},
};

use anyhow::Context;
use md5::{Digest, Md5};
use s3s::service::S3ServiceBuilder;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::{
    access::Access,
    bucket::{Bytes, New},
    condition::WriteCondition,
    keys::{Keys, Secrets},
    object::About,
    store::Store,
};
pub use self::{
    failure::S3Failure,
    faults::{Effect, Faults, Reach, Rule},
    object::{Encryption, Object},
};
use crate::config::{AccessKey, Bucket};

/// What the S3 side is told when it starts.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// Port on loopback; 0 picks a free one.
    pub port: u16,
    /// Where buckets and objects live. Only one process may use it at a time.
    pub data_dir: PathBuf,
    /// Buckets that exist from the start, beside those that the directory holds.
    pub buckets: Vec<Bucket>,
    /// Keys that are accepted. Requests without one of them are refused.
    pub keys: Vec<AccessKey>,
}

/// A running S3 server. Clones are handles of the same one; it stops with the last of them.
#[derive(Debug, Clone)]
pub struct S3 {
    running: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    address: SocketAddr,
    store: Arc<Store>,
    keys: Arc<Keys>,
    faults: Faults,
    server: std::sync::Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl S3 {
    /// Opens the data directory and starts to serve it. Objects of an earlier run are there again.
    ///
    /// # Errors
    /// A port that is taken, or a data directory that cannot be used.
    pub async fn start(config: S3Config) -> anyhow::Result<S3> {
        let S3Config { port, data_dir, buckets, keys } = config;
        let open = move || Store::open(data_dir, buckets);
        let store = Arc::new(tokio::task::spawn_blocking(open).await??);
        let keys = Arc::new(Keys::new(keys));
        let faults = Faults::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("could not listen on port {port} of loopback for S3"))?;
        let address = listener.local_addr()?;
        let mut service = S3ServiceBuilder::new(ops::Operations { store: Arc::clone(&store) });
        service.set_auth(Secrets(Arc::clone(&keys)));
        service.set_host(serve::Hosts);
        service.set_access(Access {
            keys: Arc::clone(&keys),
            store: Arc::clone(&store),
            faults: faults.clone(),
        });
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve::serve(listener, service.build(), stop.clone()));
        let _stop_when_dropped = stop.clone().drop_guard();
        let server = std::sync::Mutex::new(Some(server));
        let running = Running { address, store, keys, faults, server, stop, _stop_when_dropped };
        Ok(S3 { running: Arc::new(running) })
    }

    /// Where clients find it, such as `http://127.0.0.1:45123`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.running.address.port()
    }

    /// The trouble that requests meet.
    pub fn faults(&self) -> &Faults {
        &self.running.faults
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// `BucketAlreadyOwnedByYou`, or a name that S3 refuses.
    pub fn create_bucket(&self, bucket: Bucket) -> Result<(), S3Failure> {
        self.running.store.create(bucket)
    }

    /// Accepts a key pair from now on, in place of the one of its id if there is one.
    pub fn put_key(&self, key: AccessKey) {
        self.running.keys.put(key);
    }

    /// Ends a key's session: from now on it gets `ExpiredToken`. Returns whether there is such a
    /// key.
    pub fn expire_key(&self, id: &str) -> bool {
        self.running.keys.expire(id)
    }

    /// The key pairs that it was told of, those whose sessions are over among them.
    pub(crate) fn keys(&self) -> Vec<AccessKey> {
        self.running.keys.all()
    }

    /// Ids of the keys whose sessions are over.
    pub(crate) fn expired_keys(&self) -> Vec<String> {
        self.running.keys.expired()
    }

    /// The region of a bucket.
    pub fn bucket_region(&self, bucket: &str) -> Option<String> {
        self.running.store.bucket(bucket).ok().map(|bucket| bucket.config.region.clone())
    }

    /// The size of an object, bytes. Waits where a fault says so, so call it where waiting is
    /// allowed; the same holds for [`S3::open`] and [`S3::list`].
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, or a fault.
    pub fn head(&self, bucket: &str, key: &str) -> Result<u64, S3Failure> {
        self.running.faults.meet_copy("HeadObject", bucket, Some(key))?;
        Ok(self.running.store.bucket(bucket)?.head(key)?.size)
    }

    /// Opens an object: its bytes, from the file's beginning, and their number. The file keeps
    /// them whatever happens to the object meanwhile.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, or a fault.
    pub fn open(&self, bucket: &str, key: &str) -> Result<(File, u64), S3Failure> {
        self.running.faults.meet_copy("GetObject", bucket, Some(key))?;
        let (object, file) = self.running.store.bucket(bucket)?.read(key)?;
        Ok((file, object.size))
    }

    /// All objects whose keys begin with `prefix`, in the order of their bytes.
    ///
    /// # Errors
    /// `NoSuchBucket`, or a fault.
    pub fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>, S3Failure> {
        self.running.faults.meet_copy("ListObjectsV2", bucket, None)?;
        let mut objects = Vec::new();
        self.running.store.bucket(bucket)?.walk(prefix, |object| {
            let found = object.key.starts_with(prefix);
            if found {
                objects.push(Object { key: object.key.clone(), size: object.size });
            }
            found
        });
        Ok(objects)
    }

    /// The keys of a bucket's uploads that are neither completed nor aborted.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn uploads(&self, bucket: &str) -> Result<Vec<String>, S3Failure> {
        let uploads = self.running.store.bucket(bucket)?.list_uploads();
        Ok(uploads.iter().map(|upload| upload.key.clone()).collect())
    }

    /// Puts an object, whatever the bucket's policy says. No fault meets it.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn put(&self, bucket: &str, key: &str, bytes: &[u8]) -> Result<(), S3Failure> {
        let bucket = self.running.store.bucket(bucket)?;
        let (mut file, path) = bucket.temporary()?;
        file.write_all(bytes)?;
        let etag = hex::encode(Md5::digest(bytes));
        let about = About::default();
        let new = New { key: key.into(), size: bytes.len() as u64, etag, about };
        bucket.put(new, Bytes::Written(path), &WriteCondition::None)?;
        Ok(())
    }

    /// Removes an object, if there is one. No fault meets it.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn delete(&self, bucket: &str, key: &str) -> Result<(), S3Failure> {
        self.running.store.bucket(bucket)?.delete(key, &WriteCondition::None)
    }

    /// How an object is encrypted, and whether that was asked for.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`.
    pub fn encryption(&self, bucket: &str, key: &str) -> Result<Encryption, S3Failure> {
        Ok(self.running.store.bucket(bucket)?.head(key)?.about.encryption.clone())
    }

    /// Stops the server and waits for every connection and task of it to end. Handles that are
    /// left still reach the objects in process.
    pub async fn stop(&self) {
        self.running.stop.cancel();
        let server = self.running.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(error)) = match server {
            Some(server) => Some(server.await),
            None => None,
        } {
            tracing::error!(%error, "the S3 stand-in's server ended badly");
        }
        self.running.store.tasks.close();
        self.running.store.tasks.wait().await;
    }
}
