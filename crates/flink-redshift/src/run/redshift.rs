//! Tables of Redshift: the only place that drives the connector.

use std::{error::Error as StdError, sync::Arc, time::Duration};

pub use arrow_redshift::sink::LaunchId;
use arrow_redshift::{
    Error, ErrorKind, Result,
    options::{self, DeliveryGuarantee, ResolvedOption, SinkConfig, table},
    sink::{Check, Identity, Prepared, Progress, Sink, Step, Summary, Verdict},
    stage::{Cleaning, NeededPolicy},
    types::{Column, Comments, TableSchema},
};
use datafusion::{
    arrow::{array::RecordBatch, compute::cast, datatypes::SchemaRef},
    error::Result as EngineResult,
};
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use super::insert::engine_message;
use crate::{
    local::stand_in,
    script::{DeclaredColumn, Problem},
};

/// Where the connector's error names who wrote the ledger's row.
const RECORDED_BY: &str = "recorded by";

/// How old something has to be at least before it is cleaned away unasked.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// A table of the script with `'connector' = 'redshift'`, its options read and checked.
#[derive(Debug, Clone)]
pub struct RedshiftTable {
    /// The options.
    pub config: SinkConfig,
    /// What each option came to be, to be shown.
    pub options: Vec<ResolvedOption>,
    /// What the user should know about them. Holds no secret.
    pub warnings: Vec<String>,
    /// All of its columns, whichever an INSERT writes.
    columns: Vec<DeclaredColumn>,
    primary_key: Vec<String>,
    comment: Option<String>,
    line: u64,
}

impl RedshiftTable {
    /// Reads the options of a table, and says what the user should know about them. For a stand-in,
    /// credentials that are missing are made up.
    pub fn open(
        options: &[(String, String)],
        columns: &[DeclaredColumn],
        primary_key: &[String],
        line: u64,
        local: bool,
    ) -> Result<(Self, Vec<String>), Vec<Problem>> {
        let mut options = options.to_vec();
        if local {
            let missing = stand_in::CREDENTIALS
                .iter()
                .filter(|(key, _)| !is_given(&options, key))
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect::<Vec<_>>();
            options.extend(missing);
        }
        let mut problems = Vec::new();
        if let Err(error) = schema(columns, primary_key) {
            problems.push(Problem::new(line, error.message()));
        }
        match options::sink(&options) {
            Ok(parsed) if problems.is_empty() => {
                let table = RedshiftTable {
                    config: parsed.config,
                    options: parsed.options,
                    warnings: parsed.warnings.clone(),
                    columns: columns.to_vec(),
                    primary_key: primary_key.to_vec(),
                    comment: None,
                    line,
                };
                Ok((table, parsed.warnings))
            }
            Ok(_) => Err(problems),
            Err(error) => {
                problems.push(Problem::new(line, error.to_string()));
                Err(problems)
            }
        }
    }

    /// The same with the comment of its DDL.
    pub fn commented(self, comment: Option<String>) -> RedshiftTable {
        RedshiftTable { comment, ..self }
    }

    /// Line of its CREATE TABLE.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Connects, and checks or creates the target: everything that can be known before the first
    /// row. `columns` are those that the INSERT writes.
    pub async fn prepare(&self, columns: &[DeclaredColumn], place: Place) -> Result<LoadTarget> {
        let sink = self.sink(columns, place)?;
        let schema = sink.schema().arrow();
        let prepared = sink.prepare(&[]).await?;
        Ok(LoadTarget { prepared, schema, progress: Arc::default() })
    }

    /// The steps and statements of a load. Connects to nothing.
    pub fn explain(&self, columns: &[DeclaredColumn], place: Place) -> Result<Vec<Step>> {
        self.sink(columns, place)?.explain()
    }

    /// Tries everything that a load needs, and loads nothing.
    pub async fn check(&self, columns: &[DeclaredColumn], place: Place) -> Result<Vec<Check>> {
        let checks = self.sink(columns, place)?.check().await;
        Ok([self.checked_options()].into_iter().chain(checks).collect())
    }

    /// What is wrong with options has ended the command before it came to this.
    fn checked_options(&self) -> Check {
        let given = self.options.iter().filter(|option| option.given).count();
        let (verdict, found, advice) = match self.warnings.as_slice() {
            [] => (Verdict::Passed, format!("{given} options are given, and fit together"), None),
            warnings => {
                let advice = "`explain` shows what each option came to be";
                (Verdict::Warning, warnings.join("\n"), Some(advice.to_owned()))
            }
        };
        Check { name: "options", verdict, found, advice, took: Duration::ZERO }
    }

