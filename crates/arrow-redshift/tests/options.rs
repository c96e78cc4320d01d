//! What a sink's options become, and what is said about those that are wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::time::Duration;

use arrow_redshift::{
    ErrorKind,
    options::{
        CopyAuthorization, CopyFormat, DeliveryGuarantee, Distribution, DuplicateKeys, Encryption,
        Parsed, S3Uri, SchemaEvolution, SinkConfig, SslMode, TableName, ValueConfig, ValuePolicy,
        WriteMode, sink,
    },
};

/// A copy sink with nothing but what is required.
const LEAST: &[(&str, &str)] = &[
    ("connector", "redshift"),
    ("hostname", "h.example.com"),
    ("username", "me"),
    ("password", "pw"),
    ("table-name", "users"),
    ("sink.write.mode", "copy"),
    ("sink.write.temp.s3-uri", "s3://bucket/tmp"),
    ("aws.iam-role", "default"),
];

fn owned(options: &[(&str, &str)]) -> Vec<(String, String)> {
    options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The least options, with some set, changed, or (where the value is empty) left out.
fn with(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut options = owned(LEAST);
    for (key, value) in changes {
        options.retain(|(name, _)| name != key);
        if !value.is_empty() {
            options.push(((*key).to_owned(), (*value).to_owned()));
        }
    }
    options
}

#[track_caller]
fn parsed(changes: &[(&str, &str)]) -> Parsed<SinkConfig> {
    sink(&with(changes)).unwrap()
}

/// The problems, without their numbers.
#[track_caller]
fn problems(changes: &[(&str, &str)]) -> Vec<String> {
    let error = sink(&with(changes)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOptions);
    let lines = error.message().lines().skip(1).enumerate();
    lines
        .map(|(index, line)| {
            let number = format!("  {}. ", index + 1);
            line.strip_prefix(&number).expect("a numbered line").to_owned()
        })
        .collect()
}

#[test]
fn the_least_options_get_the_documented_defaults() {
    let Parsed { config, warnings, .. } = parsed(&[]);
    assert!(warnings.is_empty());
    assert_eq!((config.connection.port, config.connection.database.as_str()), (5439, "dev"));
    assert_eq!(config.connection.ssl_mode, SslMode::VerifyFull);
    assert_eq!(config.connection.connect_timeout, Duration::from_secs(30));
    assert_eq!(config.connection.statement_timeout, Duration::ZERO);
    assert_eq!(config.table, TableName { schema: None, table: "users".into() });
    assert_eq!((config.mode, config.guarantee), (WriteMode::Copy, DeliveryGuarantee::ExactlyOnce));
    assert_eq!((config.batch_size, config.max_retries), (1000, 3));
    assert_eq!(config.flush_interval, Duration::from_secs(10));
    assert_eq!(config.commit_interval, Duration::ZERO);
    assert!(config.lock_target && config.run_id.is_none() && config.parallelism.is_none());
    assert_eq!(config.ledger_retention, Duration::from_secs(7 * 86_400));
    assert!(!config.create.if_not_exists);
    assert_eq!(config.create.distribution, Distribution::Auto);
    assert_eq!(config.create.string_width, 65_535);
    let copy = config.copy.unwrap();
    assert_eq!((copy.temp_uri.bucket.as_str(), copy.temp_uri.prefix.as_str()), ("bucket", "tmp"));
    assert_eq!((copy.format, copy.part_size), (CopyFormat::Parquet, 64 << 20));
    assert_eq!(copy.encryption, Encryption::BucketDefault);
    assert!(matches!(copy.authorization, CopyAuthorization::DefaultRole));
    assert!(copy.s3.credentials.is_none() && copy.s3.endpoint.is_none() && !copy.s3.path_style);
}

#[test]
fn flip_307s_copy_example_is_read_as_printed() {
    let Parsed { config, .. } = sink(&owned(&[
        ("connector", "redshift"),
        ("hostname", "xxxx.redshift.awsamazon.com"),
        ("port", "5439"),
        ("username", "awsuser"),
        ("password", "passwordxxxx"),
        ("database.name", "tutorial"),
        ("table.name", "users"),
        ("sink.batch.size", "500"),
        ("sink.flush.interval", "1000"),
        ("sink.max.retries", "3"),
        ("write.mode", "copy"),
        ("copy.temp.s3.uri", "s3://bucket-name/key/temp"),
        ("iam-role-arn", "arn:aws:iam::xxxxxxxx:role/xxxxxRedshiftS3Rolexxxxx"),
    ]))
    .unwrap();
    assert_eq!(config.connection.database, "tutorial");
    assert_eq!((config.batch_size, config.flush_interval), (500, Duration::from_secs(1)));
    let copy = config.copy.unwrap();
    assert_eq!(copy.temp_uri.prefix, "key/temp");
    let CopyAuthorization::Role(arns) = copy.authorization else { panic!("a role") };
    assert_eq!(arns, ["arn:aws:iam::xxxxxxxx:role/xxxxxRedshiftS3Rolexxxxx"]);
}

#[test]
fn its_other_spelling_of_the_copy_mode_is_read_too() {
    let changes = [("sink.write.mode", ""), ("copy-mode", "TRUE")];
    assert_eq!(parsed(&changes).config.mode, WriteMode::Copy);
    assert_eq!(
        problems(&[("sink.write.mode", ""), ("copy-mode", "copy")]),
        ["'copy-mode' = 'copy': expected true or false"]
    );
}

#[test]
fn jdbc_is_the_mode_when_nothing_is_said_and_needs_no_s3() {
    let without_s3 = [("sink.write.temp.s3-uri", ""), ("aws.iam-role", "")];
    for mode in [("sink.write.mode", ""), ("sink.write.mode", "JDBC"), ("copy-mode", "false")] {
        let unset = if mode.0 == "copy-mode" { ("sink.write.mode", "") } else { mode };
        let changes = [&without_s3[..], &[unset, mode]].concat();
        let config = parsed(&changes).config;
        assert_eq!(
            (config.mode, config.guarantee),
            (WriteMode::Jdbc, DeliveryGuarantee::AtLeastOnce)
        );
        assert_eq!(config.flush_interval, Duration::from_secs(1));
        assert_eq!(config.checkpoint_size_limit, 4 << 20);
        assert!(config.copy.is_none());
    }
}

#[test]
fn what_means_nothing_to_a_guarantee_of_jdbc_mode_is_said() {
    let jdbc = ("sink.write.mode", "jdbc");
    let exactly = ("sink.delivery-guarantee", "exactly-once");
    let (limit, flush) = (("sink.checkpoint-size-limit", "8 mb"), ("sink.flush-interval", "5 s"));
    assert_eq!(parsed(&[jdbc, exactly, limit]).warnings, Vec::<String>::new());
    assert_eq!(parsed(&[jdbc, flush]).warnings, Vec::<String>::new());
    // Rows that are held in checkpoints are bounded for one of them.
    let interval = ("sink.commit.interval", "1 min");
    let found = problems(&[jdbc, exactly, interval]);
    assert!(found[0].contains("'sink.commit.interval' gathers the rows"), "{found:?}");
    let refused = ("sink.value-policy.refused-loads", "true");
    for changes in [&[jdbc, limit][..], &[jdbc, exactly, flush], &[limit], &[jdbc, refused]] {
        let warnings = parsed(changes).warnings;
        assert!(warnings.len() == 1 && warnings[0].contains("has no effect"), "{warnings:?}");
    }
}

#[test]
fn every_problem_comes_in_one_error() {
    assert_eq!(
        problems(&[
            ("hostname", ""),
            ("sink.bach-size", "1"),
            ("scan.read.mode", "unload"),
            ("sink.max.retries", "many"),
            ("sink.write.temp.s3-uri", ""),
            ("table-name", "a.b.c"),
            ("colour", "red"),
        ]),
        [
            "'sink.bach-size' is not an option; did you mean 'sink.batch-size'?",
            "'scan.read.mode' belongs to the source, which this version does not have yet",
            "'sink.max.retries' = 'many': expected a whole number from 0 to 1000",
            "'colour' is not an option of this connector",
            "'hostname' is missing: set it, or 'url'",
            "'table-name' must be a table or schema.table; the database goes into 'database-name', and \
             a name with a point in it into double quotes",
            "'sink.write.temp.s3-uri' is missing: copy mode stages its files there",
        ]
    );
}

#[test]
fn two_spellings_agree_or_are_refused() {
    let equal = [("sink.flush-interval", "1 s"), ("sink.flush.interval", "1000")];
    assert_eq!(parsed(&equal).config.flush_interval, Duration::from_secs(1));
    let modes = [("write.mode", "COPY"), ("copy-mode", "true")];
    assert_eq!(parsed(&modes).config.mode, WriteMode::Copy);
    assert_eq!(
        problems(&[("database-name", "a"), ("database", "b"), ("database.name", "a")]),
        ["'database-name' and 'database' are two spellings of one option and have different \
          values; keep one of them"]
    );
    let mut twice = with(&[]);
    twice.push(("hostname".into(), "other".into()));
    let error = sink(&twice).unwrap_err();
    assert!(error.message().contains("'hostname' is set twice"), "{error}");
}

#[test]
fn an_option_beats_what_the_url_says() {
    let url = "jdbc:redshift://u.example.com:5555/db?user=you&password=other&ssl=false";
    let Parsed { config, .. } = parsed(&[("url", url)]);
    let connection = config.connection;
    assert_eq!(
        (connection.hostname.as_str(), connection.username.as_str()),
        ("h.example.com", "me")
    );
    assert_eq!((connection.port, connection.database.as_str()), (5555, "db"));
    assert_eq!((connection.password.expose(), connection.ssl_mode), ("pw", SslMode::Disable));
    let alone = [
        ("url", url),
        ("hostname", ""),
        ("username", ""),
        ("password", ""),
        ("port", "5439"),
        ("database", "dev"),
        ("ssl.mode", "verify-full"),
    ];
    let connection = parsed(&alone).config.connection;
    assert_eq!(connection.hostname, "u.example.com");
    assert_eq!((connection.username.as_str(), connection.password.expose()), ("you", "other"));
    // What is set beats the URL even where it is the default.
    assert_eq!((connection.port, connection.database.as_str()), (5439, "dev"));
    assert_eq!(connection.ssl_mode, SslMode::VerifyFull);
}

#[test]
fn a_bad_url_is_one_problem_and_not_four() {
    let changes = [("url", "redshift://x"), ("hostname", ""), ("username", ""), ("password", "")];
    assert_eq!(
        problems(&changes),
        ["'url' has to start with jdbc:redshift://, as in jdbc:redshift://host:port/database"]
    );
    let iam = problems(&[("url", "jdbc:redshift:iam://c:eu-west-1/dev")]);
    assert!(iam[0].contains("IAM login"), "{iam:?}");
}

#[test]
fn each_rule_across_options_is_kept() {
    let keys = ("aws.credentials.basic.accesskeyid", "AK");
    let secret = ("aws.credentials.provider.basic.secretkey", "SK");
    for (changes, expected) in [
        (&[("aws.iam-role", "")][..], "'aws.iam-role' is missing"),
        (&[("sink.copy.credentials", "keys"), keys, secret], "leave one of them out"),
        (&[("sink.copy.credentials", "keys"), ("aws.iam-role", "")], "= 'keys' needs 'aws."),
        (&[keys], "'aws.credentials.basic.accesskeyid' needs 'aws.credentials.basic.secretkey'"),
        (&[secret], "'aws.credentials.provider.basic.secretkey' needs"),
        (&[("fs.s3a.session.token", "T")], "'fs.s3a.session.token' needs"),
        (&[("aws.credentials.provider", "basic")], "= 'BASIC' needs"),
        (&[("aws.credentials.provider", "AUTO"), keys, secret], "= 'AUTO' takes no keys"),
        (&[("aws.credentials.provider", "PROFILE")], "expected AUTO or BASIC"),
        (&[("sink.write.temp.s3.kms-key-id", "k")], "needs 'sink.write.temp.s3.encryption'"),
        (
            &[("sink.write.temp.s3.kms-key-id", "k"), ("sink.write.temp.s3.encryption", "sse-s3")],
            "= 'sse-kms'",
        ),
        (&[("sink.create-table.distribution-key", "a")], "= 'key'"),
        (&[("sink.create-table.distribution-style", "key")], "needs 'sink.create-table.dist"),
        (
            &[("sink.staging.retention", "2 h"), ("sink.commit.interval", "2 h")],
            "'sink.staging.retention' must be longer than 'sink.commit.interval'",
        ),
        (&[("sink.ledger.retention", "1 d")], "'sink.ledger.retention' must be at least"),
        (&[("sink.copy.part-size", "1 kb")], "expected a size from 1 mb to 1 gb"),
        (&[("sink.copy.part-size", "2 gb")], "expected a size"),
        (&[("sink.batch-size", "0")], "expected a whole number from 1"),
        (&[("port", "65536")], "expected a whole number from 1 to 65535"),
        (&[("sink.run-id", "a/b")], "'sink.run-id' has 1 to 64"),
        (&[("ssl.mode", "prefer")], "expected disable, require, verify-ca or verify-full"),
        (&[("connector", "jdbc")], "'connector' = 'jdbc': expected redshift"),
        (&[("hostname", "  ")], "'hostname' is empty"),
    ] {
        let problems = problems(changes);
        assert_eq!(problems.len(), 1, "{changes:?}: {problems:?}");
        assert!(problems[0].contains(expected), "{expected} is not in {problems:?}");
    }
}

#[test]
fn policies_say_what_becomes_of_values() {
    let Parsed { config, .. } = parsed(&[]);
    assert_eq!(config.values, ValueConfig::default());
    assert!(!config.ignore_delete);
    let Parsed { config, warnings, .. } = parsed(&[
        ("sink.value-policy", "Null"),
        ("sink.value-policy.columns", "a : truncate; \"b;c\":DEAD-LETTER"),
        ("sink.value-policy.show-key", "true"),
        ("sink.value-policy.refused-loads", "true"),
        ("sink.dead-letter.s3-uri", "s3://bucket/letters/"),
        ("sink.ignore-delete", "true"),
        ("sink.use-merge", "TRUE"),
        ("sink.duplicate-keys", "Clean"),
    ]);
    assert_eq!(warnings, Vec::<String>::new());
    let columns =
        vec![("a".to_owned(), ValuePolicy::Truncate), ("b;c".to_owned(), ValuePolicy::DeadLetter)];
    let place = S3Uri { bucket: "bucket".into(), prefix: "letters".into() };
    let expected = ValueConfig {
        policy: ValuePolicy::Null,
        columns,
        show_key: true,
        refused_loads: true,
        dead_letters: Some(place),
    };
    assert_eq!((config.values, config.ignore_delete), (expected, true));
    assert_eq!((config.use_merge, config.duplicate_keys), (true, DuplicateKeys::Clean));

    let found = problems(&[("sink.value-policy", "dead-letter")]);
    assert!(found[0].contains("'sink.dead-letter.s3-uri' is missing"), "{found:?}");
    let found = problems(&[("sink.value-policy.columns", "a:dead-letter")]);
    assert!(found[0].contains("'sink.value-policy.columns' sets rows aside"), "{found:?}");
    for wrong in ["a", "a:drop", "a:null;a:fail", ":null", "a:null;"] {
        let found = problems(&[("sink.value-policy.columns", wrong)]);
        assert!(found[0].starts_with("'sink.value-policy.columns' "), "{found:?}");
    }
    let Parsed { config, warnings, .. } = parsed(&[("sink.dead-letter.s3-uri", "s3://bucket/x")]);
    assert_eq!(config.values.dead_letters, None);
    assert!(warnings[0].contains("no policy is dead-letter"), "{warnings:?}");
}

#[test]
fn keys_may_go_into_the_statement_where_the_user_insists() {
    let Parsed { config, .. } = parsed(&[
        ("aws.iam-role", ""),
        ("sink.copy.credentials", "keys"),
        ("fs.s3a.access.key", "AK"),
        ("s3.secret-key", "SK"),
        ("aws.credentials.basic.sessiontoken", "ST"),
    ]);
    let copy = config.copy.unwrap();
    let CopyAuthorization::Keys(keys) = copy.authorization else { panic!("keys") };
    assert_eq!((keys.access_key_id.as_str(), keys.secret_access_key.expose()), ("AK", "SK"));
    assert_eq!(keys.session_token.unwrap().expose(), "ST");
    assert_eq!(copy.s3.credentials.unwrap().access_key_id, "AK");
}

#[test]
fn s3_settings_of_flink_are_read_where_they_say_something() {
    let Parsed { config, warnings, .. } = parsed(&[
        ("fs.s3a.endpoint.region", "eu-west-1"),
        ("aws.endpoint", "http://127.0.0.1:1"),
        ("s3.endpoint", "127.0.0.1:2"),
        ("fs.s3a.path.style.access", "true"),
        ("fs.s3a.connection.maximum", "10"),
        ("s3.entropy.key", "_e_"),
    ]);
    let s3 = config.copy.unwrap().s3;
    assert_eq!(s3.region.as_deref(), Some("eu-west-1"));
    assert_eq!(s3.endpoint.as_deref(), Some("https://127.0.0.1:2"));
    assert!(s3.path_style);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("'fs.s3a.connection.maximum' configures Flink's own"));
    let aws = parsed(&[("aws.endpoint", "http://127.0.0.1:1")]).config.copy.unwrap().s3;
    assert_eq!(aws.endpoint.as_deref(), Some("http://127.0.0.1:1"));
}

