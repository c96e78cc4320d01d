//! Login, messages and results, seen by clients.

mod support;

use std::time::Duration;

use redshift_local::{
    RedshiftLocal,
    config::{Config, Edition, Isolation, StoredPassword, Tls, User},
};
use support::{connect, connect_as, failure, rows, run, start, told, value};
use tokio::time::timeout;
use tokio_postgres::types::Type;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_wrong_password_is_28000_and_five_of_them_lock_the_user() {
    let local = start().await;
    for (user, password) in [("awsuser", "wrong"), ("nobody", "Passw0rd")] {
        let error = connect_as(&local, user, password, "x").await.expect_err("refused");
        let (sqlstate, message, _) = told(&error);
        assert_eq!(sqlstate, "28000");
        assert_eq!(message, format!("password authentication failed for user \"{user}\""));
    }
    // A right login starts the count again.
    connect(&local).await;
    for _ in 0..5 {
        connect_as(&local, "awsuser", "wrong", "x").await.expect_err("refused");
    }
    let error = connect_as(&local, "awsuser", "Passw0rd", "x").await.expect_err("locked");
    assert_eq!(told(&error).0, "28000");
}

#[tokio::test]
async fn an_unknown_database_is_3d000() {
    let local = start().await;
    let error = tokio_postgres::Config::new()
        .host("127.0.0.1")
        .port(local.port())
        .user("awsuser")
        .password("Passw0rd")
        .dbname("elsewhere")
        .connect(tokio_postgres::NoTls)
        .await
        .err()
        .expect("refused");
    let (sqlstate, message, _) = told(&error);
    assert_eq!(
        (sqlstate.as_str(), message.as_str()),
        ("3D000", "database \"elsewhere\" does not exist")
    );
}

#[tokio::test]
async fn connections_beyond_the_limit_are_53300_and_places_come_back() {
    let config = Config { max_connections: 2, ..Config::default() };
    let local = RedshiftLocal::start(config).await.expect("started");
    let (_one, two) = (connect(&local).await, connect(&local).await);
    let error = connect_as(&local, "awsuser", "Passw0rd", "x").await.expect_err("too many");
    assert_eq!(told(&error).0, "53300");
    drop(two);
    timeout(SOON, async {
        while connect_as(&local, "awsuser", "Passw0rd", "x").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the place comes back");
}

#[tokio::test]
async fn where_tls_is_required_a_session_without_it_is_refused() {
    let config = Config { tls: Tls::Required, ..Config::default() };
    let local = RedshiftLocal::start(config).await.expect("started");
    let error = connect_as(&local, "awsuser", "Passw0rd", "x").await.expect_err("refused");
    let (sqlstate, message, _) = told(&error);
    assert_eq!(sqlstate, "28000");
    assert!(message.starts_with("no pg_hba.conf entry for host"), "{message}");
}

#[tokio::test]
async fn a_session_tells_what_redshift_tells() {
    let local = start().await;
    let client = connect(&local).await;
    let version = value(&client, "SELECT version()").await;
    assert!(version.starts_with("PostgreSQL 8.0.2 on ") && version.contains("Redshift 1.0."));
    assert_eq!(value(&client, "SELECT current_database()").await, "dev");
    assert_eq!(value(&client, "SELECT current_user").await, "awsuser");
    let pid = value(&client, "SELECT pg_backend_pid()").await;
    assert_eq!(local.sessions()[0].pid.to_string(), pid);
    assert_eq!(local.sessions()[0].application_name, "test");
}

#[tokio::test]
async fn columns_have_redshifts_types() {
    let local = start().await;
    let client = connect(&local).await;
    run(
        &client,
        "CREATE TABLE t (b BOOLEAN, s SMALLINT, i INT, l BIGINT, r REAL, d DOUBLE PRECISION, \
         n DECIMAL(20, 3), c CHAR(5), v VARCHAR(20), x TEXT, day DATE, at TIMESTAMP, \
         atz TIMESTAMPTZ)",
    )
    .await;
    let statement = client.prepare("SELECT * FROM t").await.expect("prepared");
    let types: Vec<Type> = statement.columns().iter().map(|c| c.type_().clone()).collect();
    assert_eq!(
        types,
        [
            Type::BOOL,
            Type::INT2,
            Type::INT4,
            Type::INT8,
            Type::FLOAT4,
            Type::FLOAT8,
            Type::NUMERIC,
            Type::BPCHAR,
            Type::VARCHAR,
            Type::VARCHAR,
            Type::DATE,
            Type::TIMESTAMP,
            Type::TIMESTAMPTZ
        ]
    );
    let modifiers: Vec<i32> = statement.columns().iter().map(|c| c.type_modifier()).collect();
    assert_eq!(modifiers[6..10], [((20 << 16) | 3) + 4, 5 + 4, 20 + 4, 256 + 4]);
}

#[tokio::test]
async fn parameters_and_results_cross_in_binary_and_numeric_as_text() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT, v VARCHAR(20), d DOUBLE PRECISION, n DECIMAL(10, 2))")
        .await;
    let inserted = client
        .execute("INSERT INTO t VALUES ($1, $2, $3, 12.5)", &[&7_i32, &"seven ", &7.25_f64])
        .await
        .expect("inserted");
    assert_eq!(inserted, 1);
    let row = client
        .query_one("SELECT i, v, d, CAST(n AS VARCHAR(20)) FROM t WHERE v = $1", &[&"seven"])
        .await
        .expect("a trailing blank is no difference");
    assert_eq!(
        (row.get::<_, i32>(0), row.get::<_, &str>(1), row.get::<_, f64>(2), row.get::<_, &str>(3)),
        (7, "seven ", 7.25, "12.50")
    );
    assert_eq!(rows(&client, "SELECT n FROM t").await, ["12.50"]);
}

