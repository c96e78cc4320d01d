//! What was set aside is in place once, wherever the process ends on the way.

use std::{collections::BTreeMap, time::Duration};

use arrow_redshift::{
    ErrorKind,
    sink::{Committable, Prepared, Progress, Summary},
};
use futures::stream;
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
    support::{KINDS, Kind, batch, client, content, eventually, owned, prepared, staged, stand_in},
};

const ROWS: &[(i64, &str)] = &[(1, "a"), (2, "too long"), (3, "c"), (4, "longer, too")];

async fn setting_aside(server: &RedshiftLocal, table: &str) -> BTreeMap<String, String> {
    let mut options = narrow(server, table).await;
    options.insert("sink.value-policy".into(), "dead-letter".into());
    options.insert("sink.max-retries".into(), "2".into());
    placing(&mut options);
    options
}

/// The ids of the rows of a table that were set aside.
fn ids(letters: &[Letter], table: &str) -> Vec<i64> {
    let name = format!("\"public\".\"{table}\"");
    let mine = letters.iter().filter(|letter| letter.0["table"] == name);
    mine.map(|letter| letter.cell("id").as_i64().unwrap()).collect()
}

/// A new committer, from the committable's bytes: what another process would do.
async fn again(sink: &Prepared, commit: &Committable) -> arrow_redshift::Result<bool> {
    let commit = Committable::from_bytes(&commit.to_bytes().unwrap()).unwrap();
    let applied = sink.committer().commit(&commit, &CancellationToken::new()).await?;
    assert_eq!(applied.dead_letters, 2);
    Ok(applied.before)
}

fn copying(effect: s3::Effect, count: Option<u64>) -> s3::Rule {
    s3::Rule { count, ..s3::Rule::new(effect).operation("CopyObject") }
}

