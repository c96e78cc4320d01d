//! Types and functions: widths in bytes, trailing blanks, numbers and dates as Redshift has them.

use crate::server::Session;

#[tokio::test]
async fn trailing_blanks_do_not_matter_in_comparisons() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (v VARCHAR(10), c CHAR(6), i INT)").await;
    session.run("INSERT INTO t VALUES ('ab', 'ab', 1), ('ab  ', 'ab ', 2), ('b', 'b', 3)").await;
    session.run("CREATE TABLE u (v VARCHAR(10), j INT); INSERT INTO u VALUES ('ab ', 9)").await;
    let same = [
        "SELECT i FROM t WHERE v = 'ab    ' ORDER BY i",
        "SELECT i FROM t WHERE 'ab ' = v ORDER BY i",
        "SELECT i FROM t WHERE v IN ('x', 'ab   ') ORDER BY i",
        "SELECT i FROM t WHERE c = 'ab  ' ORDER BY i",
        "SELECT i FROM t WHERE c = v AND i < 3 ORDER BY i",
        "SELECT i FROM t WHERE v <> 'b ' ORDER BY i",
        "SELECT i FROM t WHERE upper(v) = upper('ab   ') ORDER BY i",
        "SELECT i FROM t WHERE v || '' = 'ab ' ORDER BY i",
        "SELECT i FROM t WHERE coalesce(v, 'x') = 'ab ' ORDER BY i",
        "SELECT i FROM t WHERE CASE WHEN v IS NULL THEN 'x' ELSE v END = 'ab ' ORDER BY i",
        "SELECT i FROM t WHERE v::varchar(20) = CAST('ab ' AS VARCHAR(5)) ORDER BY i",
        "SELECT i FROM t WHERE v BETWEEN 'ab ' AND 'ab' ORDER BY i",
        "SELECT i FROM t JOIN u ON t.v = u.v ORDER BY i",
        "SELECT i FROM t JOIN u USING (v) ORDER BY i",
        "SELECT i FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.v = t.v) ORDER BY i",
        "SELECT i FROM t WHERE v IN (SELECT v FROM u) ORDER BY i",
        "SELECT i FROM t WHERE (v, 1) IN (('ab ', 1)) ORDER BY i",
    ];
    for sql in same {
        assert_eq!(session.run(sql).await, ["1", "2"], "{sql}");
    }
    assert_eq!(session.run("SELECT count(*) FROM t GROUP BY v ORDER BY 1").await, ["1", "2"]);
    assert_eq!(session.one("SELECT count(DISTINCT v) FROM t").await, "2");
    assert_eq!(session.run("SELECT DISTINCT v FROM t").await.len(), 2);
    assert_eq!(session.run("SELECT v FROM t UNION SELECT v FROM u").await.len(), 2);
    assert_eq!(session.run("SELECT v FROM t EXCEPT SELECT v FROM u").await, ["b"]);
    let sql = "SELECT row_number() OVER (PARTITION BY v ORDER BY i) FROM t ORDER BY i";
    assert_eq!(session.run(sql).await, ["1", "2", "1"]);
    // The blanks themselves stay.
    let sql = "SELECT len(v), octet_length(v), '[' || v || ']' FROM t ORDER BY i";
    assert_eq!(session.run(sql).await, ["2|2|[ab]", "4|4|[ab  ]", "1|1|[b]"]);
    assert_eq!(session.run("SELECT len(c) FROM t ORDER BY i").await, ["2", "2", "1"]);
    assert_eq!(session.run("SELECT c FROM t ORDER BY i").await, ["ab    ", "ab    ", "b     "]);
}

