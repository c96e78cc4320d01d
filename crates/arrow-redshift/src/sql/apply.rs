//! From a staging table into the target, inside the commit's transaction.

use std::fmt::Write;

use super::{
    ident::{Qualified, identifier, list},
    layout::{Conversion, Layout, LoadColumn, StageColumns},
    statement::Statement,
};

/// `LOCK a, b`: in one statement and before anything that takes a snapshot.
pub fn lock(tables: &[&Qualified]) -> Statement {
    let names: Vec<String> = tables.iter().map(|table| table.to_string()).collect();
    Statement::new(format!("LOCK {}", names.join(", ")))
}

/// Empties the target. Never TRUNCATE, which commits.
pub fn overwrite(target: &Qualified) -> Statement {
    Statement::new(format!("DELETE FROM {target}"))
}

/// By which statements staged changes are applied by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applying {
    /// By those that serve every change: delete and insert, or delete, update and insert.
    Changes,
    /// The same where there is one change of each key: delete and insert.
    Folded,
    /// By MERGE, which serves upserts only.
    Merge,
}

impl Applying {
    /// Whether the last change of each key is collected in a table of its own first.
    fn collects(self, layout: &Layout) -> bool {
        layout.keyed() && (self == Applying::Merge || !layout.complete)
    }
}

/// Drops staging tables together with the transaction that used them.
pub fn drop_stage(stage: &str, layout: &Layout, applying: Applying) -> Statement {
    let mut text = format!("DROP TABLE {}", identifier(stage));
    if applying.collects(layout) {
        let _ = write!(text, ", {}", identifier(&last_table(stage)));
    }
    Statement::new(text)
}

/// Empties a staging table that serves the session's next transaction too. Never TRUNCATE, which
/// commits.
pub fn clear_stage(stage: &str, layout: &Layout, applying: Applying) -> Vec<Statement> {
    let mut statements = vec![Statement::new(format!("DELETE FROM {}", identifier(stage)))];
    if applying.collects(layout) {
        let last = identifier(&last_table(stage));
        statements.push(Statement::new(format!("DROP TABLE {last}")));
    }
    statements
}

/// Appends the staged rows.
pub fn insert_staged(target: &Qualified, stage: &str, layout: &Layout) -> Statement {
    Statement::new(format!(
        "INSERT INTO {target} ({}) SELECT {} FROM {}",
        list("", layout.names()),
        values("", layout),
        identifier(stage),
    ))
}

/// Applies staged changes by key: per key the last change wins, in the total order (checkpoint,
/// sequence, subtask).
///
/// Where every column of the target is written: delete the keys, insert the last rows. Else the
/// columns that are not written keep their values: delete, update, insert what is new.
pub fn apply_changes(target: &Qualified, stage: &str, layout: &Layout) -> Vec<Statement> {
    if layout.complete {
        vec![delete_keys(target, stage, layout), insert_last(target, stage, layout)]
    } else {
        let mut statements = vec![collect_last(stage, layout), delete_gone(target, stage, layout)];
        statements.extend(update_matched(target, stage, layout));
        statements.push(insert_new(target, stage, layout));
        statements
    }
}

/// Applies staged changes of which there is one for each key.
pub fn apply_folded(target: &Qualified, stage: &str, layout: &Layout) -> Vec<Statement> {
    let insert = Statement::new(format!(
        "INSERT INTO {target} ({}) SELECT {} FROM {} WHERE {} = 0",
        list("", layout.names()),
        values("", layout),
        identifier(stage),
        identifier(StageColumns::KIND),
    ));
    vec![delete_keys(target, stage, layout), insert]
}

fn delete_keys(target: &Qualified, stage: &str, layout: &Layout) -> Statement {
    Statement::new(format!(
        "DELETE FROM {target} USING {} WHERE {}",
        identifier(stage),
        same_key(&target.table, stage, layout),
    ))
}

fn insert_last(target: &Qualified, stage: &str, layout: &Layout) -> Statement {
    Statement::new(format!(
        "INSERT INTO {target} ({columns}) SELECT {values} FROM (SELECT {columns}, {kind}, {rank} \
         FROM {stage}) AS \"frc_changes\" WHERE \"frc_rank\" = 1 AND {kind} = 0",
        columns = list("", layout.names()),
        values = values("", layout),
        kind = identifier(StageColumns::KIND),
        rank = rank(layout),
        stage = identifier(stage),
    ))
}