async fn check(server: &RedshiftLocal, table: &str) {
    let rows = content(&client(server).await, table).await;
    assert_eq!(rows, owned(&[(1, "a"), (3, "c")]), "{table}");
    assert_eq!(ids(&placed(server), table), [2, 4], "{table}");
    assert_eq!(left(server), Vec::<String>::new(), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_in_passing_they_are_in_place_once() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let statement = |statement, effect| FaultRule {
        when: When { statement: Some(statement), user: Some("loader".into()), ..When::default() },
        skip: 0,
        count: 1,
        effect,
    };
    for kind in KINDS {
        let faults: [(&str, Option<FaultRule>, Option<s3::Rule>); 5] = [
            ("before_commit", Some(statement(StatementKind::Commit, Effect::LoseBefore)), None),
            ("after_commit", Some(statement(StatementKind::Commit, Effect::LoseAfter)), None),
            ("slow", None, Some(copying(s3::Effect::SlowDown, Some(2)))),
            ("cut", None, Some(copying(s3::Effect::Cut, Some(1)))),
            ("lost", None, Some(copying(s3::Effect::LoseAnswer, Some(1)))),
        ];
        for (name, rule, storage) in faults {
            let table = format!("{name}_{kind:?}").to_lowercase();
            let sink = prepared(&setting_aside(&server, &table).await, kind).await;
            let commit = staged(&sink, 1, ROWS, None).await;
            rule.into_iter().for_each(|rule| server.faults().inject(rule));
            storage.into_iter().for_each(|rule| server.s3().faults().add(rule));
            assert!(!again(&sink, &commit).await.unwrap(), "{table}");
            server.faults().clear();
            server.s3().faults().clear();
            check(&server, &table).await;
            // Given once more, as after a restart from the same checkpoint.
            assert!(again(&sink, &commit).await.unwrap(), "{table}");
            check(&server, &table).await;
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_between_commit_and_placing_is_followed_by_one_that_places() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    for (at, kind) in KINDS.into_iter().enumerate() {
        let table = format!("died_{kind:?}").to_lowercase();
        let sink = prepared(&setting_aside(&server, &table).await, kind).await;
        let commit = staged(&sink, 1, ROWS, None).await;
        let before = placed(&server).len();
        assert_eq!(before, 2 * at);
        server.s3().faults().add(copying(s3::Effect::Stall { millis: 600_000 }, Some(1)));
        let fired = server.s3().faults().fired();
        // Dropped in the middle of its request, as by the end of its process.
        let (mut committer, stop) = (sink.committer(), CancellationToken::new());
        tokio::select! {
            ended = committer.commit(&commit, &stop) => panic!("it came through: {ended:?}"),
            () = eventually("it places", async || server.s3().faults().fired() > fired) => {}
        }
        drop(committer);
        server.s3().faults().clear();
        assert_eq!(placed(&server).len(), before, "not in place yet");
        assert!(again(&sink, &commit).await.unwrap(), "the commit was applied");
        check(&server, &table).await;
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_placed_is_an_error_of_its_own_and_is_not_lost() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let sink = prepared(&setting_aside(&server, "denied").await, Kind::Append).await;
    let commit = staged(&sink, 1, ROWS, None).await;
    server.s3().faults().add(copying(s3::Effect::AccessDenied, None));
    for _ in 0..2 {
        let error = again(&sink, &commit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeadLettersPending);
        let text = format!("{error:?}");
        for part in ["the commit is applied", "2 rows", "s3:PutObject", "letters-0-1-", "dead/"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    server.s3().faults().clear();
    assert!(again(&sink, &commit).await.unwrap());
    check(&server, "denied").await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staged_file_that_is_gone_stops_the_commit() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let sink = prepared(&setting_aside(&server, "gone").await, Kind::Append).await;
    let commit = staged(&sink, 1, ROWS, None).await;
    let letters = commit.all_parts().find(|part| part.is_dead_letters()).unwrap();
    let key = letters.url.strip_prefix(&format!("s3://{}/", crate::support::BUCKET)).unwrap();
    server.s3().delete(crate::support::BUCKET, key).unwrap();
    let error = again(&sink, &commit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StagingMissing);
    assert_eq!(content(&client(&server).await, "gone").await, []);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_nothing_but_rows_that_were_set_aside_is_a_commit() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let sink = prepared(&setting_aside(&server, "nothing_else").await, Kind::Keyed).await;
    let commit = staged(&sink, 1, &[ROWS[1], ROWS[3]], None).await;
    assert!(!again(&sink, &commit).await.unwrap());
    assert!(again(&sink, &commit).await.unwrap());
    assert_eq!(content(&client(&server).await, "nothing_else").await, []);
    assert_eq!(ids(&placed(&server), "nothing_else"), [2, 4]);
    server.stop().await.unwrap();
}

/// One run of a batch load; `None` where it was ended while it placed.
async fn run(server: &RedshiftLocal, options: &BTreeMap<String, String>) -> Option<Summary> {
    let sink = prepared(options, Kind::Append).await;
    let batches = stream::iter(ROWS.chunks(2).map(|rows| Ok(batch(rows))));
    let (progress, stop) = (Progress::default(), CancellationToken::new());
    let fired = server.s3().faults().fired();
    tokio::select! {
        summary = sink.load(batches, &progress, &stop) => Some(summary.unwrap()),
        () = async {
            while server.s3().faults().fired() == fired {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        } => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_run_that_ended_before_placing_is_finished_by_its_next_start() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let mut options = setting_aside(&server, "named").await;
    options.insert("sink.run-id".into(), "nightly-1".into());

    // Ended before its commit: nothing of it may be placed.
    let sink = prepared(&options, Kind::Append).await;
    let hold = Effect::Stall(Duration::from_secs(600));
    let when = When { statement: Some(StatementKind::Commit), ..When::default() };
    server.faults().inject(FaultRule { when, skip: 0, count: 1, effect: hold });
    let batches = stream::iter([Ok(batch(&ROWS[..2]))]);
    let (progress, stop) = (Progress::default(), CancellationToken::new());
    tokio::select! {
        ended = sink.load(batches, &progress, &stop) => panic!("it came through: {ended:?}"),
        () = eventually("it commits", async || server.faults().taken() > 0) => {}
    }
    server.faults().clear();

    server.s3().faults().add(copying(s3::Effect::Stall { millis: 600_000 }, Some(1)));
    assert_eq!(run(&server, &options).await, None, "ended while it placed");
    server.s3().faults().clear();
    assert_eq!(placed(&server).len(), 0);

    let summary = run(&server, &options).await.expect("it comes through");
    assert_eq!((summary.rows, summary.already_applied), (0, true), "nothing is read again");
    check(&server, "named").await;
    let summary = run(&server, &options).await.expect("it comes through");
    assert!(summary.already_applied);
    check(&server, "named").await;
    server.stop().await.unwrap();
}
