//! A target that is missing, made once; and the columns that the connector makes, there or later.

use std::time::Duration;

use tracing::info;

use super::{collation, prepare::describe};
use crate::{
    error::{Error, ErrorKind, Result},
    limits,
    options::{CreateTable, Distribution, SinkConfig},
    session::Session,
    sql::{self, NewColumn, Qualified, Statement},
    types::{self, Column, FlinkType, NameCase, RedshiftType, TableSchema, TargetTable},
};

/// How often the creation of a table is tried when others create it at the same time.
const CREATION_TRIES: u32 = 5;

/// Creates the target for a declaration, with its comments.
pub(super) async fn target(
    session: &Session,
    config: &SinkConfig,
    schema: &TableSchema,
    name: &Qualified,
    case: NameCase,
) -> Result<TargetTable> {
    check_names(&config.create, schema)?;
    collation::check_new(session, schema).await?;
    info!(table = %name, "creating the target table");
    table(session, &whole(creation(config, schema, name, case)), name, case).await
}

/// Statements that are done together or not at all: a table without its comments would keep lacking
/// them, as what exists stays as it is.
pub(super) fn whole(statements: Vec<Statement>) -> Vec<Statement> {
    match statements.len() {
        1 => statements,
        _ => [sql::BEGIN].into_iter().chain(statements).chain([sql::COMMIT]).collect(),
    }
}

/// What creates the target for a declaration: the table, and then its comments.
pub(super) fn creation(
    config: &SinkConfig,
    schema: &TableSchema,
    name: &Qualified,
    case: NameCase,
) -> Vec<Statement> {
    let options = &config.create;
    let columns: Vec<NewColumn> =
        schema.declared.iter().map(|column| new_column(column, options, schema, case)).collect();
    let key: Vec<String> = schema.primary_key.iter().map(|name| case.stored(name)).collect();
    let comment = options.comment.as_ref().or(schema.comments.table.as_ref());
    let comments = comment.map(|text| sql::comment_on_table(name, text)).into_iter();
    let comments = comments.chain(columns.iter().filter_map(|column| {
        let text = column.comment.as_ref()?;
        Some(sql::comment_on_column(name, &column.name, text))
    }));
    let create = sql::create_table(name, &columns, &key, &stored(options, &columns));
    [create].into_iter().chain(comments).collect()
}

/// Creates a table and describes it. Another job may do the same at this moment: then its table
/// is the table, and looking again settles it.
pub(super) async fn table(
    session: &Session,
    statements: &[Statement],
    name: &Qualified,
    case: NameCase,
) -> Result<TargetTable> {
    let mut failure = None;
    for attempt in 0..CREATION_TRIES {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(200) * attempt).await;
        }
        failure = run(session, statements).await.err();
        // Whatever the answer was, what counts is whether the table is there now.
        if failure.as_ref().is_some_and(|error| error.kind() == ErrorKind::ConnectionLost) {
            break;
        }
        if let Some(found) = describe(session, name, case).await? {
            return Ok(found);
        }
        if failure.as_ref().is_some_and(is_final) {
            break;
        }
    }
    let failure = failure.unwrap_or_else(|| {
        Error::new(ErrorKind::ServerError, "the table is not there after it was created")
    });
    Err(explained(failure, name).with("table", name))
}

async fn run(session: &Session, statements: &[Statement]) -> Result<()> {
    for statement in statements {
        let done = session.run(statement).await;
        if done.is_err() && statements.len() > 1 {
            // The first failure is the one to tell; a session that is gone has rolled back.
            let _ = session.run(&sql::ROLLBACK).await;
        }
        done?;
    }
    Ok(())
}

/// Whether a table will not be there however often its creation is tried.
fn is_final(error: &Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied || is_missing_schema(error)
}

fn is_missing_schema(error: &Error) -> bool {
    error.code() == Some("3F000")
}

/// The error of a creation, with what to do about a schema that is not there.
pub(super) fn explained(error: Error, name: &Qualified) -> Error {
    if !is_missing_schema(&error) {
        return error;
    }
    let schema = sql::identifier(&name.schema);
    error.into_kind(ErrorKind::SchemaMismatch).hint(format!(
        "the connector creates tables and no schemas: run CREATE SCHEMA {schema}, or name another \
         one in 'table-name'"
    ))
}