#[tokio::test]
async fn a_numeric_parameter_in_binary_is_refused() {
    #[derive(Debug)]
    struct Binary;
    impl tokio_postgres::types::ToSql for Binary {
        fn to_sql(
            &self,
            _: &Type,
            out: &mut bytes::BytesMut,
        ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>>
        {
            // One digit group: 1.
            out.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
            Ok(tokio_postgres::types::IsNull::No)
        }
        fn accepts(_: &Type) -> bool {
            true
        }
        tokio_postgres::types::to_sql_checked!();
    }
    let local = start().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (n DECIMAL(10, 2))").await;
    let error = client.execute("INSERT INTO t VALUES ($1)", &[&Binary]).await.expect_err("refused");
    assert_eq!(told(&error).0, "0A000");
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "0");
}

#[tokio::test]
async fn portals_give_rows_bit_by_bit() {
    let local = start().await;
    let mut client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT)").await;
    run(&client, "INSERT INTO t VALUES (1), (2), (3), (4), (5)").await;
    let transaction = client.transaction().await.expect("begun");
    let portal = transaction.bind("SELECT i FROM t ORDER BY i", &[]).await.expect("bound");
    let mut seen = Vec::new();
    loop {
        let rows = transaction.query_portal(&portal, 2).await.expect("read");
        if rows.is_empty() {
            break;
        }
        assert!(rows.len() <= 2);
        seen.extend(rows.iter().map(|row| row.get::<_, i32>(0)));
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    transaction.commit().await.expect("committed");
}

#[tokio::test]
async fn prepared_statements_live_as_long_as_the_session() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT)").await;
    let insert = client.prepare("INSERT INTO t VALUES ($1)").await.expect("prepared");
    run(&client, "BEGIN").await;
    client.execute(&insert, &[&1_i32]).await.expect("inserted");
    run(&client, "ROLLBACK").await;
    client.execute(&insert, &[&2_i32]).await.expect("inserted");
    assert_eq!(rows(&client, "SELECT i FROM t").await, ["2"]);
}

#[tokio::test]
async fn what_is_not_modelled_is_refused_and_named() {
    let local = start().await;
    let client = connect(&local).await;
    let (sqlstate, message, _) = failure(&client, "SELECT pg_sleep(1)").await;
    assert_eq!(sqlstate, "0A000");
    assert!(message.starts_with("not modelled: "), "{message}");
    run(&client, "BEGIN").await;
    failure(&client, "SELECT pg_sleep(1)").await;
    assert_eq!(failure(&client, "SELECT 1").await.0, "25P02");
    run(&client, "ROLLBACK").await;
    assert_eq!(value(&client, "SELECT 1").await, "1");
}

#[tokio::test]
async fn a_null_and_a_text_too_long_are_told_in_redshifts_words() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (v VARCHAR(3), w INT NOT NULL)").await;
    let (sqlstate, message, detail) = failure(&client, "INSERT INTO t VALUES ('äö', 1)").await;
    assert_eq!(
        (sqlstate.as_str(), message.as_str()),
        ("22001", "value too long for type character varying(3)")
    );
    assert_eq!(detail, "");
    let (sqlstate, message, detail) = failure(&client, "INSERT INTO t VALUES ('ab', NULL)").await;
    assert_eq!(
        (sqlstate.as_str(), message.as_str()),
        ("23502", "Cannot insert a NULL value into column w")
    );
    assert_eq!(detail, "", "details would hold the row's values");
}

