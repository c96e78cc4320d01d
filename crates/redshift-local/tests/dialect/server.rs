//! A PostgreSQL with the catalog in it, and sessions that talk to it through the gate.

use std::{
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use redshift_local::{
    catalog,
    dialect::{
        self,
        action::{Action, Settings},
    },
};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

/// What a session without settings of its own has.
pub const SETTINGS: Settings = Settings {
    case_sensitive: false,
    superuser: false,
    serverless: true,
    trailing_blanks_group: false,
    case_insensitive: false,
};

/// The server of this process. A shell waits on its standard input, and ends the server when this
/// process is gone, however it ended.
struct Server {
    directory: PathBuf,
    _shell: Mutex<Child>,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

fn binaries() -> PathBuf {
    (14..=18)
        .rev()
        .map(|version| Path::new("/usr/lib/postgresql").join(version.to_string()).join("bin"))
        .find(|path| path.join("initdb").exists())
        .expect("these tests need PostgreSQL's server: apt-get install postgresql")
}

/// PostgreSQL refuses root: the account to run it as, where this is root.
fn account() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let own = tempfile::tempfile().unwrap().metadata().unwrap();
    if own.uid() != 0 {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
    ["postgres", "nobody"].iter().find_map(|name| {
        let line = accounts.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

fn start() -> Server {
    let directory = tempfile::Builder::new().prefix("dialect").tempdir().unwrap().keep();
    let account = account();
    if let Some((user, group)) = account {
        chown(&directory, Some(user), Some(group)).unwrap();
    }
    let script = r#"
        "$0"/initdb -D "$1"/data -A trust -U admin -E UTF8 --locale=C --no-sync >/dev/null || exit 1
        "$0"/postgres -D "$1"/data -k "$1" -c listen_addresses= -c fsync=off -c jit=off \
            >"$1"/log 2>&1 </dev/null &
        cat >/dev/null; kill -QUIT $!; wait; rm -rf "$1""#;
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).arg(binaries()).arg(&directory).current_dir(&directory);
    if let Some((user, group)) = account {
        shell.uid(user).gid(group);
    }
    // A group of its own: Ctrl-C must not end it before the server is ended.
    shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null());
    Server { directory, _shell: Mutex::new(shell.spawn().unwrap()) }
}

async fn connect(user: &str, database: &str) -> Result<Client, tokio_postgres::Error> {
    let directory = &SERVER.get_or_init(start).directory;
    let mut config = Config::new();
    config.host_path(directory).user(user).dbname(database);
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A client of the administrator, as soon as the server answers.
async fn admin(database: &str) -> Client {
    for _ in 0..600 {
        match connect("admin", database).await {
            Ok(client) => return client,
            Err(error) if error.code().is_some() && database != "postgres" => {
                panic!("{error:?}")
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("PostgreSQL did not start within a minute");
}

/// A session of the user `alice`, who is nobody's superuser, in a database of its own.
pub struct Session {
    client: Client,
    pub database: String,
    pub settings: Settings,
}

/// An error: SQLSTATE and message.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    pub sqlstate: String,
    pub message: String,
}

impl Session {
    pub async fn new() -> Session {
        let database = format!("d{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let admin = admin("postgres").await;
        let role = "DO $$ BEGIN CREATE ROLE alice LOGIN; EXCEPTION WHEN duplicate_object OR \
                    unique_violation THEN NULL; END $$";
        admin.batch_execute(role).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {database} OWNER alice")).await.unwrap();
        let admin = self::admin(&database).await;
        admin.batch_execute(catalog::BOOTSTRAP).await.unwrap();
        admin.execute(catalog::INSERT_USER, &[&"alice", &false]).await.unwrap();
        Session::of(&database).await
    }

    /// Another session in the same database.
    pub async fn of(database: &str) -> Session {
        let client = connect("alice", database).await.unwrap();
        Session { client, database: database.to_owned(), settings: SETTINGS }
    }

    /// A client of the administrator in the same database.
    pub async fn admin(&self) -> Client {
        admin(&self.database).await
    }

    /// Runs a text through the gate; gives the last statement's rows, NULL as `NULL`, columns
    /// joined by `|`.
    pub async fn rows(&self, sql: &str) -> Result<Vec<String>, Failure> {
        let checked = dialect::check(sql, &self.settings)
            .map_err(|r| Failure { sqlstate: r.sqlstate.into(), message: r.message })?;
        let mut rows = Vec::new();
        for statement in checked {
            rows = self.act(statement.action).await?;
        }
        Ok(rows)
    }

    async fn act(&self, action: Action) -> Result<Vec<String>, Failure> {
        let sql = match action {
            Action::Query { sql, .. }
            | Action::Write { sql, .. }
            | Action::Define { sql, .. }
            | Action::Truncate { sql, .. } => sql,
            Action::Begin { .. } => "BEGIN ISOLATION LEVEL REPEATABLE READ".into(),
            Action::Commit => "COMMIT".into(),
            Action::Rollback => "ROLLBACK".into(),
            Action::Set { sql: Some(sql), .. } => sql,
            other => panic!("{other:?} is the front's affair"),
        };
        let messages = self.client.simple_query(&sql).await.map_err(|error| {
            let error = error.as_db_error().unwrap_or_else(|| panic!("{sql}: {error:?}"));
            Failure { sqlstate: error.code().code().into(), message: error.message().into() }
        })?;
        Ok(messages.iter().filter_map(joined).collect())
    }

    /// Runs a text that must succeed.
    pub async fn run(&self, sql: &str) -> Vec<String> {
        self.rows(sql).await.unwrap_or_else(|failure| panic!("{sql}: {failure:?}"))
    }

    /// The one row of a text that must succeed.
    pub async fn one(&self, sql: &str) -> String {
        let mut rows = self.run(sql).await;
        assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
        rows.remove(0)
    }

    /// The failure of a text that must fail.
    pub async fn fails(&self, sql: &str) -> Failure {
        match self.rows(sql).await {
            Ok(rows) => panic!("{sql} gave {rows:?}"),
            Err(failure) => failure,
        }
    }

    /// The types of a query's parameters and the names of its columns, as PostgreSQL describes it.
    pub async fn described(&self, sql: &str) -> (usize, Vec<String>) {
        let checked = dialect::check(sql, &self.settings).unwrap();
        let [statement] = checked.as_slice() else { panic!("{sql}: one statement") };
        let Action::Query { sql: text, .. } = &statement.action else { panic!("{sql}: a query") };
        let prepared =
            self.client.prepare(text).await.unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let columns = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
        (prepared.params().len(), columns)
    }
}

fn joined(message: &SimpleQueryMessage) -> Option<String> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    let cells: Vec<_> = (0..row.len()).map(|at| row.get(at).unwrap_or("NULL")).collect();
    Some(cells.join("|"))
}
