//! The S3 side of the stand-in, through object_store's client and through raw requests.
#![allow(clippy::unwrap_used)]

mod access;
mod faults;
mod lifecycle;
mod listing;
mod multipart;
mod objects;
mod raw;

use object_store::{
    ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
};
use redshift_local::{
    config::{AccessKey, Bucket},
    s3::{S3, S3Config},
};
use tempfile::TempDir;

/// A server with one bucket `stage` in us-east-1, and its data directory.
struct Local {
    s3: S3,
    dir: TempDir,
}

const REGION: &str = "us-east-1";

fn key() -> AccessKey {
    AccessKey {
        id: "AKIAMAIN".into(),
        secret: "main-secret".into(),
        session_token: None,
        prefixes: Vec::new(),
    }
}

fn bucket(name: &str) -> Bucket {
    Bucket { name: name.into(), region: REGION.into(), requires_encryption: false }
}

fn config(dir: &TempDir) -> S3Config {
    S3Config {
        port: 0,
        data_dir: dir.path().to_owned(),
        buckets: vec![bucket("stage")],
        keys: vec![key()],
    }
}

async fn start() -> Local {
    let dir = tempfile::tempdir().unwrap();
    let s3 = S3::start(config(&dir)).await.unwrap();
    Local { s3, dir }
}

impl Local {
    /// A client that never tries again, so that every answer is seen.
    fn builder(&self, bucket: &str) -> AmazonS3Builder {
        let once = RetryConfig { max_retries: 0, ..RetryConfig::default() };
        AmazonS3Builder::new()
            .with_endpoint(self.s3.endpoint())
            .with_allow_http(true)
            .with_region(REGION)
            .with_bucket_name(bucket)
            .with_access_key_id("AKIAMAIN")
            .with_secret_access_key("main-secret")
            .with_client_options(ClientOptions::new().with_allow_http(true))
            .with_retry(once)
    }

    fn client(&self) -> AmazonS3 {
        self.builder("stage").build().unwrap()
    }
}

/// Bytes that repeat only after a long while, so that misplaced ones show.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut out = Vec::with_capacity(length + 8);
    while out.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(length);
    out
}

/// The text of an error with all its causes.
fn story(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
