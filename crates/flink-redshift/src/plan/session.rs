//! The engine's session: DataFusion with Flink's reading of names, numbers and NULLs, our functions
//! and no others.

use std::sync::Arc;

use datafusion::{
    catalog::TableProvider,
    common::TableReference,
    error::DataFusionError,
    execution::{SendableRecordBatchStream, session_state::SessionStateBuilder},
    logical_expr::{LogicalPlan, ScalarUDF},
    prelude::{DataFrame, SessionConfig, SessionContext},
    sql::{parser::Statement, sqlparser::ast},
};
use sqlparser::ast::Query;

use super::{check::different_types, functions, settings::Settings};
use crate::script::Problem;

/// Rows of one batch.
pub const BATCH_ROWS: usize = 8192;

/// How many of the engine's notes on a problem are shown.
const SHOWN_NOTES: usize = 5;

/// Where a script's tables are known and its queries run.
pub struct Session(SessionContext);

impl Session {
    /// A session that knows no table.
    pub fn new() -> Self {
        let mut config = SessionConfig::new().with_batch_size(BATCH_ROWS);
        let options = config.options_mut();
        options.sql_parser.enable_ident_normalization = false;
        options.sql_parser.parse_float_as_decimal = true;
        options.sql_parser.collect_spans = true;
        options.sql_parser.map_string_types_to_utf8view = false;
        // Flink takes NULL for the least value.
        options.sql_parser.default_null_ordering = "nulls_min".into();
        options.execution.target_partitions = 1;
        // Rows of one file stay in order: the last change of a key wins.
        options.optimizer.enable_round_robin_repartition = false;
        let builder = SessionStateBuilder::new_with_default_features();
        let state = functions::install(builder.with_config(config), false).build();
        Session(SessionContext::new_with_state(state))
    }

    /// Makes settings count from here on.
    pub fn apply(&self, settings: &Settings) {
        let state = self.0.state_ref();
        state.write().config_mut().options_mut().execution.target_partitions = settings.parallelism;
        for cast in functions::casts(settings.utc) {
            self.0.register_udf(ScalarUDF::clone(&cast));
        }
    }

    /// Makes a table or view known.
    pub fn register(&self, name: &str, table: Arc<dyn TableProvider>) {
        let known = self.0.register_table(TableReference::bare(name), table);
        debug_assert!(matches!(known, Ok(None)), "the planner knows which names are taken");
    }

    /// Forgets a table or view.
    pub fn deregister(&self, name: &str) {
        let known = self.0.deregister_table(TableReference::bare(name));
        debug_assert!(matches!(known, Ok(Some(_))), "the planner knows which names there are");
    }

    /// The plan of a query, without conversions of the engine's own.
    pub async fn plan(&self, query: Box<Query>, line: u64) -> Result<LogicalPlan, Problem> {
        let statement = Statement::Statement(Box::new(ast::Statement::Query(query)));
        let plan = self.0.state().statement_to_plan(statement).await;
        plan.map_err(|error| problem(&error, line))
    }

    /// A plan with the engine's conversions, whose columns have the types that they will have.
    pub fn analyze(&self, plan: LogicalPlan, line: u64) -> Result<LogicalPlan, Problem> {
        let state = self.0.state();
        state
            .analyzer()
            .execute_and_check(plan, state.config_options(), |_, _| {})
            .map_err(|error| problem(&error, line))
    }

    /// How a query is computed, as a tree of its steps, the last one first.
    pub fn explain(&self, plan: &LogicalPlan) -> Result<String, DataFusionError> {
        Ok(self.0.state().optimize(plan)?.display_indent().to_string())
    }

    /// Starts a query; its rows come in one stream.
    pub async fn execute(
        &self,
        plan: LogicalPlan,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        DataFrame::new(self.0.state(), plan).execute_stream().await
    }
}

/// The engine's complaint about a query, at the line that it names.
fn problem(error: &DataFusionError, line: u64) -> Problem {
    if let Some(diagnostic) = error.diagnostic() {
        let at = diagnostic.span.map_or(line, |span| span.start.line);
        // Such as "possible column v.name".
        let notes = diagnostic.notes.iter().map(|note| note.message.as_str());
        let helps = diagnostic.helps.iter().map(|help| help.message.as_str());
        let more: Vec<&str> = notes.chain(helps).take(SHOWN_NOTES).collect();
        let message = match more.is_empty() {
            true => diagnostic.message.clone(),
            false => format!("{} ({})", diagnostic.message, more.join(", ")),
        };
        return Problem::new(at, message);
    }
    let message = error.strip_backtrace();
    let message = message.strip_prefix("Error during planning: ").unwrap_or(&message);
    // The planner looks for the type of a column of VALUES before a check of ours can.
    let types = ["Inconsistent data type across values", "Inconsistent metadata across values"];
    if types.iter().any(|start| message.starts_with(start)) {
        return Problem::new(line, different_types("VALUES"));
    }
    Problem::new(line, message)
}
