//! Tables as Redshift defines them, and what the catalog tells of them.

use redshift_local::catalog;

use crate::server::Session;

const FULL: &str = "CREATE TABLE IF NOT EXISTS public.Users (
    id BIGINT IDENTITY(10, 5) NOT NULL ENCODE AZ64,
    name VARCHAR(20) NOT NULL DEFAULT 'no\\'one' ENCODE ZSTD DISTKEY,
    code CHAR(4) ENCODE LZO UNIQUE,
    score DECIMAL(10, 2) DEFAULT 1.5,
    seen TIMESTAMPTZ DEFAULT getdate(),
    note TEXT COLLATE CASE_SENSITIVE,
    ok BOOLEAN,
    PRIMARY KEY (id, name),
    FOREIGN KEY (code) REFERENCES codes (code)
) BACKUP NO DISTSTYLE KEY COMPOUND SORTKEY (seen, id)";

async fn with_users() -> Session {
    let session = Session::new().await;
    session.run("CREATE TABLE codes (code CHAR(4) PRIMARY KEY)").await;
    session.run(FULL).await;
    session
}

#[tokio::test]
async fn show_columns_tells_all_of_a_table() {
    let session = with_users().await;
    let oid = session
        .one("SELECT DISTINCT table_id FROM svv_table_info WHERE false UNION ALL SELECT 1")
        .await;
    assert_eq!(oid, "1");
    let admin = session.admin().await;
    let oid: u32 = admin.query_one("SELECT 'users'::regclass::oid", &[]).await.unwrap().get(0);
    let database = &session.database;
    let expected = [
        format!(
            "id|1|\"identity\"({oid}, 0, '10,5'::text)|NO|bigint|NULL|64|0|COMPOUND|2|NULL|az64|NULL"
        ),
        "name|2|'no\\'one'|NO|character varying|20|NULL|NULL|NULL|NULL|1|zstd|default".into(),
        "code|3|NULL|YES|character|4|NULL|NULL|NULL|NULL|NULL|lzo|default".into(),
        "score|4|1.5|YES|numeric|NULL|10|2|NULL|NULL|NULL|az64|NULL".into(),
        "seen|5|getdate()|YES|timestamp with time zone|NULL|NULL|NULL|COMPOUND|1|NULL|none|NULL"
            .into(),
        "note|6|NULL|YES|character varying|256|NULL|NULL|NULL|NULL|NULL|lzo|default".into(),
        "ok|7|NULL|YES|boolean|NULL|NULL|NULL|NULL|NULL|NULL|none|NULL".into(),
    ];
    for name in [format!("{database}.public.users"), "PUBLIC.\"USERS\"".into()] {
        let rows = session.run(&format!("SHOW COLUMNS FROM TABLE {name}")).await;
        let head = format!("{database}|public|users|");
        for (row, expected) in rows.iter().zip(&expected) {
            let row = row.strip_prefix(&head).unwrap_or_else(|| panic!("{row}"));
            // Remarks stand between the scale and the sort key.
            let cells: Vec<_> = row.split('|').collect();
            assert_eq!(cells[8], "NULL");
            let row = [&cells[..8], &cells[9..]].concat().join("|");
            assert_eq!(&row, expected);
        }
        assert_eq!(rows.len(), expected.len());
    }
    let like = session.run("SHOW COLUMNS FROM TABLE public.users LIKE 'n%' LIMIT 1").await;
    assert!(like.len() == 1 && like[0].contains("|name|"));
    assert!(session.run("SHOW COLUMNS FROM TABLE other.public.users").await.is_empty());
}

