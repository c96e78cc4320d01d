//! The long campaign: many jobs whose processes are killed.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Stdio},
};

use anyhow::{Context, Result};

use super::{
    cluster::{self, Cluster, SHORT_LIVED, Settings},
    home::{Home, VERSION_1_20, VERSION_2},
    killed::{self, Victim},
    parts::{self, Parts},
    random::Random,
    seen::Seen,
    task::Run,
};
use crate::{controlled::Controlled, jar::Profile};

/// Rounds of a Rust campaign that one job stands for, on both lines of Flink: it takes about a minute
/// on each.
const ROUNDS_PER_JOB: u64 = 12;
/// Of so many seeds one has the JobManager killed.
const SEEDS_PER_JOB_MANAGER: u64 = 5;

/// Runs the campaign, each of its jobs on both lines of Flink. Says what was seen.
pub fn run(seed: u64, rounds: u64) -> Result<String> {
    let parts = Parts::build(Profile::Dev)?;
    let seeds = seeds(seed, rounds.div_ceil(ROUNDS_PER_JOB));
    let mut seen = Seen::default();
    for version in [VERSION_2, VERSION_1_20] {
        seen += on(version, &parts, &seeds)?;
    }
    let count = seeds.len();
    Ok(format!("{count} jobs on Flink {VERSION_2} and {count} on {VERSION_1_20} exact, {seen}"))
}

/// The seeds of so many jobs, one at least. The first is the campaign's own, so that a job that failed
/// can be run alone.
fn seeds(seed: u64, count: u64) -> Vec<u64> {
    let mut random = Random::seeded(seed);
    let others = (1..count).map(|_| random.next());
    std::iter::once(seed).chain(others).collect()
}

/// Which processes are killed in the job of a seed.
fn victim(seed: u64) -> Victim {
    if seed.is_multiple_of(SEEDS_PER_JOB_MANAGER) {
        Victim::JobManager
    } else {
        Victim::TaskManager
    }
}

/// The jobs on one line: TaskManagers die in most of them, the JobManager in the others.
fn on(version: &str, parts: &Parts, seeds: &[u64]) -> Result<Seen> {
    let directory = parts::workshop("campaign")?;
    let home = Home::of(version)?;
    let mut stand_in = Controlled::start(&parts.stand_in, "staging")?;
    let zoo_keeper = ZooKeeper::start(&home, &directory)?;
    let mut settings = Settings {
        jars: vec![parts.jar.clone()],
        task_managers: 2,
        configuration: killed::SETTINGS.map(|(key, value)| (key.into(), value.into())).into(),
        jvm: SHORT_LIVED,
    };
    settings.configuration.extend(zoo_keeper.settings(&directory));
    let mut cluster = Cluster::start(&home, &directory, &settings)?;
    let run = Run { tools: &parts.tools, directory: &directory, shipped: &[] };
    let mut seen = Seen::default();
    for seed in seeds {
        let again = || {
            format!("again, alone: cargo xtask soak flink --seed {seed} --rounds {ROUNDS_PER_JOB}")
        };
        let job = killed::run(&mut cluster, &run, &mut stand_in, *seed, victim(*seed));
        seen += job.with_context(again)?;
        println!("-- so far {seen}");
    }
    cluster.stop()?;
    stand_in.stop()?;
    Ok(seen)
}

/// A ZooKeeper of one server: what Flink's high availability keeps leaders and jobs in. Flink's own
/// distribution holds it.
struct ZooKeeper {
    child: Child,
    port: u16,
}

impl ZooKeeper {
    fn start(home: &Home, directory: &Path) -> Result<ZooKeeper> {
        let conf = directory.join("zookeeper");
        let data = conf.join("data");
        fs::create_dir_all(&data).with_context(|| format!("cannot create {}", data.display()))?;
        for name in ["log4j-console.properties", "logback-console.xml", "config.yaml"] {
            let from = home.directory.join("conf").join(name);
            fs::copy(&from, conf.join(name))
                .with_context(|| format!("cannot copy {}", from.display()))?;
        }
        let port = cluster::free_port()?;
        let text = format!(
            "tickTime=1000\ndataDir={}\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
             admin.enableServer=false\n",
            data.display()
        );
        let file = conf.join("zoo.cfg");
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let log = directory.join("zookeeper.out");
        let out = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let err = out.try_clone().context("cannot share a file")?;
        // Not by zookeeper.sh, which would stay between this task and the JVM.
        let mut command = cluster::process(home, "flink-console.sh");
        command.args(["zookeeper", "--peerId", "1", "--zkConfigFile"]).arg(&file);
        cluster::prepare(&mut command, directory)?;
        command.env("FLINK_CONF_DIR", &conf).env("FLINK_LIB_DIR", home.directory.join("lib"));
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn().context("cannot start ZooKeeper")?;
        Ok(ZooKeeper { child, port })
    }

    /// What makes a cluster highly available by it.
    fn settings(&self, directory: &Path) -> Vec<(String, String)> {
        let storage = directory.join("ha");
        [
            ("high-availability.type", "zookeeper".to_owned()),
            ("high-availability.zookeeper.quorum", format!("127.0.0.1:{}", self.port)),
            ("high-availability.storageDir", format!("file://{}", storage.display())),
            ("high-availability.zookeeper.client.session-timeout", "5 s".to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }
}

impl Drop for ZooKeeper {
    fn drop(&mut self) {
        // It may have ended already, and there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_can_be_run_alone_by_its_seed() {
        let campaign = seeds(7, 17);
        assert_eq!((campaign.len(), campaign[0]), (17, 7));
        assert_eq!(campaign, seeds(7, 17));
        assert_eq!(seeds(campaign[3], 1), [campaign[3]]);
        assert_eq!(seeds(7, 0), [7]);
    }

    #[test]
    fn both_kinds_of_processes_are_killed() {
        let of =
            |victim_of| seeds(7, 100).iter().filter(|seed| victim(**seed) == victim_of).count();
        let (job, task) = (of(Victim::JobManager), of(Victim::TaskManager));
        assert!(job > 5 && task > 50, "{job} and {task}");
    }
}
