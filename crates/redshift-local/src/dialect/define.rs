//! The smaller definitions: schemas, DROP, COMMENT, GRANT and REVOKE, ANALYZE and VACUUM.

use super::{
    action::{Action, Refusal, Relation},
    check, modelled, names,
    words::Words,
};

fn defined(sql: String, relations: Vec<Relation>, tag: &'static str) -> Action {
    Action::Define { sql, relations, creates: false, tag, not_in_block: false }
}

/// Reads what follows CREATE SCHEMA.
pub(crate) fn create_schema(words: &mut Words<'_>) -> Result<Action, Refusal> {
    modelled::statement("create schema")?;
    let if_not_exists = if words.take(&["if", "not", "exists"]) { "IF NOT EXISTS " } else { "" };
    let schema = words.name()?;
    check::user_schema(&schema)?;
    let owner = match words.take(&["authorization"]) {
        true => format!(" AUTHORIZATION {}", names::quote(&words.name()?)),
        false => String::new(),
    };
    if words.take(&["quota"]) && !words.take(&["unlimited"]) {
        words.integer()?;
        if !["mb", "gb", "tb"].into_iter().any(|unit| words.take(&[unit])) {
            return Err(words.unexpected());
        }
    }
    words.end()?;
    let sql = format!("CREATE SCHEMA {if_not_exists}{}{owner}", names::quote(&schema));
    Ok(defined(sql, Vec::new(), "CREATE SCHEMA"))
}

/// Reads what follows DROP.
pub(crate) fn drop(words: &mut Words<'_>) -> Result<Action, Refusal> {
    let (kind, tag) = if words.take(&["table"]) {
        modelled::statement("drop table")?;
        ("TABLE", "DROP TABLE")
    } else if words.take(&["schema"]) {
        modelled::statement("drop schema")?;
        ("SCHEMA", "DROP SCHEMA")
    } else {
        return Err(Refusal::not_modelled("this kind of DROP"));
    };
    let if_exists = if words.take(&["if", "exists"]) { "IF EXISTS " } else { "" };
    let relations = words.relations()?;
    let behaviour = if words.take(&["cascade"]) { " CASCADE" } else { "" };
    words.take(&["restrict"]);
    words.end()?;
    for relation in &relations {
        match kind {
            "TABLE" => check::user_table(relation)?,
            _ if relation.schema.is_some() => return Err(Refusal::syntax(".")),
            _ => check::user_schema(&relation.name)?,
        }
    }
    let list: Vec<_> = relations.iter().map(names::quote_relation).collect();
    let sql = format!("DROP {kind} {if_exists}{}{behaviour}", list.join(", "));
    Ok(defined(sql, if kind == "TABLE" { relations } else { Vec::new() }, tag))
}

/// Reads what follows COMMENT.
pub(crate) fn comment(words: &mut Words<'_>) -> Result<Action, Refusal> {
    words.expect("on")?;
    let object = if words.take(&["table"]) {
        let relation = words.relation()?;
        check::user_table(&relation)?;
        format!("TABLE {}", names::quote_relation(&relation))
    } else if words.take(&["column"]) {
        let mut parts = vec![words.name()?];
        while words.take_symbol(".") {
            parts.push(words.name()?);
        }
        let parts: Vec<_> = parts.iter().map(|part| names::quote(part)).collect();
        format!("COLUMN {}", parts.join("."))
    } else {
        return Err(Refusal::not_modelled("COMMENT on anything but tables and columns"));
    };
    words.expect("is")?;
    let text = match words.take(&["null"]) {
        true => "NULL".to_owned(),
        false => names::literal(words.text()?),
    };
    words.end()?;
    Ok(defined(format!("COMMENT ON {object} IS {text}"), Vec::new(), "COMMENT"))
}

/// Privileges of tables that PostgreSQL has too.
const TABLE_PRIVILEGES: &[&str] = &["select", "insert", "update", "delete", "references"];
/// Privileges of schemas.
const SCHEMA_PRIVILEGES: &[&str] = &["create", "usage"];

/// Privileges of databases.
const DATABASE_PRIVILEGES: &[&str] = &["create", "temp", "temporary"];