#[tokio::test]
async fn catalog_views_agree() {
    let session = with_users().await;
    let database = &session.database;
    let sql = "SELECT \"column\", type, encoding, distkey, sortkey, \"notnull\" FROM pg_table_def \
               WHERE tablename = 'users' AND schemaname = 'public'";
    let rows = session.run(sql).await;
    assert_eq!(rows[0], format!("id|bigint|{:32}|f|2|t", "az64"));
    assert_eq!(rows[1], format!("name|character varying(20)|{:32}|t|0|t", "zstd"));
    assert_eq!(rows[2], format!("code|character(4)|{:32}|f|0|f", "lzo"));
    let sql = "SELECT column_name, data_type, character_maximum_length, numeric_precision, \
               numeric_scale FROM svv_all_columns WHERE schema_name = 'public' AND \
               table_name = 'users' AND column_name IN ('name', 'score') ORDER BY ordinal_position";
    assert_eq!(
        session.run(sql).await,
        ["name|character varying|20|NULL|NULL", "score|numeric|NULL|10|2"]
    );
    for sql in [
        "SELECT count(*) FROM svv_redshift_columns WHERE table_name = 'users' AND encoding = 'zstd'",
        "SELECT count(*) FROM pg_catalog.svv_columns WHERE column_name = 'name' AND \
         character_maximum_length = 20",
        "SELECT count(*) FROM information_schema.columns c WHERE c.column_name = 'note' AND \
         columns.data_type = 'x' OR column_name = 'note'",
        "SELECT count(*) FROM information_schema.tables WHERE table_name = 'users'",
        "SELECT count(*) FROM svv_tables WHERE table_name = 'users' AND table_type = 'BASE TABLE'",
        "SELECT count(*) FROM svv_all_tables WHERE table_name = 'users' AND table_type = 'TABLE'",
        "SELECT count(*) FROM svv_all_schemas WHERE schema_name = 'public'",
    ] {
        if sql.contains("columns.data_type") {
            assert_eq!(session.fails(sql).await.sqlstate, "42P01", "{sql}");
        } else {
            assert_eq!(session.one(sql).await, "1", "{sql}");
        }
    }
    let sql = "SELECT c.constraint_type, k.column_name FROM information_schema.table_constraints c \
               JOIN information_schema.key_column_usage k USING (constraint_name) \
               WHERE c.table_name = 'users' ORDER BY 1, ordinal_position";
    assert_eq!(
        session.run(sql).await,
        ["FOREIGN KEY|code", "PRIMARY KEY|id", "PRIMARY KEY|name", "UNIQUE|code"]
    );
    let sql = "SHOW CONSTRAINTS PRIMARY KEYS FROM TABLE public.users";
    assert_eq!(session.run(sql).await[1], format!("{database}|public|users|name|2|users_pkey"));
    let tables =
        session.run(&format!("SHOW TABLES FROM SCHEMA {database}.public LIKE 'us%'")).await;
    assert_eq!(
        tables,
        [format!(
            "{database}|public|users|TABLE|NULL|NULL|alice|NULL|NULL|KEY (name)|REGULAR TABLE"
        )]
    );
    assert!(session.run("SHOW DATABASES").await.iter().any(|row| row.starts_with(database)));
    let schemas = session.run(&format!("SHOW SCHEMAS FROM DATABASE {database}")).await;
    assert!(schemas.iter().any(|row| row.starts_with(&format!("{database}|public|"))));
    assert!(!schemas.iter().any(|row| row.contains("redshift_sys")));
}

#[tokio::test]
async fn keys_are_recorded_and_never_enforced() {
    let session = with_users().await;
    session.run("INSERT INTO users (name, code) VALUES ('a', 'x'), ('a', 'x')").await;
    session.run("INSERT INTO codes VALUES ('x'), ('x')").await;
    assert_eq!(session.one("SELECT count(*), count(DISTINCT code) FROM users").await, "2|1");
    assert_eq!(session.run("SELECT id FROM users ORDER BY id").await, ["10", "15"]);
    assert_eq!(session.fails("INSERT INTO users (name) VALUES (NULL)").await.sqlstate, "23502");
    assert_eq!(session.fails("INSERT INTO codes VALUES (NULL)").await.sqlstate, "23502");
    assert_eq!(
        session.fails("INSERT INTO users (id, name) VALUES (1, 'a')").await.sqlstate,
        "428C9"
    );
    session
        .run("INSERT INTO users DEFAULT VALUES; INSERT INTO users (name) VALUES (DEFAULT)")
        .await;
    assert_eq!(session.one("SELECT count(*) FROM users WHERE name = 'no\\'one'").await, "2");
}

