//! The gate: a client's SQL text becomes checked actions, and what Redshift lacks is refused.
//!
//! Deny by default: a statement, a kind of expression, a function, a relation of the catalog or a
//! setting that has no row in [`modelled`] is refused as `not modelled`, and every statement is
//! written anew from what was understood of it, so that nothing passes unread.

pub mod action;
mod alter_table;
mod change;
mod check;
mod column;
mod control;
pub mod copy;
pub mod copy_grammar;
mod create_table;
mod define;
mod expression;
mod from;
mod function;
mod group;
mod label;
pub mod modelled;
mod names;
mod parse;
mod query;
mod refusal;
mod shape;
mod show;
mod statement;
mod token;
mod types;
mod words;

use action::{Action, Checked, Refusal, Settings};
use token::Token;

/// Redshift's limit of one statement's text (bytes).
const LONGEST_STATEMENT: usize = 16 * 1024 * 1024;

/// Checks a text of one or more statements; one that holds none gives an empty list.
///
/// `$n` may stand where a value may. An error means that nothing of the text is to be run.
pub fn check(sql: &str, settings: &Settings) -> Result<Vec<Checked>, Refusal> {
    let tokens = token::tokens(sql)?;
    let statements = tokens.split(|token| token.is_symbol(";"));
    statements.filter(|tokens| !tokens.is_empty()).map(|t| check_one(sql, t, settings)).collect()
}

fn check_one(sql: &str, tokens: &[Token], settings: &Settings) -> Result<Checked, Refusal> {
    let length = tokens[tokens.len() - 1].end - tokens[0].start;
    if length > LONGEST_STATEMENT {
        return Err(Refusal::new(
            "54000",
            format!(
                "Statement is too large. Statement Size: {length} bytes. Maximum Allowed: \
                     {LONGEST_STATEMENT} bytes"
            ),
        ));
    }
    let action = statement::check(sql, tokens, settings)?;
    Ok(Checked { shape: shape::shape(tokens), action })
}

fn copy_statement(sql: &str, settings: &Settings) -> Result<Action, Refusal> {
    let copy = copy_grammar::parse_copy(sql, settings.case_sensitive)?;
    Ok(Action::Copy(Box::new(copy)))
}
