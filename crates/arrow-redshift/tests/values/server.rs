//! What only the server refuses, where that is looked into row by row: the table was narrowed after
//! its rows were staged. Each policy, both formats, append and keyed; and every end on the way.

use std::collections::BTreeMap;

use arrow_redshift::{
    ErrorKind,
    sink::{Applied, CommitPoint, Committable, LaunchId, Prepared, Progress, Sink},
};
use redshift_local::{
    RedshiftLocal,
    config::Isolation,
    faults::{Effect, FaultRule, StatementKind, When},
    s3,
};
use tokio_util::sync::CancellationToken;

use crate::{
    letters::{Letter, left, placed, placing},
    options::narrow,
    support::{
        BUCKET, KINDS, Kind, batch, client, content, eventually, identity, owned, prepared, rows,
        schema, stand_in,
    },
};

const FORMATS: [&str; 2] = ["parquet", "csv"];

/// What each writer stages; the table takes three bytes when that is loaded.
const WRITERS: [&[(i64, &str)]; 4] =
    [&[(1, "a"), (2, "2222"), (3, "c\nd")], &[(4, "d")], &[(5, "55555"), (6, "6666")], &[(7, "")]];

/// What is loaded of it where rows are set aside.
const FITTING: &[(i64, &str)] = &[(1, "a"), (3, "c\nd"), (4, "d"), (7, "")];

async fn looking(
    server: &RedshiftLocal,
    table: &str,
    policy: &str,
    format: &str,
) -> BTreeMap<String, String> {
    let mut options = narrow(server, table).await;
    for (key, value) in [
        ("sink.value-policy", policy),
        ("sink.value-policy.refused-loads", "true"),
        ("sink.copy.format", format),
        ("sink.max-retries", "2"),
    ] {
        options.insert(key.to_owned(), value.to_owned());
    }
    if policy == "dead-letter" {
        placing(&mut options);
    }
    options
}

async fn staged(sink: &Prepared) -> Committable {
    let mut parts = Vec::new();
    for (subtask, rows) in (0..).zip(WRITERS) {
        let mut writer = sink.writer(subtask, 1).unwrap();
        writer.write(&batch(rows), None).await.unwrap();
        parts.extend(writer.close(1).await.unwrap());
    }
    sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap()
}

async fn narrowed(server: &RedshiftLocal, table: &str, columns: &str) {
    let ddl = format!(
        "DROP TABLE {table}; CREATE TABLE {table} (id BIGINT NOT NULL, {columns}, score DOUBLE \
         PRECISION, seen TIMESTAMP)"
    );
    client(server).await.batch_execute(&ddl).await.unwrap();
}

/// A new committer, from the committable's bytes: what another process would do.
async fn again(sink: &Prepared, commit: &Committable) -> arrow_redshift::Result<Applied> {
    let commit = Committable::from_bytes(&commit.to_bytes().unwrap()).unwrap();
    sink.committer().commit(&commit, &CancellationToken::new()).await
}

