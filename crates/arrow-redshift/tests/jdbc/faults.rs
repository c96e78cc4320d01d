//! What breaks during a flush or a commit of jdbc mode.

use arrow_redshift::sink::CommitPoint;
use redshift_local::{
    RedshiftLocal,
    config::Isolation,
    faults::{Effect, Ending, FaultRule, StatementKind},
};
use tokio_util::sync::CancellationToken;

use crate::{
    case::{AT_LEAST_ONCE, Case, EXACTLY_ONCE, fail, rule},
    support::{KINDS, Kind, batch, client, rows, start},
};

const CYCLE: &str = "Serializable isolation violation on table - 100, transactions forming the \
                     cycle are: 1, 2 (pid:3)";

/// What strikes once, by name, and whether the try that it strikes may have been committed.
fn survivable() -> Vec<(&'static str, FaultRule, bool)> {
    use StatementKind::{Begin, Commit, Connect, Write};
    let lives_on = |then| Effect::LiveOn { hold: std::time::Duration::from_secs(1), then };
    vec![
        ("before_commit", rule(Commit, Effect::LoseBefore), false),
        ("after_commit", rule(Commit, Effect::LoseAfter), true),
        ("lives_on_commits", rule(Commit, lives_on(Ending::Commit)), true),
        ("lives_on_rolls_back", rule(Commit, lives_on(Ending::Rollback)), false),
        ("lost_at_begin", rule(Begin, Effect::LoseBefore), false),
        ("lost_at_write", rule(Write, Effect::LoseAfter), false),
        ("e1023_at_commit", rule(Commit, fail("XX000", "1023", Some(CYCLE))), false),
        ("e1023_at_write", rule(Write, fail("XX000", "1023", Some(CYCLE))), false),
        ("e40p01", rule(Write, fail("40P01", "deadlock detected", None)), false),
        ("e57p01", rule(Write, Effect::Terminate), false),
        ("e57p01_at_commit", rule(Commit, Effect::Terminate), false),
        ("e53300", rule(Connect, fail("53300", "too many connections", None)), false),
        ("refused", rule(Connect, Effect::Refuse), false),
    ]
}

