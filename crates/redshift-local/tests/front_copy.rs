//! COPY through the front: inside the client's transaction, under the table's write lock, with its
//! counts, notices and views.

mod support;

use std::time::Duration;

use redshift_local::{
    RedshiftLocal,
    config::{AccessKey, Bucket, Config, Role},
};
use support::{connect, failure, rows, run, value};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);
const ROLE: &str = "arn:aws:iam::123456789012:role/loader";
const LOAD: &str = "COPY t (i, v) FROM 's3://data/in/' IAM_ROLE \
                    'arn:aws:iam::123456789012:role/loader' FORMAT CSV";

async fn with_bucket() -> RedshiftLocal {
    let config = Config {
        buckets: vec![Bucket {
            name: "data".into(),
            region: "us-east-1".into(),
            requires_encryption: false,
        }],
        roles: vec![Role {
            arn: ROLE.into(),
            prefixes: vec!["s3://data/in/".into()],
            attached: true,
            default: false,
            may_assume: Vec::new(),
        }],
        ..Config::default()
    };
    RedshiftLocal::start(config).await.expect("started")
}

fn put(local: &RedshiftLocal, key: &str, text: &str) {
    local.s3().put("data", key, text.as_bytes()).expect("put");
}

#[tokio::test]
async fn a_load_counts_tells_and_commits_with_its_transaction() {
    let local = with_bucket().await;
    let (client, other) = (connect(&local).await, connect(&local).await);
    run(&client, "CREATE TABLE t (i INT, v VARCHAR(10) DEFAULT 'x', d DATE DEFAULT '2024-01-01')")
        .await;
    assert_eq!(value(&client, "SELECT pg_last_copy_count()").await, "0");
    assert_eq!(value(&client, "SELECT pg_last_copy_id()").await, "-1");
    put(&local, "in/1.csv", "1,a\n2,\"b, c\"\n");
    put(&local, "in/2.csv", "3,\n");
    run(&client, "BEGIN").await;
    run(&client, LOAD).await;
    assert_eq!(value(&client, "SELECT pg_last_copy_count()").await, "3");
    assert_eq!(value(&other, "SELECT COUNT(*) FROM t").await, "0");
    run(&client, "COMMIT").await;
    assert_eq!(
        rows(&other, "SELECT i, v, d FROM t ORDER BY i").await,
        ["1|a|2024-01-01", "2|b, c|2024-01-01", "3||2024-01-01"]
    );
    let shown = rows(
        &client,
        "SELECT status, table_name, loaded_rows, source_file_count FROM sys_load_history \
         WHERE query_id = pg_last_copy_id()",
    )
    .await;
    assert_eq!(shown, ["completed|t|3|2"]);
}

#[tokio::test]
async fn a_load_that_is_rolled_back_leaves_nothing() {
    let local = with_bucket().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT, v VARCHAR(10))").await;
    put(&local, "in/1.csv", "1,a\n");
    run(&client, "BEGIN").await;
    run(&client, LOAD).await;
    run(&client, "ROLLBACK").await;
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "0");
}

#[tokio::test]
async fn a_bad_row_fails_all_of_it_and_the_reason_outlives_the_rollback() {
    let local = with_bucket().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT, v VARCHAR(3))").await;
    let good: String = (0..100_000).map(|i| format!("{i},a\n")).collect();
    put(&local, "in/1.csv", &good);
    put(&local, "in/2.csv", "1,a\n2,abcd\n");
    run(&client, "BEGIN").await;
    run(&client, "INSERT INTO t VALUES (0, 'own')").await;
    let (sqlstate, message, _) = failure(&client, LOAD).await;
    assert_eq!(sqlstate, "XX000");
    assert!(message.starts_with("Load into table 't' failed."), "{message}");
    assert_eq!(failure(&client, "SELECT 1").await.0, "25P02");
    run(&client, "ROLLBACK").await;
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "0");
    let shown = rows(
        &client,
        "SELECT TRIM(file_name), line_number, TRIM(column_name), error_code \
         FROM sys_load_error_detail WHERE query_id = pg_last_copy_id()",
    )
    .await;
    assert_eq!(shown, ["s3://data/in/2.csv|2|v|1204"]);
    assert_eq!(value(&client, "SELECT pg_last_copy_count()").await, "0");
}

