//! Manifests, missing parts and what is taken away, in memory.

use std::{collections::HashSet, sync::Arc, time::Duration};

use arrow_redshift::{
    ErrorKind,
    options::CopyFormat,
    stage::{Manifest, StagedShape, Staging, Swept},
};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};

use crate::{
    stores::Aged,
    support::{LAUNCH, attempt, in_memory, location, names, path_of, rows, writer},
};

#[tokio::test]
async fn a_manifest_names_each_part_with_its_length() {
    let (staging, store) = in_memory();
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    writer.write(&rows(0, 3), None).await.unwrap();
    let parts = writer.close(5).await.unwrap();
    let manifest = Manifest::new(&parts).unwrap();
    let url = staging.write_manifest("launch/0/5", &manifest).await.unwrap();
    let begins = format!("s3://stage/tmp/{LAUNCH}/{}/manifest-launch-0-5-", attempt(1));
    assert!(url.starts_with(&begins), "{url}");
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

/// A staging area with two parts in it.
async fn area(store: &Arc<dyn ObjectStore>, launch: &str, number: u32) -> Staging {
    let attempt = attempt(number);
    let staging = Staging::over(store.clone(), &location("tmp"), launch, &attempt).unwrap();
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    for checkpoint in [5, 6] {
        writer.write(&rows(0, 3), None).await.unwrap();
        writer.close(checkpoint).await.unwrap();
    }
    staging
}

const OTHER: &str = "other.0123456789abcdef";

/// What other programs have below the temporary path and beside it.
fn foreign() -> Vec<String> {
    let spark = "part-00000-3b9a1c52-7c1b-4f0e-9d53-0f0f6f6a1f11";
    vec![
        format!("tmp/sales/dt=2024-01-01/{spark}-c000.snappy.parquet"),
        format!("tmp/{LAUNCH}/{}/{spark}.c000.csv.gz", attempt(1)),
        "tmp/sales/dt=2024-01-01/000000_0".to_owned(),
        "tmp/sales/dt=2024-01-01/part-0-0-0.parquet".to_owned(),
        format!("tmp/{LAUNCH}/{}/notes.txt", attempt(1)),
        "tmp/part-0-0-0.parquet".to_owned(),
        "part-0-0-0.parquet".to_owned(),
        format!("tmpx/{LAUNCH}/{}/part-0-0-0.parquet", attempt(1)),
    ]
}

async fn with_foreign_objects() -> Arc<dyn ObjectStore> {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    for name in foreign() {
        store.put(&Path::from(name), "theirs".into()).await.unwrap();
    }
    store
}

/// The names of the foreign objects and of both parts of these areas, and `more`.
fn expected(areas: &[(&str, u32)], more: &[&str]) -> Vec<String> {
    let parts = areas.iter().flat_map(|(launch, number)| {
        ["part-3-5-0", "part-3-6-1"]
            .map(|part| format!("tmp/{launch}/{}/{part}.parquet", attempt(*number)))
    });
    let more = more.iter().map(|url| url.strip_prefix("s3://stage/").unwrap().to_owned());
    let mut names: Vec<String> = foreign().into_iter().chain(parts).chain(more).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_restart_takes_away_its_launchs_older_attempts_only() {
    let store = with_foreign_objects().await;
    area(&store, LAUNCH, 1).await;
    area(&store, OTHER, 1).await;
    area(&store, LAUNCH, 11).await;
    let present = area(&store, LAUNCH, 10).await;
    let kept = format!("s3://stage/tmp/{LAUNCH}/{}/part-3-5-0.parquet", attempt(1));
    let swept = present.sweep_older_attempts(&HashSet::from([kept.clone()])).await.unwrap();
    assert_eq!((swept.objects, swept.uploads), (1, 0));
    assert!(swept.bytes > 100);
    let left = [(OTHER, 1), (LAUNCH, 10), (LAUNCH, 11)];
    assert_eq!(names(store.as_ref()).await, expected(&left, &[&kept]));
}

#[tokio::test]
async fn age_takes_away_earlier_attempts_but_nothing_young_of_others() {
    let store = with_foreign_objects().await;
    area(&store, LAUNCH, 1).await;
    area(&store, OTHER, 1).await;
    area(&store, LAUNCH, 3).await;
    let staging = area(&store, LAUNCH, 2).await;
    let kept = format!("s3://stage/tmp/{LAUNCH}/{}/part-3-6-1.parquet", attempt(1));
    let keep = HashSet::from([kept.clone()]);
    let hour = Duration::from_secs(3600);
    assert_eq!(staging.sweep_expired(hour, &keep).await.unwrap(), Swept::default());
    assert_eq!(staging.sweep_expired(Duration::MAX, &keep).await.unwrap(), Swept::default());
    tokio::time::sleep(Duration::from_millis(5)).await;
    let swept = staging.sweep_expired(Duration::from_millis(1), &keep).await.unwrap();
    assert_eq!(swept.objects, 1);
    let left = [(OTHER, 1), (LAUNCH, 2), (LAUNCH, 3)];
    assert_eq!(names(store.as_ref()).await, expected(&left, &[&kept]));
}

#[tokio::test]
async fn after_seven_days_other_launches_objects_go_too() {
    let memory = with_foreign_objects().await;
    area(&memory, LAUNCH, 1).await;
    area(&memory, OTHER, 1).await;
    let day = |days: u64| Duration::from_secs(days * 86_400);
    let kept = format!("s3://stage/tmp/{OTHER}/{}/part-3-6-1.parquet", attempt(1));
    let keep = HashSet::from([kept.clone()]);
    let seen_at = |age: Duration| {
        let store: Arc<dyn ObjectStore> = Arc::new(Aged { store: Arc::clone(&memory), age });
        Staging::over(store, &location("tmp"), LAUNCH, &attempt(2)).unwrap()
    };
    let six_days_later = seen_at(day(6));
    assert_eq!(six_days_later.sweep_expired(day(7), &keep).await.unwrap().objects, 0);
    assert_eq!(six_days_later.sweep_expired(day(1), &keep).await.unwrap().objects, 2);
    assert_eq!(names(memory.as_ref()).await, expected(&[(OTHER, 1)], &[]));
    let eight_days_later = seen_at(day(8));
    assert_eq!(eight_days_later.sweep_expired(day(9), &keep).await.unwrap().objects, 0);
    assert_eq!(eight_days_later.sweep_expired(day(1), &keep).await.unwrap().objects, 1);
    assert_eq!(names(memory.as_ref()).await, expected(&[], &[&kept]));
}

/// A store with a part for checkpoints 5 and 6 of each of these subtasks' attempts.
async fn subtasks(of: &[(&str, u32, u32)]) -> Arc<dyn ObjectStore> {
    let store = with_foreign_objects().await;
    for (launch, number, subtask) in of {
        for checkpoint in [5, 6] {
            let name = part(launch, *number, *subtask, checkpoint);
            store.put(&Path::from(name), "part".into()).await.unwrap();
        }
        let name = format!("tmp/{launch}/{}/{MANIFEST}", attempt(*number));
        store.put(&Path::from(name), "manifest".into()).await.unwrap();
    }
    store
}

const MANIFEST: &str = "manifest-x-0123456789abcdef.json";

fn part(launch: &str, number: u32, subtask: u32, checkpoint: u64) -> String {
    format!("tmp/{launch}/{}/part-{subtask}-{checkpoint}-0.parquet", attempt(number))
}

/// Attempts 1 to 4 are those of subtasks 0 to 3; attempt 9 is a later one of subtask 0.
const ATTEMPTS: [(&str, u32, u32); 7] = [
    (LAUNCH, 1, 0),
    (LAUNCH, 2, 1),
    (LAUNCH, 3, 2),
    (LAUNCH, 4, 3),
    (LAUNCH, 9, 0),
    (OTHER, 1, 0),
    (OTHER, 2, 1),
];

#[tokio::test]
async fn a_subtask_takes_away_what_its_own_older_attempts_staged_later() {
    let own = |subtask: u32, checkpoint| part(LAUNCH, subtask + 1, subtask, checkpoint);
    for (subtask, parallelism, restored, gone) in [
        (1, 4, Some(6), vec![]),
        (1, 4, Some(5), vec![own(1, 6)]),
        (1, 4, Some(4), vec![own(1, 5), own(1, 6)]),
        (1, 4, None, vec![own(1, 5), own(1, 6)]),
        (0, 4, Some(5), vec![own(0, 6)]),
        (0, 2, Some(5), vec![own(0, 6), own(2, 6), own(3, 6)]),
        (0, 3, None, vec![own(0, 5), own(0, 6), own(3, 5), own(3, 6)]),
        (1, 2, Some(5), vec![own(1, 6)]),
        (7, 8, None, vec![]),
    ] {
        let store = subtasks(&ATTEMPTS).await;
        let mut expected = names(store.as_ref()).await;
        expected.retain(|name| !gone.contains(name));
        let staging = Staging::over(store.clone(), &location("tmp"), LAUNCH, &attempt(5)).unwrap();
        let swept = staging.sweep_subtask(subtask, parallelism, restored, None).await.unwrap();
        let what = format!("subtask {subtask} of {parallelism}, restored from {restored:?}");
        assert_eq!(swept.objects, gone.len() as u64, "{what}");
        assert_eq!(names(store.as_ref()).await, expected, "{what}");
    }
}

/// A job does not go back to its savepoints by itself, so what they name is staged after the
/// checkpoint that it goes back to.
#[tokio::test]
async fn what_a_savepoint_may_name_is_spared_for_as_long_as_it_is_asked_for() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let memory = subtasks(&ATTEMPTS).await;
    let own = |checkpoint| part(LAUNCH, 2, 1, checkpoint);
    let mut expected = names(memory.as_ref()).await;
    let aged = Aged { store: Arc::clone(&memory), age: hours(3) };
    let staging = Staging::over(Arc::new(aged), &location("tmp"), LAUNCH, &attempt(5)).unwrap();
    let sweep = |restored, spared| staging.sweep_subtask(1, 4, restored, Some(spared));
    for restored in [Some(5), None] {
        assert_eq!(sweep(restored, hours(4)).await.unwrap(), Swept::default());
    }
    assert_eq!(names(memory.as_ref()).await, expected);
    assert_eq!(sweep(Some(5), hours(2)).await.unwrap().objects, 1);
    expected.retain(|name| *name != own(6));
    assert_eq!(names(memory.as_ref()).await, expected);
}

#[tokio::test]
async fn the_committer_takes_away_older_manifests_only() {
    let store = subtasks(&ATTEMPTS).await;
    let mut expected = names(store.as_ref()).await;
    let gone: Vec<String> =
        (1..=4).map(|number| format!("tmp/{LAUNCH}/{}/{MANIFEST}", attempt(number))).collect();
    expected.retain(|name| !gone.contains(name));
    let staging = Staging::over(store.clone(), &location("tmp"), LAUNCH, &attempt(5)).unwrap();
    assert_eq!(staging.sweep_manifests().await.unwrap().objects, 4);
    assert_eq!(names(store.as_ref()).await, expected);
}

#[tokio::test]
async fn one_writer_among_several_spares_everything_young() {
    let day = |days: u64| Duration::from_secs(days * 86_400);
    let memory = subtasks(&[(LAUNCH, 1, 0), (LAUNCH, 5, 1), (OTHER, 1, 0)]).await;
    let all = names(memory.as_ref()).await;
    let seen_at = |age: Duration| {
        let store: Arc<dyn ObjectStore> = Arc::new(Aged { store: Arc::clone(&memory), age });
        Staging::over(store, &location("tmp"), LAUNCH, &attempt(5)).unwrap()
    };
    assert_eq!(seen_at(day(6)).sweep_forgotten(day(1)).await.unwrap(), Swept::default());
    assert_eq!(seen_at(day(8)).sweep_forgotten(day(9)).await.unwrap(), Swept::default());
    assert_eq!(names(memory.as_ref()).await, all);
    assert_eq!(seen_at(day(8)).sweep_forgotten(day(1)).await.unwrap().objects, 6);
    assert_eq!(names(memory.as_ref()).await.len(), all.len() - 6, "its own are there");
}