#[tokio::test]
async fn identity_by_default_takes_values() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (i INT GENERATED BY DEFAULT AS IDENTITY(0, -3), a INT)").await;
    session.run("INSERT INTO t (a) VALUES (1), (2); INSERT INTO t VALUES (77, 3)").await;
    assert_eq!(session.run("SELECT i FROM t ORDER BY a").await, ["0", "-3", "77"]);
    let default =
        session.one("SELECT column_default FROM svv_columns WHERE column_name = 'i'").await;
    assert!(default.starts_with("default_identity("), "{default}");
}

#[tokio::test]
async fn a_table_is_created_once() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (a INT)").await;
    let failure = session.fails("CREATE TABLE T (b INT)").await;
    assert_eq!(
        (failure.sqlstate.as_str(), failure.message.as_str()),
        ("42P07", "Relation \"t\" already exists")
    );
    session.run("CREATE TABLE IF NOT EXISTS t (b INT)").await;
    assert_eq!(session.run("SHOW COLUMNS FROM TABLE public.t").await.len(), 1);
    // A race for a name ends with one table and no error.
    let (one, two) = (Session::of(&session.database).await, Session::of(&session.database).await);
    let sql = "CREATE TABLE IF NOT EXISTS ledger (id VARCHAR(64) NOT NULL)";
    for _ in 0..5 {
        let (a, b) = tokio::join!(one.rows(sql), two.rows(sql));
        assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
        one.run("DROP TABLE ledger").await;
    }
    // A temporary table hides no other: it comes first in the search path.
    session.run("CREATE TEMP TABLE t (z INT, y INT); INSERT INTO t VALUES (1, 2)").await;
    assert_eq!(session.one("SELECT z FROM t").await, "1");
    session.run("CREATE TABLE #stage (a VARCHAR(3)); INSERT INTO #stage VALUES ('a  ')").await;
    assert_eq!(session.one("SELECT len(a) FROM #stage").await, "3");
    assert!(two.rows("SELECT * FROM #stage").await.is_err());
}

#[tokio::test]
async fn definitions_roll_back() {
    let session = Session::new().await;
    session.run("BEGIN; CREATE TABLE t (a INT); INSERT INTO t VALUES (1); ROLLBACK").await;
    assert_eq!(session.fails("SELECT * FROM t").await.sqlstate, "42P01");
    session.run("CREATE TABLE t (a INT DISTKEY)").await;
    session.run("BEGIN; ALTER TABLE t ADD COLUMN b INT; DROP TABLE t; ROLLBACK").await;
    assert_eq!(session.run("SHOW COLUMNS FROM TABLE public.t").await.len(), 1);
}

#[tokio::test]
async fn like_and_as() {
    let session = with_users().await;
    session.run("CREATE TEMP TABLE stage (LIKE users, extra INT)").await;
    session.run("INSERT INTO stage (id, name, code) VALUES (1, 'a', 'b')").await;
    assert_eq!(session.fails("INSERT INTO stage (id) VALUES (1)").await.sqlstate, "23502");
    let failure = session.fails("INSERT INTO stage (id, name, code) VALUES (1, 'a', 'ä')").await;
    assert!(failure.message.contains(catalog::MULTIBYTE_CHECK));
    let sql = "SELECT \"column\", distkey, sortkey, encoding FROM pg_table_def \
               WHERE tablename = 'stage' AND (distkey OR sortkey <> 0)";
    let none = format!("{:32}", "none");
    assert_eq!(
        session.run(sql).await,
        [format!("id|f|2|{none}"), format!("name|t|0|{none}"), format!("seen|f|1|{none}")]
    );
    session.run("CREATE TABLE copy (LIKE public.users INCLUDING DEFAULTS)").await;
    session.run("INSERT INTO copy (id) VALUES (1)").await;
    assert_eq!(session.one("SELECT name, score FROM copy").await, "no'one|1.50");

    session
        .run(
            "CREATE TABLE c AS SELECT name, code AS k, 1::int AS one, sum(id) AS s, \
                 upper(name)::varchar(7) AS u, sum(score)::decimal(12,2) AS d \
                 FROM users GROUP BY name, code",
        )
        .await;
    let sql = "SELECT column_name, data_type, character_maximum_length FROM svv_columns \
               WHERE table_name = 'c' ORDER BY ordinal_position";
    assert_eq!(
        session.run(sql).await,
        [
            "name|character varying|20",
            "k|character|4",
            "one|integer|NULL",
            "s|bigint|NULL",
            "u|character varying|7",
            "d|numeric|NULL"
        ]
    );
    let failure = session.fails("INSERT INTO c (k) VALUES ('ä')").await;
    assert!(failure.message.contains(catalog::MULTIBYTE_CHECK));
    let failure = session.fails("CREATE TABLE d AS SELECT upper(name) AS u FROM users").await;
    assert!(failure.message.starts_with("not modelled: the width of column \"u\""));
    let failure = session.fails("CREATE TABLE d AS SELECT sum(score) AS u FROM users").await;
    assert!(failure.message.starts_with("not modelled: the precision of column \"u\""));
}