/// A column by which shows whether the user may alter a table; it is never committed.
pub(super) fn probe(name: &Qualified) -> Statement {
    let column = NewColumn {
        name: "frc_check".into(),
        data_type: RedshiftType::Boolean.to_string(),
        nullable: true,
        encoding: None,
        comment: None,
    };
    sql::add_column(name, &column)
}

/// A declared column as the connector creates it.
pub(super) fn new_column(
    column: &Column,
    options: &CreateTable,
    schema: &TableSchema,
    case: NameCase,
) -> NewColumn {
    let said = listed(&options.column_comments, &column.name);
    NewColumn {
        name: case.stored(&column.name),
        data_type: created_type(column, options).to_string(),
        nullable: column.nullable,
        encoding: listed(&options.encodings, &column.name).cloned(),
        comment: said.or(schema.comments.columns.get(&column.name)).cloned(),
    }
}

/// The type of a created column: of text, as wide as it was said to be.
pub(super) fn created_type(column: &Column, options: &CreateTable) -> RedshiftType {
    match listed(&options.widths, &column.name).filter(|_| is_text(column)) {
        Some(width) => RedshiftType::VarChar(*width),
        None => types::default_target(&column.data_type, options.string_width),
    }
}

/// The width in bytes that a text column is to have, where something says so: the options, or a
/// declared length. STRING alone says nothing.
pub(super) fn wanted_width(column: &Column, options: &CreateTable) -> Option<u32> {
    let said = listed(&options.widths, &column.name).is_some()
        || options.string_width_set
        || column.data_type != FlinkType::String;
    match created_type(column, options) {
        RedshiftType::VarChar(width) if said => Some(width),
        _ => None,
    }
}

pub(super) fn is_text(column: &Column) -> bool {
    matches!(column.data_type, FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String)
}

/// What a list of an option says of a column; names are matched as Redshift folds them.
fn listed<'a, T>(list: &'a [(String, T)], column: &str) -> Option<&'a T> {
    list.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, value)| value)
}

/// The attributes with names as the columns have them: a session that keeps the case of names would
/// not find the columns otherwise.
fn stored(options: &CreateTable, columns: &[NewColumn]) -> CreateTable {
    let of = |name: &String| {
        let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        column.map_or_else(|| name.clone(), |column| column.name.clone())
    };
    let distribution = match &options.distribution {
        Distribution::Key(name) => Distribution::Key(of(name)),
        other => other.clone(),
    };
    let sort_key = options.sort_key.iter().map(of).collect();
    CreateTable { distribution, sort_key, ..options.clone() }
}

/// Refuses options that speak of columns which the created table would not have.
pub(super) fn check_names(options: &CreateTable, schema: &TableSchema) -> Result<()> {
    let find = |name: &str| schema.declared.iter().find(|it| it.name.eq_ignore_ascii_case(name));
    let mut problems = Vec::new();
    let mut check = |option: &str, name: &str, text: bool| match find(name) {
        None => problems.push(format!("'{option}' names {name}, which is not declared")),
        Some(column) if text && !is_text(column) => problems
            .push(format!("'{option}' gives {name} a width, and its type is {}", column.data_type)),
        Some(_) => {}
    };
    for name in &options.sort_key {
        check("sink.create-table.sort-key", name, false);
    }
    for (name, _) in &options.encodings {
        check("sink.create-table.encodings", name, false);
    }
    for (name, _) in &options.widths {
        check("sink.create-table.varchar-widths", name, true);
    }
    for (name, _) in &options.column_comments {
        check("sink.create-table.column-comments", name, false);
    }
    if let Distribution::Key(name) = &options.distribution {
        check("sink.create-table.distribution-key", name, false);
    }
    if problems.is_empty() {
        return Ok(());
    }
    let message =
        format!("the target cannot be created as it is asked for:\n  {}", problems.join("\n  "));
    Err(Error::new(ErrorKind::InvalidOptions, message).hint("name declared columns only"))
}

/// Refuses a table of more columns than Redshift holds, `also` those that the connector needs.
pub(super) fn check_count(columns: usize, also: usize, what: &str) -> Result<()> {
    let most = limits::TABLE_COLUMNS;
    if (columns + also) as u64 <= most {
        return Ok(());
    }
    let why = format!("{what} would have {} columns, and Redshift holds {most}", columns + also);
    Err(Error::new(ErrorKind::SchemaMismatch, why).with("limit", "columns per table"))
}
