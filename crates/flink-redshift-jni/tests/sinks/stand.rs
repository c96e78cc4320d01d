//! A stand-in beside the test's thread, which is one of Java's: it waits, and runs no tasks.

use std::time::{Duration, Instant};

use redshift_local::{
    RedshiftLocal,
    config::{AccessKey, Bucket, Config, Role, StoredPassword, User},
};
use tokio::runtime::Runtime;
use tokio_postgres::{NoTls, SimpleQueryMessage};

const ROLE: &str = "arn:aws:iam::123456789012:role/loader";
const BUCKET: &str = "staging";
pub const PASSWORD: &str = "Swordfish-1";
pub const SECRET_KEY: &str = "local-secret-key";

pub struct Stand {
    runtime: Runtime,
    server: Option<RedshiftLocal>,
}

impl Stand {
    pub fn start() -> Stand {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(RedshiftLocal::start(config())).unwrap();
        Stand { runtime, server: Some(server) }
    }

    pub fn server(&self) -> &RedshiftLocal {
        self.server.as_ref().unwrap()
    }

    /// The options of a sink into `table`.
    pub fn options(&self, table: &str) -> Vec<(String, String)> {
        let server = self.server();
        let options = [
            ("connector", "redshift".to_owned()),
            ("hostname", "127.0.0.1".to_owned()),
            ("port", server.port().to_string()),
            ("username", "loader".to_owned()),
            ("password", PASSWORD.to_owned()),
            ("ssl.root-cert", server.ca_file().display().to_string()),
            ("table-name", table.to_owned()),
            ("sink.write.mode", "copy".to_owned()),
            ("sink.write.temp.s3-uri", format!("s3://{BUCKET}/temp")),
            ("sink.create-table", "if-not-exists".to_owned()),
            ("aws.iam-role", ROLE.to_owned()),
            ("aws.region", "us-east-1".to_owned()),
            ("s3.endpoint", server.s3().endpoint()),
            ("s3.path-style-access", "true".to_owned()),
            ("aws.credentials.provider.basic.accesskeyid", "local".to_owned()),
            ("aws.credentials.provider.basic.secretkey", SECRET_KEY.to_owned()),
        ];
        options.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Rows of a query as text, NULL as `NULL`.
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let port = self.server().port();
        self.runtime.block_on(async {
            let mut config = tokio_postgres::Config::new();
            config.host("127.0.0.1").port(port).user("watcher").password(PASSWORD).dbname("dev");
            let (client, connection) = config.connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            let answer = client.simple_query(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
            let cell = |text: Option<&str>| text.unwrap_or("NULL").to_owned();
            let rows = answer.into_iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).map(|at| cell(row.get(at))).collect())
                }
                _ => None,
            });
            rows.collect()
        })
    }

    /// Keys of everything that is staged.
    pub fn staged(&self) -> Vec<String> {
        let objects = self.server().s3().list(BUCKET, "temp/").unwrap();
        objects.into_iter().map(|object| object.key).collect()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let Some(server) = self.server.take() else { return };
        let stopped = self.runtime.block_on(server.stop());
        assert!(stopped.is_ok() || std::thread::panicking(), "{stopped:?}");
    }
}

fn config() -> Config {
    let user = |name: &str, stored| User {
        name: name.into(),
        password: PASSWORD.into(),
        stored,
        superuser: true,
    };
    Config {
        users: vec![user("loader", StoredPassword::Sha256), user("watcher", StoredPassword::Md5)],
        buckets: vec![Bucket {
            name: BUCKET.into(),
            region: "us-east-1".into(),
            requires_encryption: false,
        }],
        keys: vec![AccessKey {
            id: "local".into(),
            secret: SECRET_KEY.into(),
            session_token: None,
            prefixes: Vec::new(),
        }],
        roles: vec![Role {
            arn: ROLE.into(),
            prefixes: vec![format!("s3://{BUCKET}/temp")],
            attached: true,
            default: true,
            may_assume: Vec::new(),
        }],
        ..Config::default()
    }
}

/// Waits until something is true, at most half a minute.
pub fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !check() {
        assert!(Instant::now() < until, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs something that must not take long, whatever hangs.
#[track_caller]
pub fn within<T>(limit: Duration, run: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = run();
    assert!(started.elapsed() < limit, "took {:?}", started.elapsed());
    result
}
