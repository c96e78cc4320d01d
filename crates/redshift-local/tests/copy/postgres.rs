//! A real PostgreSQL takes the stream, and sees the values that the file held.

use std::{
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures::{SinkExt, pin_mut};
use redshift_local::copy::target::ColumnType;
use tokio_postgres::{Client, NoTls};

use crate::support::World;

/// A server on a Unix socket in a directory of its own.
struct Server {
    directory: tempfile::TempDir,
    child: Child,
}

impl Server {
    /// `None` where PostgreSQL is not installed.
    fn start() -> Option<Server> {
        let binaries = binaries()?;
        let directory = tempfile::Builder::new().prefix("copy").tempdir_in("/tmp").expect("dir");
        let account = account();
        if let Some(id) = account {
            chown(directory.path(), Some(id), Some(id)).expect("owner");
        }
        let command = |program: &str| {
            let mut command = Command::new(binaries.join(program));
            command.current_dir(directory.path()).stdout(Stdio::null()).stderr(Stdio::null());
            if let Some(id) = account {
                command.uid(id).gid(id);
            }
            command
        };
        let data = directory.path().join("data");
        let mut initdb = command("initdb");
        initdb.args(["-A", "trust", "-U", "test", "-E", "UTF8", "--no-sync", "--locale=C", "-D"]);
        assert!(initdb.arg(&data).status().expect("initdb").success());
        let mut server = command("postgres");
        server.arg("-D").arg(&data).args(["-c", "listen_addresses=", "-c", "fsync=off", "-k"]);
        let child = server.arg(directory.path()).spawn().expect("postgres");
        Some(Server { directory, child })
    }

    async fn connect(&self) -> Client {
        let mut config = tokio_postgres::Config::new();
        config.host_path(self.directory.path()).user("test").dbname("postgres");
        for _ in 0..600 {
            if let Ok((client, connection)) = config.connect(NoTls).await {
                tokio::spawn(connection);
                return client;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PostgreSQL did not start within 30 s");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }
}

fn binaries() -> Option<PathBuf> {
    (14..=18)
        .rev()
        .map(|version| Path::new("/usr/lib/postgresql").join(version.to_string()).join("bin"))
        .find(|path| path.join("initdb").exists())
}

/// PostgreSQL refuses root: the account to run it as, where this is root.
fn account() -> Option<u32> {
    // A file that this process made tells who it is.
    let own = tempfile::tempfile().expect("a file").metadata().expect("metadata");
    if std::os::unix::fs::MetadataExt::uid(&own) != 0 {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").expect("accounts");
    let named = |name: &str| {
        let line = accounts.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        line.split(':').nth(2)?.parse().ok()
    };
    named("postgres").or_else(|| named("nobody"))
}

#[tokio::test]
async fn postgresql_takes_the_stream() {
    let Some(server) = Server::start() else {
        eprintln!("SKIPPED: no PostgreSQL 14 to 18 in /usr/lib/postgresql");
        return;
    };
    let client = server.connect().await;
    let table = "create table t (a bool, b int2, c int4, d int8, e float4, f float8, \
                 g numeric(38,20), h bpchar, i bpchar, j date, k timestamp, l timestamptz)";
    client.batch_execute(&format!("set timezone = 'UTC'; {table}")).await.expect("a table");
    let world = World::new(&[
        ("a", ColumnType::Boolean),
        ("b", ColumnType::SmallInt),
        ("c", ColumnType::Integer),
        ("d", ColumnType::BigInt),
        ("e", ColumnType::Real),
        ("f", ColumnType::Double),
        ("g", ColumnType::Decimal(38, 20)),
        ("h", ColumnType::VarChar(20)),
        ("i", ColumnType::Char(4)),
        ("j", ColumnType::Date),
        ("k", ColumnType::Timestamp),
        ("l", ColumnType::TimestampTz),
    ]);
    let lines = [
        "t,-1,2,-3,0.5,1.5e300,123456789012345678.00000000000000000001,\"a,é  \",ab,0001-01-01,\
         9999-12-31 23:59:59.999999,2024-02-29 12:00:00.25-08",
        "f,0,0,0,0,0,-0.00010001,,,1999-12-31,1999-12-31 23:59:59.999999,1970-01-01 00:00:00+00",
        "\\N,,,,,,10000,\\N,\\N,,,",
        "f,0,0,0,0,0,-99990000.1,,,1999-12-31,1999-12-31 23:59:59.999999,1970-01-01 00:00:00+00",
    ];
    world.put("x.csv", lines.map(|line| line.to_owned() + "\n").concat());
    let outcome = world.load("x.csv", "CSV").await.expect("loads");

    let names = outcome.columns.join(",");
    let copy = format!("copy t ({names}) from stdin (format binary)");
    let sink = client.copy_in::<_, bytes::Bytes>(&copy).await.expect("COPY begins");
    pin_mut!(sink);
    sink.send(outcome.stream.into()).await.expect("a chunk");
    assert_eq!(sink.finish().await.expect("PostgreSQL takes the stream"), 4);

    let query = "select concat_ws('|', a, b, c, d, e, f, g, '[' || h::text || ']', \
                 length(i::text) || ',' || octet_length(i), j, k, l) from t order by g";
    let rows = client.query(query, &[]).await.expect("rows");
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        found,
        [
            "f|0|0|0|0|0|-99990000.10000000000000000000|[]|0,4|1999-12-31|1999-12-31 \
             23:59:59.999999|1970-01-01 00:00:00+00",
            "f|0|0|0|0|0|-0.00010001000000000000|[]|0,4|1999-12-31|1999-12-31 \
             23:59:59.999999|1970-01-01 00:00:00+00",
            "10000.00000000000000000000",
            "t|-1|2|-3|0.5|1.5e+300|123456789012345678.00000000000000000001|[a,é]|2,4|0001-01-01|\
             9999-12-31 23:59:59.999999|2024-02-29 20:00:00.25+00",
        ]
    );
    // The trailing blanks of VARCHAR are stored, though comparisons and casts do not see them.
    let kept = client.query_one("select max(octet_length(h)) from t", &[]).await.expect("a row");
    assert_eq!(kept.get::<_, i32>(0), 6);
}