#[tokio::test]
async fn settings_are_kept_shown_and_rolled_back() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, "SET query_group TO 'etl'").await;
    assert_eq!(value(&client, "SHOW query_group").await, "etl");
    assert_eq!(local.sessions()[0].query_group, "etl");
    run(&client, "BEGIN; SET query_group TO 'other'; ROLLBACK").await;
    assert_eq!(value(&client, "SHOW query_group").await, "etl");
    run(&client, "RESET query_group").await;
    assert_eq!(local.sessions()[0].query_group, "");
    run(&client, "SET application_name TO 'renamed'").await;
    assert_eq!(value(&client, "SHOW application_name").await, "renamed");
    assert_eq!(local.sessions()[0].application_name, "renamed");
    assert_eq!(value(&client, "SHOW timezone").await, "UTC");
    assert_eq!(value(&client, "SHOW statement_timeout").await, "0");
}

#[tokio::test]
async fn statement_timeout_and_cancel_are_57014() {
    let local = start().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    run(&one, "CREATE TABLE t (i INT)").await;
    run(&one, "BEGIN; LOCK t").await;
    run(&two, "SET statement_timeout TO 300").await;
    let (sqlstate, message, _) = failure(&two, "INSERT INTO t VALUES (1)").await;
    assert_eq!(sqlstate, "57014");
    assert!(
        message.starts_with("Query (") && message.ends_with(") cancelled on user's request"),
        "{message}"
    );
    run(&two, "SET statement_timeout TO 0").await;
    let pid = value(&two, "SELECT pg_backend_pid()").await;
    let waiting = failure(&two, "INSERT INTO t VALUES (1)");
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        run(&one, &format!("CANCEL {pid}")).await;
    };
    let ((sqlstate, ..), ()) = tokio::join!(waiting, cancel);
    assert_eq!(sqlstate, "57014");
    let token = two.cancel_token();
    let waiting = failure(&two, "INSERT INTO t VALUES (1)");
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel_query(tokio_postgres::NoTls).await.expect("asked");
    };
    let ((sqlstate, ..), ()) = tokio::join!(waiting, cancel);
    assert_eq!(sqlstate, "57014");
    run(&one, "COMMIT").await;
    run(&two, "INSERT INTO t VALUES (1)").await;
}

#[tokio::test]
async fn a_terminated_session_is_told_57p01_and_its_transaction_rolls_back() {
    let local = start().await;
    let (one, two) = (connect(&local).await, connect(&local).await);
    run(&one, "CREATE TABLE t (i INT)").await;
    run(&two, "BEGIN; INSERT INTO t VALUES (1)").await;
    let pid = value(&two, "SELECT pg_backend_pid()").await;
    assert_eq!(value(&one, &format!("SELECT pg_terminate_backend({pid})")).await, "1");
    timeout(SOON, async {
        while local.sessions().len() > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the session goes");
    assert!(two.simple_query("SELECT 1").await.is_err());
    timeout(SOON, run(&one, "BEGIN; LOCK t; COMMIT")).await.expect("its locks are gone");
    assert_eq!(value(&one, "SELECT COUNT(*) FROM t").await, "0");
}

#[tokio::test]
async fn statements_are_logged_with_shapes_and_without_secrets() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, "SET query_group TO 'job'").await;
    local.statements().clear();
    value(&client, "SELECT 41 + 1").await;
    client.query_one("SELECT 1", &[]).await.expect("read");
    let secret =
        "COPY t FROM 's3://b/k' ACCESS_KEY_ID 'AKIDPLANTED' SECRET_ACCESS_KEY 'PLANTED' CSV";
    client.batch_execute(secret).await.expect_err("no such table");
    let log = local.statements().all();
    assert_eq!(log.len(), 3, "{log:?}");
    assert_eq!((log[0].text.as_str(), log[0].prepared), ("SELECT 41 + 1", false));
    assert!(log[0].shape.contains('?'), "{}", log[0].shape);
    assert_eq!((log[0].query_group.as_str(), log[0].application_name.as_str()), ("job", "test"));
    assert!(log[1].prepared);
    assert!(!format!("{log:?}").contains("PLANTED"), "{log:?}");
    local.history_written().await;
    let shown = rows(&client, "SELECT query_text FROM sys_query_history").await.join(" ");
    assert!(shown.contains("41 + 1") && !shown.contains("PLANTED"), "{shown}");
}

