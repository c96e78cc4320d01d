//! CREATE TABLE and CREATE TABLE AS: Redshift's attributes, which no parser of others knows.

use serde_json::{Value, json};

use super::{
    action::{Action, Refusal, Relation},
    check::{self, Check},
    column::{self, Column},
    modelled, names,
    token::{Kind, Token},
    words::Words,
};
use crate::copy::target::ColumnType;

/// What a CREATE TABLE says of the table as a whole.
#[derive(Default)]
struct Table {
    items: Vec<String>,
    columns: Vec<Column>,
    keys: Vec<Value>,
    like: Option<(Relation, bool)>,
    diststyle: Option<&'static str>,
    distkey: Option<String>,
    sortstyle: Option<&'static str>,
    sortkey: Vec<String>,
    backup: Option<bool>,
}

/// Reads what follows CREATE, from LOCAL, TEMPORARY or TABLE on.
pub(crate) fn parse(words: &mut Words<'_>) -> Result<Action, Refusal> {
    words.take(&["local"]);
    let temporary = words.take(&["temporary"]) || words.take(&["temp"]);
    words.expect("table")?;
    let if_not_exists = words.take(&["if", "not", "exists"]);
    let named_temporary =
        matches!(words.peek(), Some(Token { kind: Kind::Word(w), .. }) if w.starts_with('#'));
    let relation = words.relation()?;
    let temporary = temporary || named_temporary;
    if temporary && relation.schema.is_some() {
        return Err(Refusal::new(
            "42P16",
            "cannot create temporary relation in non-temporary schema",
        ));
    }
    check::user_table(&relation)?;
    let head = Head { relation, temporary, if_not_exists };
    if is_query_ahead(words) {
        return as_query(words, head);
    }
    modelled::statement("create table")?;
    let mut table = Table::default();
    words.expect_symbol("(")?;
    loop {
        item(words, &mut table)?;
        if !words.take_symbol(",") {
            break;
        }
    }
    words.expect_symbol(")")?;
    attributes(words, &mut table)?;
    words.end()?;
    define(head, table)
}

struct Head {
    relation: Relation,
    temporary: bool,
    if_not_exists: bool,
}

/// Whether AS and a query come: after the name, its columns' names and the attributes.
fn is_query_ahead(words: &Words<'_>) -> bool {
    let mut depth = 0;
    words.rest().iter().any(|token| {
        depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
        depth == 0 && token.is_word("as")
    })
}

fn item(words: &mut Words<'_>, table: &mut Table) -> Result<(), Refusal> {
    if words.take(&["like"]) {
        return like(words, table);
    }
    let named = words.sees(&["constraint"]).then(|| {
        words.at += 1;
        words.name()
    });
    let name = named.transpose()?;
    if words.sees(&["primary"]) || words.sees(&["unique"]) || words.sees(&["foreign"]) {
        let key = table_key(words, name)?;
        if key["kind"] == "p" {
            require_values(table, &key)?;
        }
        table.keys.push(key);
        return Ok(());
    }
    if name.is_some() || words.sees(&["check"]) || words.sees(&["exclude"]) {
        return Err(Refusal::unsupported("CHECK and EXCLUDE constraints are not supported"));
    }
    let column = column::parse(words)?;
    if let Some(key) = &column.key {
        table.keys.push(key.clone());
    }
    table.columns.push(column);
    Ok(())
}

