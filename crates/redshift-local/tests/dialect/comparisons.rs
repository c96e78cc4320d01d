//! When two texts are one: trailing blanks, letter case, and what makes a group.

use redshift_local::dialect::action::Settings;

use crate::server::{SETTINGS, Session};

async fn with_blanks() -> Session {
    let session = Session::new().await;
    session.run("CREATE TABLE t (v VARCHAR(9), c CHAR(3), n INT)").await;
    session.run("INSERT INTO t VALUES ('a', 'x', 1), ('a ', 'x ', 1), ('b', 'y', 2)").await;
    session
}

const RANKS: &str = "SELECT n FROM (SELECT n, ROW_NUMBER() OVER (PARTITION BY v ORDER BY n) AS r \
                     FROM t) d WHERE r = 1 ORDER BY 1";

#[tokio::test]
async fn trailing_blanks_make_no_difference_unless_they_make_groups() {
    let mut session = with_blanks().await;
    let groups = "SELECT COUNT(*) FROM (SELECT v FROM t GROUP BY v) d";
    assert_eq!(session.one(groups).await, "2");
    assert_eq!(session.run(RANKS).await, ["1", "2"]);

    session.settings = Settings { trailing_blanks_group: true, ..SETTINGS };
    assert_eq!(session.one(groups).await, "3");
    assert_eq!(session.one(&groups.replace("GROUP BY v", "GROUP BY 1")).await, "3");
    assert_eq!(session.run(RANKS).await, ["1", "1", "2"]);
    // What the blanks do not tell apart is one group again.
    assert_eq!(session.one(&groups.replace("GROUP BY v", "GROUP BY v, RTRIM(v)")).await, "3");
    assert_eq!(session.run(&RANKS.replace("BY v", "BY RTRIM(v)")).await, ["1", "2"]);
    assert_eq!(session.run(&RANKS.replace("BY v", "BY c, n")).await, ["1", "2"]);
    // Comparisons are as ever.
    assert_eq!(session.one("SELECT COUNT(*) FROM t WHERE v = 'a'").await, "2");
    assert_eq!(session.one("SELECT COUNT(*) FROM t a JOIN t b ON a.v = b.v").await, "5");
    for unknown in [
        "SELECT DISTINCT v FROM t",
        "SELECT COUNT(DISTINCT v) FROM t",
        "SELECT v FROM t UNION SELECT v FROM t",
        "SELECT UPPER(v) AS v FROM t GROUP BY v",
    ] {
        let failure = session.fails(unknown).await;
        assert!(failure.message.starts_with("not modelled: "), "{unknown}: {failure:?}");
    }
}

#[tokio::test]
async fn a_case_insensitive_column_compares_and_groups_so_and_the_catalog_says_it() {
    let session = Session::new().await;
    session
        .run(
            "CREATE TABLE t (ci VARCHAR(9) COLLATE CASE_INSENSITIVE NOT NULL ENCODE ZSTD, \
             c CHAR(3) COLLATE CI, cs VARCHAR(9) COLLATE CS, n INT)",
        )
        .await;
    session.run("INSERT INTO t VALUES ('Ada', 'X', 'Ada', 1), ('ADA ', 'x', 'ADA', 2)").await;
    assert_eq!(session.one("SELECT COUNT(*) FROM t WHERE ci = 'ada'").await, "2");
    assert_eq!(session.one("SELECT COUNT(*) FROM t WHERE c = 'x'").await, "2");
    assert_eq!(session.one("SELECT COUNT(*) FROM t WHERE cs = 'ada'").await, "0");
    assert_eq!(session.one("SELECT COUNT(*) FROM t WHERE ci = 'áda'").await, "0");
    assert_eq!(session.one("SELECT COUNT(*) FROM (SELECT ci FROM t GROUP BY ci) d").await, "1");
    assert_eq!(session.one("SELECT COUNT(*) FROM t a JOIN t b ON a.ci = b.ci").await, "4");
    // The letters stay as they were written.
    assert_eq!(session.run("SELECT ci FROM t ORDER BY n").await, ["Ada", "ADA "]);

    let shown = session.run("SHOW COLUMNS FROM TABLE public.t").await;
    let collations: Vec<_> =
        shown.iter().map(|row| row.rsplit('|').next().unwrap_or_default()).collect();
    assert_eq!(collations, ["case_insensitive", "case_insensitive", "default", "NULL"]);
    let sql =
        "SELECT collation_name FROM svv_columns WHERE table_name = 't' AND column_name = 'ci'";
    assert_eq!(session.one(sql).await, "case_insensitive");

    session.run("ALTER TABLE t ADD COLUMN more VARCHAR(9) DEFAULT 'Ex' COLLATE CI").await;
    assert_eq!(session.one("SELECT COUNT(*) FROM t WHERE more = 'eX'").await, "2");
    session.run("CREATE TABLE u (LIKE t)").await;
    assert_eq!(session.run("SHOW COLUMNS FROM TABLE public.u").await.len(), 5);
    assert_eq!(session.one(&sql.replace("'t'", "'u'")).await, "case_insensitive");
}
