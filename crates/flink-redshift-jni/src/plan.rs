//! The plan of a sink: what planning found right, as bytes that travel in the job graph.
//!
//! The bytes hold what the user gave (the password with it, as a job graph of any connector does)
//! and the launch, which is minted here and nowhere else. Whoever reads them gets the same checked
//! configuration again.

use std::time::Duration;

use arrow_redshift::{
    Error, ErrorKind, Result,
    options::{self, DeliveryGuarantee, Parsed, SinkConfig, WriteMode},
    sink::{Identity, LaunchId, Sink},
    types::{Column, Comments, FlinkType, TableSchema},
};
use serde::{Deserialize, Serialize};

use crate::row::{Decoder, RowField};

const MAGIC: &[u8; 3] = b"FRP";
/// The version that is written. Older ones are read; a later one is refused by name.
const VERSION: u8 = 1;

/// What a table was declared as, and what an INSERT writes: what the bytes hold.
///
/// It has no `Debug`, since its options hold secrets.
#[derive(Clone, Serialize, Deserialize)]
pub struct Declaration {
    /// The options, as written.
    pub options: Vec<(String, String)>,
    /// All physical columns: name, and type as SQL text.
    pub columns: Vec<(String, String)>,
    /// Names of the key's columns, in order.
    pub primary_key: Vec<String>,
    /// Places of the columns that the INSERT names, in its order; `None` is all of them.
    pub written: Option<Vec<usize>>,
    /// Whether it replaces what the table holds.
    pub overwrite: bool,
    /// The comment on the table.
    #[serde(default)]
    pub comment: Option<String>,
    /// Comments on columns, with their names.
    #[serde(default)]
    pub column_comments: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    declaration: Declaration,
    launch: LaunchId,
}

/// A checked plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The options, read.
    pub config: SinkConfig,
    /// The launch of the job.
    pub launch: LaunchId,
    /// The columns that are written, and the key.
    pub schema: TableSchema,
    /// Whether what the table holds is replaced.
    pub overwrite: bool,
    /// What may not have been meant; sentences without secrets.
    pub warnings: Vec<String>,
    /// All fields of Flink's rows.
    fields: Vec<RowField>,
    /// Places of the fields that are written.
    written: Vec<usize>,
}

impl Declaration {
    /// Checks a declaration, mints the launch, and gives the plan's bytes. All problems of the
    /// options, the columns and their types come in one error.
    pub fn plan(self) -> Result<Vec<u8>> {
        // A launch stands in its place until the options have been read.
        let plan = Plan::check(&self, LaunchId::fresh())?;
        let launch = plan.config.run_id.as_deref().map_or(plan.launch, LaunchId::named);
        let mut bytes = [MAGIC.as_slice(), &[VERSION]].concat();
        serde_json::to_writer(&mut bytes, &Body { declaration: self, launch }).map_err(
            |error| Error::new(ErrorKind::Internal, "a plan could not be written").source(error),
        )?;
        Ok(bytes)
    }
}

impl Plan {
    /// Reads the bytes that [`Declaration::plan`] of this or an earlier version made.
    pub fn from_bytes(bytes: &[u8]) -> Result<Plan> {
        let unreadable = |why: &str| Error::new(ErrorKind::Internal, format!("plan: {why}"));
        let body = bytes.strip_prefix(MAGIC).ok_or_else(|| unreadable("not one of ours"))?;
        let Body { declaration, launch } = match body.split_first() {
            // The cause is left out: it could quote what it could not read.
            Some((&VERSION, json)) => {
                serde_json::from_slice(json).map_err(|_| unreadable("the text is damaged"))?
            }
            Some((version, _)) => {
                let why = format!("version {version} is later than {VERSION}");
                return Err(unreadable(&why)
                    .into_kind(ErrorKind::Unsupported)
                    .hint("give the client and the cluster the same version of the connector"));
            }
            None => return Err(unreadable("the text ends early")),
        };
        Plan::check(&declaration, launch)
    }

    fn check(declaration: &Declaration, launch: LaunchId) -> Result<Plan> {
        let options = options::sink(&declaration.options);
        let columns = columns(&declaration.columns).and_then(|all| declaration.select(all));
        let (Parsed { config, warnings, .. }, (fields, written, schema)) = match (options, columns)
        {
            (Ok(options), Ok(columns)) => (options, columns),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => return Err(error),
            (Err(options), Err(columns)) => return Err(both(&options, &columns)),
        };
        let schema = schema.commented(Comments {
            table: declaration.comment.clone(),
            columns: declaration.column_comments.iter().cloned().collect(),
        });
        let overwrite = declaration.overwrite;
        let plan = Plan { config, launch, schema, overwrite, warnings, fields, written };
        // What the core refuses without a connection is refused at planning.
        plan.sink("planning", "planning")?;
        Ok(plan)
    }

