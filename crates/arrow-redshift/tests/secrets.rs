//! Secrets in every secret option: none shows in a log, an error, a `Debug` or a statement's log.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::{
    io,
    sync::{Arc, Mutex},
};

use arrow_redshift::{ErrorKind, options, sink::Sink};
use redshift_local::{RedshiftLocal, config::Isolation, faults::*};
use support::{Kind, client, options as sink_options, prepared, rows, schema, staged, stand_in};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Captured;

    fn make_writer(&'a self) -> Captured {
        self.clone()
    }
}

/// What libraries say through the `log` crate. The one exception is the database driver at debug,
/// which writes every statement's text; the session's documentation says so.
struct Records(Captured);

impl log::Log for Records {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        let statements = metadata.target().starts_with("tokio_postgres");
        let servers =
            ["s3s", "redshift_local"].iter().any(|own| metadata.target().starts_with(own));
        !(servers || statements && metadata.level() > log::Level::Info)
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            use io::Write as _;
            let _ = writeln!(self.0.clone(), "{}: {}", record.target(), record.args());
        }
    }

    fn flush(&self) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_show_nowhere() {
    let log = Captured::default();
    log::set_boxed_logger(Box::new(Records(log.clone()))).expect("the only logger");
    log::set_max_level(log::LevelFilter::Trace);
    // Everything that this crate and its libraries say; not the servers in this same process.
    let all = tracing_subscriber::fmt()
        .with_env_filter("trace,s3s=off,redshift_local=off")
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(all).expect("the only subscriber of this binary");

    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let mut options = sink_options(&server, "hidden");
    options.remove("aws.iam-role");
    options.insert("sink.copy.credentials".into(), "keys".into());
    options.insert("sink.max-retries".into(), "1".into());
    let mut shown = String::new();

    // A whole load, with the keys in COPY's own text, and one that fails and is tried again.
    let sink = prepared(&options, Kind::Keyed).await;
    let stop = CancellationToken::new();
    let commit = staged(&sink, 1, &[(1, "row-value-4711")], None).await;
    sink.committer().commit(&commit, &stop).await.unwrap();
    let commit = staged(&sink, 2, &[(2, "row-value-4711")], None).await;
    server.faults().inject(FaultRule {
        when: When { statement: Some(StatementKind::Copy), ..When::default() },
        skip: 0,
        count: 2,
        effect: Effect::Fail {
            sqlstate: "XX000".into(),
            message: "S3ServiceException:SlowDown,Status 503".into(),
            detail: None,
        },
    });
    let error = sink.committer().commit(&commit, &stop).await.unwrap_err();
    shown += &format!("{error} {error:?} {sink:?} {commit:?}");

    // A compute node's error, which quotes the field that it could not convert.
    let digit = "Invalid digit, Value 'r', Pos 0, Type: Decimal";
    let detail = format!(
        "\n  -----\n  error:  {digit}\n  code:      1207\n  context:   row-value-4711\n  query:     \
         815\n  location:  :0\n  process:   query0_24 [pid=0]\n  -----\n"
    );
    server.faults().clear();
    server.faults().inject(FaultRule {
        when: When { statement: Some(StatementKind::Copy), ..When::default() },
        skip: 0,
        count: 1,
        effect: Effect::Fail {
            sqlstate: "XX000".into(),
            message: digit.into(),
            detail: Some(detail),
        },
    });
    let error = sink.committer().commit(&commit, &stop).await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(told.contains("code:      1207") && told.contains("815"), "{told}");
    assert!(told.contains("Invalid digit") && !told.contains("'r'"), "{told}");
    shown += &told;

    // Values that do not fit: cut, set aside, and refused.
    for policy in ["truncate", "dead-letter", "fail"] {
        let narrow = "CREATE TABLE unfit (id BIGINT NOT NULL, name VARCHAR(5), score DOUBLE \
                      PRECISION, seen TIMESTAMP)";
        watcher.batch_execute(&format!("DROP TABLE IF EXISTS unfit; {narrow}")).await.unwrap();
        let mut options = sink_options(&server, "unfit");
        options.insert("sink.value-policy".into(), policy.into());
        if policy == "dead-letter" {
            let place = format!("s3://{}/dead", support::BUCKET);
            options.insert("sink.dead-letter.s3-uri".into(), place);
        }
        let sink = prepared(&options, Kind::Keyed).await;
        let mut writer = sink.writer(0, 1).unwrap();
        match writer.write(&support::batch(&[(471147114711, "row-value-4711")]), None).await {
            Err(error) => shown += &format!("{error} {error:?}"),
            Ok(()) => {
                let parts = writer.close(1).await.unwrap();
                let point = arrow_redshift::sink::CommitPoint::Checkpoint(1);
                let commit = sink.gather(&point, parts).unwrap().unwrap();
                let applied = sink.committer().commit(&commit, &stop).await.unwrap();
                shown += &format!("{commit:?} {applied:?}");
            }
        }
    }
    assert!(log.text().contains("rows were set aside"), "setting aside is logged");
    assert!(shown.contains("key: hidden"), "{shown}");

    // The server's own errors about rows, which quote what they could not take.
    for (column, reason) in
        [("INTEGER", "Invalid digit (code 1207"), ("CHAR(30)", "Multibyte character")]
    {
        let error = refused(&server, &watcher, column).await;
        assert_eq!(error.kind(), ErrorKind::LoadRefused);
        let told = error.to_string();
        assert!(told.contains(reason) && told.contains("column name"), "{told}");
        shown += &format!("{told} {error:?}");
    }

    // Wrong secrets, each of which ends in an error.
    for (key, value) in [
        ("password", "Wrong-Pass-99"),
        ("aws.credentials.basic.secretkey", "wrong-secret-key-99"),
        ("aws.credentials.basic.sessiontoken", "wrong-token-99"),
    ] {
        let mut wrong = options.clone();
        wrong.remove("aws.credentials.provider.basic.secretkey");
        wrong.insert("aws.credentials.basic.secretkey".into(), support::SECRET_KEY.into());
        wrong.insert(key.into(), value.into());
        let pairs: Vec<(String, String)> = wrong.into_iter().collect();
        let config = options::sink(&pairs).unwrap().config;
        shown += &format!("{config:?}");
        let identity = support::identity(arrow_redshift::sink::LaunchId::fresh());
        let sink = Sink::new(config, schema(Kind::Append), identity).unwrap();
        let failed = async {
            let sink = sink.prepare(&[]).await?;
            let mut writer = sink.writer(0, 0)?;
            writer.write(&support::batch(&[(1, "x")]), None).await?;
            writer.close(0).await
        };
        let error = failed.await.expect_err(key);
        shown += &format!("{error} {error:?} {sink:?}");
    }

    let statements = format!("{:?}", server.statements().all());
    assert!(statements.contains("COPY"), "the statements were logged");
    assert!(log.text().contains("COPY"), "the log was captured");
    drop(watcher);
    server.stop().await.unwrap();
    let everything = shown + &statements + &log.text();
    for secret in [
        support::PASSWORD,
        support::SECRET_KEY,
        "Wrong-Pass-99",
        "wrong-secret-key-99",
        "wrong-token-99",
        "row-value-4711",
        "row-v",
        "471147114711",
        // How the server quotes the first character of such a value.
        "ß",
        "c3 9f",
    ] {
        if let Some(at) = everything.find(secret) {
            let around: String = everything[..at].chars().rev().take(300).collect();
            let around: String = around.chars().rev().collect();
            panic!("{secret} shows behind: {around}");
        }
    }
}

/// The error of a load whose column `name` became of another type after it was looked at.
async fn refused(server: &RedshiftLocal, watcher: &Client, column: &str) -> arrow_redshift::Error {
    let create = |name: &str| {
        format!(
            "DROP TABLE IF EXISTS refused; CREATE TABLE refused (id BIGINT NOT NULL, name {name}, \
             score DOUBLE PRECISION, seen TIMESTAMP)"
        )
    };
    watcher.batch_execute(&create("VARCHAR(30)")).await.unwrap();
    let mut options = sink_options(server, "refused");
    options.insert("sink.copy.format".into(), "csv".into());
    let sink = prepared(&options, Kind::Append).await;
    let commit = staged(&sink, 1, &[(1, "ß row-value-4711")], None).await;
    watcher.batch_execute(&create(column)).await.unwrap();
    let error = sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap_err();
    // The server quotes what it could not take, where those may read it who may read the table.
    let view = "SELECT error_message FROM sys_load_error_detail";
    let quoted = |row: &Vec<String>| row[0].contains("'ß'") || row[0].contains("c3 9f");
    assert!(rows(watcher, view).await.iter().all(quoted), "the server quotes the value");
    error
}
