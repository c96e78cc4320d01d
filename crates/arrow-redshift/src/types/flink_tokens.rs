//! The tokens of a type in SQL text.

use super::flink_text::malformed;
use crate::error::Result;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, as it was written.
    Word(String),
    /// A name in back-quotes, without them.
    Quoted(String),
    /// Text in single quotes: a comment.
    Text,
    Number(u32),
    Sign(char),
}

impl Token {
    /// Whether it is this word, which is given in capitals.
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Token::Word(found) if found.eq_ignore_ascii_case(word))
    }
}

/// Takes a text to pieces; white space is left out.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = |accept: fn(char) -> bool| rest.find(|c| !accept(c)).unwrap_or(rest.len());
        let (token, length) = if first.is_ascii_digit() {
            let length = taken(|c| c.is_ascii_digit());
            let number = rest[..length]
                .parse()
                .map_err(|_| malformed(text, "the number in it is too large"))?;
            (Token::Number(number), length)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = taken(|c| c.is_ascii_alphanumeric() || c == '_');
            (Token::Word(rest[..length].to_owned()), length)
        } else if let '`' | '\'' = first {
            let (content, length) = quoted(rest, first)
                .ok_or_else(|| malformed(text, "a quote in it is not closed"))?;
            (if first == '`' { Token::Quoted(content) } else { Token::Text }, length)
        } else {
            (Token::Sign(first), first.len_utf8())
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// What stands between the quotes at the start, where two are one, and how many bytes all of it is.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if char != quote {
            content.push(char);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            return Some((content, at + quote.len_utf8()));
        }
    }
    None
}
