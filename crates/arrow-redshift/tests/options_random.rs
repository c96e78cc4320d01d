//! Random options: nothing panics, nothing leaks, and every spelling means the same.

use arrow_redshift::options::{sink, table};
use proptest::prelude::*;
use table::{Kind, OptionRow};

const LEAST: &[(&str, &str)] = &[
    ("hostname", "h"),
    ("username", "u"),
    ("password", "p"),
    ("table-name", "t"),
    ("sink.write.mode", "copy"),
    ("sink.write.temp.s3-uri", "s3://bucket/tmp"),
    ("aws.iam-role", "default"),
];

fn spelling() -> impl Strategy<Value = String> {
    let keys: Vec<_> = table::rows().flat_map(OptionRow::spellings).map(str::to_owned).collect();
    prop_oneof![8 => prop::sample::select(keys), 1 => "[a-z.-]{0,20}", 1 => any::<String>()]
}

fn value() -> impl Strategy<Value = String> {
    let words = [
        "copy",
        "jdbc",
        "true",
        "false",
        "1",
        "0",
        "10 s",
        "64 mb",
        "keys",
        "role",
        "key",
        "default",
        "s3://bucket/x",
        "jdbc:redshift://h:1/d?user=u&password=p",
        "a;b",
        "a:zstd",
        "sse-kms",
        "BASIC",
    ];
    prop_oneof![4 => prop::sample::select(words.map(str::to_owned).to_vec()), 1 => any::<String>()]
}

/// A value that the sink takes for this option, whatever else is set.
fn good_value(row: &OptionRow) -> Option<String> {
    match (row.key, row.kind) {
        (_, Kind::Flag) => Some("true".to_owned()),
        ("connector", _) => Some("redshift".to_owned()),
        ("sink.write.mode", _) => Some("copy".to_owned()),
        (_, Kind::Integer { least, .. }) => Some((least + 1).to_string()),
        (_, Kind::Size { least, .. }) => Some((least + 1).to_string()),
        ("database-name" | "table-name" | "hostname" | "username" | "password", _) => {
            Some("other".to_owned())
        }
        ("aws.region", _) => Some("eu-west-1".to_owned()),
        ("s3.endpoint" | "aws.endpoint", _) => Some("http://127.0.0.1:9".to_owned()),
        ("sink.write.temp.s3-uri", _) => Some("s3://other/x".to_owned()),
        ("aws.iam-role", _) => Some("arn:aws:iam::1:role/r".to_owned()),
        ("sink.flush-interval" | "sink.lock-timeout", _) => Some("1234 ms".to_owned()),
        _ => None,
    }
}

fn with(options: &[(&str, &str)], leave_out: &str) -> Vec<(String, String)> {
    let kept = options.iter().filter(|(key, _)| *key != leave_out);
    kept.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn every_alias_means_what_its_key_means() {
    let mut compared = 0;
    for row in table::rows().filter(|row| row.part.is_built()) {
        let Some(value) = good_value(row) else { continue };
        let read = |key: &str, value: &str| {
            let mut options = with(LEAST, row.key);
            options.push((key.to_owned(), value.to_owned()));
            format!("{:?}", sink(&options).map(|parsed| parsed.config))
        };
        let canonical = read(row.key, &value);
        assert!(canonical.starts_with("Ok"), "{}: {canonical}", row.key);
        for alias in row.aliases {
            let theirs = alias.values.iter().find(|(_, own)| *own == value);
            let value = theirs.map_or(value.as_str(), |(theirs, _)| theirs);
            assert_eq!(read(alias.name, value), canonical, "{}", alias.name);
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared} aliases were compared");
}

proptest! {
    #[test]
    fn no_options_panic(options in prop::collection::vec((spelling(), value()), 0..24)) {
        if let Err(error) = sink(&options) {
            // Numbered lines: one heading and one line for each problem, whatever the user typed.
            for (index, line) in error.message().lines().skip(1).enumerate() {
                let number = format!("  {}. ", index + 1);
                prop_assert!(line.starts_with(&number), "{}", line);
            }
        }
    }

    #[test]
    fn secrets_are_never_shown(
        secret in "[ -~]{0,12}hunter2[ -~]{0,12}",
        url in prop_oneof![
            Just("jdbc:redshift://h:1/d?user=u&password="), Just("jdbc:redshift://h:1/d?password="),
            Just("jdbc:redshift://u:x"), Just("jdbc:redshift:iam://h/d?password="), Just(""),
            Just("jdbc:redshift://h/d;PWD="),
        ],
        wrong in prop::collection::vec((spelling(), value()), 0..4),
        good in any::<bool>(),
    ) {
        let mut options = if good { with(LEAST, "password") } else { Vec::new() };
        options.push(("url".to_owned(), format!("{url}{secret}")));
        for row in table::rows().filter(|row| row.secret && row.key != "url") {
            options.extend(row.spellings().map(|key| (key.to_owned(), secret.clone())));
        }
        options.push(("aws.credentials.basic.accesskeyid".to_owned(), "AK".to_owned()));
        options.extend(wrong);
        let shown = match sink(&options) {
            Ok(parsed) => format!("{parsed:?}"),
            Err(error) => format!("{error} {error:?} {:?}", error.context()),
        };
        prop_assert!(!shown.contains("hunter2"), "{}", shown);
    }
}

#[test]
fn secrets_are_kept_where_everything_fits() {
    let mut options = with(LEAST, "password");
    for (key, value) in [
        ("password", "hunter2"),
        ("aws.credentials.basic.accesskeyid", "AK"),
        ("aws.credentials.basic.secretkey", "hunter2"),
        ("aws.credentials.basic.sessiontoken", "hunter2"),
        ("url", "jdbc:redshift://h/d?password=hunter2"),
    ] {
        options.push((key.to_owned(), value.to_owned()));
    }
    let parsed = sink(&options).unwrap();
    assert_eq!(parsed.config.connection.password.expose(), "hunter2");
    let shown = format!("{parsed:?}");
    assert!(!shown.contains("hunter2") && shown.contains("Secret(…)"), "{shown}");
}
