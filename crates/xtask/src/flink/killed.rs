//! Jobs whose processes are killed while they load: afterwards the tables are exact.

use std::{
    fs,
    path::Path,
    process::Child,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    cluster::Cluster,
    random::Random,
    rest::Job,
    task::{self, Run},
};
use crate::controlled::Controlled;

/// Rows that a job loads, and how many of them a second: what is killed is in the middle of it.
const ROWS: u64 = 20_000;
const ROWS_PER_SECOND: u64 = 1_000;
/// Keys of the table that holds one row for each.
const KEYS: u64 = 97;
/// How often processes are killed while one job runs.
const KILLS: u64 = 2;
/// How long a job may take, the restarts included.
const LIMIT: Duration = Duration::from_secs(240);
/// How often a job is looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// What makes a cluster notice a dead process soon.
pub const SETTINGS: [(&str, &str); 5] = [
    // Both TaskManagers have a part of the job.
    ("cluster.evenly-spread-out-slots", "true"),
    ("heartbeat.interval", "500 ms"),
    ("heartbeat.timeout", "5 s"),
    ("restart-strategy.type", "fixed-delay"),
    ("restart-strategy.fixed-delay.attempts", "1000000"),
];

/// Which processes are killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// One TaskManager at a time.
    TaskManager,
    /// The JobManager; the cluster has to be highly available.
    JobManager,
}

/// Runs one job of which processes are killed at the moments that the seed gives, and compares both of
/// its tables with what they must hold. Says how often the job began anew.
pub fn run(
    cluster: &mut Cluster,
    run: &Run<'_>,
    stand_in: &mut Controlled,
    seed: u64,
    victim: Victim,
) -> Result<u64> {
    let name = format!("killed_{seed:x}");
    let file = run.directory.join(format!("{name}.sql"));
    fs::write(&file, script(&name)).with_context(|| format!("cannot write {}", file.display()))?;
    println!("\n-- seed {seed}: {ROWS} rows, {KILLS} times a {victim:?} is killed");
    let mut client = start(cluster, run, stand_in, &file)?;
    let outcome = kill_and_wait(cluster, &name, seed, victim, &mut client);
    if outcome.is_err() {
        // It waits for a job that nobody waits for any more.
        client.kill().context("cannot end the client")?;
    }
    client.wait().context("waiting for the client")?;
    let restarts = outcome?;
    let wrong = compare(stand_in, &name)?;
    ensure!(wrong.is_empty(), "seed {seed}: {}", wrong.join("; "));
    println!("-- seed {seed}: exact after {restarts} restarts");
    Ok(restarts)
}

