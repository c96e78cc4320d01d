//! Targets that lack something declared: what is added and widened, what is left alone, and what is
//! left behind by whoever stops half-way or comes at the same time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::{collections::BTreeMap, time::Duration};

use arrow_redshift::{
    ErrorKind, Result, options,
    sink::{Identity, LaunchId, Prepared, Sink, Subtask},
    types::{Column, Comments, FlinkType, TableSchema},
};
use redshift_local::{
    RedshiftLocal,
    config::{Config, Isolation},
    faults::{Effect, Ending, FaultRule, StatementKind, When},
};
use support::{
    Kind, batch, client, config, content, eventually, options, owned, rows, schema, stand_in,
    start_with,
};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

const EVOLVE: &str = "sink.schema-evolution";
const WIDTHS: &str = "sink.create-table.varchar-widths";

/// Options of a sink into a table that was made by `ddl`.
async fn evolving(
    server: &RedshiftLocal,
    watcher: &Client,
    ddl: &str,
    more: &[(&str, &str)],
) -> BTreeMap<String, String> {
    let table = ddl.split([' ', '(']).nth(2).unwrap();
    watcher.batch_execute(ddl).await.unwrap();
    let mut options = options(server, table);
    options.insert("sink.max-retries".into(), "0".into());
    for (key, value) in more {
        options.insert((*key).into(), (*value).into());
    }
    options
}

/// A sink of a job of this name.
fn job(options: &BTreeMap<String, String>, schema: TableSchema, name: &str) -> Sink {
    let pairs: Vec<_> = options.clone().into_iter().collect();
    let config = options::sink(&pairs).unwrap().config;
    let identity = Identity { launch: LaunchId::fresh(), sink: "1:test".into(), job: name.into() };
    Sink::new(config, schema, identity).unwrap()
}

async fn prepare(options: &BTreeMap<String, String>, schema: TableSchema) -> Result<Prepared> {
    job(options, schema, "job").prepare(&[]).await
}

/// A declaration of `(name, type)`, the first one the key.
fn declared(columns: &[(&str, FlinkType)]) -> TableSchema {
    let column = |(name, data_type): &(&str, FlinkType)| Column {
        name: (*name).into(),
        data_type: data_type.clone(),
        nullable: true,
    };
    let key = vec![columns[0].0.to_owned()];
    TableSchema::new(columns.iter().map(column).collect(), key).unwrap()
}

/// Name, type with its width, whether NULL is allowed, encoding and comment of each column.
async fn columns(watcher: &Client, table: &str) -> Vec<String> {
    let described = rows(watcher, &format!("SHOW COLUMNS FROM TABLE public.{table}")).await;
    let of = |row: &Vec<String>| {
        let [name, nullable, kind, width, remarks, encoding] =
            [3, 6, 7, 8, 11, 15].map(|at: usize| row[at].trim());
        format!("{name} {kind} {width} {nullable} {encoding} {remarks}")
    };
    described.iter().map(of).collect()
}

async fn widths(watcher: &Client, table: &str) -> Vec<(String, String)> {
    let sql = format!(
        "SELECT column_name, character_maximum_length FROM svv_all_columns WHERE table_name = \
         '{table}' AND data_type LIKE 'char%' ORDER BY ordinal_position"
    );
    rows(watcher, &sql).await.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

fn of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect()
}

/// The loader's changes of tables, in order.
fn alterations(server: &RedshiftLocal) -> Vec<String> {
    let log = server.statements().all();
    let ours = log.into_iter().filter(|entry| entry.user == "loader");
    ours.map(|entry| entry.text).filter(|text| text.starts_with("ALTER")).collect()
}

