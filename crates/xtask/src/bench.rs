//! `cargo xtask bench`: every benchmark, in release, each with its goal.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail};

use crate::{
    cargo::{self, cargo},
    controlled::{self, Controlled},
    flink::{self, bench::Effort},
    needs::{self, Need},
    shell,
};

/// A benchmark: its name, and what runs it.
type Bench = (&'static str, fn(&Options<'_>) -> Result<()>);

const BENCHES: &[Bench] =
    &[("stage", stage), ("s3", s3), ("load", load), ("flink", flink), ("jdbc", jdbc)];

/// What the task is told.
#[derive(Debug, PartialEq, Eq)]
struct Options<'a> {
    /// The benchmarks to run; none means all.
    names: Vec<&'a str>,
    install: bool,
    /// How long and how often Flink is measured.
    effort: Effort,
    /// The sinks of Flink's that are measured: those with this in their name.
    only: Option<&'a str>,
}

impl<'a> Options<'a> {
    fn parse(given: &'a [String]) -> Result<Options<'a>> {
        let effort = Effort { rounds: 1, time: Duration::from_secs(60) };
        let mut options = Options { names: Vec::new(), install: false, effort, only: None };
        let mut words = given.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "--install" => options.install = true,
                "--rounds" => options.effort.rounds = number(word, words.next())?,
                "--seconds" => {
                    let seconds = number(word, words.next())?;
                    options.effort.time = Duration::from_secs(seconds as u64);
                }
                "--only" => {
                    let part = words.next().context("--only needs a part of a sink's name")?;
                    options.only = Some(part);
                }
                name if BENCHES.iter().any(|(known, _)| *known == name) => options.names.push(name),
                other => {
                    let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
                    bail!("there is no benchmark `{other}`; there are: {}", known.join(", "));
                }
            }
        }
        Ok(options)
    }
}

fn number(option: &str, value: Option<&str>) -> Result<usize> {
    let number = value.and_then(|value| value.parse().ok()).filter(|number| *number > 0);
    number.with_context(|| format!("{option} needs a number from 1"))
}

/// The bucket that the load benchmark stages in.
const BUCKET: &str = "bench";

/// The volumes whose peak memory is compared, in rows.
const FEW: &str = "1000000";
const MANY: &str = "20000000";

/// How often both volumes are loaded; medians count, for a peak hangs on a moment's chance: a row
/// group that ends while S3 is slow.
const PAIRS: usize = 3;

/// The most memory that a load may take, in MiB, and the most by which the larger may differ.
const MEMORY_LIMIT: u64 = 400;
const MEMORY_SPREAD: f64 = 0.10;

/// Runs the named benchmark, or all.
pub fn run(given: &[String]) -> Result<()> {
    let options = Options::parse(given)?;
    needs::provide(&[Need::CCompiler, Need::PostgresServer], options.install)?;
    for (name, bench) in BENCHES {
        if options.names.is_empty() || options.names.contains(name) {
            println!("\n== {name}");
            bench(&options)?;
        }
    }
    Ok(())
}

/// This sink beside Flink's others.
fn flink(options: &Options<'_>) -> Result<()> {
    needs::provide(&flink::NEEDS, options.install)?;
    flink::bench::run(options.effort, options.only)
}

/// Jdbc mode beside Flink's JDBC connector.
fn jdbc(options: &Options<'_>) -> Result<()> {
    needs::provide(&flink::NEEDS, options.install)?;
    flink::bench::jdbc::run(options.effort)
}

/// Encoding and staging against a bare Parquet writer; it knows its goal and prints it.
fn stage(_: &Options<'_>) -> Result<()> {
    shell::run(&mut example("arrow-redshift", "stage_bench"))
}

/// The stand-in's S3 side on loopback: 400 MB/s both ways is the goal.
fn s3(_: &Options<'_>) -> Result<()> {
    shell::run(&mut example("redshift-local", "s3_throughput"))
}

/// Whole loads of two volumes, whose peak memory has to be the same; and the statements of a commit,
/// whose number has to be the same for any number of parts.
fn load(_: &Options<'_>) -> Result<()> {
    let arguments = ["--release", "--package", "redshift-local", "--example", controlled::PROGRAM];
    let program = cargo::build_program(&arguments, controlled::PROGRAM)?;
    let mut stand_in = Controlled::start(&program, BUCKET)?;
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        few.push(peak_of(FEW, &stand_in.file())?);
        many.push(peak_of(MANY, &stand_in.file())?);
        stand_in.tell(&serde_json::json!({"remove_objects": ""}))?;
    }
    stand_in.stop()?;
    println!("\n{}", verdict(median(few), median(many)));
    let arguments = ["test", "--locked", "--release", "--package", "arrow-redshift"];
    let test = ["--test", "statements", "a_commit_sends_the_same_statements"];
    shell::run(cargo(&arguments).args(test))
}

/// The peak memory of one load, in MiB.
fn peak_of(rows: &str, connection: &Path) -> Result<u64> {
    let mut command = example("arrow-redshift", "load");
    let (lines, succeeded) = shell::tee(command.arg("--").arg(connection).arg(rows))?;
    if !succeeded {
        bail!("the load of {rows} rows failed");
    }
    peak_memory(&lines).context("the load printed no peak memory")
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

fn median(mut figures: Vec<u64>) -> u64 {
    figures.sort_unstable();
    figures[figures.len() / 2]
}

fn verdict(few: u64, many: u64) -> String {
    let spread = (many as f64 - few as f64).abs() / few.max(1) as f64;
    let met = many < MEMORY_LIMIT && few < MEMORY_LIMIT && spread <= MEMORY_SPREAD;
    format!(
        "peak memory, medians of {PAIRS}: {few} MiB for {FEW} rows, {many} MiB for {MANY} rows, {:.0} % apart; \
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
        let given = strings(&["flink", "--install", "--rounds", "3", "--seconds", "5"]);
        let options = Options::parse(&given).unwrap();
        assert_eq!((options.names, options.install), (vec!["flink"], true));
        assert_eq!(options.effort, Effort { rounds: 3, time: Duration::from_secs(5) });
        assert!(Options::parse(&[]).unwrap().names.is_empty());
        for wrong in [&["s4"][..], &["--release"], &["--rounds"], &["--rounds", "0"]] {
            assert!(Options::parse(&strings(wrong)).is_err(), "{wrong:?}");
        }
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
