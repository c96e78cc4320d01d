//! A process is killed at every statement of a commit, and a new one goes on.
//!
//! The victim is this test binary again: it runs [`victim`], which commits what the environment
//! names. The stand-in holds it at the n-th statement until it has been killed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    time::Duration,
};

use arrow_redshift::{
    sink::{Applied, Committable, Prepared},
    stage::RowKind,
};
use redshift_local::{
    RedshiftLocal,
    config::Isolation,
    faults::{Effect, FaultRule, When},
};
use support::{KINDS, Kind, client, content, eventually, options, owned, prepared, staged};
use tokio_util::sync::CancellationToken;

/// Where the victim finds its options, as JSON.
const OPTIONS: &str = "CRASH_TEST_OPTIONS";
/// Where the victim finds the committable's bytes.
const COMMIT: &str = "CRASH_TEST_COMMIT";

/// Not a test of its own: the process that is killed.
#[tokio::test]
async fn victim() {
    let (Ok(options), Ok(commit)) = (std::env::var(OPTIONS), std::env::var(COMMIT)) else { return };
    let options: BTreeMap<String, String> = serde_json::from_str(&options).unwrap();
    let commit = Committable::from_bytes(&std::fs::read(commit).unwrap()).unwrap();
    let kind = if commit.shape.layout.keyed() { Kind::Keyed } else { Kind::Append };
    let sink = prepared(&options, kind).await;
    println!("ready");
    sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
}

async fn start_victim(options: &BTreeMap<String, String>, commit: &str) -> Child {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--nocapture"])
        .env(OPTIONS, serde_json::to_string(options).unwrap())
        .env(COMMIT, commit)
        .stdout(Stdio::null())
        .spawn();
    child.expect("this binary starts again")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_process_goes_on_after_a_crash_at_any_statement() {
    for isolation in [Isolation::Snapshot, Isolation::Serializable] {
        let server = support::start(isolation).await;
        for kind in KINDS {
            let steps = crash_at_every_step(&server, kind).await;
            println!("{isolation:?} {kind:?}: killed at each of {steps} statements");
            assert!(steps >= least(kind), "only {steps} statements were held");
        }
        server.stop().await.unwrap();
    }
}

/// Kills a victim at its first, second, … statement of the commit until one comes through.
async fn crash_at_every_step(server: &RedshiftLocal, kind: Kind) -> u32 {
    for step in 0.. {
        let table = format!("crash_{kind:?}_{step}").to_lowercase();
        if !crash_at(server, kind, &table, step).await {
            return step;
        }
    }
    unreachable!("some victim comes through")
}

/// Whether the victim was killed at that statement; the table is right in any case.
async fn crash_at(server: &RedshiftLocal, kind: Kind, table: &str, step: u32) -> bool {
    let watcher = client(server).await;
    let options = options(server, table);
    let sink = prepared(&options, kind).await;
    commit(&sink, &staged(&sink, 1, &[(1, "a"), (2, "b")], None).await).await;
    let changes = [RowKind::UpdateAfter, RowKind::Insert];
    let changes = (kind == Kind::Keyed).then_some(changes.as_slice());
    let second = staged(&sink, 2, &[(2, "b2"), (3, "c")], changes).await;

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), second.to_bytes().unwrap()).unwrap();
    // Statements of the commit run under its label, those of the preparation do not.
    server.faults().inject(FaultRule {
        when: When { label: Some(second.id().label()), ..When::default() },
        skip: step,
        count: 1,
        effect: Effect::Stall(Duration::from_secs(600)),
    });
    let mut child = start_victim(&options, file.path().to_str().unwrap()).await;
    let mut ended = None;
    eventually("the victim is held or done", async || {
        ended = child.try_wait().unwrap();
        ended.is_some() || server.faults().taken() == 1
    })
    .await;
    let held = server.faults().taken() == 1;
    if held {
        child.kill().unwrap();
        child.wait().unwrap();
    } else {
        assert!(ended.unwrap().success(), "a victim that is not held comes through");
    }
    server.faults().clear();

    let before = commit(&sink, &second).await.before;
    assert!(!before || !held || step + 1 >= least(kind), "applied before its COMMIT");
    assert!(held || before, "the victim that came through had applied it");
    let expected = match kind {
        Kind::Append => owned(&[(1, "a"), (2, "b"), (2, "b2"), (3, "c")]),
        Kind::Keyed => owned(&[(1, "a"), (2, "b2"), (3, "c")]),
    };
    assert_eq!(content(&watcher, table).await, expected, "{kind:?}, killed at statement {step}");
    held
}

async fn commit(sink: &Prepared, commit: &Committable) -> Applied {
    let stop = CancellationToken::new();
    sink.committer().commit(commit, &stop).await.unwrap_or_else(|error| panic!("{error:?}"))
}

/// Statements of a commit, from BEGIN or the staging table to COMMIT.
fn least(kind: Kind) -> u32 {
    if kind == Kind::Keyed { 12 } else { 8 }
}
