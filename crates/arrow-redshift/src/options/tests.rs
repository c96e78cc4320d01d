//! Tests of the table itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    given::Given,
    problem::Findings,
    sink::read,
    table::{self, Kind, Part},
    value,
};

fn pairs(options: &[(&str, &str)]) -> Vec<(String, String)> {
    options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Options with which a sink's are read to the end, and some that fail on the way.
fn maps() -> Vec<Vec<(String, String)>> {
    let whole = [
        ("hostname", "h"),
        ("username", "u"),
        ("password", "p"),
        ("table-name", "t"),
        ("sink.write.mode", "copy"),
        ("sink.write.temp.s3-uri", "s3://bucket/p"),
        ("aws.iam-role", "default"),
    ];
    let mut keys = whole.to_vec();
    keys.extend([("sink.copy.credentials", "keys"), ("aws.credentials.provider", "BASIC")]);
    let all_bad: Vec<_> =
        table::rows().map(|row| (row.key.to_owned(), "\u{1}".to_owned())).collect();
    vec![pairs(&whole), pairs(&keys), pairs(&[]), pairs(&[("url", "nonsense")]), all_bad]
}

#[test]
fn each_key_of_a_built_part_is_read_exactly_once() {
    for options in maps() {
        let mut findings = Findings::default();
        let mut given = Given::new(&options, &mut findings);
        let built = table::rows().filter(|row| row.part.is_built()).count();
        assert_eq!(given.left().len(), built);
        // A key that is read a second time, or is not in the table, panics in `take`.
        read(&mut given, &mut findings);
        assert_eq!(given.left(), [""; 0]);
    }
}

#[test]
#[should_panic(expected = "hostname is taken twice")]
fn reading_a_key_twice_is_noticed() {
    let mut given = Given::new(&[], &mut Findings::default());
    given.text("hostname");
    given.text("hostname");
}

#[test]
fn keys_of_parts_that_are_not_built_are_refused_by_name() {
    let mut refused = 0;
    for row in table::rows().filter(|row| !row.part.is_built()) {
        for key in row.spellings() {
            let error = super::sink(&pairs(&[(key, "1")])).unwrap_err().to_string();
            let expected = format!("'{key}' belongs to {}", row.part.name());
            assert!(error.contains(&expected), "{expected} is not in {error}");
            refused += 1;
        }
    }
    assert!(refused > 20);
}

#[test]
fn each_default_is_a_value_of_its_kind() {
    for row in table::rows() {
        if let Some(text) = row.default {
            assert!(value::read(row, text).is_some(), "{} = {text}", row.key);
        }
        assert!(row.default.is_some() == row.without.is_empty(), "{}: one of the two", row.key);
    }
}

#[test]
fn each_spelling_is_there_once() {
    let mut seen = BTreeSet::new();
    for row in table::rows() {
        for key in row.spellings() {
            assert!(seen.insert(key), "{key} is there twice");
            assert!(!key.contains(char::is_whitespace) && key.is_ascii(), "{key}");
        }
    }
}

#[test]
fn each_row_is_complete() {
    let mut parts = BTreeMap::new();
    for row in table::rows() {
        *parts.entry(row.part.name()).or_insert(0) += 1;
        assert!(row.doc.ends_with('.') && !row.doc.contains(['|', '\n']), "{}", row.key);
        assert!(
            !row.secret || row.kind == Kind::Text,
            "{}: bad values of other kinds are shown",
            row.key
        );
        for alias in row.aliases {
            for (_, own) in alias.values {
                assert!(value::read(row, own).is_some(), "{} = {own}", row.key);
            }
        }
    }
    assert_eq!(parts.len(), Part::ALL.len(), "a part without options, or one that ALL lacks");
}

#[test]
fn every_secret_is_marked_as_one() {
    let secrets: Vec<_> = table::rows().filter(|row| row.secret).map(|row| row.key).collect();
    assert_eq!(
        secrets,
        [
            "url",
            "password",
            "aws.credentials.basic.secretkey",
            "aws.credentials.basic.sessiontoken"
        ]
    );
}

#[test]
fn the_keys_that_flip_307_names_are_all_there() {
    let known: BTreeSet<_> = table::rows().flat_map(table::OptionRow::spellings).collect();
    for key in [
        "hostname",
        "port",
        "username",
        "password",
        "database-name",
        "database.name",
        "sink.database-name",
        "table-name",
        "table.name",
        "sink.table-name",
        "sink.batch-size",
        "sink.batch.size",
        "sink.flush-interval",
        "sink.flush.interval",
        "sink.max-retries",
        "sink.max.retries",
        "copy-mode",
        "write.mode",
        "sink.write.mode",
        "copy-temp-s3-uri",
        "copy.temp.s3.uri",
        "iam-role-arn",
        "source.batch.size",
        "source.flush.interval",
        "source.max.retries",
        "scan.read.mode",
        "unload.temp.s3.path",
    ] {
        assert!(known.contains(key), "{key}");
    }
}

#[test]
fn what_only_flink_reads_is_accepted_and_what_bounds_a_commit_is_read() {
    let with = |more: &[(&str, &str)]| {
        let mut options = maps().swap_remove(0);
        options.extend(pairs(more));
        super::sink(&options)
    };
    let config = with(&[]).unwrap().config;
    assert_eq!(config.commit_timeout, None);
    let parsed = with(&[("sink.commit.timeout", "8 min"), ("native.directory", "/opt/x")]).unwrap();
    assert_eq!(parsed.config.commit_timeout, Some(Duration::from_secs(480)));
    assert!(parsed.warnings.is_empty());
    let error = with(&[("sink.commit.timeout", "10 ms"), ("native.directory", "")]).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("'sink.commit.timeout'") && text.contains("'native.directory'"),
        "{text}"
    );
}

#[test]
fn names_may_be_spelled_as_the_proof_of_concept_spells_them() {
    let mut options = maps().swap_remove(0);
    options.retain(|(key, _)| key != "table-name");
    options.extend(pairs(&[("sink.database-name", "tutorial"), ("sink.table-name", "s.users")]));
    let config = super::sink(&options).unwrap().config;
    assert_eq!(config.connection.database, "tutorial");
    assert_eq!((config.table.schema.as_deref(), config.table.table.as_str()), (Some("s"), "users"));
}
