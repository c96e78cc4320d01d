//! Clearing a temporary path by age, in memory and on S3's stand-in.

use std::{sync::Arc, time::Duration};

use arrow_redshift::{
    options::CopyFormat,
    stage::{Cleaning, StagedShape, Staging},
};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};

use crate::{
    stores::Aged,
    support::{LAUNCH, attempt, location, names, rows, writer},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn open(store: &Arc<InMemory>, older: Duration, launch: &str, number: u32) -> Staging {
    let store = Aged { store: Arc::clone(store) as Arc<dyn ObjectStore>, age: older };
    Staging::over(Arc::new(store), &location("tmp"), launch, &attempt(number)).unwrap()
}

async fn stage(store: &Arc<InMemory>, launch: &str, number: u32) {
    let staging = open(store, Duration::ZERO, launch, number);
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    writer.write(&rows(0, 3), None).await.unwrap();
    writer.close(1).await.unwrap();
}

#[tokio::test]
async fn attempts_go_as_a_whole_when_they_have_passed_the_age_and_nothing_else_does() {
    let store = Arc::new(InMemory::new());
    stage(&store, LAUNCH, 1).await;
    stage(&store, LAUNCH, 2).await;
    stage(&store, "other.fedcba9876543210", 1).await;
    let foreign = [
        "tmp/part-0-0-0.parquet",
        "tmp/x/y/part-0-0-0.parquet",
        "tmp/launch.0123456789abcdef/readme.txt",
        "tmp/launch.0123456789abcdef/019a0000-0001-7000-8000-000000000000/_SUCCESS",
        "elsewhere/launch.0123456789abcdef/019a0000-0001-7000-8000-000000000000/part-0-1-0.parquet",
    ];
    for key in foreign {
        store.put(&Path::from(key), "mine".into()).await.unwrap();
    }
    let all = names(store.as_ref()).await;
    assert_eq!(all.len(), foreign.len() + 3);

    let cleaning = |older: Duration, age: Duration| {
        Cleaning::of(open(&store, older, "nobody.0000000000000000", 9), age)
    };
    assert_eq!(cleaning(6 * DAY, 7 * DAY).look().await.unwrap(), []);
    let found = cleaning(8 * DAY, 7 * DAY).look().await.unwrap();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|left| left.objects == 1 && left.bytes > 0 && left.uploads == 0));
    assert_eq!(found[0].url, format!("s3://stage/tmp/{LAUNCH}/{}/", attempt(1)));
    assert_eq!(names(store.as_ref()).await, all, "looking removes nothing");

    // What has become young again stays.
    cleaning(Duration::ZERO, 7 * DAY).remove(&found[0]).await.unwrap();
    assert_eq!(names(store.as_ref()).await, all);
    let aged = cleaning(8 * DAY, 7 * DAY);
    aged.remove(&found[0]).await.unwrap();
    assert_eq!(names(store.as_ref()).await.len(), all.len() - 1);
    for left in &found {
        aged.remove(left).await.unwrap();
    }
    let mut left = names(store.as_ref()).await;
    left.sort();
    let mut kept: Vec<String> = foreign.iter().map(|key| (*key).to_owned()).collect();
    kept.sort();
    assert_eq!(left, kept);
}
