//! Tables that the connector creates: a missing target, and a session's staging table.

use std::fmt::Write;

use super::{
    ident::{Qualified, identifier, list},
    layout::{Layout, StageColumns},
    statement::Statement,
};
use crate::options::{CreateTable, Distribution};

/// A column of a table to be created: name, type as DDL spells it, and whether NULL is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewColumn {
    /// Name.
    pub name: String,
    /// Type.
    pub data_type: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
}

/// `CREATE TABLE IF NOT EXISTS …` for a missing target.
pub fn create_table(
    target: &Qualified,
    columns: &[NewColumn],
    primary_key: &[String],
    attributes: &CreateTable,
) -> Statement {
    let mut text = format!("CREATE TABLE IF NOT EXISTS {target} (");
    for (index, column) in columns.iter().enumerate() {
        let separator = if index > 0 { ", " } else { "" };
        let _ = write!(text, "{separator}{} {}", identifier(&column.name), column.data_type);
        let encoding = attributes.encodings.iter().find(|(name, _)| *name == column.name);
        if let Some((_, encoding)) = encoding {
            let _ = write!(text, " ENCODE {encoding}");
        }
        if !column.nullable {
            text.push_str(" NOT NULL");
        }
    }
    if !primary_key.is_empty() {
        let _ = write!(text, ", PRIMARY KEY ({})", names(primary_key));
    }
    text.push(')');
    match &attributes.distribution {
        Distribution::Auto => {}
        Distribution::Even => text.push_str(" DISTSTYLE EVEN"),
        Distribution::All => text.push_str(" DISTSTYLE ALL"),
        Distribution::Key(column) => {
            let _ = write!(text, " DISTSTYLE KEY DISTKEY ({})", identifier(column));
        }
    }
    if !attributes.sort_key.is_empty() {
        let _ = write!(text, " COMPOUND SORTKEY ({})", names(&attributes.sort_key));
    }
    Statement::new(text)
}

/// `CREATE TEMP TABLE …` that takes what the files hold: the target's widths, no NOT NULL, and
/// for a keyed load the kind and place of every change.
pub fn create_stage(stage: &str, layout: &Layout) -> Statement {
    let mut text = format!("CREATE TEMP TABLE {} (", identifier(stage));
    for (index, column) in layout.columns.iter().enumerate() {
        let separator = if index > 0 { ", " } else { "" };
        let _ = write!(text, "{separator}{} {}", identifier(&column.name), column.stage_type);
    }
    if layout.keyed() {
        for (name, data_type) in StageColumns::ALL {
            let _ = write!(text, ", {} {data_type}", identifier(name));
        }
    }
    text.push(')');
    Statement::new(text)
}

/// Drops a table of the session.
pub fn drop_table(table: &str) -> Statement {
    Statement::new(format!("DROP TABLE {}", identifier(table)))
}

/// The staging table's columns in the files' order.
pub(super) fn stage_names(layout: &Layout) -> String {
    let marks = if layout.keyed() { StageColumns::ALL } else { &[] };
    list("", layout.names().chain(marks.iter().map(|(name, _)| *name)))
}

fn names(columns: &[String]) -> String {
    list("", columns.iter().map(String::as_str))
}