async fn flushes(server: &RedshiftLocal) {
    let watcher = client(server).await;
    for kind in KINDS {
        for (name, fault, may_repeat) in survivable() {
            let connects = fault.when.statement == Some(StatementKind::Connect);
            let case = Case::new(server, kind, AT_LEAST_ONCE, name).await;
            let mut writer = case.sink.writer(0, 0).unwrap();
            if connects {
                server.faults().inject(fault.clone());
            }
            case.write_first(&mut writer).await;
            writer.close(1).await.unwrap();
            if !connects {
                server.faults().inject(fault);
            }
            case.write_second(&mut writer).await;
            writer.close(2).await.unwrap_or_else(|error| panic!("{name} {kind:?}: {error:?}"));
            assert_eq!(server.faults().taken(), 1, "{name} {kind:?}: the fault never struck");
            server.faults().clear();
            // The first connection of a keyed writer looks for what an earlier attempt left behind.
            let aside = connects && kind == Kind::Keyed;
            assert_eq!(writer.flushed().retries, u32::from(!aside), "{name} {kind:?}");
            match may_repeat {
                true => case.check_at_least(&watcher, name).await,
                false => case.check_exactly(&watcher, name).await,
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushes_survive_under_snapshot() {
    let server = start(Isolation::Snapshot).await;
    flushes(&server).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushes_survive_under_serializable() {
    let server = start(Isolation::Serializable).await;
    flushes(&server).await;
    server.stop().await.unwrap();
}

async fn commits(server: &RedshiftLocal) {
    let watcher = client(server).await;
    for kind in KINDS {
        for (name, fault, _) in survivable() {
            let case = Case::new(server, kind, EXACTLY_ONCE, &format!("{name}_x")).await;
            let mut committer = case.sink.committer();
            let mut writer = case.sink.writer(0, 0).unwrap();
            case.write_first(&mut writer).await;
            let parts = writer.close(1).await.unwrap();
            let first = case.sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap();
            case.write_second(&mut writer).await;
            let parts = writer.close(2).await.unwrap();
            let second = case.sink.gather(&CommitPoint::Checkpoint(2), parts).unwrap().unwrap();
            let stop = CancellationToken::new();
            let connects = fault.when.statement == Some(StatementKind::Connect);
            if connects {
                server.faults().inject(fault.clone());
            }
            committer.commit(&first, &stop).await.unwrap();
            if !connects {
                server.faults().inject(fault);
            }
            let applied = committer.commit(&second, &stop).await;
            applied.unwrap_or_else(|error| panic!("{name} {kind:?}: {error:?}"));
            assert_eq!(server.faults().taken(), 1, "{name} {kind:?}: the fault never struck");
            server.faults().clear();
            case.check_exactly(&watcher, name).await;
            let ledger = format!("SELECT id FROM {}__flink_commits", case.table);
            assert_eq!(rows(&watcher, &ledger).await.len(), 2, "{name} {kind:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_are_exact_under_snapshot() {
    let server = start(Isolation::Snapshot).await;
    commits(&server).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_are_exact_under_serializable() {
    let server = start(Isolation::Serializable).await;
    commits(&server).await;
    server.stop().await.unwrap();
}

/// A session that nobody listens to keeps the lock: it is found by its label and ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_session_that_keeps_the_lock_is_ended() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let case = Case::new(&server, Kind::Keyed, AT_LEAST_ONCE, "lingers").await;
    let mut writer = case.sink.writer(0, 0).unwrap();
    case.write_first(&mut writer).await;
    writer.close(1).await.unwrap();
    let hold = std::time::Duration::from_secs(600);
    let lives_on = Effect::LiveOn { hold, then: Ending::Commit };
    server.faults().inject(rule(StatementKind::Commit, lives_on));
    case.write_second(&mut writer).await;
    writer.close(2).await.unwrap();
    assert_eq!(server.faults().taken(), 1);
    case.check_exactly(&watcher, "after a lock timeout").await;
    server.stop().await.unwrap();
}

/// COMMIT is on its way when a statement before it fails: then it rolls back, whatever it answers.
/// The rows of the INSERTs that did not fail would be there twice otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_sent_behind_a_failing_statement_rolls_back() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    for kind in KINDS {
        let case = Case::new(&server, kind, AT_LEAST_ONCE, "pipelined").await;
        let mut writer = case.sink.writer(0, 0).unwrap();
        let rows_written: Vec<(i64, &str)> = (0..20_000).map(|id| (id, "x")).collect();
        // The second INSERT of three or five fails, those before and behind it do not.
        let mut fault = rule(StatementKind::Write, fail("40P01", "deadlock detected", None));
        fault.skip = 1;
        server.faults().inject(fault);
        writer.write(&batch(&rows_written), None).await.unwrap();
        writer.close(1).await.unwrap();
        assert_eq!(server.faults().taken(), 1);
        server.faults().clear();
        let retries = writer.flushed().retries;
        assert_eq!(retries, 1, "{kind:?}");
        let counts = format!("SELECT COUNT(*), COUNT(DISTINCT id) FROM {}", case.table);
        assert_eq!(rows(&watcher, &counts).await, [["20000", "20000"]], "{kind:?}");
    }
    server.stop().await.unwrap();
}

/// What cannot pass by itself is not tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_refuses_for_good_is_told_at_once() {
    let server = start(Isolation::Snapshot).await;
    let case = Case::new(&server, Kind::Append, AT_LEAST_ONCE, "denied").await;
    let mut writer = case.sink.writer(0, 0).unwrap();
    let denied = fail("42501", "permission denied for relation t_denied_append", None);
    let mut fault = rule(StatementKind::Write, denied);
    fault.count = 9;
    server.faults().inject(fault);
    case.write_first(&mut writer).await;
    let error = writer.close(1).await.unwrap_err();
    assert_eq!(server.faults().taken(), 1);
    assert!(error.to_string().contains("permission denied"), "{error}");
    server.stop().await.unwrap();
}
