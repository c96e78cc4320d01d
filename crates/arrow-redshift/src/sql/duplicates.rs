//! Keys that have more than one row in the target already, among those that a commit changes.

use super::{
    apply::{same_key, value},
    ident::{Qualified, identifier, list},
    layout::{Conversion, Layout, LoadColumn},
    statement::Statement,
};

const KEYS: &str = "frc_keys";
const TWICE: &str = "frc_twice";
const ONE: &str = "frc_one";

/// How many they are.
pub fn count_duplicates(target: &Qualified, stage: &str, layout: &Layout) -> Statement {
    Statement::new(format!(
        "SELECT COUNT(*) FROM ({}) AS \"frc_duplicates\"",
        duplicates(target, stage, layout)
    ))
}

/// Leaves one row of each, whichever it is; `columns` are all of the target's.
pub fn clean_duplicates(
    target: &Qualified,
    columns: &[&str],
    stage: &str,
    layout: &Layout,
) -> Vec<Statement> {
    let columns = || columns.iter().copied();
    let (twice, one) = (identifier(TWICE), identifier(ONE));
    let keys = list(&format!("{twice}."), names(layout));
    let same = same_key(&target.table, TWICE, &layout.converted());
    let statements = [
        format!("CREATE TEMP TABLE {twice} AS {}", duplicates(target, stage, layout)),
        format!(
            "CREATE TEMP TABLE {one} AS SELECT {all} FROM (SELECT {of_target}, ROW_NUMBER() OVER \
             (PARTITION BY {keys} ORDER BY {keys}) AS \"frc_rank\" FROM {target} JOIN {twice} ON \
             {same}) AS \"frc_rows\" WHERE \"frc_rank\" = 1",
            all = list("", columns()),
            of_target = list(&format!("{}.", identifier(&target.table)), columns()),
        ),
        format!("DELETE FROM {target} USING {twice} WHERE {same}"),
        format!("INSERT INTO {target} ({all}) SELECT {all} FROM {one}", all = list("", columns())),
        format!("DROP TABLE {twice}, {one}"),
    ];
    statements.map(Statement::new).into()
}

/// The keys, as the target compares them.
fn duplicates(target: &Qualified, stage: &str, layout: &Layout) -> String {
    let keys: Vec<&LoadColumn> = layout.columns.iter().filter(|column| column.key).collect();
    let values: Vec<String> = keys.iter().map(|column| compared(column)).collect();
    let named = keys.iter().zip(&values).map(|(column, value)| {
        let name = identifier(&column.name);
        if *value == name { name } else { format!("{value} AS {name}") }
    });
    let grouped = list(&format!("{}.", identifier(KEYS)), names(layout));
    format!(
        "SELECT {grouped} FROM (SELECT {named} FROM {stage} GROUP BY {values}) AS {known} JOIN \
         {target} ON {same} GROUP BY {grouped} HAVING COUNT(*) > 1",
        named = named.collect::<Vec<_>>().join(", "),
        stage = identifier(stage),
        values = values.join(", "),
        known = identifier(KEYS),
        same = same_key(&target.table, KEYS, &layout.converted()),
    )
}

/// A staged key in the one spelling that stands for all of them. Text has a width of its own then,
/// since that of what a function gives is the server's choice.
fn compared(column: &LoadColumn) -> String {
    let value = match column.conversion {
        Conversion::Hex => identifier(&column.name),
        _ => value("", column),
    };
    match column.text {
        true => format!("CAST(RTRIM({value}) AS {})", column.stage_type),
        false => value,
    }
}

fn names(layout: &Layout) -> impl Iterator<Item = &str> {
    layout.columns.iter().filter(|column| column.key).map(|column| column.name.as_str())
}
