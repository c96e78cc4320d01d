//! The command `flink-redshift`: Flink SQL scripts that load Amazon Redshift, on embedded
//! DataFusion.

mod check;
mod clean;
mod cli;
mod connect;
mod explain;
mod failure;
mod interrupt;
mod local;
mod log;
mod output;
mod plan;
mod run;
mod script;
mod value;

use std::{path::Path, process::ExitCode};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};
use redshift_local::RedshiftLocal;
use tokio_util::sync::CancellationToken;

use cli::{Cli, Command, Format, RunArgs};
use failure::Failure;
use local::{
    connection::Connection,
    stand_in::{self, Place},
};
use output::{note, say};
use plan::Plan;
use run::{Report, RunOptions};
use script::ScriptError;

/// Plans are trees that the engine walks by recursion.
const STACK: usize = 32 * 1024 * 1024;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log::start();
    // Another part of the program may have chosen it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = std::thread::scope(|scope| {
        // The main thread has the system's stack, this one has ours.
        let main = std::thread::Builder::new().stack_size(STACK);
        match main.spawn_scoped(scope, || block_on(cli)).map(|thread| thread.join()) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Failure::Machine(anyhow::anyhow!("the command ended by a panic"))),
            Err(error) => Err(Failure::Machine(error.into())),
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The checks have told it themselves.
        Err(failure @ Failure::Check(_)) => ExitCode::from(failure.exit_code()),
        Err(failure) => {
            note(&format!("error: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}

fn block_on(cli: Cli) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build();
    runtime.context("cannot start the runtime")?.block_on(execute(cli))
}

async fn execute(cli: Cli) -> Result<(), Failure> {
    let watch = interrupt::watch().context("cannot watch for signals")?;
    match cli.command {
        Command::Options => {
            say(&arrow_redshift::options::help()).context("cannot write to standard output")?;
            Ok(())
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "flink-redshift", &mut script);
            let script = String::from_utf8_lossy(&script);
            say(script.trim_end()).context("cannot write to standard output")?;
            Ok(())
        }
        Command::Explain(args) => explain::explain(&args).await,
        Command::Check(args) => check::check(&args, &watch.stop).await,
        Command::Clean(args) => clean::clean(&args, &watch.stop).await,
        Command::Local(args) => local::serve::serve(&args, &watch.stop).await,
        Command::Run(args) => run_script(&args, &watch.stop).await,
    }
}

/// Reads and plans a script; gives its name too.
pub async fn load_script(file: &Path, local: bool) -> Result<(String, Plan), Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| {
        let problem = script::Problem::new(1, format!("cannot read the script: {error}"));
        Failure::Script(ScriptError::new(&*name, vec![problem]))
    })?;
    let (statements, problems) = script::read(&text);
    let plan = plan::plan(statements, problems, local).await;
    match plan {
        Ok(plan) => Ok((name, plan)),
        Err(problems) => Err(Failure::Script(ScriptError::new(name, problems))),
    }
}

async fn run_script(args: &RunArgs, stop: &CancellationToken) -> Result<(), Failure> {
    let mut report = Report::new(&args.script.display().to_string());
    let result = run_and_report(args, stop, &mut report).await;
    tell(args, &report, result.as_ref().err());
    result
}

async fn run_and_report(
    args: &RunArgs,
    stop: &CancellationToken,
    report: &mut Report,
) -> Result<(), Failure> {
    let (script, mut plan) = load_script(&args.script, args.local.is_some()).await?;
    for warning in &plan.warnings {
        note(&format!("warning: {warning}"));
    }
    let (server, created) = match &args.local {
        None => (None, Vec::new()),
        Some(Some(file)) => (None, Connection::read(file).await?.redirect(&mut plan)),
        Some(None) => start_stand_in(&script, &mut plan).await?,
    };
    if !created.is_empty() && !args.quiet {
        let tables = created.join(", ");
        note(&format!("because of --local, target tables that are missing are created: {tables}"));
    }
    let options = RunOptions { progress: !args.quiet };
    let result = run::run(&plan, &options, stop, report).await;
    if let Some(server) = server
        && let Err(error) = server.stop().await
    {
        // What was loaded was loaded; the run is not to be called a failure for this.
        note(&format!("warning: the stand-in did not stop: {error:#}"));
    }
    result
}

/// Starts a stand-in for the tables of Redshift that the script has, if it has any.
/// Names the tables that are created there where they are missing.
async fn start_stand_in(
    script: &str,
    plan: &mut Plan,
) -> Result<(Option<RedshiftLocal>, Vec<String>), Failure> {
    if stand_in::tables(plan).next().is_none() {
        return Ok((None, Vec::new()));
    }
    let config = stand_in::config(stand_in::tables(plan), &Place::default())
        .map_err(|problems| Failure::Script(ScriptError::new(script, problems)))?;
    let server = RedshiftLocal::start(config).await?;
    let created = stand_in::connection(&server).redirect(plan);
    Ok((Some(server), created))
}

/// Tells what was done. That it cannot be told changes nothing about what was done, nor the exit
/// code.
fn tell(args: &RunArgs, report: &Report, failure: Option<&Failure>) {
    match args.format {
        Format::Json => {
            if let Err(error) = say(&report.json(failure)) {
                let what = "cannot write the report to standard output";
                note(&format!("warning: {what}: {error}; the exit code tells how the run ended"));
            }
        }
        Format::Text if !args.quiet && !report.inserts.is_empty() => note(&report.to_string()),
        Format::Text => {}
    }
}
