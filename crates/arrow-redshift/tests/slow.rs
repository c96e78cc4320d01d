//! The main path on a warehouse as slow as a real one may be: statements that take their time,
//! commits one at a time, a COPY of a second. What only works on a fast server fails here.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::time::{Duration, Instant};

use arrow_redshift::{
    sink::{Applied, Committable, Prepared},
    stage::RowKind,
};
use futures::{StreamExt, stream};
use redshift_local::{
    RedshiftLocal,
    config::{Config, Isolation},
    faults::{Effect, Ending, FaultRule, StatementKind, When},
};
use support::{
    KINDS, Kind, SLOW, client, config, content, options, owned, prepared, rows, skipped, staged,
    start_with,
};
use tokio_util::sync::CancellationToken;

/// Cases that wait beside each other.
const AT_ONCE: usize = 4;

/// What a case meets at a statement of its second commit; nothing, or what it has to survive.
type Trouble = Option<(StatementKind, Effect)>;

fn troubles() -> Vec<(&'static str, Trouble)> {
    use StatementKind::{Commit, Copy};
    let conflict = Effect::Fail {
        sqlstate: "XX000".into(),
        message: "1023".into(),
        detail: Some("Serializable isolation violation on table".into()),
    };
    let slow_down = Effect::Fail {
        sqlstate: "XX000".into(),
        message: "S3ServiceException:Please reduce your request rate.,Status 503".into(),
        detail: None,
    };
    let lives_on = Effect::LiveOn { hold: Duration::from_secs(1), then: Ending::Commit };
    vec![
        ("none", None),
        ("before_commit", Some((Commit, Effect::LoseBefore))),
        ("after_commit", Some((Commit, Effect::LoseAfter))),
        ("lives_on", Some((Commit, lives_on))),
        ("conflict", Some((Commit, conflict))),
        ("slow_down", Some((Copy, slow_down))),
    ]
}

async fn apply(sink: &Prepared, commit: &Committable) -> Applied {
    let stop = CancellationToken::new();
    sink.committer().commit(commit, &stop).await.unwrap_or_else(|error| panic!("{error:?}"))
}

async fn load_twice(server: &RedshiftLocal, kind: Kind, name: &str, trouble: Trouble) {
    let table = format!("{name}_{kind:?}").to_lowercase();
    let mut options = options(server, &table);
    options.insert("sink.max-retries".into(), "5".into());
    options.insert("sink.lock-timeout".into(), "20 s".into());
    let sink = prepared(&options, kind).await;
    let first = staged(&sink, 1, &[(1, "a"), (2, "b"), (3, "c")], None).await;
    let began = Instant::now();
    let applied = apply(&sink, &first).await;
    assert!(began.elapsed() >= SLOW.copy + SLOW.commit, "{table}: it is not slow");
    assert_eq!(applied.retries, 0, "{table}: slowness alone is no reason to try again");

    let kinds = [RowKind::UpdateAfter, RowKind::Delete, RowKind::Insert];
    let kinds = (kind == Kind::Keyed).then_some(kinds.as_slice());
    let second = staged(&sink, 2, &[(2, "b2"), (3, "c2"), (4, "d")], kinds).await;
    let retries = u32::from(trouble.is_some());
    if let Some((statement, effect)) = trouble {
        let label = Some(second.id().label());
        let when = When { statement: Some(statement), label, ..When::default() };
        server.faults().inject(FaultRule { when, skip: 0, count: 1, effect });
    }
    // As after a restart whose old process is not quite gone: two committers of one commit.
    let (one, two) = tokio::join!(apply(&sink, &second), async {
        tokio::time::sleep(SLOW.copy / 2).await;
        apply(&sink, &second).await
    });
    assert!(one.retries + two.retries >= retries, "{table}: the trouble never struck");
    let expected = match kind {
        Kind::Append => owned(&[(1, "a"), (2, "b"), (2, "b2"), (3, "c"), (3, "c2"), (4, "d")]),
        Kind::Keyed => owned(&[(1, "a"), (2, "b2"), (4, "d")]),
    };
    let watcher = client(server).await;
    assert_eq!(content(&watcher, &table).await, expected, "{table}");
    let ledger = format!("SELECT id FROM {table}__flink_commits");
    assert_eq!(rows(&watcher, &ledger).await.len(), 2, "{table}: one ledger row per commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_path_holds_on_a_slow_warehouse() {
    if skipped() {
        return;
    }
    tokio::join!(all_cases(Isolation::Snapshot), all_cases(Isolation::Serializable));
}

async fn all_cases(isolation: Isolation) {
    let server = start_with(Config { isolation, latency: SLOW, ..config() }).await;
    let mut cases = Vec::new();
    for kind in KINDS {
        for (name, trouble) in troubles() {
            cases.push(load_twice(&server, kind, name, trouble));
        }
    }
    let faults = cases.len() as u32 - KINDS.len() as u32;
    stream::iter(cases).buffer_unordered(AT_ONCE).collect::<()>().await;
    assert_eq!(server.faults().taken(), faults, "every trouble struck once");
    server.stop().await.unwrap();
}