#[tokio::test]
async fn widths_count_bytes() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (v VARCHAR(5), c CHAR(3))").await;
    session.run("INSERT INTO t (v) VALUES ('äö1'), ('12345'), ('1234      '), (NULL)").await;
    let sql = "SELECT octet_length(v) FROM t WHERE v IS NOT NULL ORDER BY v";
    assert_eq!(session.run(sql).await, ["5", "5", "5"]);
    for value in ["'äöü'", "'123456'", "'12345' || '6'", "upper('äöü')", "123456"] {
        for sql in [
            format!("INSERT INTO t (v) VALUES ({value})"),
            format!("INSERT INTO t (v) SELECT {value}"),
            format!("UPDATE t SET v = {value}"),
        ] {
            let failure = session.fails(&sql).await;
            assert_eq!(failure.sqlstate, "22001", "{sql}");
            assert_eq!(failure.message, "value too long for type character varying(5)", "{sql}");
        }
    }
    let failure = session.fails("INSERT INTO t (c) VALUES ('1234')").await;
    assert_eq!(failure.message, "value too long for type character(3)");
    let failure = session.fails("INSERT INTO t (c) VALUES ('ä')").await;
    assert_eq!(failure.sqlstate, "23514");
    assert!(failure.message.contains(redshift_local::catalog::MULTIBYTE_CHECK));
    session.run("INSERT INTO t (c) VALUES ('1'), ('123  '), (NULL)").await;
    // An explicit cast cuts, on a character's boundary.
    assert_eq!(session.one("SELECT 'Incomplete'::char(3), 'äöü'::varchar(3)").await, "Inc|ä");
    assert_eq!(session.one("SELECT len(CAST(12345678 AS VARCHAR(4)))").await, "4");
    assert_eq!(session.fails("SELECT true::varchar(5)").await.sqlstate, "42846");
    // Without a width there are 256 bytes, in TEXT too.
    session.run("CREATE TABLE w (a TEXT, b VARCHAR, c VARCHAR(MAX), d NUMERIC)").await;
    session
        .run("INSERT INTO w SELECT repeat('x', 256), repeat('x', 256), repeat('x', 65535), 1")
        .await;
    assert_eq!(session.fails("INSERT INTO w (a) SELECT repeat('x', 257)").await.sqlstate, "22001");
    assert_eq!(
        session.fails("INSERT INTO w (c) SELECT repeat('x', 65536)").await.sqlstate,
        "22001"
    );
}

#[tokio::test]
async fn numbers() {
    let session = Session::new().await;
    session
        .run("CREATE TABLE t (d DECIMAL(8,2), n NUMERIC, b DECIMAL(19,2), i INT, l BIGINT)")
        .await;
    // Overscale is rounded on INSERT.
    session.run("INSERT INTO t (d, n, i, l) VALUES (1.005, 2.5, 1, 1), (1.25, 3, 2, 2)").await;
    assert_eq!(session.run("SELECT d, n FROM t ORDER BY i").await, ["1.01|3", "1.25|3"]);
    let sql = "SELECT sum(i), sum(l), avg(i), avg(l), sum(d), avg(d), min(d), count(*) FROM t";
    assert_eq!(session.one(sql).await, "3|3|1|1|2.26|1.13|1.01|2");
    assert_eq!(session.fails("INSERT INTO t (d) VALUES (1000000)").await.sqlstate, "22003");
    session.run("INSERT INTO t (b) VALUES (92233720368547758.07), (-92233720368547758.07)").await;
    let failure = session.fails("INSERT INTO t (b) VALUES (92233720368547758.08)").await;
    assert!(failure.message.contains(redshift_local::catalog::DECIMAL_CHECK));
    assert_eq!(session.fails("SELECT 2147483647::int + 1::int").await.sqlstate, "22003");
}

