//! Names of every kind, of tables, schemas and columns: they are found, created, loaded and applied
//! by key as Redshift stores them, in either mode, with and without case-sensitive identifiers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeMap;

use arrow_redshift::{
    ErrorKind,
    sink::{CommitPoint, Prepared},
    stage::RowKind,
    types::{Column, FlinkType, TableSchema},
};
use redshift_local::config::{Config, Isolation};
use support::{
    KINDS, Kind, Place, StandIn, batch, client, config, options, rows, sink, skipped, stand_in,
    start_with, warehouse,
};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

/// Four columns' names each, the first being the key's: what SQL takes for a word of its own, what
/// folds, what quoting has to stand, and what is long. (PostgreSQL ends names at 63 bytes.)
fn columns() -> Vec<[String; 4]> {
    let plain = |names: [&str; 4]| names.map(str::to_owned);
    let long = |first: char| first.to_string() + &"x".repeat(62);
    vec![
        plain(["select", "order", "user", "table"]),
        plain(["tag", "oid", "timestamp", "start"]),
        plain(["UserId", "NAME", "Score", "sEEN"]),
        plain(["a b", " lead", "trail ", "semi;colon"]),
        plain(["quo\"te", "'single'", "back\\slash", "dot.ted"]),
        plain(["größe", "名前", "😀", "É"]),
        plain(["$1", "1st", "?", "--"]),
        plain(["frc", "frcmark", "null", "true"]),
        [long('a'), long('b'), long('c'), "é".repeat(31)],
    ]
}

/// Schemas and tables, as they are given in `table-name`.
const TABLES: [&str; 8] = [
    "plain",
    "Mixed_Case",
    "order",
    "public.group",
    "names.Users",
    "names.größe_😀",
    "names.a b",
    "Two Words.it's",
];

/// The modes, and jdbc mode with either guarantee.
const MODES: [&str; 3] = ["copy", "jdbc", "exactly-once"];

/// The options of a sink into `table` in one of the modes.
fn given(server: &impl Place, table: &str, mode: &str) -> BTreeMap<String, String> {
    let mut options = options(server, table);
    if mode != "copy" {
        options.retain(|key, _| !key.starts_with("aws.") && !key.contains("s3"));
        options.insert("sink.write.mode".into(), "jdbc".into());
    }
    if mode == "exactly-once" {
        options.insert("sink.delivery-guarantee".into(), mode.into());
    }
    options
}

fn schema(names: &[String; 4], kind: Kind) -> TableSchema {
    let types = [FlinkType::BigInt, FlinkType::String, FlinkType::Double, FlinkType::Timestamp(3)];
    let columns = names.iter().zip(types).map(|(name, data_type)| Column {
        name: name.clone(),
        data_type,
        nullable: true,
    });
    let key = if kind == Kind::Keyed { vec![names[0].clone()] } else { Vec::new() };
    TableSchema::new(columns.collect(), key).unwrap()
}