/// The ids of the rows of a table that were set aside.
fn ids(letters: &[Letter], table: &str) -> Vec<i64> {
    let name = format!("\"public\".\"{table}\"");
    let mine = letters.iter().filter(|letter| letter.0["table"] == name);
    let mut ids: Vec<i64> = mine.map(|letter| letter.cell("id").as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids
}

/// The rows that fit are loaded, the others set aside, each once, and staging is empty.
async fn check(server: &RedshiftLocal, table: &str) {
    let watcher = client(server).await;
    assert_eq!(content(&watcher, table).await, owned(FITTING), "{table}");
    assert_eq!(ids(&placed(server), table), [2, 5, 6], "{table}");
}

fn name(test: &str, kind: Kind, format: &str) -> String {
    format!("{test}_{kind:?}_{format}").to_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_hold_for_what_only_the_server_refuses() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    for kind in KINDS {
        for format in FORMATS {
            let table = name("aside", kind, format);
            let sink = prepared(&looking(&server, &table, "dead-letter", format).await, kind).await;
            let commit = staged(&sink).await;
            narrowed(&server, &table, "name VARCHAR(3)").await;
            let applied = again(&sink, &commit).await.unwrap();
            assert_eq!((applied.before, applied.rows, applied.dead_letters), (false, 4, 3));
            check(&server, &table).await;
            assert_eq!(left(&server), Vec::<String>::new(), "{table}");
            // Given once more, as after a restart from the same checkpoint.
            for _ in 0..2 {
                let applied = again(&sink, &commit).await.unwrap();
                assert_eq!((applied.before, applied.rows, applied.dead_letters), (true, 4, 3));
                check(&server, &table).await;
            }
            for (policy, expected) in [("truncate", Some("222")), ("null", None)] {
                let table = name(policy, kind, format);
                let sink = prepared(&looking(&server, &table, policy, format).await, kind).await;
                let commit = staged(&sink).await;
                narrowed(&server, &table, "name VARCHAR(3)").await;
                let applied = again(&sink, &commit).await.unwrap();
                assert_eq!((applied.rows, applied.dead_letters), (7, 0), "{table}");
                let watcher = client(&server).await;
                let cut = rows(&watcher, &format!("SELECT name FROM {table} WHERE id = 2")).await;
                assert_eq!(cut, [[expected.unwrap_or("NULL")]], "{table}");
                assert_eq!(content(&watcher, &table).await.len(), 7, "{table}");
                assert!(again(&sink, &commit).await.unwrap().before);
                assert_eq!(left(&server), Vec::<String>::new(), "{table}");
            }
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_of_refused_loads_say_what_others_say() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let options = looking(&server, "said", "dead-letter", "parquet").await;
    let sink = prepared(&options, Kind::Append).await;
    let commit = staged(&sink).await;
    narrowed(&server, "said", "name VARCHAR(3)").await;
    again(&sink, &commit).await.unwrap();
    let letters = placed(&server);
    let first = letters.iter().find(|letter| letter.cell("id") == 2).unwrap();
    assert_eq!(first.refused(), [("name".to_owned(), "max-bytes".to_owned())]);
    assert_eq!((first.number("checkpoint"), first.number("subtask")), (1, 0));
    assert_eq!(first.number("number"), 2, "the second row of its part");
    assert_eq!(first.cell("name"), "2222");
    assert_eq!(first.cell("seen"), "2013-01-01 10:00:02");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn fail_names_column_rule_and_row_and_shows_the_key_only_where_allowed() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    for (kind, format, shown) in [
        (Kind::Append, "parquet", "false"),
        (Kind::Keyed, "parquet", "true"),
        (Kind::Keyed, "csv", "false"),
        (Kind::Append, "csv", "true"),
    ] {
        let table = name("failed", kind, format);
        let mut options = looking(&server, &table, "fail", format).await;
        options.insert("sink.value-policy.show-key".into(), shown.into());
        let sink = prepared(&options, kind).await;
        let commit = staged(&sink).await;
        narrowed(&server, &table, "name VARCHAR(3)").await;
        let error = again(&sink, &commit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoadRefused);
        let text = error.to_string();
        let part = &commit.parts().next().unwrap().url;
        for says in ["4 bytes of UTF-8 in column 'name'", "at most 3", "row: 2", part] {
            assert!(text.contains(says), "{says}: {text}");
        }
        let key = match (kind, shown) {
            (Kind::Append, _) => "more refused rows in its batch: 0",
            (_, "true") => "key: {\"id\":2}",
            _ => "key: hidden",
        };
        assert!(text.contains(key), "{key}: {text}");
        assert!(!text.contains("2222"), "{text}");
        assert_eq!(content(&client(&server).await, &table).await, []);
        // Nothing is left of the look, and the parts are there for another try.
        let parts = left(&server).into_iter().filter(|key| !key.contains("/manifest-"));
        assert_eq!(parts.count(), WRITERS.len(), "{:?}", left(&server));
        sink.committer().discard(&commit).await;
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_became_another_is_named() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let options = looking(&server, "became", "dead-letter", "parquet").await;
    let sink = prepared(&options, Kind::Append).await;
    let commit = staged(&sink).await;
    narrowed(&server, "became", "name INTEGER").await;
    let text = again(&sink, &commit).await.unwrap_err().to_string();
    let says = "column name: staged as VARCHAR(5), and it is INTEGER now";
    assert!(text.contains(says), "{text}");
    server.stop().await.unwrap();
}

/// A server that takes fewer bytes than anybody here knows of: the commit's staging table does.
#[tokio::test(flavor = "multi_thread")]
async fn what_shows_nowhere_here_is_learnt_by_loading_csv() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    for format in FORMATS {
        for policy in ["dead-letter", "fail"] {
            let table = format!("learnt_{format}_{}", policy.replace('-', "_"));
            let options = looking(&server, &table, policy, format).await;
            let sink = prepared(&options, Kind::Keyed).await;
            let mut commit = staged(&sink).await;
            for unit in &mut commit.units {
                unit.parts.truncate(1);
            }
            commit.shape.layout.columns[1].stage_type = "VARCHAR(3)".into();
            let tried = again(&sink, &commit).await;
            let held = content(&client(&server).await, &table).await;
            if policy == "fail" {
                let text = tried.unwrap_err().to_string();
                for says in ["column 'name'", "load error 1204", "row: 2", "key: hidden"] {
                    assert!(text.contains(says), "{says}: {text}");
                }
                assert_eq!(held, []);
                continue;
            }
            assert_eq!(tried.unwrap().dead_letters, 1);
            assert_eq!(held, owned(&[(1, "a"), (3, "c\nd")]));
            assert_eq!(ids(&placed(&server), &table), [2]);
            let letters = placed(&server);
            let letter = letters.iter().find(|one| ids(&[(*one).clone()], &table) == [2]).unwrap();
            assert_eq!(letter.refused(), [("name".to_owned(), "server".to_owned())]);
        }
    }
    server.stop().await.unwrap();
}

fn on_commit(effect: Effect) -> FaultRule {
    let statement = Some(StatementKind::Commit);
    let when = When { statement, user: Some("loader".into()), ..When::default() };
    FaultRule { when, skip: 0, count: 1, effect }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_in_passing_refused_rows_are_aside_once() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    for kind in KINDS {
        let copying =
            |effect| s3::Rule { count: Some(1), ..s3::Rule::new(effect).operation("CopyObject") };
        let faults: [(&str, Option<FaultRule>, Option<s3::Rule>); 4] = [
            ("before", Some(on_commit(Effect::LoseBefore)), None),
            ("after", Some(on_commit(Effect::LoseAfter)), None),
            ("slow", None, Some(copying(s3::Effect::SlowDown))),
            ("lost", None, Some(copying(s3::Effect::LoseAnswer))),
        ];
        for (fault, rule, storage) in faults {
            for policy in ["dead-letter", "truncate", "null"] {
                let table = format!("{fault}_{kind:?}_{}", policy.replace('-', "_")).to_lowercase();
                let options = looking(&server, &table, policy, "parquet").await;
                let sink = prepared(&options, kind).await;
                let commit = staged(&sink).await;
                narrowed(&server, &table, "name VARCHAR(3)").await;
                rule.iter().for_each(|rule| server.faults().inject(rule.clone()));
                storage.iter().for_each(|rule| server.s3().faults().add(rule.clone()));
                let applied = again(&sink, &commit).await.unwrap();
                server.faults().clear();
                server.s3().faults().clear();
                for applied in [applied, again(&sink, &commit).await.unwrap()] {
                    let aside = if policy == "dead-letter" { 3 } else { 0 };
                    assert_eq!(applied.dead_letters, aside, "{table}");
                    assert_eq!(applied.rows, 7 - aside, "{table}");
                }
                match policy {
                    "dead-letter" => check(&server, &table).await,
                    _ => assert_eq!(content(&client(&server).await, &table).await.len(), 7),
                }
                assert_eq!(left(&server), Vec::<String>::new(), "{table}");
            }
        }
    }
    server.stop().await.unwrap();
}

/// The key of a name beside a commit's parts.
fn beside(commit: &Committable, name: &str) -> String {
    let url = &commit.parts().next().unwrap().url;
    let (directory, _) = url.rsplit_once('/').unwrap();
    format!("{}/{name}", directory.strip_prefix(&format!("s3://{BUCKET}/")).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_on_the_way_is_followed_by_one_that_sets_aside_once() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    for kind in KINDS {
        // While it stages anew, before it commits, and before it places.
        let ends = [("staging", "PutObject"), ("loading", ""), ("placing", "CopyObject")];
        for (end, operation) in ends {
            let table = name(end, kind, "parquet");
            let options = looking(&server, &table, "dead-letter", "parquet").await;
            let sink = prepared(&options, kind).await;
            let commit = staged(&sink).await;
            narrowed(&server, &table, "name VARCHAR(3)").await;
            let fired = server.s3().faults().fired();
            let taken = server.faults().taken();
            if operation.is_empty() {
                let hold = std::time::Duration::from_secs(600);
                server.faults().inject(on_commit(Effect::Stall(hold)));
            } else {
                let stall = s3::Effect::Stall { millis: 600_000 };
                let rule = s3::Rule::new(stall).operation(operation).count(Some(1));
                let rule = match end {
                    "staging" => rule.keys(BUCKET, &beside(&commit, "part-0-1-1")),
                    _ => rule,
                };
                server.s3().faults().add(rule);
            }
            // Dropped in the middle, as by the end of its process.
            let (mut committer, stop) = (sink.committer(), CancellationToken::new());
            tokio::select! {
                ended = committer.commit(&commit, &stop) => panic!("it came through: {ended:?}"),
                () = eventually("it is there", async || {
                    server.s3().faults().fired() > fired || server.faults().taken() > taken
                }) => {}
            }
            drop(committer);
            server.faults().clear();
            server.s3().faults().clear();
            assert_eq!(
                ids(&placed(&server), &table),
                Vec::<i64>::new(),
                "{table}: not in place yet"
            );
            let applied = again(&sink, &commit).await.unwrap();
            assert_eq!((applied.rows, applied.dead_letters), (4, 3), "{table}");
            check(&server, &table).await;
            assert!(again(&sink, &commit).await.unwrap().before, "{table}");
            check(&server, &table).await;
        }
    }
    server.stop().await.unwrap();
}

/// Each sets rows aside under names of its own; the ledger says whose count.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_the_one_that_commits_decides() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    for kind in KINDS {
        let table = name("both", kind, "parquet");
        let options = looking(&server, &table, "dead-letter", "parquet").await;
        let sink = prepared(&options, kind).await;
        let rival = prepared(&options, kind).await;
        let commit = staged(&sink).await;
        narrowed(&server, &table, "name VARCHAR(3)").await;
        let (one, other) = tokio::join!(again(&sink, &commit), again(&rival, &commit));
        for applied in [one, other] {
            assert_eq!(applied.unwrap().dead_letters, 3, "{table}");
        }
        check(&server, &table).await;
    }
    server.stop().await.unwrap();
}

/// Stops a commit or a load while it puts rows in place.
async fn ended_while_placing<T: std::fmt::Debug>(
    server: &RedshiftLocal,
    work: impl Future<Output = T>,
) {
    let stall = s3::Effect::Stall { millis: 600_000 };
    let fired = server.s3().faults().fired();
    server.s3().faults().add(s3::Rule::new(stall).operation("CopyObject").count(Some(1)));
    tokio::select! {
        ended = work => panic!("it came through: {ended:?}"),
        () = eventually("it places", async || server.s3().faults().fired() > fired) => {}
    }
    server.s3().faults().clear();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_same_launch_spares_what_only_the_ledger_names() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let options = looking(&server, "restarted", "dead-letter", "parquet").await;
    let pairs: Vec<(String, String)> = options.into_iter().collect();
    let config = arrow_redshift::options::sink(&pairs).unwrap().config;
    let launch = LaunchId::fresh();
    let attempt =
        || Sink::new(config.clone(), schema(Kind::Append), identity(launch.clone())).unwrap();
    let sink = attempt().prepare(&[]).await.unwrap();
    let commit = staged(&sink).await;
    narrowed(&server, "restarted", "name VARCHAR(3)").await;
    let (mut committer, stop) = (sink.committer(), CancellationToken::new());
    ended_while_placing(&server, committer.commit(&commit, &stop)).await;
    let restarted = attempt().prepare(std::slice::from_ref(&commit)).await.unwrap();
    let applied = again(&restarted, &commit).await.unwrap();
    assert_eq!((applied.before, applied.rows, applied.dead_letters), (true, 4, 3));
    check(&server, "restarted").await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_counts_them_and_a_named_one_is_finished_by_its_next_start() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let batches = || futures::stream::iter(WRITERS.iter().map(|rows| Ok(batch(rows))));
    let (progress, stop) = (Progress::default(), CancellationToken::new());
    for run_id in [None, Some("nightly")] {
        let table = format!("load_{}", run_id.unwrap_or("unnamed"));
        let mut options = looking(&server, &table, "dead-letter", "parquet").await;
        options.extend(run_id.map(|id| ("sink.run-id".to_owned(), id.to_owned())));
        let sink = prepared(&options, Kind::Append).await;
        narrowed(&server, &table, "name VARCHAR(3)").await;
        if run_id.is_some() {
            ended_while_placing(&server, sink.load(batches(), &progress, &stop)).await;
            let sink = prepared(&options, Kind::Append).await;
            let summary = sink.load(batches(), &progress, &stop).await.unwrap();
            assert_eq!((summary.rows, summary.already_applied), (0, true));
        } else {
            let summary = sink.load(batches(), &progress, &stop).await.unwrap();
            assert_eq!((summary.rows, summary.loaded_rows, summary.dead_letters), (7, 4, 3));
        }
        check(&server, &table).await;
        assert_eq!(left(&server), Vec::<String>::new(), "{table}");
    }
    server.stop().await.unwrap();
}
