//! The layout's names, and which names are its own.

use super::*;

const LAUNCH: &str = "launch-1.0123456789abcdef";
const ATTEMPT: &str = "019a0000-0000-7000-8000-000000000003";

fn layout(prefix: &str) -> Result<Layout> {
    let location = S3Uri { bucket: "b".into(), prefix: prefix.into() };
    Layout::new(&location, LAUNCH, ATTEMPT)
}

#[test]
fn paths_follow_the_layout() {
    let layout = layout("key/temp").unwrap();
    let part = layout.part(2, 17, 4, CopyFormat::Parquet);
    assert_eq!(
        layout.url(&part),
        format!("s3://b/key/temp/{LAUNCH}/{ATTEMPT}/part-2-17-4.parquet")
    );
    let part = layout.part(2, 17, 4, CopyFormat::Csv);
    assert_eq!(part.as_ref(), format!("key/temp/{LAUNCH}/{ATTEMPT}/part-2-17-4.csv.gz"));
    assert_eq!(parse_url(&layout.url(&part)).unwrap(), ("b".to_owned(), part));
}

#[test]
fn an_empty_prefix_makes_no_double_slash() {
    let part = layout("").unwrap().part(0, 1, 0, CopyFormat::Parquet);
    assert_eq!(part.as_ref(), format!("{LAUNCH}/{ATTEMPT}/part-0-1-0.parquet"));
}

#[test]
fn prefixes_and_ids_that_copy_cannot_name_are_refused() {
    for prefix in ["a//b", "_a", "a/.b", "a/../b"] {
        let error = layout(prefix).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOptions, "{prefix}");
    }
    let location = S3Uri { bucket: "b".into(), prefix: "p".into() };
    for launch in ["", "_a", ".a", "a/b", "a b", &"x".repeat(112)] {
        assert!(Layout::new(&location, &format!("{launch}.0123456789abcdef"), ATTEMPT).is_err());
    }
    assert!(
        Layout::new(&location, &format!("{}.0123456789abcdef", "x".repeat(111)), ATTEMPT).is_ok()
    );
}

#[test]
fn ids_that_no_sweep_would_know_again_are_refused() {
    let location = S3Uri { bucket: "b".into(), prefix: "p".into() };
    for launch in ["launch", "launch.0123456789abcde", "launch.0123456789ABCDEF", "launch.x"] {
        assert!(Layout::new(&location, launch, ATTEMPT).is_err(), "{launch}");
    }
    let version_4 = "019a0000-0000-4000-8000-000000000003";
    for attempt in ["", "1", version_4, &ATTEMPT.to_uppercase(), &ATTEMPT.replace('-', "")] {
        assert!(Layout::new(&location, LAUNCH, attempt).is_err(), "{attempt}");
    }
}

#[test]
fn manifest_names_are_short_and_differ_where_ids_do() {
    let layout = layout("p").unwrap();
    let long = "x".repeat(5000);
    let name = |id: &str| layout.manifest(id).filename().unwrap().to_owned();
    assert!(name(&long).len() < 100);
    assert_ne!(name(&long), name(&format!("{long}y")));
    assert_ne!(name("a/b"), name("a:b"));
    assert!(name("a/b").starts_with("manifest-a-b-"));
    assert_eq!(name("a/b"), name("a/b"));
}

#[test]
fn dead_letters_have_one_place_for_each_commit_that_no_sweep_takes_for_staging() {
    let name = |id, number| placed("p", id, number).unwrap();
    assert_eq!(name("a/b/7", 0), name("a/b/7", 0));
    assert_ne!(name("a/b/7", 0), name("a/b/7", 1));
    assert_ne!(name("a/b/7", 0), name("a/b:7", 0));
    assert!(name("a/b/7", 0).as_ref().starts_with("p/a-b-7-"), "{}", name("a/b/7", 0));
    assert!(!placed("", "a", 0).unwrap().as_ref().contains('/'));
    assert_eq!(layout("p").unwrap().known(&name("a", 0)), None);
    assert!(placed("a//b", "a", 0).is_err());
}

#[test]
fn what_is_made_here_is_known_again() {
    let layout = layout("p").unwrap();
    for format in [CopyFormat::Parquet, CopyFormat::Csv] {
        for (subtask, checkpoint, number) in [(0, 0, 0), (u32::MAX, u64::MAX, u64::MAX)] {
            let part = layout.part(subtask, checkpoint, number, format);
            let known = (Owner::Own, File::Part { subtask, checkpoint });
            assert_eq!(layout.known(&part), Some(known), "{part}");
        }
    }
    for (subtask, checkpoint, number) in [(0, 0, 0), (u32::MAX, u64::MAX, u64::MAX)] {
        let letters = layout.dead_letters(subtask, checkpoint, number);
        let known = (Owner::Own, File::DeadLetters { subtask, checkpoint, number });
        assert_eq!(layout.known(&letters), Some(known), "{letters}");
    }
    for id in ["", "launch/sink/17", "ä/-/.", &"x".repeat(5000)] {
        let known = (Owner::Own, File::Manifest);
        assert_eq!(layout.known(&layout.manifest(id)), Some(known), "{id}");
    }
}

