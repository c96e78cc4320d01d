//! `flink-redshift check`: tries everything that a script needs, and loads nothing.

use std::fmt::Write as _;

use anyhow::Context as _;
use arrow_redshift::sink::{Check, Verdict};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{CheckArgs, Format},
    connect::Connector,
    failure::Failure,
    load_script,
    local::{connection::Connection, stand_in},
    output::{note, say},
    plan::{Plan, PlannedInsert},
    run::{self, redshift},
    script::{Problem, ScriptError},
};

/// Checks a script's tables of Redshift, one after the other.
pub async fn check(args: &CheckArgs, stop: &CancellationToken) -> Result<(), Failure> {
    let mut tables = Vec::new();
    let result = tried(args, stop, &mut tables).await;
    // Checks that failed are told already, each by itself.
    if args.format == Format::Json
        && let Err(failure) = &result
        && !matches!(failure, Failure::Check(_))
    {
        tell(&json!({
            "script": args.script.display().to_string(),
            "status": "failed",
            "tables": tables,
            "error": failure.json(),
        }))?;
    }
    result
}

/// Checks them; `told` is what is known of each table so far, as JSON.
async fn tried(
    args: &CheckArgs,
    stop: &CancellationToken,
    told: &mut Vec<Value>,
) -> Result<(), Failure> {
    let (script, mut plan) = load_script(&args.script, args.local.is_some()).await?;
    if stand_in::tables(&plan).next().is_none() {
        let why = "the script loads no table of Redshift: there is nothing to check";
        return Err(Failure::Script(ScriptError::new(script, vec![Problem::new(1, why)])));
    }
    let of_a_table =
        |warning: &&String| stand_in::tables(&plan).any(|table| table.warnings.contains(*warning));
    for warning in plan.warnings.iter().filter(|it| args.print_policy || !of_a_table(it)) {
        note(&format!("warning: {warning}"));
    }
    if args.print_policy {
        return print_policies(&script, &plan, args.format);
    }
    if let Some(file) = &args.local {
        Connection::read(file).await?.redirect(&mut plan);
    }
    let (mut failed, mut total) = (0, 0);
    let launch = redshift::fresh_launch();
    for (index, insert) in distinct(&plan) {
        let Connector::Redshift(table) = &insert.sink else { continue };
        let place = run::identity(&plan, index, table, &launch);
        let checks = tokio::select! {
            biased;
            () = stop.cancelled() => {
                let left = "what was not checked is not known to work";
                return Err(Failure::Interrupted(left.into()));
            }
            checks = table.check(&insert.columns, place) => {
                checks.map_err(|error| Failure::Load { place: run::place(insert), error })?
            }
        };
        let checked = Checked { insert, checks };
        if args.format == Format::Text {
            say(&checked.text()).context("cannot write to standard output")?;
        }
        failed += checked.failed();
        total += checked.checks.len();
        told.push(checked.json());
    }
    let summary = match failed {
        0 => format!("{total} checks, and nothing that would make a load fail"),
        _ => format!("{failed} of {total} checks failed"),
    };
    match args.format {
        Format::Text => say(&summary).context("cannot write to standard output")?,
        Format::Json => tell(&json!({
            "script": script,
            "status": if failed == 0 { "passed" } else { "failed" },
            "tables": told,
            "error": Value::Null,
        }))?,
    }
    if failed == 0 { Ok(()) } else { Err(Failure::Check(summary)) }
}

/// The INSERTs into tables of Redshift; of several that write the same columns of one table the
/// first.
fn distinct(plan: &Plan) -> Vec<(usize, &PlannedInsert)> {
    let mut kept: Vec<(usize, &PlannedInsert)> = Vec::new();
    for (index, insert) in plan.inserts.iter().enumerate() {
        let known =
            |other: &PlannedInsert| other.table == insert.table && other.columns == insert.columns;
        let is_redshift = matches!(insert.sink, Connector::Redshift(_));
        if is_redshift && !kept.iter().any(|(_, other)| known(other)) {
            kept.push((index, insert));
        }
    }
    kept
}

struct Checked<'a> {
    insert: &'a PlannedInsert,
    checks: Vec<Check>,
}

impl Checked<'_> {
    fn failed(&self) -> usize {
        self.checks.iter().filter(|check| check.verdict == Verdict::Failed).count()
    }

    fn json(&self) -> Value {
        json!({"line": self.insert.line, "table": self.insert.table, "checks": self.checks})
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", run::place(self.insert));
        for check in &self.checks {
            let word = match check.verdict {
                Verdict::Passed => "ok",
                Verdict::Warning => "warn",
                Verdict::Failed => "FAIL",
                Verdict::Skipped => "skip",
            };
            // Writing to a String cannot fail.
            let found = check.found.replace('\n', "\n                      ");
            let _ = writeln!(text, "  {word:<5} {:<13} {found}", check.name);
            if let Some(advice) = &check.advice {
                let _ = writeln!(text, "                      what to do: {advice}");
            }
        }
        text
    }
}

fn print_policies(script: &str, plan: &Plan, format: Format) -> Result<(), Failure> {
    let policies = redshift::policies(stand_in::tables(plan));
    if policies.is_empty() {
        note("the script stages nothing on S3: it needs no policy");
    }
    match format {
        Format::Json => tell(&json!({"script": script, "policies": policies})),
        Format::Text => {
            let mut text = String::new();
            for needed in policies {
                let policy = serde_json::to_string_pretty(&needed.policy).unwrap_or_default();
                let _ = writeln!(text, "-- {}: {}\n{policy}\n", needed.who, needed.purpose);
            }
            say(text.trim_end()).context("cannot write to standard output")?;
            Ok(())
        }
    }
}

fn tell(value: &Value) -> Result<(), Failure> {
    say(&value.to_string()).context("cannot write to standard output")?;
    Ok(())
}
