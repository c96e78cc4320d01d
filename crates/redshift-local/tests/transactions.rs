//! Snapshots, locks and conflicts, seen by clients.

mod support;

use std::time::Duration;

use redshift_local::RedshiftLocal;
use support::{connect, failure, rows, run, start, start_serializable, value};
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(20);
const NOT_YET: Duration = Duration::from_millis(400);

const TABLE: &str = "CREATE TABLE t (k INT, v INT)";

/// Waits until a transaction waits for a lock; it has its snapshot by then, unless it is a LOCK.
async fn somebody_waits(local: &RedshiftLocal) {
    let looker = connect(local).await;
    let waiting = async {
        while value(&looker, "SELECT COUNT(*) FROM svv_transactions WHERE NOT granted").await == "0"
        {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, waiting).await.expect("a transaction waits for a lock");
}

/// What an upsert does when it does not lock: its snapshot is older than the other's row.
#[tokio::test]
async fn without_lock_an_upsert_duplicates_a_key_and_with_lock_it_does_not() {
    let local = start().await;
    let (upsert, foreign) = (connect(&local).await, connect(&local).await);
    run(&upsert, TABLE).await;

    for (lock, expected) in [("", "2"), ("LOCK t; ", "1")] {
        run(&upsert, "DELETE FROM t").await;
        run(&foreign, "BEGIN; INSERT INTO t VALUES (1, 100)").await;
        let apply = async {
            run(
                &upsert,
                &format!(
                    "BEGIN; {lock}DELETE FROM t WHERE k = 1; INSERT INTO t VALUES (1, 1); COMMIT"
                ),
            )
            .await;
        };
        let commit = async {
            somebody_waits(&local).await;
            run(&foreign, "COMMIT").await;
        };
        tokio::join!(apply, commit);
        assert_eq!(value(&upsert, "SELECT COUNT(*) FROM t").await, expected, "{lock}");
    }
    local.stop().await.expect("stopped");
}

#[tokio::test]
async fn under_serializable_the_same_upsert_fails_with_1023() {
    let local = start_serializable().await;
    let (upsert, foreign) = (connect(&local).await, connect(&local).await);
    run(&upsert, TABLE).await;
    run(&foreign, "BEGIN; INSERT INTO t VALUES (1, 100)").await;
    let apply = async { failure(&upsert, "BEGIN; DELETE FROM t WHERE k = 1").await };
    let commit = async {
        somebody_waits(&local).await;
        run(&foreign, "COMMIT").await;
    };
    let ((sqlstate, message, detail), ()) = tokio::join!(apply, commit);
    assert_eq!((sqlstate.as_str(), message.as_str()), ("XX000", "1023"));
    let (start, end) =
        detail.split_once(", transactions forming the cycle are: ").expect("a cycle");
    assert!(start.starts_with("Serializable isolation violation on table - "), "{detail}");
    assert!(end.contains(", ") && end.contains(" (pid:"), "{detail}");
    let aborted = failure(&upsert, "SELECT 1").await;
    assert_eq!(aborted.0, "25P02");
    run(&upsert, "ROLLBACK").await;
    run(&upsert, "BEGIN; LOCK t; DELETE FROM t WHERE k = 1; INSERT INTO t VALUES (1, 1); COMMIT")
        .await;
    assert_eq!(value(&upsert, "SELECT COUNT(*) FROM t").await, "1");
}

#[tokio::test]
async fn write_skew_passes_under_snapshot_and_fails_at_commit_under_serializable() {
    for (local, fails) in [(start().await, false), (start_serializable().await, true)] {
        let (one, two) = (connect(&local).await, connect(&local).await);
        run(&one, "CREATE TABLE a (v INT); CREATE TABLE b (v INT)").await;
        run(&one, "BEGIN; SELECT * FROM a; INSERT INTO b VALUES (1)").await;
        run(&two, "BEGIN; SELECT * FROM b; INSERT INTO a VALUES (1)").await;
        run(&one, "COMMIT").await;
        if fails {
            assert_eq!(failure(&two, "COMMIT").await.1, "1023");
            // The failed COMMIT has ended the transaction.
            assert_eq!(value(&two, "SELECT COUNT(*) FROM a").await, "0");
        } else {
            run(&two, "COMMIT").await;
            assert_eq!(value(&two, "SELECT COUNT(*) FROM a").await, "1");
        }
    }
}

#[tokio::test]
async fn concurrent_inserts_pass_under_serializable() {
    let local = start_serializable().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    run(&one, TABLE).await;
    run(&one, "BEGIN; INSERT INTO t VALUES (1, 1)").await;
    let insert = async { run(&two, "INSERT INTO t VALUES (2, 2)").await };
    let commit = async {
        somebody_waits(&local).await;
        run(&one, "COMMIT").await;
    };
    tokio::join!(insert, commit);
    assert_eq!(value(&one, "SELECT COUNT(*) FROM t").await, "2");
}

#[tokio::test]
async fn a_row_changed_behind_the_snapshot_is_1023_under_snapshot_isolation() {
    let local = start().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    run(&one, TABLE).await;
    run(&one, "INSERT INTO t VALUES (1, 1)").await;
    run(&two, "BEGIN; SELECT * FROM t").await;
    run(&one, "UPDATE t SET v = 2").await;
    let (sqlstate, message, detail) = failure(&two, "UPDATE t SET v = 3").await;
    assert_eq!((sqlstate.as_str(), message.as_str()), ("XX000", "1023"), "{detail}");
}

#[tokio::test]
async fn one_writer_per_table_until_its_transaction_ends_and_readers_pass() {
    let local = start().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    run(&one, TABLE).await;
    run(&one, "BEGIN; INSERT INTO t VALUES (1, 1)").await;
    // A reader is not held up, and does not see it.
    let seen = timeout(SOON, value(&two, "SELECT COUNT(*) FROM t")).await.expect("no wait");
    assert_eq!(seen, "0");
    let mut second = Box::pin(run(&two, "INSERT INTO t VALUES (2, 2)"));
    assert!(timeout(NOT_YET, &mut second).await.is_err(), "the second writer must wait");
    run(&one, "COMMIT").await;
    timeout(SOON, second).await.expect("now it goes on");
    assert_eq!(rows(&one, "SELECT k FROM t ORDER BY k").await, ["1", "2"]);
}

#[tokio::test]
async fn lock_holds_up_readers_and_waits_for_writers() {
    let local = start().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    run(&one, TABLE).await;
    run(&one, "BEGIN; LOCK TABLE t").await;
    let mut reader = Box::pin(value(&two, "SELECT COUNT(*) FROM t"));
    assert!(timeout(NOT_YET, &mut reader).await.is_err(), "the reader must wait");
    run(&one, "INSERT INTO t VALUES (1, 1); COMMIT").await;
    timeout(SOON, reader).await.expect("now it reads");
}

#[tokio::test]
async fn a_block_that_only_asked_the_leader_has_no_snapshot_yet() {
    let local = start().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    run(&one, TABLE).await;
    run(&one, "BEGIN").await;
    value(&one, "SELECT current_user").await;
    run(&two, "INSERT INTO t VALUES (1, 1)").await;
    run(&one, "LOCK t").await;
    assert_eq!(value(&one, "SELECT COUNT(*) FROM t").await, "1");
    run(&one, "COMMIT").await;
}

#[tokio::test]
async fn a_table_made_behind_the_snapshot_is_1018() {
    let local = start().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    run(&one, TABLE).await;
    run(&one, "BEGIN; SELECT * FROM t").await;
    run(&two, "CREATE TABLE young (v INT)").await;
    let (sqlstate, message, detail) = failure(&one, "SELECT * FROM young").await;
    assert_eq!(
        (sqlstate.as_str(), message.as_str(), detail.as_str()),
        ("XX000", "1018", "Relation does not exist")
    );
    run(&one, "ROLLBACK").await;
    assert_eq!(value(&one, "SELECT COUNT(*) FROM young").await, "0");
}

#[tokio::test]
async fn crossing_writers_deadlock_for_one_of_them() {
    let local = start().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    run(&one, "CREATE TABLE a (v INT); CREATE TABLE b (v INT)").await;
    run(&one, "BEGIN; INSERT INTO a VALUES (1)").await;
    run(&two, "BEGIN; INSERT INTO b VALUES (1)").await;
    let (first, second) = tokio::join!(
        one.batch_execute("INSERT INTO b VALUES (1)"),
        two.batch_execute("INSERT INTO a VALUES (1)")
    );
    let errors: Vec<_> = [&first, &second].into_iter().filter_map(|r| r.as_ref().err()).collect();
    assert_eq!(errors.len(), 1, "{first:?} {second:?}");
    assert_eq!(support::told(errors[0]).0, "40P01");
}

#[tokio::test]
async fn truncate_commits_what_came_before_it() {
    let local = start().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    run(&one, "CREATE TABLE t (k INT, v INT); CREATE TABLE u (v INT)").await;
    run(&one, "INSERT INTO u VALUES (1)").await;
    run(&one, "BEGIN; INSERT INTO t VALUES (1, 1); TRUNCATE u").await;
    assert_eq!(value(&two, "SELECT COUNT(*) FROM t").await, "1");
    assert_eq!(value(&two, "SELECT COUNT(*) FROM u").await, "0");
    run(&one, "ROLLBACK").await;
    assert_eq!(value(&one, "SELECT COUNT(*) FROM t").await, "1");
}

#[tokio::test]
async fn what_may_not_run_in_a_block_is_25001() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, TABLE).await;
    run(&client, "BEGIN").await;
    let (sqlstate, message, _) = failure(&client, "VACUUM t").await;
    assert_eq!(
        (sqlstate.as_str(), message.as_str()),
        ("25001", "VACUUM cannot run inside a transaction block")
    );
    run(&client, "ROLLBACK").await;
    assert_eq!(failure(&client, "SELECT 1; VACUUM t").await.0, "25001");
    run(&client, "VACUUM t").await;
}

