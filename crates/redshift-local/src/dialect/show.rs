//! SHOW: lists of the catalog, written as queries, and settings.

use super::{
    action::{Action, Refusal},
    modelled, names,
    token::{Kind, Token},
    words::Words,
};

/// Redshift refuses longer answers to SHOW.
const LONGEST: i64 = 10_000;

/// Reads what follows SHOW.
pub(crate) fn parse(words: &mut Words<'_>) -> Result<Action, Refusal> {
    if words.take(&["databases"]) {
        modelled::statement("show databases")?;
        return listed(words, "show_databases", &[], "database_name", "database_name");
    }
    if words.take(&["schemas", "from", "database"]) {
        modelled::statement("show schemas")?;
        return listed(words, "show_schemas", &["database_name"], "schema_name", "schema_name");
    }
    if words.take(&["tables", "from", "schema"]) {
        modelled::statement("show tables")?;
        let columns = ["database_name", "schema_name"];
        return listed(words, "show_tables", &columns, "table_name", "table_name");
    }
    if words.take(&["columns", "from", "table"]) {
        modelled::statement("show columns")?;
        let columns = ["database_name", "schema_name", "table_name"];
        return listed(words, "show_columns", &columns, "column_name", "ordinal_position");
    }
    if words.take(&["constraints", "primary", "keys", "from", "table"]) {
        modelled::statement("show constraints primary")?;
        let columns = ["database_name", "schema_name", "table_name"];
        return listed(words, "show_primary_keys", &columns, "column_name", "key_seq");
    }
    setting(words)
}

/// A list: rows of a view whose first columns are the parts of the name that follows.
fn listed(
    words: &mut Words<'_>,
    view: &str,
    columns: &[&str],
    liked: &str,
    order: &str,
) -> Result<Action, Refusal> {
    let mut parts = Vec::new();
    if !columns.is_empty() {
        parts.push(part(words)?);
        while words.take_symbol(".") {
            parts.push(part(words)?);
        }
    }
    if parts.len() > columns.len() || (columns.len() == 3 && parts.len() < 2) {
        return Err(words.unexpected());
    }
    // What is left out comes first: the database.
    let given = &columns[columns.len() - parts.len()..];
    let mut conditions: Vec<_> =
        given.iter().zip(&parts).map(|(column, part)| format!("{column} = {part}")).collect();
    if words.take(&["like"]) {
        conditions.push(format!("{liked} LIKE {}", pattern(words)?));
    }
    let limit = match words.take(&["limit"]) {
        true => words.integer()?,
        false => LONGEST,
    };
    words.end()?;
    let filter = match conditions.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", conditions.join(" AND ")),
    };
    let sql = format!("SELECT * FROM redshift_sys.{view}{filter} ORDER BY {order} LIMIT {limit}");
    Ok(Action::Query { sql, reads: Vec::new(), leader_only: true })
}

/// One part of a name, as a value: a parameter may stand for it.
fn part(words: &mut Words<'_>) -> Result<String, Refusal> {
    match words.peek() {
        Some(Token { kind: Kind::Parameter(number), .. }) => {
            words.at += 1;
            Ok(format!("${number}"))
        }
        _ => Ok(names::literal(&words.name()?)),
    }
}

fn pattern(words: &mut Words<'_>) -> Result<String, Refusal> {
    match words.peek() {
        Some(Token { kind: Kind::Parameter(number), .. }) => {
            words.at += 1;
            Ok(format!("${number}"))
        }
        _ => Ok(names::literal(words.text()?)),
    }
}

fn setting(words: &mut Words<'_>) -> Result<Action, Refusal> {
    let lists = [
        "tables",
        "schemas",
        "columns",
        "constraints",
        "all",
        "grants",
        "procedures",
        "functions",
        "parameters",
        "table",
        "view",
        "external",
        "datashares",
        "model",
        "column",
    ];
    if lists.iter().any(|list| words.sees(&[list])) {
        return Err(Refusal::not_modelled("this form of SHOW"));
    }
    let name = if words.take(&["time", "zone"]) { "timezone".to_owned() } else { words.name()? };
    words.end()?;
    let read_only = ["server_version", "transaction_isolation"].contains(&name.as_str());
    match read_only || modelled::setting(&name).is_some() {
        true => Ok(Action::ShowSetting { name }),
        false => Err(unknown_setting(&name)),
    }
}

/// A setting that the stand-in does not know.
pub(crate) fn unknown_setting(name: &str) -> Refusal {
    Refusal::not_modelled(format!("setting {name}"))
}