#[tokio::test]
async fn alter_table() {
    let session = Session::new().await;
    session
        .run(
            "CREATE TABLE t (k INT DISTKEY SORTKEY, v VARCHAR(5), w VARCHAR(5) DEFAULT 'x', \
                 b VARCHAR(5) ENCODE BYTEDICT)",
        )
        .await;
    session.run("INSERT INTO t (k, v) VALUES (1, 'abcde')").await;
    session.run("ALTER TABLE t ADD COLUMN n INT DEFAULT 7 NOT NULL").await;
    session.run("ALTER TABLE t ADD c CHAR(2) ENCODE ZSTD").await;
    assert_eq!(session.one("SELECT n, c FROM t").await, "7|NULL");
    assert_eq!(session.fails("INSERT INTO t (k, c) VALUES (1, 'ä')").await.sqlstate, "23514");
    session.run("ALTER TABLE t ALTER COLUMN v TYPE VARCHAR(8)").await;
    session.run("UPDATE t SET v = 'abcdefgh'").await;
    let failure = session.fails("ALTER TABLE t ALTER COLUMN v TYPE VARCHAR(7)").await;
    assert_eq!(failure.sqlstate, "22001");
    for (column, part) in [("k", "VARCHAR"), ("w", "default"), ("b", "bytedict")] {
        let sql = format!("ALTER TABLE t ALTER COLUMN {column} TYPE VARCHAR(9)");
        let failure = session.fails(&sql).await;
        assert_eq!(failure.sqlstate, "0A000");
        assert!(failure.message.contains(part), "{failure:?}");
    }
    assert_eq!(session.fails("ALTER TABLE t DROP COLUMN k").await.sqlstate, "0A000");
    session.run("ALTER TABLE t DROP COLUMN w; ALTER TABLE t RENAME COLUMN v TO value").await;
    session.run("ALTER TABLE t RENAME TO \"T 2\"").await;
    let sql = "SELECT column_name, ordinal_position, encoding FROM svv_redshift_columns r \
               JOIN svv_columns c USING (table_name, column_name, ordinal_position) \
               ORDER BY ordinal_position";
    assert_eq!(
        session.run(sql).await,
        ["k|1|none", "value|2|lzo", "b|3|bytedict", "n|4|az64", "c|5|zstd"]
    );
}

