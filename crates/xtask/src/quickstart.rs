//! `cargo xtask quickstart`: the main job on real data, from nothing to rows in tables.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{
    cargo,
    needs::{self, Need},
    repo, shell,
    stand_in::{Connection, StandIn},
};

/// The script that is run, from the repository's root.
pub const SCRIPT: &str = "examples/quickstart.sql";

/// What the stand-in is asked for afterwards: a title and a query.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "Rows in each table",
        "SELECT 'airlines' AS table_name, count(*) AS row_count FROM airlines\n\
         UNION ALL SELECT 'airports', count(*) FROM airports\n\
         UNION ALL SELECT 'flights', count(*) FROM flights\n\
         UNION ALL SELECT 'planes', count(*) FROM planes\n\
         UNION ALL SELECT 'weather', count(*) FROM weather ORDER BY 1;",
    ),
    (
        "Miles flown, and flights that never left (a sum, and NA as NULL)",
        "SELECT sum(distance) AS miles, count(*) - count(dep_time) AS never_left FROM flights;",
    ),
    (
        "The latest airlines (a join)",
        "SELECT a.name, count(*) AS flights,\n  \
         CAST(avg(f.dep_delay * 1.0) AS DECIMAL(6, 1)) AS mean_delay_minutes\n\
         FROM flights f JOIN airlines a ON a.carrier = f.carrier\n\
         GROUP BY a.name ORDER BY 3 DESC LIMIT 5;",
    ),
];

/// Builds the command, loads the example and asks for what arrived.
pub fn run(install: bool) -> Result<()> {
    let begun = Instant::now();
    needs::provide(&[Need::CCompiler, Need::PostgresServer, Need::Psql], install)?;
    // Without aws-config: the stand-in's keys come with its connection file, and AWS's credential
    // chain is a fifth of the build.
    let arguments = ["--profile", "quick", "--package", "flink-redshift", "--no-default-features"];
    let program = cargo::build_program(&arguments, "flink-redshift")?;
    println!("built in {}", seconds(begun.elapsed()));

    let loading = Instant::now();
    let stand_in = StandIn::start(&program, SCRIPT)?;
    let mut load = Command::new(&program);
    load.args(["run", SCRIPT]).arg(format!("--local={}", stand_in.file.display()));
    shell::run(load.current_dir(repo::root()))?;
    println!("loaded in {}", seconds(loading.elapsed()));

    show(&Connection::read(&stand_in.file)?)?;
    stand_in.stop()?;
    println!("\nquickstart done in {}", seconds(begun.elapsed()));
    let (program, file) = (program.display(), "stand-in.json");
    println!(
        "To look around yourself, start a stand-in that stays, and load it from another shell:"
    );
    println!("  {program} local --for {SCRIPT} --connection-file {file}");
    println!("  {program} run {SCRIPT} --local={file}");
    Ok(())
}

/// Asks a stand-in for what the script loaded.
pub fn show(connection: &Connection) -> Result<()> {
    for (title, query) in QUESTIONS {
        println!("\n-- {title}");
        ask(connection, query)?;
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
}

/// Puts one query to the stand-in with psql, over TLS that checks the stand-in's authority, and
/// prints it and the answer as psql does.
fn ask(connection: &Connection, query: &str) -> Result<()> {
    let psql = needs::psql().context("psql has gone")?;
    let mut command = Command::new(psql);
    command
        .args(["--no-psqlrc", "--set=ON_ERROR_STOP=1", "--pset=footer=off", "--command", query])
        .env("PGHOST", &connection.host)
        .env("PGPORT", connection.port.to_string())
        .env("PGUSER", &connection.user)
        .env("PGPASSWORD", &connection.password)
        .env("PGDATABASE", &connection.database)
        .env("PGSSLMODE", "verify-ca")
        .env("PGSSLROOTCERT", &connection.ca_file)
        .env_remove("PGSERVICE");
    println!("{query}\n");
    shell::run_unseen(&mut command)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_questions_name_every_table_of_the_script() {
        let script = fs::read_to_string(repo::root().join(SCRIPT)).unwrap();
        let tables = script.lines().filter_map(|line| line.strip_prefix("INSERT INTO "));
        let counts = QUESTIONS[0].1;
        let mut seen = 0;
        for table in tables.filter_map(|rest| rest.split_whitespace().next()) {
            assert!(counts.contains(&format!("FROM {table}")), "{table} is not counted");
            seen += 1;
        }
        assert_eq!(seen, 5);
    }
}
