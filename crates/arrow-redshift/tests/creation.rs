//! Two sinks that find the target missing at the same time, and make it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::time::Duration;

use arrow_redshift::sink::{Committable, Prepared};
use redshift_local::{
    RedshiftLocal,
    config::Isolation,
    faults::{Effect, FaultRule, StatementKind, When},
};
use support::{
    KINDS, Kind, client, content, eventually, options, owned, prepared, rows, staged, stand_in,
};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

/// How long the first one that creates a table waits for the other.
const MEETING: Duration = Duration::from_secs(4);

/// What meets the next `count` creations of this table.
fn at_creation(table: &str, count: u32, effect: Effect) -> FaultRule {
    let when = When {
        user: Some("loader".into()),
        statement: Some(StatementKind::Define),
        text: Some(format!("\"{table}\" (")),
        ..When::default()
    };
    FaultRule { when, skip: 0, count, effect }
}

async fn exists(watcher: &Client, table: &str) -> bool {
    let sql = format!("SELECT table_name FROM svv_all_tables WHERE table_name = '{table}'");
    !rows(watcher, &sql).await.is_empty()
}

/// Lets the two sinks meet at the creation of `table`: both have found it missing and are about to
/// create it.
async fn meet(server: &RedshiftLocal, watcher: &Client, table: &str) {
    server.faults().inject(at_creation(table, 2, Effect::Stall(MEETING)));
    let both = format!("both come to the creation of {table}");
    eventually(&both, async || server.faults().taken() == 2).await;
    assert!(!exists(watcher, table).await, "{table} is there before they met");
    server.faults().clear();
}

async fn apply(sink: &Prepared, commit: &Committable) {
    let stop = CancellationToken::new();
    sink.committer().commit(commit, &stop).await.unwrap_or_else(|error| panic!("{error:?}"));
}

/// Both sinks load, and nothing of either is lost.
async fn both_load(sinks: [Prepared; 2], watcher: &Client, table: &str) {
    let [one, two] = sinks;
    let first = staged(&one, 1, &[(1, "a"), (2, "b"), (3, "c")], None).await;
    let second = staged(&two, 1, &[(4, "d"), (5, "e")], None).await;
    tokio::join!(apply(&one, &first), apply(&two, &second));
    let all = owned(&[(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]);
    assert_eq!(content(watcher, table).await, all);
    let ledger = format!("SELECT rows_staged FROM {table}__flink_commits ORDER BY 1");
    assert_eq!(rows(watcher, &ledger).await, [["2"], ["3"]], "one ledger holds both commits");
}

async fn two_who_meet(server: &RedshiftLocal, watcher: &Client, kind: Kind) {
    let table = format!("met_{kind:?}").to_lowercase();
    let ledger = format!("{table}__flink_commits");
    let options = options(server, &table);
    let (one, two, ()) = tokio::join!(prepared(&options, kind), prepared(&options, kind), async {
        meet(server, watcher, &table).await;
        meet(server, watcher, &ledger).await;
    });
    both_load([one, two], watcher, &table).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_find_target_and_ledger_missing_share_what_one_creates() {
    let levels = [Isolation::Snapshot, Isolation::Serializable];
    for (isolation, kind) in levels.into_iter().zip(KINDS) {
        let Some(server) = stand_in(isolation).await else { return };
        let watcher = client(&server).await;
        two_who_meet(&server, &watcher, kind).await;
        server.stop().await.unwrap();
    }
}

/// `IF NOT EXISTS` does not help who is told of the other's table by an error, or of a conflict with
/// its creation: what counts is what is there afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_a_creation_looks_again() {
    let Some(server) = stand_in(Isolation::Serializable).await else { return };
    let watcher = client(&server).await;
    let errors = [("42P07", "Relation already exists"), ("XX000", "1023")];
    for (number, (sqlstate, message)) in errors.into_iter().enumerate() {
        let table = format!("lost_{number}");
        for name in [table.clone(), format!("{table}__flink_commits")] {
            let told = Effect::Fail {
                sqlstate: sqlstate.into(),
                message: message.into(),
                detail: Some("Serializable isolation violation on table".into()),
            };
            // One is slow to create it; the other hears of it before it is there.
            server.faults().inject(at_creation(&name, 1, Effect::Stall(Duration::from_secs(1))));
            server.faults().inject(at_creation(&name, 1, told));
        }
        let options = options(&server, &table);
        let (one, two) =
            tokio::join!(prepared(&options, Kind::Keyed), prepared(&options, Kind::Keyed));
        assert_eq!(server.faults().taken(), 4, "{sqlstate}: both came to both creations");
        server.faults().clear();
        both_load([one, two], &watcher, &table).await;
    }
    server.stop().await.unwrap();
}