#[tokio::test]
async fn a_load_waits_for_the_tables_other_writer() {
    let local = with_bucket().await;
    let (client, other) = (connect(&local).await, connect(&local).await);
    run(&client, "CREATE TABLE t (i INT, v VARCHAR(3))").await;
    put(&local, "in/1.csv", "1,a\n");
    run(&other, "BEGIN; INSERT INTO t VALUES (2, 'b')").await;
    let mut load = Box::pin(run(&client, LOAD));
    assert!(timeout(Duration::from_millis(400), &mut load).await.is_err(), "it must wait");
    run(&other, "COMMIT").await;
    timeout(SOON, load).await.expect("now it loads");
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "2");
}

#[tokio::test]
async fn what_fails_before_the_load_keeps_the_last_counts() {
    let local = with_bucket().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT, v VARCHAR(3))").await;
    put(&local, "in/1.csv", "1,a\n");
    run(&client, LOAD).await;
    let id = value(&client, "SELECT pg_last_copy_id()").await;
    let (sqlstate, message, _) =
        failure(&client, &LOAD.replace("role/loader", "role/stranger")).await;
    assert_eq!(sqlstate, "XX000");
    assert!(message.contains("Not authorized to get credentials of role"), "{message}");
    assert_eq!(value(&client, "SELECT pg_last_copy_id()").await, id);
    assert_eq!(value(&client, "SELECT pg_last_copy_count()").await, "1");
    assert_eq!(failure(&client, &LOAD.replace("COPY t", "COPY nowhere")).await.0, "42P01");
}

#[tokio::test]
async fn rows_that_maxerror_lets_pass_are_in_the_views() {
    let local = with_bucket().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT, v VARCHAR(3))").await;
    put(&local, "in/1.csv", "1,a\n2,abcd\nx,c\n4,d\n");
    run(&client, &format!("{LOAD} MAXERROR 10")).await;
    assert_eq!(rows(&client, "SELECT i FROM t ORDER BY 1").await, ["1", "4"]);
    let shown = rows(
        &client,
        "SELECT line_number, TRIM(column_name), error_code FROM sys_load_error_detail \
         WHERE query_id = pg_last_copy_id() ORDER BY 1",
    )
    .await;
    assert_eq!(shown, ["2|v|1204", "3|i|1207"]);
}

#[tokio::test]
async fn only_tables_of_the_sessions_own_database_are_loaded() {
    let local = with_bucket().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT, v VARCHAR(3))").await;
    put(&local, "in/1.csv", "1,a\n");
    run(&client, &LOAD.replace("COPY t", "COPY dev.public.t")).await;
    let (sqlstate, message, _) =
        failure(&client, &LOAD.replace("COPY t", "COPY other.public.t")).await;
    assert!(sqlstate == "0A000" && message.contains("\"other\""), "{sqlstate} {message}");
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "1");
}

#[tokio::test]
async fn copy_knows_the_keys_that_s3_knows_at_that_moment() {
    let local = with_bucket().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT, v VARCHAR(3))").await;
    put(&local, "in/1.csv", "1,a\n");
    let copy = "COPY t (i, v) FROM 's3://data/in/' ACCESS_KEY_ID 'late' SECRET_ACCESS_KEY 's' CSV";
    assert!(failure(&client, copy).await.1.contains("InvalidAccessKeyId"));
    local.s3().put_key(AccessKey {
        id: "late".into(),
        secret: "s".into(),
        session_token: None,
        prefixes: Vec::new(),
    });
    run(&client, copy).await;
    assert!(local.s3().expire_key("late"));
    assert!(failure(&client, copy).await.1.contains("ExpiredToken"));
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "1");
}

#[tokio::test]
async fn a_load_goes_through_the_extended_protocol_too() {
    let local = with_bucket().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT, v VARCHAR(3))").await;
    put(&local, "in/1.csv", "1,a\n");
    client.execute(LOAD, &[]).await.expect("loaded");
    assert_eq!(value(&client, "SELECT pg_last_copy_count()").await, "1");
}
