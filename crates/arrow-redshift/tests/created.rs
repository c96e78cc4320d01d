//! What a created table looks like, and what is said where it cannot be made so.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeMap;

use arrow_redshift::{
    ErrorKind, Result,
    sink::Prepared,
    types::{Column, Comments, FlinkType, TableSchema},
};
use redshift_local::config::{Collation, Config, Isolation};
use support::{Kind, client, config, options, rows, schema, sink, stand_in, start_with};

/// Two columns with comments of their declaration.
fn declared() -> TableSchema {
    let column = |name: &str, data_type| Column { name: name.into(), data_type, nullable: true };
    let columns = vec![
        column("Id", FlinkType::BigInt),
        column("Name", FlinkType::String),
        column("Code", FlinkType::VarChar(3)),
    ];
    let comments = [("Id", "it's \\ \"1\""), ("Name", "of the DDL")];
    let comments = comments.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let comments = Comments { table: Some("of the DDL".into()), columns: comments.into() };
    TableSchema::new(columns, Vec::new()).unwrap().commented(comments)
}

async fn create(
    base: &BTreeMap<String, String>,
    table: &str,
    more: &[(&str, &str)],
) -> Result<Prepared> {
    let mut options = base.clone();
    options.insert("table-name".into(), table.into());
    options.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    sink(&options, declared()).prepare(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_of_options_come_before_those_of_the_declaration() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let base = options(&server, "t");
    let said = [
        ("sink.create-table.comment", "of the options"),
        ("sink.create-table.column-comments", "NAME:of the options"),
    ];
    create(&base, "both", &said).await.unwrap();
    create(&base, "ddl", &[]).await.unwrap();
    let of = async |table: &str| {
        let on_columns = format!(
            "SELECT remarks FROM svv_all_columns WHERE table_name = '{table}' ORDER BY \
             ordinal_position"
        );
        let shown = rows(&watcher, "SHOW TABLES FROM SCHEMA public").await;
        let shown = shown.into_iter().find(|row| row[2] == table).unwrap();
        let columns = rows(&watcher, &on_columns).await.concat();
        (shown[5].clone(), columns)
    };
    let own = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
    let expected = ("of the options".to_owned(), own(["it's \\ \"1\"", "of the options", "NULL"]));
    assert_eq!(of("both").await, expected);
    let expected = ("of the DDL".to_owned(), own(["it's \\ \"1\"", "of the DDL", "NULL"]));
    assert_eq!(of("ddl").await, expected);

    // What exists stays as it is.
    create(&base, "ddl", &said).await.unwrap();
    assert_eq!(of("ddl").await, expected);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_as_wide_as_the_options_say() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let base = options(&server, "t");
    let width = ("sink.create-table.varchar-width", "100");
    create(&base, "plain", &[]).await.unwrap();
    create(&base, "narrow", &[width]).await.unwrap();
    create(&base, "single", &[width, ("sink.create-table.varchar-widths", "NAME:7;code:9")])
        .await
        .unwrap();
    for (table, expected) in
        [("plain", ["65535", "12"]), ("narrow", ["100", "12"]), ("single", ["7", "9"])]
    {
        let sql = format!(
            "SELECT character_maximum_length FROM svv_all_columns WHERE table_name = '{table}' AND \
             data_type = 'character varying' ORDER BY ordinal_position"
        );
        assert_eq!(rows(&watcher, &sql).await.concat(), expected, "{table}");
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_made_as_asked_is_not_made() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let base = options(&server, "t");
    let wrong = [
        ("sink.create-table.varchar-widths", "id:5;nmae:5"),
        ("sink.create-table.encodings", "x:raw"),
        ("sink.create-table.sort-key", "y"),
        ("sink.create-table.column-comments", "z:?"),
    ];
    let error = create(&base, "wrong", &wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOptions);
    for part in
        ["gives id a width, and its type is BIGINT", "names nmae", "names x", "names y", "names z"]
    {
        assert!(error.to_string().contains(part), "{part} is not in {error}");
    }
    let there = "SELECT table_name FROM svv_all_tables WHERE table_name = 'wrong'";
    assert_eq!(rows(&watcher, there).await.len(), 0);

    let error = create(&base, "nowhere.t", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch, "{error}");
    assert!(error.to_string().contains("CREATE SCHEMA \"nowhere\""), "{error}");
    server.stop().await.unwrap();
}

/// Where the database compares text without regard to letter case, staging tables do too, whatever
/// the target's own column says.
#[tokio::test(flavor = "multi_thread")]
async fn text_is_no_key_in_a_database_that_ignores_letter_case() {
    if support::skipped() {
        return;
    }
    let collation = Collation::CaseInsensitive;
    let server = start_with(Config { collation, ..config() }).await;
    let watcher = client(&*server).await;
    let compared = rows(
        &watcher,
        "CREATE TABLE c (v VARCHAR(9)); INSERT INTO c VALUES ('A'), ('a'); \
                                   SELECT count(*) FROM c WHERE v = 'a'",
    )
    .await;
    assert_eq!(compared, [["2"]], "the stand-in is such a database");
    let keyed = |key: &str| {
        let mut declared = declared();
        declared = TableSchema::new(declared.columns, vec![key.to_owned()]).unwrap();
        declared
    };
    let exists =
        "CREATE TABLE exact (id BIGINT, name VARCHAR(9) COLLATE CASE_SENSITIVE, code CHAR(3))";
    watcher.batch_execute(exists).await.unwrap();
    for table in ["missing", "exact"] {
        let error = sink(&options(&server, table), keyed("Name")).prepare(&[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch, "{table}");
        let text = error.to_string();
        assert!(text.contains("the database compares text without regard"), "{table}: {text}");
        assert!(text.contains("use another database"), "{table}: {text}");
    }
    // Keys that are no text, and tables without one, are as anywhere.
    sink(&options(&server, "numbers"), keyed("Id")).prepare(&[]).await.unwrap();
    sink(&options(&server, "plain"), declared()).prepare(&[]).await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyed_table_leaves_room_for_what_marks_its_changes() {
    let wide = |count: usize, key: bool| {
        let column =
            |n| Column { name: format!("c{n}"), data_type: FlinkType::Int, nullable: true };
        let key = if key { vec!["c0".to_owned()] } else { Vec::new() };
        TableSchema::new((0..count).map(column).collect(), key).unwrap()
    };
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let pairs: Vec<_> = options(&server, "t").into_iter().collect();
    let config = arrow_redshift::options::sink(&pairs).unwrap().config;
    let planned = |schema| {
        let identity = support::identity(arrow_redshift::sink::LaunchId::fresh());
        arrow_redshift::sink::Sink::new(config.clone(), schema, identity)
    };
    assert!(planned(wide(1600, false)).is_ok() && planned(wide(1596, true)).is_ok());
    let error = planned(wide(1597, true)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
    assert!(error.to_string().contains("1601 columns, and Redshift holds 1600"), "{error}");
    assert!(planned(schema(Kind::Keyed)).is_ok());
    server.stop().await.unwrap();
}
