//! Calls of Maven, for the Java side.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    needs, repo,
    shell::{self},
};

/// The directory of the Java side.
pub fn directory() -> PathBuf {
    repo::root().join("java")
}

/// A Maven command in the Java side's directory, on a JDK that fits, without the download lines.
pub fn maven(arguments: &[&str]) -> Result<Command> {
    let program = shell::on_path("mvn").context("mvn has gone")?;
    let mut command = Command::new(program);
    command.args(["--batch-mode", "--no-transfer-progress"]).args(arguments);
    command.current_dir(directory()).env("JAVA_HOME", java_home()?);
    Ok(command)
}

/// The home of the JDK.
pub fn java_home() -> Result<PathBuf> {
    needs::java_home().context("the JDK has gone")
}

/// A system property for Maven and what it starts.
pub fn property(name: &str, value: &Path) -> String {
    format!("-D{name}={}", value.display())
}

/// The project's version, which Java's modules bear too.
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Runs Maven and adds up its tests; it fails when Maven does or when no test ran.
pub fn test(command: &mut Command) -> Result<Totals> {
    let (lines, succeeded) = shell::tee(command)?;
    let totals = Totals::of(&lines);
    if !succeeded {
        bail!("Maven failed; {totals}");
    }
    if totals.run == 0 {
        bail!("Maven ran no test");
    }
    Ok(totals)
}

/// The sums over the closing lines of all test runs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Tests that ran, the failed and the skipped included, as Surefire counts them.
    pub run: usize,
    /// Tests that failed an assertion or threw.
    pub failed: usize,
    /// Tests that were left out.
    pub skipped: usize,
}

impl Totals {
    /// Adds up lines such as `[INFO] Tests run: 12, Failures: 0, Errors: 0, Skipped: 1`. The line of a
    /// single class, which goes on with its time, is not counted.
    pub fn of(lines: &[String]) -> Totals {
        let mut totals = Totals::default();
        for line in lines.iter().filter(|line| !line.contains("Time elapsed")) {
            let Some((_, counts)) = line.split_once("Tests run: ") else { continue };
            totals.run += leading_number(counts);
            totals.failed += number_after(counts, "Failures: ") + number_after(counts, "Errors: ");
            totals.skipped += number_after(counts, "Skipped: ");
        }
        totals
    }

    /// The sums of two runs.
    pub fn and(self, other: Totals) -> Totals {
        Totals {
            run: self.run + other.run,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { run, failed, skipped } = *self;
        let passed = run.saturating_sub(failed + skipped);
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

fn number_after(text: &str, word: &str) -> usize {
    text.split_once(word).map_or(0, |(_, rest)| leading_number(rest))
}

fn leading_number(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_closing_lines_are_added_up() {
        let lines: Vec<String> = [
            "[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in a.B",
            "[INFO] Tests run: 12, Failures: 0, Errors: 0, Skipped: 1",
            "[ERROR] Tests run: 5, Failures: 2, Errors: 1, Skipped: 0",
            "[INFO] BUILD FAILURE",
        ]
        .map(str::to_owned)
        .into();
        let totals = Totals::of(&lines);
        assert_eq!(totals, Totals { run: 17, failed: 3, skipped: 1 });
        assert_eq!(totals.to_string(), "13 passed, 3 failed, 1 skipped");
        assert_eq!(totals.and(Totals { run: 1, failed: 0, skipped: 1 }).skipped, 2);
    }
}
