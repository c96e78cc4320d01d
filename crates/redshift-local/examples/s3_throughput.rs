//! How fast the S3 side takes and gives bytes on loopback, measured with object_store's client in
//! the same process.
//!
//! ```text
//! cargo run --release -p redshift-local --example s3_throughput [-- DIRECTORY]
//! ```
//!
//! Client and server share the machine's cores, so the figures include the client's work: it
//! hashes every part that it sends (SHA-256), and the server checks that hash and makes its own
//! (MD5, for the entity tag). DIRECTORY is where objects are written; a temporary one otherwise.

#![allow(clippy::print_stdout)]

use std::{path::PathBuf, time::Instant};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    MultipartUpload, ObjectStoreExt,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};
use redshift_local::{
    config::{AccessKey, Bucket},
    s3::{S3, S3Config},
};

const OBJECTS: usize = 8;
const OBJECT_BYTES: usize = 128 * 1024 * 1024;
const PART_BYTES: usize = 8 * 1024 * 1024;
/// What object_store's own buffered writer does.
const PARTS_AT_ONCE: usize = 8;
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let data_dir = std::env::args_os().nth(1).map_or(temporary.path().to_owned(), PathBuf::from);
    let (id, secret) = ("AKIATHROUGHPUT", "secret");
    let key = AccessKey {
        id: id.into(),
        secret: secret.into(),
        session_token: None,
        prefixes: Vec::new(),
    };
    let region = "us-east-1";
    let bucket =
        Bucket { name: "throughput".into(), region: region.into(), requires_encryption: false };
    let s3 =
        S3::start(S3Config { port: 0, data_dir, buckets: vec![bucket], keys: vec![key] }).await?;
    let builder = AmazonS3Builder::new()
        .with_endpoint(s3.endpoint())
        .with_allow_http(true)
        .with_region(region)
        .with_bucket_name("throughput")
        .with_access_key_id(id)
        .with_secret_access_key(secret);
    let signed = builder.clone().build()?;
    let unsigned = builder.with_unsigned_payload(true).build()?;

    println!(
        "{OBJECTS} objects of {} MiB in parts of {} MiB, {PARTS_AT_ONCE} at once",
        OBJECT_BYTES >> 20,
        PART_BYTES >> 20,
    );
    let part = Bytes::from(noise(PART_BYTES));
    for round in 1..=ROUNDS {
        let with_hash = timed(write(&signed, &part)).await?;
        let without = timed(write(&unsigned, &part)).await?;
        let read = timed(read(&signed)).await?;
        println!(
            "round {round}: write {with_hash:.0} MB/s, write with unsigned payload \
             {without:.0} MB/s, read {read:.0} MB/s"
        );
    }
    if let Some(peak) = peak_memory_mib() {
        println!("peak memory of client and server together: {peak} MiB");
    }
    for object in s3.list("throughput", "")? {
        s3.delete("throughput", &object.key)?;
    }
    s3.stop().await;
    Ok(())
}

/// Runs one pass over all bytes and returns its speed, in MB (10^6 bytes) a second.
async fn timed(pass: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<f64> {
    let began = Instant::now();
    pass.await?;
    Ok((OBJECTS * OBJECT_BYTES) as f64 / 1e6 / began.elapsed().as_secs_f64())
}

fn path(object: usize) -> Path {
    Path::from(format!("object-{object}"))
}

async fn write(client: &AmazonS3, part: &Bytes) -> anyhow::Result<()> {
    for object in 0..OBJECTS {
        let mut upload = client.put_multipart(&path(object)).await?;
        let parts: Vec<_> =
            (0..OBJECT_BYTES / PART_BYTES).map(|_| upload.put_part(part.clone().into())).collect();
        stream::iter(parts).buffer_unordered(PARTS_AT_ONCE).try_collect::<Vec<_>>().await?;
        upload.complete().await?;
    }
    Ok(())
}

async fn read(client: &AmazonS3) -> anyhow::Result<()> {
    let reads = (0..OBJECTS).map(|object| async move {
        let mut body = client.get(&path(object)).await?.into_stream();
        let mut read = 0;
        while let Some(piece) = body.next().await {
            read += piece?.len();
        }
        anyhow::ensure!(read == OBJECT_BYTES, "object {object} came short: {read} bytes");
        Ok(())
    });
    stream::iter(reads).buffer_unordered(PARTS_AT_ONCE).try_collect().await
}

/// Bytes that no layer could compress away.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// The process's peak resident memory, where the kernel tells.
fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}
