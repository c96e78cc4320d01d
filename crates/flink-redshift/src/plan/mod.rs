//! Statements become a checked plan: every table, query and sink is looked at before anything runs.

mod check;
mod convert;
mod expression;
mod fingerprint;
mod functions;
mod names;
mod query;
mod session;
mod settings;
mod sink;
mod types;

use std::{collections::HashMap, sync::Arc};

use datafusion::{
    datasource::ViewTable,
    logical_expr::{LogicalPlan, LogicalPlanBuilder, col},
};
use sqlparser::ast::Query;

pub use fingerprint::Fingerprint;
pub use session::Session;
pub use settings::{NotNull, Settings};
pub use types::{engine_schema, engine_type};

use crate::{
    connect::{self, Connector, StreamedTable},
    script::{
        CreateTable, CreateView, DeclaredColumn, DropTable, Insert, Problem, Statement,
        StatementKind,
    },
};

/// What a script does: its INSERTs in order, checked.
pub struct Plan {
    /// What the script set.
    pub settings: Settings,
    /// The INSERTs, in order.
    pub inserts: Vec<PlannedInsert>,
    /// Sentences to show to the user before anything runs.
    pub warnings: Vec<String>,
    /// Where the queries run.
    pub session: Session,
}

/// One INSERT: a query whose columns are the sink's, and the sink.
pub struct PlannedInsert {
    /// Line of the statement.
    pub line: u64,
    /// Name of the table in the script.
    pub table: String,
    /// Whether its rows take the place of those that the table holds.
    pub overwrite: bool,
    /// The query, with the sink's types.
    pub query: LogicalPlan,
    /// The columns that are written, in the order of the query.
    pub columns: Vec<DeclaredColumn>,
    /// The key, where the table has one.
    pub primary_key: Vec<String>,
    /// Where the rows go.
    pub sink: Connector,
    /// What becomes of a NULL in a NOT NULL column.
    pub not_null: NotNull,
    /// Stands for the statement and what it reads.
    pub fingerprint: Fingerprint,
}

/// A table or view of the script.
enum Relation {
    /// Read and not written; with its connector's name.
    Source(Fingerprint, &'static str),
    /// A query by name.
    View(Fingerprint),
    /// Written and not read.
    Sink(SinkTable),
    /// Its definition is wrong: what uses it is not told that it is not there.
    Failed,
}

struct SinkTable {
    columns: Vec<DeclaredColumn>,
    primary_key: Vec<String>,
    connector: Connector,
}

/// Plans a script's statements: everything it does, or everything that is wrong with it.
pub async fn plan(
    statements: Vec<Statement>,
    mut problems: Vec<Problem>,
    local: bool,
) -> Result<Plan, Vec<Problem>> {
    let mut planner = Planner {
        session: Session::new(),
        settings: Settings::default(),
        relations: HashMap::new(),
        inserts: Vec::new(),
        warnings: Vec::new(),
        checked: Vec::new(),
        local,
    };
    for statement in statements {
        if let Err(found) = planner.statement(statement).await {
            problems.extend(found);
        }
    }
    let Planner { session, settings, inserts, warnings, .. } = planner;
    if inserts.is_empty() && problems.is_empty() {
        problems.push(Problem::new(1, "the script has no INSERT: there is nothing to run"));
    }
    if problems.is_empty() {
        return Ok(Plan { settings, inserts, warnings, session });
    }
    Err(problems)
}

struct Planner {
    session: Session,
    settings: Settings,
    relations: HashMap<String, Relation>,
    inserts: Vec<PlannedInsert>,
    warnings: Vec<String>,
    /// The views' queries, with the engine's conversions: those who read a view find it so.
    checked: Vec<LogicalPlan>,
    /// Whether the tables of Redshift are a stand-in's, which fills in what is missing.
    local: bool,
}

impl Planner {
    async fn statement(&mut self, statement: Statement) -> Result<(), Vec<Problem>> {
        let line = statement.line;
        match statement.kind {
            StatementKind::CreateTable(table) => {
                let name = table.name.clone();
                let created = self.create_table(table, line);
                self.or_failed(name, created)
            }
            StatementKind::CreateView(view) => {
                let name = view.name.clone();
                let created = self.create_view(view, line).await;
                self.or_failed(name, created)
            }
            StatementKind::Malformed(name) => self.or_failed(name, Err(Vec::new())),
            StatementKind::Drop(table) => Ok(self.drop_table(&table, line)?),
            StatementKind::Set(setting) => {
                self.settings.set(&setting, line)?;
                self.session.apply(&self.settings);
                Ok(())
            }
            StatementKind::Insert(insert) => self.insert(insert, line).await,
        }
    }

