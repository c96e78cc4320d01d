//! What COPY statements are taken, and what they mean.

use redshift_local::dialect::{
    action::Relation,
    copy::{Authorization, CopyStatement, CsvFormat, Format},
    copy_grammar::parse_copy,
};

const REST: &str = "FROM 's3://b/k' IAM_ROLE default";

fn parsed(sql: &str) -> CopyStatement {
    parse_copy(sql, false).unwrap_or_else(|refusal| panic!("{sql}: {}", refusal.message))
}

fn csv(rest: &str) -> CsvFormat {
    match parsed(&format!("COPY t {REST} {rest}")).format {
        Format::Csv(format) => format,
        other => panic!("{other:?}"),
    }
}

/// SQLSTATE and message of a refusal.
fn refused(sql: &str) -> (&'static str, String) {
    let refusal = parse_copy(sql, false).expect_err(sql);
    (refusal.sqlstate, refusal.message)
}

fn refused_rest(rest: &str) -> (&'static str, String) {
    refused(&format!("COPY t {REST} {rest}"))
}

#[test]
fn names_fold_also_when_quoted_and_may_have_three_parts() {
    let statement = parsed(&format!("copy \"Dev\".Public.\"T \"\"x\" (\"A b\", C) {REST} CSV;"));
    assert_eq!(statement.database.as_deref(), Some("dev"));
    let target = Relation { schema: Some("public".into()), name: "t \"x".into() };
    assert_eq!(statement.target, target);
    assert_eq!(statement.columns, Some(vec!["a b".into(), "c".into()]));
    let kept = parse_copy(&format!("COPY \"T\" (\"A\", B) {REST} CSV"), true).expect("parses");
    assert_eq!(kept.target.name, "T");
    assert_eq!(kept.columns, Some(vec!["A".into(), "b".into()]));
}

#[test]
fn temporary_tables_reserved_words_and_nested_comments() {
    let statement = parsed(&format!("COPY #Stage /* a /* b */ c */ (a) {REST} CSV"));
    assert_eq!(statement.target, Relation { schema: None, name: "#stage".into() });
    assert_eq!(parsed(&format!("COPY \"#stage\" {REST} CSV")).target.name, "#stage");
    for text in ["order", "t (a, user)", "s.#stage", "t (#a)", "#stage.t", "t /* open"] {
        assert_eq!(refused(&format!("COPY {text} {REST} CSV")).0, "42601", "{text}");
    }
}

#[test]
fn long_names_are_refused_by_name() {
    let name = "x".repeat(64);
    let (state, message) = refused(&format!("COPY {name} {REST} CSV"));
    assert_eq!(state, "0A000");
    assert!(message.starts_with("not modelled: identifiers beyond 63 bytes"), "{message}");
}

#[test]
fn authorizations() {
    let of = |text: &str| parsed(&format!("COPY t FROM 's3://b/k' {text} CSV")).authorization;
    assert_eq!(of("IAM_ROLE DEFAULT"), Authorization::DefaultRole);
    let (a, b) = ("arn:aws:iam::1:role/A", "arn:aws:iam::2:role/B");
    assert_eq!(of(&format!("iam_role '{a}'")), Authorization::Roles(vec![a.into()]));
    assert_eq!(of(&format!("IAM_ROLE '{a},{b}'")), Authorization::Roles(vec![a.into(), b.into()]));
    assert_eq!(
        of(&format!("WITH CREDENTIALS AS 'aws_iam_role={a}'")),
        Authorization::Roles(vec![a.into()])
    );
    let keys = |token: Option<&str>| Authorization::Keys {
        id: "I".into(),
        secret: "S=".into(),
        session_token: token.map(str::to_owned),
    };
    assert_eq!(of("ACCESS_KEY_ID 'I' SECRET_ACCESS_KEY 'S='"), keys(None));
    assert_eq!(
        of("ACCESS_KEY_ID AS 'I' SECRET_ACCESS_KEY AS 'S=' SESSION_TOKEN AS 'T'"),
        keys(Some("T"))
    );
    assert_eq!(
        of("CREDENTIALS 'aws_access_key_id=I;aws_secret_access_key=S=;token=T'"),
        keys(Some("T"))
    );
}

