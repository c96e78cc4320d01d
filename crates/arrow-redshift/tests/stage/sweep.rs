//! Manifests, missing parts and what is taken away, in memory.

use std::{collections::HashSet, time::Duration};

use arrow_redshift::{
    ErrorKind,
    options::CopyFormat,
    stage::{Manifest, StagedShape, Staging, Swept},
};
use object_store::{ObjectStore, ObjectStoreExt, path::Path};

use crate::support::{in_memory, location, names, path_of, rows, writer};

#[tokio::test]
async fn a_manifest_names_each_part_with_its_length() {
    let (staging, store) = in_memory();
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    writer.write(&rows(0, 3), None).await.unwrap();
    let parts = writer.close(5).await.unwrap();
    let manifest = Manifest::new(&parts).unwrap();
    let url = staging.write_manifest("launch/0/5", &manifest).await.unwrap();
    assert!(url.starts_with("s3://stage/tmp/launch/1/manifest-launch-0-5-"), "{url}");
    let path = Path::parse(url.strip_prefix("s3://stage/").unwrap()).unwrap();
    let text = store.get(&path).await.unwrap().bytes().await.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(json["entries"][0]["url"], parts[0].url);
    assert_eq!(json["entries"][0]["mandatory"], true);
    assert_eq!(json["entries"][0]["meta"]["content_length"], parts[0].bytes);
    // Removing the committable takes its manifest too, and again is no error.
    for _ in 0..2 {
        staging.remove("launch/0/5", &parts).await.unwrap();
        assert!(names(store.as_ref()).await.is_empty());
    }
}

#[tokio::test]
async fn parts_that_changed_or_went_are_named() {
    let (staging, store) = in_memory();
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    let mut parts = Vec::new();
    for checkpoint in 5..8 {
        writer.write(&rows(0, 3), None).await.unwrap();
        parts.extend(writer.close(checkpoint).await.unwrap());
    }
    staging.missing(&parts).await.unwrap();
    store.delete(&path_of(&parts[0])).await.unwrap();
    store.put(&path_of(&parts[2]), "short".into()).await.unwrap();
    let error = staging.missing(&parts).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StagingMissing);
    let text = error.to_string();
    let expected = [
        "2 of 3".to_owned(),
        format!("{} is gone", parts[0].url),
        format!("{} has 5 bytes where {} were written", parts[2].url, parts[2].bytes),
        "lifecycle".to_owned(),
    ];
    for part in expected {
        assert!(text.contains(&part), "{part}: {text}");
    }
    assert!(!text.contains(&parts[1].url), "{text}");
}

/// A staging area with one part in it.
async fn area(store: &std::sync::Arc<dyn ObjectStore>, launch: &str, attempt: &str) -> Staging {
    let staging = Staging::over(store.clone(), &location("tmp"), launch, attempt).unwrap();
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    for checkpoint in [5, 6] {
        writer.write(&rows(0, 3), None).await.unwrap();
        writer.close(checkpoint).await.unwrap();
    }
    staging
}

const FOREIGN: [&str; 4] = [
    "tmp/launch/1/notes.txt",
    "tmp/part-0-0-0.parquet",
    "part-0-0-0.parquet",
    "tmpx/l/1/part-0-0-0.parquet",
];

#[tokio::test]
async fn a_restart_takes_away_its_launchs_older_attempts_only() {
    let store: std::sync::Arc<dyn ObjectStore> =
        std::sync::Arc::new(object_store::memory::InMemory::new());
    for name in FOREIGN {
        store.put(&Path::from(name), "mine".into()).await.unwrap();
    }
    area(&store, "launch", "1").await;
    area(&store, "launch-2", "1").await;
    let present = area(&store, "launch", "10").await;
    let kept = "s3://stage/tmp/launch/1/part-3-5-0.parquet".to_owned();
    let swept = present.sweep_older_attempts(&HashSet::from([kept])).await.unwrap();
    assert_eq!((swept.objects, swept.uploads), (1, 0));
    assert!(swept.bytes > 100);
    let mut expected: Vec<String> = FOREIGN.iter().map(|name| (*name).to_owned()).collect();
    for left in [
        "launch/1/part-3-5-0",
        "launch-2/1/part-3-5-0",
        "launch-2/1/part-3-6-1",
        "launch/10/part-3-5-0",
        "launch/10/part-3-6-1",
    ] {
        expected.push(format!("tmp/{left}.parquet"));
    }
    expected.sort();
    assert_eq!(names(store.as_ref()).await, expected);
}

#[tokio::test]
async fn age_takes_away_every_launchs_objects_but_no_one_elses() {
    let store: std::sync::Arc<dyn ObjectStore> =
        std::sync::Arc::new(object_store::memory::InMemory::new());
    for name in FOREIGN {
        store.put(&Path::from(name), "mine".into()).await.unwrap();
    }
    area(&store, "launch", "1").await;
    let staging = area(&store, "other", "2").await;
    let hour = Duration::from_secs(3600);
    assert_eq!(staging.sweep_expired(hour).await.unwrap(), Swept::default());
    assert_eq!(staging.sweep_expired(Duration::MAX).await.unwrap(), Swept::default());
    tokio::time::sleep(Duration::from_millis(5)).await;
    let swept = staging.sweep_expired(Duration::from_millis(1)).await.unwrap();
    assert_eq!(swept.objects, 4);
    assert_eq!(names(store.as_ref()).await.len(), FOREIGN.len());
}
