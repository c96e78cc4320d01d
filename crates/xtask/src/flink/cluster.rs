//! A standalone cluster: a JobManager and TaskManagers as real processes on loopback.

use std::{
    ffi::OsStr,
    fs::{self, File},
    net::TcpListener,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{home::Home, rest::Rest};
use crate::{maven, repo, shell};

/// How long the processes may take to find each other on a slow machine.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How long a process may take to end when it is asked to.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How often a cluster is looked at that is waited for.
const PAUSE: Duration = Duration::from_millis(100);
/// How often a JobManager is started anew whose ports somebody else took first.
const TRIES: u32 = 3;

/// What a cluster is to be like.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Jars that go into `lib/`, beside Flink's own.
    pub jars: Vec<PathBuf>,
    /// TaskManagers, with two slots each.
    pub task_managers: usize,
    /// More of the configuration; a later entry of a key counts.
    pub configuration: Vec<(String, String)>,
    /// More options for every JVM.
    pub jvm: &'static str,
}

/// What lets JVMs of tests, which live for seconds, start quickly.
pub const SHORT_LIVED: &str = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

/// What a TaskManager's process is given, in MiB. It is Flink's default: the connector has to do
/// with it.
pub const PROCESS_MEMORY: u64 = 1728;

/// Slots of each TaskManager.
const SLOTS: usize = 2;

/// A running cluster. Its processes end with it.
pub struct Cluster {
    home: Home,
    directory: PathBuf,
    rest: Rest,
    job_manager: Child,
    task_managers: Vec<(String, Child)>,
    started: usize,
}

impl Cluster {
    /// Starts one whose configuration, logs and checkpoints lie in `directory`, and waits until all
    /// slots are there.
    pub fn start(home: &Home, directory: &Path, settings: &Settings) -> Result<Cluster> {
        for name in ["conf", "lib", "log", "pid", "tmp", "checkpoints"] {
            let inner = directory.join(name);
            fs::create_dir_all(&inner)
                .with_context(|| format!("cannot create {}", inner.display()))?;
        }
        link_jars(home, &directory.join("lib"), &settings.jars)?;
        for _ in 0..TRIES {
            let mut cluster = Cluster::begin(home, directory, settings)?;
            if cluster.wait_for_slots(settings.task_managers * SLOTS)? {
                return Ok(cluster);
            }
            // Somebody else took one of its ports first.
            cluster.stop()?;
        }
        bail!("the JobManager ends at once; see {}", directory.join("log").display())
    }

    /// Starts all processes on two ports that were free a moment ago.
    fn begin(home: &Home, directory: &Path, settings: &Settings) -> Result<Cluster> {
        let (rpc, rest) = (free_port()?, free_port()?);
        configure(home, directory, settings, rpc, rest)?;
        let job_manager = start(home, directory, "jobmanager.sh", "jobmanager-0", &[])?;
        let mut cluster = Cluster {
            home: home.clone(),
            directory: directory.to_owned(),
            rest: Rest { port: rest },
            job_manager,
            task_managers: Vec::new(),
            started: 0,
        };
        for _ in 0..settings.task_managers {
            cluster.start_task_manager()?;
        }
        Ok(cluster)
    }

    /// Its REST interface.
    pub fn rest(&self) -> Rest {
        self.rest
    }

