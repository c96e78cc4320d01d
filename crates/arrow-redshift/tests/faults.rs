//! Everything that can go wrong between the parts and the table: after each, the table holds
//! exactly what was acknowledged, once.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::time::{Duration, Instant};

use arrow_redshift::{
    ErrorKind,
    sink::{Applied, Committable, Prepared},
    stage::RowKind,
};
use redshift_local::{
    RedshiftLocal,
    config::Isolation,
    faults::{Effect, Ending, FaultRule, StatementKind, When},
    s3,
};
use support::{
    KINDS, Kind, campaign, client, content, eventually, options, owned, prepared, rows, staged,
};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

const FIRST: &[(i64, &str)] = &[(1, "a"), (2, "b"), (3, "c"), (4, "d")];
const SECOND: &[(i64, &str)] = &[(3, "c2"), (4, "gone"), (5, "e"), (6, "lost"), (6, "f")];
const KINDS_OF_SECOND: &[RowKind] = &[
    RowKind::UpdateAfter,
    RowKind::Delete,
    RowKind::Insert,
    RowKind::Insert,
    RowKind::UpdateAfter,
];

/// One table, loaded once, with a second commit staged.
struct Case {
    table: String,
    kind: Kind,
    sink: Prepared,
    commit: Committable,
}

impl Case {
    async fn new(server: &RedshiftLocal, kind: Kind, name: &str) -> Case {
        let table = format!("t_{name}_{kind:?}").to_lowercase();
        let mut options = options(server, &table);
        options.insert("sink.max-retries".into(), "5".into());
        let sink = prepared(&options, kind).await;
        let first = staged(&sink, 1, FIRST, None).await;
        apply(&sink, &first).await.expect("the first commit");
        let kinds = (kind == Kind::Keyed).then_some(KINDS_OF_SECOND);
        let commit = staged(&sink, 2, SECOND, kinds).await;
        Case { table, kind, sink, commit }
    }

    fn expected(&self) -> Vec<(i64, String)> {
        match self.kind {
            Kind::Append => {
                let mut all = owned(FIRST);
                all.extend(owned(SECOND));
                all.sort();
                all
            }
            Kind::Keyed => owned(&[(1, "a"), (2, "b"), (3, "c2"), (5, "e"), (6, "f")]),
        }
    }

    async fn check(&self, watcher: &Client, what: &str) {
        let found = content(watcher, &self.table).await;
        assert_eq!(found, self.expected(), "{what} {:?}", self.kind);
        let ledger =
            format!("SELECT id, rows_staged FROM {}__flink_commits ORDER BY 1", self.table);
        assert_eq!(rows(watcher, &ledger).await.len(), 2, "{what}: one ledger row per commit");
    }
}

async fn apply(sink: &Prepared, commit: &Committable) -> arrow_redshift::Result<Applied> {
    sink.committer().commit(commit, &CancellationToken::new()).await
}

fn ours(statement: StatementKind) -> When {
    When { statement: Some(statement), user: Some("loader".into()), ..When::default() }
}

fn rule(statement: StatementKind, effect: Effect) -> FaultRule {
    FaultRule { when: ours(statement), skip: 0, count: 1, effect }
}

fn fail(sqlstate: &str, message: &str, detail: Option<&str>) -> Effect {
    Effect::Fail {
        sqlstate: sqlstate.into(),
        message: message.into(),
        detail: detail.map(str::to_owned),
    }
}