#[test]
fn authorizations_that_are_refused_do_not_show_secrets() {
    for text in [
        "IAM_ROLE 'arn:aws:iam::1:role/A, arn:aws:iam::2:role/B'",
        "IAM_ROLE 'default'",
        "IAM_ROLE 'nonsense'",
        "CREDENTIALS 'aws_access_key_id=I;aws_secret_access_key=planted; token=x'",
        "CREDENTIALS 'AWS_ACCESS_KEY_ID=I;aws_secret_access_key=planted'",
        "CREDENTIALS 'aws_access_key_id=I'",
        "ACCESS_KEY_ID 'I' SESSION_TOKEN 'planted'",
        "ACCESS_KEY_ID 'I' 'planted'",
        "IAM_ROLE default IAM_ROLE default",
        "",
    ] {
        let (state, message) = refused(&format!("COPY t FROM 's3://b/k' {text} CSV"));
        assert_eq!(state, "42601", "{text}: {message}");
        assert!(!message.contains("planted"), "{message}");
    }
    let keys = parsed("COPY t FROM 's3://b/k' ACCESS_KEY_ID 'I' SECRET_ACCESS_KEY 'planted' CSV");
    assert!(!format!("{keys:?}").contains("planted"));
    assert_eq!(refused("COPY t FROM 's3://b/k' IAM_ROLE 'SESSION' CSV").0, "0A000");
}

#[test]
fn parameters_come_in_any_order_bare_or_with_as() {
    let statement = parsed(
        "COPY t FROM 's3://b/k' MANIFEST GZIP REGION AS 'eu-west-1' CSV QUOTE AS '%' DELIMITER \
         '|' NULL AS '@null' MAXERROR AS 7 IAM_ROLE default /* why */ FILLRECORD -- end",
    );
    assert!(statement.manifest && statement.fill_record && !statement.explicit_ids);
    assert_eq!(statement.region.as_deref(), Some("eu-west-1"));
    assert_eq!(statement.max_error, 7);
    let Format::Csv(format) = statement.format else { panic!("CSV") };
    assert!(format.gzip);
    assert_eq!((format.quote, format.delimiter), (b'%', b'|'));
    assert_eq!(format.null_as, "@null");
}

#[test]
fn csv_parameters_and_their_defaults() {
    let defaults = csv("FORMAT AS CSV");
    assert_eq!((defaults.quote, defaults.delimiter), (b'"', b','));
    assert_eq!(defaults.null_as, "\\N");
    assert_eq!((defaults.gzip, defaults.ignore_header), (false, 0));
    assert_eq!((defaults.date_format, defaults.time_format), (None, None));
    let all =
        csv("FORMAT CSV ACCEPTANYDATE BLANKSASNULL EMPTYASNULL IGNOREBLANKLINES IGNOREHEADER 2 \
         ROUNDEC TRIMBLANKS TRUNCATECOLUMNS DATEFORMAT 'auto' TIMEFORMAT AS 'epochsecs' COMPUPDATE \
         OFF STATUPDATE ON COMPROWS 1000 ENCODING UTF8");
    assert!(all.accept_any_date && all.blanks_as_null && all.empty_as_null);
    assert!(all.ignore_blank_lines && all.round_decimals && all.trim_blanks);
    assert!(all.truncate_columns);
    assert_eq!(all.ignore_header, 2);
    assert_eq!(all.date_format.as_deref(), Some("auto"));
    assert_eq!(all.time_format.as_deref(), Some("epochsecs"));
}

#[test]
fn literals_have_escapes_and_doubled_quotes() {
    let null = |literal: &str| csv(&format!("CSV NULL AS {literal}")).null_as;
    assert_eq!(null("'it''s'"), "it's");
    assert_eq!(null(r"'\\N'"), r"\N");
    assert_eq!(null(r"'it\'s'"), "it's");
    assert_eq!(null(r"E'a\tb'"), "a\tb");
    assert_eq!(csv(r"CSV DELIMITER '\001'").delimiter, 1);
    assert_eq!(csv(r"CSV DELIMITER '\t'").delimiter, b'\t');
    let (state, message) = refused_rest(r"CSV NULL AS '\N'");
    assert_eq!(state, "0A000");
    assert!(message.starts_with(r"not modelled: escape \N in a literal"), "{message}");
    assert_eq!(refused_rest("CSV NULL AS $$x$$").0, "0A000");
    assert_eq!(refused_rest("CSV NULL AS 'open").0, "42601");
    assert_eq!(refused_rest(r"CSV NULL AS 'a\n'").1, "NULL AS must not be a newline");
}

#[test]
fn parquet_refuses_what_is_not_for_it_in_redshifts_words() {
    for (rest, name) in [
        ("REGION 'eu-west-1'", "REGION"),
        ("MAXERROR 5", "MAXERROR"),
        ("COMPUPDATE OFF", "COMPUPDATE"),
        ("COMPUPDATE", "COMPUPDATE"),
        ("TRUNCATECOLUMNS", "TRUNCATECOLUMNS"),
        ("GZIP", "GZIP"),
        ("DELIMITER ','", "DELIMITER"),
        ("NULL AS 'x'", "NULL"),
        ("IGNOREHEADER 1", "IGNOREHEADER"),
        ("ROUNDEC", "ROUNDEC"),
        ("DATEFORMAT 'auto'", "DATEFORMAT"),
        ("ENCODING UTF8", "ENCODING"),
        ("NOLOAD", "NOLOAD"),
        ("IGNOREALLERRORS", "IGNOREALLERRORS"),
        ("EMPTYASNULL", "EMPTYASNULL"),
    ] {
        let expected = format!("{name} argument is not supported for PARQUET based COPY");
        assert_eq!(refused_rest(&format!("FORMAT AS PARQUET {rest}")), ("0A000", expected.clone()));
        assert_eq!(refused_rest(&format!("{rest} PARQUET")), ("0A000", expected));
    }
}