/// Loads one checkpoint.
async fn load(sink: &Prepared, checkpoint: u64, rows: &[(i64, &str)], kinds: Option<&[RowKind]>) {
    let mut writer = sink.writer(0, checkpoint).unwrap();
    // Columns go by their place: a batch's own names are the query's.
    writer.write(&batch(rows), kinds).await.unwrap();
    let parts = writer.close(checkpoint).await.unwrap();
    // In jdbc mode, at least once, the writer has committed everything by itself.
    let gathered = sink.gather(&CommitPoint::Checkpoint(checkpoint), parts).unwrap();
    let Some(commit) = gathered else { return };
    sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What a table holds in its first two columns, in order.
async fn content(watcher: &Client, table: &str, names: &[String; 4]) -> Vec<Vec<String>> {
    let (key, name) = (quoted(&names[0]), quoted(&names[1]));
    rows(watcher, &format!("SELECT {key}, {name} FROM {table} ORDER BY {key}")).await
}

/// Creates the table by a first load, finds it again with a second sink, and changes it by key.
async fn come_back(
    given: &BTreeMap<String, String>,
    watcher: &Client,
    table: &str,
    names: &[String; 4],
    kind: Kind,
) {
    let what = format!("{table} {names:?} {kind:?}");
    let sink_of = async || {
        let sink = sink(given, schema(names, kind)).prepare(&[]).await;
        sink.unwrap_or_else(|error| panic!("{what}: {error}"))
    };
    load(&sink_of().await, 1, &[(1, "a"), (2, "b")], None).await;
    let again = sink_of().await;
    if kind == Kind::Keyed {
        load(&again, 2, &[(1, "c"), (2, "b")], Some(&[RowKind::UpdateAfter, RowKind::Delete]))
            .await;
        assert_eq!(content(watcher, table, names).await, [["1", "c"]], "{what}");
    } else {
        load(&again, 2, &[(3, "c")], None).await;
        let expected = [["1", "a"], ["2", "b"], ["3", "c"]];
        assert_eq!(content(watcher, table, names).await, expected, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_every_name_are_created_and_found() {
    let server = warehouse(Isolation::Snapshot).await;
    every_column_comes_back(&server).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_every_name_keep_their_case_where_names_do() {
    if skipped() {
        return;
    }
    let server = keeping_case().await;
    every_column_comes_back(&server).await;
    let watcher = client(&server).await;
    // The keys' columns are there in the case that they were declared in, and in no other.
    let sql = "SELECT column_name FROM svv_all_columns WHERE table_name LIKE 'columns_2_%' AND \
               table_name NOT LIKE '%_flink_commits' AND ordinal_position = 1";
    let names: Vec<String> = rows(&watcher, sql).await.into_iter().flatten().collect();
    assert_eq!(names, vec!["UserId"; KINDS.len() * MODES.len()]);
    server.stop().await.unwrap();
}

/// A stand-in whose sessions keep the case of names in quotes.
async fn keeping_case() -> StandIn {
    start_with(Config { case_sensitive_identifiers: true, ..config() }).await
}

async fn every_column_comes_back(server: &impl Place) {
    let watcher = client(server).await;
    for (at, names) in columns().iter().enumerate() {
        for (kind, mode) in KINDS.iter().flat_map(|kind| MODES.map(|mode| (*kind, mode))) {
            let table = format!("columns_{at}_{kind:?}_{mode}").to_lowercase().replace('-', "_");
            come_back(&given(server, &table, mode), &watcher, &table, names, kind).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_schemas_of_every_name_are_created_and_found() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    every_table_comes_back(&server).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_schemas_of_every_name_keep_their_case_where_names_do() {
    if skipped() {
        return;
    }
    let server = keeping_case().await;
    every_table_comes_back(&server).await;
    server.stop().await.unwrap();
}

async fn every_table_comes_back(server: &StandIn) {
    let watcher = client(server).await;
    let schemas = "CREATE SCHEMA names; CREATE SCHEMA \"Two Words\"";
    watcher.batch_execute(schemas).await.unwrap();
    let names = ["id", "name", "score", "seen"].map(str::to_owned);
    for name in TABLES {
        let table: Vec<String> = name.split('.').map(quoted).collect();
        let table = table.join(".");
        for mode in MODES {
            let drop = format!("DROP TABLE IF EXISTS {table}");
            watcher.batch_execute(&drop).await.unwrap();
            let given = given(server, name, mode);
            come_back(&given, &watcher, &table, &names, Kind::Keyed).await;
        }
    }
}

#[test]
fn a_name_that_redshift_would_cut_is_refused() {
    let long = "x".repeat(128);
    let error = TableSchema::new(
        vec![Column { name: long, data_type: FlinkType::Int, nullable: true }],
        Vec::new(),
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
    assert!(error.to_string().contains("128 bytes"), "{error}");
}

/// Where names keep their case, a table and its columns are those of the very names that are
/// declared; columns that were made elsewhere, in lower case, are found too.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_keep_their_case_are_told_apart_by_it() {
    if skipped() {
        return;
    }
    let server = keeping_case().await;
    let watcher = client(&server).await;
    let sql = "CREATE TABLE \"Users\" (id BIGINT, name VARCHAR(9), score DOUBLE PRECISION, \
               seen TIMESTAMP); \
               CREATE TABLE users (id BIGINT); \
               CREATE TABLE twice (id BIGINT DEFAULT 7, \"Id\" BIGINT, name VARCHAR(9), \
               score DOUBLE PRECISION, seen TIMESTAMP); \
               CREATE TABLE kept (\"Id\" BIGINT, name VARCHAR(9), score DOUBLE PRECISION)";
    watcher.batch_execute(sql).await.unwrap();
    let lower = ["id", "name", "score", "seen"].map(str::to_owned);
    let upper = ["ID", "Name", "score", "seen"].map(str::to_owned);
    for (kind, mode) in KINDS.iter().flat_map(|kind| MODES.map(|mode| (*kind, mode))) {
        let clear = "DELETE FROM \"Users\"; DELETE FROM twice";
        watcher.batch_execute(clear).await.unwrap();
        come_back(&given(&server, "Users", mode), &watcher, "\"Users\"", &lower, kind).await;
        // Nothing is called ID, so it is the column in lower case.
        let folded = given(&server, "Users", mode);
        let sink = sink(&folded, schema(&upper, kind)).prepare(&[]).await.unwrap();
        load(&sink, 3, &[(9, "z")], None).await;
        let found = content(&watcher, "\"Users\"", &lower).await;
        assert_eq!(found.last().unwrap(), &["9", "z"], "{kind:?} {mode}");
        // Both are there, and each is itself: the other one keeps its default.
        let names = ["Id", "name", "score", "seen"].map(str::to_owned);
        come_back(&given(&server, "twice", mode), &watcher, "twice", &names, kind).await;
        let others = rows(&watcher, "SELECT DISTINCT id FROM twice").await;
        assert_eq!(others, [["7"]], "{kind:?} {mode}");
    }
    for mode in MODES {
        let mut given = given(&server, "kept", mode);
        let kept = sink(&given, schema(&lower, Kind::Append));
        let error = kept.prepare(&[]).await.expect_err("a column of another case");
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        assert!(error.to_string().contains("so declare Id"), "{error}");
        // What is missing is added under the name that it has in the declaration.
        given.insert("sink.schema-evolution".into(), "add-columns".into());
        let names = ["Id", "name", "score", &format!("Seen {mode}")].map(str::to_owned);
        let grown = sink(&given, schema(&names, Kind::Append)).prepare(&[]).await.unwrap();
        load(&grown, 1, &[(1, "a")], None).await;
        let seen = format!("SELECT \"Seen {mode}\" FROM kept WHERE \"Seen {mode}\" IS NOT NULL");
        assert_eq!(rows(&watcher, &seen).await.len(), 1, "{mode}");
    }
    server.stop().await.unwrap();
}
