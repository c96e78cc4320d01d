//! A process is killed at every statement of a commit and at every request that a commit makes of
//! S3, and a new one goes on.
//!
//! The victim is this test binary again: it runs [`victim`], which commits what the environment
//! names. The stand-in holds it at the n-th statement, or at the request, until it has been killed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use arrow_redshift::{
    sink::{Applied, Committable, Prepared},
    stage::RowKind,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use redshift_local::{
    RedshiftLocal,
    config::{Config, Isolation, Latency},
    faults::{Effect, FaultRule, When},
    s3,
};
use support::{
    BUCKET, KINDS, Kind, campaign, client, config, content, eventually, options, owned, prepared,
    skipped, staged, stand_in, start_with,
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
        .stdout(Stdio::piped())
        .spawn();
    child.expect("this binary starts again")
}

/// Waits until the victim is about to commit. What it says later has to go somewhere: to what this
/// gives.
fn wait_until_ready(child: &mut Child) -> BufReader<ChildStdout> {
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut lines = said.by_ref().lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with("ready")), "the victim never came to its commit");
    said
}

/// How long after its beginning a commit of the campaign is killed at the latest.
const LONGEST: Duration = Duration::from_millis(400);

/// Where the victim is held.
#[derive(Debug, Clone, Copy)]
enum Hold {
    /// At the n-th statement of its commit.
    Statement(u32),
    /// At its first request of this kind.
    S3(&'static str),
    /// Nowhere: it is killed this long after its commit began.
    Moment(Duration),
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

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign: run it with `cargo xtask soak`"]
async fn soak_processes_killed_at_random_moments() {
    if skipped() {
        return;
    }
    let (first, rounds) = (campaign("SOAK_SEED"), campaign("SOAK_ROUNDS"));
    // Slow enough for the moments to be spread over all of a commit.
    let latency = Latency { statement: Duration::from_millis(10), ..Latency::default() };
    let server = start_with(Config { latency, ..config() }).await;
    let (mut killed, mut before_commit, mut after_commit) = (0, 0, 0);
    for round in 0..rounds {
        let seed = first.wrapping_add(round);
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let kind = KINDS[random.random_range(0..KINDS.len())];
        let moment = Duration::from_micros(random.random_range(0..LONGEST.as_micros() as u64));
        let table = format!("soak_{kind:?}_{round}").to_lowercase();
        let Outcome { held, before } = crash_at(&server, kind, &table, Hold::Moment(moment)).await;
        assert!(held || before, "the victim that came through had applied it");
        killed += u64::from(held);
        before_commit += u64::from(held && !before);
        after_commit += u64::from(held && before);
    }
    println!(
        "{rounds} commits, {killed} processes killed: {before_commit} of them before their commit \
         was applied, {after_commit} after it"
    );
    assert!(before_commit > rounds / 4, "{before_commit} were killed before their COMMIT");
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
    let held = if let Hold::Moment(moment) = hold {
        let _rest = wait_until_ready(&mut child);
        tokio::time::sleep(moment).await;
        ended = child.try_wait().unwrap();
        ended.is_none()
    } else {
        eventually("the victim is held or done", async || {
            ended = child.try_wait().unwrap();
            ended.is_some() || met() > before
        })
        .await;
        met() > before
    };
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
        Hold::Moment(_) => {}
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