#[test]
fn what_has_no_effect_is_warned_about() {
    for (changes, expected) in [
        (&[("sink.flush.interval", "20 s")][..], "'sink.flush.interval' has no effect"),
        (
            &[("sink.delivery-guarantee", "at-least-once"), ("sink.flush-interval", "5 s")],
            "'sink.flush-interval' is below 10 s",
        ),
        (&[("sink.create-table.sort-key", "a")], "'sink.create-table.sort-key' has no effect"),
        (&[("sink.create-table.comment", "a")], "'sink.create-table.comment' has no effect"),
        (
            &[("sink.create-table.varchar-widths", "a:1")],
            "has no effect without 'sink.create-table' = 'if-not-exists' or a 'sink.schema-evol",
        ),
        (&[("ssl.mode", "require"), ("ssl.root-cert", "/ca.pem")], "'ssl.root-cert' has no effect"),
        (&[("url", "jdbc:redshift://h/d?loginTimeout=3")], "ignored here: loginTimeout"),
    ] {
        let warnings = parsed(changes).warnings;
        assert_eq!(warnings.len(), 1, "{changes:?}: {warnings:?}");
        assert!(warnings[0].contains(expected), "{expected} is not in {warnings:?}");
    }
}

#[test]
fn the_ledger_remembers_at_least_as_long_as_staging_lasts() {
    let long = parsed(&[("sink.staging.retention", "30 d")]).config;
    assert_eq!(long.ledger_retention, Duration::from_secs(30 * 86_400));
    let both = [("sink.staging.retention", "2 d"), ("sink.ledger.retention", "3 d")];
    assert_eq!(parsed(&both).config.ledger_retention, Duration::from_secs(3 * 86_400));
}

