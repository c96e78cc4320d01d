//! A process is killed at every statement of a commit and at every request that a commit makes of
//! S3, and a new one goes on.
//!
//! The victim is this test binary again: it runs [`victim`], which commits what the environment
//! names. The stand-in holds it at the n-th statement, or at the request, until it has been killed.
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
    s3,
};
use support::{
    BUCKET, KINDS, Kind, client, content, eventually, options, owned, prepared, staged, stand_in,
};
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

/// Where the victim is held.
#[derive(Debug, Clone, Copy)]
enum Hold {
    /// At the n-th statement of its commit.
    Statement(u32),
    /// At its first request of this kind.
    S3(&'static str),
}

/// What became of a victim's commit.
struct Outcome {
    /// Whether the victim was killed.
    held: bool,
    /// Whether the new process found the commit applied.
    before: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_process_goes_on_after_a_crash_at_any_statement() {
    for isolation in [Isolation::Snapshot, Isolation::Serializable] {
        let Some(server) = stand_in(isolation).await else { return };
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
        let Outcome { held, before } = crash_at(server, kind, &table, Hold::Statement(step)).await;
        assert!(!before || !held || step + 1 >= least(kind), "applied before its COMMIT");
        assert!(held || before, "the victim that came through had applied it");
        if !held {
            return step;
        }
    }
    unreachable!("some victim comes through")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_process_goes_on_after_a_crash_at_s3() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    for kind in KINDS {
        // The manifest is put before anything is loaded, and files go when all is committed.
        for (request, applied) in [("PutObject", false), ("DeleteObjects", true)] {
            let table = format!("crash_{kind:?}_{request}").to_lowercase();
            let outcome = crash_at(&server, kind, &table, Hold::S3(request)).await;
            assert!(outcome.held, "{request}: no victim came there");
            assert_eq!(outcome.before, applied, "{request}: found applied");
        }
    }
    server.stop().await.unwrap();
}

/// Kills a victim where it is told, and goes on in this process; the table is right in any case,
/// and the parts are gone.
async fn crash_at(server: &RedshiftLocal, kind: Kind, table: &str, hold: Hold) -> Outcome {
    let watcher = client(server).await;
    let options = options(server, table);
    let sink = prepared(&options, kind).await;
    commit(&sink, &staged(&sink, 1, &[(1, "a"), (2, "b")], None).await).await;
    let changes = [RowKind::UpdateAfter, RowKind::Insert];
    let changes = (kind == Kind::Keyed).then_some(changes.as_slice());
    let second = staged(&sink, 2, &[(2, "b2"), (3, "c")], changes).await;

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), second.to_bytes().unwrap()).unwrap();
    let met = || u64::from(server.faults().taken()) + server.s3().faults().fired();
    let before = met();
    hold_at(server, hold, &second);
    let mut child = start_victim(&options, file.path().to_str().unwrap()).await;
    let mut ended = None;
    eventually("the victim is held or done", async || {
        ended = child.try_wait().unwrap();
        ended.is_some() || met() > before
    })
    .await;
    let held = met() > before;
    if held {
        child.kill().unwrap();
        child.wait().unwrap();
    } else {
        assert!(ended.unwrap().success(), "a victim that is not held comes through");
    }
    server.faults().clear();
    server.s3().faults().clear();

    let before = commit(&sink, &second).await.before;
    let expected = match kind {
        Kind::Append => owned(&[(1, "a"), (2, "b"), (2, "b2"), (3, "c")]),
        Kind::Keyed => owned(&[(1, "a"), (2, "b2"), (3, "c")]),
    };
    assert_eq!(content(&watcher, table).await, expected, "{kind:?}, killed at {hold:?}");
    let left = server.s3().list(BUCKET, "temp/").unwrap();
    let part = |url: &str| left.iter().any(|object| url.ends_with(object.key.as_str()));
    assert!(!second.parts().any(|p| part(&p.url)), "{kind:?}, killed at {hold:?}: parts are left");
    Outcome { held, before }
}

fn hold_at(server: &RedshiftLocal, hold: Hold, commit: &Committable) {
    let time = Duration::from_secs(600);
    match hold {
        // Statements of the commit run under its label, those of the preparation do not.
        Hold::Statement(step) => server.faults().inject(FaultRule {
            when: When { label: Some(commit.id().label()), ..When::default() },
            skip: step,
            count: 1,
            effect: Effect::Stall(time),
        }),
        Hold::S3(request) => {
            let stall = s3::Effect::Stall { millis: time.as_millis() as u64 };
            server.s3().faults().add(s3::Rule::new(stall).operation(request));
        }
    }
}

async fn commit(sink: &Prepared, commit: &Committable) -> Applied {
    let stop = CancellationToken::new();
    sink.committer().commit(commit, &stop).await.unwrap_or_else(|error| panic!("{error:?}"))
}

/// Statements of a commit, from BEGIN or the staging table to COMMIT.
fn least(kind: Kind) -> u32 {
    if kind == Kind::Keyed { 12 } else { 8 }
}
