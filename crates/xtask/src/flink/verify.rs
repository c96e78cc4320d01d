//! Tests of the connector: Maven's, and those on clusters of real processes.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{
    cluster::{Cluster, PROCESS_MEMORY, SHORT_LIVED, Settings},
    examples,
    home::{Home, VERSION_1_20, VERSION_2},
    jni_check::{self, Complaints},
    killed::{self, Victim},
    parts::{self, Parts, Programs},
    seen::Seen,
    task::{self, Run},
};
use crate::{controlled::Controlled, jar::Profile, maven, quickstart};

/// The seeds of the runs in which TaskManagers are killed; `soak` takes others.
const SEEDS: [u64; 3] = [1, 2, 3];

/// Streaming jobs that run once more while the JVM checks what native code does to it: rows appended
/// and by key, both ways of jdbc mode, and a job that is cancelled while the server hangs.
const CHECKED: &str = "AppendIT#rowsArriveOnceThoughSplitsEndUnevenly*,\
                       KeyedIT#aTableEndsAsAReplayOfItsChanges*,\
                       JdbcIT#aKeyedTableIsRightAfterFailuresWhateverIsPromised*,\
                       LifecycleIT#aJobIsCancelledWithinSecondsWhileTheServerHangs*";

/// What the quickstart's tables must hold: a query and its one answer.
const EXPECTED: [(&str, &[&str]); 6] = [
    ("SELECT count(*) FROM airlines", &["16"]),
    ("SELECT count(*) FROM airports", &["1458"]),
    ("SELECT count(*), count(DISTINCT tailnum) FROM planes", &["3322", "3322"]),
    ("SELECT count(*) FROM weather", &["26115"]),
    ("SELECT count(*), sum(distance) FROM flights", &["336776", "350217607"]),
    ("SELECT count(*) - count(dep_time), count(DISTINCT carrier) FROM flights", &["8255", "16"]),
];

/// Runs Maven's tests: those of the modules and those of jobs on Flink's MiniCluster, these on both
/// lines of Flink. Says how many there were.
pub fn maven_tests() -> Result<String> {
    let programs = Programs::build(Profile::Dev)?;
    let mut properties: Vec<String> = programs.native.properties().into();
    properties.push(maven::property("redshift.local.program", &programs.stand_in));
    if let Some(command) = &programs.command {
        properties.push(maven::property("flink.redshift.program", command));
    }
    let run = |arguments: &[&str]| {
        let mut command = maven::maven(arguments)?;
        maven::test(command.args(&properties))
    };
    let tools = run(&["verify", "--file", "tools/pom.xml"])?;
    let newest = run(&["verify"])?;
    // The same jar of the connector, compiled against Flink 2; its unit tests need no second run.
    let oldest = run(&[
        "verify",
        "--activate-profiles=flink-1.20",
        "--projects=integration-tests",
        "--also-make",
        "-Dtest=NoUnitTest",
        "-Dsurefire.failIfNoSpecifiedTests=false",
    ])?;
    let (checked, said) = under_check(&run)?;
    println!("\nMaven, all runs: {}", tools.and(newest).and(oldest).and(checked));
    Ok(format!("tools {tools}; Flink 2 {newest}; Flink 1.20 {oldest}; {said}"))
}

/// Runs [`CHECKED`] on the newest Flink under `-Xcheck:jni`. What the JVM says goes into a file of
/// its own, since Maven takes the standard output of the tests' JVM for itself.
fn under_check(run: &dyn Fn(&[&str]) -> Result<maven::Totals>) -> Result<(maven::Totals, String)> {
    let file = parts::workshop("jni-check")?.join("jvm.log");
    let jvm = format!(
        "-Dintegration.jvm={} -XX:+UnlockDiagnosticVMOptions -XX:+LogVMOutput -XX:LogFile={}",
        jni_check::OPTION,
        file.display()
    );
    let totals = run(&[
        "verify",
        "--projects=integration-tests",
        "--also-make",
        "-Dtest=NoUnitTest",
        "-Dsurefire.failIfNoSpecifiedTests=false",
        &format!("-Dit.test={CHECKED}"),
        &jvm,
    ])?;
    let said =
        std::fs::read(&file).with_context(|| format!("the JVM wrote no {}", file.display()))?;
    let said = String::from_utf8_lossy(&said);
    ensure!(said.contains(jni_check::OPTION), "the JVM ran without {}", jni_check::OPTION);
    let mut complaints = Complaints::default();
    complaints.read(&said);
    ensure!(complaints.ours.is_empty(), "{}: {:#?}", jni_check::OPTION, complaints.ours);
    Ok((totals, format!("{} {totals}, clean", jni_check::OPTION)))
}

/// Runs the cluster tests, and says what was seen.
pub fn clusters() -> Result<String> {
    let parts = Parts::build(Profile::Dev)?;
    let oldest = on_the_oldest(&parts)?;
    let Newest { examples, memory, seen } = on_the_newest(&parts)?;
    Ok(format!(
        "quickstart on Flink {VERSION_1_20} and {VERSION_2}, {oldest}; {examples}; {} jobs exact, \
         {seen}; at most {memory} of {PROCESS_MEMORY} MiB in a TaskManager",
        SEEDS.len()
    ))
}