/// The last change of every key, and whether the key was deleted on the way: a row that comes
/// back after a delete must not keep what the deleted one held in columns that are not written.
fn collect_last(stage: &str, layout: &Layout) -> Statement {
    Statement::new(format!(
        "CREATE TEMP TABLE {last} AS SELECT * FROM (SELECT {columns}, {kind}, {rank}, \
         MAX(CASE WHEN {kind} = 1 THEN 1 ELSE 0 END) OVER (PARTITION BY {keys}) AS \
         \"frc_deleted\" FROM {stage}) AS \"frc_changes\" WHERE \"frc_rank\" = 1",
        last = identifier(&last_table(stage)),
        columns = list("", layout.names()),
        kind = identifier(StageColumns::KIND),
        rank = rank(layout),
        keys = partition(layout),
        stage = identifier(stage),
    ))
}

fn delete_gone(target: &Qualified, stage: &str, layout: &Layout) -> Statement {
    let last = last_table(stage);
    Statement::new(format!(
        "DELETE FROM {target} USING {last} WHERE {keys} AND ({last}.\"frc_deleted\" = 1 OR \
         {last}.{kind} <> 0)",
        keys = same_key(&target.table, &last, layout),
        last = identifier(&last),
        kind = identifier(StageColumns::KIND),
    ))
}

fn update_matched(target: &Qualified, stage: &str, layout: &Layout) -> Option<Statement> {
    let last = last_table(stage);
    let prefix = format!("{}.", identifier(&last));
    let mut set = String::new();
    for column in layout.columns.iter().filter(|column| !column.key) {
        let separator = if set.is_empty() { "" } else { ", " };
        let _ = write!(set, "{separator}{} = {}", identifier(&column.name), value(&prefix, column));
    }
    (!set.is_empty()).then(|| {
        Statement::new(format!(
            "UPDATE {target} SET {set} FROM {last} WHERE {keys} AND {last}.{kind} = 0",
            keys = same_key(&target.table, &last, layout),
            last = identifier(&last),
            kind = identifier(StageColumns::KIND),
        ))
    })
}

fn insert_new(target: &Qualified, stage: &str, layout: &Layout) -> Statement {
    let last = last_table(stage);
    let prefix = format!("{}.", identifier(&last));
    let key = layout.columns.iter().find(|column| column.key).map_or("", |column| &column.name);
    Statement::new(format!(
        "INSERT INTO {target} ({columns}) SELECT {values} FROM {last} LEFT JOIN {target} ON {keys} \
         WHERE {table}.{key} IS NULL AND {last}.{kind} = 0",
        columns = list("", layout.names()),
        values = values(&prefix, layout),
        keys = same_key(&target.table, &last, layout),
        last = identifier(&last),
        table = identifier(&target.table),
        key = identifier(key),
        kind = identifier(StageColumns::KIND),
    ))
}

pub(super) fn last_table(stage: &str) -> String {
    format!("{stage}_last")
}

/// `ROW_NUMBER()` that is 1 for the last change of each key.
pub(super) fn rank(layout: &Layout) -> String {
    format!(
        "ROW_NUMBER() OVER (PARTITION BY {} ORDER BY {} DESC, {} DESC, {} DESC) AS \"frc_rank\"",
        partition(layout),
        identifier(StageColumns::CHECKPOINT),
        identifier(StageColumns::SEQUENCE),
        identifier(StageColumns::SUBTASK),
    )
}

/// The key as the target compares it: trailing blanks do not count. Comparisons ignore them by
/// themselves; for grouping it is said outright.
fn partition(layout: &Layout) -> String {
    let keys = layout.columns.iter().filter(|column| column.key).map(|column| {
        let name = identifier(&column.name);
        if column.text { format!("RTRIM({name})") } else { name }
    });
    keys.collect::<Vec<_>>().join(", ")
}

pub(super) fn same_key(target: &str, source: &str, layout: &Layout) -> String {
    let prefix = format!("{}.", identifier(source));
    let keys = layout.columns.iter().filter(|column| column.key).map(|column| {
        format!("{}.{} = {}", identifier(target), identifier(&column.name), value(&prefix, column))
    });
    keys.collect::<Vec<_>>().join(" AND ")
}

/// A staged column as the target holds it.
pub(super) fn value(prefix: &str, column: &LoadColumn) -> String {
    let name = identifier(&column.name);
    match column.conversion {
        Conversion::None => format!("{prefix}{name}"),
        Conversion::Utc => format!("({prefix}{name} AT TIME ZONE 'UTC')"),
        Conversion::Time => format!("CAST({prefix}{name} AS TIME)"),
        Conversion::Json => format!("JSON_PARSE({prefix}{name})"),
        Conversion::Hex => format!("FROM_HEX({prefix}{name})"),
    }
}

pub(super) fn values(prefix: &str, layout: &Layout) -> String {
    layout.columns.iter().map(|column| value(prefix, column)).collect::<Vec<_>>().join(", ")
}