#[tokio::test]
async fn a_data_directory_keeps_tables_and_certificates() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = Config { data_dir: Some(dir.path().join("data")), ..Config::default() };
    // Whoever PostgreSQL runs as must get there.
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("opened");
    let local = RedshiftLocal::start(config.clone()).await.expect("started");
    let ca = local.ca_pem().to_owned();
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT)").await;
    run(&client, "INSERT INTO t VALUES (1)").await;
    // The history is written a moment behind.
    let recorded = "SELECT MAX(query_id) FROM sys_query_history WHERE query_type = 'INSERT'";
    let mut last = rows(&client, recorded).await;
    for _ in 0..200 {
        if last[0].parse::<i64>().is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        last = rows(&client, recorded).await;
    }
    let last: i64 = last[0].parse().expect("the INSERT is recorded");
    local.stop().await.expect("stopped");
    assert!(client.simple_query("SELECT 1").await.is_err());

    let local = RedshiftLocal::start(config).await.expect("started again");
    assert_eq!(local.ca_pem(), ca);
    let client = connect(&local).await;
    assert_eq!(value(&client, "SELECT i FROM t").await, "1");
    // Records are found by the ids of their queries: those of two starts must differ.
    let next: i64 = value(&client, "SELECT pg_last_query_id()").await.parse().expect("an id");
    assert!(next > last, "{next} after {last}");
    let shown = rows(&client, "SELECT tablename, \"type\" FROM pg_table_def").await;
    assert_eq!(shown, ["t|integer"]);
    local.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_user_with_few_rights_writes_where_it_may() {
    let mut config = Config::default();
    config.users.push(User {
        name: "loader".into(),
        password: "Loader0Pass".into(),
        stored: StoredPassword::Md5,
        superuser: false,
    });
    let local = RedshiftLocal::start(config).await.expect("started");
    let owner = connect(&local).await;
    run(&owner, "CREATE TABLE t (i INT); CREATE TABLE hidden (i INT)").await;
    run(&owner, "GRANT INSERT ON TABLE t TO loader").await;
    let loader = connect_as(&local, "loader", "Loader0Pass", "x").await.expect("logged in");
    run(&loader, "INSERT INTO t VALUES (1)").await;
    assert_eq!(failure(&loader, "SELECT * FROM t").await.0, "42501");
    assert_eq!(failure(&loader, "INSERT INTO hidden VALUES (1)").await.0, "42501");
    run(&loader, "CREATE TABLE own (i INT)").await;
    run(&loader, "INSERT INTO own VALUES (1)").await;
    assert_eq!(value(&owner, "SELECT COUNT(*) FROM own").await, "1");
}

#[tokio::test]
async fn a_cursor_needs_a_block_and_is_the_only_one() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (i INT)").await;
    run(&client, "INSERT INTO t VALUES (1), (2), (3)").await;
    assert_eq!(failure(&client, "DECLARE c CURSOR FOR SELECT i FROM t").await.0, "25P01");
    run(&client, "BEGIN; DECLARE c CURSOR FOR SELECT i FROM t ORDER BY i").await;
    assert_eq!(rows(&client, "FETCH FORWARD 2 FROM c").await, ["1", "2"]);
    assert_eq!(rows(&client, "FETCH ALL FROM c").await, ["3"]);
    run(&client, "CLOSE c; DECLARE d CURSOR FOR SELECT 1").await;
    assert_eq!(failure(&client, "DECLARE e CURSOR FOR SELECT 2").await.0, "0A000");
    run(&client, "ROLLBACK; BEGIN; DECLARE e CURSOR FOR SELECT 2; COMMIT").await;
}

#[tokio::test]
async fn a_new_isolation_level_holds_for_new_sessions() {
    let config = Config { edition: Edition::Provisioned, ..Config::default() };
    let local = RedshiftLocal::start(config).await.expect("started");
    let level = "SELECT TRIM(isolation_level) FROM stv_db_isolation_level WHERE db_name = 'dev'";
    let client = connect(&local).await;
    assert_eq!(value(&client, level).await, "Snapshot Isolation");
    local.set_isolation(Isolation::Serializable).await.expect("set");
    assert_eq!(value(&client, level).await, "Serializable");
    run(&client, "CREATE TABLE a (i INT); CREATE TABLE b (i INT)").await;
    let skew = |one, two| async move {
        let (one, two): (tokio_postgres::Client, tokio_postgres::Client) = (one, two);
        run(&one, "BEGIN; SELECT * FROM a; INSERT INTO b VALUES (1)").await;
        run(&two, "BEGIN; SELECT * FROM b; INSERT INTO a VALUES (1)").await;
        run(&one, "COMMIT").await;
        two.batch_execute("COMMIT").await.is_ok()
    };
    let (one, two) = (connect(&local).await, connect(&local).await);
    assert!(!skew(one, two).await, "new sessions are serializable");
    local.set_isolation(Isolation::Snapshot).await.expect("set");
    let (one, two) = (connect(&local).await, connect(&local).await);
    assert!(skew(one, two).await, "and then they are not");
}