#[tokio::test]
async fn the_smaller_definitions() {
    let session = Session::new().await;
    for sql in [
        "CREATE SCHEMA IF NOT EXISTS s QUOTA 5 GB",
        "CREATE TABLE s.t (a INT, v VARCHAR(5))",
        "COMMENT ON TABLE s.t IS 'it''s \\\\ here'",
        "COMMENT ON COLUMN s.t.a IS 'col'",
        "GRANT ALL ON TABLE s.t TO PUBLIC",
        "GRANT SELECT, INSERT ON s.t TO alice",
        "GRANT USAGE ON SCHEMA s TO alice",
        "REVOKE INSERT ON s.t FROM PUBLIC",
        "ANALYZE s.t (a)",
        "ANALYZE",
        "VACUUM DELETE ONLY s.t TO 75 PERCENT BOOST",
        "INSERT INTO s.t VALUES (1, 'a')",
        "TRUNCATE TABLE s.t",
    ] {
        session.run(sql).await;
    }
    let sql = "SELECT remarks FROM svv_tables WHERE table_schema = 's'";
    assert_eq!(session.one(sql).await, "it's \\ here");
    let sql = "SELECT remarks FROM svv_columns WHERE table_schema = 's' AND column_name = 'a'";
    assert_eq!(session.one(sql).await, "col");
    assert_eq!(session.one("SELECT count(*) FROM s.t").await, "0");
    assert_eq!(session.one("SELECT count(*) FROM pg_table_def").await, "0");
    session.run("SET search_path TO s, public").await;
    assert_eq!(session.one("SELECT count(*) FROM pg_table_def").await, "2");
    session.run("DROP TABLE IF EXISTS s.t, s.absent CASCADE; DROP SCHEMA s").await;
}

#[tokio::test]
async fn changes() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (k INT, v VARCHAR(5)); CREATE TABLE s (k INT, v VARCHAR(5))").await;
    session
        .run("INSERT INTO t VALUES (1, 'a'), (2, 'b'); INSERT INTO s VALUES (2, 'B'), (3, 'C')")
        .await;
    session.run("UPDATE t SET v = s.v FROM s WHERE t.k = s.k").await;
    session
        .run("INSERT INTO t SELECT * FROM s WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.k = s.k)")
        .await;
    assert_eq!(session.run("SELECT k, v FROM t ORDER BY k").await, ["1|a", "2|B", "3|C"]);
    session.run("DELETE FROM t USING s WHERE t.k = s.k AND s.k = 3; DELETE t WHERE k = 2").await;
    assert_eq!(session.run("SELECT k FROM t").await, ["1"]);
    session.run("WITH x AS (SELECT 1 AS k) UPDATE t SET v = DEFAULT FROM x WHERE t.k = x.k").await;
    assert_eq!(session.one("SELECT v FROM t").await, "NULL");
    session
        .run(
            "MERGE INTO t USING s AS x ON t.k = x.k WHEN MATCHED THEN UPDATE SET v = x.v \
                 WHEN NOT MATCHED THEN INSERT VALUES (x.k, x.v)",
        )
        .await;
    assert_eq!(session.run("SELECT k, v FROM t ORDER BY k").await, ["1|NULL", "2|B", "3|C"]);
    session.run("BEGIN; DECLARE c CURSOR FOR SELECT k FROM t ORDER BY k").await;
    assert_eq!(session.run("FETCH FORWARD 2 FROM c").await, ["1", "2"]);
    assert_eq!(session.run("FETCH NEXT FROM c").await, ["3"]);
    session.run("CLOSE c; COMMIT").await;
}

