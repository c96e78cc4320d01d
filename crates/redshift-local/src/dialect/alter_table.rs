//! ALTER TABLE: one change in one statement.

use super::{
    action::{Action, Refusal, Relation},
    check, column, modelled, names, types,
    words::Words,
};
use crate::copy::target::ColumnType;

/// Reads what follows ALTER TABLE.
pub(crate) fn parse(words: &mut Words<'_>) -> Result<Action, Refusal> {
    modelled::statement("alter table")?;
    let relation = words.relation()?;
    check::user_table(&relation)?;
    let table = names::quote_relation(&relation);
    let (sql, not_in_block) = if words.take(&["rename"]) {
        (rename(words, &table)?, false)
    } else if words.take(&["add"]) {
        (add(words, &table)?, false)
    } else if words.take(&["drop"]) {
        (drop_column(words, &table)?, false)
    } else if words.take(&["alter"]) {
        (alter(words, &table)?, true)
    } else {
        return Err(Refusal::not_modelled("this form of ALTER TABLE"));
    };
    if words.peek().is_some_and(|token| token.is_symbol(",")) {
        return Err(Refusal::new(
            "42601",
            "only one change is allowed in one ALTER TABLE statement",
        ));
    }
    words.end()?;
    Ok(define(sql, relation, not_in_block))
}

fn define(sql: String, relation: Relation, not_in_block: bool) -> Action {
    Action::Define {
        sql,
        relations: vec![relation],
        creates: false,
        tag: "ALTER TABLE",
        not_in_block,
    }
}

fn rename(words: &mut Words<'_>, table: &str) -> Result<String, Refusal> {
    if words.take(&["to"]) {
        return Ok(format!("ALTER TABLE {table} RENAME TO {}", names::quote(&words.name()?)));
    }
    words.take(&["column"]);
    let from = names::quote(&words.name()?);
    words.expect("to")?;
    Ok(format!("ALTER TABLE {table} RENAME COLUMN {from} TO {}", names::quote(&words.name()?)))
}

fn add(words: &mut Words<'_>, table: &str) -> Result<String, Refusal> {
    for constraint in ["constraint", "primary", "unique", "foreign"] {
        if words.sees(&[constraint]) {
            return Err(Refusal::not_modelled("ALTER TABLE ADD constraint"));
        }
    }
    words.take(&["column"]);
    if words.sees(&["if", "not", "exists"]) {
        return Err(Refusal::syntax("NOT"));
    }
    let column = column::parse(words)?;
    if column.distkey || column.sortkey != 0 || column.key.is_some() || column.identity.is_some() {
        return Err(Refusal::unsupported(
            "ADD COLUMN cannot have DISTKEY, SORTKEY, IDENTITY or a key constraint",
        ));
    }
    if column.not_null && column.default.is_none() {
        return Err(Refusal::unsupported(
            "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression",
        ));
    }
    let constraint = column.constraint().map(|c| format!(", ADD {c}")).unwrap_or_default();
    let ddl = format!("ALTER TABLE {table} ADD COLUMN {}{constraint}", column.definition());
    Ok(format!(
        "CALL redshift_sys.add_column({}, {}, {}, {}::jsonb)",
        names::literal(table),
        names::literal(&ddl),
        names::literal(&column.name),
        names::literal(&column.spec().to_string())
    ))
}

fn drop_column(words: &mut Words<'_>, table: &str) -> Result<String, Refusal> {
    if words.sees(&["constraint"]) {
        return Err(Refusal::not_modelled("ALTER TABLE DROP CONSTRAINT"));
    }
    words.take(&["column"]);
    let name = words.name()?;
    let behaviour = if words.take(&["cascade"]) { " CASCADE" } else { "" };
    words.take(&["restrict"]);
    let ddl = format!("ALTER TABLE {table} DROP COLUMN {}{behaviour}", names::quote(&name));
    Ok(format!(
        "CALL redshift_sys.drop_column({}, {}, {})",
        names::literal(table),
        names::literal(&ddl),
        names::literal(&name)
    ))
}

/// ALTER COLUMN … TYPE: VARCHAR only.
fn alter(words: &mut Words<'_>, table: &str) -> Result<String, Refusal> {
    for attribute in ["distkey", "diststyle", "sortkey", "compound", "interleaved", "encode"] {
        if words.sees(&[attribute]) {
            return Err(Refusal::not_modelled(format!("ALTER TABLE ALTER {attribute}")));
        }
    }
    words.take(&["column"]);
    let name = words.name()?;
    if !words.take(&["type"]) {
        return Err(Refusal::not_modelled("this form of ALTER COLUMN"));
    }
    let column_type = types::parse(words)?;
    let ColumnType::VarChar(_) = column_type else {
        return Err(Refusal::unsupported(format!(
            "cannot alter type of column \"{name}\": only the size of a VARCHAR column can change"
        )));
    };
    let quoted = names::quote(&name);
    let ddl =
        format!("ALTER TABLE {table} ALTER COLUMN {quoted} TYPE {}", types::storage(column_type));
    Ok(format!(
        "CALL redshift_sys.widen_column({}, {}, {})",
        names::literal(table),
        names::literal(&ddl),
        names::literal(&name)
    ))
}
