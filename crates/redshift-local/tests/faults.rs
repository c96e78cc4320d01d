//! Faults by script and slowness, seen by clients.

mod support;

use std::time::{Duration, Instant};

use redshift_local::{
    RedshiftLocal,
    config::Latency,
    faults::{Effect, Ending, FaultRule, StatementKind, When},
};
use support::{connect, connect_as, failure, run, start, told, value};
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

const SOON: Duration = Duration::from_secs(20);

async fn with_table() -> (RedshiftLocal, Client) {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT)").await;
    (local, client)
}

fn at(statement: StatementKind, effect: Effect) -> FaultRule {
    let when = When { statement: Some(statement), ..When::default() };
    FaultRule { when, skip: 0, count: 1, effect }
}

async fn lost(client: &Client, sql: &str) {
    let error = client.batch_execute(sql).await.expect_err("the connection is lost");
    assert!(error.as_db_error().is_none(), "nothing is told: {error:?}");
}

#[tokio::test]
async fn a_connection_lost_before_commit_leaves_nothing() {
    let (local, client) = with_table().await;
    local.faults().inject(at(StatementKind::Commit, Effect::LoseBefore));
    run(&client, "BEGIN; INSERT INTO t VALUES (1)").await;
    lost(&client, "COMMIT").await;
    let other = connect(&local).await;
    run(&other, "BEGIN; LOCK t; COMMIT").await;
    assert_eq!(value(&other, "SELECT COUNT(*) FROM t").await, "0");
    assert_eq!(local.faults().taken(), 1);
}

#[tokio::test]
async fn a_connection_lost_after_commit_leaves_everything() {
    let (local, client) = with_table().await;
    local.faults().inject(at(StatementKind::Commit, Effect::LoseAfter));
    run(&client, "BEGIN; INSERT INTO t VALUES (1)").await;
    lost(&client, "COMMIT").await;
    let other = connect(&local).await;
    assert_eq!(value(&other, "SELECT COUNT(*) FROM t").await, "1");
}

#[tokio::test]
async fn the_commit_of_a_statement_outside_a_block_meets_faults_too() {
    let (local, client) = with_table().await;
    local.faults().inject(at(StatementKind::Commit, Effect::LoseAfter));
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "0", "it wrote nothing");
    lost(&client, "INSERT INTO t VALUES (1)").await;
    assert_eq!(value(&connect(&local).await, "SELECT COUNT(*) FROM t").await, "1");
}

#[tokio::test]
async fn an_old_session_lives_on_with_its_locks_and_ends_as_told() {
    let hold = Duration::from_secs(2);
    for (then, rows) in [(Ending::Commit, "1"), (Ending::Rollback, "0")] {
        let (local, client) = with_table().await;
        local.faults().inject(at(StatementKind::Commit, Effect::LiveOn { hold, then }));
        run(&client, "BEGIN; INSERT INTO t VALUES (1)").await;
        let begin = Instant::now();
        lost(&client, "COMMIT").await;
        let other = connect(&local).await;
        assert_eq!(local.sessions().len(), 2, "the old session is still there");
        local.history_written().await;
        let running = "SELECT COUNT(*) FROM sys_query_history WHERE status = 'running' AND \
                       session_id <> pg_backend_pid()";
        assert_eq!(value(&other, running).await, "1", "its COMMIT can be found");
        // A plain read sees nothing yet; a read under the lock waits for the old session.
        assert_eq!(value(&other, "SELECT COUNT(*) FROM t").await, "0");
        assert!(begin.elapsed() < hold, "too slow a machine for this test");
        run(&other, "BEGIN; LOCK t").await;
        assert!(begin.elapsed() >= hold - Duration::from_millis(100));
        assert_eq!(value(&other, "SELECT COUNT(*) FROM t").await, rows);
        run(&other, "COMMIT").await;
    }
}

#[tokio::test]
async fn an_old_session_that_is_terminated_rolls_back() {
    let (local, client) = with_table().await;
    let hold = Duration::from_secs(600);
    let effect = Effect::LiveOn { hold, then: Ending::Commit };
    local.faults().inject(at(StatementKind::Commit, effect));
    run(&client, "BEGIN; INSERT INTO t VALUES (1)").await;
    let pid = local.sessions()[0].pid;
    lost(&client, "COMMIT").await;
    let other = connect(&local).await;
    run(&other, &format!("SELECT pg_terminate_backend({pid})")).await;
    timeout(SOON, run(&other, "BEGIN; LOCK t; COMMIT")).await.expect("its locks are gone");
    assert_eq!(value(&other, "SELECT COUNT(*) FROM t").await, "0");
}