#[tokio::test]
async fn what_the_server_saw() {
    let session = with_users().await;
    let admin = session.admin().await;
    let user = "alice";
    admin
        .execute(catalog::INSERT_SESSION, &[&7i32, &user, &"job", &"driver", &"os"])
        .await
        .unwrap();
    let other = "bob";
    for (name, id) in [(user, 1i64), (other, 2)] {
        let (label, kind, text) = ("a label", "COPY", "copy t from 's3://…'");
        admin
            .execute(
                catalog::INSERT_QUERY_HISTORY,
                &[&name, &id, &label, &9i64, &7i32, &kind, &text],
            )
            .await
            .unwrap();
        admin
            .execute(catalog::END_QUERY_HISTORY, &[&id, &"failed", &Some("why"), &None::<i64>])
            .await
            .unwrap();
        let start = std::time::SystemTime::now();
        admin
            .execute(
                catalog::INSERT_LOAD_ERROR,
                &[
                    &name,
                    &id,
                    &9i64,
                    &7i32,
                    &5i32,
                    &start,
                    &"s3://b/k",
                    &3i64,
                    &"c",
                    &"varchar",
                    &"5",
                    &0i32,
                    &"line",
                    &"field",
                    &1204i32,
                    &"String length exceeds DDL length",
                    &0i64,
                ],
            )
            .await
            .unwrap();
        admin
            .execute(
                catalog::INSERT_LOAD_HISTORY,
                &[
                    &name,
                    &id,
                    &9i64,
                    &7i32,
                    &"completed",
                    &"t",
                    &start,
                    &"s3://b/",
                    &"csv",
                    &4i64,
                    &5i64,
                    &1i32,
                    &6i64,
                    &1i32,
                    &6i64,
                    &0i64,
                ],
            )
            .await
            .unwrap();
        admin
            .execute(
                catalog::INSERT_LOAD_FILE,
                &[&name, &id, &"s3://b/k", &6i64, &4i64, &0i64, &"csv"],
            )
            .await
            .unwrap();
    }
    let sql = "SELECT query_id, trim(query_label), session_id, trim(status), trim(error_message), \
               trim(username) FROM sys_query_history";
    assert_eq!(session.run(sql).await, ["1|a label|7|failed|why|alice"]);
    let sql = "SELECT trim(file_name), line_number, trim(error_message), error_code, len(column_type) \
               FROM sys_load_error_detail WHERE query_id = 1";
    assert_eq!(session.run(sql).await, ["s3://b/k|3|String length exceeds DDL length|1204|7"]);
    let sql = "SELECT query_id, loaded_rows, status FROM sys_load_history";
    assert_eq!(session.run(sql).await, ["1|4|completed"]);
    assert_eq!(session.run("SELECT lines_scanned FROM sys_load_detail").await, ["4"]);
    let sql = "SELECT session_id, trim(application_name) FROM sys_connection_log";
    assert_eq!(session.run(sql).await, ["7|job"]);
    admin.execute(catalog::END_SESSION, &[&7i32]).await.unwrap();
    assert_eq!(session.one("SELECT trim(status) FROM sys_session_history").await, "ended");

    let mut provisioned = Session::of(&session.database).await;
    provisioned.settings.serverless = false;
    let sql = "SELECT trim(err_reason), len(raw_line), trim(colname) FROM stl_load_errors";
    assert_eq!(provisioned.run(sql).await, ["String length exceeds DDL length|4|c"]);
    assert_eq!(provisioned.run("SELECT trim(file_format) FROM stl_load_commits").await, ["Text"]);
    admin.execute(catalog::SET_ISOLATION, &[&"Serializable"]).await.unwrap();
    let sql = "SELECT DISTINCT trim(isolation_level) FROM stv_db_isolation_level";
    assert_eq!(provisioned.run(sql).await, ["Serializable"]);
    let sql = "SELECT DISTINCT datconfig FROM pg_database_info";
    assert_eq!(session.run(sql).await, ["{concurrency_model=2}"]);

    // Locks of one's own transactions.
    session.run("BEGIN; SELECT count(*) FROM users").await;
    let sql = format!(
        "SELECT txn_owner, lock_mode, granted FROM svv_transactions WHERE pid = {} AND txn_db = '{}'",
        session.one("SELECT pg_backend_pid()").await,
        session.database
    );
    assert_eq!(provisioned.run(&sql).await, ["alice|AccessShareLock|t"]);
    admin.batch_execute(catalog::SWEEP).await.unwrap();
    let rows = admin.query(catalog::TARGET_COLUMNS, &[&"\"public\".\"users\""]).await.unwrap();
    assert_eq!(rows.len(), 7);
    assert!(rows[0].get::<_, bool>(5) && !rows[0].get::<_, bool>(4) && rows[1].get::<_, bool>(4));
}

#[tokio::test]
async fn a_large_insert_is_checked_in_time() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (a INT, v VARCHAR(20))").await;
    let rows: Vec<_> = (0..20_000).map(|n| format!("({n}, 'value {n}\\\\')")).collect();
    let sql = format!("INSERT INTO t VALUES {}", rows.join(", "));
    session.run(&sql).await;
    assert_eq!(session.one("SELECT count(*), max(v) FROM t").await, "20000|value 9\\");
}
