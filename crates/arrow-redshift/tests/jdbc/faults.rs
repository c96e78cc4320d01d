//! What breaks during a flush or a commit of jdbc mode.

use arrow_redshift::{
    ErrorKind,
    sink::{CommitPoint, LaunchId, Sink, Subtask, Writer},
};
use redshift_local::{
    RedshiftLocal,
    config::Isolation,
    faults::{Effect, Ending, FaultRule, StatementKind},
};
use tokio_util::sync::CancellationToken;

use crate::{
    case::{AT_LEAST_ONCE, Case, EXACTLY_ONCE, fail, jdbc, rule},
    support::{
        KINDS, Kind, batch, client, content, eventually, identity, owned, prepared, rows, schema,
        start,
    },
};

const CYCLE: &str = "Serializable isolation violation on table - 100, transactions forming the \
                     cycle are: 1, 2 (pid:3)";

const DATA_SHARING: &str = "[Data Sharing] Error Code 34510: Concurrent DDL committed on table 100 \
                            between Prepare and Execute";

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
        (
            "e26000",
            rule(Write, fail("26000", "prepared statement \"s1\" does not exist", None)),
            false,
        ),
        ("oid", rule(Write, fail("XX000", "could not open relation with OID 4711", None)), false),
        ("e34510", rule(Write, fail("XX000", DATA_SHARING, None)), false),
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
            assert_eq!(writer.flushed().retries, 1, "{name} {kind:?}");
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

/// What somebody else's DDL, or a pooler, makes of prepared statements: they fail for as long as they
/// are used, and the transaction that comes again must prepare its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_the_server_no_longer_knows_are_prepared_anew() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let outdated = [
        ("26000", "prepared statement \"s1\" does not exist"),
        ("XX000", "could not open relation with OID 4711"),
        ("XX000", DATA_SHARING),
    ];
    for (at, (sqlstate, message)) in outdated.into_iter().enumerate() {
        for guarantee in [AT_LEAST_ONCE, EXACTLY_ONCE] {
            let name = format!("outdated_{at}_{}", &guarantee[..2]);
            let case = Case::new(&server, Kind::Append, guarantee, &name).await;
            let mut committer = case.sink.committer();
            let mut writer = case.sink.writer(0, 0).unwrap();
            for checkpoint in 1..=4 {
                if checkpoint == 4 {
                    server.faults().inject(rule(
                        StatementKind::Begin,
                        Effect::Outdate {
                            sqlstate: sqlstate.into(),
                            message: message.into(),
                            detail: None,
                        },
                    ));
                }
                writer.write(&batch(&[(checkpoint, "x")]), None).await.unwrap();
                let point = CommitPoint::Checkpoint(checkpoint as u64);
                let parts = writer.close(checkpoint as u64).await.unwrap();
                if let Some(commit) = case.sink.gather(&point, parts).unwrap() {
                    let applied = committer.commit(&commit, &CancellationToken::new()).await;
                    let retries = applied.unwrap_or_else(|e| panic!("{message}: {e:?}")).retries;
                    assert_eq!(retries, u32::from(checkpoint == 4), "{message}, {guarantee}");
                }
            }
            assert_eq!(server.faults().taken(), 1, "{message}: the fault never struck");
            server.faults().clear();
            let retries = writer.flushed().retries;
            assert_eq!(retries, u32::from(guarantee == AT_LEAST_ONCE), "{message}");
            let count = format!("SELECT COUNT(*), COUNT(DISTINCT id) FROM {}", case.table);
            assert_eq!(rows(&watcher, &count).await, [["4", "4"]], "{message}, {guarantee}");
        }
    }
    server.stop().await.unwrap();
}

/// A wait for the lock that `statement_timeout` ends is a wait for the lock, and goes on, once the sessions
/// that may hold it for nobody are looked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_the_servers_own_timeout_cancels_is_waited_for_again() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let mut options = jdbc(&server, "t_cancelled", AT_LEAST_ONCE);
    options.insert("connection.statement-timeout".into(), "2 s".into());
    options.insert("sink.max-retries".into(), "5".into());
    let sink = prepared(&options, Kind::Keyed).await;
    let mut writer = sink.writer(0, 0).unwrap();
    watcher.batch_execute("BEGIN; LOCK t_cancelled").await.unwrap();
    writer.write(&batch(&[(1, "a")]), None).await.unwrap();
    let written = tokio::spawn(async move {
        let closed = writer.close(1).await;
        (closed.map(drop), writer)
    });
    eventually("the lock is asked for again", async || {
        let sent = server.statements().all();
        let locks = sent.iter().filter(|s| s.user == "loader" && s.shape.starts_with("lock"));
        written.is_finished() || locks.count() > 1
    })
    .await;
    watcher.batch_execute("COMMIT").await.unwrap();
    let (closed, writer) = written.await.unwrap();
    closed.unwrap();
    assert!(writer.flushed().retries >= 1);
    let sent = server.statements().all();
    let ours = sent.iter().filter(|s| s.user == "loader");
    let between = ours.skip_while(|s| !s.shape.starts_with("lock")).skip(1);
    let looked = between
        .take_while(|s| !s.shape.starts_with("lock"))
        .any(|s| s.text.contains("sys_query_history"));
    assert!(looked, "the lock is asked for again without a look: {sent:#?}");
    assert_eq!(content(&watcher, "t_cancelled").await, owned(&[(1, "a")]));
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