#[tokio::test]
async fn dates_and_times() {
    let session = Session::new().await;
    for (sql, expected) in [
        ("SELECT dateadd(month, 1, '2024-01-31')", "2024-02-29 00:00:00"),
        ("SELECT dateadd('day', -1, date '2024-03-01')", "2024-02-29 00:00:00"),
        ("SELECT datediff(day, '2024-01-31 23:00', timestamp '2024-02-01 01:00')", "1"),
        ("SELECT datediff(qtr, date '2023-12-31', date '2024-01-01')", "1"),
        ("SELECT datediff(week, date '2024-01-06', date '2024-01-07')", "1"),
        ("SELECT datediff(hour, timestamp '2024-01-01 00:59', timestamp '2024-01-01 01:00')", "1"),
        ("SELECT date_trunc('month', date '2024-05-17')", "2024-05-01 00:00:00"),
        ("SELECT date_part(year, timestamp '2024-05-17 10:00')", "2024"),
        ("SELECT extract(dow FROM date '2024-05-17')", "5"),
        ("SELECT last_day('2024-02-03')", "2024-02-29"),
        (
            "SELECT to_char(timestamp '2024-05-17 13:04:05', 'YYYY-MM-DD HH24:MI:SS')",
            "2024-05-17 13:04:05",
        ),
        ("SELECT to_date('17.05.2024', 'DD.MM.YYYY')", "2024-05-17"),
        (
            "SELECT convert_timezone('America/New_York', timestamp '2024-07-01 12:00')",
            "2024-07-01 08:00:00",
        ),
        (
            "SELECT convert_timezone('CET', 'UTC', timestamp '2024-01-01 12:00')",
            "2024-01-01 11:00:00",
        ),
        (
            "SELECT timestamp '2024-01-01 12:00' AT TIME ZONE 'UTC' = \
          timestamptz '2024-01-01 12:00+00'",
            "t",
        ),
        ("SELECT timestamp '2024-01-01' + interval '1 day'", "2024-01-02 00:00:00"),
        ("SELECT date '2024-01-03' - date '2024-01-01'", "2"),
        (
            "SELECT getdate() <= sysdate AND current_date = trunc_date FROM \
          (SELECT sysdate::date AS trunc_date)",
            "t",
        ),
    ] {
        assert_eq!(session.one(sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn functions() {
    let session = Session::new().await;
    for (sql, expected) in [
        (
            "SELECT nvl(NULL, 'a'), nvl2(NULL, 1, 2), nullif(1, 1), greatest(1, 2), least(1, 2)",
            "a|2|NULL|2|1",
        ),
        (
            "SELECT upper('aß'), lower('ÄB'), initcap('a b'), len('äö'), reverse('abc')",
            "Aß|Äb|A B|2|cba",
        ),
        (
            "SELECT substring('abcd', 2, 2), substring('abcd' FROM 3), left('abc', 1), right('abc', 1)",
            "bc|cd|a|c",
        ),
        (
            "SELECT '[' || trim('  a ') || ltrim(' b') || rtrim('c ') || trim(both 'x' FROM 'xdx') || ']'",
            "[abcd]",
        ),
        (
            "SELECT replace('aba', 'a', 'c'), translate('ab', 'a', 'x'), lpad('a', 3, '-'), strpos('ab', 'b')",
            "cbc|xb|--a|2",
        ),
        (
            "SELECT charindex('b', 'ab'), position('b' IN 'ab'), split_part('a-b', '-', 2), repeat('a', 2)",
            "2|2|b|aa",
        ),
        (
            "SELECT md5('a'), sha2('a', 256)",
            "0cc175b9c0f1b6a831c399e269772661|\
          ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        ),
        (
            "SELECT concat('a', NULL), 'a' || NULL IS NULL, regexp_replace('aXbX', 'X', '-')",
            "NULL|t|a-b-",
        ),
        (
            "SELECT abs(-1), mod(7, 3), round(2.5), floor(1.7), ceil(1.2), power(2, 3), 7 / 2, 7 % 2",
            "1|1|3|1|2|8|3|1",
        ),
        ("SELECT TOP 1 a FROM (SELECT 1 AS a UNION ALL SELECT 2) ORDER BY a DESC", "2"),
        (
            "SELECT listagg(a, ',') WITHIN GROUP (ORDER BY a DESC) FROM (SELECT 'x' AS a UNION SELECT 'y')",
            "y,x",
        ),
        ("SELECT a FROM (SELECT 1 AS a UNION SELECT 2) ORDER BY a LIMIT 1 OFFSET 1", "2"),
        ("SELECT sum(a) OVER (ORDER BY a ROWS UNBOUNDED PRECEDING) FROM (SELECT 5 AS a)", "5"),
        ("SELECT pg_last_copy_count(), pg_last_copy_id(), pg_last_query_id()", "0|-1|-1"),
        ("SELECT current_user, session_user, user, current_schema()", "alice|alice|alice|public"),
        (
            "SELECT count(*) FROM svv_tables WHERE table_catalog = current_database() \
          AND current_user <> table_name",
            "0",
        ),
        (
            "SELECT count(*) FROM pg_table_def d JOIN svv_tables t ON d.tablename = t.table_name",
            "0",
        ),
    ] {
        assert_eq!(session.one(sql).await, expected, "{sql}");
    }
    let version = session.one("SELECT version()").await;
    assert!(version.starts_with("PostgreSQL 8.0.2 on ") && version.contains("Redshift 1.0."));
    assert_eq!(session.one("SELECT pg_backend_pid() > 0").await, "t");
    assert_eq!(session.one("SELECT pg_terminate_backend(0)").await, "0");
}

#[tokio::test]
async fn varbyte_holds_what_from_hex_makes() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (h VARCHAR(99), b VARBYTE(3))").await;
    session.run("INSERT INTO t (h) VALUES ('00fF'), (NULL), ('616263')").await;
    session.run("UPDATE t SET b = FROM_HEX(h)").await;
    assert_eq!(session.run("SELECT b FROM t ORDER BY h").await, ["00ff", "616263", "NULL"]);
    assert_eq!(session.one("SELECT h FROM t WHERE b = FROM_HEX('00FF')").await, "00fF");
    // The last is longer than the column; what none makes is not known.
    for bad in ["0", "0g", " 00", "\\\\x00", "", "00000000"] {
        session.fails(&format!("INSERT INTO t (b) SELECT FROM_HEX('{bad}')")).await;
    }
}

#[tokio::test]
async fn super_holds_what_json_parse_makes() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (j VARCHAR(99), s SUPER)").await;
    session.run("INSERT INTO t (j) VALUES ('{\"a\": [1, null, \"x\"]}'), (NULL), ('7')").await;
    session.run("UPDATE t SET s = JSON_PARSE(j)").await;
    let found = session.run("SELECT s FROM t ORDER BY j").await;
    assert_eq!(found, ["7", "{\"a\": [1, null, \"x\"]}", "NULL"]);
    for bad in ["nul", "{", "1 2", "\"\\\\u0000\"", "\"\\\\ud800\""] {
        session.fails(&format!("INSERT INTO t (s) SELECT JSON_PARSE('{bad}')")).await;
    }
    // Redshift makes a string of a text; here that is refused.
    session.fails("INSERT INTO t (s) VALUES ('{}')").await;
    session.fails("INSERT INTO t (s) SELECT j FROM t").await;
    session.fails("SELECT CAST(j AS SUPER) FROM t").await;
    // It is not compared.
    for sql in
        ["SELECT 1 FROM t WHERE s = s", "SELECT DISTINCT s FROM t", "SELECT s FROM t ORDER BY s"]
    {
        session.fails(sql).await;
    }
    session.fails("CREATE TABLE k (s SUPER DISTKEY)").await;
    session.fails("CREATE TABLE k (s SUPER) SORTKEY (s)").await;
    let sql = "SELECT data_type FROM svv_all_columns WHERE table_name = 't' ORDER BY 1";
    assert_eq!(session.run(sql).await, ["character varying", "super"]);
}

#[tokio::test]
async fn varbyte_is_shown_and_compared_by_its_digits() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (b VARBYTE(3), i INT)").await;
    session.run("INSERT INTO t VALUES ('00ff', 1), ('', 2), ('616263', 3), (NULL, 4)").await;
    let found = session.run("SELECT b FROM t ORDER BY i").await;
    assert_eq!(found, ["00ff", "", "616263", "NULL"]);
    for bad in ["0", "zz", "00112233"] {
        session.fails(&format!("INSERT INTO t VALUES ('{bad}', 5)")).await;
    }
    session.run("CREATE TABLE u (b VARBINARY(9))").await;
    session.run("INSERT INTO u SELECT b FROM t").await;
    let sql = "SELECT i FROM t JOIN u ON t.b = u.b ORDER BY i";
    assert_eq!(session.run(sql).await, ["1", "2", "3"]);
    let sql = "SELECT data_type, character_maximum_length FROM svv_all_columns \
               WHERE table_name IN ('t', 'u') AND column_name = 'b' ORDER BY 2";
    assert_eq!(session.run(sql).await, ["binary varying|3", "binary varying|9"]);
}

#[tokio::test]
async fn time_is_the_clock_of_a_timestamp() {
    let session = Session::new().await;
    session.run("CREATE TABLE t (c TIME, at TIMESTAMP)").await;
    session.run("INSERT INTO t (at) VALUES ('2026-01-31 23:59:59.123456')").await;
    session.run("UPDATE t SET c = CAST(at AS TIME)").await;
    assert_eq!(session.one("SELECT c FROM t").await, "23:59:59.123456");
    session.fails("SELECT CAST(at AS TIME WITH TIME ZONE) FROM t").await;
    session.fails("CREATE TABLE u (c TIME(3))").await;
}
