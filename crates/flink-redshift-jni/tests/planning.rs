//! Planning: what is checked before anything is connected, and what the plan's bytes keep.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use arrow_redshift::{Error, ErrorKind};
use flink_redshift_jni::{
    calls,
    plan::{Declaration, Plan},
};
use proptest::prelude::*;

const SECRETS: [&str; 3] = ["Swordfish-1", "very-secret-key", "session-token-of-mine"];

fn options() -> Vec<(String, String)> {
    [
        ("connector", "redshift"),
        ("hostname", "example.redshift.amazonaws.com"),
        ("username", "loader"),
        ("password", SECRETS[0]),
        ("table-name", "public.events"),
        ("sink.write.mode", "copy"),
        ("sink.write.temp.s3-uri", "s3://bucket/temp"),
        ("aws.iam-role", "default"),
        ("aws.region", "eu-central-1"),
        ("aws.credentials.basic.accesskeyid", "AKIA0"),
        ("aws.credentials.basic.secretkey", SECRETS[1]),
        ("aws.credentials.basic.sessiontoken", SECRETS[2]),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec()
}

fn with(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut options = options();
    options.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    options
}

fn declaration() -> Declaration {
    let columns = [
        ("id", "BIGINT NOT NULL"),
        ("name", "VARCHAR(2147483647)"),
        ("price", "DECIMAL(10, 2)"),
        ("seen", "TIMESTAMP(3) WITH LOCAL TIME ZONE"),
    ];
    Declaration {
        options: options(),
        columns: columns.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec(),
        primary_key: vec!["id".to_owned()],
        written: None,
        overwrite: false,
        comment: None,
        column_comments: Vec::new(),
    }
}

#[track_caller]
fn refused(declaration: Declaration) -> std::sync::Arc<Error> {
    calls::plan(declaration).expect_err("a plan")
}

fn columns(columns: &[(&str, &str)]) -> Vec<(String, String)> {
    columns.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn java_is_told_what_it_has_to_know() {
    let facts = |declaration| calls::facts(&calls::plan(declaration).unwrap()).unwrap();
    assert_eq!(facts(declaration()), [1, 0, 0, 1, 0, 10_000, 0, 0, 0, 0]);
    let more = [
        ("sink.parallelism", "3"),
        ("sink.commit.interval", "5 min"),
        ("sink.delivery-guarantee", "at-least-once"),
        ("sink.flush-interval", "20 s"),
        ("sink.run-id", "nightly"),
    ];
    let other = Declaration { options: with(&more), primary_key: Vec::new(), ..declaration() };
    assert_eq!(facts(other), [0, 3, 300_000, 0, 1, 20_000, 0, 0, 0, 0]);
    let overwrite = Declaration { overwrite: true, ..declaration() };
    assert_eq!(facts(overwrite)[6], 1);
}

#[test]
fn an_overwrite_by_the_clock_is_refused() {
    let options = with(&[("sink.delivery-guarantee", "at-least-once")]);
    let error = refused(Declaration { options, overwrite: true, ..declaration() });
    assert_eq!(error.kind(), ErrorKind::InvalidOptions);
    assert!(error.to_string().contains("'sink.delivery-guarantee' = 'exactly-once'"), "{error}");
}

#[test]
fn jdbc_mode_asks_for_one_writer_and_flushes_unless_rows_ride_in_checkpoints() {
    let facts = |more: &[(&str, &str)]| {
        let mut options = with(more);
        options.retain(|(key, _)| key != "sink.write.mode");
        calls::facts(&calls::plan(Declaration { options, ..declaration() }).unwrap()).unwrap()
    };
    assert_eq!(facts(&[]), [1, 1, 0, 0, 0, 1_000, 0, 1, 0, 0]);
    assert_eq!(facts(&[("sink.parallelism", "3")])[1], 3);
    assert_eq!(facts(&[("sink.ignore-delete", "true")])[8], 1);
    assert_eq!(facts(&[("sink.commit.timeout", "8 min")])[9], 480_000);
    assert_eq!(facts(&[("sink.delivery-guarantee", "exactly-once")])[7], 0);
}

#[test]
fn each_plan_is_a_launch_of_its_own_and_its_bytes_keep_it() {
    let launch = |bytes: &[u8]| Plan::from_bytes(bytes).unwrap().launch;
    let (one, other) = (calls::plan(declaration()).unwrap(), calls::plan(declaration()).unwrap());
    assert_ne!(launch(&one), launch(&other));
    assert_eq!(launch(&one), launch(&one));
    let named = || Declaration { options: with(&[("sink.run-id", "nightly")]), ..declaration() };
    let [one, other] = [named(), named()].map(|named| calls::plan(named).unwrap());
    assert_eq!(launch(&one), launch(&other));
    assert_eq!((launch(&one).as_str(), launch(&one).is_named()), ("nightly", true));
}

#[test]
fn a_plan_keeps_the_columns_that_are_written() {
    let written = Some(vec![2, 0]);
    let bytes = calls::plan(Declaration { written, ..declaration() }).unwrap();
    let plan = Plan::from_bytes(&bytes).unwrap();
    let names: Vec<&str> = plan.schema.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["price", "id"]);
    assert_eq!(plan.schema.primary_key, ["id"]);
    // And those of the table that it may have to create.
    let whole = calls::plan(declaration()).unwrap();
    let whole = Plan::from_bytes(&whole).unwrap();
    assert_eq!(plan.schema.declared, whole.schema.columns);
    assert_eq!(plan.schema.comments, whole.schema.comments);
}

#[test]
fn mistakes_of_the_options_alone_are_the_cores_own_error() {
    let wrong = with(&[("sink.paralelism", "2"), ("sink.max-retries", "many")]);
    let ours = refused(Declaration { options: wrong.clone(), ..declaration() });
    let cores = arrow_redshift::options::sink(&wrong).unwrap_err();
    assert_eq!(ours.to_string(), cores.to_string());
    assert_eq!(ours.kind(), ErrorKind::InvalidOptions);
    assert!(ours.to_string().contains("did you mean 'sink.parallelism'?"), "{ours}");
}

#[test]
fn types_that_are_not_carried_are_refused_by_name_all_at_once() {
    let error = refused(Declaration {
        columns: columns(&[
            ("id", "BIGINT NOT NULL"),
            ("opaque", "RAW('java.lang.Object', 'AAAA')"),
            ("within", "ROW<`a` INT, `b` ARRAY<RAW('java.lang.Object', 'AAAA') NOT NULL>>"),
            ("zoned", "TIMESTAMP(3) WITH TIME ZONE"),
            ("person", "STRUCTURED<'example.Person', `name` VARCHAR(3)>"),
            ("registered", "`catalog`.`database`.`person`"),
        ]),
        ..declaration()
    });
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let text = error.to_string();
    for problem in [
        "column opaque: type RAW is not carried",
        "column within: type RAW is not carried",
        "column zoned: type TIMESTAMP WITH TIME ZONE is not carried",
        "column person: type STRUCTURED is not carried",
        "column registered: type `catalog`.`database`.`person` is not carried",
    ] {
        assert!(text.contains(problem), "{problem} is not in {text}");
    }
}

#[test]
fn every_other_type_is_planned_as_flink_writes_it() {
    let types = [
        "BINARY(3)",
        "VARBINARY(10) NOT NULL",
        "VARBINARY(2147483647)",
        "TIME(3)",
        "INTERVAL YEAR(4) TO MONTH",
        "INTERVAL DAY(2) TO SECOND(6) NOT NULL",
        "ARRAY<VARCHAR(2147483647) NOT NULL> NOT NULL",
        "MAP<VARCHAR(10) NOT NULL, ARRAY<TIMESTAMP(9)>>",
        "MULTISET<BINARY(3)>",
        "ROW<`a ``quoted``` INT NOT NULL, `b` ROW<`c` DATE> 'it''s > , `'> NOT NULL",
        "ROW<>",
    ];
    let declared: Vec<_> = (0..).map(|at| format!("c{at}")).zip(types).collect();
    let mut named: Vec<_> =
        declared.iter().map(|(name, data_type)| (name.as_str(), *data_type)).collect();
    named.push(("id", "BIGINT NOT NULL"));
    let plan = Declaration { columns: columns(&named), ..declaration() }.plan().unwrap();
    let plan = Plan::from_bytes(&plan).unwrap();
    let row = &plan.schema.columns[9].data_type;
    assert_eq!(row.to_string(), "ROW<`a ``quoted``` INT NOT NULL, `b` ROW<`c` DATE>>");
    assert!(plan.decoder().is_ok());
}

#[test]
fn comments_come_along_and_plans_without_them_are_read() {
    let said = Declaration {
        comment: Some("people".to_owned()),
        column_comments: vec![("id".to_owned(), "it's 'quoted'".to_owned())],
        ..declaration()
    };
    let bytes = said.plan().unwrap();
    let comments = Plan::from_bytes(&bytes).unwrap().schema.comments;
    assert_eq!(comments.table.as_deref(), Some("people"));
    assert_eq!(comments.columns["id"], "it's 'quoted'");
    // As it was written before there were any.
    let text = String::from_utf8(declaration().plan().unwrap()).unwrap();
    let older = text.replace(r#","comment":null,"column_comments":[]"#, "");
    assert_ne!(older, text);
    assert_eq!(Plan::from_bytes(older.as_bytes()).unwrap().schema.comments, Default::default());
}

#[test]
fn mistakes_of_options_and_columns_come_together() {
    let error = refused(Declaration {
        options: with(&[("no-such-key", "1")]),
        columns: columns(&[("id", "DOUBLE NOT NULL"), ("ID", "INT")]),
        ..declaration()
    });
    let text = error.to_string();
    for expected in ["no-such-key", "id and ID are one and the same", "names id, which is DOUBLE"] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[test]
fn an_insert_that_leaves_out_the_key_is_refused_as_the_command_does() {
    let error = refused(Declaration { written: Some(vec![1, 2]), ..declaration() });
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
    let expected = "column id is NOT NULL and the INSERT leaves it out";
    assert!(error.to_string().contains(expected), "{error}");
    let error = refused(Declaration { written: Some(vec![0, 9]), ..declaration() });
    assert_eq!(error.kind(), ErrorKind::Internal);
}

#[test]
fn warnings_are_told() {
    let options = with(&[("sink.flush-interval", "20 s"), ("s3.multipart.size", "5 mb")]);
    let plan = calls::plan(Declaration { options, ..declaration() }).unwrap();
    let warnings = calls::warnings(&plan).unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("'sink.flush-interval'")));
}

#[test]
fn no_secret_is_shown() {
    let bytes = calls::plan(declaration()).unwrap();
    let plan = Plan::from_bytes(&bytes).unwrap();
    let sink = plan.sink("operator", "job").unwrap();
    let mut shown = format!("{plan:?} {sink:?}");
    // Bytes that are damaged anywhere must not be quoted either.
    for at in (0..bytes.len()).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x15;
        if let Err(error) = Plan::from_bytes(&damaged) {
            shown.push_str(&format!("{error:?}"));
        }
    }
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_plan_reads_back_as_it_was_made(
        table in "[a-z]{1,20}",
        names in prop::collection::hash_set("[a-z][a-z0-9_]{0,20}", 1..12),
        job in "\\PC{0,30}",
        overwrite: bool,
    ) {
        let options = with(&[("table.name", "public.events")]);
        let options = options.into_iter().map(|(key, value)| match key.as_str() {
            "table-name" | "table.name" => (key, table.clone()),
            _ => (key, value),
        });
        let names: Vec<String> = names.into_iter().collect();
        let declared = Declaration {
            options: options.collect(),
            columns: names.iter().map(|name| (name.clone(), "INT".to_owned())).collect(),
            primary_key: Vec::new(),
            written: None,
            overwrite,
            comment: None,
            column_comments: Vec::new(),
        };
        let bytes = calls::plan(declared).unwrap();
        let (one, same) = (Plan::from_bytes(&bytes).unwrap(), Plan::from_bytes(&bytes).unwrap());
        prop_assert_eq!(&one.schema, &same.schema);
        prop_assert_eq!(&one.launch, &same.launch);
        prop_assert_eq!(one.overwrite, overwrite);
        prop_assert_eq!(&one.config.table.table, &table);
        let found: Vec<&String> = one.schema.columns.iter().map(|column| &column.name).collect();
        prop_assert_eq!(found, names.iter().collect::<Vec<_>>());
        prop_assert!(one.sink("op", &job).is_ok());
    }
}