    /// Keeps the name of a table or view whose definition is wrong.
    fn or_failed(
        &mut self,
        name: String,
        created: Result<(), Vec<Problem>>,
    ) -> Result<(), Vec<Problem>> {
        if created.is_err() {
            self.relations.entry(name).or_insert(Relation::Failed);
        }
        created
    }

    fn create_table(&mut self, table: CreateTable, line: u64) -> Result<(), Vec<Problem>> {
        let fingerprint = Fingerprint::of_table(&table);
        let CreateTable { name, if_not_exists, mut columns, primary_key, comment, options } = table;
        if self.taken(&name, if_not_exists, line)? {
            return Ok(());
        }
        connect::check_columns(&columns, &primary_key, line)?;
        for column in &mut columns {
            column.nullable &= !primary_key.contains(&column.name);
        }
        let opened = connect::open(&options, &columns, &primary_key, line, self.local)?;
        self.warnings.extend(opened.warnings);
        let relation = match opened.connector {
            Connector::Filesystem(source) => {
                self.session.register(&name, Arc::new(StreamedTable::new(source)));
                Relation::Source(fingerprint, "filesystem")
            }
            Connector::Datagen(source) => {
                self.session.register(&name, Arc::new(StreamedTable::new(source)));
                Relation::Source(fingerprint, "datagen")
            }
            connector => {
                let connector = connector.commented(comment);
                Relation::Sink(SinkTable { columns, primary_key, connector })
            }
        };
        self.relations.insert(name, relation);
        Ok(())
    }

    async fn create_view(&mut self, view: CreateView, line: u64) -> Result<(), Vec<Problem>> {
        let CreateView { name, if_not_exists, columns, query } = view;
        if self.taken(&name, if_not_exists, line)? {
            return Ok(());
        }
        let fingerprint = Fingerprint::of_view(&columns, &query, &self.reads(&query));
        let query = self.query(query, line).await?;
        let query = rename(query, &columns, line)?;
        let view = ViewTable::new(query, None);
        self.checked.push(view.logical_plan().clone());
        self.session.register(&name, Arc::new(view));
        self.relations.insert(name, Relation::View(fingerprint));
        Ok(())
    }

    /// Whether a name is taken, which is an error unless the statement allows for it.
    fn taken(&self, name: &str, allowed: bool, line: u64) -> Result<bool, Problem> {
        match self.relations.get(name) {
            None | Some(Relation::Failed) => Ok(false),
            Some(_) if allowed => Ok(true),
            Some(_) => Err(Problem::new(line, format!("there is a table or view {name} already"))),
        }
    }

    fn drop_table(&mut self, drop: &DropTable, line: u64) -> Result<(), Problem> {
        let what = if drop.view { "view" } else { "table" };
        match self.relations.get(&drop.name) {
            Some(Relation::Failed) => {
                self.relations.remove(&drop.name);
                Ok(())
            }
            Some(relation) if matches!(relation, Relation::View(_)) == drop.view => {
                if let Some(Relation::Source(..) | Relation::View(_)) =
                    self.relations.remove(&drop.name)
                {
                    self.session.deregister(&drop.name);
                }
                Ok(())
            }
            None if drop.if_exists => Ok(()),
            _ => Err(Problem::new(line, format!("there is no {what} {}", drop.name))),
        }
    }

