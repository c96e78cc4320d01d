//! Starting, stopping, and what a killed process leaves.

use std::{
    fs::OpenOptions,
    io::Write,
    time::{Duration, Instant},
};

use object_store::ObjectStoreExt;
use redshift_local::s3::{Effect, Rule, S3};

use crate::{config, start};

#[tokio::test]
async fn objects_and_buckets_outlive_the_server() {
    let local = start().await;
    let client = local.client();
    client.put(&"kept".into(), "kept".into()).await.unwrap();
    client.put(&"kept".into(), "again".into()).await.unwrap();
    client.put(&"removed".into(), "removed".into()).await.unwrap();
    client.delete(&"removed".into()).await.unwrap();
    local.s3.create_bucket(crate::bucket("made-later")).unwrap();
    local.s3.put("made-later", "x", b"x").unwrap();
    local.s3.stop().await;
    let crate::Local { s3, dir } = local;
    drop(s3);
    // What a killed process may leave: half a record, and bytes that belong to nothing.
    let journal = dir.path().join("buckets/stage/journal");
    let mut journal = OpenOptions::new().append(true).open(journal).unwrap();
    journal.write_all(b"{\"Delete\":\"ke").unwrap();
    std::fs::write(dir.path().join("buckets/stage/objects/stray"), b"stray").unwrap();
    std::fs::write(dir.path().join("buckets/stage/partial/half"), b"half").unwrap();

    let s3 = S3::start(config(&dir)).await.unwrap();
    let local = crate::Local { s3, dir };
    let got = local.client().get(&"kept".into()).await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), "again");
    assert_eq!(local.s3.list("stage", "").unwrap().len(), 1);
    assert_eq!(local.s3.head("made-later", "x").unwrap(), 1);
    let count = |sub: &str| {
        std::fs::read_dir(local.dir.path().join("buckets/stage").join(sub)).unwrap().count()
    };
    assert_eq!((count("objects"), count("partial")), (1, 0));
}

#[tokio::test]
async fn a_directory_belongs_to_one_server() {
    let local = start().await;
    let second = S3::start(config(&local.dir)).await.unwrap_err();
    assert!(second.to_string().contains("in use by another process"), "{second}");
    let mut bad = config(&tempfile::tempdir().unwrap());
    bad.buckets[0].name = "Not_A_Bucket".into();
    let bad = format!("{:#}", S3::start(bad).await.unwrap_err());
    assert!(bad.contains("'Not_A_Bucket' is no valid bucket name"), "{bad}");
}

#[tokio::test]
async fn stopping_ends_every_connection() {
    let local = start().await;
    let client = local.client();
    client.put(&"k".into(), "x".into()).await.unwrap();
    local.s3.faults().add(Rule::new(Effect::Stall { millis: 60_000 }));
    let stalled = tokio::spawn(async move { client.get(&"k".into()).await.map(|_| ()) });
    while local.s3.faults().fired() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = Instant::now();
    local.s3.stop().await;
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(stalled.await.unwrap().is_err());
    let connected = tokio::net::TcpStream::connect(("127.0.0.1", local.s3.port())).await;
    assert!(connected.is_err());
    // A second stop has nothing left to do.
    local.s3.stop().await;
}

#[tokio::test]
async fn the_last_handle_stops_the_server() {
    let crate::Local { s3, dir: _dir } = start().await;
    let port = s3.port();
    let other = s3.clone();
    drop(s3);
    other.put("stage", "k", b"x").unwrap();
    drop(other);
    let deadline = Instant::now() + Duration::from_secs(10);
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
        assert!(Instant::now() < deadline, "the server still listens");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
