//! MERGE: from a staging table into the target where there are upserts only.
//!
//! In its sure form: the source is a table, has each key once (a key that came twice would be an
//! error, or two rows), and holds values as the target has them, so that the condition compares
//! columns and nothing else. Both clauses are there, in this order, and names that are set are
//! not qualified.

use super::{
    apply::{last_table, rank, same_key, value},
    ident::{Qualified, identifier, list},
    layout::{Conversion, Layout, LoadColumn},
    statement::Statement,
};

impl Layout {
    /// Whether MERGE can apply its changes: it has to set something, and not the key; and all values
    /// have to be the target's in the table before it, which digits of bytes are not.
    pub fn merges(&self) -> bool {
        let digits = self.columns.iter().any(|column| column.conversion == Conversion::Hex);
        self.keyed() && !digits && self.columns.iter().any(|column| !column.key)
    }
}

/// Applies staged upserts: per key the last one wins. Columns that are not written keep their
/// values.
pub fn merge(target: &Qualified, stage: &str, layout: &Layout) -> Vec<Statement> {
    vec![collect(stage, layout), merge_collected(target, stage, layout)]
}

/// The last upsert of every key, as the target holds it.
fn collect(stage: &str, layout: &Layout) -> Statement {
    let converted = |column: &LoadColumn| {
        let (value, name) = (value("", column), identifier(&column.name));
        if value == name { value } else { format!("{value} AS {name}") }
    };
    let values: Vec<String> = layout.columns.iter().map(converted).collect();
    Statement::new(format!(
        "CREATE TEMP TABLE {last} AS SELECT {values} FROM (SELECT {columns}, {rank} FROM {stage}) \
         AS \"frc_changes\" WHERE \"frc_rank\" = 1",
        last = identifier(&last_table(stage)),
        values = values.join(", "),
        columns = list("", layout.names()),
        rank = rank(layout),
        stage = identifier(stage),
    ))
}

fn merge_collected(target: &Qualified, stage: &str, layout: &Layout) -> Statement {
    let last = last_table(stage);
    let prefix = format!("{}.", identifier(&last));
    // What was collected is converted already.
    let collected = layout.converted();
    let set = layout.columns.iter().filter(|column| !column.key);
    let set = set.map(|column| {
        let name = identifier(&column.name);
        format!("{name} = {prefix}{name}")
    });
    Statement::new(format!(
        "MERGE INTO {target} USING {last} ON {keys} WHEN MATCHED THEN UPDATE SET {set} WHEN NOT \
         MATCHED THEN INSERT ({columns}) VALUES ({values})",
        last = identifier(&last),
        keys = same_key(&target.table, &last, &collected),
        set = set.collect::<Vec<_>>().join(", "),
        columns = list("", layout.names()),
        values = list(&prefix, layout.names()),
    ))
}
