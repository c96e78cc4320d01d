//! The project's own tasks: `cargo xtask <task>`.
//!
//! Arguments are matched by hand: an argument parser would be half of what a newcomer's first command
//! has to build.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tasks talk to a person at a terminal"
)]

mod bench;
mod cargo;
mod codegen;
mod controlled;
mod flink;
mod install;
mod jar;
mod maven;
mod needs;
mod notices;
mod quickstart;
mod relay;
mod repo;
mod shell;
mod soak;
mod stand_in;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
Usage: cargo xtask <task> [options]

Tasks:
  quickstart [--install]   build the command and load five real tables into a local stand-in
  flink [script.sql] [--keep] [--install]
                           the same, or a script of yours, on a local Flink cluster with the jar
  test [step…] [--install] every test there is, or the named steps: format, tidy, lints, docs, tests
                           (Rust), java (with jobs on Flink's MiniCluster), cluster (real processes)
  soak [--seed N] [--rounds N] [--install]
                           the long crash and fault campaigns, with a random seed unless one is given
  bench [stage|s3|load|flink|jdbc] [--rounds N] [--seconds N] [--only NAME] [--install]
                           the benchmarks, in release; N rounds of N seconds of each sink on Flink,
                           or of those with NAME in their name
  jar [--release] [--install]
                           the one jar for Flink, with the native library in it
  codegen                  write the generated files anew (options, types)
  tidy                     check the tree: layers, sizes, links, invariants

What a task needs and the machine lacks (PostgreSQL's server, a C compiler, Python's venv, a JDK,
Maven) it installs with apt-get when it runs as root or with --install, and otherwise names.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((task, rest)) = arguments.split_first() else {
        bail!("no task given\n\n{USAGE}");
    };
    match task.as_str() {
        "quickstart" => quickstart::run(install_flag(rest)?),
        "test" => test::run(rest),
        "soak" => soak::run(&soak::Campaign::parse(rest)?),
        "bench" => bench::run(rest),
        "jar" => jar::run(rest),
        "flink" => flink::run(rest),
        "codegen" => no_options(rest).and_then(|()| codegen::run()),
        "tidy" => no_options(rest).and_then(|()| tidy::run()),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no task `{other}`\n\n{USAGE}"),
    }
}

/// Reads the options of a task that takes `--install` only.
fn install_flag(options: &[String]) -> Result<bool> {
    match options {
        [] => Ok(false),
        [flag] if flag == "--install" => Ok(true),
        other => bail!("unknown options: {}\n\n{USAGE}", other.join(" ")),
    }
}

fn no_options(options: &[String]) -> Result<()> {
    if options.is_empty() {
        Ok(())
    } else {
        bail!("unknown options: {}\n\n{USAGE}", options.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn install_is_the_only_option_of_a_set_up_task() {
        assert!(!install_flag(&[]).unwrap());
        assert!(install_flag(&strings(&["--install"])).unwrap());
        assert!(install_flag(&strings(&["--instal"])).is_err());
        assert!(install_flag(&strings(&["--install", "more"])).is_err());
    }

    #[test]
    fn unknown_tasks_are_named() {
        let error = run(&strings(&["quikstart"])).unwrap_err().to_string();
        assert!(error.contains("no task `quikstart`"), "{error}");
        assert!(run(&[]).is_err());
    }
}