    /// The sink of one operator of a job.
    pub fn sink(&self, operator: &str, job: &str) -> Result<Sink> {
        let identity = Identity {
            launch: self.launch.clone(),
            sink: format!("{}#{operator}", self.table()),
            job: job.to_owned(),
        };
        let sink = Sink::new(self.config.clone(), self.schema.clone(), identity)?;
        if self.overwrite { sink.overwriting() } else { Ok(sink) }
    }

    /// The decoder of Flink's rows.
    pub fn decoder(&self) -> Result<Decoder> {
        Decoder::new(&self.fields, &self.written)
    }

    /// The table as the options name it.
    fn table(&self) -> String {
        let table = &self.config.table;
        match &table.schema {
            Some(schema) => format!("{schema}.{}", table.table),
            None => table.table.clone(),
        }
    }

    /// What Java has to know, in its order: keyed, parallelism or 0, commit interval in
    /// milliseconds, exactly-once, named run, flush interval in milliseconds, overwrite, whether
    /// writers flush on their own, whether what takes rows away is dropped.
    ///
    /// In jdbc mode one writer is asked for, unless the options say otherwise: Redshift lets one
    /// transaction at a time write to a table.
    pub fn facts(&self) -> [i64; 10] {
        let config = &self.config;
        let default = if config.mode == WriteMode::Jdbc { 1 } else { 0 };
        [
            i64::from(!self.schema.primary_key.is_empty()),
            config.parallelism.map_or(default, i64::from),
            millis(config.commit_interval),
            i64::from(config.guarantee == DeliveryGuarantee::ExactlyOnce),
            i64::from(self.launch.is_named()),
            millis(config.flush_interval),
            i64::from(self.overwrite),
            i64::from(self.flushes()),
            i64::from(config.ignore_delete),
            config.commit_timeout.map_or(0, millis),
        ]
    }

    /// Whether writers write to the table on their own, batch by batch.
    pub fn flushes(&self) -> bool {
        let Plan { config, .. } = self;
        config.mode == WriteMode::Jdbc && config.guarantee == DeliveryGuarantee::AtLeastOnce
    }
}

impl Declaration {
    /// All fields, the places of those that are written, and these as a table.
    fn select(&self, all: Vec<Column>) -> Result<(Vec<RowField>, Vec<usize>, TableSchema)> {
        let all = TableSchema::new(all, self.primary_key.clone())?;
        let fields = all.columns.iter().map(|column| RowField {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
        });
        let fields = fields.collect();
        let Some(written) = self.written.clone() else {
            let every = (0..all.columns.len()).collect();
            return Ok((fields, every, all));
        };
        let left_out = all.columns.iter().enumerate().filter(|(at, _)| !written.contains(at));
        let missing: Vec<String> = left_out
            .filter(|(_, column)| !column.nullable)
            .map(|(_, column)| {
                format!("column {} is NOT NULL and the INSERT leaves it out", column.name)
            })
            .collect();
        if !missing.is_empty() {
            return Err(Error::new(ErrorKind::SchemaMismatch, missing.join("\n")));
        }
        let columns = written.iter().map(|at| all.columns.get(*at).cloned());
        let columns = columns.collect::<Option<Vec<_>>>().ok_or_else(|| {
            let why = "the INSERT names a column that the table does not have";
            Error::new(ErrorKind::Internal, why)
        })?;
        let schema = TableSchema::new(columns, self.primary_key.clone())?.part_of(&all);
        Ok((fields, written, schema))
    }
}

/// The declared columns, or one error with every type that cannot be read or is not carried.
fn columns(declared: &[(String, String)]) -> Result<Vec<Column>> {
    let mut problems: Vec<(ErrorKind, String)> = Vec::new();
    let mut columns = Vec::with_capacity(declared.len());
    for (name, text) in declared {
        match FlinkType::parse_nullable(text) {
            Ok((data_type, nullable)) => {
                columns.push(Column { name: name.clone(), data_type, nullable });
            }
            Err(error) => {
                problems.push((error.kind(), format!("column {name}: {}", error.message())));
            }
        }
    }
    let Some((kind, _)) = problems.first() else { return Ok(columns) };
    let lines: Vec<&str> = problems.iter().map(|(_, problem)| problem.as_str()).collect();
    Err(Error::new(*kind, lines.join("\n")))
}

/// Problems of the options and of the columns in one error.
fn both(options: &Error, columns: &Error) -> Error {
    let message = format!("{}\n{}", columns.message(), options.message());
    Error::new(options.kind(), message)
}

/// A duration in Java's milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
