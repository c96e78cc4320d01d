//! Tokens of a COPY statement.

use winnow::{
    ModalResult, Parser,
    ascii::{digit1, multispace1, till_line_ending},
    combinator::{alt, delimited, not, opt, preceded, repeat},
    token::{any, none_of, one_of, take_while},
};

use super::Refusal;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A keyword or a name without quotes, as written.
    Word(String),
    /// A name in double quotes, without them.
    Quoted(String),
    /// A string literal's value.
    Text(String),
    /// Digits.
    Number(String),
    /// Any other character.
    Symbol(char),
}

impl Token {
    /// The token as an error names it. The value of a literal may be a secret: it is not shown.
    pub fn shown(&self) -> String {
        match self {
            Token::Word(text) | Token::Quoted(text) | Token::Number(text) => text.clone(),
            Token::Text(_) => "'…'".into(),
            Token::Symbol(symbol) => symbol.to_string(),
        }
    }

    /// Whether this is the keyword `word` (given in upper case).
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Token::Word(found) if found.eq_ignore_ascii_case(word))
    }
}

/// The tokens of `sql`, without white space and comments.
pub fn tokens(sql: &str) -> Result<Vec<Token>, Refusal> {
    let mut rest = sql;
    let mut tokens = Vec::new();
    loop {
        blank(&mut rest).map_err(|_| Refusal::syntax(near(rest)))?;
        if rest.is_empty() {
            return Ok(tokens);
        }
        let raw = raw.parse_next(&mut rest).map_err(|_| Refusal::syntax(near(rest)))?;
        tokens.push(raw.value()?);
    }
}

/// The beginning of what cannot be read; never from within a literal.
fn near(rest: &str) -> String {
    rest.chars().next().map(String::from).unwrap_or_default()
}

/// A token whose literal has not been unescaped.
enum Raw<'a> {
    Word(&'a str),
    Quoted(String),
    Literal(&'a str),
    Number(&'a str),
    Symbol(char),
}

impl Raw<'_> {
    fn value(self) -> Result<Token, Refusal> {
        Ok(match self {
            Raw::Word(word) => Token::Word(word.to_owned()),
            Raw::Quoted(name) => Token::Quoted(name),
            Raw::Literal(body) => Token::Text(unescape(body)?),
            Raw::Number(digits) => Token::Number(digits.to_owned()),
            Raw::Symbol('$') => return Err(Refusal::not_modelled("dollar quoting in COPY")),
            Raw::Symbol(quote @ ('\'' | '"')) => return Err(Refusal::syntax(quote)),
            Raw::Symbol(symbol) => Token::Symbol(symbol),
        })
    }
}

fn raw<'a>(input: &mut &'a str) -> ModalResult<Raw<'a>> {
    alt((
        preceded(opt(one_of(['e', 'E'])), literal).map(Raw::Literal),
        quoted.map(Raw::Quoted),
        word.map(Raw::Word),
        digit1.map(Raw::Number),
        any.map(Raw::Symbol),
    ))
    .parse_next(input)
}

/// White space and comments.
fn blank(input: &mut &str) -> ModalResult<()> {
    let line = ("--", till_line_ending).void();
    repeat(0.., alt((multispace1.void(), line, block_comment))).parse_next(input)
}

/// Block comments nest, as in PostgreSQL.
fn block_comment(input: &mut &str) -> ModalResult<()> {
    let piece = alt((block_comment, (not("*/"), any).void()));
    ("/*", repeat::<_, _, (), _, _>(0.., piece), "*/").void().parse_next(input)
}

fn literal<'a>(input: &mut &'a str) -> ModalResult<&'a str> {
    let piece = alt((("\\", any).void(), "''".void(), none_of(['\'', '\\']).void()));
    delimited('\'', repeat::<_, _, (), _, _>(0.., piece).take(), '\'').parse_next(input)
}

fn quoted(input: &mut &str) -> ModalResult<String> {
    let piece = alt(("\"\"".value('"'), none_of('"')));
    delimited('"', repeat(1.., piece), '"').parse_next(input)
}

/// A keyword or a name; `#` begins the name of a temporary table.
fn word<'a>(input: &mut &'a str) -> ModalResult<&'a str> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let other = move |c: char| first(c) || c.is_ascii_digit() || c == '$';
    (opt('#'), one_of(first), take_while(0.., other)).take().parse_next(input)
}

/// The value of a literal's body. An escape that is none is refused: what Redshift makes of `'\N'`
/// depends on the reader, and `'\\N'` says the same for all.
fn unescape(body: &str) -> Result<String, Refusal> {
    let mut value = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '\\' => value.push(escape(&mut rest)?),
            '\'' => {
                // The lexer lets quotes through in pairs only.
                rest = &rest[1..];
                value.push('\'');
            }
            other => value.push(other),
        }
    }
    Ok(value)
}

fn escape(rest: &mut &str) -> Result<char, Refusal> {
    let octal = |c: char| ('0'..='7').contains(&c);
    let code: ModalResult<&str> = take_while(1..=3, octal).parse_next(rest);
    if let Ok(code) = code {
        let byte = u8::from_str_radix(code, 8).ok().filter(u8::is_ascii);
        return byte.map(char::from).ok_or_else(|| {
            Refusal::not_modelled(format!("escape \\{code} beyond ASCII in a literal"))
        });
    }
    // The lexer lets a backslash through only with a character after it.
    let found: ModalResult<char> = any.parse_next(rest);
    match found.unwrap_or('\\') {
        'b' => Ok('\u{8}'),
        'f' => Ok('\u{c}'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        quote @ ('\\' | '\'' | '"') => Ok(quote),
        other => Err(Refusal::not_modelled(format!(
            "escape \\{other} in a literal (a backslash is written \\\\)"
        ))),
    }
}
