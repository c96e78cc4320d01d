//! The command line.

use std::{path::PathBuf, time::Duration};

use arrow_redshift::options;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::failure::EXIT_CODES;

/// Runs Flink SQL scripts that load Amazon Redshift, on one machine and without a JVM.
#[derive(Debug, Parser)]
#[command(version, after_help = exit_codes())]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a script
    #[command(after_help = exit_codes())]
    Run(RunArgs),
    /// Show what a script would do: plans, options and statements; connects to nothing
    Explain(ExplainArgs),
    /// Try everything that a script needs of Redshift and S3, and load nothing
    #[command(after_help = exit_codes())]
    Check(CheckArgs),
    /// List what runs have left on S3 and no load needs any more, or remove it
    Clean(CleanArgs),
    /// Run a local stand-in for Redshift and S3 until Ctrl-C
    Local(LocalArgs),
    /// Print the options of a table with 'connector' = 'redshift'
    Options,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// `flink-redshift run`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The script
    pub script: PathBuf,
    /// Run against a local stand-in, whatever hostname the script names: one that is started for
    /// this run, or the running one that a connection file describes. Target tables that are
    /// missing are created there
    #[arg(long, value_name = "CONNECTION_FILE", num_args = 0..=1, require_equals = true)]
    pub local: Option<Option<PathBuf>>,
    /// How to report what was done: text on standard error, or a line of JSON on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Show neither progress nor summary
    #[arg(long)]
    pub quiet: bool,
}

/// `flink-redshift explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The script
    pub script: PathBuf,
    /// How to show it: text, or a line of JSON
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `flink-redshift check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The script
    pub script: PathBuf,
    /// Check against the running local stand-in that this connection file describes
    #[arg(long, value_name = "CONNECTION_FILE")]
    pub local: Option<PathBuf>,
    /// Print the IAM policies that the script needs, for exactly its temporary paths, and connect
    /// to nothing
    #[arg(long, conflicts_with = "local")]
    pub print_policy: bool,
    /// How to report: text, or a line of JSON
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `flink-redshift clean`
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// The script, whose tables name the temporary paths
    pub script: PathBuf,
    /// How long ago the youngest file of an attempt was written, such as '14 d' or '36 h': longer
    /// than the longest run, and older than any savepoint that may be restored
    /// [default: each table's 'sink.staging.retention', and seven days at least]
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub older_than: Option<Duration>,
    /// Remove what is listed. Without it nothing is removed
    #[arg(long)]
    pub delete: bool,
    /// Look into the running local stand-in that this connection file describes
    #[arg(long, value_name = "CONNECTION_FILE")]
    pub local: Option<PathBuf>,
    /// How to report: text, or a line of JSON
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// An age as Flink writes durations; one without a unit would be milliseconds, which nobody means.
fn age(text: &str) -> Result<Duration, String> {
    const WANTED: &str = "a duration with its unit is wanted, such as '14 d' or '36 h'";
    let unit = text.trim().ends_with(|c: char| c.is_alphabetic());
    match options::duration(text).filter(|age| unit && !age.is_zero()) {
        Some(age) => Ok(age),
        None => Err(WANTED.into()),
    }
}

/// How to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// `flink-redshift local`
#[derive(Debug, Args)]
pub struct LocalArgs {
    /// Port of the Redshift side [default: a free one]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub port: u16,
    /// Port of the S3 side [default: a free one]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub s3_port: u16,
    /// Keep databases, objects, users, buckets and roles in this directory, which is new, empty or
    /// a stand-in's own [default: a temporary one, which goes with the stand-in]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Have the users, databases, buckets and roles that this script names
    #[arg(long = "for", value_name = "SCRIPT")]
    pub script: Option<PathBuf>,
    /// Write how to connect into this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub connection_file: Option<PathBuf>,
}

fn exit_codes() -> String {
    let codes = EXIT_CODES.iter().map(|(code, meaning)| format!("  {code:>3}  {meaning}"));
    format!("Exit codes:\n{}", codes.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn ages_have_units() {
        assert_eq!(age("36 h"), Ok(Duration::from_secs(36 * 3600)));
        assert_eq!(age("14d"), Ok(Duration::from_secs(14 * 86_400)));
        for text in ["7", "0 d", "d", "-1 d", "1 fortnight", ""] {
            assert!(age(text).is_err(), "{text}");
        }
    }

    #[test]
    fn local_takes_a_file_only_behind_an_equals_sign() {
        let run = |args: &[&str]| match Cli::try_parse_from(args).unwrap().command {
            Command::Run(run) => (run.script, run.local),
            other => panic!("{other:?}"),
        };
        let script = PathBuf::from("a.sql");
        assert_eq!(run(&["f", "run", "a.sql"]), (script.clone(), None));
        assert_eq!(run(&["f", "run", "--local", "a.sql"]), (script.clone(), Some(None)));
        assert_eq!(
            run(&["f", "run", "a.sql", "--local=c.json"]),
            (script, Some(Some("c.json".into())))
        );
    }
}
