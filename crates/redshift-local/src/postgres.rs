//! The PostgreSQL server behind the front: found on the machine, started for one stand-in on a
//! Unix socket in a private directory, and stopped with it.
//!
//! A small shell supervises the server. It reads a pipe that only this process holds open, so the
//! server ends when this process does, also when that is killed with SIGKILL.

mod account;
mod binaries;
pub(crate) mod bootstrap;
mod template;

use std::{
    fs::{self, DirBuilder, File},
    io::{Read, Seek},
    os::unix::{
        fs::{DirBuilderExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use account::Account;
use binaries::Binaries;

/// The superuser of the server, named as Redshift names its own.
pub(crate) const ADMIN: &str = "rdsdb";

/// How long the server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// `$1` postgres, `$2` data directory, `$3` stop signal, `$4` a directory that goes with the
/// server or nothing, `$5` a file that marks the server's end; the rest are its arguments.
const SUPERVISOR: &str = r#"
server=$1 data=$2 signal=$3 remove=$4 ended=$5
shift 5
{ "$server" -D "$data" "$@" </dev/null; : >"$ended"; } &
read -r _
until kill -s "$signal" "$(head -n 1 "$data/postmaster.pid" 2>/dev/null)" 2>/dev/null; do
    [ -e "$ended" ] && break
    sleep 0.05
done
wait
[ -z "$remove" ] || rm -rf "$remove"
"#;

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    run: TempDir,
    supervisor: Child,
    pipe: Option<ChildStdin>,
}

impl Postgres {
    /// Starts a server on `data_dir`, made on first use, or on a temporary directory that goes
    /// with the server. `connections` is how many clients it accepts at once.
    pub(crate) async fn start(data_dir: Option<&Path>, connections: usize) -> Result<Postgres> {
        let kept = data_dir.map(|dir| dir.join("postgres"));
        let release = kept.as_ref().and_then(|dir| fs::read_to_string(dir.join("PG_VERSION")).ok());
        let place = Place { kept, account: Account::to_run_as()? };
        let binaries = blocking(move || Binaries::find(release.as_deref().map(str::trim))).await?;
        let template =
            template::place(&[binaries.version(), crate::catalog::BOOTSTRAP, bootstrap::FRONT]);
        if let Some(template) = template.as_ref().filter(|template| !template.is_dir())
            && let Err(e) = make_template(&binaries, template).await
        {
            tracing::warn!(error = format!("{e:#}"), "starts without a template, and slowly");
        }
        Postgres::launch(binaries, place, template, connections).await
    }

    async fn launch(
        binaries: Binaries,
        place: Place,
        template: Option<PathBuf>,
        connections: usize,
    ) -> Result<Postgres> {
        let spawn = move || spawn(&binaries, &place, template.as_deref(), connections);
        let server = blocking(spawn).await?;
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// The directory of the server's Unix socket.
    pub(crate) fn socket_dir(&self) -> &Path {
        self.run.path()
    }

    /// The server's socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.run.path().join(".s.PGSQL.5432")
    }

    /// A connection as the server's superuser, with the task that drives it.
    pub(crate) async fn admin(&self, database: &str) -> Result<tokio_postgres::Client> {
        connect_admin(self.socket_dir(), database).await
    }

    async fn wait_until_ready(&self) -> Result<()> {
        let begin = Instant::now();
        loop {
            match self.admin("template1").await {
                Ok(_) => return Ok(()),
                Err(_) if !self.ended().exists() && begin.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(e) => {
                    return Err(e.context(format!("PostgreSQL did not start: {}", self.log_tail())));
                }
            }
        }
    }

    fn ended(&self) -> PathBuf {
        self.run.path().join("ended")
    }

    /// The last lines that the server wrote: what it says when it cannot start.
    fn log_tail(&self) -> String {
        let read = || -> std::io::Result<String> {
            let mut file = File::open(self.run.path().join("log"))?;
            let length = file.metadata()?.len();
            file.seek(std::io::SeekFrom::Start(length.saturating_sub(2000)))?;
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            Ok(text)
        };
        read().unwrap_or_default().trim().to_owned()
    }

    /// Stops the server and waits until it is gone.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        drop(self.pipe.take());
        let begin = Instant::now();
        while self.supervisor.try_wait().context("waiting for PostgreSQL to stop")?.is_none() {
            ensure!(begin.elapsed() < PATIENCE, "PostgreSQL did not stop within {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.pipe.take().is_none() {
            return;
        }
        // Closing the pipe stops the server; the wait is only so that its directory goes too.
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(5)
            && matches!(self.supervisor.try_wait(), Ok(None))
        {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A connection as the superuser through the socket in `socket_dir`. The task that drives it ends
/// with the client.
pub(crate) async fn connect_admin(
    socket_dir: &Path,
    database: &str,
) -> Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::Config::new()
        .host_path(socket_dir)
        .user(ADMIN)
        .dbname(database)
        .application_name("redshift-local")
        .connect(NoTls)
        .await
        .with_context(|| format!("cannot connect to PostgreSQL's database {database}"))?;
    tokio::spawn(connection);
    Ok(client)
}

/// Where a server's data lies, and who runs it.
struct Place {
    /// A directory that outlives the server; `None` is a temporary one.
    kept: Option<PathBuf>,
    account: Account,
}

/// Makes a data directory with the catalog in it, and keeps it as a template.
async fn make_template(binaries: &Binaries, template: &Path) -> Result<()> {
    let account = Account::to_run_as()?;
    let dir = private_directory(&account)?;
    let data = dir.path().join("data");
    let place = Place { kept: Some(data.clone()), account };
    let mut server = Postgres::launch(binaries.clone(), place, None, 20).await?;
    bootstrap::fill_template(&server.admin("template1").await?).await?;
    server.stop().await?;
    let template = template.to_owned();
    blocking(move || template::keep(&data, &template)).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("starting PostgreSQL was interrupted")?
}

fn spawn(
    binaries: &Binaries,
    Place { kept, account }: &Place,
    template: Option<&Path>,
    connections: usize,
) -> Result<Postgres> {
    let run = private_directory(account)?;
    let data = kept.clone().unwrap_or_else(|| run.path().join("data"));
    if !data.join("PG_VERSION").exists() {
        match template.filter(|template| template.is_dir()) {
            Some(template) => template::use_for(template, &data, account)?,
            None => initdb(binaries, &data, account)?,
        }
    }

    let log = File::create(run.path().join("log")).context("cannot create PostgreSQL's log")?;
    let ended = run.path().join("ended");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SUPERVISOR, "redshift-local"]);
    command.arg(binaries.program("postgres")).arg(&data);
    // SIGINT writes a checkpoint, which data that stays needs; SIGQUIT leaves at once.
    command.arg(if kept.is_some() { "INT" } else { "QUIT" });
    command.arg(run.path()).arg(&ended);
    for setting in settings(run.path(), connections, kept.is_some()) {
        command.arg("-c").arg(setting);
    }
    command.stdin(Stdio::piped());
    command.stdout(log.try_clone().context("cannot share PostgreSQL's log")?).stderr(log);
    account.apply(&mut command);
    // A group of its own: Ctrl-C in a terminal must not end the server before its sessions.
    command.process_group(0);
    let mut supervisor = command.spawn().context("cannot start PostgreSQL's supervisor /bin/sh")?;
    let pipe = supervisor.stdin.take();
    Ok(Postgres { run, supervisor, pipe })
}

fn settings(socket_dir: &Path, connections: usize, durable: bool) -> Vec<String> {
    let on = |durable: bool| if durable { "on" } else { "off" };
    vec![
        "listen_addresses=".into(),
        format!("unix_socket_directories={}", socket_dir.display()),
        "unix_socket_permissions=0700".into(),
        "port=5432".into(),
        format!("max_connections={connections}"),
        "superuser_reserved_connections=3".into(),
        "max_locks_per_transaction=128".into(),
        "shared_buffers=64MB".into(),
        // A staging table and the sort of it stay in memory, as a warehouse keeps them: with 8 and
        // 4 MB each keyed flush of some ten thousand rows went through files.
        "temp_buffers=64MB".into(),
        "work_mem=32MB".into(),
        "wal_level=minimal".into(),
        "max_wal_senders=0".into(),
        "max_wal_size=4GB".into(),
        format!("fsync={}", on(durable)),
        format!("synchronous_commit={}", on(durable)),
        format!("full_page_writes={}", on(durable)),
        "default_transaction_isolation=repeatable read".into(),
        "deadlock_timeout=300ms".into(),
        "jit=off".into(),
        // A table that is no older than the job has no statistics, and PostgreSQL would sort all of
        // it for a join with a few staged rows. Redshift joins by hash what is not sorted already.
        "enable_mergejoin=off".into(),
        // No shared memory segments per query: containers have little of it.
        "max_parallel_workers_per_gather=0".into(),
        "timezone=UTC".into(),
        "log_timezone=UTC".into(),
        "datestyle=ISO, MDY".into(),
        // Fifteen digits, as PostgreSQL 8 printed floats.
        "extra_float_digits=0".into(),
        // A log must hold no row's value and no secret.
        "log_min_error_statement=panic".into(),
        "log_min_messages=fatal".into(),
        "log_error_verbosity=terse".into(),
        "logging_collector=off".into(),
        "log_destination=stderr".into(),
    ]
}

/// A directory that only the server's account (and root) can enter.
fn private_directory(account: &Account) -> Result<TempDir> {
    let base = std::env::temp_dir();
    // A socket's address holds 107 bytes.
    let base = if base.as_os_str().len() > 60 { PathBuf::from("/tmp") } else { base };
    let dir = tempfile::Builder::new()
        .prefix("redshift-local-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(&base)
        .with_context(|| format!("cannot make a directory for PostgreSQL in {}", base.display()))?;
    account.own(dir.path())?;
    Ok(dir)
}

fn initdb(binaries: &Binaries, data: &Path, account: &Account) -> Result<()> {
    if let Some(parent) = data.parent().filter(|parent| !parent.exists()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(parent)
            .with_context(|| format!("cannot make the directory {}", parent.display()))?;
    }
    DirBuilder::new()
        .mode(0o700)
        .recursive(true)
        .create(data)
        .with_context(|| format!("cannot make the directory {}", data.display()))?;
    account.own(data)?;
    let mut command = Command::new(binaries.program("initdb"));
    command.arg("-D").arg(data).args(["--username", ADMIN, "--auth=trust", "--encoding=UTF8"]);
    command.args(["--locale=C", "--no-sync", "--no-instructions"]);
    account.apply(&mut command);
    let output = command.stdin(Stdio::null()).output().context("cannot run initdb")?;
    if !output.status.success() {
        bail!(
            "PostgreSQL could not make its data directory {} as user {}: {}. Every directory above \
             it must let that user pass",
            data.display(),
            account.name,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
