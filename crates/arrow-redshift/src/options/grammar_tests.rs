use super::*;

fn table(schema: Option<&str>, table: &str) -> TableName {
    TableName { schema: schema.map(str::to_owned), table: table.to_owned() }
}

#[test]
fn hosts_have_no_scheme_path_or_port() {
    for good in ["xxxx.redshift.awsamazon.com", "127.0.0.1", "my_host-1"] {
        assert_eq!(hostname(good).unwrap(), good);
    }
    assert_eq!(hostname("[::1]").unwrap(), "::1");
    assert_eq!(hostname("::1").unwrap(), "::1");
    for bad in ["", "a b", "host:5439", "https://host", "host/db", "user@host", "é"] {
        assert!(hostname(bad).is_err(), "{bad}");
    }
}

#[test]
fn tables_may_have_a_schema_and_quotes() {
    assert_eq!(table_name("users").unwrap(), table(None, "users"));
    assert_eq!(table_name("App.Users").unwrap(), table(Some("App"), "Users"));
    assert_eq!(table_name(" a . b ").unwrap(), table(Some("a"), "b"));
    assert_eq!(table_name("\"a.b\".\"c\"\"d\"").unwrap(), table(Some("a.b"), "c\"d"));
    let long = "x".repeat(127);
    assert_eq!(table_name(&long).unwrap(), table(None, &long));
    for bad in ["", "a.", ".a", "a.b.c", "\"a", "\"a\"b", "\"\"", &"x".repeat(128), "a\0"] {
        assert!(table_name(bad).is_err(), "{bad}");
    }
}

#[test]
fn lists_take_semicolons_and_commas() {
    assert_eq!(columns("a; b ,c").unwrap(), ["a", "b", "c"]);
    assert_eq!(columns("\"a;b\";c").unwrap(), ["a;b", "c"]);
    assert!(columns("a;;b").is_err() && columns("a;").is_err());
    assert!(columns(&vec!["a"; 400].join(";")).is_ok());
    assert!(columns(&vec!["a"; 401].join(";")).is_err());
    assert_eq!(column("a").unwrap(), "a");
    assert!(column("a;b").is_err());
}

#[test]
fn encodings_are_redshifts() {
    let pair = |column: &str, encoding: &str| (column.to_owned(), encoding.to_owned());
    assert_eq!(
        encodings("a:zstd;\"b:c\": Az64").unwrap(),
        [pair("a", "ZSTD"), pair("b:c", "AZ64")]
    );
    for bad in ["a", "a:gzip", "a:zstd:raw", ":zstd", "a:zstd;"] {
        assert!(encodings(bad).is_err(), "{bad}");
    }
}

#[test]
fn widths_and_comments_belong_to_columns() {
    let pair = |column: &str, width| (column.to_owned(), width);
    assert_eq!(widths("a:1; \"b:c\":65535").unwrap(), [pair("a", 1), pair("b:c", 65_535)]);
    for bad in ["a", "a:0", "a:65536", "a:-1", "a:b", "a:1:2", "a:1;A:2", ":1"] {
        assert!(widths(bad).is_err(), "{bad}");
    }
    let pair = |column: &str, comment: &str| (column.to_owned(), comment.to_owned());
    assert_eq!(
        comments("a:it's; b:\"one; two: \"\"three\"\"\"").unwrap(),
        [pair("a", "it's"), pair("b", "one; two: \"three\"")]
    );
    for bad in ["a", "a:b:c", "a:b;a:c", "a:b\0", ":b"] {
        assert!(comments(bad).is_err(), "{bad}");
    }
}

