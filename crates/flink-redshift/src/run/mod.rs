//! A checked plan runs: every sink is prepared before the first row, then the INSERTs run one after
//! another.

mod insert;
mod not_null;
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
use redshift::{LaunchId, LoadTarget, RedshiftTable};
pub use report::Report;

/// How much of a job's name is used: with the fingerprint it fits into the ledger's column.
const JOB_NAME_BYTES: usize = 200;

/// The exit code of what is wrong with one table and its declaration.
const MISFIT: u8 = 2;

/// How a plan is run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Whether to show how far it is, where there is a terminal.
    pub progress: bool,
}

/// Runs a plan. The report tells what was done, also where it failed.
pub async fn run(
    plan: &Plan,
    options: &RunOptions,
    stop: &CancellationToken,
    report: &mut Report,
) -> Result<(), Failure> {
    let started = Instant::now();
    let name = plan.settings.pipeline_name.as_deref();
    report.plan(name, &plan.inserts);
    let result = run_all(plan, options, stop, report).await;
    report.took = started.elapsed();
    result
}

async fn run_all(
    plan: &Plan,
    options: &RunOptions,
    stop: &CancellationToken,
    report: &mut Report,
) -> Result<(), Failure> {
    let display = Display::new(options.progress);
    let sinks = prepare(plan, &display, stop, report).await?;
    let count = plan.inserts.len();
    for (index, (insert, sink)) in plan.inserts.iter().zip(sinks).enumerate() {
        if stop.is_cancelled() {
            return Err(Failure::Interrupted(before(insert)));
        }
        info!(table = insert.table, line = insert.line, "INSERT {} of {count} starts", index + 1);
        let running = Running { session: &plan.session, insert, stop };
        let shown = display.insert(index + 1, count, &insert.table);
        let done = running.run(sink, &shown).await;
        shown.end();
        report.inserts[index].record(&done);
        done.result?;
    }
    Ok(())
}

/// Checks every target of Redshift before the first row; `None` for other sinks. One that does not
/// fit hides no other one; what would be the same for all of them (a login, a network) is not tried
/// again, since accounts lock.
async fn prepare(
    plan: &Plan,
    display: &Display,
    stop: &CancellationToken,
    report: &mut Report,
) -> Result<Vec<Option<LoadTarget>>, Failure> {
    let launch = redshift::fresh_launch();
    let mut sinks = Vec::with_capacity(plan.inserts.len());
    let mut refused = Vec::new();
    for (index, insert) in plan.inserts.iter().enumerate() {
        let Connector::Redshift(table) = &insert.sink else {
            sinks.push(None);
            continue;
        };
        display.note(&format!("checking {}", insert.table));
        let identity = identity(plan, index, table, &launch);
        let target = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Failure::Interrupted(before(insert))),
            target = table.prepare(&insert.columns, identity) => {
                target.map_err(|error| Failure::Load { place: place(insert), error })
            }
        };
        match target {
            Ok(target) => sinks.push(Some(target)),
            Err(failure) => {
                report.inserts[index].refuse(&failure);
                let of_this_one = failure.exit_code() == MISFIT;
                refused.push(failure);
                if !of_this_one {
                    break;
                }
            }
        }
    }
    match refused.len() {
        0 => Ok(sinks),
        1 => Err(refused.remove(0)),
        _ => Err(Failure::Targets(refused)),
    }
}

/// Which load of a run an INSERT is; two into one table differ by their number.
pub fn identity(
    plan: &Plan,
    index: usize,
    table: &RedshiftTable,
    launch: &LaunchId,
) -> redshift::Place {
    let insert = &plan.inserts[index];
    redshift::Place {
        launch: launch.clone(),
        overwrite: insert.overwrite,
        sink: format!("{}:{}", index + 1, insert.table),
        job: job(plan.settings.pipeline_name.as_deref(), table, insert),
    }
}

/// The job's name, which is compared where a run has a name of its own: what loads a table, and a
/// fingerprint of what it loads, so that other rows are not taken for those that are there.
fn job(pipeline: Option<&str>, table: &RedshiftTable, insert: &PlannedInsert) -> String {
    let name = pipeline.map_or_else(|| table.config.table.table.clone(), str::to_owned);
    let end = name.floor_char_boundary(JOB_NAME_BYTES);
    format!("{} [{}]", &name[..end], insert.fingerprint)
}

/// What an interrupt leaves that comes before an INSERT's first row.
fn before(insert: &PlannedInsert) -> String {
    format!("{} has not run; run the script again", place(insert))
}

/// Where an INSERT stands, for messages.
pub fn place(insert: &PlannedInsert) -> String {
    let verb = if insert.overwrite { "OVERWRITE" } else { "INTO" };
    format!("INSERT {verb} {} (line {})", insert.table, insert.line)
}
