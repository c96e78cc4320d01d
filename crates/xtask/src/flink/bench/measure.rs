//! One measurement: rows by the source's own count, CPU and memory by the kernel's.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};

use crate::{
    controlled::Controlled,
    flink::{
        cluster::{self, Cluster},
        home::Home,
        task::{self, Run},
    },
    maven, shell,
};

/// How long a job runs before it is measured: compilers and caches get warm.
const WARM_UP: Duration = Duration::from_secs(15);
/// How long a job may take to start.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How often the process is looked at.
const PAUSE: Duration = Duration::from_millis(500);

/// What is measured.
pub struct Settings<'a> {
    pub home: &'a Home,
    pub tools: &'a Path,
    pub jars: Vec<PathBuf>,
    pub script: String,
    pub time: Duration,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Rows that the source made, per second.
    pub rows_per_second: f64,
    /// CPU time of the whole TaskManager for each of them, in microseconds.
    pub cpu_per_row: f64,
    /// The TaskManager's resident memory in MiB, in the first and in the last third of the time.
    pub memory: (f64, f64),
    /// Heap that somebody needs, in MiB, before and after the measurement.
    pub heap: (f64, f64),
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.3} M rows/s, {:.2} µs of CPU a row, memory {:.0} → {:.0} MiB, heap {:.0} → {:.0} MiB",
            self.rows_per_second / 1e6,
            self.cpu_per_row,
            self.memory.0,
            self.memory.1,
            self.heap.0,
            self.heap.1
        )
    }
}

/// The TaskManager at one moment.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Milliseconds since 1970, the clock that the source tells by too.
    at: u64,
    /// CPU time so far, in seconds.
    cpu: f64,
    /// Resident memory in MiB.
    memory: f64,
}

/// A TaskManager under measurement.
struct Watched {
    moments: Vec<Moment>,
    /// See [`Sample::heap`].
    heap: (f64, f64),
}

/// Runs the script on a fresh cluster for the time given, and cancels it.
pub fn measure(settings: &Settings<'_>, stand_in: &Controlled, directory: &Path) -> Result<Sample> {
    let cluster_settings = cluster::Settings {
        jars: settings.jars.clone(),
        task_managers: 1,
        ..cluster::Settings::default()
    };
    let cluster = Cluster::start(settings.home, directory, &cluster_settings)?;
    let script = directory.join("bench.sql");
    fs::write(&script, &settings.script).context("cannot write the script")?;
    let run = Run { tools: settings.tools, directory, shipped: &[] };
    let mut command = task::script_command(&cluster, &run, stand_in, &script)?;
    let mut client = command.stdout(Stdio::null()).spawn().context("cannot start the client")?;
    let watched = wait_for_job(&cluster).and_then(|job| {
        std::thread::sleep(WARM_UP);
        let watched = watch(&cluster, settings.time)?;
        let state = cluster.rest().jobs()?.into_iter().find(|other| other.id == job);
        let state = state.map(|job| job.state).unwrap_or_default();
        ensure!(state == "RUNNING", "the job is {state}: {}", cluster.rest().failure(&job)?);
        ensure!(cluster.rest().restarts(&job)? == 0, "the job had to begin anew");
        Ok(watched)
    });
    // The job needs nobody to wait for it, and goes with its cluster.
    client.kill().context("cannot end the client")?;
    client.wait().context("waiting for the client")?;
    let watched = watched?;
    let told = cluster.logs().join("taskmanager-0.out");
    let told =
        fs::read_to_string(&told).with_context(|| format!("cannot read {}", told.display()))?;
    cluster.stop()?;
    sample(&watched, &told)
}

/// The id of the job, once all of it runs.
fn wait_for_job(cluster: &Cluster) -> Result<String> {
    let begun = Instant::now();
    loop {
        if let Some(job) = cluster.rest().jobs()?.into_iter().next()
            && cluster.rest().is_running(&job.id)?
        {
            return Ok(job.id);
        }
        ensure!(begun.elapsed() < START_LIMIT, "the job did not start");
        std::thread::sleep(PAUSE);
    }
}

fn watch(cluster: &Cluster, time: Duration) -> Result<Watched> {
    let task_managers = cluster.task_managers();
    let (_, process) = task_managers.first().context("the cluster has no TaskManager")?;
    let ticks = shell::output("getconf", &["CLK_TCK"]).context("getconf is missing")?;
    let ticks: f64 = ticks.parse().context("getconf tells no clock ticks")?;
    let before = live_heap(*process)?;
    let begun = Instant::now();
    let mut moments = Vec::new();
    while begun.elapsed() < time {
        moments.push(moment(*process, ticks)?);
        std::thread::sleep(PAUSE);
    }
    moments.push(moment(*process, ticks)?);
    Ok(Watched { moments, heap: (before, live_heap(*process)?) })
}

