//! Which files a COPY loads, and which columns it fills.

use std::{fs::File, sync::Arc};

use redshift_local::{
    config::Edition,
    copy::{Object, Source, SourceFailure, notice, target::ColumnType},
};

use crate::support::{Outcome, ROLE, World, column, some, told};

fn world() -> World {
    World::new(&[("a", ColumnType::Integer)])
}

async fn manifest(world: &World, json: &str, rest: &str) -> Result<Outcome, String> {
    world.put("m.json", json);
    let loaded = world.load("m.json", &format!("MANIFEST {rest}")).await;
    loaded.map_err(|error| told(&error))
}

fn entry(key: &str, more: &str) -> String {
    format!(r#"{{"url":"s3://data/{key}"{more}}}"#)
}

fn entries(entries: &[String]) -> String {
    format!(r#"{{"entries":[{}]}}"#, entries.join(","))
}

#[tokio::test]
async fn a_prefix_loads_every_object_that_begins_with_it() {
    let world = world();
    world.put("in/part-1.csv", "1\n");
    world.put("in/part-10.csv", "10\n");
    world.put("in/part-2.csv", "2\n");
    world.put("in/part-1/deep.csv", "3\n");
    let loaded = world.load("in/part-1", "CSV").await.expect("loads");
    assert_eq!(loaded.rows, [some(&["1"]), some(&["3"]), some(&["10"])]);
    assert_eq!(loaded.loaded.files.len(), 3);
    assert_eq!(loaded.loaded.bytes, 7);
    assert_eq!(loaded.loaded.files[0].name, "s3://data/in/part-1.csv");
    // Stray files are loaded too.
    world.put("in/part-1_SUCCESS", "no number\n");
    assert!(world.load("in/part-1", "CSV").await.is_err());
}

#[tokio::test]
async fn a_prefix_without_objects_is_an_error() {
    let error = told(&world().load("none/", "CSV").await.expect_err("no object"));
    assert!(error.contains("The specified S3 prefix 'none/' does not exist"), "{error}");
    assert!(error.contains("\n  code:      8001\n"), "{error}");
}

#[tokio::test]
async fn a_manifest_loads_what_it_lists_also_twice() {
    let world = world();
    world.put("x/1.csv", "1\n");
    world.put("x/10.csv", "10\n");
    let json = entries(&[
        entry("x/1.csv", r#","mandatory":true"#),
        entry("x/gone.csv", ""),
        entry("x/1.csv", r#","meta":{"content_length":999,"record_count":1}"#),
    ]);
    let loaded = manifest(&world, &json, "CSV").await.expect("loads");
    assert_eq!(loaded.rows, [some(&["1"]), some(&["1"])]);
    // A URL is a full key, not a prefix.
    let json = entries(&[entry("x/", "")]);
    assert!(manifest(&world, &json, "CSV").await.expect_err("a prefix").contains("No file"));
}

#[tokio::test]
async fn missing_files_of_a_manifest() {
    let world = world();
    let json = entries(&[entry("gone.csv", r#","mandatory":false"#)]);
    let error = manifest(&world, &json, "CSV").await.expect_err("no file at all");
    assert!(error.contains("No file of manifest 's3://data/m.json' was found"), "{error}");
    let json = entries(&[entry("gone.csv", r#","mandatory":true"#)]);
    let error = manifest(&world, &json, "CSV").await.expect_err("a mandatory file");
    assert!(error.contains("Mandatory url is not present in manifest file"), "{error}");
    let meta = r#","mandatory":true,"meta":{"content_length":1}"#;
    world.put("x/a.parquet", "P");
    let json = entries(&[entry("x//a.parquet", meta)]);
    let error = manifest(&world, &json, "PARQUET").await.expect_err("another key");
    assert!(error.starts_with("XX000 Spectrum Scan Error: File not found"), "{error}");
}

#[tokio::test]
async fn manifests_that_are_none() {
    let world = world();
    for json in [
        "nonsense",
        "[]",
        r#"{"entries":[{"url":5}]}"#,
        r#"{"entries":[{"url":"/no/s3"}]}"#,
        r#"{"files":[]}"#,
        r#"{"entries":[],}"#,
        r#"{'entries':[]}"#,
    ] {
        let error = manifest(&world, json, "CSV").await.expect_err(json);
        assert!(error.starts_with("XX000 Manifest file is not in correct json format"), "{error}");
    }
}

#[tokio::test]
async fn a_manifest_is_named_by_its_full_key() {
    let world = world();
    world.put("in/manifest", entries(&[]));
    for key in ["in/", "in/mani"] {
        let error = told(&world.load(key, "CSV MANIFEST").await.expect_err(key));
        assert!(
            error
                .contains("COPY with MANIFEST parameter requires full path of an Amazon S3 object")
                && error.contains("\n  code:      8001\n"),
            "{error}"
        );
    }
    let error = told(&world.load("nowhere", "CSV MANIFEST").await.expect_err("no object"));
    assert!(error.starts_with("XX000 Problem reading manifest file"), "{error}");
    assert!(error.contains("Status 404,Error NoSuchKey"), "{error}");
}

#[tokio::test]
async fn without_manifest_the_manifest_is_data() {
    let world = world();
    world.put("x.csv", "1\n");
    world.put("m.json", entries(&[entry("x.csv", "")]));
    let error = world.load("m.json", "CSV").await.expect_err("no number");
    assert_eq!(error.load_errors[0].file_name, "s3://data/m.json");
}

#[tokio::test]
async fn buckets_of_a_manifest_may_differ() {
    let mut world = world();
    std::fs::write(world.bucket("c").join("x.csv"), "7\n").expect("an object");
    world.context.roles[0].prefixes.push("s3://c".into());
    world.put("x.csv", "1\n");
    let json = r#"{"entries":[{"url":"s3://data/x.csv"},{"url":"s3://c/x.csv"}]}"#;
    let loaded = manifest(&world, json, "CSV").await.expect("loads");
    assert_eq!(loaded.rows, [some(&["1"]), some(&["7"])]);
}

#[tokio::test]
async fn the_column_list_orders_fields_and_leaves_the_rest() {
    let mut world = World::new(&[
        ("a", ColumnType::Integer),
        ("b", ColumnType::Integer),
        ("c", ColumnType::Date),
    ]);
    world.target[2].not_null = true;
    world.target[2].has_default = true;
    world.put("x.csv", "1,2\n");
    let copy = |list: &str| format!("{list} FROM 's3://data/x.csv' IAM_ROLE '{ROLE}' CSV");
    let loaded = world.copy(&copy("(b, \"A\")")).await.expect("loads");
    assert_eq!(loaded.columns, ["b", "a"]);
    assert_eq!(loaded.rows, [some(&["1", "2"])]);
    for (list, state) in [("(a, x)", "42703"), ("(a, a)", "42701")] {
        assert_eq!(world.copy(&copy(list)).await.expect_err(list).sqlstate, state);
    }
    world.target[2].has_default = false;
    let error = told(&world.copy(&copy("(a, b)")).await.expect_err("NOT NULL without default"));
    assert_eq!(error, "23502 Cannot insert a NULL value into column c ");
}

#[tokio::test]
async fn identity_columns_need_explicit_ids() {
    let mut world = World::new(&[("id", ColumnType::BigInt), ("a", ColumnType::Integer)]);
    world.target[0].identity = true;
    world.target[0].not_null = true;
    world.put("one.csv", "1\n");
    world.put("two.csv", "5,1\n");
    let copy = |list: &str, key: &str, rest: &str| {
        format!("{list} FROM 's3://data/{key}.csv' IAM_ROLE '{ROLE}' CSV {rest}")
    };
    assert_eq!(world.copy(&copy("", "one", "")).await.expect("without it").columns, ["a"]);
    let explicit = world.copy(&copy("", "two", "EXPLICIT_IDS")).await.expect("with it");
    assert_eq!(explicit.rows, [some(&["5", "1"])]);
    for (list, rest) in [("(id, a)", ""), ("(a)", "EXPLICIT_IDS")] {
        assert!(world.copy(&copy(list, "two", rest)).await.is_err(), "{list} {rest}");
    }
    let listed = world.copy(&copy("(id, a)", "two", "EXPLICIT_IDS")).await;
    assert_eq!(listed.expect("listed").columns, ["id", "a"]);
}

#[tokio::test]
async fn s3_that_slows_down_fails_the_load() {
    struct Slow;
    impl Slow {
        fn failure() -> SourceFailure {
            SourceFailure {
                status: 503,
                code: "SlowDown".into(),
                message: "Please reduce your request rate.".into(),
            }
        }
    }
    impl Source for Slow {
        fn list(&self, _: &str, prefix: &str) -> Result<Vec<Object>, SourceFailure> {
            match prefix {
                "list" => Err(Slow::failure()),
                key => Ok(vec![Object { key: key.into(), size: 1 }]),
            }
        }
        fn size(&self, _: &str, _: &str) -> Result<u64, SourceFailure> {
            Err(Slow::failure())
        }
        fn open(&self, _: &str, _: &str) -> Result<File, SourceFailure> {
            Err(Slow::failure())
        }
        fn region(&self, _: &str) -> Option<String> {
            Some("us-east-1".into())
        }
    }
    let mut world = world();
    world.context.source = Arc::new(Slow);
    for key in ["list", "read"] {
        let error = world.load(key, "CSV").await.expect_err("503");
        assert_eq!(error.sqlstate, "XX000");
        assert!(
            error.message.starts_with(
                "S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown,"
            ),
            "{}",
            error.message
        );
    }
}

#[tokio::test]
async fn a_receiver_that_goes_away_ends_the_load() {
    use redshift_local::{copy::Load, dialect::copy_grammar::parse_copy};
    let world = world();
    world.put("x.csv", "1\n".repeat(200_000));
    let sql = format!("COPY t FROM 's3://data/x.csv' IAM_ROLE '{ROLE}' CSV");
    let statement = parse_copy(&sql, false).expect("parses");
    let load = Load::prepare(&statement, &world.target, world.context.clone()).await;
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let gone = async move {
        receiver.recv().await.expect("a chunk");
    };
    let (loaded, ()) = tokio::join!(load.expect("prepares").run(sender), gone);
    assert_eq!(loaded.expect_err("nobody takes the rows").sqlstate, "57014");
}

#[test]
fn notices() {
    assert_eq!(
        notice::completed("t", 3),
        "Load into table 't' completed, 3 record(s) loaded successfully."
    );
    assert_eq!(
        notice::load_failed("t", Edition::Provisioned),
        "Load into table 't' failed.  Check 'stl_load_errors' system table for details."
    );
    assert_eq!(
        notice::skipped("t", 2, Edition::Serverless),
        "Load into table 't' completed, 2 record(s) could not be loaded. Check \
         'sys_load_error_detail' system table for details."
    );
    assert_eq!(column("a", ColumnType::Char(4)).data_type.internal_name().1, "4");
}