/// Faults after which one call of `commit` must still succeed.
fn survivable() -> Vec<(&'static str, FaultRule)> {
    use StatementKind::{Begin, Commit, Connect, Copy, Lock, Write};
    let secs = Duration::from_secs;
    let cycle = "Serializable isolation violation on table - 100, transactions forming the cycle \
                 are: 1, 2 (pid:3)";
    vec![
        ("before_commit", rule(Commit, Effect::LoseBefore)),
        ("after_commit", rule(Commit, Effect::LoseAfter)),
        ("lives_on_commits", rule(Commit, Effect::LiveOn { hold: secs(1), then: Ending::Commit })),
        (
            "lives_on_rolls_back",
            rule(Commit, Effect::LiveOn { hold: secs(1), then: Ending::Rollback }),
        ),
        (
            "lives_on_too_long",
            rule(Commit, Effect::LiveOn { hold: secs(600), then: Ending::Commit }),
        ),
        ("lost_in_copy", rule(Copy, Effect::LoseBefore)),
        ("lost_after_copy", rule(Copy, Effect::LoseAfter)),
        (
            "lives_on_in_copy",
            rule(Copy, Effect::LiveOn { hold: secs(600), then: Ending::Rollback }),
        ),
        ("lost_at_lock", rule(Lock, Effect::LoseBefore)),
        ("lost_at_write", rule(Write, Effect::LoseAfter)),
        ("e1023_at_commit", rule(Commit, fail("XX000", "1023", Some(cycle)))),
        ("e1023_at_write", rule(Write, fail("XX000", "1023", Some(cycle)))),
        ("e1018", rule(Write, fail("XX000", "1018", Some("Relation does not exist")))),
        ("e40p01", rule(Lock, fail("40P01", "deadlock detected", None))),
        ("e57p01", rule(Copy, Effect::Terminate)),
        ("e57p01_at_commit", rule(Commit, Effect::Terminate)),
        ("e53300", rule(Connect, fail("53300", "too many connections", None))),
        ("refused", rule(Connect, Effect::Refuse)),
        (
            "e503",
            rule(
                Copy,
                fail(
                    "XX000",
                    "S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown",
                    None,
                ),
            ),
        ),
        ("stalled", rule(Begin, Effect::Stall(Duration::from_millis(700)))),
    ]
}