    async fn insert(&mut self, insert: Insert, line: u64) -> Result<(), Vec<Problem>> {
        let fingerprint = Fingerprint::of_insert(&insert, &self.reads(&insert.query));
        let Insert { overwrite, table, columns, query } = insert;
        let query = self.query(query, line).await;
        let sink = match self.relations.get(&table) {
            Some(Relation::Sink(sink)) => sink,
            Some(Relation::Failed) => return query.map(|_| ()),
            Some(Relation::View(_)) => {
                return Err(vec![Problem::new(
                    line,
                    format!("{table} is a view: nothing can be written to it"),
                )]);
            }
            // Flink has no such sink either.
            Some(Relation::Source(_, "datagen")) => {
                let why = format!("{table} makes rows up: 'connector' = 'datagen' is no sink");
                return Err(vec![Problem::new(line, why)]);
            }
            Some(Relation::Source(_, connector)) => {
                return Err(vec![Problem::unsupported(
                    line,
                    format!("writing to {table}: 'connector' = '{connector}' as a sink"),
                )]);
            }
            None => return Err(vec![Problem::new(line, format!("there is no table {table}"))]),
        };
        if overwrite && !matches!(sink.connector, Connector::Redshift(_)) {
            let name = sink.connector.name();
            let why = format!("INSERT OVERWRITE of {table}: {name} has nothing to replace");
            return Err(vec![Problem::new(line, why)]);
        }
        let target = sink::Target {
            table: &table,
            columns: &sink.columns,
            listed: columns.as_deref(),
            utc: self.settings.utc,
            // A connector that updates rows writes the columns that are named, and no others.
            partial: matches!(sink.connector, Connector::Redshift(_)),
        };
        let (query, written) = sink::fit(query?, &target, &sink.primary_key, line)?;
        self.inserts.push(PlannedInsert {
            line,
            table,
            overwrite,
            query,
            columns: written,
            primary_key: sink.primary_key.clone(),
            sink: sink.connector.clone(),
            not_null: self.settings.not_null,
            fingerprint,
        });
        Ok(())
    }

    /// A query, rewritten, checked and with the engine's types.
    async fn query(&self, mut query: Box<Query>, line: u64) -> Result<LogicalPlan, Vec<Problem>> {
        let mut problems = self.names(&query, line);
        problems.extend(query::rewrite(&mut query, line));
        if !problems.is_empty() || self.reads_failed(&query) {
            return Err(problems);
        }
        let plan = self.session.plan(query, line).await?;
        let problems = check::check(&plan, &self.checked, line, self.settings.utc);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(self.session.analyze(plan, line)?)
    }

    /// Tables that a query names and cannot read.
    fn names(&self, query: &Query, line: u64) -> Vec<Problem> {
        let (tables, local) = names::tables(query, line);
        let mut problems = Vec::new();
        for (name, line) in tables {
            if local.contains(&name) {
                continue;
            }
            match self.relations.get(&name) {
                Some(Relation::Source(..) | Relation::View(_) | Relation::Failed) => {}
                Some(Relation::Sink(sink)) => {
                    let what = format!("{} as a source ({name})", sink.connector.name());
                    problems.push(Problem::unsupported(line, what));
                }
                None => {
                    problems.push(Problem::new(line, format!("there is no table or view {name}")));
                }
            }
        }
        problems
    }

    /// Whether a query names a table or view whose definition is wrong.
    fn reads_failed(&self, query: &Query) -> bool {
        let (tables, local) = names::tables(query, 0);
        let mut named = tables.iter().filter(|(name, _)| !local.contains(name));
        named.any(|(name, _)| matches!(self.relations.get(name), Some(Relation::Failed)))
    }

    /// The tables and views that a query reads, in the order of their names.
    fn reads(&self, query: &Query) -> Vec<(String, Fingerprint)> {
        let (mut tables, _) = names::tables(query, 0);
        tables.sort();
        tables.dedup_by(|left, right| left.0 == right.0);
        let known = tables.into_iter().filter_map(|(name, _)| match self.relations.get(&name) {
            Some(Relation::Source(read, _) | Relation::View(read)) => Some((name, read.clone())),
            _ => None,
        });
        known.collect()
    }
}

/// Gives a view's columns their new names.
fn rename(query: LogicalPlan, names: &[String], line: u64) -> Result<LogicalPlan, Problem> {
    if names.is_empty() {
        return Ok(query);
    }
    let fields = query.schema().columns();
    if fields.len() != names.len() {
        let (named, found) = (names.len(), fields.len());
        let message = format!("the view names {named} columns and its query has {found}");
        return Err(Problem::new(line, message));
    }
    let columns = fields.into_iter().zip(names).map(|(field, name)| col(field).alias(name));
    LogicalPlanBuilder::from(query)
        .project(columns.collect::<Vec<_>>())
        .and_then(LogicalPlanBuilder::build)
        .map_err(|error| Problem::new(line, error.strip_backtrace()))
}