/// Numbers, once as they are and once counted by key: rows that only come and rows that change.
fn script(name: &str) -> String {
    format!(
        "SET 'pipeline.name' = '{name}';
SET 'parallelism.default' = '2';
SET 'execution.checkpointing.interval' = '700 ms';
CREATE TABLE numbers (id BIGINT) WITH (
    'connector' = 'datagen', 'rows-per-second' = '{ROWS_PER_SECOND}',
    'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '{ROWS}'
);
CREATE TABLE appended (id BIGINT) WITH (
    'connector' = 'redshift', 'sink.write.mode' = 'copy', 'table-name' = '{name}_appended'
);
CREATE TABLE counted (k BIGINT, n BIGINT, total BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH (
    'connector' = 'redshift', 'sink.write.mode' = 'copy', 'table-name' = '{name}_counted'
);
EXECUTE STATEMENT SET BEGIN
    INSERT INTO appended SELECT id FROM numbers;
    INSERT INTO counted SELECT MOD(id, {KEYS}), COUNT(*), SUM(id) FROM numbers GROUP BY MOD(id, {KEYS});
END;
"
    )
}

fn start(cluster: &Cluster, run: &Run<'_>, stand_in: &Controlled, script: &Path) -> Result<Child> {
    let mut command = task::script_command(cluster, run, stand_in, script)?;
    command.spawn().context("cannot start Flink's client")
}

/// Kills until all kills are done, then waits for the job's end; gives back how often it began anew.
fn kill_and_wait(
    cluster: &mut Cluster,
    name: &str,
    seed: u64,
    victim: Victim,
    client: &mut Child,
) -> Result<u64> {
    let begun = Instant::now();
    let mut random = Random::seeded(seed);
    let job = wait_for_start(cluster, name, client)?;
    for _ in 0..KILLS {
        std::thread::sleep(Duration::from_millis(random.between(500, 4_500)));
        if state(cluster, &job.id).is_ok_and(|state| state == "FINISHED") {
            bail!("seed {seed}: the job was over before it could be killed {KILLS} times");
        }
        kill(cluster, &mut random, victim)?;
    }
    loop {
        // While a JobManager is away nobody answers; the limit ends that too.
        let state = state(cluster, &job.id).unwrap_or_default();
        match state.as_str() {
            "FINISHED" => return begun_anew(cluster, &job.id, victim),
            "FAILED" | "CANCELED" | "SUSPENDED" => {
                let why = cluster.rest().failure(&job.id)?;
                bail!("seed {seed}: the job is {state}: {why}");
            }
            _ if begun.elapsed() > LIMIT => {
                bail!("seed {seed}: the job is still {state} after {} s", LIMIT.as_secs())
            }
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// How often a job began anew. A new JobManager knows nothing of earlier ones, but that it restored.
fn begun_anew(cluster: &Cluster, id: &str, victim: Victim) -> Result<u64> {
    let count = match victim {
        Victim::TaskManager => cluster.rest().restarts(id)?,
        Victim::JobManager => cluster.rest().restored(id)?,
    };
    ensure!(count > 0, "no {victim:?} that was killed made the job begin anew");
    Ok(count)
}

fn wait_for_start(cluster: &Cluster, name: &str, client: &mut Child) -> Result<Job> {
    let begun = Instant::now();
    loop {
        let job = cluster.rest().jobs()?.into_iter().find(|job| job.name == name);
        if let Some(job) = job
            && cluster.rest().is_running(&job.id)?
        {
            return Ok(job);
        }
        if let Some(status) = client.try_wait().context("waiting for the client")? {
            bail!("the client ended before its job ran: {status}");
        }
        ensure!(begun.elapsed() < LIMIT, "the job did not start within {} s", LIMIT.as_secs());
        std::thread::sleep(PAUSE);
    }
}

fn state(cluster: &Cluster, id: &str) -> Result<String> {
    let jobs = cluster.rest().jobs()?;
    let job = jobs.into_iter().find(|job| job.id == id).context("the cluster knows no such job")?;
    Ok(job.state)
}

fn kill(cluster: &mut Cluster, random: &mut Random, victim: Victim) -> Result<()> {
    match victim {
        Victim::TaskManager => {
            let victim = victim_among(cluster, random)?;
            cluster.kill_task_manager(&victim)?;
            cluster.start_task_manager()
        }
        Victim::JobManager => cluster.replace_job_manager(),
    }
}

/// One of the TaskManagers that run a part of the job; any, while the job is about to begin anew.
fn victim_among(cluster: &Cluster, random: &mut Random) -> Result<String> {
    let alive: Vec<String> = cluster.task_managers().into_iter().map(|(name, _)| name).collect();
    let busy = cluster.rest().busy_task_managers()?;
    let mut choice: Vec<&String> = alive.iter().filter(|name| busy.contains(name)).collect();
    if choice.is_empty() {
        choice = alive.iter().collect();
    }
    let index = random.between(0, choice.len() as u64) as usize;
    choice.get(index).map(|name| (*name).clone()).context("there is no TaskManager to kill")
}

/// What is wrong with the tables; nothing when they hold every number once and every count.
fn compare(stand_in: &mut Controlled, name: &str) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let appended =
        format!("SELECT count(*), count(DISTINCT id), min(id), max(id) FROM {name}_appended");
    let expected = [ROWS, ROWS, 1, ROWS].map(|number| Some(number.to_string())).to_vec();
    let found = stand_in.rows(&appended)?;
    if found != [expected.clone()] {
        wrong.push(format!("{name}_appended gives {found:?}, not {expected:?}"));
    }
    let mut found = stand_in.rows(&format!("SELECT k, n, total FROM {name}_counted"))?;
    let mut expected: Vec<Vec<Option<String>>> = (0..KEYS).map(counted).collect();
    found.sort();
    expected.sort();
    if found != expected {
        let differing = found.iter().filter(|row| !expected.contains(row)).take(5);
        wrong.push(format!(
            "{name}_counted has {} rows, {KEYS} are right; wrong are {:?}",
            found.len(),
            differing.collect::<Vec<_>>()
        ));
    }
    Ok(wrong)
}

/// The row of one key at the end: how many of the numbers have this remainder, and their sum.
fn counted(key: u64) -> Vec<Option<String>> {
    let numbers = (1..=ROWS).filter(|number| number % KEYS == key);
    let (count, sum) = numbers.fold((0_u64, 0_u64), |(count, sum), n| (count + 1, sum + n));
    [key, count, sum].map(|number| Some(number.to_string())).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_numbers() {
        let sum = |column: usize| -> u64 {
            let values = (0..KEYS).filter_map(|key| counted(key)[column].clone());
            values.map(|value| value.parse::<u64>().unwrap()).sum()
        };
        assert_eq!((sum(1), sum(2)), (ROWS, ROWS * (ROWS + 1) / 2));
    }
}
