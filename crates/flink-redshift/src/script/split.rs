//! Tokens, cut into statements at semicolons.

use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, TokenizerError, Whitespace};

use super::{FlinkDialect, Problem};

/// The tokens of each statement, without white space and comments; empty statements are left out.
pub fn split(text: &str) -> Result<Vec<Vec<TokenWithSpan>>, Problem> {
    let mut tokens = Vec::new();
    let read = Tokenizer::new(&FlinkDialect, text).tokenize_with_location_into_buf(&mut tokens);
    if let Err(error) = read {
        return Err(unread(&tokens, error));
    }
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

/// What is wrong with text that cannot be cut into tokens. A quote that is missing turns texts and
/// what stands between them around, so the text that is closed nowhere opens far behind the place.
fn unread(tokens: &[TokenWithSpan], error: TokenizerError) -> Problem {
    let last = error.location.line;
    if error.message != "Unterminated string literal" {
        return Problem::new(last, error.message);
    }
    let over_lines = |token: &&TokenWithSpan| matches!(&token.token, Token::SingleQuotedString(text) if text.contains('\n'));
    match tokens.iter().find(over_lines) {
        Some(first) => Problem::new(
            first.span.start.line,
            format!(
                "the text that opens here goes on over the end of its line: is its quote missing? \
                 Because of it the one that opens in line {last} is closed nowhere"
            ),
        ),
        None => Problem::new(last, "the text that opens here is not closed: its quote is missing"),
    }
}
