//! What tables connect to: files that are read, and sinks that are written.

mod blackhole;
mod builder;
mod csv;
mod datagen;
mod files;
mod filesystem;
mod input_error;
mod json;
mod options;
mod parquet;
mod print;
mod streamed;

pub use datagen::Datagen;
pub use files::absolute as absolute_path;
pub use print::{Print, Printer};
pub use streamed::StreamedTable;

use crate::{
    run::redshift::RedshiftTable,
    script::{DeclaredColumn, Problem},
};
use filesystem::Filesystem;
use options::TableOptions;

/// A table's connector with its options.
#[derive(Debug, Clone)]
pub enum Connector {
    /// Files, as a source.
    Filesystem(Filesystem),
    /// Made-up rows, as a source.
    Datagen(Datagen),
    /// Standard output, as a sink.
    Print(Print),
    /// Nowhere, as a sink.
    Blackhole,
    /// A table of Redshift, as a sink.
    Redshift(Box<RedshiftTable>),
}

impl Connector {
    /// The same for a table with this comment.
    pub fn commented(self, comment: Option<String>) -> Connector {
        match self {
            Connector::Redshift(table) => Connector::Redshift(Box::new(table.commented(comment))),
            other => other,
        }
    }

    /// The value of 'connector'.
    pub fn kind(&self) -> &'static str {
        match self {
            Connector::Filesystem(_) => "filesystem",
            Connector::Datagen(_) => "datagen",
            Connector::Print(_) => "print",
            Connector::Blackhole => "blackhole",
            Connector::Redshift(_) => "redshift",
        }
    }

    /// The option that names it, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Connector::Filesystem(_) => "'connector' = 'filesystem'",
            Connector::Datagen(_) => "'connector' = 'datagen'",
            Connector::Print(_) => "'connector' = 'print'",
            Connector::Blackhole => "'connector' = 'blackhole'",
            Connector::Redshift(_) => "'connector' = 'redshift'",
        }
    }
}

/// A connector and what the user should know about its options.
pub struct Opened {
    /// The connector.
    pub connector: Connector,
    /// Sentences that hold no secret.
    pub warnings: Vec<String>,
}

/// Reads a table's options.
pub fn open(
    options: &[(String, String)],
    columns: &[DeclaredColumn],
    primary_key: &[String],
    line: u64,
    local: bool,
) -> Result<Opened, Vec<Problem>> {
    let connector = options.iter().find(|(key, _)| key == "connector").map(|(_, value)| &**value);
    let connector = match connector {
        Some("redshift") => {
            let (table, warnings) =
                RedshiftTable::open(options, columns, primary_key, line, local)?;
            return Ok(Opened { connector: Connector::Redshift(Box::new(table)), warnings });
        }
        Some("filesystem") => {
            let mut options = TableOptions::new("filesystem", options, line);
            let filesystem = Filesystem::open(&mut options, columns);
            options.end(filesystem.map(Connector::Filesystem))?
        }
        Some("datagen") => {
            let mut options = TableOptions::new("datagen", options, line);
            let datagen = Datagen::open(&mut options, columns);
            options.end(datagen.map(Connector::Datagen))?
        }
        Some("print") => {
            let mut options = TableOptions::new("print", options, line);
            let print = Print::open(&mut options, columns);
            options.end(Some(Connector::Print(print)))?
        }
        Some("blackhole") => blackhole::open(options, line)?,
        Some(other) => {
            let what = format!("'connector' = '{other}'");
            return Err(vec![Problem::unsupported(line, what)]);
        }
        None => return Err(vec![Problem::new(line, "the table has no 'connector'")]),
    };
    Ok(Opened { connector, warnings: Vec::new() })
}

/// What no table may be, whatever it connects to.
pub fn check_columns(
    columns: &[DeclaredColumn],
    primary_key: &[String],
    line: u64,
) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].iter().any(|before| before.name == column.name) {
            let message = format!("column {} is declared twice", column.name);
            problems.push(Problem::new(column.line, message));
        }
    }
    for name in primary_key {
        if !columns.iter().any(|column| column.name == *name) {
            let message = format!("the primary key names {name}, which is no column");
            problems.push(Problem::new(line, message));
        }
    }
    if columns.is_empty() {
        problems.push(Problem::new(line, "the table has no columns"));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
