//! Requests to S3, against the stand-in: encryption, credentials, regions, retries, lost answers,
//! uploads that a crash left open.

use std::{collections::HashSet, time::Duration};

use arrow_redshift::{
    Error, ErrorKind,
    options::{AwsKeys, CopyConfig, CopyFormat, Encryption, Secret},
    stage::{Manifest, Part, StageWriter, StagedShape, Staging},
};
use bytes::Bytes;
use object_store::{
    ObjectStore, ObjectStoreExt, PutMultipartOptions, aws::AmazonS3Builder,
    multipart::MultipartStore, path::Path,
};
use redshift_local::s3::{Effect, Rule};

use crate::support::{LAUNCH, SECRET, Server, TOKEN, attempt, noise, parse, plan, rows, writer};

/// Opens a staging area and stages a few rows.
async fn try_staging(config: &CopyConfig) -> Result<Vec<Part>, Error> {
    let staging = Staging::open(config, LAUNCH, &attempt(1)).await?;
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    writer.write(&rows(0, 10), None).await?;
    writer.close(5).await
}

/// Stages 24 MB that do not compress: a multipart upload of several chunks.
async fn stage_much(staging: &Staging) -> Result<Vec<Part>, Error> {
    let mut writer = writer(staging, StagedShape::Append, CopyFormat::Parquet);
    write_much(&mut writer).await?;
    writer.close(5).await
}

async fn write_much(writer: &mut StageWriter) -> Result<(), Error> {
    let batch = noise(0, 1000);
    for _ in 0..32 {
        writer.write(&batch, None).await?;
    }
    Ok(())
}

fn client(server: &Server) -> object_store::aws::AmazonS3 {
    AmazonS3Builder::new()
        .with_endpoint(server.s3.endpoint())
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name("stage")
        .with_access_key_id("MAIN")
        .with_secret_access_key(SECRET)
        .build()
        .unwrap()
}