#[test]
fn s3_addresses_name_keys_that_every_client_writes_alike() {
    let uri = |bucket: &str, prefix: &str| S3Uri { bucket: bucket.into(), prefix: prefix.into() };
    for (text, expected) in [
        ("s3://bucket-name/key/temp", uri("bucket-name", "key/temp")),
        ("s3a://my.bucket", uri("my.bucket", "")),
        ("s3n://bucket/", uri("bucket", "")),
        ("s3://bucket//a/dt=2024/", uri("bucket", "a/dt=2024")),
    ] {
        assert_eq!(s3_uri(text).unwrap(), expected, "{text}");
    }
    for bad in [
        "",
        "bucket/key",
        "s3://",
        "s3://ab/c",
        "s3://Bucket/c",
        "s3://-bucket/c",
        "s3://bucket-/c",
        "https://bucket/c",
        "s3://bucket/a//b",
        "s3://bucket/_temp",
        "s3://bucket/a/.b",
        "s3://bucket/../b",
        "s3://bucket/a b",
        "s3://bucket/a%20b",
        "s3://bucket/a'b",
        "s3://bucket/é",
        "s3://KEY:SECRET@bucket/a",
    ] {
        assert!(s3_uri(bad).is_err(), "{bad}");
    }
    assert!(s3_uri(&format!("s3://bucket/{}", "x".repeat(700))).is_ok());
    assert!(s3_uri(&format!("s3://bucket/{}", "x".repeat(701))).is_err());
    let complaint = s3_uri("s3://AKIAKEY:hunter2@bucket/a").unwrap_err();
    assert!(!complaint.contains("hunter2"), "{complaint}");
}

#[test]
fn roles_are_default_an_arn_or_a_chain() {
    assert!(matches!(role(" Default ").unwrap(), CopyAuthorization::DefaultRole));
    let chain = |text: &str| match role(text).unwrap() {
        CopyAuthorization::Role(arns) => arns,
        other => panic!("{other:?} is no role"),
    };
    assert_eq!(
        chain("arn:aws:iam::xxxxxxxx:role/xxxxxRedshiftS3Rolexxxxx"),
        ["arn:aws:iam::xxxxxxxx:role/xxxxxRedshiftS3Rolexxxxx"]
    );
    assert_eq!(
        chain("arn:aws:iam::111:role/A , arn:aws-cn:iam::222:role/path/B"),
        ["arn:aws:iam::111:role/A", "arn:aws-cn:iam::222:role/path/B"]
    );
    for bad in [
        "",
        "role",
        "arn:aws:iam::1:user/x",
        "arn:aws:iam::1:role/",
        "arn:aws:s3:::bucket",
        "arn:aws:iam::1:role/a'b",
        "arn:aws:iam::1:role/a,",
        "arn:aws:iam:::role/a",
        "arn:aws:iam:eu-west-1:1:role/a",
        "arn:aws:iam::1:role/a:b",
    ] {
        assert!(role(bad).is_err(), "{bad}");
    }
}

#[test]
fn run_ids_need_no_quoting() {
    for good in ["a", "2024-05-01.load_7", &"x".repeat(64)] {
        assert_eq!(run_id(good).unwrap(), good);
    }
    for bad in ["", ".", "..", "_a", "-a", "a/b", "a b", "a'b", "é", &"x".repeat(65)] {
        assert!(run_id(bad).is_err(), "{bad}");
    }
}

#[test]
fn endpoints_are_https_unless_they_say_otherwise() {
    assert_eq!(endpoint("localhost:9000").unwrap(), "https://localhost:9000");
    assert_eq!(endpoint("http://127.0.0.1:9000/").unwrap(), "http://127.0.0.1:9000");
    for bad in ["", "ftp://host", "https://host/path", "https://host?x=y", "https://"] {
        assert!(endpoint(bad).is_err(), "{bad}");
    }
    let complaint = endpoint("https://key:hunter2@host").unwrap_err();
    assert!(!complaint.contains("hunter2"), "{complaint}");
}

#[test]
fn regions_are_words() {
    assert_eq!(region("eu-central-1").unwrap(), "eu-central-1");
    assert!(region("EU").is_err() && region("eu central").is_err());
}