/// Starts a stand-in, tells its session's process id, and waits to be killed. Only run by the test
/// below, in a process of its own.
#[tokio::test]
#[ignore = "run by killed_with_sigkill_it_leaves_no_postgres"]
async fn waits_to_be_killed() {
    let local = start().await;
    let client = connect(&local).await;
    println!("pid={}", value(&client, "SELECT pg_backend_pid()").await);
    tokio::time::sleep(Duration::from_secs(600)).await;
}

#[test]
fn killed_with_sigkill_it_leaves_no_postgres() {
    use std::io::{BufRead, BufReader};
    let mut child = std::process::Command::new(std::env::current_exe().expect("ourselves"))
        .args(["--exact", "waits_to_be_killed", "--ignored", "--nocapture"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("run");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let pid = lines
        .map(|line| line.expect("text"))
        .find_map(|line| line.split_once("pid=").map(|(_, pid)| pid.trim().to_owned()))
        .expect("it starts");
    let backend = std::path::Path::new("/proc").join(pid);
    assert!(backend.exists());
    child.kill().expect("killed");
    child.wait().expect("gone");
    let begin = std::time::Instant::now();
    while backend.exists() {
        assert!(begin.elapsed() < SOON, "PostgreSQL outlives the stand-in");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn more_parameters_than_redshift_counts_are_refused() {
    let local = start().await;
    let client = connect(&local).await;
    let types = vec![Type::INT4; 32_768];
    let error = client.prepare_typed("SELECT 1", &types).await.expect_err("refused");
    assert_eq!(told(&error).0, "08P01");
    assert_eq!(value(&client, "SELECT 1").await, "1");
}

/// PostgreSQL gets such rows as a query, which must not show.
#[tokio::test]
async fn rows_of_parameters_are_inserted_as_values_are() {
    let local = start().await;
    let client = connect(&local).await;
    run(&client, "CREATE TABLE t (k BIGINT, v VARCHAR(3), n NUMERIC(5,2) NOT NULL)").await;
    let insert = "INSERT INTO t (k, v, n) VALUES ($1, $2, $3), ($4, $5, $6)";
    // The first and the last are assigned to their columns, whose types are others.
    let twice = |row: [Type; 3]| [row.clone(), row].concat();
    let declared = twice([Type::INT4, Type::VARCHAR, Type::FLOAT8]);
    let statement = client.prepare_typed(insert, &declared).await.expect("prepared");
    assert!(statement.columns().is_empty());
    let (none, number) = (None::<&str>, 1.005);
    let done = client.execute(&statement, &[&1, &"abc  ", &number, &2, &none, &number]).await;
    assert_eq!(done.expect("inserted"), 2);
    // Without types, and with the type that is none, the cells take their columns'.
    for unknown in [vec![], twice([Type::INT8, Type::UNKNOWN, Type::NUMERIC])] {
        let statement = client.prepare_typed(insert, &unknown).await.expect("prepared");
        let parameters = statement.params();
        assert_eq!(parameters[..3], [Type::INT8, Type::VARCHAR, Type::NUMERIC], "{unknown:?}");
    }
    let first = "SELECT v || '|' FROM t WHERE k = 1 AND n = 1.01";
    assert_eq!(value(&client, first).await, "abc|");
    let second = "SELECT COUNT(*) FROM t WHERE k = 2 AND v IS NULL AND n = 1.01";
    assert_eq!(value(&client, second).await, "1");

    let given = async |text: &str, number: Option<f64>| {
        let done = client.execute(&statement, &[&7, &text, &number, &7, &text, &number]).await;
        told(&done.expect_err("refused"))
    };
    let (sqlstate, message, _) = given("abcd", Some(1.0)).await;
    assert_eq!(
        (sqlstate.as_str(), message.as_str()),
        ("22001", "value too long for type character varying(3)")
    );
    assert_eq!(given("a", None).await.0, "23502");
    assert_eq!(given("a", Some(1e9)).await.0, "22003");
    let wrong = twice([Type::BOOL, Type::VARCHAR, Type::FLOAT8]);
    let wrong = client.prepare_typed(insert, &wrong).await.expect_err("refused");
    assert_eq!(told(&wrong).0, "42804");
    assert_eq!(value(&client, "SELECT COUNT(*) FROM t").await, "2");
}
