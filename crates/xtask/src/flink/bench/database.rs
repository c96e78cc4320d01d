//! A PostgreSQL for the JDBC connector, on loopback: the server that the stand-in is made of.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::sinks::Login;
use crate::{flink::cluster, needs, shell};

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Whom a server runs as that is started by root, which PostgreSQL refuses.
const UNPRIVILEGED: &str = "nobody";
const USER: &str = "bench";

/// A running server; it ends with this.
pub struct Database {
    child: Child,
    psql: PathBuf,
    port: u16,
}

impl Database {
    /// Starts one whose data lie in `directory`. It need not survive a crash: the fastest that the
    /// JDBC connector can hope for.
    pub fn start(directory: &Path) -> Result<Database> {
        let bin = needs::postgres_bin().context("PostgreSQL's server has gone")?;
        let psql = needs::psql().context("psql has gone")?;
        let data =
            std::env::temp_dir().join(format!("flink-redshift-bench-{}", std::process::id()));
        std::fs::create_dir_all(&data)
            .with_context(|| format!("cannot create {}", data.display()))?;
        if shell::is_root() {
            shell::run(Command::new("chown").arg(UNPRIVILEGED).arg(&data))?;
        }
        let mut init = unprivileged(&bin.join("initdb"));
        init.args(["--auth=trust", "--encoding=UTF8", "--no-sync", "--username", USER, "-D"]);
        shell::run(init.arg(&data).stdout(Stdio::null()))?;
        let port = cluster::free_port()?;
        let log = directory.join("postgres.log");
        let out = std::fs::File::create(&log)
            .with_context(|| format!("cannot create {}", log.display()))?;
        let mut server = unprivileged(&bin.join("postgres"));
        server.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-k", "", "-p", &port.to_string()]);
        server.args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_wal_size=8GB"]);
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(out);
        let child = server.spawn().context("cannot start PostgreSQL")?;
        let database = Database { child, psql, port };
        database.wait_until_ready()?;
        database.forget()?;
        Ok(database)
    }

    fn wait_until_ready(&self) -> Result<()> {
        let begun = Instant::now();
        while self.ask("SELECT 1").is_err() {
            if begun.elapsed() > START_LIMIT {
                bail!("PostgreSQL did not start within {} s", START_LIMIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Leaves an empty table.
    pub fn forget(&self) -> Result<()> {
        self.ask(
            "DROP TABLE IF EXISTS bench; CREATE TABLE bench (user_id BIGINT, user_type INT, \
             language TEXT, country TEXT, gender TEXT, score DOUBLE PRECISION)",
        )
    }

    fn ask(&self, statement: &str) -> Result<()> {
        let port = self.port.to_string();
        let arguments = ["-h", "127.0.0.1", "-p", &port, "-U", USER, "-d", "postgres", "-c"];
        let mut psql = Command::new(&self.psql);
        psql.args(arguments).arg(statement).args(["-q", "-X"]);
        let done = psql.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !done.context("cannot start psql")?.success() {
            bail!("PostgreSQL refused `{statement}`");
        }
        Ok(())
    }

    /// How the JDBC connector finds it. It trusts everybody on loopback; the connector wants a
    /// password all the same.
    pub fn login(&self) -> Login {
        let port = self.port;
        Login {
            url: format!("jdbc:postgresql://127.0.0.1:{port}/postgres?reWriteBatchedInserts=true"),
            user: USER.to_owned(),
            password: "any".to_owned(),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Its data are of no use to anybody: it may end at once. It may have ended already.
        shell::output("sh", &["-c", r#"kill -QUIT "$0""#, &self.child.id().to_string()]);
        let _ = self.child.wait();
        let data =
            std::env::temp_dir().join(format!("flink-redshift-bench-{}", std::process::id()));
        if let Err(error) = std::fs::remove_dir_all(&data) {
            eprintln!("warning: cannot remove {}: {error}", data.display());
        }
    }
}

/// A program of PostgreSQL, run by somebody who is not root.
fn unprivileged(program: &Path) -> Command {
    if !shell::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", UNPRIVILEGED, "--clear-groups", "--pdeathsig", "QUIT"]).arg(program);
    command
}