/// A keyed flush whose outcome is unknown is not sent again before the lost session is seen to: that
/// one's transaction could come through after the newer one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyed_flush_waits_until_lost_sessions_are_seen_to() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let case = Case::new(&server, Kind::Keyed, AT_LEAST_ONCE, "unseen").await;
    let mut writer = case.sink.writer(0, 0).unwrap();
    case.write_first(&mut writer).await;
    writer.close(1).await.unwrap();
    server.faults().inject(rule(StatementKind::Commit, Effect::LoseAfter));
    server.faults().inject(rule(StatementKind::Connect, Effect::Refuse));
    server.statements().clear();
    case.write_second(&mut writer).await;
    writer.close(2).await.unwrap();
    assert_eq!(server.faults().taken(), 2);
    assert_eq!(writer.flushed().retries, 2, "the look that failed is a try that failed");
    let sent = server.statements().all();
    let first = |what: &str, after: usize| {
        let found = sent.iter().skip(after).position(|s| s.shape.starts_with(what));
        after + found.unwrap_or_else(|| panic!("no {what} after {after}: {sent:#?}"))
    };
    let lost = first("commit", 0);
    let again = first("begin", lost);
    let seen = sent[lost..again].iter().any(|s| s.text.contains("sys_query_history"));
    assert!(seen, "sent again without a look: {:#?}", &sent[lost..again]);
    case.check_exactly(&watcher, "after a look").await;
    server.stop().await.unwrap();
}

/// After a rescale a key is another writer's: what the one before left behind is ended at the start,
/// and who writes beside is let alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_writers_before_a_rescale_are_ended_and_those_of_peers_are_not() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let mut options = jdbc(&server, "t_rescaled", AT_LEAST_ONCE);
    options.insert("sink.max-retries".into(), "0".into());
    let pairs: Vec<_> = options.into_iter().collect();
    let launch = LaunchId::fresh();
    let writer = async |index: u32, parallelism: u32| {
        let config = arrow_redshift::options::sink(&pairs).unwrap().config;
        let sink = Sink::new(config, schema(Kind::Keyed), identity(launch.clone())).unwrap();
        let prepared = sink
            .prepare_subtask(Subtask { index, parallelism, restored: None, savepoints: false })
            .await;
        prepared.unwrap().writer(index, 0).unwrap()
    };
    let write = async |writer: &mut Writer, row: (i64, &str)| {
        writer.write(&batch(&[row]), None).await.unwrap();
        writer.close(1).await.map(drop)
    };
    let mut old = writer(3, 4).await;
    write(&mut old, (1, "old")).await.unwrap();
    let hold = std::time::Duration::from_secs(600);
    let lives_on = Effect::LiveOn { hold, then: Ending::Commit };
    server.faults().inject(rule(StatementKind::Commit, lives_on));
    let lost = write(&mut old, (1, "stale")).await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::CommitUnknown);
    drop(old);

    let mut new = writer(0, 2).await;
    write(&mut new, (1, "new")).await.unwrap();
    assert_eq!(content(&watcher, "t_rescaled").await, owned(&[(1, "new")]));

    let mut peer = writer(1, 2).await;
    write(&mut peer, (2, "b")).await.unwrap();
    drop(new);
    let mut again = writer(0, 2).await;
    write(&mut again, (1, "newer")).await.unwrap();
    write(&mut peer, (2, "c")).await.expect("its session was let alone");
    assert_eq!(content(&watcher, "t_rescaled").await, owned(&[(1, "newer"), (2, "c")]));
    server.stop().await.unwrap();
}

/// A process that is held up for minutes is given up, its job starts again elsewhere, and then it
/// goes on where it was: with rows that are older than what has been written since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_was_given_up_writes_no_older_rows_over_newer_ones() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let write = async |writer: &mut Writer, row: (i64, &str)| {
        writer.write(&batch(&[row]), None).await?;
        writer.close(1).await.map(drop)
    };
    for (name, flushed, old, new) in [
        ("restarted", true, (0, 1), (0, 1)),
        ("rescaled", true, (3, 4), (0, 2)),
        ("unflushed", false, (0, 1), (0, 1)),
        ("shrunk", false, (1, 2), (0, 1)),
    ] {
        let table = format!("t_given_up_{name}");
        let pairs: Vec<_> = jdbc(&server, &table, AT_LEAST_ONCE).into_iter().collect();
        let launch = LaunchId::fresh();
        let writer = async |(index, parallelism): (u32, u32)| {
            let config = arrow_redshift::options::sink(&pairs).unwrap().config;
            let sink = Sink::new(config, schema(Kind::Keyed), identity(launch.clone())).unwrap();
            let subtask = Subtask { index, parallelism, restored: None, savepoints: false };
            sink.prepare_subtask(subtask).await.unwrap().writer(index, 0).unwrap()
        };
        let mut given_up = writer(old).await;
        if flushed {
            write(&mut given_up, (1, "old")).await.unwrap();
        }
        let mut next = writer(new).await;
        write(&mut next, (1, "new")).await.unwrap();

        let error = write(&mut given_up, (1, "stale")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriterSuperseded, "{name}: {error}");
        assert_eq!(content(&watcher, &table).await, owned(&[(1, "new")]), "{name}");

        // Whoever came last goes on, also on a new session.
        server.faults().inject(rule(StatementKind::Commit, Effect::LoseBefore));
        write(&mut next, (1, "newer")).await.unwrap();
        assert_eq!(server.faults().taken(), 1, "{name}");
        server.faults().clear();
        assert_eq!(content(&watcher, &table).await, owned(&[(1, "newer")]), "{name}");
    }
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