#[tokio::test]
async fn a_read_only_block_refuses_writes() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, TABLE).await;
    run(&client, "BEGIN READ ONLY").await;
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "0");
    let (sqlstate, message, _) = failure(&client, "INSERT INTO t VALUES (1, 1)").await;
    assert_eq!((sqlstate.as_str(), message.as_str()), ("25006", "transaction is read-only"));
}

#[tokio::test]
async fn a_message_of_several_statements_is_one_transaction() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, TABLE).await;
    let error = failure(&client, "INSERT INTO t VALUES (1, 1); SELECT * FROM no_such_table").await;
    assert_eq!(error.0, "42P01");
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "0");
    // BEGIN inside takes what came before it into the block.
    run(&client, "INSERT INTO t VALUES (1, 1); BEGIN; INSERT INTO t VALUES (2, 2)").await;
    run(&client, "ROLLBACK").await;
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "0");
    run(&client, "INSERT INTO t VALUES (1, 1); COMMIT; SELECT 1").await;
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "1");
}

#[tokio::test]
async fn creating_one_table_twice_at_once_is_settled() {
    let local = start().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    let (first, second) = tokio::join!(one.batch_execute(TABLE), two.batch_execute(TABLE));
    let errors: Vec<_> = [&first, &second].into_iter().filter_map(|r| r.as_ref().err()).collect();
    assert_eq!(errors.len(), 1, "{first:?} {second:?}");
    let (sqlstate, message, _) = support::told(errors[0]);
    assert_eq!((sqlstate.as_str(), message.as_str()), ("42P07", "Relation \"t\" already exists"));
}

/// What a client relies on that sends a whole transaction before it reads the first answer.
#[tokio::test]
async fn commit_behind_a_failed_statement_rolls_back_though_all_was_sent_at_once() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, TABLE).await;
    // Polled in this order, so sent in this order.
    let (begin, good, bad, after, commit) = futures::join!(
        client.batch_execute("BEGIN"),
        client.batch_execute("INSERT INTO t VALUES (1, 1)"),
        client.batch_execute("INSERT INTO no_such_table VALUES (1)"),
        client.batch_execute("INSERT INTO t VALUES (2, 2)"),
        client.batch_execute("COMMIT"),
    );
    assert!(begin.is_ok() && good.is_ok() && commit.is_ok(), "{begin:?} {good:?} {commit:?}");
    assert_eq!(support::told(&bad.expect_err("fails")).0, "42P01");
    assert_eq!(support::told(&after.expect_err("aborted")).0, "25P02");
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "0");
}
