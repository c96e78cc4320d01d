//! Jobs whose processes are killed while they load: afterwards the tables are exact.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Child,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    random::Random,
    rest::Job,
    seen::Seen,
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
/// How slow the warehouse of every second job is, in milliseconds: then much of the time something is
/// being committed, and many kills come in the middle of it.
const SLOW: [(&str, u64); 3] = [("statement", 20), ("commit", 200), ("copy", 200)];
/// How long a job may take, the restarts included.
const LIMIT: Duration = Duration::from_secs(240);
/// How often a job is looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// What makes a cluster notice a dead process soon.
pub const SETTINGS: [(&str, &str); 6] = [
    // Both TaskManagers have a part of the job.
    ("cluster.evenly-spread-out-slots", "true"),
    ("heartbeat.interval", "500 ms"),
    ("heartbeat.timeout", "5 s"),
    // While there are no slots, tries that fail for it fill a short history.
    ("web.exception-history-size", "100"),
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
/// its tables with what they must hold; in staging nothing may be left but parts that a savepoint could
/// name, if there had been one. Says what was seen.
pub fn run(
    cluster: &mut Cluster,
    run: &Run<'_>,
    stand_in: &mut Controlled,
    seed: u64,
    victim: Victim,
) -> Result<Seen> {
    let name = format!("killed_{seed:x}");
    let file = run.directory.join(format!("{name}.sql"));
    fs::write(&file, script(&name)).with_context(|| format!("cannot write {}", file.display()))?;
    let mut random = Random::seeded(seed);
    let latency = match random.between(0, 2) {
        0 => BTreeMap::new(),
        _ => BTreeMap::from(SLOW),
    };
    let pace = if latency.is_empty() { "fast" } else { "slow" };
    println!(
        "\n-- seed {seed}: {ROWS} rows into a {pace} warehouse, {KILLS} times a {victim:?} is killed"
    );
    stand_in.tell(&json!({"latency": latency}))?;
    let before = objects(stand_in)?;
    let begun = Instant::now();
    let mut client = start(cluster, run, stand_in, &file)?;
    let mut killing = Killing { cluster, stand_in, random, victim, seen: Seen::default(), begun };
    let outcome = killing.until_the_end(&name, &mut client);
    let mut seen = killing.seen;
    if outcome.is_err() {
        // It waits for a job that nobody waits for any more.
        client.kill().context("cannot end the client")?;
    }
    client.wait().context("waiting for the client")?;
    outcome.with_context(|| format!("seed {seed}"))?;
    let wrong = compare(stand_in, &name)?;
    ensure!(wrong.is_empty(), "seed {seed}: {}", wrong.join("; "));
    seen.commits = commits(stand_in, &name)?;
    let left = objects(stand_in)?.into_iter().filter(|key| !before.contains(key));
    let (spared, left): (Vec<String>, Vec<String>) = left.partition(|key| is_part(key));
    ensure!(left.is_empty(), "seed {seed}: left in staging are {}", left.join(", "));
    println!(
        "-- seed {seed}: exact after {} s, and left in staging are {} parts; {seen}",
        begun.elapsed().as_secs(),
        spared.len()
    );
    Ok(seen)
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

/// A job, and what is done to it.
struct Killing<'a> {
    cluster: &'a mut Cluster,
    stand_in: &'a mut Controlled,
    random: Random,
    victim: Victim,
    seen: Seen,
    begun: Instant,
}

impl Killing<'_> {
    /// Kills until all kills are done, then waits for the job's end.
    fn until_the_end(&mut self, name: &str, client: &mut Child) -> Result<()> {
        let job = wait_for_start(self.cluster, name, client)?;
        for number in 0..KILLS {
            // A process may die while the job comes back from an earlier death, or after that.
            if number > 0 && self.random.between(0, 2) == 1 {
                self.wait_until_it_runs_anew(&job)?;
            }
            std::thread::sleep(Duration::from_millis(self.random.between(500, 4_500)));
            self.kill(&job)?;
        }
        while self.state(&job)? != "FINISHED" {
            std::thread::sleep(PAUSE);
        }
        self.seen.restarts = begun_anew(self.cluster, &job.id, self.victim)?;
        self.seen.checkpoints = self.cluster.rest().checkpoints(&job.id)?;
        let seen = self.seen;
        ensure!(seen.restarts > 0, "no {:?} that was killed made the job begin anew", self.victim);
        ensure!(seen.in_flight > 0, "no {:?} was killed while all of the job ran", self.victim);
        Ok(())
    }

    fn kill(&mut self, job: &Job) -> Result<()> {
        ensure!(self.state(job)? != "FINISHED", "the job was over before all kills were done");
        let answer = self.stand_in.tell(&json!({"sessions": true}))?;
        let sessions = answer["sessions"].as_array().context("the answer lists no sessions")?;
        let in_transaction = sessions.iter().any(|session| session["in_block"] == true);
        let running = self.runs(job);
        let on_it = match self.victim {
            Victim::TaskManager => self.kill_task_manager()?,
            Victim::JobManager => self.cluster.replace_job_manager().map(|()| true)?,
        };
        self.seen.killed(self.victim, running && on_it, in_transaction);
        Ok(())
    }

    /// Kills one of the TaskManagers that run a part of the job; any, while the job is about to begin
    /// anew. Says whether it ran a part.
    fn kill_task_manager(&mut self) -> Result<bool> {
        let names = self.cluster.task_managers().into_iter().map(|(name, _)| name);
        let busy = self.cluster.rest().busy_task_managers()?;
        let (with_job, without): (Vec<_>, Vec<_>) = names.partition(|name| busy.contains(name));
        let on_it = !with_job.is_empty();
        let choice = if on_it { with_job } else { without };
        let index = self.random.between(0, choice.len() as u64) as usize;
        let name = choice.get(index).context("there is no TaskManager to kill")?;
        self.cluster.kill_task_manager(name)?;
        self.cluster.start_task_manager()?;
        Ok(on_it)
    }

    fn wait_until_it_runs_anew(&self, job: &Job) -> Result<()> {
        // Until a death is noticed, all looks as before it: it counts once it is in the history.
        let anew = || begun_anew(self.cluster, &job.id, self.victim).is_ok_and(|count| count > 0);
        while !(anew() && self.runs(job)) {
            ensure!(self.state(job)? != "FINISHED", "the job was over before all kills were done");
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Whether all of the job runs. While a JobManager is away nobody says so.
    fn runs(&self, job: &Job) -> bool {
        self.cluster.rest().is_running(&job.id).unwrap_or(false)
    }

    /// The job's state, or nothing while a JobManager is away. An error when it has failed, or when it
    /// has had its time.
    fn state(&self, job: &Job) -> Result<String> {
        let state = state(self.cluster, &job.id).unwrap_or_default();
        if matches!(state.as_str(), "FAILED" | "CANCELED" | "SUSPENDED") {
            bail!("the job is {state}: {}", self.cluster.rest().failure(&job.id)?);
        }
        let limit = LIMIT.as_secs();
        ensure!(self.begun.elapsed() < LIMIT, "the job is still '{state}' after {limit} s");
        Ok(state)
    }
}

/// How often a job began anew. A new JobManager knows nothing of earlier ones, but that it restored.
fn begun_anew(cluster: &Cluster, id: &str, victim: Victim) -> Result<u64> {
    match victim {
        Victim::TaskManager => cluster.rest().restarts(id),
        Victim::JobManager => cluster.rest().restored(id),
    }
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

/// How many rows the ledgers of both tables have. Each is one commit, and those of the table that only
/// grows loaded what it holds.
fn commits(stand_in: &mut Controlled, name: &str) -> Result<u64> {
    let mut commits = 0;
    for table in ["appended", "counted"] {
        let query = format!(
            "SELECT count(*), count(DISTINCT id), sum(rows_staged) FROM {name}_{table}__flink_commits"
        );
        let rows = stand_in.rows(&query)?;
        let number = |at: usize| -> Result<u64> {
            let text = rows.first().and_then(|row| row.get(at)?.clone());
            let text = text.with_context(|| format!("`{query}` gave no figure"))?;
            text.parse().with_context(|| format!("`{text}` is no count"))
        };
        let (count, ids, staged) = (number(0)?, number(1)?, number(2)?);
        ensure!(count == ids, "{name}_{table}: {count} rows of the ledger have {ids} ids");
        ensure!(
            table != "appended" || staged == ROWS,
            "{name}_{table}: the ledger counts {staged} rows, {ROWS} are right"
        );
        commits += count;
    }
    Ok(commits)
}

/// The keys of all objects on the stand-in's S3.
fn objects(stand_in: &mut Controlled) -> Result<Vec<String>> {
    let answer = stand_in.tell(&json!({"objects": ""}))?;
    let objects = answer["objects"].as_array().context("the answer lists no objects")?;
    let key = |object: &Value| object[0].as_str().map(str::to_owned);
    objects.iter().map(|object| key(object).context("an object without a key")).collect()
}

/// Whether an object is a part, by its name.
fn is_part(key: &str) -> bool {
    key.rsplit('/').next().is_some_and(|name| name.starts_with("part-"))
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