/// Reads what follows GRANT (`grants`) or REVOKE.
pub(crate) fn privileges(words: &mut Words<'_>, grants: bool) -> Result<Action, Refusal> {
    let mut wanted = Vec::new();
    let all = words.take(&["all"]);
    if all {
        words.take(&["privileges"]);
    } else {
        loop {
            let known = TABLE_PRIVILEGES.iter().chain(SCHEMA_PRIVILEGES).chain(DATABASE_PRIVILEGES);
            match known.into_iter().find(|privilege| words.take(&[**privilege])) {
                Some(privilege) => wanted.push(*privilege),
                None => return Err(Refusal::not_modelled("this form of GRANT and REVOKE")),
            }
            if !words.take_symbol(",") {
                break;
            }
        }
    }
    words.expect("on")?;
    let (object, allowed) = object(words)?;
    if let Some(other) = wanted.iter().find(|privilege| !allowed.contains(privilege)) {
        return Err(Refusal::new("0LP01", format!("invalid privilege type {other}")));
    }
    words.expect(if grants { "to" } else { "from" })?;
    let grantees = grantees(words)?;
    words.end()?;
    let wanted = if all { "ALL".to_owned() } else { wanted.join(", ") };
    let (verb, link) = if grants { ("GRANT", "TO") } else { ("REVOKE", "FROM") };
    let sql = format!("{verb} {wanted} ON {object} {link} {grantees}");
    Ok(defined(sql, Vec::new(), verb))
}

fn object(words: &mut Words<'_>) -> Result<(String, &'static [&'static str]), Refusal> {
    if words.take(&["database"]) {
        let name = words.name()?;
        return Ok((format!("DATABASE {}", names::quote(&name)), DATABASE_PRIVILEGES));
    }
    if words.take(&["schema"]) {
        let name = words.name()?;
        check::user_schema(&name)?;
        return Ok((format!("SCHEMA {}", names::quote(&name)), SCHEMA_PRIVILEGES));
    }
    if words.take(&["all", "tables", "in", "schema"]) {
        let name = words.name()?;
        check::user_schema(&name)?;
        return Ok((format!("ALL TABLES IN SCHEMA {}", names::quote(&name)), TABLE_PRIVILEGES));
    }
    words.take(&["table"]);
    let relations = words.relations()?;
    for relation in &relations {
        check::user_table(relation)?;
    }
    let list: Vec<_> = relations.iter().map(names::quote_relation).collect();
    Ok((list.join(", "), TABLE_PRIVILEGES))
}

fn grantees(words: &mut Words<'_>) -> Result<String, Refusal> {
    let mut list = Vec::new();
    loop {
        if words.sees(&["group"]) || words.sees(&["role"]) {
            return Err(Refusal::not_modelled("privileges of groups and roles"));
        }
        list.push(match words.take(&["public"]) {
            true => "PUBLIC".to_owned(),
            false => names::quote(&words.name()?),
        });
        if !words.take_symbol(",") {
            return Ok(list.join(", "));
        }
    }
}

/// Reads what follows ANALYZE.
pub(crate) fn analyze(words: &mut Words<'_>) -> Result<Action, Refusal> {
    words.take(&["verbose"]);
    if words.sees(&["compression"]) {
        return Err(Refusal::not_modelled("ANALYZE COMPRESSION"));
    }
    maintained(words, "ANALYZE", false)
}

/// Reads what follows VACUUM.
pub(crate) fn vacuum(words: &mut Words<'_>) -> Result<Action, Refusal> {
    let kinds: [&[&str]; 5] =
        [&["full"], &["reindex"], &["recluster"], &["sort", "only"], &["delete", "only"]];
    let _ = kinds.into_iter().any(|kind| words.take(kind));
    maintained(words, "VACUUM", true)
}

/// A table that must be there, if one is named; nothing is done to it that a client could see.
fn maintained(
    words: &mut Words<'_>,
    tag: &'static str,
    not_in_block: bool,
) -> Result<Action, Refusal> {
    let mut relations = Vec::new();
    if !words.is_at_end() && !words.sees(&["predicate"]) {
        let relation = words.relation()?;
        check::user_table(&relation)?;
        relations.push(relation);
        if words.peek().is_some_and(|token| token.is_symbol("(")) {
            words.names()?;
        }
    }
    let columns = words.take(&["predicate", "columns"]) || words.take(&["all", "columns"]);
    if !columns && words.take(&["to"]) {
        words.integer()?;
        words.expect("percent")?;
    }
    words.take(&["boost"]);
    words.end()?;
    let analyzed = |relation| format!("ANALYZE {}", names::quote_relation(relation));
    let sql = relations.first().map(analyzed).unwrap_or_default();
    Ok(Action::Define { sql, relations, creates: false, tag, not_in_block })
}
