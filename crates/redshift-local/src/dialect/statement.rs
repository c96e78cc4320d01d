//! One statement: which kind it is, and who reads it.

use sqlparser::ast::{Query, SetExpr, Statement};

use super::{
    action::{Action, Refusal, Settings},
    alter_table, change,
    check::{Check, Written},
    control, create_table, define, modelled, parse, show,
    token::{Kind, Token},
    words::Words,
};

/// Statements that Redshift itself does not have, in its words as far as they are known.
const UNSUPPORTED: &[(&[&str], &str)] = &[
    (&["savepoint"], "SQL command \"SAVEPOINT\" not supported."),
    (&["release"], "SQL command \"RELEASE\" not supported."),
    (&["listen"], "SQL command \"LISTEN\" not supported."),
    (&["notify"], "SQL command \"NOTIFY\" not supported."),
    (&["unlisten"], "SQL command \"UNLISTEN\" not supported."),
    (&["create", "index"], "SQL command \"CREATE INDEX\" not supported."),
    (&["create", "unique", "index"], "SQL command \"CREATE INDEX\" not supported."),
    (&["create", "sequence"], "SQL command \"CREATE SEQUENCE\" not supported."),
    (&["create", "trigger"], "SQL command \"CREATE TRIGGER\" not supported."),
    (&["create", "type"], "SQL command \"CREATE TYPE\" not supported."),
    (&["create", "domain"], "SQL command \"CREATE DOMAIN\" not supported."),
    (&["reindex"], "SQL command \"REINDEX\" not supported."),
    (&["cluster"], "SQL command \"CLUSTER\" not supported."),
];

/// Checks one statement of a text.
pub(crate) fn check(
    source: &str,
    tokens: &[Token],
    settings: &Settings,
) -> Result<Action, Refusal> {
    let mut words = Words::new(source, tokens, settings);
    if let Some((_, message)) = UNSUPPORTED.iter().find(|(start, _)| words.sees(start)) {
        return Err(Refusal::unsupported(*message));
    }
    let first = match tokens.first().map(|token| &token.kind) {
        Some(Kind::Word(word)) => word.to_ascii_lowercase(),
        Some(Kind::Symbol("(")) => return reading(tokens, settings),
        _ => return Err(words.unexpected()),
    };
    match first.as_str() {
        "with" | "select" => return reading(tokens, settings),
        "insert" | "update" | "merge" => return changing(tokens, settings),
        "delete" => return deleting(tokens, settings),
        "copy" => {
            modelled::statement("copy")?;
            let (start, end) = (tokens[0].start, tokens[tokens.len() - 1].end);
            return super::copy_statement(&source[start..end], settings);
        }
        _ => {}
    }
    words.at = 1;
    if matches!(first.as_str(), "create" | "alter" | "drop") {
        return defining(&first, &mut words);
    }
    modelled::statement(&first)?;
    match first.as_str() {
        "truncate" => control::truncate(&mut words),
        "lock" => control::lock(&mut words),
        "begin" => {
            if !words.take(&["work"]) {
                words.take(&["transaction"]);
            }
            control::begin(&mut words)
        }
        "start" => {
            words.expect("transaction")?;
            control::begin(&mut words)
        }
        "commit" | "end" => control::ends(&mut words, Action::Commit),
        "rollback" | "abort" => control::ends(&mut words, Action::Rollback),
        "declare" => control::declare(&mut words),
        "fetch" => control::fetch(&mut words),
        "close" => control::close(&mut words),
        "set" => control::set(&mut words),
        "reset" => control::reset(&mut words),
        "show" => show::parse(&mut words),
        "cancel" => control::cancel(&mut words),
        "comment" => define::comment(&mut words),
        "grant" => define::privileges(&mut words, true),
        "revoke" => define::privileges(&mut words, false),
        "analyze" | "analyse" => define::analyze(&mut words),
        "vacuum" => define::vacuum(&mut words),
        other => Err(Refusal::not_modelled(format!("statement {}", other.to_uppercase()))),
    }
}

fn defining(first: &str, words: &mut Words<'_>) -> Result<Action, Refusal> {
    match first {
        "create" if words.take(&["schema"]) => define::create_schema(words),
        "create" => {
            let kinds = [&["table"][..], &["temp"], &["temporary"], &["local"]];
            match kinds.into_iter().any(|kind| words.sees(kind)) {
                true => create_table::parse(words),
                false => Err(unknown(first, words)),
            }
        }
        "alter" if words.take(&["table"]) => alter_table::parse(words),
        "drop" => define::drop(words),
        _ => Err(unknown(first, words)),
    }
}

fn unknown(first: &str, words: &Words<'_>) -> Refusal {
    match words.peek().map(|token| &token.kind) {
        Some(Kind::Word(second)) => Refusal::not_modelled(format!(
            "statement {} {}",
            first.to_uppercase(),
            second.to_uppercase()
        )),
        _ => words.unexpected(),
    }
}

/// A query for PostgreSQL.
pub(crate) fn query(check: &mut Check<'_>, tokens: &[Token]) -> Written {
    match parse::statement(tokens)? {
        Statement::Query(query) => check.query(&query),
        _ => Err(Refusal::syntax(tokens.first().map_or("", |_| "SELECT"))),
    }
}

/// SELECT, or WITH before SELECT, UPDATE or DELETE.
fn reading(tokens: &[Token], settings: &Settings) -> Result<Action, Refusal> {
    let mut check = Check::new(settings);
    let Statement::Query(query) = parse::statement(tokens)? else {
        return Err(Refusal::not_modelled("this kind of statement"));
    };
    if let Query { with: Some(with), body, .. } = query.as_ref() {
        match body.as_ref() {
            SetExpr::Update(Statement::Update(update)) => {
                let with = check.with(with)?;
                return change::update(check, with, update);
            }
            SetExpr::Delete(Statement::Delete(delete)) => {
                let with = check.with(with)?;
                return change::delete(check, with, delete);
            }
            _ => {}
        }
    }
    modelled::statement("select")?;
    let sql = check.query(&query)?;
    check.settle(false)?;
    let leader_only = check.reads.is_empty();
    Ok(Action::Query { sql, reads: check.reads, leader_only })
}

fn changing(tokens: &[Token], settings: &Settings) -> Result<Action, Refusal> {
    match parse::statement(tokens)? {
        Statement::Insert(insert) => {
            modelled::statement("insert")?;
            change::insert(&insert, settings)
        }
        Statement::Update(update) => {
            modelled::statement("update")?;
            change::update(Check::new(settings), String::new(), &update)
        }
        Statement::Merge(merge) => change::merge(&merge, settings),
        _ => Err(Refusal::not_modelled("this kind of statement")),
    }
}

/// DELETE, in which FROM may be left out.
fn deleting(tokens: &[Token], settings: &Settings) -> Result<Action, Refusal> {
    modelled::statement("delete")?;
    let mut tokens = tokens.to_vec();
    if !tokens.get(1).is_some_and(|token| token.is_word("from")) {
        let from = Token { kind: Kind::Word("FROM".into()), ..tokens[0].clone() };
        tokens.insert(1, from);
    }
    match parse::statement(&tokens)? {
        Statement::Delete(delete) => change::delete(Check::new(settings), String::new(), &delete),
        _ => Err(Refusal::not_modelled("this kind of statement")),
    }
}