    /// Where its logs lie.
    pub fn logs(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// The TaskManagers: the name by which Flink knows each, and the id of its process.
    pub fn task_managers(&self) -> Vec<(String, u32)> {
        self.task_managers.iter().map(|(name, child)| (name.clone(), child.id())).collect()
    }

    /// Starts one more TaskManager.
    pub fn start_task_manager(&mut self) -> Result<()> {
        let name = format!("taskmanager-{}", self.started);
        let known_as = format!("taskmanager.resource-id={name}");
        let child =
            start(&self.home, &self.directory, "taskmanager.sh", &name, &["-D", &known_as])?;
        self.task_managers.push((name, child));
        self.started += 1;
        Ok(())
    }

    /// Kills a TaskManager with SIGKILL: nothing of it gets to say anything.
    pub fn kill_task_manager(&mut self, name: &str) -> Result<()> {
        let index = self.task_managers.iter().position(|(known, _)| known == name);
        let (_, mut child) = self.task_managers.remove(index.context("no such TaskManager")?);
        child.kill().context("cannot kill a TaskManager")?;
        child.wait().context("waiting for a TaskManager that was killed")?;
        Ok(())
    }

    /// Kills the JobManager with SIGKILL and starts another in its place, at the same address.
    pub fn replace_job_manager(&mut self) -> Result<()> {
        self.job_manager.kill().context("cannot kill the JobManager")?;
        self.job_manager.wait().context("waiting for the JobManager that was killed")?;
        self.started += 1;
        let name = format!("jobmanager-{}", self.started);
        self.job_manager = start(&self.home, &self.directory, "jobmanager.sh", &name, &[])?;
        Ok(())
    }

    /// Waits until so many slots have registered; false when the JobManager ends before that.
    fn wait_for_slots(&mut self, slots: usize) -> Result<bool> {
        let begun = Instant::now();
        while !self.rest.slots().is_ok_and(|count| count >= slots as u64) {
            if self.job_manager.try_wait().context("waiting for the JobManager")?.is_some() {
                return Ok(false);
            }
            if begun.elapsed() > START_LIMIT {
                let logs = self.logs();
                bail!("the cluster had not {slots} slots in time; see {}", logs.display());
            }
            std::thread::sleep(PAUSE);
        }
        Ok(true)
    }

    /// A command line of `bin/flink` for this cluster, run in the repository's root.
    pub fn client(&self, arguments: &[impl AsRef<OsStr>]) -> Result<Command> {
        let mut command = Command::new(self.home.script("flink"));
        command.args(arguments);
        prepare(&mut command, &self.directory)?;
        Ok(command)
    }

    /// The files that its processes wrote: logs and output.
    pub fn written(&self) -> Result<Vec<PathBuf>> {
        let logs = self.logs();
        let entries =
            fs::read_dir(&logs).with_context(|| format!("cannot list {}", logs.display()))?;
        Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
    }

    /// Ends all processes and waits for them.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        for (_, mut child) in self.task_managers.drain(..) {
            stop(&mut child)?;
        }
        stop(&mut self.job_manager)
    }
}

impl Drop for Cluster {
    /// No process outlives the task, however the task ends.
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("warning: {error:#}");
        }
    }
}

/// A port of 127.0.0.1 that nobody listens on at this moment.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr().context("a listener without an address")?.port())
}

/// Flink's own jars and the added ones, side by side: what a `lib/` looks like after a user dropped
/// the connector's jar into it.
fn link_jars(home: &Home, lib: &Path, added: &[PathBuf]) -> Result<()> {
    for jar in home.jars()?.iter().chain(added) {
        let link = lib.join(jar.file_name().context("a jar without a name")?);
        symlink(jar, &link).with_context(|| format!("cannot link {}", link.display()))?;
    }
    Ok(())
}

/// Writes `conf/`: as Flink ships it, but on loopback and on these ports.
fn configure(
    home: &Home,
    directory: &Path,
    settings: &Settings,
    rpc: u16,
    rest: u16,
) -> Result<()> {
    let shipped = home.directory.join("conf");
    let conf = directory.join("conf");
    let entries =
        fs::read_dir(&shipped).with_context(|| format!("cannot list {}", shipped.display()))?;
    for file in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let copy = conf.join(file.file_name().unwrap_or_default());
        fs::copy(&file, &copy).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    let config = conf.join("config.yaml");
    let text =
        fs::read_to_string(&config).with_context(|| format!("cannot read {}", config.display()))?;
    let text = configuration(java_options(&text)?, directory, settings, rpc, rest);
    fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))
}

/// The options that Flink gives to every JVM, from the file that it ships.
fn java_options(shipped: &str) -> Result<&str> {
    let line = shipped.lines().find_map(|line| line.trim().strip_prefix("all: "));
    line.context("Flink's config.yaml names no options for the JVM")
}