async fn every_survivable_fault(isolation: Isolation) {
    let Some(server) = support::stand_in(isolation).await else { return };
    let watcher = client(&server).await;
    for kind in KINDS {
        for (name, fault) in survivable() {
            let case = Case::new(&server, kind, name).await;
            server.faults().inject(fault);
            let applied = apply(&case.sink, &case.commit)
                .await
                .unwrap_or_else(|error| panic!("{name} {kind:?}: {error:?}"));
            assert_eq!(server.faults().taken(), 1, "{name} {kind:?}: the fault never struck");
            server.faults().clear();
            assert!(!applied.before, "{name}: this call applied it");
            case.check(&watcher, name).await;
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_survivable_fault_under_snapshot() {
    every_survivable_fault(Isolation::Snapshot).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_survivable_fault_under_serializable() {
    every_survivable_fault(Isolation::Serializable).await;
}

async fn each(isolation: Isolation, name: &str, test: impl AsyncFn(&RedshiftLocal, &Client, Case)) {
    let Some(server) = support::stand_in(isolation).await else { return };
    let watcher = client(&server).await;
    for kind in KINDS {
        let case = Case::new(&server, kind, name).await;
        test(&server, &watcher, case).await;
    }
    server.stop().await.unwrap();
}

const LEVELS: [Isolation; 2] = [Isolation::Snapshot, Isolation::Serializable];

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_given_twice_is_applied_once() {
    for isolation in LEVELS {
        each(isolation, "twice", async |_, watcher, case| {
            assert!(!apply(&case.sink, &case.commit).await.unwrap().before);
            // Its parts are gone by now, as after a crash behind COMMIT.
            assert!(apply(&case.sink, &case.commit).await.unwrap().before);
            case.check(watcher, "given twice").await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_committers_at_once_apply_once() {
    for isolation in LEVELS {
        each(isolation, "race", async |_, watcher, case| {
            let (one, two) =
                tokio::join!(apply(&case.sink, &case.commit), apply(&case.sink, &case.commit));
            let (one, two) = (one.expect("the first"), two.expect("the second"));
            assert!(one.before != two.before, "exactly one of them applied it");
            case.check(watcher, "two committers").await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_writer_of_the_same_keys_leaves_no_duplicate() {
    for isolation in LEVELS {
        each(isolation, "foreign", async |server, watcher, case| {
            let foreign = client(server).await;
            let insert = format!(
                "INSERT INTO {} (id, name, score, seen) VALUES (5, 'foreign', 2.5, \
                 '2013-01-01 10:00:05')",
                case.table
            );
            // Its row is written but not committed when the commit asks for its lock.
            foreign.batch_execute("BEGIN").await.unwrap();
            foreign.batch_execute(&insert).await.unwrap();
            let committed = async {
                tokio::time::sleep(Duration::from_millis(800)).await;
                foreign.batch_execute("COMMIT").await.unwrap();
            };
            let (applied, ()) = tokio::join!(apply(&case.sink, &case.commit), committed);
            applied.unwrap_or_else(|error| panic!("{:?}: {error:?}", case.kind));
            let mut expected = case.expected();
            if case.kind == Kind::Append {
                expected.push((5, "foreign".to_owned()));
                expected.sort();
            }
            assert_eq!(content(watcher, &case.table).await, expected);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fatal_error_is_not_tried_again_and_says_what_the_server_said() {
    for isolation in LEVELS {
        each(isolation, "fatal", async |server, watcher, case| {
            let detail = "error:  Spectrum Scan Error\n  code:      15007\n  context:   the column";
            let effect = fail("XX000", "Spectrum Scan Error", Some(detail));
            server.faults().inject(FaultRule { count: 9, ..rule(StatementKind::Copy, effect) });
            let error = apply(&case.sink, &case.commit).await.unwrap_err();
            assert_eq!(server.faults().taken(), 1, "tried once");
            server.faults().clear();
            assert_eq!(error.kind(), ErrorKind::LoadRefused);
            assert_eq!(error.code(), Some("XX000"));
            let text = error.to_string();
            assert!(text.contains("tries: 1,"), "{text}");
            assert!(text.contains("15007") && text.contains(case.commit.id().as_str()), "{text}");

            // Nothing of it is in the table, and the same committable can still be applied.
            assert_eq!(content(watcher, &case.table).await, owned(FIRST));
            apply(&case.sink, &case.commit).await.unwrap();
            case.check(watcher, "after a fatal error").await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_commit_is_asked_for_even_without_a_retry_left() {
    for isolation in LEVELS {
        each(isolation, "asked", async |server, watcher, case| {
            server.faults().inject(rule(StatementKind::Commit, Effect::LoseAfter));
            let applied = apply(&impatient(server, &case).await, &case.commit).await.unwrap();
            server.faults().clear();
            assert!(!applied.before, "this call applied it");
            case.check(watcher, "asked").await;

            // And one that did not go through is said to be not applied, so it can come again.
            let third = staged(&case.sink, 3, &[(9, "i")], None).await;
            server.faults().inject(rule(StatementKind::Commit, Effect::LoseBefore));
            let error = apply(&impatient(server, &case).await, &third).await.unwrap_err();
            server.faults().clear();
            assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error:?}");
            assert!(!apply(&case.sink, &third).await.unwrap().before);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_nobody_can_tell_is_settled_by_the_next_process() {
    for isolation in LEVELS {
        each(isolation, "unknown", async |server, watcher, case| {
            let sink = impatient(server, &case).await;
            server.faults().inject(rule(StatementKind::Commit, Effect::LoseAfter));
            // The first connection is the commit's own; after it nobody gets in any more.
            let refused = rule(StatementKind::Connect, Effect::Refuse);
            server.faults().inject(FaultRule { skip: 1, count: 99, ..refused });
            let error = apply(&sink, &case.commit).await.unwrap_err();
            server.faults().clear();
            assert_eq!(error.kind(), ErrorKind::CommitUnknown, "{error:?}");
            let bytes = case.commit.to_bytes().unwrap();
            let restored = Committable::from_bytes(&bytes).unwrap();
            assert!(apply(&case.sink, &restored).await.unwrap().before);
            case.check(watcher, "settled later").await;
        })
        .await;
    }
}

/// The same sink without retries.
async fn impatient(server: &RedshiftLocal, case: &Case) -> Prepared {
    let mut none = options(server, &case.table);
    none.insert("sink.max-retries".into(), "0".into());
    prepared(&none, case.kind).await
}

#[tokio::test(flavor = "multi_thread")]
async fn gathered_commits_apply_each_unit_once_however_they_are_forked() {
    for isolation in LEVELS {
        each(isolation, "forked", async |_, watcher, case| {
            // A savepoint holds the second commit; one job commits it with a third, a job that
            // was started from the savepoint commits it with a fourth.
            let third = staged(&case.sink, 3, &[(7, "g")], None).await;
            let fourth = staged(&case.sink, 4, &[(8, "h")], None).await;
            let mut one = case.commit.clone();
            one.absorb(third).unwrap();
            let mut other = case.commit.clone();
            other.absorb(fourth).unwrap();
            assert!(!apply(&case.sink, &one).await.unwrap().before);
            // The files of the second are gone by now; nothing needs them any more.
            assert!(!apply(&case.sink, &other).await.unwrap().before);
            let mut expected = case.expected();
            expected.extend(owned(&[(7, "g"), (8, "h")]));
            expected.sort();
            assert_eq!(content(watcher, &case.table).await, expected, "{:?}", case.kind);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_vanished_is_named_and_nothing_is_loaded() {
    for isolation in LEVELS {
        each(isolation, "vanished", async |server, watcher, case| {
            let url = case.commit.units[0].parts[0].url.clone();
            let key = url.strip_prefix("s3://staging/").expect("our bucket");
            server.s3().delete("staging", key).expect("deletes");
            let error = apply(&case.sink, &case.commit).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StagingMissing, "{error:?}");
            assert!(error.to_string().contains(&url), "{error}");
            assert_eq!(content(watcher, &case.table).await, owned(FIRST));
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_that_slows_down_delays_but_loses_nothing() {
    for isolation in LEVELS {
        each(isolation, "slow_s3", async |server, watcher, case| {
            let slow = || s3::Rule::new(s3::Effect::SlowDown).count(Some(2));
            // First what COPY reads, then what the committer itself asks of S3.
            server.s3().faults().add(slow().reach(s3::Reach::Copy));
            server.s3().faults().add(slow().reach(s3::Reach::Clients));
            apply(&case.sink, &case.commit).await.unwrap();
            assert!(server.s3().faults().fired() >= 2, "the faults never struck");
            server.s3().faults().clear();
            case.check(watcher, "503").await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_a_commit_leaves_the_table_and_its_locks_alone() {
    for isolation in LEVELS {
        each(isolation, "stopped", async |server, watcher, case| {
            let stall = Effect::Stall(Duration::from_secs(600));
            server.faults().inject(rule(StatementKind::Copy, stall));
            let stop = CancellationToken::new();
            let mut committer = case.sink.committer();
            let stopping = async {
                eventually("COPY stalls", async || server.faults().taken() == 1).await;
                stop.cancel();
            };
            let (stopped, ()) = tokio::join!(committer.commit(&case.commit, &stop), stopping);
            assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Interrupted);
            server.faults().clear();
            assert_eq!(content(watcher, &case.table).await, owned(FIRST));
            apply(&case.sink, &case.commit).await.unwrap();
            case.check(watcher, "after a stop").await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_too_slow_ends_in_time_and_can_be_given_again() {
    each(Isolation::Snapshot, "late", async |server, watcher, case| {
        let stall = || Effect::Stall(Duration::from_secs(600));
        // Everything up to the stall has to fit.
        let limit = Duration::from_secs(if support::slow() { 4 } else { 1 });
        let limited = || case.sink.committer().with_timeout(Some(limit));
        let stop = CancellationToken::new();
        for statement in [StatementKind::Connect, StatementKind::Copy, StatementKind::Write] {
            server.faults().inject(rule(statement, stall()));
            let started = Instant::now();
            let error = limited().commit(&case.commit, &stop).await.unwrap_err();
            let took = started.elapsed();
            assert!(took >= limit && took < limit + Duration::from_secs(7), "{took:?}");
            assert_eq!(error.kind(), ErrorKind::CommitTimeout, "{statement:?}: {error:?}");
            let text = error.to_string();
            let within = format!("within {limit:?}");
            assert!(text.contains(&within) && text.contains("'sink.commit.timeout'"), "{text}");
            assert_eq!(server.faults().taken(), 1, "{statement:?}: the fault never struck");
            server.faults().clear();
            assert_eq!(content(watcher, &case.table).await, owned(FIRST), "{statement:?}");
        }
        // When COMMIT was sent its answer has a few seconds; then nobody knows.
        server.faults().inject(rule(StatementKind::Commit, stall()));
        let started = Instant::now();
        let error = limited().commit(&case.commit, &stop).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CommitUnknown, "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        server.faults().clear();
        apply(&case.sink, &case.commit).await.unwrap();
        case.check(watcher, "after a timeout").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_error_stays_what_it_is_when_the_ledger_does_not_answer() {
    each(Isolation::Snapshot, "silent", async |server, watcher, case| {
        server.faults().inject(rule(StatementKind::Copy, fail("XX000", "Disk is on fire", None)));
        // The first connection is the commit's own; whoever asks what became of it waits.
        let stall = rule(StatementKind::Connect, Effect::Stall(Duration::from_secs(600)));
        server.faults().inject(FaultRule { skip: 1, ..stall });
        let mut committer = case.sink.committer().with_timeout(Some(Duration::from_secs(2)));
        let error = committer.commit(&case.commit, &CancellationToken::new()).await.unwrap_err();
        assert_eq!(server.faults().taken(), 2, "a fault never struck");
        server.faults().clear();
        assert_eq!(error.kind(), ErrorKind::ServerError, "{error:?}");
        let text = error.to_string();
        assert!(text.contains("Disk is on fire") && text.contains("could not be asked"), "{text}");
        apply(&case.sink, &case.commit).await.unwrap();
        case.check(watcher, "after a final error").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign: run it with `cargo xtask soak`"]
async fn soak_random_faults_at_random_statements() {
    use rand::{Rng, SeedableRng, rngs::StdRng};
    let (first, rounds) = (campaign("SOAK_SEED"), campaign("SOAK_ROUNDS"));
    for isolation in LEVELS {
        let Some(server) = support::stand_in(isolation).await else { return };
        let watcher = client(&server).await;
        let (mut struck, mut again) = (0, 0);
        for round in 0..rounds {
            let seed = first.wrapping_add(round);
            let mut random = StdRng::seed_from_u64(seed);
            let kind = KINDS[random.random_range(0..KINDS.len())];
            let case = Case::new(&server, kind, &format!("soak_{isolation:?}_{round}")).await;
            for _ in 0..random.random_range(1..4) {
                let hold = Duration::from_millis(random.random_range(1..5000));
                let effect = match random.random_range(0..6) {
                    0 => Effect::LoseBefore,
                    1 => Effect::LoseAfter,
                    2 => Effect::LiveOn { hold, then: Ending::Commit },
                    3 => Effect::LiveOn { hold, then: Ending::Rollback },
                    4 => Effect::Terminate,
                    _ => fail("XX000", "1023", Some("Serializable isolation violation on table")),
                };
                let commits = matches!(effect, Effect::LiveOn { then: Ending::Commit, .. });
                // No server commits what it was not asked to, however its session ends.
                let statement = commits.then_some(StatementKind::Commit);
                let label = Some(case.commit.id().label());
                let when = When { label, statement, ..When::default() };
                let skip = if commits { 0 } else { random.random_range(0..14) };
                server.faults().inject(FaultRule { when, skip, count: 1, effect });
            }
            let outcome = apply(&case.sink, &case.commit).await;
            struck += u64::from(server.faults().taken());
            server.faults().clear();
            if let Err(error) = outcome {
                again += 1;
                println!("seed {seed} {isolation:?} {kind:?}: {:?}, given again", error.kind());
                apply(&case.sink, &case.commit).await.unwrap_or_else(|error| {
                    panic!("seed {seed} {isolation:?} {kind:?}: {error:?}")
                });
            }
            case.check(&watcher, &format!("seed {seed}")).await;
        }
        println!("{isolation:?}: {rounds} commits, {struck} faults struck, {again} given again");
        assert!(struck > rounds / 2, "{struck} faults struck in {rounds} commits");
        server.stop().await.unwrap();
    }
}
