//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Run a local stand-in for Redshift and S3 until Ctrl-C
    Local(LocalArgs),
    /// Print the options of a table with 'connector' = 'redshift'
    Options,
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
    /// Keep databases and objects in this directory, which is new, empty or a stand-in's own
    /// [default: a temporary one]. Users, buckets and roles are not kept: name the same --for
    /// SCRIPT again
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
