//! COPY reads the S3 side in process, meets its faults, and does not see what is not there yet.

use std::{sync::Arc, time::Duration};

use redshift_local::{
    config::Bucket,
    copy::target::ColumnType,
    s3::{Effect, Reach, Rule, S3, S3Config},
};

use crate::support::{World, some, told};

async fn world() -> (World, S3, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let bucket = |name: &str, region: &str| Bucket {
        name: name.into(),
        region: region.into(),
        requires_encryption: false,
    };
    let config = S3Config {
        port: 0,
        data_dir: directory.path().to_path_buf(),
        buckets: vec![bucket("data", "us-east-1"), bucket("far", "eu-west-1")],
        keys: Vec::new(),
    };
    let s3 = S3::start(config).await.expect("S3 starts");
    let mut world = World::new(&[("a", ColumnType::Integer)]);
    world.context.source = Arc::new(s3.clone());
    world.context.roles[0].prefixes.push("s3://far/".into());
    (world, s3, directory)
}

#[tokio::test]
async fn keys_with_two_slashes_are_keys_of_their_own() {
    let (world, s3, _directory) = world().await;
    s3.put("data", "in/x.csv", b"1\n").expect("an object");
    s3.put("data", "in//x.csv", b"2\n").expect("an object");
    let rows = world.load("in//", "CSV").await.expect("loads").rows;
    assert_eq!(rows, [some(&["2"])]);
    let manifest = r#"{"entries":[{"url":"s3://data/in//x.csv","mandatory":true}]}"#;
    s3.put("data", "m", manifest.as_bytes()).expect("an object");
    let rows = world.load("m", "CSV MANIFEST").await.expect("loads").rows;
    assert_eq!(rows, [some(&["2"])]);
}

#[tokio::test]
async fn a_manifest_may_not_reach_into_another_region() {
    let (world, s3, _directory) = world().await;
    s3.put("data", "x.csv", b"1\n").expect("an object");
    s3.put("far", "x.csv", b"2\n").expect("an object");
    let manifest = r#"{"entries":[{"url":"s3://data/x.csv"},{"url":"s3://far/x.csv"}]}"#;
    s3.put("data", "m", manifest.as_bytes()).expect("an object");
    let error = told(&world.load("m", "CSV MANIFEST").await.expect_err("another region"));
    assert!(error.contains("must be addressed using the specified endpoint"), "{error}");
}

#[tokio::test]
async fn faults_meet_each_read() {
    let (world, s3, _directory) = world().await;
    s3.put("data", "in/x.csv", b"1\n").expect("an object");
    for (operation, effect, status) in [
        ("ListObjectsV2", Effect::SlowDown, "Status 503,Error SlowDown"),
        ("GetObject", Effect::SlowDown, "Status 503,Error SlowDown"),
        ("GetObject", Effect::InternalError, "Status 500,Error InternalError"),
        ("GetObject", Effect::AccessDenied, "Status 403,Error AccessDenied"),
    ] {
        s3.faults().add(Rule::new(effect).operation(operation).reach(Reach::Copy));
        let error = world.load("in/", "CSV").await.expect_err(operation);
        assert_eq!(error.sqlstate, "XX000");
        assert!(error.message.starts_with("S3ServiceException:"), "{}", error.message);
        assert!(error.message.contains(status), "{}", error.message);
        assert_eq!(world.load("in/", "CSV").await.expect("once only").loaded.rows, 1);
    }
}

#[tokio::test]
async fn a_stall_of_s3_holds_nothing_but_the_load() {
    let (world, s3, _directory) = world().await;
    s3.put("data", "in/x.csv", b"1\n").expect("an object");
    s3.faults().add(Rule::new(Effect::Stall { millis: 300 }).reach(Reach::Copy));
    // One thread runs this test: its timer goes on only if the load waits elsewhere.
    let timer = tokio::time::timeout(Duration::from_millis(50), world.load("in/", "CSV")).await;
    assert!(timer.is_err(), "the load waits");
}
