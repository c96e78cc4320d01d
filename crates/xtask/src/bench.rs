//! `cargo xtask bench`: every benchmark, in release, each with its goal.

use anyhow::{Context, Result, bail};

use crate::{
    cargo::{self, cargo},
    controlled::{self, Controlled},
    needs::{self, Need},
    shell,
};

/// A benchmark: its name, and what runs it.
type Bench = (&'static str, fn() -> Result<()>);

const BENCHES: &[Bench] = &[("stage", stage), ("s3", s3), ("load", load)];

/// The bucket that the load benchmark stages in.
const BUCKET: &str = "bench";

/// The volumes whose peak memory is compared, in rows.
const FEW: &str = "1000000";
const MANY: &str = "20000000";

/// The most memory that a load may take, in MiB, and the most by which the larger may differ.
const MEMORY_LIMIT: u64 = 400;
const MEMORY_SPREAD: f64 = 0.10;

/// Runs the named benchmark, or all.
pub fn run(options: &[String]) -> Result<()> {
    let (names, install) = parse(options)?;
    needs::provide(&[Need::CCompiler, Need::PostgresServer], install)?;
    for (name, bench) in BENCHES {
        if names.is_empty() || names.contains(name) {
            println!("\n== {name}");
            bench()?;
        }
    }
    Ok(())
}

fn parse(options: &[String]) -> Result<(Vec<&str>, bool)> {
    let install = options.iter().any(|option| option == "--install");
    let names: Vec<&str> =
        options.iter().map(String::as_str).filter(|option| *option != "--install").collect();
    let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
    if let Some(other) = names.iter().find(|name| !known.contains(name)) {
        bail!("there is no benchmark `{other}`; there are: {}", known.join(", "));
    }
    Ok((names, install))
}

/// Encoding and staging against a bare Parquet writer; it knows its goal and prints it.
fn stage() -> Result<()> {
    shell::run(&mut example("arrow-redshift", "stage_bench"))
}

/// The stand-in's S3 side on loopback: 400 MB/s both ways is the goal.
fn s3() -> Result<()> {
    shell::run(&mut example("redshift-local", "s3_throughput"))
}

/// Whole loads of two volumes, whose peak memory has to be the same; and the statements of a commit,
/// whose number has to be the same for any number of parts.
fn load() -> Result<()> {
    let arguments = ["--release", "--package", "redshift-local", "--example", controlled::PROGRAM];
    let program = cargo::build_program(&arguments, controlled::PROGRAM)?;
    let stand_in = Controlled::start(&program, BUCKET)?;
    let peak = |rows: &str| -> Result<u64> {
        let mut command = example("arrow-redshift", "load");
        let (lines, succeeded) = shell::tee(command.arg("--").arg(stand_in.file()).arg(rows))?;
        if !succeeded {
            bail!("the load of {rows} rows failed");
        }
        peak_memory(&lines).context("the load printed no peak memory")
    };
    let (few, many) = (peak(FEW)?, peak(MANY)?);
    stand_in.stop()?;
    println!("\n{}", verdict(few, many));
    let arguments = ["test", "--locked", "--release", "--package", "arrow-redshift"];
    let test = ["--test", "statements", "a_commit_sends_the_same_statements"];
    shell::run(cargo(&arguments).args(test))
}

fn example(package: &str, name: &str) -> std::process::Command {
    cargo(&["run", "--locked", "--release", "--package", package, "--example", name])
}

/// Reads 123 out of a line that ends in `peak memory 123 MiB`.
fn peak_memory(lines: &[String]) -> Option<u64> {
    let line = lines.iter().rev().find(|line| line.contains("peak memory "))?;
    let (_, figure) = line.rsplit_once("peak memory ")?;
    figure.split_whitespace().next()?.parse().ok()
}

fn verdict(few: u64, many: u64) -> String {
    let spread = (many as f64 - few as f64).abs() / few.max(1) as f64;
    let met = many < MEMORY_LIMIT && few < MEMORY_LIMIT && spread <= MEMORY_SPREAD;
    format!(
        "peak memory: {few} MiB for {FEW} rows, {many} MiB for {MANY} rows, {:.0} % apart; \
         goal under {MEMORY_LIMIT} MiB and within {:.0} %: {}",
        spread * 100.0,
        MEMORY_SPREAD * 100.0,
        if met { "met" } else { "MISSED" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn names_are_read_and_unknown_ones_refused() {
        assert_eq!(parse(&strings(&["s3", "--install"])).unwrap(), (vec!["s3"], true));
        assert_eq!(parse(&[]).unwrap(), (vec![], false));
        assert!(parse(&strings(&["s4"])).is_err());
        assert!(parse(&strings(&["--release"])).is_err());
    }

    #[test]
    fn the_peak_is_read_from_the_last_line_that_has_one() {
        let line =
            "1000000 rows, 2 parts, 9.9 MB staged, 1.0 s, 1000000 rows/s, peak memory 87 MiB";
        assert_eq!(peak_memory(&strings(&[line, ""])), Some(87));
        assert_eq!(peak_memory(&strings(&["nothing"])), None);
    }

    #[test]
    fn the_goal_is_missed_by_volume_and_by_spread() {
        assert!(verdict(100, 105).ends_with(": met"));
        assert!(verdict(100, 120).ends_with("MISSED"));
        assert!(verdict(420, 421).ends_with("MISSED"));
    }
}