#[test]
fn attempts_are_ordered_by_time_and_launches_kept_apart() {
    let layout = layout("p").unwrap();
    let owner = |launch: &str, attempt: &str| {
        let path = Path::from(format!("p/{launch}/{attempt}/part-0-1-0.parquet"));
        layout.known(&path).map(|(owner, _)| owner)
    };
    let older = "01990000-0000-7fff-bfff-ffffffffffff";
    let newer = "019a0000-0000-7000-8000-000000000004";
    assert_eq!(owner(LAUNCH, ATTEMPT), Some(Owner::Own));
    assert_eq!(owner(LAUNCH, older), Some(Owner::Older));
    assert_eq!(owner(LAUNCH, newer), Some(Owner::Newer));
    for attempt in [older, ATTEMPT, newer] {
        assert_eq!(owner("launch-1.0123456789abcdee", attempt), Some(Owner::Other));
    }
}

#[test]
fn what_other_programs_write_is_theirs() {
    let layout = layout("warehouse").unwrap();
    let spark = "part-00000-3b9a1c52-7c1b-4f0e-9d53-0f0f6f6a1f11";
    let theirs = [
        // Spark, partitioned and not.
        format!("sales/dt=2024-01-01/{spark}.snappy.parquet"),
        format!("sales/dt=2024-01-01/{spark}-c000.snappy.parquet"),
        format!("sales/dt=2024-01-01/{spark}.c000.csv.gz"),
        format!("{LAUNCH}/{ATTEMPT}/{spark}-c000.snappy.parquet"),
        "sales/dt=2024-01-01/part-00000.parquet".into(),
        "sales/_temporary/0/part-00000-0-0.parquet".into(),
        // Hive.
        "sales/dt=2024-01-01/000000_0".into(),
        "sales/dt=2024-01-01/000000_0.gz".into(),
        "sales/dt=2024-01-01/000000_0_copy_1".into(),
        // Flink's own file sink.
        "sales/dt=2024-01-01/part-0-1".into(),
        "sales/dt=2024-01-01/part-3b9a1c52-7c1b-4f0e-9d53-0f0f6f6a1f11-0-0.parquet".into(),
        // Redshift's UNLOAD, and manifests of others.
        "unload/2024/0000_part_00.parquet".into(),
        "unload/2024/manifest".into(),
        format!("{LAUNCH}/{ATTEMPT}/manifest.json"),
        format!("{LAUNCH}/{ATTEMPT}/manifest-x-0.json"),
        format!("{LAUNCH}/{ATTEMPT}/manifest-x-0123456789ABCDEF.json"),
        // Our files' names in directories that are not ours, and the other way round.
        "sales/2024/part-0-1-0.parquet".into(),
        "sales/2024/manifest-x-0123456789abcdef.json".into(),
        format!("sales/{ATTEMPT}/part-0-1-0.parquet"),
        format!("{LAUNCH}/2024/part-0-1-0.parquet"),
        format!("{LAUNCH}/019a0000-0000-4000-8000-000000000003/part-0-1-0.parquet"),
        format!("{LAUNCH}/part-0-1-0.parquet"),
        format!("{LAUNCH}/{ATTEMPT}/more/part-0-1-0.parquet"),
        format!("{LAUNCH}/{ATTEMPT}/part-00-1-0.parquet"),
        format!("{LAUNCH}/{ATTEMPT}/part-+0-1-0.parquet"),
        format!("{LAUNCH}/{ATTEMPT}/part-0-01-0.parquet"),
        format!("{LAUNCH}/{ATTEMPT}/part-0-1-x.parquet"),
        format!("{LAUNCH}/{ATTEMPT}/part-4294967296-1-0.parquet"),
        format!("{LAUNCH}/{ATTEMPT}/part-0-1.parquet"),
        format!("{LAUNCH}/{ATTEMPT}/part-0-1-0-0.parquet"),
        format!("{LAUNCH}/{ATTEMPT}/part-0-1-0.snappy.parquet"),
        format!("{LAUNCH}/{ATTEMPT}/part-0-1-0.csv"),
        format!("{LAUNCH}/{ATTEMPT}/part-0-1-0"),
        format!("{LAUNCH}/{ATTEMPT}/report.parquet"),
        format!("{LAUNCH}/{ATTEMPT}"),
    ];
    for name in theirs {
        let path = Path::from(format!("warehouse/{name}"));
        assert_eq!(layout.known(&path), None, "{path}");
    }
    for elsewhere in ["", "other/", "warehouse2/", "warehouse/deeper/"] {
        let path = Path::from(format!("{elsewhere}{LAUNCH}/{ATTEMPT}/part-0-1-0.parquet"));
        assert_eq!(layout.known(&path), None, "{path}");
    }
}