#[test]
fn parquet_takes_the_columnar_list() {
    let statement = parsed(&format!(
        "COPY t {REST} FORMAT PARQUET SERIALIZETOJSON MANIFEST FILLRECORD EXPLICIT_IDS \
         ACCEPTINVCHARS AS '^' STATUPDATE OFF"
    ));
    assert_eq!(statement.format, Format::Parquet { serialize_to_json: true });
    assert!(statement.manifest && statement.fill_record && statement.explicit_ids);
    assert_eq!(statement.accept_inv_chars, Some('^'));
    let bare = parsed(&format!("COPY t {REST} PARQUET ACCEPTINVCHARS"));
    assert_eq!(bare.accept_inv_chars, Some('?'));
}

#[test]
fn formats_that_are_not_modelled_are_refused_by_name() {
    for (rest, what) in [
        ("JSON 'auto'", "COPY of JSON"),
        ("FORMAT AS AVRO 'auto'", "COPY of AVRO"),
        ("FORMAT ORC", "COPY of ORC"),
        ("FIXEDWIDTH 'a:1'", "COPY of FIXEDWIDTH"),
        ("SHAPEFILE", "COPY of SHAPEFILE"),
        ("", "COPY of delimited text (give FORMAT CSV or PARQUET)"),
        ("DELIMITER '|' GZIP", "COPY of delimited text (give FORMAT CSV or PARQUET)"),
        ("CSV BZIP2", "BZIP2 in COPY of CSV"),
        ("CSV ZSTD", "ZSTD in COPY of CSV"),
        ("CSV LZOP", "LZOP in COPY of CSV"),
        ("CSV ENCODING UTF16", "ENCODING UTF16"),
        ("CSV IGNOREALLERRORS", "IGNOREALLERRORS in COPY of CSV"),
        ("CSV ENCRYPTED", "ENCRYPTED in COPY of CSV"),
        ("CSV JOB CREATE j", "COPY … JOB CREATE"),
    ] {
        assert_eq!(refused_rest(rest), ("0A000", format!("not modelled: {what}")), "{rest}");
    }
    assert_eq!(refused("COPY JOB LIST"), ("0A000", "not modelled: COPY JOB".into()));
}

#[test]
fn csv_refuses_what_is_not_for_it() {
    for name in ["ESCAPE", "REMOVEQUOTES", "READRATIO 50", "SERIALIZETOJSON"] {
        let (state, message) = refused_rest(&format!("CSV {name}"));
        assert_eq!(state, "0A000");
        assert!(message.ends_with("argument is not supported for CSV based COPY"), "{message}");
    }
}

#[test]
fn duplicates_ranges_and_stray_words_are_refused() {
    for rest in [
        "CSV CSV",
        "CSV PARQUET",
        "CSV GZIP GZIP",
        "CSV MAXERROR 1 MAXERROR 1",
        "PARQUET MANIFEST MANIFEST",
        "CSV MAXERROR 100001",
        "CSV MAXERROR",
        "CSV MAXERROR -1",
        "CSV COMPROWS 10",
        "CSV DELIMITER 'ab'",
        "CSV DELIMITER 'é'",
        "CSV DELIMITER '\"'",
        "CSV ACCEPTINVCHARS 'ab'",
        "CSV NONSENSE",
        "CSV; SELECT 1",
        "CSV FORMAT",
        "CSV GZIP 'x'",
    ] {
        assert_eq!(refused_rest(rest).0, "42601", "{rest}");
    }
}

#[test]
fn other_sources_are_refused() {
    let hint =
        "LOAD source is not supported. (Hint: only S3 or DynamoDB or EMR based load is allowed)";
    assert_eq!(refused("COPY t FROM STDIN"), ("0A000", hint.into()));
    assert_eq!(refused("COPY t FROM '/tmp/x' CSV"), ("0A000", hint.into()));
    assert_eq!(refused("COPY t FROM 'emr://x' CSV").0, "0A000");
    assert_eq!(refused("COPY t TO 's3://b/k'").0, "42601");
    assert_eq!(refused("COPY t (a,) FROM 's3://b/k'").0, "42601");
    assert_eq!(refused("COPY t").0, "42601");
}