/// Flink 1.20, the jar shipped with the job, the JVMs checking what native code does to them.
fn on_the_oldest(parts: &Parts) -> Result<String> {
    let directory = parts::workshop("oldest")?;
    let mut stand_in = Controlled::start(&parts.stand_in, "staging")?;
    let check = |process: &str| (format!("env.java.opts.{process}"), jni_check::OPTION.to_owned());
    let settings = Settings {
        task_managers: 1,
        configuration: ["jobmanager", "taskmanager", "client"].map(check).into(),
        jvm: SHORT_LIVED,
        ..Settings::default()
    };
    let cluster = Cluster::start(&Home::of(VERSION_1_20)?, &directory, &settings)?;
    let run = Run { tools: &parts.tools, directory: &directory, shipped: &[&parts.jar] };
    let said = task::run_script(&cluster, &run, &stand_in, Path::new(quickstart::SCRIPT))?;
    check_quickstart(&mut stand_in)?;
    let files = cluster.written()?;
    cluster.stop()?;
    stand_in.stop()?;
    ensure!(jni_check::was_on(&files)?, "the JVMs ran without {}", jni_check::OPTION);
    let mut complaints = Complaints::of(&files)?;
    complaints.read(&said.join("\n"));
    ensure!(complaints.ours.is_empty(), "{}: {:#?}", jni_check::OPTION, complaints.ours);
    Ok(format!("{} clean ({} of the JDK's own)", jni_check::OPTION, complaints.others))
}

/// What was seen on Flink 2.
struct Newest {
    examples: &'static str,
    /// The most memory that a TaskManager took for the quickstart and the examples, in MiB.
    memory: u64,
    seen: Seen,
}

/// Flink 2, the jar in `lib/`: scripts, programs, and TaskManagers killed while a job loads.
fn on_the_newest(parts: &Parts) -> Result<Newest> {
    let directory = parts::workshop("newest")?;
    let mut stand_in = Controlled::start(&parts.stand_in, "staging")?;
    let settings = Settings {
        jars: vec![parts.jar.clone()],
        task_managers: 2,
        configuration: killed::SETTINGS.map(|(key, value)| (key.into(), value.into())).into(),
        jvm: SHORT_LIVED,
    };
    let mut cluster = Cluster::start(&Home::of(VERSION_2)?, &directory, &settings)?;
    let run = Run { tools: &parts.tools, directory: &directory, shipped: &[] };
    task::run_script(&cluster, &run, &stand_in, Path::new(quickstart::SCRIPT))?;
    check_quickstart(&mut stand_in)?;
    let examples = examples::run(&cluster, &run, &parts.jar, &mut stand_in)?;
    let memory = most_memory(&cluster)?;
    let mut seen = Seen::default();
    for seed in SEEDS {
        seen += killed::run(&mut cluster, &run, &mut stand_in, seed, Victim::TaskManager)?;
    }
    cluster.stop()?;
    stand_in.stop()?;
    Ok(Newest { examples, memory, seen })
}

/// The most memory that a TaskManager has taken so far, in MiB; fails where that is more than its
/// process is given, for which a container would have ended it.
fn most_memory(cluster: &Cluster) -> Result<u64> {
    let mut most = 0;
    for (name, process) in cluster.task_managers() {
        let file = format!("/proc/{process}/status");
        let status =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        let peak = peak_memory(&status).context("the kernel tells no peak memory")?;
        ensure!(peak <= PROCESS_MEMORY, "{name} took {peak} MiB of {PROCESS_MEMORY}");
        most = most.max(peak);
    }
    ensure!(most > 0, "there was no TaskManager");
    Ok(most)
}

fn peak_memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

fn check_quickstart(stand_in: &mut Controlled) -> Result<()> {
    for (query, expected) in EXPECTED {
        let rows = stand_in.rows(query)?;
        let row = rows.first().with_context(|| format!("`{query}` gave no row"))?;
        let found: Vec<&str> = row.iter().map(|v| v.as_deref().unwrap_or("NULL")).collect();
        ensure!(found == expected, "`{query}` gave {found:?}, not {expected:?}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_that_is_checked_is_there() {
        let tests =
            maven::directory().join("integration-tests/src/test/java/io/github/flinkredshift");
        for test in CHECKED.split(',') {
            let (class, method) = test.split_once('#').unwrap();
            let source = std::fs::read_to_string(tests.join(format!("{class}.java"))).unwrap();
            let declared = format!("void {}(", method.trim_end_matches('*'));
            assert!(source.contains(&declared), "{class} has no `{declared}`");
        }
    }

    #[test]
    fn the_kernels_peak_is_read() {
        assert_eq!(peak_memory("VmPeak:\t 9 kB\nVmHWM:\t  409600 kB\n"), Some(400));
    }
}
