//! Tokens, cut into statements at semicolons.

use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, TokenizerError, Whitespace};

use super::{FlinkDialect, Problem};

/// The tokens of each statement, without white space and comments; empty statements are left out.
/// Where a text cannot be cut there are none, and problems.
pub fn split(text: &str) -> (Vec<Vec<TokenWithSpan>>, Vec<Problem>) {
    let mut problems = Vec::new();
    // Nobody sees it in an editor, and Flink takes it for a part of the first word.
    let unmarked = text.strip_prefix('\u{feff}');
    if unmarked.is_some() {
        let what = "the script begins with a byte order mark, which Flink does not take either: \
                    save it as UTF-8 without one";
        problems.push(Problem::new(1, what));
    }
    let mut tokens = Vec::new();
    let mut tokenizer = Tokenizer::new(&FlinkDialect, unmarked.unwrap_or(text));
    if let Err(error) = tokenizer.tokenize_with_location_into_buf(&mut tokens) {
        problems.push(unread(&tokens, error));
        return (Vec::new(), problems);
    }
    let mut statements = vec![Vec::new()];
    for token in tokens {
        match &token.token {
            Token::SemiColon => statements.push(Vec::new()),
            // A hint looks like a comment, and to overlook it would change what the script means.
            Token::Whitespace(Whitespace::MultiLineComment(text)) if text.starts_with('+') => {
                problems.push(Problem::unsupported(token.span.start.line, "a hint (/*+ … */)"));
            }
            Token::Whitespace(_) | Token::EOF => {}
            Token::DoubleQuotedString(_) => {
                problems.push(Problem::new(
                    token.span.start.line,
                    "double quotes quote nothing in Flink SQL: use '…' for text and `…` for names",
                ));
                return (Vec::new(), problems);
            }
            _ => statements.last_mut().expect("there is always a last statement").push(token),
        }
    }
    statements.retain(|statement| !statement.is_empty());
    (statements, problems)
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