async fn load(sink: &Prepared, rows: &[(i64, &str)]) {
    let commit = support::staged(sink, 1, rows, None).await;
    let stop = CancellationToken::new();
    sink.committer().commit(&commit, &stop).await.unwrap_or_else(|error| panic!("{error:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_columns_are_added_and_old_rows_have_null_there() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let ddl = "CREATE TABLE grows (id BIGINT NOT NULL, name VARCHAR(9), note VARCHAR(5))";
    let more = [
        (EVOLVE, "add-columns"),
        ("sink.create-table.column-comments", "seen:\"when it's seen\""),
        ("sink.create-table.encodings", "SEEN:zstd"),
    ];
    let options = evolving(&server, &watcher, ddl, &more).await;
    watcher.batch_execute("INSERT INTO grows VALUES (1, 'old', 'kept')").await.unwrap();

    let comments = [("score", "of the row"), ("seen", "not this one")];
    let comments = comments.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let comments = Comments { table: Some("not new".into()), columns: comments.into() };
    let sink = prepare(&options, schema(Kind::Keyed).commented(comments)).await.unwrap();
    load(&sink, &[(2, "new"), (3, "newer")]).await;
    assert_eq!(
        columns(&watcher, "grows").await[3..],
        [
            "score double precision NULL YES none of the row",
            "seen timestamp without time zone NULL YES zstd when it's seen"
        ]
    );
    let old = rows(&watcher, "SELECT name, note, score, seen FROM grows WHERE id = 1").await;
    assert_eq!(old, [["old", "kept", "NULL", "NULL"]]);
    assert_eq!(content(&watcher, "(SELECT * FROM grows WHERE id > 1) t").await.len(), 2);
    // The width is as it was: nobody asked for another.
    assert_eq!(widths(&watcher, "grows").await, of(&[("name", "9"), ("note", "5")]));
    // A second start finds nothing to do.
    let done = alterations(&server);
    assert_eq!(done.len(), 2, "{done:?}");
    prepare(&options, schema(Kind::Keyed)).await.unwrap();
    assert_eq!(alterations(&server), done);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_change_or_would_not_fit_all_the_same_leaves_the_table_alone() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: [Case<'_>; 4] = [
        ("CREATE TABLE still (id BIGINT, name VARCHAR(9))", &[], &["score", "seen", "no such"]),
        (
            "CREATE TABLE keyless (name VARCHAR(9))",
            &[(EVOLVE, "add-and-widen")],
            &["column id", "the key is never added"],
        ),
        (
            "CREATE TABLE misfit (id BIGINT, name INTEGER)",
            &[(EVOLVE, "add-and-widen")],
            &["column name: declared STRING, target INTEGER"],
        ),
        (
            "CREATE TABLE needs (id BIGINT, name VARCHAR(9), more INTEGER NOT NULL)",
            &[(EVOLVE, "add-columns")],
            &["column more: not declared"],
        ),
    ];
    for (ddl, more, expected) in cases {
        let options = evolving(&server, &watcher, ddl, more).await;
        let error = prepare(&options, schema(Kind::Keyed)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch, "{ddl}");
        for part in expected {
            assert!(error.to_string().contains(part), "{part} is not in {error}");
        }
    }
    assert_eq!(alterations(&server), Vec::<String>::new());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn text_grows_to_what_is_declared_and_never_shrinks() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let ddl = "CREATE TABLE wide (id INTEGER, small VARCHAR(10), exact VARCHAR(40), large \
               VARCHAR(500), free VARCHAR(10), said VARCHAR(10), fixed CHAR(10), other VARCHAR(3))";
    let more = [(EVOLVE, "add-and-widen"), (WIDTHS, "SAID:70;large:20")];
    let options = evolving(&server, &watcher, ddl, &more).await;
    let ten = || FlinkType::VarChar(10);
    let all = declared(&[
        ("id", FlinkType::Int),
        ("small", ten()),
        ("exact", ten()),
        ("large", ten()),
        ("free", FlinkType::String),
        ("said", FlinkType::String),
        ("fixed", ten()),
    ]);
    prepare(&options, all).await.unwrap();
    let expected = [
        ("small", "40"),
        ("exact", "40"),
        ("large", "500"),
        ("free", "10"),
        ("said", "70"),
        ("fixed", "10"),
        ("other", "3"),
    ];
    assert_eq!(widths(&watcher, "wide").await, of(&expected));
    assert_eq!(alterations(&server).len(), 2);
    server.stop().await.unwrap();
}

/// What Redshift refuses to widen stays, and the load goes on: longer values are refused one by one.
#[tokio::test(flavor = "multi_thread")]
async fn columns_that_redshift_does_not_widen_stay_as_they_are() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let ddl = "CREATE TABLE stiff (id VARCHAR(4) PRIMARY KEY, a VARCHAR(4) DEFAULT 'x', b \
               VARCHAR(4) ENCODE bytedict, c VARCHAR(4) UNIQUE, d VARCHAR(4))";
    let options = evolving(&server, &watcher, ddl, &[(EVOLVE, "add-and-widen")]).await;
    let two = || FlinkType::VarChar(2);
    let all = declared(&[("id", two()), ("a", two()), ("b", two()), ("c", two()), ("d", two())]);
    prepare(&options, all).await.unwrap();
    let expected = [("id", "4"), ("a", "4"), ("b", "4"), ("c", "4"), ("d", "8")];
    assert_eq!(widths(&watcher, "stiff").await, of(&expected));
    // A default is known of beforehand; the rest is for the server to say.
    assert_eq!(alterations(&server).len(), 4);
    server.stop().await.unwrap();
}

fn at_alter(text: &str, effect: Effect) -> FaultRule {
    let when = When {
        user: Some("loader".into()),
        statement: Some(StatementKind::Define),
        text: Some(text.into()),
        ..When::default()
    };
    FaultRule { when, skip: 0, count: 1, effect }
}

/// Whatever stops it between two changes, what is done stays and the next start does the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_stopped_half_way_is_finished_by_the_next_start() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let hold = Duration::from_secs(1);
    let effects = [
        ("before", Effect::LoseBefore),
        ("after", Effect::LoseAfter),
        ("killed", Effect::Terminate),
        ("lives", Effect::LiveOn { hold, then: Ending::Commit }),
        ("ghost", Effect::LiveOn { hold, then: Ending::Rollback }),
    ];
    for (name, effect) in effects {
        for at in ["ADD COLUMN \"score\"", "ADD COLUMN \"seen\"", "ALTER COLUMN \"name\""] {
            watcher.batch_execute("DROP TABLE IF EXISTS half, half__flink_commits").await.unwrap();
            let ddl = "CREATE TABLE half (id BIGINT NOT NULL, name VARCHAR(2))";
            let more = [(EVOLVE, "add-and-widen"), (WIDTHS, "name:30")];
            let options = evolving(&server, &watcher, ddl, &more).await;
            server.faults().inject(at_alter(at, effect.clone()));
            let error = prepare(&options, schema(Kind::Keyed)).await.unwrap_err();
            assert_eq!(server.faults().taken(), 1, "{name} {at}: {error}");
            server.faults().clear();
            let sink = prepare(&options, schema(Kind::Keyed)).await;
            let sink = sink.unwrap_or_else(|error| panic!("{name} {at}: {error:?}"));
            load(&sink, &[(1, "longer than two")]).await;
            assert_eq!(content(&watcher, "half").await, owned(&[(1, "longer than two")]));
            assert_eq!(widths(&watcher, "half").await, of(&[("name", "30")]), "{name} {at}");
        }
    }
    server.stop().await.unwrap();
}