fn configuration(
    java_options: &str,
    directory: &Path,
    settings: &Settings,
    rpc: u16,
    rest: u16,
) -> String {
    let path = |name: &str| directory.join(name).display().to_string();
    let loopback = || "127.0.0.1".to_owned();
    let mut entries: Vec<(&str, String)> = vec![
        ("env.java.opts.all", format!("{java_options} {}", settings.jvm).trim_end().to_owned()),
        ("jobmanager.rpc.address", loopback()),
        ("jobmanager.rpc.port", rpc.to_string()),
        ("jobmanager.bind-host", loopback()),
        ("jobmanager.memory.process.size", "1600m".into()),
        ("rest.address", loopback()),
        ("rest.bind-address", loopback()),
        ("rest.port", rest.to_string()),
        ("taskmanager.host", loopback()),
        ("taskmanager.bind-host", loopback()),
        ("taskmanager.memory.process.size", format!("{PROCESS_MEMORY}m")),
        ("taskmanager.numberOfTaskSlots", SLOTS.to_string()),
        ("io.tmp.dirs", path("tmp")),
        ("web.tmpdir", path("tmp")),
        ("execution.checkpointing.dir", format!("file://{}", path("checkpoints"))),
    ];
    for (key, value) in &settings.configuration {
        entries.retain(|(known, _)| known != key);
        entries.push((key, value.clone()));
    }
    let lines = entries.iter().map(|(key, value)| format!("{key}: {}\n", quoted(value)));
    lines.collect()
}

/// A value that YAML takes for text and nothing else.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Starts one of Flink's processes. The script becomes the JVM, so that the child's id is the JVM's.
fn start(
    home: &Home,
    directory: &Path,
    script: &str,
    name: &str,
    arguments: &[&str],
) -> Result<Child> {
    let mut command = process(home, script);
    command.arg("start-foreground").args(arguments);
    prepare(&mut command, directory)?;
    let file = directory.join("log").join(format!("{name}.out"));
    let out = File::create(&file).with_context(|| format!("cannot create {}", file.display()))?;
    let err = out.try_clone().with_context(|| format!("cannot share {}", file.display()))?;
    command.stdin(Stdio::null()).stdout(out).stderr(err);
    command.spawn().with_context(|| format!("cannot start Flink's {script}"))
}

/// One of Flink's scripts. A task that is killed takes its processes along, where the system has the
/// means.
pub fn process(home: &Home, script: &str) -> Command {
    let Some(program) = shell::on_path("setpriv") else { return Command::new(home.script(script)) };
    let mut command = Command::new(program);
    command.args(["--pdeathsig", "KILL"]).arg(home.script(script));
    command
}

/// What Flink's scripts read from the environment.
pub fn prepare(command: &mut Command, directory: &Path) -> Result<()> {
    let inherited = std::env::vars_os().map(|(name, _)| name);
    for name in inherited.filter(|name| name.to_string_lossy().starts_with("FLINK_")) {
        command.env_remove(name);
    }
    command
        .current_dir(repo::root())
        .env("JAVA_HOME", maven::java_home()?)
        .env("FLINK_CONF_DIR", directory.join("conf"))
        .env("FLINK_LIB_DIR", directory.join("lib"))
        .env("FLINK_LOG_DIR", directory.join("log"))
        .env("FLINK_PID_DIR", directory.join("pid"));
    Ok(())
}

/// Asks a process to end, and ends it.
fn stop(child: &mut Child) -> Result<()> {
    shell::output("sh", &["-c", r#"kill -TERM "$0""#, &child.id().to_string()]);
    let begun = Instant::now();
    while child.try_wait().context("waiting for a process of Flink")?.is_none() {
        if begun.elapsed() > STOP_LIMIT {
            child.kill().context("cannot end a process of Flink")?;
            child.wait().context("waiting for a process of Flink")?;
            break;
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_take_the_place_of_what_is_there() {
        let settings = Settings {
            configuration: vec![("rest.port".into(), "it's 1".into())],
            ..Settings::default()
        };
        let text = configuration("-a=b", Path::new("/d"), &settings, 7, 8);
        assert!(text.contains("jobmanager.rpc.port: '7'\n"), "{text}");
        assert!(text.contains("env.java.opts.all: '-a=b'\n"), "{text}");
        assert!(text.contains("rest.port: 'it''s 1'\n") && !text.contains("'8'"), "{text}");
    }

    #[test]
    fn the_options_of_the_jvm_are_read() {
        let shipped = "env:\n  java:\n    opts:\n      all: --add-opens=a/b=ALL-UNNAMED\n";
        assert_eq!(java_options(shipped).unwrap(), "--add-opens=a/b=ALL-UNNAMED");
        assert!(java_options("env: {}").is_err());
    }
}