#[tokio::test]
async fn a_statement_fails_as_told_for_whom_and_as_often_as_told() {
    let (local, client) = with_table().await;
    let other = connect_as(&local, "awsuser", "Passw0rd", "other").await.expect("logged in");
    local.faults().inject(FaultRule {
        when: When {
            label: Some("test".into()),
            text: Some("insert into T".into()),
            ..When::default()
        },
        skip: 1,
        count: 1,
        effect: Effect::Fail {
            sqlstate: "XX000".into(),
            message: "1023".into(),
            detail: Some("made up".into()),
        },
    });
    run(&other, "INSERT INTO t VALUES (1)").await;
    run(&client, "INSERT INTO t VALUES (2)").await;
    let told = failure(&client, "INSERT INTO t VALUES (3)").await;
    assert_eq!(told, ("XX000".into(), "1023".into(), "made up".into()));
    run(&client, "INSERT INTO t VALUES (4)").await;
    assert_eq!(value(&client, "SELECT SUM(i) FROM t").await, "7");
}

#[tokio::test]
async fn a_terminated_session_is_told_57p01() {
    let (local, client) = with_table().await;
    local.faults().inject(at(StatementKind::Write, Effect::Terminate));
    let (sqlstate, message, _) = failure(&client, "INSERT INTO t VALUES (1)").await;
    assert_eq!(sqlstate, "57P01");
    assert_eq!(message, "terminating connection due to administrator command");
    assert!(client.batch_execute("SELECT 1").await.is_err());
}

#[tokio::test]
async fn connections_are_refused_as_told() {
    let local = start().await;
    local.faults().inject(at(StatementKind::Connect, Effect::Refuse));
    let error = connect_as(&local, "awsuser", "Passw0rd", "x").await.expect_err("refused");
    assert!(error.as_db_error().is_none());
    let effect =
        Effect::Fail { sqlstate: "57P03".into(), message: "starting".into(), detail: None };
    local.faults().inject(at(StatementKind::Connect, effect));
    let error = connect_as(&local, "awsuser", "Passw0rd", "x").await.expect_err("refused");
    assert_eq!(told(&error).0, "57P03");
    connect(&local).await;
}

#[tokio::test]
async fn a_stall_can_be_cancelled() {
    let (local, client) = with_table().await;
    local.faults().inject(at(StatementKind::Query, Effect::Stall(Duration::from_secs(600))));
    run(&client, "SET statement_timeout TO 200").await;
    let (sqlstate, ..) = failure(&client, "SELECT COUNT(*) FROM t").await;
    assert_eq!(sqlstate, "57014");
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "0");
}

#[tokio::test]
async fn commits_that_wrote_pass_one_at_a_time() {
    let (local, one) = with_table().await;
    let two = connect(&local).await;
    run(&two, "CREATE TABLE u (i INT)").await;
    let commit = Duration::from_millis(600);
    local.set_latency(Latency { commit, ..Latency::default() });
    let begin = Instant::now();
    tokio::join!(run(&one, "INSERT INTO t VALUES (1)"), run(&two, "INSERT INTO u VALUES (1)"));
    assert!(begin.elapsed() >= 2 * commit, "{:?}", begin.elapsed());
    local.set_latency(Latency { statement: commit, ..Latency::default() });
    let begin = Instant::now();
    value(&one, "SELECT 1").await;
    assert!(begin.elapsed() >= commit);
}

#[tokio::test]
async fn stopping_ends_sessions_that_wait() {
    let (local, client) = with_table().await;
    let other = connect(&local).await;
    run(&client, "BEGIN; LOCK t").await;
    let waiting = tokio::spawn(async move { other.batch_execute("SELECT * FROM t").await });
    sleep(Duration::from_millis(200)).await;
    timeout(SOON, local.stop()).await.expect("in time").expect("stopped");
    assert!(timeout(SOON, waiting).await.expect("ended").expect("no panic").is_err());
}

#[tokio::test]
async fn a_statement_outside_a_block_is_committed_when_its_answer_is_lost() {
    let (local, client) = with_table().await;
    local.faults().inject(at(StatementKind::Write, Effect::LoseAfter));
    lost(&client, "INSERT INTO t VALUES (1)").await;
    assert_eq!(value(&connect(&local).await, "SELECT COUNT(*) FROM t").await, "1");
}