/// A job that has looked before another one widened must not narrow what the other has made wide.
#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_that_widen_at_once_end_with_the_wider_column() {
    for isolation in [Isolation::Snapshot, Isolation::Serializable] {
        let Some(server) = stand_in(isolation).await else { return };
        let watcher = client(&server).await;
        let ddl = "CREATE TABLE race (id BIGINT, name VARCHAR(2))";
        let mut narrow = evolving(&server, &watcher, ddl, &[(EVOLVE, "add-and-widen")]).await;
        narrow.insert("sink.lock-timeout".into(), "20 s".into());
        let mut wide = narrow.clone();
        narrow.insert(WIDTHS.into(), "name:30".into());
        wide.insert(WIDTHS.into(), "name:60".into());
        let late = When {
            label: Some("late job".into()),
            statement: Some(StatementKind::Lock),
            ..When::default()
        };
        let stall = Effect::Stall(Duration::from_secs(4));
        server.faults().inject(FaultRule { when: late, skip: 0, count: 1, effect: stall });
        let (late, early) = (
            job(&narrow, schema(Kind::Keyed), "late job"),
            job(&wide, schema(Kind::Keyed), "early job"),
        );
        let (late, early) = tokio::join!(late.prepare(&[]), async {
            // It begins when the other one has looked and is about to take its turn.
            eventually("the late job looks first", async || server.faults().taken() == 1).await;
            early.prepare(&[]).await
        });
        let (late, early) = (late.unwrap(), early.unwrap());
        assert_eq!(widths(&watcher, "race").await, of(&[("name", "60")]), "{isolation:?}");
        load(&late, &[(1, "one")]).await;
        load(&early, &[(2, &"x".repeat(60))]).await;
        assert_eq!(content(&watcher, "race").await.len(), 2);
        server.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_start_at_once_change_the_table_once() {
    for isolation in [Isolation::Snapshot, Isolation::Serializable] {
        let Some(server) = stand_in(isolation).await else { return };
        let watcher = client(&server).await;
        let ddl = "CREATE TABLE many (id BIGINT, name VARCHAR(2))";
        let more = [(EVOLVE, "add-and-widen"), (WIDTHS, "name:30")];
        let mut options = evolving(&server, &watcher, ddl, &more).await;
        options.insert("sink.max-retries".into(), "3".into());
        options.insert("sink.lock-timeout".into(), "20 s".into());
        let start = async |index| {
            let sink = job(&options, schema(Kind::Keyed), "job");
            let subtask = Subtask { index, parallelism: 4, restored: None, savepoints: false };
            sink.prepare_subtask(subtask).await.unwrap_or_else(|error| panic!("{error:?}"))
        };
        let writers = tokio::join!(start(0), start(1), start(2), start(3));
        assert_eq!(alterations(&server).len(), 3, "{:?}", alterations(&server));
        let staged = async |prepared: &Prepared, index: u32| {
            let mut writer = prepared.writer(index, 1).unwrap();
            writer.write(&batch(&[(i64::from(index), "some text")]), None).await.unwrap();
            prepared.staged(writer.close(1).await.unwrap(), None)
        };
        let (one, two, three, four) = &writers;
        // They all saw the same columns: else this would fail.
        let all = vec![
            staged(one, 0).await,
            staged(two, 1).await,
            staged(three, 2).await,
            staged(four, 3).await,
        ];
        let sink = job(&options, schema(Kind::Keyed), "job");
        let point = arrow_redshift::sink::CommitPoint::Checkpoint(1);
        let commit = sink.gather(&point, all).unwrap().unwrap();
        one.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
        assert_eq!(content(&watcher, "many").await.len(), 4);
        server.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_change_the_table_is_told_what_to_run() {
    if support::skipped() {
        return;
    }
    let mut users = config().users;
    users[0].superuser = false;
    let server = start_with(Config { users, ..config() }).await;
    let watcher = client(&*server).await;
    let ddl = "CREATE TABLE theirs (id BIGINT, name VARCHAR(2))";
    let options = evolving(&server, &watcher, ddl, &[(EVOLVE, "add-columns")]).await;
    let grants = "GRANT ALL ON theirs TO loader; GRANT CREATE, USAGE ON SCHEMA public TO loader";
    watcher.batch_execute(grants).await.unwrap();
    let error = prepare(&options, schema(Kind::Keyed)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    let run = "ALTER TABLE \"public\".\"theirs\" ADD COLUMN \"score\" DOUBLE PRECISION";
    assert!(error.to_string().contains(run), "{error}");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_never_grows_beyond_redshifts_columns() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let columns: Vec<String> = (0..1597).map(|n| format!("c{n} BOOLEAN")).collect();
    let ddl = format!("CREATE TABLE brim (id BIGINT, name VARCHAR(9), {})", columns.join(", "));
    let options = evolving(&server, &watcher, &ddl, &[(EVOLVE, "add-columns")]).await;
    let error = prepare(&options, schema(Kind::Keyed)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
    assert!(error.to_string().contains("1601 columns, and Redshift holds 1600"), "{error}");
    assert_eq!(alterations(&server), Vec::<String>::new());
    server.stop().await.unwrap();
}
