//! Tables that the connector creates: a missing target, and a session's staging table; and what it
//! adds to a target that lacks something declared.

use std::fmt::Write;

use super::{
    ident::{Qualified, identifier, list, literal},
    layout::{Layout, StageColumns},
    statement::Statement,
};
use crate::options::{CreateTable, Distribution};

/// A column to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewColumn {
    /// Name.
    pub name: String,
    /// Type, as DDL spells it.
    pub data_type: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Encoding; `None` leaves it to Redshift.
    pub encoding: Option<String>,
    /// Comment.
    pub comment: Option<String>,
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
        let _ = write!(text, "{separator}{}", definition(column));
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

/// `ALTER TABLE … ADD COLUMN …`: NULL in the rows that are there. Redshift adds one at a time.
pub fn add_column(target: &Qualified, column: &NewColumn) -> Statement {
    Statement::new(format!("ALTER TABLE {target} ADD COLUMN {}", definition(column)))
}

/// `ALTER TABLE … ALTER COLUMN … TYPE VARCHAR(n)`, which Redshift refuses in a transaction block.
pub fn resize_column(target: &Qualified, column: &str, bytes: u32) -> Statement {
    let column = identifier(column);
    Statement::new(format!("ALTER TABLE {target} ALTER COLUMN {column} TYPE VARCHAR({bytes})"))
}

/// `COMMENT ON TABLE …`
pub fn comment_on_table(target: &Qualified, comment: &str) -> Statement {
    Statement::new(format!("COMMENT ON TABLE {target} IS {}", text(comment)))
}

/// `COMMENT ON COLUMN …`
pub fn comment_on_column(target: &Qualified, column: &str, comment: &str) -> Statement {
    let column = identifier(column);
    Statement::new(format!("COMMENT ON COLUMN {target}.{column} IS {}", text(comment)))
}

/// A comment as a literal; no statement can hold a NUL character.
fn text(comment: &str) -> String {
    literal(&comment.replace('\0', ""))
}

fn definition(column: &NewColumn) -> String {
    let mut text = format!("{} {}", identifier(&column.name), column.data_type);
    if let Some(encoding) = &column.encoding {
        let _ = write!(text, " ENCODE {encoding}");
    }
    text
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
