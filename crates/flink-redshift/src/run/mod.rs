//! A checked plan runs: every sink is prepared before the first row, then the INSERTs run one after
//! another.

mod insert;
mod progress;
pub mod redshift;
mod report;

use std::time::Instant;

use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    connect::Connector,
    failure::Failure,
    plan::{Plan, PlannedInsert},
};
use insert::Running;
use progress::Display;
use redshift::{LoadTarget, RedshiftTable};
pub use report::Report;

/// How a plan is run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The script's name, as the user gave it.
    pub script: String,
    /// Whether to show how far it is, where there is a terminal.
    pub progress: bool,
}

/// Runs a plan. The report tells what was done, also where it failed.
pub async fn run(
    plan: &Plan,
    options: &RunOptions,
    stop: &CancellationToken,
) -> (Report, Result<(), Failure>) {
    let started = Instant::now();
    let job = plan.settings.pipeline_name.clone().unwrap_or_else(|| job_name(&options.script));
    let mut report = Report::new(&options.script, &job, &plan.inserts);
    let result = run_all(plan, &job, options, stop, &mut report).await;
    report.took = started.elapsed();
    (report, result)
}

async fn run_all(
    plan: &Plan,
    job: &str,
    options: &RunOptions,
    stop: &CancellationToken,
    report: &mut Report,
) -> Result<(), Failure> {
    let display = Display::new(options.progress);
    let sinks = prepare(plan, job, &display, stop).await?;
    let count = plan.inserts.len();
    for (index, (insert, sink)) in plan.inserts.iter().zip(sinks).enumerate() {
        if stop.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        info!(table = insert.table, line = insert.line, "INSERT {} of {count} starts", index + 1);
        let running = Running { session: &plan.session, insert, stop };
        let shown = display.insert(index + 1, count, &insert.table);
        let done = running.run(sink, &shown).await;
        shown.end();
        report.inserts[index].record(&done);
        done.result.map_err(|failure| match failure {
            Failure::Load { error, .. } if stop.is_cancelled() && interrupted(&error) => {
                Failure::Interrupted
            }
            other => other,
        })?;
    }
    Ok(())
}

fn interrupted(error: &arrow_redshift::Error) -> bool {
    error.kind() == arrow_redshift::ErrorKind::Interrupted
}

/// Checks every target of Redshift before the first row; `None` for other sinks.
async fn prepare(
    plan: &Plan,
    job: &str,
    display: &Display,
    stop: &CancellationToken,
) -> Result<Vec<Option<LoadTarget>>, Failure> {
    let launch = redshift::fresh_launch();
    let mut sinks = Vec::with_capacity(plan.inserts.len());
    for (index, insert) in plan.inserts.iter().enumerate() {
        let Connector::Redshift(table) = &insert.sink else {
            sinks.push(None);
            continue;
        };
        display.note(&format!("checking {}", insert.table));
        let name = format!("{}:{}", index + 1, insert.table);
        let target = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Failure::Interrupted),
            target = open(table, insert, &launch, name, job) => target,
        };
        sinks.push(Some(target.map_err(|error| Failure::Load { place: place(insert), error })?));
    }
    Ok(sinks)
}

async fn open(
    table: &RedshiftTable,
    insert: &PlannedInsert,
    launch: &redshift::LaunchId,
    name: String,
    job: &str,
) -> arrow_redshift::Result<LoadTarget> {
    table.prepare(&insert.columns, launch, name, job).await
}

/// Where an INSERT stands, for messages.
fn place(insert: &PlannedInsert) -> String {
    format!("INSERT INTO {} (line {})", insert.table, insert.line)
}

/// The job's name where the script gives none: its file's.
fn job_name(script: &str) -> String {
    let stem = std::path::Path::new(script).file_stem();
    stem.map_or_else(|| "script".into(), |stem| stem.to_string_lossy().into_owned())
}
