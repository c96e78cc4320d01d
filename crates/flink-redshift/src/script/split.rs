//! Tokens, cut into statements at semicolons.

use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use super::{FlinkDialect, Problem};

/// The tokens of each statement, without white space and comments; empty statements are left out.
pub fn split(text: &str) -> Result<Vec<Vec<TokenWithSpan>>, Problem> {
    let tokens = Tokenizer::new(&FlinkDialect, text)
        .tokenize_with_location()
        .map_err(|error| Problem::new(error.location.line, error.message))?;
    let mut statements = vec![Vec::new()];
    for token in tokens {
        match &token.token {
            Token::SemiColon => statements.push(Vec::new()),
            // A hint looks like a comment, and to overlook it would change what the script means.
            Token::Whitespace(Whitespace::MultiLineComment(text)) if text.starts_with('+') => {
                return Err(Problem::unsupported(token.span.start.line, "a hint (/*+ … */)"));
            }
            Token::Whitespace(_) | Token::EOF => {}
            Token::DoubleQuotedString(_) => {
                return Err(Problem::new(
                    token.span.start.line,
                    "double quotes quote nothing in Flink SQL: use '…' for text and `…` for names",
                ));
            }
            _ => statements.last_mut().expect("there is always a last statement").push(token),
        }
    }
    statements.retain(|statement| !statement.is_empty());
    Ok(statements)
}
