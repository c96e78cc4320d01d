//! What COPY presents to S3.

use super::{Refusal, invalid, lexer::Token, statement::Cursor};
use crate::dialect::copy::Authorization;

/// Parses the authorization at the cursor; `None` where there is none.
pub fn authorization(cursor: &mut Cursor) -> Result<Option<Authorization>, Refusal> {
    if cursor.skip("IAM_ROLE") {
        return role(cursor).map(Some);
    }
    if cursor.peek().is_some_and(|t| t.is("WITH")) && cursor.follows("CREDENTIALS") {
        cursor.advance();
    }
    if cursor.skip("CREDENTIALS") {
        cursor.skip("AS");
        let text = cursor.text()?;
        return credentials(&text).map(Some);
    }
    if cursor.skip("ACCESS_KEY_ID") {
        return keys(cursor).map(Some);
    }
    Ok(None)
}

fn role(cursor: &mut Cursor) -> Result<Authorization, Refusal> {
    cursor.skip("AS");
    if cursor.skip("DEFAULT") {
        return Ok(Authorization::DefaultRole);
    }
    match cursor.text()? {
        session if session == "SESSION" => Err(Refusal::not_modelled("IAM_ROLE 'SESSION'")),
        arns => roles(&arns),
    }
}

/// A chain of ARNs, separated by commas without blanks.
fn roles(chain: &str) -> Result<Authorization, Refusal> {
    let is_role = |arn: &str| {
        let account = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
        let no_blanks = !arn.contains(char::is_whitespace);
        account.is_some_and(|(account, name)| !account.is_empty() && !name.is_empty()) && no_blanks
    };
    let arns: Vec<String> = chain.split(',').map(str::to_owned).collect();
    if !arns.iter().all(|arn| is_role(arn)) {
        return Err(invalid("Invalid IAM_ROLE: expected 'arn:aws:iam::<account>:role/<name>[,…]'"));
    }
    Ok(Authorization::Roles(arns))
}

/// `ACCESS_KEY_ID '…' SECRET_ACCESS_KEY '…' [SESSION_TOKEN '…']`, after its first keyword.
fn keys(cursor: &mut Cursor) -> Result<Authorization, Refusal> {
    cursor.skip("AS");
    let id = cursor.text()?;
    if !cursor.skip("SECRET_ACCESS_KEY") {
        return Err(Refusal::syntax(cursor.peek().map(Token::shown).unwrap_or_default()));
    }
    cursor.skip("AS");
    let secret = cursor.text()?;
    let session_token = if cursor.skip("SESSION_TOKEN") {
        cursor.skip("AS");
        Some(cursor.text()?)
    } else {
        None
    };
    Ok(Authorization::Keys { id, secret, session_token })
}

/// `name=value;…`, case-sensitive and without blanks.
fn credentials(text: &str) -> Result<Authorization, Refusal> {
    // The text may hold a secret: errors name no part of it.
    let bad = || {
        invalid(
            "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' \
                          or 'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'",
        )
    };
    if text.contains(char::is_whitespace) {
        return Err(bad());
    }
    let (mut role, mut id, mut secret, mut token) = (None, None, None, None);
    for pair in text.split(';') {
        let (name, value) = pair.split_once('=').ok_or_else(bad)?;
        let slot = match name {
            "aws_iam_role" => &mut role,
            "aws_access_key_id" => &mut id,
            "aws_secret_access_key" => &mut secret,
            "token" => &mut token,
            "master_symmetric_key" => return Err(Refusal::not_modelled("client-side encryption")),
            _ => return Err(bad()),
        };
        if slot.replace(value.to_owned()).is_some() {
            return Err(bad());
        }
    }
    match (role, id, secret, token) {
        (Some(role), None, None, None) => roles(&role),
        (None, Some(id), Some(secret), session_token) => {
            Ok(Authorization::Keys { id, secret, session_token })
        }
        _ => Err(bad()),
    }
}