/// Bytes of all objects that somebody still needs, in MiB: the JVM collects the others before it
/// counts. What is in use between collections says more about when the last one was.
fn live_heap(process: u32) -> Result<f64> {
    let jcmd = maven::java_home()?.join("bin/jcmd");
    let counted = shell::output(jcmd, &[&process.to_string(), "GC.class_histogram"]);
    counted.as_deref().and_then(live_bytes).context("the JVM does not count its objects")
}

/// Reads `Total <objects> <bytes>`, the last line of a histogram, in MiB.
fn live_bytes(histogram: &str) -> Option<f64> {
    let total = histogram.lines().rev().find_map(|line| line.strip_prefix("Total"))?;
    Some(total.split_whitespace().nth(1)?.parse::<f64>().ok()? / f64::from(1 << 20))
}

fn moment(process: u32, ticks: f64) -> Result<Moment> {
    let read = |name: &str| {
        let file = format!("/proc/{process}/{name}");
        fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(Moment {
        at: u64::try_from(now.as_millis()).context("the clock is far ahead")?,
        cpu: cpu_ticks(&read("stat")?).context("the kernel tells no CPU time")? / ticks,
        memory: resident(&read("status")?).context("the kernel tells no memory")?,
    })
}

/// User and system time, the 14th and 15th field; the 2nd is a name in parentheses.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

/// Resident memory in MiB.
fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}

/// What moments and the source's lines say together.
fn sample(watched: &Watched, told: &str) -> Result<Sample> {
    let Watched { moments, heap } = watched;
    let (first, last) = (moments.first(), moments.last());
    let (first, last) = first.zip(last).context("nothing was measured")?;
    let rows = rows_until(told, last.at)? - rows_until(told, first.at)?;
    let seconds = (last.at - first.at) as f64 / 1000.0;
    ensure!(rows > 0.0 && seconds > 0.0, "no rows came while it was measured");
    let third = moments.len() / 3;
    let (early, late) = (&moments[..third.max(1)], &moments[moments.len() - third.max(1)..]);
    let mean =
        |part: &[Moment]| part.iter().map(|moment| moment.memory).sum::<f64>() / part.len() as f64;
    Ok(Sample {
        rows_per_second: rows / seconds,
        cpu_per_row: (last.cpu - first.cpu) * 1e6 / rows,
        memory: (mean(early), mean(late)),
        heap: *heap,
    })
}

/// Rows of all subtasks up to a moment, between two lines of a subtask in proportion.
fn rows_until(told: &str, at: u64) -> Result<f64> {
    let lines: Vec<[u64; 3]> = told.lines().filter_map(told_line).collect();
    let mut subtasks: Vec<u64> = lines.iter().map(|[subtask, ..]| *subtask).collect();
    subtasks.sort_unstable();
    subtasks.dedup();
    let mut rows = 0.0;
    for subtask in subtasks {
        let own = lines.iter().filter(|[of, ..]| *of == subtask);
        let before = own.clone().rfind(|[.., time]| *time <= at);
        let [_, count, time] = before.context("the source told nothing before the measurement")?;
        let after = own.clone().find(|[.., time]| *time > at);
        let beyond = after.map_or(0.0, |[_, next, until]| {
            (next - count) as f64 * (at - time) as f64 / (until - time) as f64
        });
        rows += *count as f64 + beyond;
    }
    Ok(rows)
}

/// Reads `users <subtask> <rows> <milliseconds>`.
fn told_line(line: &str) -> Option<[u64; 3]> {
    let mut words = line.strip_prefix("users ")?.split_whitespace().map(str::parse);
    let mut next = || words.next()?.ok();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_figures_are_read() {
        let stat = "12 (a (b) c) S 1 1 1 0 -1 4194304 1 2 3 4 250 50 0 0 20 0 30 0 100 1 2";
        assert_eq!(cpu_ticks(stat), Some(300.0));
        assert_eq!(resident("Name:\tjava\nVmRSS:\t  2048 kB\n"), Some(2.0));
        let histogram =
            " num  #instances  #bytes  class\n   1:   10   400  [B\nTotal   10   2097152\n";
        assert_eq!(live_bytes(histogram), Some(2.0));
    }

    #[test]
    fn rows_are_counted_between_two_moments() {
        let told = "noise\nusers 0 100 1000\nusers 1 50 1500\nusers 0 300 2000\nusers 1 150 2500\n";
        assert_eq!(rows_until(told, 1500).unwrap(), 250.0);
        assert_eq!(rows_until(told, 2500).unwrap(), 450.0);
        assert!(rows_until(told, 900).is_err());
        let moment = |at, cpu, memory| Moment { at, cpu, memory };
        let moments = vec![moment(1500, 1.0, 10.0), moment(2500, 1.0 + 1e-3, 12.0)];
        let sample = sample(&Watched { moments, heap: (4.0, 5.0) }, told).unwrap();
        assert_eq!(sample.rows_per_second, 200.0);
        assert!((sample.cpu_per_row - 5.0).abs() < 1e-6, "{sample:?}");
        assert_eq!((sample.memory, sample.heap), ((10.0, 12.0), (4.0, 5.0)));
    }
}
