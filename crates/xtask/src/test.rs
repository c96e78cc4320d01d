//! `cargo xtask test`: every test there is.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    cargo::{self, cargo},
    flink, needs, shell, tidy,
};

/// The seed of every property test in this run; the campaigns with random seeds are `soak`'s.
const SEED: &str = "20130101";

/// A step: its name, and what does it.
type Step = (&'static str, fn() -> Outcome);

/// How one step ended.
enum Outcome {
    Passed(String),
    Failed(String),
    Skipped(String),
}

/// Every step, in order: what needs a build of the workspace comes before what uses that build.
const STEPS: [Step; 7] = [
    ("format", format),
    ("tidy", tidy),
    ("lints", lints),
    ("docs", docs),
    ("tests", tests),
    ("java", java),
    ("cluster", cluster),
];

/// Runs the named steps, or every one, even after a failed one, and then says how each ended.
pub fn run(options: &[String]) -> Result<()> {
    let begun = Instant::now();
    let (steps, install) = parse(options)?;
    needs::provide(&flink::NEEDS, install)?;
    let results: Vec<(&str, Outcome, Duration)> = steps
        .into_iter()
        .map(|(name, step)| {
            let started = Instant::now();
            (name, step(), started.elapsed())
        })
        .collect();
    summarise(&results, begun.elapsed())
}

/// Reads `--install` and the names of steps.
fn parse(options: &[String]) -> Result<(Vec<Step>, bool)> {
    let install = options.iter().any(|option| option == "--install");
    let names: Vec<&String> = options.iter().filter(|option| *option != "--install").collect();
    if let Some(other) = names.iter().find(|name| STEPS.iter().all(|(step, _)| step != *name)) {
        let known: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        bail!("test has no step `{other}`; there are: {}", known.join(", "));
    }
    let chosen = |step: &Step| names.is_empty() || names.iter().any(|name| *name == step.0);
    Ok((STEPS.into_iter().filter(chosen).collect(), install))
}

fn summarise(results: &[(&str, Outcome, Duration)], total: Duration) -> Result<()> {
    println!();
    for (name, outcome, time) in results {
        let (word, detail) = match outcome {
            Outcome::Passed(detail) => ("passed", detail),
            Outcome::Failed(detail) => ("FAILED", detail),
            Outcome::Skipped(detail) => ("skipped", detail),
        };
        println!("{name:<8} {word:<8} {:>5} s  {detail}", time.as_secs());
    }
    println!("in all {} min {:02} s", total.as_secs() / 60, total.as_secs() % 60);
    let failed: Vec<&str> = results
        .iter()
        .filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)))
        .map(|(name, ..)| *name)
        .collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn format() -> Outcome {
    with_subcommand("fmt", &mut cargo(&["fmt", "--all", "--check"]))
}

fn lints() -> Outcome {
    let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    with_subcommand("clippy", &mut cargo(&arguments))
}

fn docs() -> Outcome {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    if !shell::succeeds("rustdoc", &["--version"]) {
        return Outcome::Skipped("this toolchain has no rustdoc".to_owned());
    }
    from_result(shell::run(command.env("RUSTDOCFLAGS", "-D warnings")))
}

fn tidy() -> Outcome {
    from_result(tidy::run())
}

fn with_subcommand(subcommand: &str, command: &mut Command) -> Outcome {
    if cargo::has(subcommand) {
        from_result(shell::run(command))
    } else {
        Outcome::Skipped(format!("this toolchain has no cargo {subcommand}"))
    }
}

fn from_result(result: Result<()>) -> Outcome {
    from_result_with(result.map(|()| String::new()))
}

fn from_result_with(result: Result<String>) -> Outcome {
    match result {
        Ok(detail) => Outcome::Passed(detail),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

/// Every test of the workspace. Generated files that are stale fail here too: their tests compare.
fn tests() -> Outcome {
    let mut command = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    command.env("PROPTEST_RNG_SEED", SEED);
    match shell::tee(&mut command) {
        Err(error) => Outcome::Failed(format!("{error:#}")),
        Ok((lines, succeeded)) => judge(&Totals::of(&lines), succeeded),
    }
}

/// The connector's Java side, and jobs on Flink's MiniCluster.
fn java() -> Outcome {
    from_result_with(flink::maven_tests())
}

/// Jobs on clusters of real processes.
fn cluster() -> Outcome {
    from_result_with(flink::clusters())
}

fn judge(totals: &Totals, succeeded: bool) -> Outcome {
    if totals.programs == 0 {
        return Outcome::Failed("no test program ran; cargo's messages are above".to_owned());
    }
    let detail = totals.to_string();
    if succeeded && totals.failed == 0 && totals.passed > 0 {
        Outcome::Passed(detail)
    } else {
        Outcome::Failed(detail)
    }
}

/// The sums over the closing lines of all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Test programs that ran.
    pub programs: usize,
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that were left out.
    pub ignored: usize,
}

impl Totals {
    /// Adds up lines such as `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
    pub fn of(lines: &[String]) -> Totals {
        let mut totals = Totals::default();
        for line in lines.iter().filter_map(|line| line.strip_prefix("test result: ")) {
            totals.programs += 1;
            totals.passed += number_before(line, " passed");
            totals.failed += number_before(line, " failed");
            totals.ignored += number_before(line, " ignored");
        }
        totals
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Totals { programs, passed, failed, ignored } = self;
        write!(f, "{passed} passed, {failed} failed, {ignored} ignored in {programs} programs")
    }
}

fn number_before(line: &str, word: &str) -> usize {
    let before = line.find(word).map_or("", |at| &line[..at]);
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn closing_lines_are_added_up() {
        let totals = Totals::of(&lines(
            "test a ... ok\n\
             test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
             test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9s",
        ));
        assert_eq!(totals, Totals { programs: 2, passed: 15, failed: 2, ignored: 1 });
    }

    #[test]
    fn a_run_without_tests_or_with_a_failure_fails() {
        let one = Totals { programs: 1, passed: 1, ..Totals::default() };
        assert!(matches!(judge(&one, true), Outcome::Passed(_)));
        assert!(matches!(judge(&one, false), Outcome::Failed(_)));
        assert!(matches!(judge(&Totals::default(), true), Outcome::Failed(_)));
        let failed = Totals { failed: 1, ..one };
        assert!(matches!(judge(&failed, true), Outcome::Failed(_)));
    }

    #[test]
    fn steps_are_chosen_by_name_and_unknown_ones_refused() {
        let named = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            parse(&words).map(|(steps, install)| (steps.len(), install))
        };
        assert_eq!(named(&[]).unwrap(), (STEPS.len(), false));
        assert_eq!(named(&["--install", "java", "tests"]).unwrap(), (2, true));
        assert!(named(&["jav"]).is_err());
    }

    #[test]
    fn one_failed_step_fails_the_task() {
        let time = Duration::ZERO;
        let passed = || ("a", Outcome::Passed(String::new()), time);
        assert!(summarise(&[passed(), ("b", Outcome::Skipped(String::new()), time)], time).is_ok());
        assert!(summarise(&[passed(), ("b", Outcome::Failed(String::new()), time)], time).is_err());
    }
}