/// A primary key's columns take no NULL.
fn require_values(table: &mut Table, key: &Value) -> Result<(), Refusal> {
    for name in key["columns"].as_array().into_iter().flatten() {
        let column = table.columns.iter_mut().find(|c| Some(c.name.as_str()) == name.as_str());
        match column {
            Some(column) => column.not_null = true,
            None => {
                return Err(Refusal::new(
                    "42703",
                    format!(
                        "column \"{}\" named in key does not exist",
                        name.as_str().unwrap_or("")
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn like(words: &mut Words<'_>, table: &mut Table) -> Result<(), Refusal> {
    let parent = words.relation()?;
    check::user_table(&parent)?;
    let defaults = words.take(&["including", "defaults"]);
    if !defaults {
        words.take(&["excluding", "defaults"]);
    }
    if table.like.is_some() {
        return Err(Refusal::not_modelled("LIKE twice in one CREATE TABLE"));
    }
    let including = if defaults { " INCLUDING DEFAULTS" } else { "" };
    let parent_name = names::quote_relation(&parent);
    table.items.push(format!("LIKE {parent_name} INCLUDING CONSTRAINTS{including}"));
    table.like = Some((parent, defaults));
    Ok(())
}

/// PRIMARY KEY, UNIQUE or FOREIGN KEY of the table: recorded, never enforced.
fn table_key(words: &mut Words<'_>, name: Option<String>) -> Result<Value, Refusal> {
    if words.take(&["primary", "key"]) {
        let columns = words.names()?;
        return Ok(json!({"kind": "p", "name": name, "suffix": "_pkey", "columns": columns}));
    }
    if words.take(&["unique"]) {
        let columns = words.names()?;
        let suffix = format!("_{}_key", columns.join("_"));
        return Ok(json!({"kind": "u", "name": name, "suffix": suffix, "columns": columns}));
    }
    words.expect("foreign")?;
    words.expect("key")?;
    let columns = words.names()?;
    words.expect("references")?;
    column::reference(words, name, columns)
}

/// What follows the columns: BACKUP, DISTSTYLE, DISTKEY, SORTKEY, ENCODE AUTO, in any order.
fn attributes(words: &mut Words<'_>, table: &mut Table) -> Result<(), Refusal> {
    loop {
        if words.take(&["backup"]) {
            table.backup = Some(yes_or_no(words)?);
        } else if words.take(&["diststyle"]) {
            table.diststyle = Some(diststyle(words)?);
        } else if words.take(&["distkey"]) {
            words.expect_symbol("(")?;
            table.distkey = Some(words.name()?);
            words.expect_symbol(")")?;
        } else if words.take(&["encode", "auto"]) || words.take(&["sortkey", "auto"]) {
            continue;
        } else if words.sees(&["compound"])
            || words.sees(&["interleaved"])
            || words.sees(&["sortkey"])
        {
            table.sortstyle = Some(match words.take(&["interleaved"]) {
                true => "INTERLEAVED",
                false => "COMPOUND",
            });
            words.take(&["compound"]);
            words.expect("sortkey")?;
            table.sortkey = words.names()?;
        } else {
            return Ok(());
        }
    }
}

fn yes_or_no(words: &mut Words<'_>) -> Result<bool, Refusal> {
    match (words.take(&["yes"]), words.take(&["no"])) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(words.unexpected()),
    }
}

fn diststyle(words: &mut Words<'_>) -> Result<&'static str, Refusal> {
    ["AUTO", "EVEN", "KEY", "ALL"]
        .into_iter()
        .find(|style| words.take(&[*style]))
        .ok_or_else(|| words.unexpected())
}

/// Puts the table's keys on its columns, checks them, and writes the statement.
fn define(head: Head, mut table: Table) -> Result<Action, Refusal> {
    if table.like.is_some()
        && (table.distkey.is_some() || table.diststyle.is_some() || table.sortstyle.is_some())
    {
        return Err(Refusal::new(
            "42601",
            "LIKE cannot be used with distribution or sort attributes",
        ));
    }
    place_keys(&mut table)?;
    let mut items = std::mem::take(&mut table.items);
    items.extend(table.columns.iter().flat_map(Column::items));
    let kind = if head.temporary { "TEMPORARY TABLE" } else { "TABLE" };
    let ddl =
        format!("CREATE {kind} {} ({})", names::quote_relation(&head.relation), items.join(", "));
    Ok(created(head, ddl, None, &table))
}

fn place_keys(table: &mut Table) -> Result<(), Refusal> {
    let missing = |name: &str| {
        Refusal::new("42703", format!("column \"{name}\" named in key does not exist"))
    };
    if let Some(name) = table.distkey.clone() {
        let column = table.columns.iter_mut().find(|column| column.name == name);
        column.ok_or_else(|| missing(&name))?.distkey = true;
    }
    for (place, name) in table.sortkey.clone().iter().enumerate() {
        let interleaved = table.sortstyle == Some("INTERLEAVED") && place % 2 == 1;
        let place = place as i32 + 1;
        let column = table.columns.iter_mut().find(|column| column.name == *name);
        column.ok_or_else(|| missing(name))?.sortkey = if interleaved { -place } else { place };
    }
    let keyed = |column: &&Column| column.distkey || column.sortkey != 0;
    if let Some(column) =
        table.columns.iter().filter(keyed).find(|c| c.column_type == ColumnType::Super)
    {
        return Err(Refusal::unsupported(format!(
            "column \"{}\" of type super cannot be a DISTKEY or SORTKEY",
            column.name
        )));
    }
    let distkeys = table.columns.iter().filter(|column| column.distkey).count();
    if distkeys > 1 {
        return Err(Refusal::new("42601", "multiple DISTKEY columns are not allowed"));
    }
    if distkeys == 1 {
        match table.diststyle {
            None | Some("KEY") => table.diststyle = Some("KEY"),
            Some(other) => {
                return Err(Refusal::new(
                    "42601",
                    format!("DISTSTYLE {other} cannot be combined with a DISTKEY"),
                ));
            }
        }
    } else if table.diststyle == Some("KEY") {
        return Err(Refusal::new("42601", "DISTSTYLE KEY requires a DISTKEY column"));
    }
    if table.sortstyle.is_none() && table.columns.iter().any(|column| column.sortkey != 0) {
        table.sortstyle = Some("COMPOUND");
    }
    Ok(())
}

/// The call that creates the table, fills it from a query if there is one, and records it.
fn created(head: Head, ddl: String, query: Option<String>, table: &Table) -> Action {
    let Head { relation, temporary, if_not_exists } = head;
    let like = table.like.as_ref().map(
        |(parent, defaults)| json!({"table": names::quote_relation(parent), "defaults": defaults}),
    );
    let spec = json!({
        "columns": table.columns.iter().map(Column::spec).collect::<Vec<_>>(),
        "keys": table.keys,
        "like": like,
        "diststyle": table.diststyle,
        "sortstyle": table.sortstyle,
        "backup": table.backup,
    });
    let schema = relation.schema.as_deref().map_or("NULL".into(), names::literal);
    let tag = if query.is_some() { "SELECT" } else { "CREATE TABLE" };
    let sql = format!(
        "CALL redshift_sys.create_table({schema}, {}, {temporary}, {if_not_exists}, {}, {}, \
         {}::jsonb)",
        names::literal(&relation.name),
        names::literal(&ddl),
        query.as_deref().map_or("NULL".into(), names::literal),
        names::literal(&spec.to_string()),
    );
    Action::Define { sql, relations: vec![relation], creates: true, tag, not_in_block: false }
}

/// CREATE TABLE … AS query.
fn as_query(words: &mut Words<'_>, head: Head) -> Result<Action, Refusal> {
    modelled::statement("create table as")?;
    if head.if_not_exists {
        return Err(Refusal::not_modelled("CREATE TABLE IF NOT EXISTS … AS"));
    }
    let columns = match words.peek().is_some_and(|token| token.is_symbol("(")) {
        true => format!(
            " ({})",
            words.names()?.iter().map(|name| names::quote(name)).collect::<Vec<_>>().join(", ")
        ),
        false => String::new(),
    };
    let mut table = Table::default();
    attributes(words, &mut table)?;
    if table.distkey.is_some() || table.sortstyle.is_some() {
        return Err(Refusal::not_modelled("DISTKEY and SORTKEY in CREATE TABLE AS"));
    }
    words.expect("as")?;
    let mut query = words.rest();
    if query.first().is_some_and(|t| t.is_symbol("("))
        && query.last().is_some_and(|t| t.is_symbol(")"))
    {
        query = &query[1..query.len() - 1];
    }
    let mut check = Check::new(words.settings);
    let query = super::statement::query(&mut check, query)?;
    check.settle(true)?;
    if check.has_parameters {
        return Err(Refusal::unsupported("parameters are not supported in CREATE TABLE AS"));
    }
    let kind = if head.temporary { "TEMPORARY TABLE" } else { "TABLE" };
    let name = names::quote_relation(&head.relation);
    let ddl = format!("CREATE {kind} {name} (LIKE pg_temp.redshift_as)");
    Ok(created(head, ddl, Some(format!("{columns} AS {query}")), &table))
}

/// The CHECK that keeps a column to what Redshift stores and PostgreSQL's type does not, if any.
pub(crate) fn bound(name: &str, column_type: ColumnType) -> Option<String> {
    let quoted = names::quote(name);
    match column_type {
        // CHAR holds single-byte characters, blank-padded to its width.
        ColumnType::Char(width) => {
            Some(format!("CHECK (pg_catalog.octet_length({quoted}) = {width})"))
        }
        // Bytes are stored as their digits.
        ColumnType::VarByte(_) => {
            Some(format!("CHECK ({quoted}::text ~ '^(?:[0-9A-Fa-f]{{2}})*$')"))
        }
        ColumnType::Decimal(19, scale) => Some(format!(
            "CHECK (pg_catalog.abs({quoted}) <= 9223372036854775807 * 1e-{scale}::numeric)"
        )),
        _ => None,
    }
}
