//! `flink-redshift explain`: what a script would do, without a connection.

use std::fmt::Write as _;

use anyhow::Context as _;
use arrow_redshift::{options::ResolvedOption, sink::Step};
use serde_json::{Value, json};

use crate::{
    cli::{ExplainArgs, Format},
    connect::Connector,
    failure::Failure,
    load_script,
    output::{note, say},
    plan::{Plan, PlannedInsert},
    run::{self, redshift},
};

/// What is said once of all statements.
const ASSUMED: &str = "Statements are those of a target that has exactly the declared columns; one \
                       that has others, or other types, may take another way. Ids, directories and \
                       numbers of rows are an example's. Secrets are shown as '…'.";

/// Explains a script: an INSERT after the other.
pub async fn explain(args: &ExplainArgs) -> Result<(), Failure> {
    let (script, plan) = load_script(&args.script, false).await?;
    for warning in &plan.warnings {
        note(&format!("warning: {warning}"));
    }
    let launch = redshift::fresh_launch();
    let mut inserts = Vec::with_capacity(plan.inserts.len());
    for (index, insert) in plan.inserts.iter().enumerate() {
        inserts.push(Explained::of(&plan, index, insert, &launch)?);
    }
    let text = match args.format {
        Format::Json => {
            let inserts: Vec<Value> = inserts.iter().map(Explained::json).collect();
            json!({"script": script, "assumed": ASSUMED, "inserts": inserts}).to_string()
        }
        Format::Text => {
            let texts: Vec<String> = inserts.iter().map(Explained::text).collect();
            format!("{}\n{ASSUMED}", texts.join("\n"))
        }
    };
    say(&text).context("cannot write to standard output")?;
    Ok(())
}

/// One INSERT, explained.
struct Explained<'a> {
    insert: &'a PlannedInsert,
    query: String,
    options: &'a [ResolvedOption],
    steps: Vec<Step>,
}

impl<'a> Explained<'a> {
    fn of(
        plan: &'a Plan,
        index: usize,
        insert: &'a PlannedInsert,
        launch: &redshift::LaunchId,
    ) -> Result<Self, Failure> {
        let query = plan.session.explain(&insert.query);
        let query = query.map_err(|error| {
            Failure::Query(format!("{}: {}", run::place(insert), error.strip_backtrace()))
        })?;
        let (options, steps) = match &insert.sink {
            Connector::Redshift(table) => {
                let place = run::identity(plan, index, table, launch);
                let steps = table
                    .explain(&insert.columns, place)
                    .map_err(|error| Failure::Load { place: run::place(insert), error })?;
                (table.options.as_slice(), steps)
            }
            _ => (&[][..], Vec::new()),
        };
        Ok(Explained { insert, query, options, steps })
    }

    fn json(&self) -> Value {
        let steps = self.steps.iter().map(|step| {
            let statements: Vec<String> = step.statements.iter().map(ToString::to_string).collect();
            json!({"step": step.title, "statements": statements})
        });
        json!({
            "line": self.insert.line,
            "table": self.insert.table,
            "connector": self.insert.sink.kind(),
            "query": self.query.lines().collect::<Vec<_>>(),
            "options": self.options,
            "steps": steps.collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n\n  Query\n", run::place(self.insert));
        // Writing to a String cannot fail.
        for line in self.query.lines() {
            let _ = writeln!(text, "    {line}");
        }
        if self.steps.is_empty() {
            let _ = writeln!(text, "\n  Sink: {}, which sends nothing", self.insert.sink.name());
            return text;
        }
        let (given, defaults): (Vec<_>, Vec<_>) =
            self.options.iter().partition(|option| option.given);
        let _ = writeln!(text, "\n  Options, as given");
        for option in given {
            let _ = writeln!(text, "    {}", shown(option));
        }
        let _ = writeln!(text, "\n  Options, left at their defaults");
        for option in defaults {
            let _ = writeln!(text, "    {}", shown(option));
        }
        for step in &self.steps {
            let _ = writeln!(text, "\n  Statements: {}", step.title);
            for statement in &step.statements {
                let _ = writeln!(text, "    {statement};");
            }
        }
        text
    }
}

fn shown(option: &ResolvedOption) -> String {
    match &option.value {
        Some(value) => format!("'{}' = '{value}'", option.key),
        None => format!("'{}': {}", option.key, option.without.replace('`', "'")),
    }
}
