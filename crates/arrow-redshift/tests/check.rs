//! Whether a sink would work, told by trying: against a stand-in with everything wrong in turn, and
//! nothing of it stays.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeMap;

use arrow_redshift::sink::{Check, Verdict};
use redshift_local::{
    RedshiftLocal,
    config::{Bucket, Config, Isolation, StoredPassword, User},
};
use support::{Kind, StandIn, client, config, options, rows, schema, sink, skipped, start_with};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

type Options = BTreeMap<String, String>;

const LOGIN: [&str; 3] = ["connection", "tls", "login"];
const DATABASE: [&str; 7] =
    ["isolation", "identifiers", "connections", "target", "lock", "ledger", "write"];
const STORAGE: [&str; 7] =
    ["s3-access", "s3-list", "s3-write", "s3-read", "encryption", "copy", "s3-delete"];

/// A stand-in with buckets that are not as they should be, and a user who may do nothing.
async fn start() -> StandIn {
    let bucket = |name: &str, region: &str, requires_encryption| Bucket {
        name: name.into(),
        region: region.into(),
        requires_encryption,
    };
    let mut config = Config { isolation: Isolation::Serializable, ..config() };
    config.buckets.push(bucket("elsewhere", "eu-west-1", false));
    config.buckets.push(bucket("strict", "us-east-1", true));
    config.users.push(User {
        name: "nobody".into(),
        password: support::PASSWORD.into(),
        stored: StoredPassword::Md5,
        superuser: false,
    });
    config.roles[0].prefixes = ["staging/temp", "elsewhere", "strict", "missing"]
        .map(|prefix| format!("s3://{prefix}"))
        .to_vec();
    start_with(config).await
}

fn with(server: &RedshiftLocal, table: &str, more: &[(&str, &str)]) -> Options {
    let mut options = options(server, table);
    options.insert("sink.lock-timeout".into(), "1 s".into());
    options.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    options
}

async fn check(options: &Options, kind: Kind) -> Vec<Check> {
    let checks = sink(options, schema(kind)).check().await;
    let names: Vec<&str> = checks.iter().map(|check| check.name).collect();
    let given = |key: &str| options.contains_key(key);
    let mut expected = [&LOGIN[..], &DATABASE[..]].concat();
    if given("sink.schema-evolution") {
        let after = expected.iter().position(|name| *name == "lock").unwrap();
        expected.insert(after + 1, "evolution");
    }
    if options["sink.write.mode"] == "copy" {
        expected.extend(STORAGE);
        expected.extend(given("sink.dead-letter.s3-uri").then_some("dead-letters"));
    }
    assert_eq!(names, expected, "each is tried or skipped");
    let text = format!("{checks:?}");
    assert!(!text.contains(support::PASSWORD) && !text.contains(support::SECRET_KEY), "{text}");
    checks
}

/// The one of this name, as text.
fn told(checks: &[Check], name: &str) -> (Verdict, String) {
    let check = checks.iter().find(|check| check.name == name).unwrap();
    (check.verdict, format!("{}\n{}", check.found, check.advice.clone().unwrap_or_default()))
}

/// Exactly these fail, the first with these words; `skipped` are not tried, and all others pass.
fn fails(checks: &[Check], failed: &[&str], words: &[&str], skipped: &[&str]) {
    for check in checks {
        let expected = match check.name {
            name if failed.contains(&name) => Verdict::Failed,
            name if skipped.contains(&name) => Verdict::Skipped,
            _ => Verdict::Passed,
        };
        assert_eq!(check.verdict, expected, "{check:?}");
    }
    let Some(first) = failed.first() else { return };
    let (_, text) = told(checks, first);
    for word in words {
        assert!(text.contains(word), "{first}: wanted {word:?} in\n{text}");
    }
}

fn objects(server: &RedshiftLocal, bucket: &str) -> usize {
    server.s3().list(bucket, "").unwrap().len()
}