#[test]
fn the_rest_of_the_sink_is_read() {
    let Parsed { config, warnings, .. } = parsed(&[
        ("table-name", "App.\"Us.ers\""),
        ("sink.delivery-guarantee", "AT-LEAST-ONCE"),
        ("sink.flush-interval", "15 s"),
        ("sink.commit.interval", "1 min"),
        ("sink.lock-target", "False"),
        ("sink.lock-timeout", "30 s"),
        ("sink.parallelism", "4"),
        ("sink.run-id", "load-2024.05"),
        ("sink.copy.format", "CSV"),
        ("sink.copy.part-size", "128m"),
        ("sink.write.temp.s3.encryption", "SSE-KMS"),
        ("sink.write.temp.s3.kms-key-id", "alias/x"),
        ("sink.create-table", "if-not-exists"),
        ("sink.create-table.distribution-style", "KEY"),
        ("sink.create-table.distribution-key", "id"),
        ("sink.create-table.sort-key", "at;id"),
        ("sink.create-table.encodings", "id:az64;name:zstd"),
        ("sink.create-table.varchar-width", "500"),
        ("sink.create-table.varchar-widths", "name:40"),
        ("sink.create-table.comment", "who they are"),
        ("sink.create-table.column-comments", "name:as they say it"),
        ("sink.schema-evolution", "Add-And-Widen"),
        ("connection.idle-timeout", "0"),
        ("connection.max", "7"),
        ("ssl.root-cert", "/ca.pem"),
    ]);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(config.table, TableName { schema: Some("App".into()), table: "Us.ers".into() });
    assert_eq!(config.guarantee, DeliveryGuarantee::AtLeastOnce);
    assert_eq!(config.flush_interval, Duration::from_secs(15));
    assert_eq!(config.commit_interval, Duration::from_secs(60));
    assert_eq!((config.lock_target, config.lock_timeout), (false, Duration::from_secs(30)));
    assert_eq!((config.parallelism, config.run_id.as_deref()), (Some(4), Some("load-2024.05")));
    let copy = config.copy.unwrap();
    assert_eq!((copy.format, copy.part_size), (CopyFormat::Csv, 128 << 20));
    assert_eq!(copy.encryption, Encryption::SseKms(Some("alias/x".into())));
    assert!(config.create.if_not_exists);
    assert_eq!(config.create.distribution, Distribution::Key("id".into()));
    assert_eq!(config.create.sort_key, ["at", "id"]);
    assert_eq!(config.create.encodings[1], ("name".into(), "ZSTD".into()));
    assert_eq!((config.create.string_width, config.create.string_width_set), (500, true));
    assert_eq!(config.create.widths, [("name".to_owned(), 40)]);
    assert_eq!(config.create.comment.as_deref(), Some("who they are"));
    assert_eq!(config.create.column_comments, [("name".to_owned(), "as they say it".to_owned())]);
    assert_eq!(config.evolution, SchemaEvolution::AddAndWiden);
    assert_eq!((config.connection.idle_timeout, config.connection.most), (Duration::ZERO, 7));
}