    fn sink(&self, columns: &[DeclaredColumn], place: Place) -> Result<Sink> {
        let launch = match &self.config.run_id {
            Some(name) => LaunchId::named(name),
            None => place.launch,
        };
        let identity = Identity { launch, sink: place.sink, job: place.job };
        let comments = self
            .columns
            .iter()
            .filter_map(|column| Some((column.name.clone(), column.comment.clone()?)));
        let comments = Comments { table: self.comment.clone(), columns: comments.collect() };
        let table = schema(&self.columns, &self.primary_key)?.commented(comments);
        let written = schema(columns, &self.primary_key)?.part_of(&table);
        let sink = Sink::new(self.config.clone(), written, identity)?;
        if place.overwrite { sink.overwriting() } else { Ok(sink) }
    }

    /// Looks for what runs have left on S3; `None` where nothing is staged there. Without an age it
    /// is the table's own, and a week at least: other jobs may stage under the same path.
    pub async fn cleaning(&self, age: Option<Duration>) -> Result<Option<Cleaning>> {
        let Some(copy) = &self.config.copy else { return Ok(None) };
        let age = age.unwrap_or_else(|| copy.staging_retention.max(WEEK));
        Cleaning::open(copy, age).await.map(Some)
    }

    /// Whether rows appear in the table only when all of them do.
    pub fn loads_at_once(&self) -> bool {
        self.config.guarantee == DeliveryGuarantee::ExactlyOnce
    }
}

/// The IAM policies that these tables need.
pub fn policies<'a>(tables: impl Iterator<Item = &'a RedshiftTable>) -> Vec<NeededPolicy> {
    arrow_redshift::stage::policies(tables.map(|table| &table.config))
}

/// Which load of a run this is.
pub struct Place {
    /// The run.
    pub launch: LaunchId,
    /// Whether it replaces what the table holds.
    pub overwrite: bool,
    /// Which INSERT of the script.
    pub sink: String,
    /// What is recorded of it in the ledger, and compared where the run is named.
    pub job: String,
}

/// Says what another job's row in the ledger means for a script.
fn explain(error: Error) -> Error {
    let other = error.kind() == ErrorKind::LedgerInvalid
        && error.context().iter().any(|(key, _)| *key == RECORDED_BY);
    match other {
        false => error,
        true => error.hint(
            "under this 'sink.run-id' other rows were loaded: by another 'pipeline.name', or by \
             an INSERT whose text or whose input tables, files or options were others (the digits \
             in brackets stand for them). Give these rows a 'sink.run-id' of their own",
        ),
    }
}

/// Whether an option is given in any of its spellings, or by the table's `url`.
fn is_given(options: &[(String, String)], key: &str) -> bool {
    let Some(row) = table::rows().find(|row| row.key == key) else { return false };
    row.spellings().any(|spelling| options.iter().any(|(given, _)| given == spelling))
        || matches!(key, "username" | "password")
            && options.iter().any(|(given, value)| {
                given == "url"
                    && value.contains(if key == "username" { "user=" } else { "password=" })
            })
        || key == "aws.iam-role"
            && options.iter().any(|(given, value)| {
                given == "sink.copy.credentials" && value.eq_ignore_ascii_case("keys")
            })
}

fn schema(columns: &[DeclaredColumn], primary_key: &[String]) -> Result<TableSchema> {
    let columns = columns.iter().map(|column| Column {
        name: column.name.clone(),
        data_type: column.data_type.clone(),
        nullable: column.nullable,
    });
    TableSchema::new(columns.collect(), primary_key.to_vec())
}

/// A launch of this process.
pub fn fresh_launch() -> LaunchId {
    LaunchId::fresh()
}

/// A target that is checked and ready to be loaded once.
pub struct LoadTarget {
    prepared: Prepared,
    schema: SchemaRef,
    progress: Arc<Progress>,
}

impl LoadTarget {
    /// How far the load is.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Loads a query's batches to their end, or not at all.
    pub async fn load(
        self,
        batches: impl Stream<Item = EngineResult<RecordBatch>> + Send,
        stop: &CancellationToken,
    ) -> Result<Summary> {
        let schema = Arc::clone(&self.schema);
        let batches = batches.map(move |batch| match batch {
            Ok(batch) => declared(&batch, &schema).map_err(Into::into),
            Err(error) => Err(Box::<dyn StdError + Send + Sync>::from(engine_message(&error))),
        });
        self.prepared.load(batches, &self.progress, stop).await.map_err(explain)
    }
}

/// A batch with the declared Arrow types: the engine's timestamps have other units.
fn declared(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| cast(column, field.data_type()))
        .collect::<Result<Vec<_>, _>>();
    columns.and_then(|columns| RecordBatch::try_new(Arc::clone(schema), columns)).map_err(|error| {
        Error::new(ErrorKind::Internal, "the query's columns are not the declared ones")
            .source(error)
    })
}