fn assert_text(error: &Error, kind: ErrorKind, parts: &[&str]) {
    assert_eq!(error.kind(), kind, "{error:?}");
    let text = format!("{error:?}");
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
    for secret in [SECRET, TOKEN] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_parts_arrive_whole() {
    let server = Server::start().await;
    let staging = server.open(1).await;
    let parts = stage_much(&staging).await.unwrap();
    let keys = server.keys("stage");
    assert_eq!(keys, [format!("tmp/x/{LAUNCH}/{}/part-3-5-0.parquet", attempt(1))]);
    assert!(parts[0].bytes > 20_000_000);
    assert_eq!(server.s3.head("stage", &keys[0]).unwrap(), parts[0].bytes);
    let file: Bytes =
        client(&server).get(&Path::from(keys[0].as_str())).await.unwrap().bytes().await.unwrap();
    assert_eq!(parse(file).num_rows(), 32_000);
    staging.missing(&parts).await.unwrap();
    staging.remove("id", &parts).await.unwrap();
    assert!(server.keys("stage").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_written_is_encrypted_as_told() {
    let server = Server::start().await;
    let error = try_staging(&server.config("sealed", "MAIN")).await.unwrap_err();
    let part = format!("tmp/x/{LAUNCH}/{}/part-3-5-0.parquet", attempt(1));
    let key = format!("key: {part}");
    let place = ["s3:PutObject", "bucket: sealed", &key, "403"];
    assert_text(&error, ErrorKind::PermissionDenied, &place);
    for (encryption, algorithm, key) in [
        (Encryption::SseS3, "AES256", None),
        (Encryption::SseKms(Some("alias/mine".into())), "aws:kms", Some("alias/mine")),
    ] {
        let mut config = server.config("sealed", "MAIN");
        config.encryption = encryption;
        let staging = Staging::open(&config, LAUNCH, &attempt(1)).await.unwrap();
        let small = try_staging(&config).await.unwrap();
        staging.write_manifest("id", &Manifest::new(&small).unwrap()).await.unwrap();
        let keys = server.keys("sealed");
        assert_eq!(keys.len(), 2);
        let check = |name: &str| {
            let found = server.s3.encryption("sealed", name).unwrap();
            assert!(found.requested, "{name}");
            assert_eq!(found.algorithm, algorithm, "{name}");
            if key.is_some() {
                assert_eq!(found.kms_key_id.as_deref(), key, "{name}");
            }
        };
        keys.iter().for_each(|name| check(name));
        stage_much(&staging).await.unwrap();
        check(&part);
    }
    // The account's own key: named by nobody.
    let mut config = server.config("sealed", "MAIN");
    config.encryption = Encryption::SseKms(None);
    try_staging(&config).await.unwrap();
}

#[tokio::test]
async fn credentials_that_do_not_do_are_told_apart() {
    let server = Server::start().await;
    let denied = ErrorKind::PermissionDenied;
    let error = try_staging(&server.config("stage", "ELSEWHERE")).await.unwrap_err();
    assert_text(&error, denied, &["s3:PutObject", "bucket: stage", "AccessDenied"]);
    let error = try_staging(&server.config("stage", "NOBODY")).await.unwrap_err();
    assert_text(&error, denied, &["does not accept the credentials", "InvalidAccessKeyId"]);
    let keys = |secret: &str, token: Option<&str>| {
        let mut config = server.config("stage", "PASSING");
        config.s3.credentials = Some(AwsKeys {
            access_key_id: "PASSING".into(),
            secret_access_key: Secret::new(secret),
            session_token: token.map(Secret::new),
        });
        config
    };
    let error = try_staging(&keys("wrong-secret", Some(TOKEN))).await.unwrap_err();
    assert_text(&error, denied, &["SignatureDoesNotMatch"]);
    assert_text(&try_staging(&keys(SECRET, None)).await.unwrap_err(), denied, &[]);
    try_staging(&keys(SECRET, Some(TOKEN))).await.unwrap();
    server.s3.expire_key("PASSING");
    let error = try_staging(&keys(SECRET, Some(TOKEN))).await.unwrap_err();
    assert_text(&error, denied, &["ExpiredToken"]);
}

#[tokio::test]
async fn buckets_elsewhere_and_nowhere_are_named() {
    let server = Server::start().await;
    let error = try_staging(&server.config("nowhere", "MAIN")).await.unwrap_err();
    assert_text(&error, ErrorKind::InvalidOptions, &["does not exist", "bucket: nowhere"]);
    let error = try_staging(&server.config("far", "MAIN")).await.unwrap_err();
    assert_text(&error, ErrorKind::InvalidOptions, &["another region", "aws.region"]);
}

#[tokio::test]
async fn passing_trouble_is_ridden_out() {
    let server = Server::start().await;
    let trouble = [
        ("PutObject", 0, Effect::SlowDown),
        ("CreateMultipartUpload", 0, Effect::InternalError),
        ("UploadPart", 0, Effect::SlowDown),
        ("UploadPart", 2, Effect::Cut),
        ("CompleteMultipartUpload", 0, Effect::SlowDown),
        ("CompleteMultipartUpload", 1, Effect::LoseAnswer),
    ];
    for (operation, after, effect) in trouble {
        server.s3.faults().add(Rule::new(effect).operation(operation).skip(after));
    }
    let staging = server.open(1).await;
    let parts = stage_much(&staging).await.unwrap();
    staging.missing(&parts).await.unwrap();
    staging.write_manifest("id", &Manifest::new(&parts).unwrap()).await.unwrap();
    assert_eq!(server.s3.faults().fired(), trouble.len() as u64);
}

/// The longest that one request is retried is a minute.
#[tokio::test]
async fn lasting_trouble_is_an_error_that_may_be_tried_again() {
    let server = Server::start().await;
    server.s3.faults().add(Rule::new(Effect::SlowDown).operation("PutObject").count(None));
    let began = std::time::Instant::now();
    let error = try_staging(&server.config("stage", "MAIN")).await.unwrap_err();
    assert_text(&error, ErrorKind::StorageUnavailable, &["SlowDown", "503"]);
    assert_eq!(server.s3.faults().fired(), 11);
    assert!(began.elapsed() < Duration::from_secs(70));
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come_back() {
    let server = Server::start().await;
    let config = server.config("stage", "MAIN");
    server.s3.stop().await;
    let error = try_staging(&config).await.unwrap_err();
    assert_text(&error, ErrorKind::StorageUnavailable, &["cannot be reached", "s3.endpoint"]);
}

#[tokio::test]
async fn a_part_that_fails_is_taken_back_and_its_writer_stops() {
    let server = Server::start().await;
    server.s3.faults().add(Rule::new(Effect::AccessDenied).operation("UploadPart").skip(1));
    let staging = server.open(1).await;
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    let error = match write_much(&mut writer).await {
        Err(error) => error,
        Ok(()) => writer.close(5).await.unwrap_err(),
    };
    assert_text(&error, ErrorKind::PermissionDenied, &["write a part", "s3:PutObject"]);
    assert_eq!(writer.write(&rows(0, 1), None).await.unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(writer.close(5).await.unwrap_err().kind(), ErrorKind::Internal);
    writer.abort().await.unwrap();
    assert!(server.keys("stage").is_empty());
    let swept = server.open(2).await.sweep_older_attempts(&HashSet::new()).await.unwrap();
    assert_eq!(swept.uploads, 0, "the upload was aborted already");
}

#[tokio::test]
async fn giving_up_takes_back_what_is_on_its_way() {
    let server = Server::start().await;
    let staging = server.open(1).await;
    let shape = StagedShape::Append;
    let format = CopyFormat::Parquet;
    let mut writer =
        StageWriter::new(staging, plan(2000), shape, 0, 1, format, 20_000_000).unwrap();
    write_much(&mut writer).await.unwrap();
    write_much(&mut writer).await.unwrap();
    assert!(!server.keys("stage").is_empty());
    writer.abort().await.unwrap();
    assert!(server.keys("stage").is_empty());
    let swept = server.open(2).await.sweep_older_attempts(&HashSet::new()).await.unwrap();
    assert_eq!(swept.uploads, 0);
}

#[tokio::test]
async fn uploads_that_a_crash_left_open_are_found_and_aborted() {
    let server = Server::start().await;
    // A crash: the writer goes without a word.
    let mut crashed = writer(&server.open(1).await, StagedShape::Append, CopyFormat::Parquet);
    write_much(&mut crashed).await.unwrap();
    drop(crashed);
    let s3 = client(&server);
    let others = [
        // Of this attempt, of a newer one and of another launch.
        format!("tmp/x/{LAUNCH}/{}/part-0-1-0.parquet", attempt(2)),
        format!("tmp/x/{LAUNCH}/{}/part-0-1-0.parquet", attempt(3)),
        format!("tmp/x/other.0123456789abcdef/{}/part-0-1-0.parquet", attempt(1)),
        // Somebody else's.
        format!("tmp/x/{LAUNCH}/{}/somebody-elses", attempt(1)),
        "tmp/x/sales/dt=2024-01-01/part-00000-3b9a1c52-c000.snappy.parquet".to_owned(),
        "tmp/x-other".to_owned(),
    ];
    for key in &others {
        let path = Path::from(key.as_str());
        s3.put_multipart_opts(&path, PutMultipartOptions::default()).await.unwrap();
    }
    let keep = HashSet::new();
    let staging = server.open(2).await;
    // By age, of earlier attempts only: what others began has its seven days.
    assert_eq!(staging.sweep_expired(Duration::from_secs(3600), &keep).await.unwrap().uploads, 0);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(staging.sweep_expired(Duration::ZERO, &keep).await.unwrap().uploads, 1);

    let mut crashed = writer(&server.open(1).await, StagedShape::Append, CopyFormat::Parquet);
    write_much(&mut crashed).await.unwrap();
    drop(crashed);
    let swept = staging.sweep_older_attempts(&keep).await.unwrap();
    assert_eq!((swept.objects, swept.uploads), (0, 1));
    assert_eq!(staging.sweep_older_attempts(&keep).await.unwrap().uploads, 0);
    // The others are all there still: the fourth attempt finds the two before it.
    let swept = server.open(4).await.sweep_older_attempts(&keep).await.unwrap();
    assert_eq!(swept.uploads, 2);
}

#[tokio::test]
async fn a_subtask_aborts_its_own_attempts_uploads_whatever_they_were_begun_for() {
    let server = Server::start().await;
    let s3 = client(&server);
    let key = |number, part: &str| format!("tmp/x/{LAUNCH}/{}/{part}.parquet", attempt(number));
    // Of checkpoints before and after the restored one; of another subtask, and of one that there
    // is no more; of this attempt and of a newer one.
    let begun = [(1, "part-1-3-0"), (1, "part-1-9-1"), (1, "part-0-9-0"), (1, "part-7-3-0")];
    for (number, part) in begun.into_iter().chain([(2, "part-1-9-0"), (3, "part-1-9-0")]) {
        s3.create_multipart(&Path::from(key(number, part))).await.unwrap();
    }
    let staging = server.open(2).await;
    assert_eq!(staging.sweep_subtask(1, 4, Some(5), None).await.unwrap().uploads, 2);
    assert_eq!(staging.sweep_subtask(1, 4, None, None).await.unwrap().uploads, 0);
    assert_eq!(staging.sweep_subtask(0, 4, Some(5), None).await.unwrap().uploads, 2);
    let everything = server.open(4).await.sweep_older_attempts(&HashSet::new()).await.unwrap();
    assert_eq!(everything.uploads, 2);
}

#[tokio::test]
async fn lists_of_uploads_are_read_to_their_end() {
    let server = Server::start().await;
    let s3 = client(&server);
    // More than one page of a thousand, with an equal key at its edge and blanks in the prefix.
    let mut config = server.config("stage", "MAIN");
    config.temp_uri.prefix = "a b+c&d".into();
    for number in 0..1005 {
        let number = number.min(990);
        let name = format!("a b+c&d/{LAUNCH}/{}/part-0-1-{number}.parquet", attempt(1));
        s3.create_multipart(&Path::parse(name).unwrap()).await.unwrap();
    }
    let staging = Staging::open(&config, LAUNCH, &attempt(2)).await.unwrap();
    let swept = staging.sweep_older_attempts(&HashSet::new()).await.unwrap();
    assert_eq!(swept.uploads, 1005);
}

#[tokio::test]
async fn parts_of_another_bucket_are_reached_there() {
    let server = Server::start().await;
    let parts = try_staging(&server.config("stage", "MAIN")).await.unwrap();
    let mut config = server.config("sealed", "MAIN");
    config.encryption = Encryption::SseS3;
    let moved = Staging::open(&config, LAUNCH, &attempt(2)).await.unwrap();
    moved.missing(&parts).await.unwrap();
    moved.remove("id", &parts).await.unwrap();
    let error = moved.missing(&parts).await.unwrap_err();
    assert_text(&error, ErrorKind::StagingMissing, &["is gone"]);
}

#[tokio::test]
async fn more_objects_than_one_request_deletes_are_swept() {
    let server = Server::start().await;
    for number in 0..2100 {
        let key = format!("tmp/x/{LAUNCH}/{}/part-0-1-{number}.parquet", attempt(1));
        server.s3.put("stage", &key, b"x").unwrap();
    }
    let swept = server.open(2).await.sweep_older_attempts(&HashSet::new()).await.unwrap();
    assert_eq!((swept.objects, swept.bytes), (2100, 2100));
    assert!(server.keys("stage").is_empty());
}