async fn number(client: &Client, sql: &str) -> String {
    rows(client, sql).await[0][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_passes_and_leaves_nothing() {
    if skipped() {
        return;
    }
    let server = start().await;
    let watcher = client(&server).await;
    for kind in support::KINDS {
        let table = format!("t_{kind:?}").to_lowercase();
        let options = with(&server, &table, &[]);
        let checks = check(&options, kind).await;
        fails(&checks, &[], &[], &["lock", "write"]);
        assert!(told(&checks, "target").1.contains("the first load creates it"));
        assert!(told(&checks, "isolation").1.contains("SERIALIZABLE"));
        let tables = format!("SELECT COUNT(*) FROM svv_tables WHERE table_name LIKE '{table}%'");
        assert_eq!(number(&watcher, &tables).await, "0", "nothing was created");

        let prepared = sink(&options, schema(kind)).prepare(&[]).await.unwrap();
        let commit = support::staged(&prepared, 1, &[(1, "a"), (2, "b")], None).await;
        prepared.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
        let checks = check(&options, kind).await;
        fails(&checks, &[], &[], &[]);
        let write = told(&checks, "write").1;
        assert!(write.contains(if kind == Kind::Keyed { "by key" } else { "inserted" }), "{write}");
        assert_eq!(number(&watcher, &format!("SELECT COUNT(*) FROM {table}")).await, "2");
        let ledger = format!("SELECT COUNT(*) FROM {table}__flink_commits");
        assert_eq!(number(&watcher, &ledger).await, "1", "the ledger is as it was");
    }
    assert_eq!(objects(&server, support::BUCKET), 0, "nothing is left on S3");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_not_to_get_in_is_told_apart() {
    if skipped() {
        return;
    }
    let server = start().await;
    let rest = ["isolation", "identifiers", "target", "lock", "ledger", "write", "copy"];
    let skipped = |more: &[&'static str]| [&rest[..], more].concat();

    let closed = with(&server, "t", &[("port", "1")]);
    let checks = check(&closed, Kind::Append).await;
    fails(
        &checks,
        &["connection"],
        &["could not connect", "security group"],
        &skipped(&["tls", "login"]),
    );

    let mut untrusted = with(&server, "t", &[]);
    untrusted.remove("ssl.root-cert");
    let checks = check(&untrusted, Kind::Append).await;
    fails(&checks, &["tls"], &["TLS"], &skipped(&["login"]));
    let nothing = with(&server, "t", &[("ssl.root-cert", "no-such-file.pem")]);
    let checks = check(&nothing, Kind::Append).await;
    fails(&checks, &["tls"], &["no-such-file.pem"], &skipped(&["login"]));

    let before = server.statements().all().len();
    let wrong = with(&server, "t", &[("password", "wrong")]);
    let checks = check(&wrong, Kind::Append).await;
    fails(&checks, &["login"], &["check user and password", "user: loader"], &skipped(&[]));
    assert_eq!(server.statements().all().len(), before, "no session came about");
    let other = with(&server, "t", &[("database-name", "nowhere")]);
    let checks = check(&other, Kind::Append).await;
    fails(&checks, &["login"], &["nowhere"], &skipped(&[]));

    let open = with(&server, "t", &[("ssl.mode", "disable")]);
    let checks = check(&open, Kind::Append).await;
    assert_eq!(told(&checks, "tls").0, Verdict::Warning);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_may_not_do_is_told_with_its_grant() {
    if skipped() {
        return;
    }
    let server = start().await;
    let watcher = client(&server).await;
    let table = "CREATE SCHEMA s; CREATE TABLE s.t (id BIGINT NOT NULL, name VARCHAR(99), score \
                 DOUBLE PRECISION, seen TIMESTAMP); GRANT USAGE ON SCHEMA s TO nobody";
    watcher.batch_execute(table).await.unwrap();
    let nobody = with(&server, "s.t", &[("username", "nobody")]);

    let checks = check(&nobody, Kind::Keyed).await;
    fails(
        &checks,
        &["lock", "ledger", "write"],
        &["denied", "GRANT SELECT, INSERT, UPDATE, DELETE ON"],
        &[],
    );
    assert!(told(&checks, "ledger").1.contains("create it once as a user who may"));

    // With what the messages say, it works.
    let sink = sink(&with(&server, "s.t", &[]), schema(Kind::Keyed));
    sink.prepare(&[]).await.unwrap();
    for name in ["lock", "ledger", "write"] {
        let (_, text) = told(&checks, name);
        for grant in
            text.split([';', ':', '\n']).map(str::trim).filter(|it| it.starts_with("GRANT"))
        {
            watcher.batch_execute(grant).await.unwrap_or_else(|error| panic!("{grant}: {error:?}"));
        }
    }
    let checks = check(&nobody, Kind::Keyed).await;
    fails(&checks, &[], &[], &[]);

    let missing = with(&server, "s.other", &[("username", "nobody")]);
    let checks = check(&missing, Kind::Append).await;
    fails(
        &checks,
        &["target"],
        &["GRANT USAGE, CREATE ON SCHEMA \"s\""],
        &["lock", "ledger", "write"],
    );
    let asked = with(&server, "s.other", &[("sink.create-table", "none")]);
    let checks = check(&asked, Kind::Append).await;
    fails(
        &checks,
        &["target"],
        &["does not exist", "sink.create-table"],
        &["lock", "ledger", "write"],
    );
    watcher.batch_execute("CREATE TABLE narrow (id INTEGER NOT NULL)").await.unwrap();
    let checks = check(&with(&server, "narrow", &[]), Kind::Append).await;
    fails(&checks, &["target"], &["4 mismatches"], &["lock", "ledger", "write"]);
    server.stop().await.unwrap();
}

/// In jdbc mode nothing is asked of S3, and no ledger where none is kept.
#[tokio::test(flavor = "multi_thread")]
async fn jdbc_mode_needs_what_it_uses_and_nothing_else() {
    if skipped() {
        return;
    }
    let server = start().await;
    let watcher = client(&server).await;
    let jdbc = |table: &str, guarantee: &str| {
        let mut options = with(
            &server,
            table,
            &[("sink.write.mode", "jdbc"), ("sink.delivery-guarantee", guarantee)],
        );
        options.retain(|key, _| !key.starts_with("aws.") && !key.contains("s3"));
        options
    };
    for kind in support::KINDS {
        for guarantee in ["at-least-once", "exactly-once"] {
            let once = guarantee == "exactly-once";
            let table = format!("j_{kind:?}_{once}").to_lowercase();
            let options = jdbc(&table, guarantee);
            let mut skipped = vec!["lock", "write"];
            skipped.extend((!once).then_some("ledger"));
            let checks = check(&options, kind).await;
            fails(&checks, &[], &[], &skipped);
            assert!(told(&checks, "target").1.contains("the first load creates it"));

            sink(&options, schema(kind)).prepare(&[]).await.unwrap();
            let mut skipped = Vec::new();
            skipped.extend((!once).then_some("ledger"));
            // Nothing of it is rewritten, and no commit is recorded: there is nothing to lock.
            skipped.extend((!once && kind == Kind::Append).then_some("lock"));
            fails(&check(&options, kind).await, &[], &[], &skipped);
            let tables =
                format!("SELECT COUNT(*) FROM svv_tables WHERE table_name LIKE '{table}%'");
            assert_eq!(number(&watcher, &tables).await, if once { "2" } else { "1" });
            assert_eq!(number(&watcher, &format!("SELECT COUNT(*) FROM {table}")).await, "0");
        }
    }

    // Rows that only come in need one grant and no temporary table.
    let table = "CREATE SCHEMA s; CREATE TABLE s.t (id BIGINT NOT NULL, name VARCHAR(99), score \
                 DOUBLE PRECISION, seen TIMESTAMP); GRANT USAGE ON SCHEMA s TO nobody";
    watcher.batch_execute(table).await.unwrap();
    let mut nobody = jdbc("s.t", "at-least-once");
    nobody.insert("username".into(), "nobody".into());
    let checks = check(&nobody, Kind::Append).await;
    fails(&checks, &["write"], &["denied", "GRANT INSERT ON \"s\".\"t\""], &["lock", "ledger"]);
    watcher.batch_execute("REVOKE TEMP ON DATABASE dev FROM PUBLIC").await.unwrap();
    watcher.batch_execute("GRANT INSERT ON s.t TO nobody").await.unwrap();
    fails(&check(&nobody, Kind::Append).await, &[], &[], &["lock", "ledger"]);
    let checks = check(&nobody, Kind::Keyed).await;
    fails(&checks, &["lock", "write"], &["GRANT SELECT, INSERT, UPDATE, DELETE"], &["ledger"]);
    assert!(told(&checks, "write").1.contains("GRANT TEMP ON DATABASE"), "{checks:?}");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_evolution_changes_is_tried_and_undone() {
    if skipped() {
        return;
    }
    let server = start().await;
    let watcher = client(&server).await;
    let evolving = |table: &str, more: &[(&str, &str)]| {
        let how = ("sink.schema-evolution", "add-and-widen");
        with(&server, table, &[&[how], more].concat())
    };
    let missing = evolving("later", &[]);
    fails(&check(&missing, Kind::Keyed).await, &[], &[], &["lock", "evolution", "write"]);

    let narrow = "CREATE TABLE n (id BIGINT NOT NULL, name VARCHAR(9)); GRANT SELECT, INSERT, UPDATE, \
                  DELETE ON n TO nobody; GRANT CREATE ON SCHEMA public TO nobody";
    watcher.batch_execute(narrow).await.unwrap();
    let wide = ("sink.create-table.varchar-widths", "name:500");
    let columns = "SELECT COUNT(*) FROM svv_columns WHERE table_name = 'n'";
    let owner = check(&evolving("n", &[wide]), Kind::Keyed).await;
    fails(&owner, &[], &[], &[]);
    assert!(told(&owner, "evolution").1.contains("3 changes: the first load makes them"));
    assert_eq!(number(&watcher, columns).await, "2", "nothing is changed");
    let user = ("username", "nobody");
    let checks = check(&evolving("n", &[wide, user]), Kind::Keyed).await;
    assert_eq!(told(&checks, "evolution").0, Verdict::Failed, "{checks:?}");
    let (_, text) = told(&checks, "evolution");
    assert!(text.contains("ALTER TABLE \"public\".\"n\" OWNER TO \"nobody\""), "{text}");

    // Where only the width is lacking, which no transaction can try.
    let add =
        "ALTER TABLE n ADD COLUMN score DOUBLE PRECISION; ALTER TABLE n ADD COLUMN seen TIMESTAMP";
    watcher.batch_execute(add).await.unwrap();
    fails(&check(&evolving("n", &[wide]), Kind::Keyed).await, &[], &[], &[]);
    let checks = check(&evolving("n", &[wide, user]), Kind::Keyed).await;
    fails(&checks, &["evolution"], &["changed by its owner"], &[]);
    assert_eq!(number(&watcher, columns).await, "4");

    let whole = check(&evolving("n", &[user]), Kind::Keyed).await;
    fails(&whole, &[], &[], &[]);
    assert!(told(&whole, "evolution").1.contains("lacks nothing"));
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_counted_and_not_passed() {
    if skipped() {
        return;
    }
    let server = start().await;
    let few = with(&server, "t", &[("connection.max", "2")]);
    let checks = check(&few, Kind::Append).await;
    fails(&checks, &[], &[], &["lock", "write"]);
    assert!(told(&checks, "connections").1.contains("enough for one writer and a committer"));
    let evolving =
        with(&server, "t", &[("connection.max", "2"), ("sink.schema-evolution", "add-columns")]);
    let checks = check(&evolving, Kind::Append).await;
    let skipped = ["lock", "evolution", "write"];
    fails(&checks, &["connections"], &["2 connections are too few", "'connection.max'"], &skipped);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_of_dead_letters_is_tried_and_nothing_lies_there() {
    if skipped() {
        return;
    }
    let server = start().await;
    sink(&with(&server, "t", &[]), schema(Kind::Append)).prepare(&[]).await.unwrap();
    server.s3().put_key(redshift_local::config::AccessKey {
        id: "narrow".into(),
        secret: support::SECRET_KEY.into(),
        session_token: None,
        prefixes: vec![format!("s3://{}/temp", support::BUCKET)],
    });
    let aside = |place: &str, more: &[(&str, &str)]| {
        let policy = [("sink.value-policy", "dead-letter"), ("sink.dead-letter.s3-uri", place)];
        with(&server, "t", &[&policy[..], more].concat())
    };
    let checks = check(&aside("s3://staging/late", &[]), Kind::Append).await;
    fails(&checks, &[], &[], &[]);
    assert!(told(&checks, "dead-letters").1.contains("under s3://staging/late"));
    let gone = check(&aside("s3://missing/late", &[]), Kind::Append).await;
    fails(&gone, &["dead-letters"], &["'sink.dead-letter.s3-uri'"], &[]);
    let narrow = [("aws.credentials.provider.basic.accesskeyid", "narrow")];
    let denied = check(&aside("s3://staging/late", &narrow), Kind::Append).await;
    fails(&denied, &["dead-letters"], &["s3:PutObject on 'sink.dead-letter.s3-uri'"], &[]);
    assert_eq!(objects(&server, support::BUCKET), 0);
    assert_eq!(server.s3().uploads(support::BUCKET).unwrap().len(), 0, "no upload is left open");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_somebody_holds_is_not_waited_for_forever() {
    if skipped() {
        return;
    }
    let server = start().await;
    let watcher = client(&server).await;
    let options = with(&server, "held", &[]);
    sink(&options, schema(Kind::Keyed)).prepare(&[]).await.unwrap();
    watcher.batch_execute("BEGIN; LOCK held").await.unwrap();
    let checks = check(&options, Kind::Keyed).await;
    fails(&checks, &["lock"], &["no lock within 1s", "svv_transactions"], &["ledger", "write"]);
    watcher.batch_execute("ROLLBACK").await.unwrap();
    fails(&check(&options, Kind::Keyed).await, &[], &[], &[]);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_s3_and_roles_is_told_where_it_is() {
    if skipped() {
        return;
    }
    let server = start().await;
    sink(&with(&server, "t", &[]), schema(Kind::Append)).prepare(&[]).await.unwrap();
    let temp = "sink.write.temp.s3-uri";
    let unwritten = ["s3-read", "encryption", "copy", "s3-delete"];
    for (more, failed, words, skipped) in [
        (
            &[(temp, "s3://missing/temp")][..],
            &["s3-list", "s3-write"][..],
            &["the bucket does not exist"][..],
            &unwritten[..],
        ),
        (
            &[("aws.credentials.provider.basic.secretkey", "another")],
            &["s3-list", "s3-write"],
            &["does not accept the credentials"],
            &unwritten,
        ),
        (
            &[("aws.region", "eu-west-1")],
            &["s3-list", "s3-write"],
            &["another region", "'aws.region'"],
            &unwritten,
        ),
        // Parquet does not come from another region than the cluster's.
        (
            &[(temp, "s3://elsewhere/temp"), ("aws.region", "eu-west-1")],
            &["copy"],
            &["in the cluster's own region"],
            &[],
        ),
        (
            &[
                (temp, "s3://elsewhere/temp"),
                ("aws.region", "eu-west-1"),
                ("sink.copy.format", "csv"),
            ],
            &[],
            &[],
            &[],
        ),
        (
            &[(temp, "s3://strict/temp")],
            &["s3-write"],
            &["'sink.write.temp.s3.encryption' = 'sse-s3'"],
            &unwritten,
        ),
        (&[(temp, "s3://strict/temp"), ("sink.write.temp.s3.encryption", "sse-s3")], &[], &[], &[]),
        (&[("aws.iam-role", "arn:aws:iam::1:role/other")], &["copy"], &["attach the role"], &[]),
        (&[(temp, "s3://staging/not-of-the-role")], &["copy"], &["--print-policy"], &[]),
    ] {
        let checks = check(&with(&server, "t", more), Kind::Append).await;
        println!("{more:?}");
        fails(&checks, failed, words, skipped);
    }
    let strict = with(
        &server,
        "t",
        &[(temp, "s3://strict/temp"), ("sink.write.temp.s3.encryption", "sse-s3")],
    );
    let encryption = told(&check(&strict, Kind::Append).await, "encryption").1;
    assert!(encryption.contains("AES256, as asked for"), "{encryption}");
    for bucket in ["staging", "elsewhere", "strict"] {
        assert_eq!(objects(&server, bucket), 0, "{bucket}");
    }
    server.stop().await.unwrap();
}
